"""Statistics of items and labels: counted over batches, merged, and summed up once."""

from __future__ import annotations

import pyarrow as pa

from datalabel.labels.stats_counts import Distribution, PropertyStats
from datalabel.labels.stats_results import (
    AnnotatorStats,
    AreaStats,
    ClassStats,
    ItemStats,
    PerItemStats,
    SetStats,
    SizeStats,
    Stats,
)
from datalabel.labels.stats_tables import ItemCounts, LabelCounts

__all__ = [
    "AnnotatorStats",
    "AreaStats",
    "ClassStats",
    "Distribution",
    "ItemStats",
    "PerItemStats",
    "PropertyStats",
    "SetStats",
    "SizeStats",
    "Stats",
    "StatsBuilder",
]


class StatsBuilder:
    """Counts batches of items with all their labels, set by set; an item comes once for each set.

    Builders of disjoint items (key ranges) merge into the builder of the whole. Memory grows with the number of
    classes, annotators and properties, not with that of labels.
    """

    def __init__(self, revision: str | None = None) -> None:
        self._revision = revision
        self._alone: ItemCounts | None = None
        self._sets: dict[str, tuple[ItemCounts, LabelCounts]] = {}

    def add(self, set_name: str, items: pa.Table, labels: pa.Table) -> None:
        """Count some items (`ITEMS`) and all labels of one set on them (`LABELS` without ids is enough)."""
        of_items, of_labels = self._sets.setdefault(set_name, (ItemCounts(), LabelCounts()))
        of_items.add(items)
        of_labels.add(items, labels)

    def add_items(self, items: pa.Table) -> None:
        """Count some items for themselves, where there is no label set to go with them."""
        self._alone = self._alone or ItemCounts()
        self._alone.add(items)

    def merge(self, other: StatsBuilder) -> None:
        """Count everything that the other has counted."""
        if other._alone is not None:
            self._alone = self._alone or ItemCounts()
            self._alone.merge(other._alone)
        for name, (items, labels) in other._sets.items():
            of_items, of_labels = self._sets.setdefault(name, (ItemCounts(), LabelCounts()))
            of_items.merge(items)
            of_labels.merge(labels)

    def result(self) -> Stats:
        """Everything counted so far."""
        counted = [items for _, (items, _) in sorted(self._sets.items())]
        items = self._alone or max(counted, key=lambda one: one.items, default=ItemCounts())
        sets = {name: labels.result() for name, (_, labels) in sorted(self._sets.items())}
        return Stats(self._revision, items.result(), sets)
