"""How alike two sets of keypoints are."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from datalabel.labels.arrays import ordinals
from datalabel.labels.geometry import Floats, Rows, bounds

COCO_SIGMAS = np.array(
    [26, 25, 25, 35, 35, 79, 79, 72, 72, 62, 62, 107, 107, 87, 87, 89, 89], np.float64
) / 1000  # fmt: skip
"""How far people put each of COCO's 17 points apart, in fractions of the square root of the object's area."""

FILLED = 0.53
"""The share of its bounding box that an object fills, where its own area is not known."""


def oks(left: pa.Table, left_rows: Rows, right: pa.Table, right_rows: Rows) -> Floats:
    """Object keypoint similarity of pairs of labels of the kind `keypoints`, shape (m,), each in 0…1.

    The mean of exp(−d² / (2 s² k²)) over the points that either label has; a point that only one has counts
    as 0. d is the distance in pixels, s² the object's area (the mean of both), k twice the point's sigma.
    With 17 points the sigmas are COCO's, else their mean. Two different numbers of points: 0.
    Source: https://cocodataset.org/#keypoints-eval, which takes the points of the ground truth only; here
    neither side is the truth.
    """
    first, second = left.take(pa.array(left_rows)), right.take(pa.array(right_rows))
    sizes = [_points(one) for one in (first, second)]
    comparable = np.flatnonzero((sizes[0] == sizes[1]) & (sizes[0] > 0))
    found = np.zeros(len(left_rows))
    if not len(comparable):
        return found
    first, second = (one.take(pa.array(comparable)) for one in (first, second))
    points = sizes[0][comparable]
    owner = np.repeat(np.arange(len(points)), points)
    one, other = (_coords(table) for table in (first, second))
    with np.errstate(all="ignore"):
        apart = ((one[:, :2] - other[:, :2]) ** 2).sum(axis=1)
        area = (_areas(first) + _areas(second)) / 2
        spread = 2 * area[owner] * (2 * _sigmas(points)) ** 2
        alike = np.where(apart == 0, 1.0, np.exp(-apart / spread))
    either = (one[:, 2] > 0) | (other[:, 2] > 0)
    both = (one[:, 2] > 0) & (other[:, 2] > 0)
    total = np.bincount(owner, weights=np.nan_to_num(np.where(both, alike, 0.0)), minlength=len(points))
    found[comparable] = total / np.maximum(np.bincount(owner, weights=either, minlength=len(points)), 1)
    return found


def reach(labels: pa.Table, least: float) -> Floats:
    """How far beyond the bounds of its points each label of the kind `keypoints` may still be as alike as `least` to
    another one, in pixels, shape (n,): two whose bounds, widened by this, are apart have a lower OKS. 0 for others.

    One pair of points at least is as alike as the mean of all, which is `least` or more: d² ≤ −2 ln(least) s² k²,
    and as s² is the mean of both areas, √2 s is no more than the sum of their roots.
    """
    found = np.zeros(labels.num_rows)
    rows = np.flatnonzero(pc.equal(labels.column("kind"), "keypoints"))
    if len(rows):
        spread = 2 * COCO_SIGMAS.max() * np.sqrt(-np.log(least))
        found[rows] = spread * np.sqrt(np.nan_to_num(_areas(labels.take(pa.array(rows))), posinf=0.0))
    return found


def _points(labels: pa.Table) -> npt.NDArray[np.int64]:
    """How many points each label has; 0 where the numbers do not come in threes."""
    lengths = _integers(pc.fill_null(pc.list_value_length(labels.column("coords")), 0))
    return np.where(lengths % 3 == 0, lengths // 3, 0)


def _coords(labels: pa.Table) -> Floats:
    values = labels.column("coords").combine_chunks().flatten()
    return np.asarray(values.to_numpy(zero_copy_only=False), np.float64).reshape(-1, 3)


def _areas(labels: pa.Table) -> Floats:
    """Square pixels of each object: part of the recorded box, or of the points' bounds where there is none."""
    recorded = [pc.fill_null(labels.column(name), np.nan).to_numpy() for name in ("w", "h")]
    corners = bounds(labels)
    spans = (corners[:, 2] - corners[:, 0]) * (corners[:, 3] - corners[:, 1])
    boxes = recorded[0] * recorded[1]
    areas: Floats = FILLED * np.where(np.isfinite(boxes) & (boxes > 0), boxes, spans)
    return areas


def _sigmas(points: npt.NDArray[np.int64]) -> Floats:
    """The sigma of every point of labels that have so many points each."""
    position = ordinals(points)
    person = np.repeat(points == len(COCO_SIGMAS), points)
    sigmas: Floats = np.where(person, COCO_SIGMAS[position % len(COCO_SIGMAS)], COCO_SIGMAS.mean())
    return sigmas


def _integers(column: Any) -> npt.NDArray[np.int64]:
    return np.asarray(column.to_numpy()).astype(np.int64)
