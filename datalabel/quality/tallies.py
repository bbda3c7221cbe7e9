"""The sums per item from which agreement is measured. Each tally takes batches, then gives its measures."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from datalabel.labels.arrays import every_two, positions
from datalabel.labels.sorting import distinct_pairs
from datalabel.quality.batch import Batch, Floats, Ints
from datalabel.quality.objects import NOT_DRAWN, Pairs, Units
from datalabel.quality.resampling import Alpha, AlphaWithout, Kappa, OneAgainstRest, Ratio, Tally

PAIR = 1 << 15
"""A pair of annotators is one number: the first times this, plus the second."""


@dataclass(frozen=True, slots=True)
class Spread:
    """How the values of units are spread: per unit, and per unit and value.

    `size` is m_u, how many gave the unit a value; `disagreement` is D_u (see `krippendorff_alpha`), 0 for units
    with one value. `unit`, `value`, `count` say how often a unit got a value.
    """

    size: Ints
    disagreement: Floats
    unit: Ints
    value: Ints
    count: Ints

    def count_of(self, unit: Ints, value: Ints) -> Ints:
        """How often units got these values, all of which occur."""
        width = int(self.value.max()) + 1 if len(self.value) else 1
        return self.count[np.searchsorted(self.unit * width + self.value, unit * width + value)]


def spread(unit: Ints, value: Ints, total: int) -> Spread:
    """The spread of values over `total` units, one value a row."""
    found = distinct_pairs(unit, value)
    size = np.bincount(unit, minlength=total)
    squares = np.bincount(found.first, weights=found.counts.astype(np.float64) ** 2, minlength=total)
    disagreement = np.where(size > 1, (size * size - squares) / np.maximum(size - 1, 1), 0.0)
    return Spread(size, disagreement, found.first, found.second, found.counts)


@dataclass(slots=True)
class AlphaTally:
    """Alpha for several groups."""

    disagreement: Tally = field(default_factory=Tally)
    values: Tally = field(default_factory=Tally)

    def add(self, item: Ints, group: Ints | int, found: Spread) -> None:
        """Count the units of a spread, whose items (and groups) are given per unit."""
        groups = np.broadcast_to(np.asarray(group), item.shape)
        self.disagreement.add(item, groups, value=found.disagreement)
        pairable = found.size[found.unit] > 1
        unit, value = found.unit[pairable], found.value[pairable]
        self.values.add(item[unit], groups[unit], value, found.count[pairable].astype(np.float64))

    def alpha(self, groups: Ints, items: int) -> Alpha:
        """The measure."""
        return Alpha(groups, self.disagreement.counts(items), self.values.counts(items))


@dataclass(slots=True)
class WithoutTally:
    """What each annotator takes part in: alpha without them is alpha of the rest.

    An object that nobody else drew goes with its annotator, and an item on which nobody else drew anything
    becomes an empty one; the other objects stay as they are.
    """

    lost: AlphaTally = field(default_factory=AlphaTally)

    def add(self, batch: Batch, offset: int, units: Units, found: Spread) -> None:
        """Count the units of a batch whose first item has this number."""
        item = units.item + offset
        unit, size = units.unit, units.size[units.unit].astype(np.float64)
        others = size - 1
        gone = (others < 2) | ((units.label >= 0) & (units.drawn[unit] == 1))
        same = found.count_of(unit, units.value)
        squares = size * size - found.disagreement[unit] * (size - 1)
        rest = (others * others - (squares - 2 * same + 1)) / np.maximum(others - 1, 1)
        lost = found.disagreement[unit] - np.where(gone, 0.0, rest)
        self.lost.disagreement.add(item[unit], units.annotator, value=lost)
        self.lost.values.add(item[unit[~gone]], units.annotator[~gone], units.value[~gone])
        self._whole_units(item, units, found, gone)
        self._emptied(batch, offset)

    def _emptied(self, batch: Batch, offset: int) -> None:
        """What comes instead of the labels of a sole drawer: all others say that there is nothing."""
        found = distinct_pairs(batch.item, batch.annotator)
        item, who = found.first, found.second
        sole = np.bincount(item, minlength=len(batch.items))[item] == 1
        others = batch.seen_counts[item] - 1
        chosen = sole & (others > 1)
        self.lost.values.add(
            item[chosen] + offset, who[chosen], NOT_DRAWN, -others[chosen].astype(np.float64)
        )

    def _whole_units(self, item: Ints, units: Units, found: Spread, gone: npt.NDArray[np.bool_]) -> None:
        """All values of the units that disappear with an annotator."""
        unit, who = units.unit[gone], units.annotator[gone]
        kinds = np.bincount(found.unit, minlength=len(found.size))
        starts = np.cumsum(kinds) - kinds
        row = np.repeat(np.arange(len(unit)), kinds[unit])
        place = positions(starts[unit], kinds[unit])
        counts = found.count[place].astype(np.float64)
        self.lost.values.add(item[unit][row], who[row], found.value[place], counts)

    def alpha(self, whole: Alpha, groups: Ints, items: int) -> AlphaWithout:
        """The measure, per annotator."""
        return AlphaWithout(groups, whole, self.lost.alpha(groups, items))


@dataclass(slots=True)
class PairTally:
    """Each two annotators on the items that both saw; the first is the one with the smaller number."""

    items: Tally = field(default_factory=Tally)
    matched: Tally = field(default_factory=Tally)
    overlap: Tally = field(default_factory=Tally)
    first_drew: Tally = field(default_factory=Tally)
    second_drew: Tally = field(default_factory=Tally)
    same: Tally = field(default_factory=Tally)
    first_class: Tally = field(default_factory=Tally)
    second_class: Tally = field(default_factory=Tally)

    def add(self, batch: Batch, offset: int, pairs: Pairs, reference: int | None = None) -> None:
        """Count the pairs of a batch whose first item has this number; with a reference (numbered before all
        others), only those with it.
        """
        item, first, second = pairs_of_people(batch, reference)
        pair = first * PAIR + second
        drew = _drawn_by(batch)
        self.items.add(item + offset, pair)
        self.first_drew.add(item + offset, pair, value=drew(item, first))
        self.second_drew.add(item + offset, pair, value=drew(item, second))
        own, classes = (
            batch.item[pairs.left] + offset,
            (batch.classes[pairs.left], batch.classes[pairs.right]),
        )
        pair = batch.annotator[pairs.left] * PAIR + batch.annotator[pairs.right]
        self.matched.add(own, pair)
        self.overlap.add(own, pair, value=pairs.overlap)
        self.same.add(own, pair, value=(classes[0] == classes[1]).astype(np.float64))
        self.first_class.add(own, pair, classes[0])
        self.second_class.add(own, pair, classes[1])

    def measures(self, groups: Ints, items: int) -> tuple[Ratio, Ratio, Ratio, Kappa]:
        """The share of the second's labels that the first has, the reverse, mean IoU, and kappa on class."""
        matched = self.matched.counts(items)
        return (
            Ratio(groups, matched, self.second_drew.counts(items)),
            Ratio(groups, matched, self.first_drew.counts(items)),
            Ratio(groups, self.overlap.counts(items), matched),
            Kappa(
                groups,
                self.same.counts(items),
                self.first_class.counts(items),
                self.second_class.counts(items),
            ),
        )


