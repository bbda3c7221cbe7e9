"""Labels as valid Shapely geometries, whole columns at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from datalabel.labels.arrays import one_array, values_of
from datalabel.labels.rings import Rings

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Shapes = npt.NDArray[np.object_]

_TANGLED = 200
"""So many expected crossings make a scribble of a ring; a star of twenty slender points has a hundred."""

FARTHEST = 1e12
"""Pixels from the origin. Beyond, GEOS gives up on shapes that meet."""


def shapes(labels: pa.Table) -> Shapes:
    """Labels as valid Shapely geometries, shape (n,); None for masks, categories, and what is not finite or beyond
    `FARTHEST`, has too few points, or parts that are not as many points as there are.

    Of polygons holes follow their shells; several pieces count as their union. A ring that crosses itself covers what
    it goes around; a scribble (see `tangled`) its convex hull. Of keypoints there are the labelled ones.
    """
    found = np.full(labels.num_rows, None, dtype=object)
    for kinds, shaped in _SHAPED:
        rows = np.flatnonzero(pc.is_in(labels.column("kind"), value_set=pa.array(kinds)))
        if len(rows):
            found[rows] = shaped(labels.take(pa.array(rows)))
    return found


def _boxes(labels: pa.Table) -> Shapes:
    import shapely

    x, y, w, h = (labels.column(name).to_numpy() for name in "xywh")
    with np.errstate(all="ignore"):
        corners = np.stack([x, y, x + w, y + h])
    near = (np.abs(corners) <= FARTHEST).all(axis=0)
    found = np.full(labels.num_rows, None, dtype=object)
    found[near] = _valid(shapely.box(*corners[:, near]))
    return found


def _outlines(labels: pa.Table) -> Shapes:
    found = np.full(labels.num_rows, None, dtype=object)
    pieces, owners = _pieces(labels)
    several = np.bincount(owners, minlength=len(found))[owners] > 1
    found[owners[~several]] = pieces[~several]
    for owner, whole in _united(pieces[several], owners[several]):
        found[owner] = whole
    return found


def _lines(labels: pa.Table) -> Shapes:
    import shapely

    strokes = _rings(labels, 2)
    lines = shapely.linestrings(strokes.points, indices=strokes.owners)
    found = np.full(labels.num_rows, None, dtype=object)
    rows, ranks = np.unique(strokes.rows, return_inverse=True)
    found[rows] = shapely.multilinestrings(lines, indices=ranks)
    return found


def _keypoints(labels: pa.Table) -> Shapes:
    import shapely

    coords = labels.column("coords").combine_chunks()
    lengths = _lengths(coords)
    whole = lengths % 3 == 0
    x, y, seen = coords.flatten().to_numpy(zero_copy_only=False)[np.repeat(whole, lengths)].reshape(-1, 3).T
    labelled = (seen > 0) & (np.abs(x) <= FARTHEST) & (np.abs(y) <= FARTHEST)
    owners = np.repeat(np.arange(len(whole)), np.where(whole, lengths // 3, 0))[labelled]
    found = np.full(labels.num_rows, None, dtype=object)
    rows, ranks = np.unique(owners, return_inverse=True)
    found[rows] = shapely.multipoints(shapely.points(x[labelled], y[labelled]), indices=ranks)
    return found


_SHAPED = (
    (["box"], _boxes),
    (["polygon", "rotated_box"], _outlines),
    (["polyline"], _lines),
    (["keypoints"], _keypoints),
)
"""How the kinds that have a shape get it."""


def tangled(outlines: Shapes) -> Bools:
    """Rings so long for the room that they take that they can only be a scribble.

    A ring of this length and random course would cross itself `_TANGLED` times (length² / (π · area)); GEOS takes
    seconds to sort out a few thousand crossings, and more memory than there is for a few million.
    """
    import shapely

    low_x, low_y, high_x, high_y = shapely.bounds(outlines).T
    room = np.pi * (high_x - low_x) * (high_y - low_y)
    return np.asarray((room > 0) & (shapely.length(outlines) ** 2 > _TANGLED * room))


def _pieces(labels: pa.Table) -> tuple[Shapes, Ints]:
    """Valid shells with their holes, and the row (ascending) of each."""
    import shapely

    rings = _rings(labels, 3)
    outlines = shapely.linearrings(rings.points, indices=rings.owners)
    # A hole belongs to the shell before it; where a row begins with one, it is its shell.
    shell = ~rings.holes | (np.diff(rings.rows, prepend=-1) != 0)
    pieces = shapely.polygons(outlines, indices=np.cumsum(shell) - 1)
    return _valid(pieces), rings.rows[shell]


def _rings(labels: pa.Table, fewest: int) -> Rings:
    """The rings or lines of labels, without those of fewer points, and without those of labels that are not finite or
    too far away."""
    every = np.arange(labels.num_rows)
    coords, parts = (values_of(one_array(labels.column(name)), every) for name in ("coords", "parts"))
    rings = Rings.of(*coords, *parts)
    far = ~(np.abs(rings.points) <= FARTHEST).all(axis=1)
    if far.any():
        rings = rings.but_rows(rings.rows[rings.owners[far]])
    return rings.some(rings.counts >= fewest)


def _lengths(column: pa.ListArray) -> Ints:
    return np.asarray(pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False), np.int64)


def _valid(polygons: Shapes) -> Shapes:
    import shapely

    broken = np.flatnonzero(~shapely.is_valid(polygons))
    scribbles = tangled(polygons[broken])
    polygons[broken[scribbles]] = shapely.convex_hull(polygons[broken[scribbles]])
    rest = broken[~scribbles]
    polygons[rest] = shapely.make_valid(polygons[rest], method="structure", keep_collapsed=False)
    return polygons


def _united(pieces: Shapes, owners: Ints) -> list[tuple[int, Any]]:
    """The pieces of each row as one geometry. Pieces apart, as nearly all are, only need to be put together."""
    import shapely

    rows, ranks = np.unique(owners, return_inverse=True)
    plain = np.bincount(ranks, weights=shapely.get_type_id(pieces) != 3, minlength=len(rows)) == 0
    whole = np.full(len(rows), None, dtype=object)
    chosen = plain[ranks]
    whole[plain] = shapely.multipolygons(pieces[chosen], indices=(np.cumsum(plain) - 1)[ranks[chosen]])
    for rank in np.flatnonzero(~plain | ~shapely.is_valid(whole)).tolist():
        whole[rank] = shapely.union_all(pieces[ranks == rank])
    return list(zip(rows.tolist(), whole, strict=True))
