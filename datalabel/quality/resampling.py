"""Sums per item, measures of them, and how sure a measure is: the bootstrap over items.

Everything that agreement measures is a function of sums over items. So an item is matched once, its part of
each sum is kept (sparse: most items say nothing about most pairs of people), and a resample of the items is
a vector of weights: how often each item was drawn. A thousand resamples are a thousand weighted sums.
Source: B. Efron, R. Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13 (percentile interval).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from datalabel.labels.sorting import distinct_pairs
from datalabel.quality.batch import Floats, Ints
from datalabel.quality.coefficients import cohen_kappa, krippendorff_alpha, ratio

RESAMPLES = 1_000
SEED = 0
LEVEL = 0.95
"""The share of resamples that lies inside an interval."""

CELLS = 1 << 19
"""About so many numbers are held at a time while resampling: what stays near the processor is fastest."""

MOST_GROUPS = 10_000
"""A measure of more groups than this (pairs of annotators) is given without intervals."""

_WIDTH = 1 << 32


class Tally:
    """Collects numbers per item, group and category; the sums of a batch are folded as it comes."""

    def __init__(self) -> None:
        self._parts: list[tuple[Ints, Ints, Floats]] = []

    def add(
        self, item: Ints, group: Ints | int, category: Ints | int = 0, value: Floats | None = None
    ) -> None:
        """Add up `value` (else 1) for each item (numbered over all batches), group and category."""
        if not len(item):
            return
        key: Ints = np.broadcast_to(np.asarray(group, np.int64) * _WIDTH + category, item.shape)
        found = distinct_pairs(item, key)
        sums = np.bincount(found.where, weights=value, minlength=len(found)).astype(np.float64)
        self._parts.append((found.first, found.second, sums))

    def counts(self, items: int) -> Counts:
        """Everything added."""
        from scipy.sparse import csr_array

        empty = (np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
        item, key, value = (np.concatenate(column) for column in zip(empty, *self._parts, strict=True))
        keys, columns = np.unique(key, return_inverse=True)
        matrix = csr_array((value, (columns, item)), shape=(len(keys), items))
        return Counts(matrix, keys // _WIDTH, keys % _WIDTH)


@dataclass(frozen=True, slots=True)
class Counts:
    """A sparse matrix: one row per group and category that occur, one column per item."""

    matrix: Any
    group: Ints
    category: Ints

    def __len__(self) -> int:
        return len(self.group)

    def totals(self, weights: Floats) -> Floats:
        """Weighted sums over items: weights of shape (items, draws) give (rows, draws)."""
        return np.asarray(self.matrix @ weights)

    def by_group(self, totals: Floats, groups: Ints) -> Floats:
        """Totals, or something computed of them row by row, added up for these groups (sorted)."""
        found = np.zeros((len(groups), totals.shape[1]))
        rows = np.flatnonzero(np.isin(self.group, groups))
        if len(rows):
            place = np.searchsorted(groups, self.group[rows])
            starts = np.flatnonzero(np.diff(place, prepend=-1))
            found[place[starts]] = np.add.reduceat(totals[rows], starts, axis=0)
        return found


@dataclass(frozen=True, slots=True)
class Measure(ABC):
    """Something measured for several groups (their numbers, sorted)."""

    groups: Ints

    @abstractmethod
    def of(self, weights: Floats) -> Floats:
        """Its values when items count so often: weights of shape (items, draws) give (groups, draws)."""

    @abstractmethod
    def rows(self) -> int:
        """The most rows that are held for one draw."""


@dataclass(frozen=True, slots=True)
class Ratio(Measure):
    """A share or a mean: one sum divided by another."""

    part: Counts
    whole: Counts

    def of(self, weights: Floats) -> Floats:
        """See `Measure`."""
        sums = [one.by_group(one.totals(weights), self.groups) for one in (self.part, self.whole)]
        return ratio(*sums)

    def rows(self) -> int:
        """See `Measure`."""
        return max(len(self.part), len(self.whole))


@dataclass(frozen=True, slots=True)
class Alpha(Measure):
    """Krippendorff's alpha: disagreement by group, values by group and category."""

    disagreement: Counts
    values: Counts

    def of(self, weights: Floats) -> Floats:
        """See `Measure`."""
        values = self.values.totals(weights)
        return krippendorff_alpha(
            self.disagreement.by_group(self.disagreement.totals(weights), self.groups),
            self.values.by_group(values, self.groups),
            self.values.by_group(values * values, self.groups),
        )

    def rows(self) -> int:
        """See `Measure`."""
        return len(self.values)


@dataclass(frozen=True, slots=True)
class AlphaWithout(Measure):
    """Alpha of one group of `whole`, less what each group here took part in."""

    whole: Alpha
    lost: Alpha

    def of(self, weights: Floats) -> Floats:
        """See `Measure`."""
        every, lost = self.whole.values.totals(weights), self.lost.values.totals(weights)
        alike = np.isin(self.whole.values.group, self.whole.groups)
        place = np.searchsorted(self.whole.values.category[alike], self.lost.values.category)
        all_of_it = every[alike][place] if len(place) else lost
        squares = (every[alike] ** 2).sum(axis=0) - self.lost.values.by_group(
            2 * all_of_it * lost - lost**2, self.groups
        )
        disagreement = self.whole.disagreement.by_group(
            self.whole.disagreement.totals(weights), self.whole.groups
        ) - self.lost.disagreement.by_group(self.lost.disagreement.totals(weights), self.groups)
        values = every[alike].sum(axis=0) - self.lost.values.by_group(lost, self.groups)
        return krippendorff_alpha(disagreement, values, squares)

    def rows(self) -> int:
        """See `Measure`."""
        return len(self.whole.values) + len(self.lost.values)


