"""What a source says now, in the project's terms: mentions and labels of items instead of image names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from datalabel.formats.base import Read
from datalabel.labels.merge import Prefer
from datalabel.labels.rows import constant, item_hashes, sort_rows
from datalabel.labels.tables import LABELS, MENTION_ORDER, MENTIONS, table_of

CONTENT = [name for name in LABELS.names if name not in ("item", "id", "source")]
"""The columns that tell whether a source says the same about an item as before."""


PARTIAL = "partial"
"""Among the options kept with a source: its file speaks only for the items that it names."""


@dataclass(frozen=True, slots=True)
class LabelOptions:
    """How a source is added. `options` are kept with the source for the next time."""

    set: str
    annotator: str | None = None
    replaces: str | None = None
    beside: bool = False
    partial: bool = False
    prefer: Prefer = None
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Spoken:
    """A source's mentions and labels, sorted by item; the labels have no ids yet (0)."""

    mentions: pa.Table
    labels: pa.Table

    @property
    def items(self) -> list[str]:
        """Every item that the source names, sorted."""
        return list(pc.unique(self.mentions.column("item")).to_pylist())


def spoken(
    source: str, read: Read, keys: Sequence[str], how: LabelOptions, before: Mapping[str, int]
) -> Spoken:
    """What was read, with `keys` naming the item of each row of `read.mentions`.

    `before` gives the fingerprints of the labels of items whose labels are as before and were not read.
    """
    items = pa.array(keys, pa.string())
    rows = read.labels
    cells = {column: rows.column(column) for column in CONTENT}
    if how.annotator is not None:
        cells["annotator"] = pc.fill_null(cells["annotator"], how.annotator)
    labels = table_of(
        {
            **cells,
            "item": items.take(rows.column("mention").combine_chunks()),
            "id": np.zeros(rows.num_rows, dtype=np.uint64),
            "source": constant(source, rows.num_rows),
        },
        LABELS,
    )
    labels = sort_rows(labels, "item", "rank")
    said = {**item_hashes(labels, CONTENT), **before}
    return Spoken(_mentions(source, read.mentions, items, said, how), labels)


def _mentions(
    source: str, said: pa.Table, items: pa.Array, digests: Mapping[str, int], how: LabelOptions
) -> pa.Table:
    """A row per item with everything that the file says of it, and one per annotator who has seen it."""
    own = {name: said.column(name) for name in ("name", "number", "order", "width", "height", "extra")}
    own |= {
        "item": items,
        "set": constant(how.set, len(items)),
        "source": constant(source, len(items)),
        "annotator": constant(how.annotator, len(items)),
        "digest": pa.array([digests.get(key, 0) for key in items.to_pylist()], pa.uint64()),
    }
    tables = [table_of(own, MENTIONS)]
    seen_by = said.column("annotators").combine_chunks()
    if seen_by.null_count < len(seen_by):
        rows = pc.list_parent_indices(seen_by)
        seen = {
            "item": items.take(rows),
            "annotator": pc.list_flatten(seen_by),
            "set": constant(how.set, len(rows)),
            "source": constant(source, len(rows)),
        }
        tables.append(table_of(seen, MENTIONS))
    return sort_rows(pa.concat_tables(tables), *MENTION_ORDER)
