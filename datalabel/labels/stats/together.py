"""Counting which classes occur on the same items; partial counts merge."""

from __future__ import annotations

import numpy as np

from datalabel.labels.sorting import distinct_pairs
from datalabel.labels.stats.counts import TOP, Ints
from datalabel.labels.stats.measures import Measured
from datalabel.labels.stats.results import PairStats, TogetherStats

FOLLOWED = 1024
"""So many classes are followed; when there are more, nothing is said about any."""

SHOWN = 30
"""The matrix shows so many of the commonest classes."""


class TogetherCounts:
    """Counts for every two classes the items on which both occur."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}
        self._items = np.zeros((0, 0), np.int64)
        self._many = False

    def add(self, found: Measured) -> None:
        """Count these labels; all labels of an item come at once."""
        known = found.item >= 0
        pairs = distinct_pairs(found.item[known], found.classes.codes[known])
        item, name = pairs.first, pairs.second
        occurring = np.unique(name)
        places = self._placed([found.classes.words[code] for code in occurring.tolist()])
        if self._many:
            return
        name = places[np.searchsorted(occurring, name)]
        self._count(name, name)
        rows = np.arange(len(item))
        # Items stand together: every two classes of an item are some number of rows apart.
        for step in range(1, len(self._places)):
            rows = rows[: np.searchsorted(rows, len(item) - step)]
            rows = rows[item[rows] == item[rows + step]]
            if not len(rows):
                break
            self._count(name[rows], name[rows + step])
            self._count(name[rows + step], name[rows])

    def _count(self, first: Ints, second: Ints) -> None:
        size = len(self._items)
        self._items += np.bincount(first * size + second, minlength=size * size).reshape(size, size)

    def _placed(self, names: list[str]) -> Ints:
        """The places of classes in the matrix, which grows with new ones."""
        for name in names:
            self._places.setdefault(name, len(self._places))
        self._many |= len(self._places) > FOLLOWED
        if self._many:
            self._places, self._items = {}, np.zeros((0, 0), np.int64)
            return np.zeros(0, np.int64)
        grown = len(self._places) - len(self._items)
        self._items = np.pad(self._items, ((0, grown), (0, grown)))
        return np.array([self._places[name] for name in names], np.int64)

    def merge(self, other: TogetherCounts) -> None:
        """Count everything that the other has counted."""
        self._many |= other._many
        places = self._placed(list(other._places))
        if not self._many:
            self._items[np.ix_(places, places)] += other._items

    def result(self) -> TogetherStats:
        """What was counted. Nothing is said about a single class."""
        names = np.array(list(self._places), dtype=object)
        if len(names) < 2:
            return TogetherStats((), (), ())
        order = np.array(sorted(range(len(names)), key=lambda row: (-self._items[row, row], names[row])))
        names, items = names[order], self._items[np.ix_(order, order)]
        first, second = np.nonzero(np.triu(items, 1))
        commonest = np.argsort(-items[first, second], kind="stable")[:TOP]
        pairs = tuple(
            PairStats(
                (names[one], names[other]),
                int(items[one, other]),
                float(items[one, other] / items[other, other]),
            )
            for one, other in zip(first[commonest], second[commonest], strict=True)
        )
        matrix = tuple(tuple(row) for row in items[:SHOWN, :SHOWN].tolist())
        return TogetherStats(pairs, tuple(names[:SHOWN]), matrix)
