"""Which labels of several annotators show the same object.

Labels are paired by location alone: for each two annotators of an item, the assignment of `labels/match.py`
that maximises the sum of their overlap, over pairs with at least the given IoU (for keypoints: OKS). Between
equal overlaps the same class decides.

Of more than two annotators, the pairs become objects: connected components of the pairs, in which each
annotator has one label at most. A component in which one annotator has two is built again, best pair first,
and a pair that would bring a second label of one annotator into an object is left out (Kruskal's order with
that one condition). Every label belongs to exactly one object, if need be alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from datalabel.labels.arrays import positions
from datalabel.labels.components import components
from datalabel.labels.geometry import ious
from datalabel.labels.keypoints import oks, reach
from datalabel.labels.match import assign, neighbours
from datalabel.labels.sorting import distinct_pairs
from datalabel.quality.batch import Batch, Floats, Ints

SAME_CLASS = 1e-6
"""What the same class adds to an overlap: it decides between equals, and nothing else."""

ROUNDING = 1e-9
"""The relative slack of a threshold: edges are sums, by which an overlap of exactly as much may come out as less."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of labels (their rows in the batch) by two annotators, and how far they overlap, 0…1."""

    left: Ints
    right: Ints
    overlap: Floats

    def take(self, chosen: npt.NDArray[np.intp] | npt.NDArray[np.bool_]) -> Pairs:
        """Some of the pairs."""
        return Pairs(self.left[chosen], self.right[chosen], self.overlap[chosen])


def overlapping(batch: Batch, least: float, reference: int | None = None) -> Pairs:
    """Every two labels by two annotators that overlap by `least` or more: the candidates for all thresholds
    from there on. With a `reference`, only pairs of which one label is by this annotator.
    """
    left, right = neighbours(batch.labels, reach(batch.labels, least))
    first, second = batch.annotator[left], batch.annotator[right]
    wanted = first != second
    if reference is not None:
        wanted &= (first == reference) | (second == reference)
    swap = first > second
    left, right = np.where(swap, right, left)[wanted], np.where(swap, left, right)[wanted]
    overlap = _likeness(batch, left, right)
    return _reaching(Pairs(left, right, overlap), least)


def _reaching(pairs: Pairs, least: float) -> Pairs:
    return pairs.take(pairs.overlap >= least * (1 - ROUNDING))


def _likeness(batch: Batch, left: Ints, right: Ints) -> Floats:
    points = np.asarray(batch.labels.column("kind").to_numpy()) == "keypoints"
    both = points[left] & points[right]
    found = np.zeros(len(left))
    for chosen, compare in ((both, oks), (~both, ious)):
        where = np.flatnonzero(chosen)
        if len(where):
            found[where] = compare(batch.labels, left[where], batch.labels, right[where])
    return found


def paired(batch: Batch, candidates: Pairs, least: float) -> Pairs:
    """The best pairs of each two annotators at a threshold; no label twice for the same two."""
    near = _reaching(candidates, least)
    if not len(near.left):
        return near
    first, second = batch.annotator[near.left], batch.annotator[near.right]
    people = max(int(first.max()), int(second.max())) + 1
    same = batch.classes[near.left] == batch.classes[near.right]
    chosen = assign(
        near.left * people + second, near.right * people + first, near.overlap + SAME_CLASS * same
    )
    return near.take(np.sort(chosen))


def objects(batch: Batch, pairs: Pairs) -> Ints:
    """The number of each label's object, shape (n,), counted from 0."""
    if not len(pairs.left):
        return np.arange(len(batch.item))
    component = components(len(batch.item), pairs.left, pairs.right)
    crowded = np.zeros(len(batch.item) + 1, np.bool_)
    found = distinct_pairs(component, batch.annotator)
    crowded[found.first[found.counts > 1]] = True
    doubtful = crowded[component[pairs.left]]
    if not doubtful.any():
        return component
    rebuilt = pairs.take(np.flatnonzero(doubtful))
    rebuilt = rebuilt.take(_one_each(rebuilt, batch.annotator))
    sound = pairs.take(~doubtful)
    kept = [np.concatenate(ends) for ends in ((sound.left, rebuilt.left), (sound.right, rebuilt.right))]
    return components(len(batch.item), *kept)


def _one_each(pairs: Pairs, annotator: Ints) -> npt.NDArray[np.intp]:
    """The pairs, best first, that join two objects without an annotator in common."""
    home: dict[int, int] = {}
    members: dict[int, list[int]] = {}
    people: dict[int, set[int]] = {}
    for row in np.unique(np.concatenate([pairs.left, pairs.right])).tolist():
        home[row], members[row], people[row] = row, [row], {int(annotator[row])}
    chosen = []
    for place in np.lexsort((pairs.right, pairs.left, -pairs.overlap)).tolist():
        one, other = home[int(pairs.left[place])], home[int(pairs.right[place])]
        if one == other or people[one] & people[other]:
            continue
        chosen.append(place)
        people[one] |= people.pop(other)
        for row in members[other]:
            home[row] = one
        members[one] += members.pop(other)
    return np.array(chosen, np.intp)


NOT_DRAWN = 0
"""The value of a unit for who saw its item and drew nothing there; classes are counted from 1."""


@dataclass(frozen=True, slots=True)
class Units:
    """What everybody says of every object: one row for each object and each annotator who saw its item.

    An item on which nobody drew anything is one unit more, which everybody says is not drawn: agreeing that
    there is nothing is agreement too. The units of objects come first, in the order of their numbers.

    `unit`, `annotator`, `value` and `label` have one place per row, sorted by unit, then annotator; `label` is the
    row of the label in the batch, −1 where nothing was drawn. `item` and `size` (how many saw it) are per unit.
    """

    unit: Ints
    annotator: Ints
    value: Ints
    label: Ints
    item: Ints
    size: Ints

    @property
    def drawn(self) -> Ints:
        """How many annotators drew each unit."""
        return np.bincount(self.unit, weights=self.label >= 0, minlength=len(self.item)).astype(np.int64)


def units(batch: Batch, numbers: Ints) -> Units:
    """The units of a batch whose labels belong to the objects of these numbers (see `objects`)."""
    empty = np.setdiff1d(np.arange(len(batch.items)), batch.item)
    total = (int(numbers.max()) + 1 if len(numbers) else 0) + len(empty)
    item = np.zeros(total, np.int64)
    item[numbers] = batch.item
    item[total - len(empty) :] = empty
    counts = batch.seen_counts
    starts = np.cumsum(counts) - counts
    size = counts[item]
    unit = np.repeat(np.arange(total), size)
    annotator = batch.seen_by[positions(starts[item], size)]
    people = int(batch.seen_by.max()) + 1 if len(batch.seen_by) else 1
    place = np.searchsorted(unit * people + annotator, numbers * people + batch.annotator)
    value, label = np.full(len(unit), NOT_DRAWN, np.int64), np.full(len(unit), -1, np.int64)
    value[place] = batch.classes + 1
    label[place] = np.arange(len(numbers))
    return Units(unit, annotator, value, label, item, size)
