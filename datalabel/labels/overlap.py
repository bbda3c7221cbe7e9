"""How much labels of one group cover each other, by their bounds, in time that follows what really overlaps."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from datalabel.labels.arrays import one_array, only, rows_of
from datalabel.labels.sorting import order_of, ranks
from datalabel.labels.tables import UNKNOWN

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

GROUPED = ("item", "annotator", "class")

REACH = 1000
"""Each label is compared with so many others at most: those that begin next to it, from left to right."""


def overlaps(labels: pa.Table, corners: Floats) -> Floats:
    """As `nearest_overlaps`, among the labels (columns `GROUPED`) of one item and annotator."""
    items, annotators, classes = (
        one_array(labels.column(name).fill_null(UNKNOWN)).dictionary_encode() for name in GROUPED
    )
    codes = [column.indices.to_numpy().astype(np.int64) for column in (items, annotators, classes)]
    return nearest_overlaps(codes[0] * max(len(annotators.dictionary), 1) + codes[1], codes[2], corners)


def usual(corners: Floats) -> Floats:
    """The bounds, shape (n, 4), but NaN where they are not finite, or of negative size."""
    with np.errstate(all="ignore"):
        sides = corners[:, 2:] - corners[:, :2]
    sound = (np.isfinite(sides) & (sides >= 0)).all(axis=1)
    return only(np.asarray(sound), corners)


def nearest_overlaps(groups: Ints, classes: Ints, corners: Floats) -> Floats:
    """The largest IoU of each label's bounds with another label's of its group, shape (n, 2).

    The first column is over labels of the same class, the second over all. `corners` are x1, y1, x2, y2, shape
    (n, 4); a label without finite bounds, or of negative size, overlaps nothing.

    A sweep from left to right: with the labels of a group in the order of their left edges, a label is compared
    with the next, the one after it, and so on while these still begin left of its right edge. All labels take
    each step at once, so memory stays that of the labels however many overlap.
    """
    found = np.zeros((2, len(groups))).T
    with np.errstate(all="ignore"):
        sides = corners[:, 2:] - corners[:, :2]
    usable = np.flatnonzero((np.isfinite(sides) & (sides > 0)).all(axis=1))
    order = usable[_from_left_to_right(groups[usable], corners[usable, 0])]
    group, name, box = groups[order], classes[order], rows_of(corners, order)
    best = np.zeros((2, len(order))).T
    rows = np.arange(len(order))
    for step in range(1, REACH + 1):
        rows = rows[: np.searchsorted(rows, len(order) - step)]
        others = rows + step
        near = (group[others] == group[rows]) & (box[others, 0] < box[rows, 2])
        rows, others = rows[near], others[near]
        if not len(rows):
            break
        overlap = _ious(rows_of(box, rows), rows_of(box, others))
        alike = np.where(name[rows] == name[others], overlap, 0.0)
        # No row occurs twice on a side, so plain assignment is enough.
        for side in (rows, others):
            best[side, 0] = np.maximum(best[side, 0], alike)
            best[side, 1] = np.maximum(best[side, 1], overlap)
    found[order] = best
    return found


def _from_left_to_right(groups: Ints, lefts: Floats) -> Ints:
    """Group by group, and in each by the left edges."""
    places = ranks(lefts)
    return order_of((groups - groups.min(initial=0)) * (places.max(initial=0) + 1) + places)


def _ious(first: Floats, second: Floats) -> Floats:
    with np.errstate(all="ignore"):
        wide = np.minimum(first[:, 2], second[:, 2]) - np.maximum(first[:, 0], second[:, 0])
        high = np.minimum(first[:, 3], second[:, 3]) - np.maximum(first[:, 1], second[:, 1])
        shared = np.maximum(wide, 0) * np.maximum(high, 0)
        union = _area(first) + _area(second) - shared
        return np.nan_to_num(np.where(union > 0, shared / union, 0.0), posinf=0.0)


def _area(corners: Floats) -> Floats:
    return np.asarray((corners[:, 2] - corners[:, 0]) * (corners[:, 3] - corners[:, 1]))