def pairs_of_people(batch: Batch, reference: int | None = None) -> tuple[Ints, Ints, Ints]:
    """Each two annotators of each item, or each with the reference: item, first, second."""
    if reference is not None:
        others = batch.seen_by != reference
        item, second = batch.seen_item[others], batch.seen_by[others]
        return item, np.full(len(item), reference), second
    first, second = every_two(batch.seen_counts)
    return batch.seen_item[first], batch.seen_by[first], batch.seen_by[second]


def _drawn_by(batch: Batch) -> _Lookup:
    return _Lookup(*np.unique(batch.item * PAIR + batch.annotator, return_counts=True))


@dataclass(frozen=True, slots=True)
class _Lookup:
    """How many labels an annotator has on an item."""

    keys: Ints
    counts: Ints

    def __call__(self, item: Ints, annotator: Ints) -> Floats:
        if not len(self.keys):
            return np.zeros(len(item))
        key = item * PAIR + annotator
        place = np.minimum(np.searchsorted(self.keys, key), len(self.keys) - 1)
        return np.where(self.keys[place] == key, self.counts[place], 0).astype(np.float64)


@dataclass(slots=True)
class PersonTally:
    """Each annotator against what most of the others drew.

    The others have an object when at least half of those who saw its item drew it. Recall is the share of such
    objects that the annotator drew; precision the share of what the annotator drew that is one.
    """

    items: Tally = field(default_factory=Tally)
    wanted: Tally = field(default_factory=Tally)
    found: Tally = field(default_factory=Tally)
    drew: Tally = field(default_factory=Tally)
    matched: Tally = field(default_factory=Tally)
    overlap: Tally = field(default_factory=Tally)

    def add(self, batch: Batch, offset: int, units: Units, pairs: Pairs) -> None:
        """Count the units and pairs of a batch whose first item has this number."""
        self.items.add(batch.seen_item + offset, batch.seen_by)
        drew = units.label >= 0
        others = units.drawn[units.unit] - drew
        wanted = (others > 0) & (2 * others >= units.size[units.unit] - 1)
        item = units.item[units.unit] + offset
        for tally, chosen in ((self.wanted, wanted), (self.found, wanted & drew), (self.drew, drew)):
            tally.add(item[chosen], units.annotator[chosen])
        for rows in (pairs.left, pairs.right):
            self.matched.add(batch.item[rows] + offset, batch.annotator[rows])
            self.overlap.add(batch.item[rows] + offset, batch.annotator[rows], value=pairs.overlap)

    def measures(self, groups: Ints, items: int) -> tuple[Ratio, Ratio, Ratio]:
        """Recall, precision and mean IoU with whoever drew the same."""
        found = self.found.counts(items)
        return (
            Ratio(groups, found, self.wanted.counts(items)),
            Ratio(groups, found, self.drew.counts(items)),
            Ratio(groups, self.overlap.counts(items), self.matched.counts(items)),
        )


