"""What writing a selection into a format would lose, from what the format can hold.

The counts come from whole columns, one pass over the selection. A format adds what only it knows
(COCO: classes without labels, VOC: names that XML cannot spell).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from datalabel.formats.base import Batch, Capabilities, Loss, Selection
from datalabel.labels.arrays import one_array
from datalabel.labels.tables import KINDS, label_id_text

Rows = npt.NDArray[np.bool_]

COUNTED = ("kind", "x", "parts", "properties", "confidence", "annotator")


def capability_losses(
    holds: Capabilities,
    selection: Selection,
    *,
    bounds: bool = False,
    look: Callable[[Batch], None] = lambda _: None,
) -> list[Loss]:
    """Everything in the selection that a format with these capabilities cannot keep.

    Promises that each sort of loss is named once, with its count and first place, in a fixed order. With
    `bounds`, the format writes the bounding box of kinds that it does not hold, where there is one. A label
    that is left out counts as left out only, not also by its properties. `look` sees each batch, with the classes of
    its labels: what a format counts itself takes no pass of its own.
    """
    tally = Tally()
    for batch in selection.batches((*COUNTED, "class")):
        look(batch)
        kept = _count_kinds(tally, holds, batch, bounds)
        _count_fields(tally, holds, batch.labels, kept, selection.annotator)
        _count_rings(tally, holds, batch.labels, kept)
        _count_items(tally, holds, batch, selection.annotator)
    found = tally.losses()
    for name, count in selection.foreign_extras.items():
        if count:
            found.append(field_lost(name, count))
    return found


def field_lost(name: str, count: int) -> Loss:
    """A field that only the format of its source knows."""
    return Loss(f"{name} (a field of the source's format) is not kept", count, "")


class Tally:
    """Counts by what is lost, with the first place of each."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[int, str]] = {}

    def add(self, what: str, count: int, example: str) -> None:
        """Count so many more, of which `example` is the first."""
        before = self._found.get(what)
        self._found[what] = (before[0] + count, before[1]) if before else (count, example)

    def rows(self, what: str, table: pa.Table, chosen: Rows) -> None:
        """Count the chosen rows of a table of items or labels."""
        count = int(chosen.sum())
        if count:
            self.add(what, count, _place(table, int(chosen.argmax())))

    def losses(self) -> list[Loss]:
        """What was counted, in the order in which it was first met."""
        return [Loss(what, count, example) for what, (count, example) in self._found.items()]


def _place(table: pa.Table, row: int) -> str:
    """How a row is named to people: the item, and the label where there is one."""
    item = table.column("item")[row].as_py()
    if "id" not in table.column_names:
        return str(item)
    return f"{item}, label {label_id_text(table.column('id')[row].as_py())}"


def _mask(values: pa.ChunkedArray) -> Rows:
    return np.asarray(pc.fill_null(values, False).to_numpy(zero_copy_only=False), dtype=np.bool_)


def _count_kinds(tally: Tally, holds: Capabilities, batch: Batch, bounds: bool) -> Rows:
    """Count the kinds that the format does not hold; which labels are written at all."""
    labels = batch.labels
    kept = np.ones(labels.num_rows, dtype=np.bool_)
    bounded = _mask(pc.is_valid(labels.column("x")))
    for kind in KINDS:
        if kind in holds.kinds:
            continue
        of_kind = _mask(pc.equal(labels.column("kind"), kind))
        if bounds:
            tally.rows(f"{kind} becomes its bounding box", labels, of_kind & bounded)
            of_kind &= ~bounded
        tally.rows(f"labels of kind {kind} are left out", labels, of_kind)
        kept &= ~of_kind
    return kept


def _count_fields(
    tally: Tally, holds: Capabilities, labels: pa.Table, kept: Rows, annotator: str | None
) -> None:
    if not holds.properties:
        texts = labels.column("properties")
        said = _mask(pc.and_(pc.is_valid(texts), pc.not_equal(texts, "{}")))
        tally.rows("properties of labels are not kept", labels, said & kept)
    if not holds.confidence:
        scored = _mask(pc.is_valid(labels.column("confidence")))
        tally.rows("confidence of labels is not kept", labels, scored & kept)
    if not holds.annotator:
        drawn = labels.column("annotator")
        named = pc.is_valid(drawn) if annotator is None else pc.not_equal(drawn, annotator)
        tally.rows("annotator of labels is not kept", labels, _mask(named) & kept)


def _count_rings(tally: Tally, holds: Capabilities, labels: pa.Table, kept: Rows) -> None:
    """Holes and pieces of polygons, where polygons themselves are held."""
    if "polygon" not in holds.kinds or (holds.holes and holds.pieces):
        return
    polygons = _mask(pc.equal(labels.column("kind"), "polygon")) & kept
    for parts in _lists(labels.column("parts")):
        lengths = pc.fill_null(pc.list_value_length(parts), 0).to_numpy(zero_copy_only=False)
        rows = np.repeat(np.arange(len(parts)), lengths)
        points = parts.flatten().to_numpy(zero_copy_only=False)
        pieces = np.bincount(rows[points >= 0], minlength=len(parts))
        holes = np.bincount(rows[points < 0], minlength=len(parts))
        if not holds.holes:
            tally.rows("holes in polygons are not kept", labels, (holes > 0) & polygons)
        if not holds.pieces:
            tally.rows("polygons of several pieces are not kept whole", labels, (pieces > 1) & polygons)


def _lists(column: pa.ChunkedArray) -> Iterator[pa.ListArray]:
    """The column as one array, when there is any row."""
    if len(column):
        yield one_array(column)


def _count_items(tally: Tally, holds: Capabilities, batch: Batch, annotator: str | None) -> None:
    items = batch.items
    if not holds.annotator and "annotators" in items.column_names:
        for seen in _lists(items.column("annotators")):
            parents = pc.list_parent_indices(seen).to_numpy(zero_copy_only=False)
            who = seen.flatten()
            others = pc.is_valid(who) if annotator is None else pc.not_equal(who, annotator)
            named = np.bincount(parents[_mask(others)], minlength=items.num_rows) > 0
            tally.rows("who has seen an item is not kept", items, named)
    if holds.item_properties is None and "properties" in items.column_names:
        texts = items.column("properties")
        said = _mask(pc.and_(pc.is_valid(texts), pc.not_equal(texts, "{}")))
        tally.rows("properties of items are not kept", items, said)
