"""Counting the labels of a set, a split or a group; partial counts merge."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from datalabel.labels.sorting import distinct_pairs
from datalabel.labels.stats.counts import (
    EXACT,
    Ints,
    Numbers,
    Words,
    count_words,
    falling,
    histogram,
)
from datalabel.labels.stats.measures import Bools, Encoded, Measured
from datalabel.labels.stats.places import BorderCounts, OverlapCounts, PositionCounts
from datalabel.labels.stats.properties import PropertyCounts, PropertyPairs
from datalabel.labels.stats.results import (
    AnnotatorStats,
    AreaStats,
    ClassStats,
    PartStats,
    PerItemStats,
    SizeStats,
)
from datalabel.labels.stats.together import TogetherCounts

SMALL, LARGE = 32.0**2, 96.0**2
"""COCO's limits of area in square pixels: small is below the first, large is the second or more."""

CONFIDENCES = 20
"""So many equal steps from 0 to 1 confidences are counted in."""


@dataclass(slots=True)
class ClassCounts:
    """Counts labels by class, kind and area, and the items that have a class."""

    kinds: Counter[tuple[str, str]] = field(default_factory=Counter)
    items: Counter[str] = field(default_factory=Counter)
    areas: Counter[tuple[str, int]] = field(default_factory=Counter)

    def add(self, found: Measured) -> None:
        """Count these labels."""
        classes, kinds = found.classes, found.kinds
        for one, other, count in pairs_of(classes.codes, kinds.codes):
            self.kinds[classes.words[one], kinds.words[other]] += count
        count_items(self.items, classes, found.item)
        solid = np.isfinite(found.area)
        grades = np.digitize(found.area[solid], [SMALL, LARGE]).astype(np.int64)
        for one, grade, count in pairs_of(classes.codes[solid], grades):
            self.areas[classes.words[one], grade] += count

    def merge(self, other: ClassCounts) -> None:
        """Count everything that the other has counted."""
        self.kinds.update(other.kinds)
        self.items.update(other.items)
        self.areas.update(other.areas)

    def result(self, labels: int) -> dict[str, ClassStats]:
        """The classes of so many labels altogether."""
        classes: dict[str, Counter[str]] = {}
        for (name, kind), count in self.kinds.items():
            classes.setdefault(name, Counter())[kind] += count
        totals = falling({name: kinds.total() for name, kinds in classes.items()})
        return {
            name: ClassStats(
                count,
                self.items[name],
                falling(classes[name]),
                count / labels,
                AreaStats(*(self.areas[name, grade] for grade in range(3))),
            )
            for name, count in totals.items()
        }

    def by_kind(self) -> dict[str, int]:
        """Labels by kind."""
        kinds: Counter[str] = Counter()
        for (_, kind), count in self.kinds.items():
            kinds[kind] += count
        return falling(kinds)

    def by_area(self) -> AreaStats:
        """Labels by area."""
        grades: Counter[int] = Counter()
        for (_, grade), count in self.areas.items():
            grades[grade] += count
        return AreaStats(*(grades[grade] for grade in range(3)))


class SizeCounts:
    """Counts widths, heights, sides and aspects."""

    def __init__(self, kept: int) -> None:
        self._numbers = tuple(Numbers(kept) for _ in range(4))
        self._unmeasured = 0

    def add(self, found: Measured) -> None:
        """Count these labels."""
        self._unmeasured += int((found.drawn & np.isnan(found.sides[:, 0])).sum())
        with np.errstate(all="ignore"):
            aspect = found.sides[:, 0] / found.sides[:, 1]
            measures = (found.sides[:, 0], found.sides[:, 1], np.sqrt(found.area), aspect)
        for numbers, values in zip(self._numbers, measures, strict=True):
            numbers.add(values)

    def merge(self, other: SizeCounts) -> None:
        """Count everything that the other has counted."""
        self._unmeasured += other._unmeasured
        for mine, theirs in zip(self._numbers, other._numbers, strict=True):
            mine.merge(theirs)

    def result(self, areas: AreaStats) -> SizeStats:
        """What was counted."""
        width, height, side, aspect = (numbers.result() for numbers in self._numbers)
        return SizeStats(width, height, side, areas, self._unmeasured, aspect)


@dataclass(slots=True)
class AnnotatorCounts:
    """Counts labels by annotator and class, and the items that have any of an annotator."""

    classes: Counter[tuple[str, str]] = field(default_factory=Counter)
    items: Counter[str] = field(default_factory=Counter)

    def add(self, found: Measured) -> None:
        """Count these labels."""
        for one, other, count in pairs_of(found.annotators.codes, found.classes.codes):
            self.classes[found.annotators.words[one], found.classes.words[other]] += count
        count_items(self.items, found.annotators, found.item)

    def merge(self, other: AnnotatorCounts) -> None:
        """Count everything that the other has counted."""
        self.classes.update(other.classes)
        self.items.update(other.items)

    def result(self) -> dict[str, AnnotatorStats]:
        """What was counted."""
        found: dict[str, Counter[str]] = {}
        for (annotator, name), count in self.classes.items():
            found.setdefault(annotator, Counter())[name] += count
        totals = falling({annotator: classes.total() for annotator, classes in found.items()})
        return {
            annotator: AnnotatorStats(count, self.items[annotator], falling(found[annotator]))
            for annotator, count in totals.items()
        }


@dataclass(frozen=True, slots=True)
class ItemFacts:
    """The state of each item of a batch (null where it has none), and whether the set is about it."""

    states: pa.Array
    concerned: Bools