@dataclass(slots=True)
class ClassTally:
    """Each class against all else that was said of the same objects, "not drawn" among it."""

    given: Tally = field(default_factory=Tally)
    shared: Tally = field(default_factory=Tally)
    disagreement: Tally = field(default_factory=Tally)
    matched: Tally = field(default_factory=Tally)
    overlap: Tally = field(default_factory=Tally)

    def add(self, batch: Batch, offset: int, item: Ints, found: Spread, pairs: Pairs) -> None:
        """Count the units of a batch; `item` is theirs over all batches."""
        drawn = found.value != NOT_DRAWN
        unit, count = found.unit[drawn], found.count[drawn].astype(np.float64)
        name, others = found.value[drawn] - 1, found.size[unit] - 1
        self.given.add(item[unit], name, value=count)
        self.shared.add(item[unit], name, value=count * (count - 1) / others)
        self.disagreement.add(item[unit], name, value=2 * count * (others + 1 - count) / others)
        agree = batch.classes[pairs.left] == batch.classes[pairs.right]
        own = batch.item[pairs.left[agree]] + offset
        self.matched.add(own, batch.classes[pairs.left[agree]])
        self.overlap.add(own, batch.classes[pairs.left[agree]], value=pairs.overlap[agree])

    def measures(self, whole: Alpha, groups: Ints, items: int) -> tuple[Ratio, OneAgainstRest, Ratio]:
        """How likely another gives the class too where one did; alpha of the class against everything else;
        mean IoU where two gave it. `whole` is alpha of all classes.

        Source of the first: J. Fleiss, "Measuring nominal scale agreement among many raters", 1971.
        """
        given = self.given.counts(items)
        return (
            Ratio(groups, self.shared.counts(items), given),
            OneAgainstRest(groups, self.disagreement.counts(items), given, whole),
            Ratio(groups, self.overlap.counts(items), self.matched.counts(items)),
        )
