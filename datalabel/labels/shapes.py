"""Labels as valid Shapely geometries, whole columns at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Shapes = npt.NDArray[np.object_]

_OUTLINED = pa.array(["polygon", "rotated_box"])
_TANGLED = 200
"""So many expected crossings make a scribble of a ring; a star of twenty slender points has a hundred."""


def shapes(labels: pa.Table) -> Shapes:
    """Boxes, polygons and rotated boxes as valid Shapely geometries, shape (n,); empty for what is neither, is not
    finite, or whose parts are not as many points as there are.

    Holes follow their shells; several pieces count as their union. A ring that crosses itself covers what it goes
    around; a scribble (see `tangled`) its convex hull.
    """
    import shapely

    found = np.full(labels.num_rows, shapely.Polygon(), dtype=object)
    boxes = np.flatnonzero(pc.equal(labels.column("kind"), "box"))
    sides = [labels.column(name).to_numpy()[boxes] for name in "xywh"]
    with np.errstate(all="ignore"):
        corners = np.stack([*sides[:2], sides[0] + sides[2], sides[1] + sides[3]])
    finite = np.isfinite(corners).all(axis=0)
    found[boxes[finite]] = _valid(shapely.box(*corners[:, finite]))
    rows = np.flatnonzero(pc.is_in(labels.column("kind"), value_set=_OUTLINED))
    pieces, owners = _pieces(labels.take(pa.array(rows)))
    several = np.bincount(owners, minlength=len(rows))[owners] > 1
    found[rows[owners[~several]]] = pieces[~several]
    for owner, whole in _united(pieces[several], owners[several]):
        found[rows[owner]] = whole
    return found


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

    points, sizes, owners = _rings(labels)
    rings = shapely.linearrings(points, indices=np.repeat(np.arange(len(sizes)), np.abs(sizes)))
    # A hole belongs to the shell before it; where a row begins with one, it is its shell.
    shell = (sizes > 0) | (np.diff(owners, prepend=-1) != 0)
    pieces = shapely.polygons(rings, indices=np.cumsum(shell) - 1)
    return _valid(pieces), owners[shell]


def _rings(labels: pa.Table) -> tuple[npt.NDArray[np.float64], Ints, Ints]:
    """Points end to end, shape (n, 2); how many each ring has (negative: a hole) and its row. Without rings of fewer
    than three points, and without rows that are not finite or whose parts do not fit."""
    coords, parts = (labels.column(name).combine_chunks() for name in ("coords", "parts"))
    lengths, counts = (_lengths(column) for column in (coords, parts))
    values = coords.flatten().to_numpy(zero_copy_only=False)
    rows = np.arange(labels.num_rows)
    implicit = (counts == 0) & (lengths > 0)  # no parts given: all points are one ring
    sizes = np.concatenate(
        [parts.flatten().to_numpy(zero_copy_only=False).astype(np.int64), lengths[implicit] // 2]
    )
    owners = np.concatenate([np.repeat(rows, counts), rows[implicit]])
    order = np.argsort(owners, kind="stable")
    sizes, owners = sizes[order], owners[order]
    told = np.bincount(owners, weights=np.abs(sizes), minlength=len(rows)).astype(np.int64)
    odd = np.bincount(np.repeat(rows, lengths), weights=~np.isfinite(values), minlength=len(rows)) > 0
    sound = (told * 2 == lengths) & ~odd
    points = values[np.repeat(sound, lengths)].reshape(-1, 2)
    sizes, owners = sizes[sound[owners]], owners[sound[owners]]
    drawn = np.abs(sizes) >= 3
    return points[np.repeat(drawn, np.abs(sizes))], sizes[drawn], owners[drawn]


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
