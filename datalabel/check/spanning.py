"""Which of many pairs to tell: as few as hold together what belongs together, whatever the order of the labels."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from datalabel.check.columns import Floats, Ints
from datalabel.labels.hashing import Hashes

_DIGITS = 9
"""Weights that differ by less are equal: an overlap depends in its last digits on which label comes first."""


def spanning_pairs(first: Ints, second: Ints, weights: Floats, ids: Hashes) -> Iterator[tuple[int, int, int]]:
    """A maximum spanning forest of pairs of rows (Kruskal): for every row but one of each group the row itself, the
    row that it is told with, and the place of their pair; by row.

    The one that is left over is that with the smallest id. Rows are known by `ids` alone, and equal weights are
    ordered by these, so that the same labels in another order give the same pairs. A row that comes to a group is in
    a pair, and the number of pairs grows by one.
    """
    low, high = (pick(ids[first], ids[second]) for pick in (np.minimum, np.maximum))
    groups = _Groups()
    neighbours: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for pair in np.lexsort((high, low, -np.round(weights, _DIGITS))).tolist():
        one, other = int(first[pair]), int(second[pair])
        if groups.join(one, other):
            neighbours[one].append((other, pair))
            neighbours[other].append((one, pair))
    yield from sorted(_from_the_smallest(neighbours, ids))


def _from_the_smallest(
    neighbours: dict[int, list[tuple[int, int]]], ids: Hashes
) -> Iterator[tuple[int, int, int]]:
    """Each row of a forest with the one before it on the way from the smallest id of its tree."""
    reached: set[int] = set()
    for root in sorted(neighbours, key=lambda row: int(ids[row])):
        if root in reached:
            continue
        reached.add(root)
        waiting = [root]
        while waiting:
            row = waiting.pop()
            for other, pair in neighbours[row]:
                if other not in reached:
                    reached.add(other)
                    waiting.append(other)
                    yield other, row, pair


class _Groups:
    """Rows that are connected, each group known by one of its rows (union-find with path halving)."""

    def __init__(self) -> None:
        self._above: dict[int, int] = {}

    def _top(self, row: int) -> int:
        above = self._above
        above.setdefault(row, row)
        while above[row] != row:
            above[row] = row = above[above[row]]
        return row

    def join(self, one: int, other: int) -> bool:
        """Connect two rows; False when they were."""
        one, other = self._top(one), self._top(other)
        self._above[one] = other
        return one != other
