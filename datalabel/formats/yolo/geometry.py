"""Numbers of label lines as pixels, and labels in pixels as the numbers of lines, whole columns at a time.

    x = cx·width − w·width/2        cx = (x + w/2) / width        (y and h alike; points: x·width, y·height)

A fraction in float64 carries about 16 digits, so pixels come out of it with noise in the last ones. They are
rounded to `labels.resizing.DECIMALS` places: every coordinate with no more than these comes back exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from datalabel.labels.arrays import one_array, ordinals, positions, values_of
from datalabel.labels.resizing import rounded
from datalabel.labels.rings import Rings

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Numbers = npt.NDArray[Any]

BOX, POLYGON, KEYPOINTS, ROTATED = range(4)
KINDS = ("box", "polygon", "keypoints", "rotated_box")
"""The kind of label that each code stands for."""


@dataclass(frozen=True, slots=True)
class Rows:
    """The numbers of label lines, end to end, without class and confidence.

    `codes` says what each row is, `starts` (one more than there are rows) where its numbers begin; `dims` is
    how many numbers each keypoint has.
    """

    codes: npt.NDArray[np.int8]
    starts: Ints
    values: Floats
    dims: int = 3

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def owners(self) -> Ints:
        """The row of each number."""
        return np.repeat(np.arange(len(self)), np.diff(self.starts))

    def visibilities(self) -> Bools:
        """Which numbers are visibilities of keypoints: they are measured along neither side of the image."""
        return np.asarray(self._axes() == 2) if self._has_points() else np.zeros(len(self.values), np.bool_)

    def along(self, widths: Numbers, heights: Numbers, other: Any) -> Numbers:
        """For each number what belongs to the side of the image that it is measured along, given one value per row
        for each side; `other` for what is measured along neither."""
        if not self._has_points():  # then x and y take turns
            found = np.empty(len(self.values), widths.dtype)
            pairs = np.diff(self.starts) // 2
            found[0::2], found[1::2] = np.repeat(widths, pairs), np.repeat(heights, pairs)
            return found
        owners, axes = self.owners, self._axes()
        return np.where(axes == 0, widths[owners], np.where(axes == 1, heights[owners], other))

    def _has_points(self) -> bool:
        return bool((self.codes == KEYPOINTS).any())

    def _axes(self) -> npt.NDArray[np.int8]:
        """What each number is measured along: 0 the width, 1 the height, 2 nothing (a visibility)."""
        owners = self.owners
        places = ordinals(np.diff(self.starts))
        point = (self.codes[owners] == KEYPOINTS) & (places >= 4)
        return np.where(point, (places - 4) % self.dims, places % 2).astype(np.int8)

    def scales(self, widths: Floats, heights: Floats) -> Floats:
        """By what each number is multiplied to be pixels."""
        return self.along(widths, heights, 1.0)

    def with_values(self, values: Floats) -> Rows:
        """The same rows with other numbers."""
        return Rows(self.codes, self.starts, values, self.dims)


@dataclass(frozen=True, slots=True)
class Shapes:
    """Geometry in pixels: `bounds` has the shape (rows, 4): x, y, w, h; the others are as in `LABELS`."""

    kinds: pa.StringArray
    bounds: Floats
    coords: pa.ListArray
    parts: pa.ListArray


def pixels(rows: Rows, widths: Floats, heights: Floats) -> Shapes:
    """The geometry that lines state, for images of these sizes (one per row)."""
    scaled = rows.values * rows.scales(widths, heights)
    codes = rows.codes
    boxed = np.flatnonzero((codes == BOX) | (codes == KEYPOINTS))
    bounds = np.empty((len(rows), 4))
    center = scaled[rows.starts[boxed][:, None] + np.arange(4)]
    bounds[boxed, :2] = rounded(center[:, :2] - center[:, 2:] / 2)
    bounds[boxed, 2:] = rounded(center[:, 2:])
    coords, lengths = _coords(rows, rounded(scaled))
    outlined = np.flatnonzero((codes == POLYGON) | (codes == ROTATED))
    if len(outlined):
        ends = np.cumsum(lengths)
        bounds[outlined] = _bounds(coords, (ends - lengths)[outlined], lengths[outlined])
    polygons = codes == POLYGON
    return Shapes(
        pa.array(KINDS, pa.string()).take(pa.array(codes)),
        bounds,
        lists(coords, lengths, codes != BOX, pa.float64()),
        lists((lengths[polygons] // 2).astype(np.int32), polygons.astype(np.int64), polygons, pa.int32()),
    )


def _coords(rows: Rows, scaled: Floats) -> tuple[Floats, Ints]:
    """The points of all rows end to end, and how many numbers each row has among them."""
    owners = rows.owners
    places = ordinals(np.diff(rows.starts))
    codes = rows.codes[owners]
    lengths = np.diff(rows.starts) - np.select([rows.codes == BOX, rows.codes == KEYPOINTS], [4, 4], 0)
    points = scaled[(codes != BOX) & ((codes != KEYPOINTS) | (places >= 4))]
    if rows.dims == 3 or not (rows.codes == KEYPOINTS).any():
        return points, lengths
    # Two numbers per point: what stands at the origin is not labelled, as trainers take it.
    pairs = points.reshape(-1, 2)
    seen = np.where((pairs == 0).all(axis=1), 0.0, 2.0)
    return np.column_stack([pairs, seen]).reshape(-1), lengths // 2 * 3


def _bounds(coords: Floats, starts: Ints, lengths: Ints) -> Floats:
    """x, y, w, h of outlines whose points begin at `starts`; each has one point at least."""
    points = coords[positions(starts, lengths)].reshape(-1, 2)
    firsts = np.concatenate(([0], np.cumsum(lengths // 2)[:-1]))
    low, high = np.minimum.reduceat(points, firsts), np.maximum.reduceat(points, firsts)
    return np.concatenate([low, rounded(high - low)], axis=1)


def lists(values: npt.NDArray[np.generic], lengths: Ints, valid: Bools, kind: pa.DataType) -> pa.ListArray:
    """Lists of numbers given end to end; null where not `valid`."""
    offsets = np.concatenate(([0], np.cumsum(lengths))).astype(np.int32)
    missing = np.append(~valid, False)
    return pa.ListArray.from_arrays(pa.array(offsets, mask=missing), pa.array(values, kind))


def fractions(
    labels: pa.Table, codes: npt.NDArray[np.int8], points: tuple[int, int], widths: Floats, heights: Floats
) -> Rows:
    """What lines would say of labels, each written as its code says.

    A label whose kind is another than its code's is written by its bounds, and so is a polygon that is `too_short`.
    Keypoints have `points[0]` points of `points[1]` numbers: those missing are added as not labelled, those too many
    are left out.
    """
    count, dims = points
    bounds = np.column_stack([_floats(labels.column(name)) for name in "xywh"])
    outlined, has_own = (codes == POLYGON) | (codes == ROTATED), _own_outlines(labels, codes)
    corners = _Piece.corners(bounds, np.flatnonzero(outlined & ~has_own))
    outlines = [corners, *_Piece.outlines(labels, np.flatnonzero(has_own))]
    lengths = np.select([codes == BOX, codes == KEYPOINTS], [4, 4 + count * dims], 0).astype(np.int64)
    for piece in outlines:
        lengths[piece.rows] = piece.lengths
    starts = np.concatenate(([0], np.cumsum(lengths)))
    values = np.zeros(int(starts[-1]))
    boxed = np.flatnonzero((codes == BOX) | (codes == KEYPOINTS))
    centered = np.concatenate([bounds[:, :2] + bounds[:, 2:] / 2, bounds[:, 2:]], axis=1)
    values[starts[boxed][:, None] + np.arange(4)] = centered[boxed]
    for piece in outlines:
        piece.put(values, starts[piece.rows])
    keypoints = _Piece.keypoints(codes, labels, count, dims)
    keypoints.put(values, starts[keypoints.rows] + 4)
    rows = Rows(codes, starts, values, dims)
    return rows.with_values(values / rows.scales(widths, heights) + 0.0)


@dataclass(frozen=True, slots=True)
class _Piece:
    """Numbers of some rows, end to end."""

    rows: Ints
    lengths: Ints
    values: Floats

    def put(self, into: Floats, starts: Ints) -> None:
        """Write the numbers of each row from its start."""
        into[positions(starts, self.lengths)] = self.values

    @classmethod
    def corners(cls, bounds: Floats, rows: Ints) -> _Piece:
        """Labels that are written as an outline and have none: the corners of their bounds."""
        x, y, w, h = bounds[rows].T
        values = np.column_stack([x, y, x + w, y, x + w, y + h, x, y + h]).reshape(-1)
        return cls(rows, np.full(len(rows), 8, np.int64), values)

    @classmethod
    def outlines(cls, labels: pa.Table, rows: Ints) -> list[_Piece]:
        """Outlines as they are; rings of several are strung on one."""
        coords, parts = (one_array(labels.column(name)) for name in ("coords", "parts"))
        has_several = values_of(parts, rows)[1] > 1
        single, several = rows[~has_several], rows[has_several]
        values, lengths = values_of(coords, single)
        rings = Rings.of(*values_of(coords, several), *values_of(parts, several))
        counts, points = _strung(rings)
        return [cls(single, lengths, values), cls(several, counts, points.reshape(-1))]

    @classmethod
    def keypoints(cls, codes: npt.NDArray[np.int8], labels: pa.Table, count: int, dims: int) -> _Piece:
        """Points, as many as fit, with as many numbers each as there is room for."""
        rows = np.flatnonzero(_of_kinds(labels, "keypoints") & (codes == KEYPOINTS))
        coords = labels.column("coords").take(pa.array(rows))
        given = _filled(pc.list_value_length(coords))
        values = _floats(pc.list_flatten(coords))
        places = ordinals(given)
        kept = (places < 3 * count) & (places % 3 < dims)
        return cls(rows, np.minimum(given // 3, count) * dims, values[kept])


def _strung(rings: Rings) -> tuple[Ints, Floats]:
    """The rings of each label as one, which returns to its first point after each: filled by the even-odd rule, the
    bridges have no width, holes stay open and pieces apart. How many numbers each label has then, and the points of
    all, shape (points, 2)."""
    later = rings.places > 0
    lengths = rings.counts + 1 + later
    ends = np.cumsum(lengths)
    places = np.empty(int(lengths.sum()), np.int64)
    places[positions(ends - lengths, rings.counts)] = np.arange(len(rings.points))
    places[ends - 1 - later] = rings.starts
    places[ends[later] - 1] = rings.starts[~later][rings.rows[later]]
    return 2 * np.bincount(rings.rows, lengths).astype(np.int64), rings.points[places]


def too_short(labels: pa.Table) -> Bools:
    """Polygons of fewer than three points, by their `parts`: trainers would take the few numbers for a box."""
    rows = np.flatnonzero(_of_kinds(labels, "polygon"))
    parts, lengths = values_of(one_array(labels.column("parts")), rows)
    counts = np.bincount(np.repeat(np.arange(len(rows)), lengths), np.abs(parts), minlength=len(rows))
    found = np.zeros(labels.num_rows, np.bool_)
    found[rows] = counts < 3
    return found


def _own_outlines(labels: pa.Table, codes: npt.NDArray[np.int8]) -> Bools:
    """Labels that are written by an outline of their own."""
    rotated = _of_kinds(labels, "rotated_box")
    polygons = _of_kinds(labels, "polygon") & ~too_short(labels)
    return np.asarray(((codes == POLYGON) & (polygons | rotated)) | ((codes == ROTATED) & rotated))


def _of_kinds(labels: pa.Table, *kinds: str) -> Bools:
    return np.asarray(pc.is_in(labels.column("kind"), value_set=pa.array(kinds)).to_numpy(), np.bool_)


def _floats(column: pa.ChunkedArray) -> Floats:
    return np.asarray(column.to_numpy(), np.float64)


def _filled(column: pa.ChunkedArray) -> Ints:
    return np.asarray(pc.fill_null(column, 0).to_numpy(), np.int64)
