"""Outlines as rings: those of polygons and rotated boxes, of many labels, as one run of points.

The one place that knows how `coords` and `parts` say where a ring ends, and the one shoelace formula.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt

from datalabel.labels.arrays import Values

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


def ring_sizes(lengths: Ints, parts: Values, pieces: Ints) -> tuple[Ints, Ints]:
    """How many points each ring has (negative: a hole) and whose it is, of labels with so many coordinates, their
    parts end to end, and how many parts each has. The points of a label without parts are one ring."""
    sizes = parts.astype(np.int64)
    single = np.flatnonzero(pieces == 0)
    if len(single):
        sizes = np.insert(sizes, np.cumsum(pieces)[single], lengths[single] // 2)
    return sizes, np.repeat(np.arange(len(pieces)), np.maximum(pieces, 1))


@dataclass(frozen=True, slots=True)
class Rings:
    """Rings end to end. Arrays with one entry per ring, but for `points`, shape (points of all rings, 2).

    `rows` is the label of each ring, in rising order; `places` its place among the label's rings, `holes` whether it
    is a hole in the ring before it; `starts` and `counts` are its points.
    """

    points: Floats
    rows: Ints
    places: Ints
    holes: Bools
    starts: Ints
    counts: Ints

    @classmethod
    def of(cls, values: Floats, lengths: Ints, parts: Values, pieces: Ints) -> Self:
        """The rings of labels, of their coordinates end to end and how many each has, and their parts likewise.
        Without labels whose coordinates do not come in pairs, or in as many as their parts say."""
        sizes, rows = ring_sizes(lengths, parts, pieces)
        counts, holes, places = np.abs(sizes), sizes < 0, places_among(rows)
        told = np.bincount(rows, weights=counts, minlength=len(lengths)).astype(np.int64)
        sound = (lengths % 2 == 0) & (told == lengths // 2)
        if not sound.all():
            kept = sound[rows]
            rows, counts, holes, places = rows[kept], counts[kept], holes[kept], places[kept]
            values = values[np.repeat(sound, lengths)]
        return cls(values.reshape(-1, 2), rows, places, holes, _starts(counts), counts)

    @property
    def bounds(self) -> Floats:
        """x1, y1, x2, y2 of each ring, shape (n, 4)."""
        ends = (find.reduceat(self.points, self.starts) for find in (np.minimum, np.maximum))
        return np.concatenate([*ends], axis=1)

    @property
    def areas(self) -> Floats:
        """What each ring encloses, in square pixels, by the shoelace formula; less than 0 for holes."""
        return np.abs(self._summed(self._crossed(*self._from_first()))) / np.where(self.holes, -2.0, 2.0)

    def after(self, values: Floats) -> Floats:
        """Of values per point, shape (points,) or (points, n), those of the next point of the ring; the first's
        after the last."""
        found = np.empty_like(values)
        found[:-1] = values[1:]
        found[self.starts + self.counts - 1] = values[self.starts]
        return found

    @property
    def owners(self) -> Ints:
        """For each point its ring."""
        return np.repeat(np.arange(len(self.counts)), self.counts)

    def span(self, first: int, last: int) -> Rings:
        """The rings from `first` up to `last`, without a copy."""
        part = slice(first, last)
        counts = self.counts[part]
        start = int(self.starts[first]) if len(counts) else 0
        points = self.points[start : start + int(counts.sum())]
        return Rings(
            points, self.rows[part], self.places[part], self.holes[part], self.starts[part] - start, counts
        )

    def some(self, chosen: Bools) -> Rings:
        """Only these rings."""
        if chosen.all():
            return self
        counts = self.counts[chosen]
        # Several times faster than `[]`.
        points = np.compress(np.repeat(chosen, self.counts), self.points, axis=0)
        return Rings(
            points, self.rows[chosen], self.places[chosen], self.holes[chosen], _starts(counts), counts
        )

    def of_rows(self, rows: Ints) -> Rings:
        """Only the rings of these labels."""
        return self.some(np.isin(self.rows, rows))

    def but_rows(self, rows: Ints) -> Rings:
        """Only the rings of all other labels."""
        return self.some(~np.isin(self.rows, rows)) if len(rows) else self

    def moments(self, rows: Ints) -> tuple[Floats, Floats]:
        """Areas of these labels (sorted), and their first moments, the integrals of x and y, shape (n, 2); by the
        shoelace formula, holes taken away. NaN for labels without rings."""
        x, y = self._from_first()
        cross = self._crossed(x, y)
        sums = (cross / 2, (x + self.after(x)) * cross / 6, (y + self.after(y)) * cross / 6)
        found = np.stack([self._summed(values) for values in sums], axis=1)
        found *= (np.sign(found[:, 0]) * np.where(self.holes, -1, 1))[:, None]
        found[:, 1:] += found[:, :1] * self.points[self.starts]
        totals = np.full((len(rows), 3), np.nan)
        places = np.searchsorted(rows, self.rows)
        totals[places] = 0
        np.add.at(totals, places, found)
        return totals[:, 0], totals[:, 1:]

    def _from_first(self) -> tuple[Floats, Floats]:
        """x and y of the points, as seen from the first of their ring: products of large coordinates would cancel
        badly."""
        x, y = self.points.T
        return x - np.repeat(x[self.starts], self.counts), y - np.repeat(y[self.starts], self.counts)

    def _crossed(self, x: Floats, y: Floats) -> Floats:
        """For each point, as seen from the first of its ring, the cross product with the next one."""
        found = np.zeros_like(x)
        np.multiply(x[:-1], y[1:], out=found[:-1])  # no more temporaries of that size than it takes
        found[:-1] -= x[1:] * y[:-1]
        ends = (
            self.starts + self.counts - 1
        )  # what follows there is the first point itself, and not the next ring
        found[ends] = 0 * (x[ends] + y[ends])
        return found

    def _summed(self, values: Floats) -> Floats:
        """Of values per point their sum in each ring."""
        return np.add.reduceat(values, self.starts) if len(self.starts) else values

    def with_points(self, kept: Bools) -> Rings:
        """Only these points, and the rings that have three of them or more left."""
        if kept.all():
            return self
        counts = np.add.reduceat(kept.astype(np.int64), self.starts)
        thinned = replace(self, points=self.points[kept], starts=_starts(counts), counts=counts)
        return thinned.some(counts >= 3)


def places_among(rows: Ints) -> Ints:
    """For each ring its place among those of its label, whose row (in rising order) each names."""
    return np.arange(len(rows)) - np.searchsorted(rows, rows)


def _starts(counts: Ints) -> Ints:
    return np.asarray(np.cumsum(counts) - counts)