@dataclass(frozen=True, slots=True)
class OneAgainstRest(Measure):
    """Alpha of single values, all others taken as one: groups are categories of `whole`."""

    disagreement: Counts
    given: Counts
    whole: Alpha

    def of(self, weights: Floats) -> Floats:
        """See `Measure`."""
        every = self.whole.values.totals(weights)
        values = self.whole.values.by_group(every, self.whole.groups)
        given = self.given.by_group(self.given.totals(weights), self.groups)
        disagreement = self.disagreement.by_group(self.disagreement.totals(weights), self.groups)
        return krippendorff_alpha(disagreement, values, given**2 + (values - given) ** 2)

    def rows(self) -> int:
        """See `Measure`."""
        return len(self.whole.values) + len(self.given)


@dataclass(frozen=True, slots=True)
class Kappa(Measure):
    """Cohen's kappa: agreement by group; what either of the two said by group and category."""

    agreeing: Counts
    first: Counts
    second: Counts

    def of(self, weights: Floats) -> Floats:
        """See `Measure`."""
        first, second = self.first.totals(weights), self.second.totals(weights)
        one, other = (counts.group * _WIDTH + counts.category for counts in (self.first, self.second))
        _, left, right = np.intersect1d(one, other, assume_unique=True, return_indices=True)
        products = np.zeros_like(first)
        products[left] = first[left] * second[right]
        return cohen_kappa(
            self.agreeing.by_group(self.agreeing.totals(weights), self.groups),
            self.first.by_group(first, self.groups),
            self.first.by_group(products, self.groups),
        )

    def rows(self) -> int:
        """See `Measure`."""
        return len(self.first) + len(self.second)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its interval; None where it is not defined."""

    value: float | None
    low: float | None = None
    high: float | None = None

    def to_json(self) -> dict[str, float | None]:
        """As a JSON object."""
        return {"value": self.value, "low": self.low, "high": self.high}


def estimates(
    measures: Sequence[Measure], items: int, *, resamples: int = RESAMPLES, seed: int = SEED
) -> list[list[Estimate]]:
    """The value of each measure for each of its groups, with a percentile interval over resamples of items.

    The interval is over the resamples in which the measure is defined; there is none where it is defined in
    fewer than half of them. All measures see the same resamples.
    """
    values = [measure.of(np.ones((items, 1)))[:, 0] for measure in measures]
    sure = [place for place, measure in enumerate(measures) if 0 < len(measure.groups) <= MOST_GROUPS]
    drawn: dict[int, list[Floats]] = {place: [] for place in sure}
    if items:
        widest = max([items, *(measures[place].rows() for place in sure)])
        for weights in _draws(items, resamples, seed, max(1, CELLS // widest)):
            for place in sure:
                drawn[place].append(measures[place].of(weights))
    return [
        _with_intervals(value, np.concatenate(drawn[place], axis=1) if drawn.get(place) else None)
        for place, value in enumerate(values)
    ]


def _draws(items: int, resamples: int, seed: int, at_once: int) -> Iterator[Floats]:
    """How often each item is drawn when as many items are drawn as there are, shape (items, draws).

    The resamples do not depend on how many are taken at once.
    """
    random = np.random.default_rng(seed)
    for start in range(0, resamples, at_once):
        draws = min(at_once, resamples - start)
        chosen = random.integers(0, items, size=(draws, items)) + np.arange(draws)[:, None] * items
        counts = np.bincount(chosen.ravel(), minlength=draws * items)
        yield np.ascontiguousarray(counts.reshape(draws, items).T, np.float64)


def _with_intervals(values: Floats, drawn: Floats | None) -> list[Estimate]:
    low, high = _bounds(values, drawn)
    columns = (values.tolist(), low.tolist(), high.tolist())
    return [Estimate(*(_defined(number) for number in row)) for row in zip(*columns, strict=True)]


def _bounds(values: Floats, drawn: Floats | None) -> tuple[Floats, Floats]:
    """The percentiles of each row of draws, NaN among them left out."""
    nothing = np.full(len(values), np.nan)
    if drawn is None or not drawn.size:
        return nothing, nothing
    ordered = np.sort(drawn, axis=1)
    known = (~np.isnan(drawn)).sum(axis=1)
    usable = (2 * known >= drawn.shape[1]) & ~np.isnan(values)
    return tuple(
        np.where(usable, _quantile(ordered, known, share), np.nan)
        for share in ((1 - LEVEL) / 2, (1 + LEVEL) / 2)
    )  # type: ignore[return-value]


def _quantile(ordered: Floats, known: Ints, share: float) -> Floats:
    """A quantile of the first `known` numbers of each row, between two of them in proportion."""
    place = share * np.maximum(known - 1, 0)
    below = np.floor(place).astype(np.int64)
    rows = np.arange(len(ordered))
    above = np.minimum(below + 1, np.maximum(known - 1, 0))
    step = ordered[rows, above] - ordered[rows, below]
    return np.asarray(ordered[rows, below] + step * (place - below))


def _defined(number: float) -> float | None:
    return None if np.isnan(number) else number
