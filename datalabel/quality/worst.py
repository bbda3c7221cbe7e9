"""The items on which annotators differ most, with what a picture of them needs."""

from __future__ import annotations

import heapq
from collections import Counter

import numpy as np

from datalabel.labels.arrays import every_two
from datalabel.labels.sorting import Pairs, distinct_pairs
from datalabel.quality.batch import Batch, Floats, Ints, Vocabulary
from datalabel.quality.objects import NOT_DRAWN, Units
from datalabel.quality.results import Confusion, ItemAgreement, ItemLabel
from datalabel.quality.tallies import Spread

KEPT = 100
"""So many items are kept, the worst first."""


class WorstItems:
    """Keeps the worst items of all batches."""

    def __init__(self, words: Vocabulary) -> None:
        self._words = words
        self._kept: list[ItemAgreement] = []

    def add(self, batch: Batch, objects: Ints, units: Units, found: Spread) -> None:
        """Consider the items of a batch."""
        disagreement = _per_item(batch, units, found.disagreement)
        order = np.argsort(-disagreement, kind="stable")[:KEPT]
        chosen = order[disagreement[order] > 0]
        values = _per_item(batch, units, units.size)
        count = _per_item(batch, units, np.ones(len(units.item)))
        missed = _per_item(batch, units, units.size - units.drawn)
        drawn = found.unit[found.value != NOT_DRAWN]
        several = _per_item(
            batch, units, (np.bincount(drawn, minlength=len(units.item)) > 1).astype(np.int64)
        )
        ids = batch.labels.column("id").to_numpy()
        for item in chosen.tolist():
            self._kept.append(
                ItemAgreement(
                    batch.items[item],
                    self._saw(batch, item),
                    int(count[item]),
                    int(missed[item]),
                    int(several[item]),
                    float(disagreement[item]),
                    float(disagreement[item] / values[item]),
                    self._labels(batch, objects, ids, item),
                )
            )
        self._kept = self.result()

    def result(self) -> list[ItemAgreement]:
        """The worst items; between equals, by key."""
        return heapq.nsmallest(KEPT, self._kept, key=lambda one: (-one.disagreement, one.item))

    def _saw(self, batch: Batch, item: int) -> tuple[str, ...]:
        names = self._words.annotators.texts
        return tuple(sorted(names[code] for code in batch.seen_by[batch.seen_item == item].tolist()))

    def _labels(self, batch: Batch, objects: Ints, ids: Ints, item: int) -> tuple[ItemLabel, ...]:
        people, classes = self._words.annotators.texts, self._words.classes.texts
        rows = np.flatnonzero(batch.item == item)
        _, number = np.unique(objects[rows], return_inverse=True)
        return tuple(
            ItemLabel(people[batch.annotator[row]], int(ids[row]), classes[batch.classes[row]], place)
            for row, place in zip(rows.tolist(), number.ravel().tolist(), strict=True)
        )


def _per_item(batch: Batch, units: Units, values: Ints | Floats) -> Floats:
    return np.bincount(units.item, weights=values, minlength=len(batch.items)).astype(np.float64)


class Confusions:
    """Counts what pairs of annotators say of the same object."""

    def __init__(self, *, ordered: bool) -> None:
        self._ordered = ordered
        self._counts: Counter[tuple[int, int]] = Counter()

    def add(self, units: Units, found: Spread) -> None:
        """Count the units of a batch. Ordered: each unit has two rows, the first set's before the second's."""
        if self._ordered:
            pairs = distinct_pairs(units.value[0::2], units.value[1::2])
            counts = pairs.counts
        else:
            pairs, counts = _pairs_of_values(found)
        rows = zip(pairs.first.tolist(), pairs.second.tolist(), counts.tolist(), strict=True)
        for one, other, count in rows:
            self._counts[one, other] += count

    def result(self, classes: list[str]) -> tuple[Confusion, ...]:
        """Every two different values, the most common first."""
        found: Counter[tuple[str | None, str | None]] = Counter()
        for codes, count in self._counts.items():
            one, other = (None if code == NOT_DRAWN else classes[code - 1] for code in codes)
            if one != other:
                found[(one, other) if self._ordered else _alphabetical(one, other)] += count
        rows = [Confusion(one, other, count) for (one, other), count in found.items()]
        return tuple(sorted(rows, key=lambda row: (-row.count, row.first or "", row.second or "")))


def _alphabetical(one: str | None, other: str | None) -> tuple[str | None, str | None]:
    return (one, other) if other is None or (one is not None and one < other) else (other, one)


def _pairs_of_values(found: Spread) -> tuple[Pairs, Ints]:
    """Every two different values of a unit, with how many pairs of annotators gave them."""
    kinds = np.bincount(found.unit, minlength=len(found.size))
    one, other = every_two(kinds)
    pairs = distinct_pairs(found.value[one], found.value[other])
    counts = np.bincount(pairs.where, weights=found.count[one] * found.count[other], minlength=len(pairs))
    return pairs, counts.astype(np.int64)
