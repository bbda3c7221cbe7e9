"""The geometry of labels, computed over columns: bounds, areas and overlap.

Everything is computed from the geometry itself, never from the recorded `x y w h` of a polygon or mask: a
published set's boxes can be wrong. Absurd geometry (not finite, negative, self-intersecting) never raises.

Where a table carries `MEASURES`, bounds and area of the labels that were measured are taken from there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from datalabel.labels import rle
from datalabel.labels.arrays import one_array, rows_of, side_by_side, values_of
from datalabel.labels.rings import Rings
from datalabel.labels.rows import with_column
from datalabel.labels.shapes import Shapes, shapes
from datalabel.labels.tables import GEOMETRY, KINDS, MEASURES
from datalabel.threads import in_order

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]
Bools = npt.NDArray[np.bool_]

SOLID = ("box", "rotated_box", "polygon", "mask")
"""Kinds that enclose an area."""
_DRAWN = tuple(kind for kind in KINDS if kind != "category")
_RINGS = ("polygon", "rotated_box")
_PAIRS = 1024
"""So many pairs of shapes are intersected at a time."""
_SHAPE = {"kind", *GEOMETRY, *MEASURES.names}
THIN = 1.0
"""Pixels by which the bounds of lines and keypoints are widened, so that a straight line has an area."""


def bounds(labels: pa.Table) -> Floats:
    """True bounds of each label: x1, y1, x2, y2 in pixels, shape (n, 4).

    Boxes as recorded; coordinates for polygons, lines and rotated boxes; labelled points for keypoints; the
    run-length code for masks. NaN where there is nothing (a category, an empty mask).
    """
    found, are, asked = _known(labels, "left", "top", "right", "bottom"), _kinds(labels), ~measured(labels)
    boxes = np.flatnonzero(are("box"))
    if len(boxes):
        found[boxes] = _recorded(labels, boxes)
    for names, stride in ((("polygon", "rotated_box", "polyline"), 2), (("keypoints",), 3)):
        rows = np.flatnonzero(are(*names) & asked)
        if len(rows):
            found[rows] = _point_bounds(labels, rows, stride)
    masks = np.flatnonzero(are("mask") & asked)
    if len(masks):
        found[masks] = _mask_bounds(labels, masks)
    return found


def with_bounds(labels: pa.Table, corners: Floats) -> pa.Table:
    """The labels with these bounds (x1, y1, x2, y2), shape (n, 4), recorded as theirs."""
    with np.errstate(all="ignore"):
        sizes = side_by_side(*corners[:, :2].T, *(corners[:, 2:] - corners[:, :2]).T)
    for name, values in zip("xywh", sizes.T, strict=True):
        labels = with_column(labels, name, pa.array(values, pa.float64()))
    return labels


def area(labels: pa.Table) -> Floats:
    """The area of each label in square pixels, shape (n,).

    Width times height for boxes, the shoelace formula for rings (pieces added, holes taken away), set pixels
    for masks; 0 for lines, keypoints and categories.
    """
    are, asked = _kinds(labels), ~measured(labels)
    found = np.where(asked, 0.0, _known(labels, "area")[:, 0])
    boxes = np.flatnonzero(are("box"))
    if len(boxes):
        w, h = (labels.column(name).to_numpy()[boxes] for name in "wh")
        with np.errstate(all="ignore"):
            found[boxes] = w * h
    rings = np.flatnonzero(are(*_RINGS) & asked)
    if len(rings):
        found[rings] = _ring_areas(labels, rings)
    masks = np.flatnonzero(are("mask") & asked)
    if len(masks):
        found[masks] = [rle.area(counts) for counts, _ in _runs(labels, masks)]
    return found


def covered(labels: pa.Table) -> Floats:
    """The area that each box, polygon and rotated box covers by its exact shape, shape (n,): `area` is another where
    rings cross themselves, or holes and pieces overlap. 0 for lines and keypoints; NaN where there is no shape."""
    import shapely

    with np.errstate(all="ignore"):
        return np.asarray(shapely.area(shapes(labels)))


def ious(left: pa.Table, left_rows: Rows, right: pa.Table, right_rows: Rows) -> Floats:
    """Intersection over union of pairs of labels, shape (m,), each in 0…1, as `shared_areas` measures them. Geometry
    that is not finite overlaps nothing."""
    return iou_of(shared_areas(left, left_rows, right, right_rows))


def iou_of(areas: Floats) -> Floats:
    """Intersection over union of pairs, shape (m,), from their `shared_areas`."""
    shared, one, other = areas
    with np.errstate(all="ignore"):
        union = one + other - shared
        found = np.where(union > 0, shared / union, 0.0)
    return np.asarray(np.clip(np.nan_to_num(found, nan=0.0, posinf=0.0, neginf=0.0), 0.0, 1.0))


def shared_areas(left: pa.Table, left_rows: Rows, right: pa.Table, right_rows: Rows) -> Floats:
    """What the labels of each pair share, and what each of the two covers, in square pixels, shape (3, m); all 0
    where they are far apart.

    Boxes by their corners; boxes, polygons and rotated boxes among each other by their exact shapes; masks of
    one size by their pixels. What has no area of its own (lines, keypoints), and a mask with something else,
    is measured by bounds, widened by half a pixel on each side. Two categories share the same 1; a category
    and anything else nothing.
    """
    found = np.zeros((3, len(left_rows)))
    (left, left_rows), (right, right_rows) = _distinct(left, left_rows), _distinct(right, right_rows)
    first, second = _kinds(left), _kinds(right)

    def both(*kinds: str) -> Bools:
        return np.asarray(first(*kinds)[left_rows] & second(*kinds)[right_rows])

    found[:, both("category")] = 1.0
    boxes, masks = both("box"), both("mask")
    shapes = both("box", *_RINGS) & ~boxes
    rest = both(*_DRAWN) & ~boxes & ~shapes & ~masks
    for chosen, compare in (
        (boxes, _of_boxes),
        (shapes, _of_shapes),
        (masks, _of_masks),
        (rest, _of_bounds),
    ):
        where = np.flatnonzero(chosen)
        if len(where):
            found[:, where] = compare(_distinct(left, left_rows[where]), _distinct(right, right_rows[where]))
    return found


# Columns


def measured(labels: pa.Table) -> Bools:
    """Which labels carry their `MEASURES`."""
    if "plain" not in labels.column_names:
        return np.zeros(labels.num_rows, np.bool_)
    return np.asarray(labels.column("plain").is_valid().to_numpy())


def _kinds(labels: pa.Table) -> Callable[..., Bools]:
    """Tells which labels are of some kinds."""
    encoded = one_array(labels.column("kind")).dictionary_encode()
    kinds, codes = encoded.dictionary.to_pylist(), encoded.indices.to_numpy(zero_copy_only=False)

    def are(*wanted: str) -> Bools:
        return np.asarray(np.array([kind in wanted for kind in kinds], np.bool_)[codes])

    return are


def _known(labels: pa.Table, *names: str) -> Floats:
    """What was measured, a column for each name; NaN where nothing was."""
    if "plain" not in labels.column_names:
        return np.full((len(names), labels.num_rows), np.nan).T
    return side_by_side(*(labels.column(name).to_numpy() for name in names))


def _recorded(labels: pa.Table, rows: Rows) -> Floats:
    part = labels.select(["x", "y", "w", "h"]).take(pa.array(rows))
    x, y, w, h = (part.column(name).to_numpy() for name in ("x", "y", "w", "h"))
    with np.errstate(all="ignore"):
        return side_by_side(x, y, x + w, y + h)


def _lists(labels: pa.Table, rows: Rows, name: str) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
    """The values of a list column end to end, and how many each row has."""
    return values_of(one_array(labels.column(name)), rows)


def _point_bounds(labels: pa.Table, rows: Rows, stride: int) -> Floats:
    values, lengths = _lists(labels, rows, "coords")
    found = np.full((len(rows), 4), np.nan)
    whole = lengths % stride == 0
    counts = np.where(whole, lengths // stride, 0)
    points = _of_rows(values, lengths, whole).reshape(-1, stride)
    if stride == 3:
        labelled = points[:, 2] > 0
        counts = np.bincount(np.repeat(np.arange(len(rows)), counts)[labelled], minlength=len(rows))
        points = points[labelled]
    drawn = np.flatnonzero(counts)
    if len(drawn):
        starts = (np.cumsum(counts) - counts)[drawn]
        found[drawn, :2] = np.minimum.reduceat(points[:, :2], starts)
        found[drawn, 2:] = np.maximum.reduceat(points[:, :2], starts)
    return found


def _of_rows(
    values: npt.NDArray[np.generic], lengths: npt.NDArray[np.int64], chosen: Bools
) -> npt.NDArray[Any]:
    """The values of these rows only; where that is all of them, nothing is copied."""
    return values if chosen.all() else values[np.repeat(chosen, lengths)]


def _runs(labels: pa.Table, rows: Rows) -> list[tuple[rle.Counts, tuple[int, int]]]:
    """The runs and size (height, width) of each mask; a mask whose code is not sound counts as empty."""
    found: list[tuple[rle.Counts, tuple[int, int]]] = []
    for row in labels.take(pa.array(rows)).select(["rle", "parts"]).to_pylist():
        height, width = row["parts"] if row["parts"] and len(row["parts"]) == 2 else (0, 0)
        try:
            counts = rle.decode(row["rle"] or "")
        except ValueError:
            counts = np.zeros(0, np.int64)
        sound = len(counts) and height > 0 and rle.fault(counts, height, width) is None
        found.append((counts, (height, width)) if sound else (np.zeros(0, np.int64), (0, 0)))
    return found


def _mask_bounds(labels: pa.Table, rows: Rows) -> Floats:
    found = np.full((len(rows), 4), np.nan)
    for index, (counts, (height, _)) in enumerate(_runs(labels, rows)):
        if rle.area(counts):
            x, y, w, h = rle.bounds(counts, height)
            found[index] = (x, y, x + w, y + h)
    return found


def _ring_areas(labels: pa.Table, rows: Rows) -> Floats:
    """What the rings of each row enclose, holes taken away."""
    rings = Rings.of(*_lists(labels, rows, "coords"), *_lists(labels, rows, "parts"))
    rings = rings.some(rings.counts > 0)
    with np.errstate(all="ignore"):
        return np.bincount(rings.rows, rings.areas, minlength=len(rows)).astype(np.float64)


# Overlap of pairs


def _of_corners(first: Floats, second: Floats) -> Floats:
    with np.errstate(all="ignore"):
        low, high = np.maximum(first[:, :2], second[:, :2]), np.minimum(first[:, 2:], second[:, 2:])
        sides = np.clip(high - low, 0, None)
        return np.stack([sides[:, 0] * sides[:, 1], _sizes(first), _sizes(second)])


def _sizes(corners: Floats) -> Floats:
    return np.clip(corners[:, 2] - corners[:, 0], 0, None) * np.clip(corners[:, 3] - corners[:, 1], 0, None)


_Side = tuple[pa.Table, Rows]
"""One side of pairs: labels, and for each pair a row. What a comparison takes is made once for each label."""


def _distinct(labels: pa.Table, rows: Rows) -> _Side:
    """Only the labels of these rows, each once, and where they are now."""
    wanted, places = np.unique(rows, return_inverse=True)
    shapes = labels.select([name for name in labels.column_names if name in _SHAPE])
    return shapes if len(wanted) == len(shapes) else shapes.take(pa.array(wanted)), places.reshape(-1)


def _of_boxes(*sides: _Side) -> Floats:
    return _of_corners(*(rows_of(_recorded(labels, np.arange(len(labels))), rows) for labels, rows in sides))


def _of_bounds(*sides: _Side) -> Floats:
    widen = np.array([-THIN / 2, -THIN / 2, THIN / 2, THIN / 2])
    return _of_corners(*(rows_of(bounds(labels) + widen, rows) for labels, rows in sides))


def _of_shapes(left: _Side, right: _Side) -> Floats:
    import shapely

    found = np.zeros((3, len(left[1])))
    near = _of_corners(*(rows_of(bounds(labels), rows) for labels, rows in (left, right)))[0]
    meeting = np.flatnonzero(near > 0)
    if len(meeting):
        (one, first), (other, second) = (_distinct(labels, rows[meeting]) for labels, rows in (left, right))
        ones, others = shapes(one), shapes(other)
        with np.errstate(all="ignore"):
            sizes = shapely.area(ones)[first], shapely.area(others)[second]
            found[:, meeting] = [_intersections(ones[first], others[second]), *sizes]
    return found


def _intersections(first: Shapes, second: Shapes) -> Floats:
    """The areas that pairs of shapes share; of many pairs computed by two threads."""
    import shapely

    def shared(start: int) -> Floats:
        part = slice(start, start + _PAIRS)
        return np.asarray(shapely.area(shapely.intersection(first[part], second[part])))

    starts = range(0, len(first), _PAIRS)
    return np.concatenate([*(in_order(shared, starts) if len(starts) > 1 else map(shared, starts))])


def _of_masks(left: _Side, right: _Side) -> Floats:
    """By pixels, for masks of one size; masks of two sizes, and empty ones, share nothing."""
    first, second = (_runs(labels, np.arange(len(labels))) for labels, _ in (left, right))
    pairs = ((first[one], second[other]) for one, other in zip(left[1], right[1], strict=True))
    none = (0, 0, 0)
    found = [_of_runs(a, b) if size == other and len(a) else none for (a, size), (b, other) in pairs]
    return np.array(found, np.float64).T


def _of_runs(first: rle.Counts, second: rle.Counts) -> tuple[int, int, int]:
    """Pixels that two masks of one size share, and those of each, from their runs, without unfolding a pixel."""
    edges = [np.cumsum(counts) for counts in (first, second)]
    cuts = np.unique(np.concatenate([[0], *edges]))
    lengths = np.diff(cuts)
    one, other = (np.searchsorted(edge, cuts[:-1], side="right") % 2 == 1 for edge in edges)
    return int(lengths[one & other].sum()), int(lengths[one].sum()), int(lengths[other].sum())
