"""Statistics of items and labels: counted over batches, merged, and summed up once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from datalabel.errors import InputError
from datalabel.labels.stats.counts import Distribution
from datalabel.labels.stats.groups import Grouping, groups_of
from datalabel.labels.stats.items import ItemCounts
from datalabel.labels.stats.measures import Measured, measure
from datalabel.labels.stats.properties import PropertyStats
from datalabel.labels.stats.results import (
    AnnotatorStats,
    AreaStats,
    ClassStats,
    ItemStats,
    PartStats,
    PerItemStats,
    SetStats,
    SizeStats,
    Stats,
)
from datalabel.labels.stats.tables import ItemFacts, LabelCounts, facts_of

__all__ = [
    "AnnotatorStats",
    "AreaStats",
    "ClassStats",
    "Distribution",
    "Grouping",
    "ItemStats",
    "Measured",
    "PartStats",
    "PerItemStats",
    "PropertyStats",
    "SetStats",
    "SizeStats",
    "Stats",
    "StatsBuilder",
    "measure",
]

GROUPS = 2000
"""Labels are told apart by so many groups at most: memory grows with them."""

Rows = npt.NDArray[np.intp]


class StatsBuilder:
    """Counts batches of items with all their labels, set by set; an item comes once for each set.

    Builders of disjoint items (key ranges) merge into the builder of the whole. Memory grows with the number of
    classes, annotators, properties, splits and groups, not with that of labels.
    """

    def __init__(self, revision: str | None = None, by: Grouping | None = None) -> None:
        self._revision = revision
        self._by = by
        self._alone: ItemCounts | None = None
        self._sets: dict[str, _SetCounts] = {}

    def add(self, set_name: str, items: pa.Table, labels: pa.Table, splits: pa.Array | None = None) -> None:
        """Count some items (`ITEMS`) and all labels of one set on them (`LABELS` without ids is enough).

        With a column `seen` the set is about the items that are, and those with labels: others do not lack any.
        `splits` names the split of each item; an item of none (null) is counted in the whole only.

        Raises:
            InputError: there are more than `GROUPS` groups.
        """
        counts = self._sets.setdefault(set_name, _SetCounts(self._by))
        counts.add(items, measure(items, labels), splits)

    def add_items(self, items: pa.Table) -> None:
        """Count some items for themselves, where there is no label set to go with them."""
        self._alone = self._alone or ItemCounts()
        self._alone.add(items)

    def merge(self, other: StatsBuilder) -> None:
        """Count everything that the other has counted.

        Raises:
            InputError: together there are more than `GROUPS` groups.
        """
        if other._alone is not None:
            self._alone = self._alone or ItemCounts()
            self._alone.merge(other._alone)
        for name, counts in other._sets.items():
            self._sets.setdefault(name, _SetCounts(self._by)).merge(counts)

    def result(self) -> Stats:
        """Everything counted so far."""
        counted = [counts.items for _, counts in sorted(self._sets.items())]
        items = self._alone or max(counted, key=lambda one: one.items, default=ItemCounts())
        sets = {name: counts.result() for name, counts in sorted(self._sets.items())}
        return Stats(self._revision, items.result(), sets, self._by.text if self._by else None)


@dataclass(slots=True)
class _SetCounts:
    """Counts one set: its items, its labels by split (None: of no split), and its groups."""

    by: Grouping | None
    items: ItemCounts = field(default_factory=ItemCounts)
    parts: dict[str | None, LabelCounts] = field(default_factory=dict)
    groups: dict[str, LabelCounts] = field(default_factory=dict)

    def add(self, items: pa.Table, found: Measured, splits: pa.Array | None) -> None:
        self.items.add(items)
        facts = facts_of(items, found)
        for split, rows, part in _split(found, items.num_rows, splits):
            self.parts.setdefault(split, LabelCounts()).add(part, rows, facts)
        if self.by is not None and self.by.text != "split":
            self._add_groups(self.by, found, items, facts)

    def _add_groups(self, by: Grouping, found: Measured, items: pa.Table, facts: ItemFacts) -> None:
        groups = groups_of(by, found, items)
        self._bound(groups.names)
        for code in np.union1d(groups.labels, groups.items[groups.items >= 0]).tolist():
            part = found.take(np.flatnonzero(groups.labels == code))
            rows = np.union1d(part.item[part.item >= 0], np.flatnonzero(groups.items == code))
            counts = self.groups.setdefault(groups.names[code], LabelCounts(full=False))
            counts.add(part, rows, facts)

    def _bound(self, names: Iterable[str]) -> None:
        if self.by is not None and len(self.groups.keys() | set(names)) > GROUPS:
            raise InputError(
                f"{self.by.text} has more than {GROUPS:,} values", hint="group by something that has fewer"
            )

    def merge(self, other: _SetCounts) -> None:
        self._bound(other.groups)
        self.items.merge(other.items)
        for split, counts in other.parts.items():
            self.parts.setdefault(split, LabelCounts()).merge(counts)
        for name, counts in other.groups.items():
            self.groups.setdefault(name, LabelCounts(full=False)).merge(counts)

    def result(self) -> SetStats:
        whole = LabelCounts()
        for counts in self.parts.values():
            whole.merge(counts)
        found = whole.result()
        splits = {name: self.parts[name].result() for name in self.parts if name is not None}
        groups = {name: counts.result() for name, counts in self.groups.items()}
        if self.by is not None and self.by.text == "split":
            groups = splits
        return SetStats(
            **{name: getattr(found, name) for name in PartStats.__dataclass_fields__},
            splits=_falling(splits),
            groups=_falling(groups),
        )


def _split(
    found: Measured, items: int, splits: pa.Array | None
) -> Iterator[tuple[str | None, Rows, Measured]]:
    """The splits of a batch: name, rows of the items, labels."""
    if splits is None:
        yield None, np.arange(items), found
        return
    encoded = splits.dictionary_encode(null_encoding="encode")
    codes = np.asarray(encoded.indices.to_numpy(zero_copy_only=False)).astype(np.int64)
    of_labels = np.append(codes, -1)[found.item]
    for code, name in enumerate(encoded.dictionary.to_pylist()):
        yield name, np.flatnonzero(codes == code), found.take(np.flatnonzero(of_labels == code))


def _falling(parts: dict[str, PartStats]) -> dict[str, PartStats]:
    return dict(sorted(parts.items(), key=lambda pair: (-pair[1].labels, pair[0])))
