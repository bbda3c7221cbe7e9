"""Counting where labels are on their images, and how much they cover each other; partial counts merge."""

from __future__ import annotations

import numpy as np

from datalabel.labels.arrays import rows_of
from datalabel.labels.stats.counts import histogram
from datalabel.labels.stats.measures import Measured
from datalabel.labels.stats.results import (
    COLUMNS,
    ROWS,
    BorderStats,
    NearestStats,
    OverlapStats,
    PositionStats,
)

STEPS = 10


class PositionCounts:
    """Counts the centres of labels in a grid over their images."""

    def __init__(self) -> None:
        self._cells = np.zeros(ROWS * COLUMNS, np.int64)
        self._outside = 0
        self._unknown = 0

    def add(self, found: Measured) -> None:
        """Count these labels."""
        known = np.isfinite(found.centre).all(axis=1)
        self._unknown += int((found.drawn & ~known).sum())
        inside = ((found.centre >= 0) & (found.centre <= 1)).all(axis=1)
        self._outside += int((known & ~inside).sum())
        column, row = (
            np.minimum((side[inside] * steps).astype(np.int64), steps - 1)
            for side, steps in zip(found.centre.T, (COLUMNS, ROWS), strict=True)
        )
        self._cells += np.bincount(row * COLUMNS + column, minlength=ROWS * COLUMNS)

    def merge(self, other: PositionCounts) -> None:
        """Count everything that the other has counted."""
        self._cells += other._cells
        self._outside += other._outside
        self._unknown += other._unknown

    def result(self) -> PositionStats:
        """What was counted."""
        rows = self._cells.reshape(ROWS, COLUMNS).tolist()
        return PositionStats(tuple(tuple(row) for row in rows), self._outside, self._unknown)


class BorderCounts:
    """Counts labels that reach the border of their images."""

    def __init__(self) -> None:
        self._labels = 0
        self._touching = 0
        self._sides = np.zeros(4, np.int64)

    def add(self, found: Measured) -> None:
        """Count these labels."""
        self._labels += int(np.isfinite(found.centre).all(axis=1).sum())
        self._touching += int(found.edges.any(axis=1).sum())
        self._sides += found.edges.sum(axis=0)

    def merge(self, other: BorderCounts) -> None:
        """Count everything that the other has counted."""
        self._labels += other._labels
        self._touching += other._touching
        self._sides += other._sides

    def result(self) -> BorderStats:
        """What was counted."""
        return BorderStats(self._labels, self._touching, *self._sides.tolist())


class OverlapCounts:
    """Counts by how much labels overlap the nearest other one."""

    def __init__(self) -> None:
        self._labels = 0
        self._touching = np.zeros(2, np.int64)
        self._over_half = np.zeros(2, np.int64)
        self._histograms = np.zeros((2, STEPS), np.int64)

    def add(self, found: Measured) -> None:
        """Count these labels."""
        overlap = rows_of(found.overlap, np.flatnonzero(np.isfinite(found.sides[:, 0])))
        self._labels += len(overlap)
        self._touching += (overlap > 0).sum(axis=0)
        self._over_half += (overlap > 0.5).sum(axis=0)
        for side in range(2):
            self._histograms[side] += histogram(overlap[:, side], STEPS)

    def merge(self, other: OverlapCounts) -> None:
        """Count everything that the other has counted."""
        self._labels += other._labels
        self._touching += other._touching
        self._over_half += other._over_half
        self._histograms += other._histograms

    def result(self) -> OverlapStats:
        """What was counted."""
        nearest = [
            NearestStats(int(touching), int(over_half), tuple(histogram.tolist()))
            for touching, over_half, histogram in zip(
                self._touching, self._over_half, self._histograms, strict=True
            )
        ]
        return OverlapStats(self._labels, nearest[0], nearest[1])