def facts_of(items: pa.Table, found: Measured) -> ItemFacts:
    """A set is about the items that are `seen` (all without such a column), and those that it has labels on."""
    states = pa.nulls(items.num_rows, pa.string())
    if "state" in items.column_names:
        states = items.column("state").combine_chunks()
    concerned = np.ones(items.num_rows, np.bool_)
    if "seen" in items.column_names:
        concerned = np.array(items.column("seen").to_numpy(), np.bool_)
        concerned[found.item[found.item >= 0]] = True
    return ItemFacts(states, concerned)


class LabelCounts:
    """Counts the labels of one set, split or group.

    With `full`, also properties and which classes occur together; without, fewer different numbers are kept.
    """

    def __init__(self, *, full: bool = True) -> None:
        kept = EXACT if full else EXACT // 32
        self._full = full
        self._per_item: Counter[int] = Counter()
        self._unseen = 0
        self._states = Words()
        self._classes = ClassCounts()
        self._annotators = AnnotatorCounts()
        self._sizes = SizeCounts(kept)
        self._confidence = Numbers(kept)
        self._confidences = np.zeros(CONFIDENCES, np.int64)
        self._positions = PositionCounts()
        self._borders = BorderCounts()
        self._overlaps = OverlapCounts()
        self._together = TogetherCounts()
        self._properties: dict[str, PropertyCounts] = {}
        self._crossed = PropertyPairs()

    def add(self, found: Measured, items: Ints, facts: ItemFacts) -> None:
        """Count labels, and the items (rows of the batch) they are to be counted on; `facts` are the batch's."""
        self._add_items(found, items, facts)
        if not len(found):
            return
        self._classes.add(found)
        self._annotators.add(found)
        self._sizes.add(found)
        self._positions.add(found)
        self._borders.add(found)
        self._overlaps.add(found)
        self._confidence.add(found.confidence)
        self._confidences += histogram(found.confidence, CONFIDENCES)
        if self._full:
            self._together.add(found)
            self._add_properties(found)

    def _add_items(self, found: Measured, items: Ints, facts: ItemFacts) -> None:
        count_words(self._states, facts.states.take(pa.array(items)))
        concerned = items[facts.concerned[items]]
        self._unseen += len(items) - len(concerned)
        labels = np.bincount(found.item[found.item >= 0], minlength=len(facts.states))[concerned]
        for number, count in zip(*np.unique(labels, return_counts=True), strict=True):
            self._per_item[int(number)] += int(count)

    def _add_properties(self, found: Measured) -> None:
        if found.properties.null_count == len(found):
            return
        given = np.asarray(found.properties.is_valid().to_numpy(zero_copy_only=False))
        codes = found.classes.codes
        for code in np.unique(codes[given]).tolist():
            mine = found.properties.filter(pa.array(given & (codes == code)))
            counts = self._properties.setdefault(found.classes.words[code], PropertyCounts())
            counts.add(mine, self._crossed)

    def merge(self, other: LabelCounts) -> None:
        """Count everything that the other has counted."""
        self._per_item.update(other._per_item)
        self._unseen += other._unseen
        self._states.merge(other._states)
        self._classes.merge(other._classes)
        self._annotators.merge(other._annotators)
        self._sizes.merge(other._sizes)
        self._confidence.merge(other._confidence)
        self._confidences += other._confidences
        self._positions.merge(other._positions)
        self._borders.merge(other._borders)
        self._overlaps.merge(other._overlaps)
        self._together.merge(other._together)
        self._crossed.merge(other._crossed)
        for name, counts in other._properties.items():
            self._properties.setdefault(name, PropertyCounts()).merge(counts)

    def result(self) -> PartStats:
        """What was counted."""
        labels = self._classes.kinds.total()
        properties = {name: self._properties[name].result() for name in sorted(self._properties)}
        return PartStats(
            labels=labels,
            classes=self._classes.result(labels),
            kinds=self._classes.by_kind(),
            properties={name: found for name, found in properties.items() if found},
            size=self._sizes.result(self._classes.by_area()),
            per_item=self._items(),
            annotators=self._annotators.result(),
            confidence=self._confidence.result(),
            confidence_histogram=tuple(self._confidences.tolist()) if self._confidences.any() else (),
            position=self._positions.result(),
            border=self._borders.result(),
            overlap=self._overlaps.result(),
            together=self._together.result(),
            cross=self._crossed.result(),
            states=self._states.top(None),
        )

    def _items(self) -> PerItemStats:
        histogram = dict(sorted(self._per_item.items()))
        numbers = Numbers()
        numbers.add(np.array(list(histogram), np.float64), np.array(list(histogram.values()), np.int64))
        empty = histogram.get(0, 0)
        labelled = self._per_item.total() - empty
        return PerItemStats(labelled, empty, numbers.result(), histogram, self._unseen)


def pairs_of(first: Ints, second: Ints) -> list[tuple[int, int, int]]:
    """The distinct pairs of codes, with how often each occurs."""
    pairs = distinct_pairs(first, second)
    return list(zip(pairs.first.tolist(), pairs.second.tolist(), pairs.counts.tolist(), strict=True))


def count_items(items: Counter[str], names: Encoded, item: Ints) -> None:
    """Count for each name the distinct items that it occurs on."""
    codes = distinct_pairs(names.codes, item + 1).first
    for code, count in enumerate(np.bincount(codes).tolist()):
        if count:
            items[names.words[code]] += count
