"""What a label set says, and who of its annotators saw which item."""

from __future__ import annotations

from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc

from datalabel.labels.mentions import of_set
from datalabel.labels.rows import distinct, with_column
from datalabel.labels.tables import UNKNOWN
from datalabel.quality.sides import COLUMNS, Side
from datalabel.repository.view import View
from datalabel.store.key_ranges import KeyRange

SEEN_BY = ("item", "set", "source", "annotator", "name")
"""The columns of mentions that tell who saw what."""


class Sides:
    """What one set says of ranges of items, each label by somebody."""

    def __init__(self, view: View, name: str) -> None:
        self._view = view
        self._labels = view.labels(name)

    @cached_property
    def _signed(self) -> pa.Array:
        """Sources that say of each of their labels whose it is."""
        signed: dict[str, bool] = {}
        for rows in self._labels.batches(["source", "annotator"]):
            unsigned = distinct(rows.column("source").filter(rows.column("annotator").is_null()))
            for source in distinct(rows.column("source")):
                signed[source] = signed.get(source, True) and source not in unsigned
        return pa.array([source for source, all_are in signed.items() if all_are], pa.string())

    def of(self, keys: KeyRange) -> Side:
        """What the set says of a range of items."""
        columns = (*COLUMNS, "source")
        labels = self._labels.table.together(self._labels.batches(columns, keys=keys), columns)
        with self._view.store.tables.opened(self._view.mentions) as opened:
            return self.side(labels, opened.read(SEEN_BY, keys=keys))

    def side(self, labels: pa.Table, mentions: pa.Table) -> Side:
        """The labels of some whole items, with the columns that they have but `source`, and who saw these, by what
        is said of them (`SEEN_BY`)."""
        seen = self._seen(self.own(mentions), labels)
        return Side(_known(labels.drop_columns(["source"])), _known(seen))

    def own(self, mentions: pa.Table) -> pa.Table:
        """What the sources of this set say."""
        return of_set(mentions, self._labels.name)

    def _seen(self, mentions: pa.Table, labels: pa.Table) -> pa.Table:
        """Who saw which item. Where a source does not list who saw it, that is whom it is attributed to, unless all
        that it says of the item is others': nobody is invented who saw what others drew, and drew nothing."""
        place = _joined(mentions, "item", "source")
        listed = pc.is_null(mentions.column("name"))
        alone = pc.invert(pc.is_in(place, value_set=pc.unique(place.filter(listed))))
        silent = pc.invert(pc.is_in(place, value_set=pc.unique(_joined(labels, "item", "source"))))
        whose = ("item", "source", "annotator")
        own = pc.is_in(_joined(mentions, *whose), value_set=pc.unique(_joined(labels, *whose)))
        nobody = pc.and_(
            pc.is_null(mentions.column("annotator")),
            pc.is_in(mentions.column("source"), value_set=self._signed),
        )
        drew_nothing = pc.and_(silent, pc.invert(nobody))
        return mentions.filter(pc.or_(listed, pc.and_(alone, pc.or_(own, drew_nothing)))).select(
            ["item", "annotator"]
        )


def _joined(rows: pa.Table, *columns: str) -> pa.ChunkedArray:
    """Some texts of each row as one; null is a text of its own."""
    texts = [pc.fill_null(rows.column(name), "\0") for name in columns]
    return pc.binary_join_element_wise(*texts, "\0")


def _known(rows: pa.Table) -> pa.Table:
    """The rows, with a name for whoever was not named."""
    who = rows.column("annotator")
    return with_column(rows, "annotator", pc.fill_null(who, UNKNOWN)) if who.null_count else rows
