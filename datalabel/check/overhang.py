"""What of labels lies outside their images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from datalabel.check.columns import TOLERANCE, Bools, Columns, Floats
from datalabel.labels import geometry
from datalabel.labels.arrays import only, side_by_side
from datalabel.labels.frames import sizes_meant
from datalabel.labels.shapes import Shapes, shapes


@dataclass(frozen=True, slots=True)
class Overhang:
    """Arrays with one row per label. Nothing lies outside an image whose size is not known.

    `beyond` is how far it reaches beyond the left, top, right and bottom edge (0: not), shape (n, 4); `sizes` the
    image's width and height that are meant, shape (n, 2). `partly` reaches beyond an edge, `wholly` has nothing
    inside.
    """

    beyond: Floats
    sizes: Floats
    partly: Bools
    wholly: Bools


def overhang_of(columns: Columns) -> Overhang:
    """Masks lie outside only where they are of another size than the image, which is G110's: never here."""
    bounds = only(~columns.is_kind("mask"), columns.placed)
    sizes = sizes_meant(bounds, columns.image_sizes, columns.of_item(columns.turned, False))
    beyond = _excess(bounds, sizes)
    edges = (beyond > 0).sum(axis=1)
    wholly = _apart(bounds, sizes)
    # What goes round a corner, or lies on both sides: its bounds meet the image, and it need not.
    doubtful = np.flatnonzero(~wholly & (edges > 1) & ~columns.is_kind("box"))
    if len(doubtful):
        wholly[doubtful] = _misses(shapes(columns.drawn(doubtful)), sizes[doubtful])
    return Overhang(beyond, sizes, (edges > 0) & ~wholly, wholly)


def _misses(drawn: Shapes, sizes: Floats) -> Bools:
    """Shapes of which nothing lies inside images of these sizes; not what has no shape."""
    import shapely

    slack = sizes * TOLERANCE
    inside = shapely.box(*slack.T, *(sizes - slack).T)
    return np.asarray(~shapely.is_missing(drawn) & ~shapely.intersects(drawn, inside))


def clipped(polygons: pa.Table, sizes: Floats) -> Shapes:
    """What of polygons lies inside images of these sizes, exactly. None where nothing does, and for polygons without
    one meaning: rings cross themselves, or pieces overlap."""
    import shapely

    drawn = shapes(polygons)
    sound = np.isclose(shapely.area(drawn), geometry.area(polygons), rtol=TOLERANCE, atol=0)
    found: Shapes = shapely.intersection(drawn, shapely.box(0, 0, *sizes.T))
    found[~sound | ~(shapely.area(found) > 0)] = None
    return found


def _excess(bounds: Floats, sizes: Floats) -> Floats:
    found = side_by_side(*-bounds[:, :2].T, *(bounds[:, 2:] - sizes).T)
    return np.where(found > np.tile(sizes.T, (2, 1)).T * TOLERANCE, found, 0.0)


def _apart(bounds: Floats, sizes: Floats) -> Bools:
    """Labels that reach beyond an edge and have nothing on the image's side of it."""
    slack = sizes * TOLERANCE
    low, high = np.split(bounds, 2, axis=1)
    before = (low < -slack) & (high <= slack)
    after = (high > sizes + slack) & (low >= sizes - slack)
    return np.asarray((before | after).any(axis=1))
