"""The rings of polygons and rotated boxes as one run of points, measured together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from datalabel.check.columns import Bools, Columns, Floats, Ints
from datalabel.labels.shapes import FARTHEST


@dataclass(frozen=True, slots=True)
class Rings:
    """Rings end to end. Arrays with one entry per ring, but for `points`, shape (points of all rings, 2).

    `rows` is the label of each ring, `places` its place among the label's rings, `holes` whether it is a hole
    in the ring before it; `starts` and `counts` are its points, of which there is one at least.
    """

    points: Floats
    rows: Ints
    places: Ints
    holes: Bools
    starts: Ints
    counts: Ints

    @property
    def bounds(self) -> Floats:
        """x1, y1, x2, y2 of each ring, shape (n, 4)."""
        ends = (find.reduceat(self.points, self.starts) for find in (np.minimum, np.maximum))
        return np.concatenate([*ends], axis=1)

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
        counts = self.counts[chosen]
        # Several times faster than `[]`.
        points = np.compress(np.repeat(chosen, self.counts), self.points, axis=0)
        return Rings(
            points, self.rows[chosen], self.places[chosen], self.holes[chosen], _starts(counts), counts
        )

    def of_rows(self, rows: Ints) -> Rings:
        """Only the rings of these labels."""
        return self.some(np.isin(self.rows, rows))

    def moments(self, rows: Ints) -> tuple[Floats, Floats]:
        """Areas of these labels (sorted), and their first moments, the integrals of x and y, shape (n, 2); by the
        shoelace formula, holes taken away. NaN for labels without rings."""
        origins = self.points[self.starts]
        here = self.points - np.repeat(origins, self.counts, axis=0)
        after = self.after(here)
        cross = (here[:, 0] * after[:, 1] - after[:, 0] * here[:, 1])[:, None]
        sums = np.concatenate([cross / 2, (here + after) * cross / 6], axis=1)
        found = np.add.reduceat(sums, self.starts) if len(self.starts) else sums
        found *= (np.sign(found[:, 0]) * np.where(self.holes, -1, 1))[:, None]
        found[:, 1:] += found[:, :1] * origins
        totals = np.full((len(rows), 3), np.nan)
        places = np.searchsorted(rows, self.rows)
        totals[places] = 0
        np.add.at(totals, places, found)
        return totals[:, 0], totals[:, 1:]

    def with_points(self, kept: Bools) -> Rings:
        """Only these points, and the rings that have three of them or more left."""
        if kept.all():
            return self
        counts = np.add.reduceat(kept.astype(np.int64), self.starts)
        thinned = Rings(self.points[kept], self.rows, self.places, self.holes, _starts(counts), counts)
        return thinned if (counts >= 3).all() else thinned.some(counts >= 3)


def rings_of(columns: Columns) -> Rings:
    """The rings of every label that encloses something: not beyond `FARTHEST`, points in pairs, three or more in each
    ring, as many as its parts say. Plain labels are left out: what there is to say of their rings is known."""
    near = (np.abs(columns.bounds) <= FARTHEST).all(axis=1)
    drawn = columns.is_kind("polygon", "rotated_box") & ~columns.plain
    rows = np.flatnonzero(drawn & near & ~columns.flat)
    values, lengths = columns.lists("coords", rows)
    parts, pieces = columns.lists("parts", rows)
    single = pieces == 0
    sizes = np.concatenate([parts.astype(np.int64), lengths[single] // 2])
    owners = np.concatenate([np.repeat(np.arange(len(rows)), pieces), np.flatnonzero(single)])
    order = np.argsort(owners, kind="stable")
    sizes, owners = sizes[order], owners[order]
    counts = np.abs(sizes)
    told = np.bincount(owners, weights=counts, minlength=len(rows)).astype(np.int64)
    short = np.bincount(owners, weights=counts < 3, minlength=len(rows)) > 0
    sound = (lengths % 2 == 0) & (told == lengths // 2) & ~short
    if not sound.all():
        kept = sound[owners]
        counts, sizes, owners = counts[kept], sizes[kept], owners[kept]
        values = values[np.repeat(sound, lengths)]
    places = np.arange(len(owners)) - np.searchsorted(owners, owners)
    return Rings(values.reshape(-1, 2), rows[owners], places, sizes < 0, _starts(counts), counts)


def surely_simple(rings: Rings) -> Bools:
    """Rings that cannot cross themselves: seen from the mean of their points they go round once, and always on.

    All convex rings pass, and most outlines of plain objects; of the others nothing is known. Every two
    neighbouring points must differ.
    """
    if not len(rings.counts):
        return np.zeros(0, np.bool_)
    middle = np.add.reduceat(rings.points, rings.starts, axis=0) / rings.counts[:, None]
    x, y = (rings.points[:, side] - np.repeat(middle[:, side], rings.counts) for side in (0, 1))
    next_x, next_y = rings.after(x), rings.after(y)
    turn = x * next_y - next_x * y
    low, high = np.minimum.reduceat(turn, rings.starts), np.maximum.reduceat(turn, rings.starts)
    # A ring that always goes on crosses the line through the middle upwards once each time round.
    upwards = np.add.reduceat(((y < 0) & (next_y >= 0)).astype(np.int64), rings.starts)
    # Nearly no turn may be one the other way, were it not for rounding.
    extent = np.maximum.reduceat(x * x + y * y, rings.starts) * 1e-12
    return np.asarray(((low > extent) | (high < -extent)) & (upwards == 1))


def _starts(counts: Ints) -> Ints:
    return np.asarray(np.cumsum(counts) - counts)
