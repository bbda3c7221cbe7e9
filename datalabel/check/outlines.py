"""The outlines that rules judge, and which of them surely do not cross themselves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from datalabel.check.columns import Bools, Columns
from datalabel.labels.rings import Rings
from datalabel.labels.shapes import FARTHEST


def rings_of(columns: Columns) -> Rings:
    """The rings of every label that encloses something: not beyond `FARTHEST`, points in pairs, three or more in each
    ring, as many as its parts say. Plain labels are left out: what there is to say of their rings is known."""
    near = (np.abs(columns.bounds) <= FARTHEST).all(axis=1)
    drawn = columns.is_kind("polygon", "rotated_box") & ~columns.plain
    rows = np.flatnonzero(drawn & near & ~columns.flat)
    rings = Rings.of(*columns.lists("coords", rows), *columns.lists("parts", rows))
    rings = rings.but_rows(rings.rows[rings.counts < 3])
    return replace(rings, rows=rows[rings.rows])


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
