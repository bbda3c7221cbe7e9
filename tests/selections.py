"""A selection in memory: what a format writes, without a repository behind it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from datalabel.formats.base import BATCH_ITEMS, LABEL_KEYS, Batch, Read
from datalabel.labels.tables import LABELS, table_of

Skeletons = Mapping[str, tuple[tuple[str, ...], tuple[tuple[int, int], ...]]]


@dataclass(frozen=True, slots=True)
class InMemorySelection:
    """Items and labels as a `Selection`, in batches of `per_batch` items."""

    name: str
    items: pa.Table
    labels: pa.Table
    header: Mapping[str, Any] | None = None
    annotator: str | None = None
    classes: Sequence[str] = ()
    keypoints: Skeletons = field(default_factory=dict)
    headers: Sequence[Mapping[str, Any]] = ()
    foreign_extras: Mapping[str, int] = field(default_factory=dict)
    per_batch: int = 1000

    @classmethod
    def from_read(
        cls, read: Read, *, name: str = "labels", annotator: str | None = None, per_batch: int = 1000
    ) -> InMemorySelection:
        """What a source said, to be written again: every image is its own item, keyed by its name."""
        names = read.mentions.column("name")
        columns = {one: read.mentions.column(one) for one in read.mentions.column_names}
        items = table_of({**columns, "item": names}, BATCH_ITEMS)
        columns = {one: read.labels.column(one) for one in read.labels.column_names if one != "mention"}
        columns["item"] = names.combine_chunks().take(read.labels.column("mention"))
        columns["id"] = pa.array(range(1, read.labels.num_rows + 1), pa.uint64())
        labels = table_of(columns, LABELS)
        classes = sorted(pc.unique(labels.column("class")).to_pylist())
        return cls(name, items, labels, read.header, annotator, classes, per_batch=per_batch)._sorted()

    @classmethod
    def of(
        cls,
        items: Mapping[str, tuple[int, int] | None] | pa.Table,
        labels: Sequence[Mapping[str, Any]] | pa.Table,
        classes: Sequence[str] | None = None,
        *,
        name: str = "labels",
        header: Mapping[str, Any] | None = None,
        annotator: str | None = None,
        keypoints: Skeletons | None = None,
    ) -> InMemorySelection:
        """A set of labels: items as {key: (width, height)}, labels as rows of some columns of `LABELS`.

        Labels without an id or rank are numbered in the order given.
        """
        if not isinstance(items, pa.Table):
            items = pa.Table.from_pylist(
                [
                    {"item": key, "name": key, "width": size and size[0], "height": size and size[1]}
                    for key, size in items.items()
                ],
                BATCH_ITEMS,
            )
        if not isinstance(labels, pa.Table):
            rows = [{"id": place + 1, "rank": place, **row} for place, row in enumerate(labels)]
            labels = pa.Table.from_pylist(rows, LABELS)
        if classes is None:
            classes = sorted(pc.unique(labels.column("class")).to_pylist())
        return cls(name, items, labels, header, annotator, classes, keypoints or {})._sorted()

    def _sorted(self) -> InMemorySelection:
        by_label = [("item", "ascending"), ("rank", "ascending"), ("id", "ascending")]
        return replace(
            self,
            items=self.items.sort_by([("item", "ascending")]),
            labels=self.labels.sort_by(by_label),
        )

    def item_numbers(self) -> pa.ChunkedArray:
        """Those of the items."""
        return self.items.column("number")

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[Batch]:
        """The selection in key order; labels have no column that was not asked for."""
        labels = self.labels.select(list(dict.fromkeys([*LABEL_KEYS, *columns]))) if columns else self.labels
        for start in range(0, self.items.num_rows, self.per_batch):
            items = self.items.slice(start, self.per_batch)
            chosen = pc.is_in(labels.column("item"), value_set=items.column("item").combine_chunks())
            yield Batch(items, labels.filter(chosen))
