"""Labels of one kind drawn as another, over columns: what can be computed from the geometry alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from datalabel.labels import geometry
from datalabel.labels.rows import constant, with_column
from datalabel.labels.shapes import shapes

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


def redrawn(labels: pa.Table, old: str, new: str) -> tuple[pa.Table, Bools]:
    """Labels of kind `old` as kind `new`, and which of them have a geometry that allows it.

    The rows that do not (an empty mask, numbers that are not finite) are to be left as they were.

    Raises:
        KeyError: the one cannot be computed from the other (see `CONVERSIONS`).
    """
    with np.errstate(all="ignore"):
        changed, able = CONVERSIONS[old, new](labels)
    return with_column(changed, "kind", constant(new, labels.num_rows)), able


def _to_box(labels: pa.Table) -> tuple[pa.Table, Bools]:
    """The true bounds, whatever was recorded."""
    corners = geometry.bounds(labels)
    able: Bools = np.asarray(np.isfinite(corners).all(axis=1))
    return _shaped(geometry.with_bounds(labels, corners), None, None), able


def _box_to_corners(labels: pa.Table) -> tuple[pa.Table, Bools]:
    """Clockwise from the top left, as drawn on a screen."""
    corners = geometry.bounds(labels)
    x1, y1, x2, y2 = corners.T
    ring = np.stack([x1, y1, x2, y1, x2, y2, x1, y2], axis=1)
    able: Bools = np.isfinite(corners).all(axis=1) & (x1 <= x2) & (y1 <= y2)
    return _shaped(labels, ring, 4), able


def _same_corners(labels: pa.Table) -> tuple[pa.Table, Bools]:
    return labels, np.ones(labels.num_rows, np.bool_)


def _to_rotated_box(labels: pa.Table) -> tuple[pa.Table, Bools]:
    """The smallest rectangle around the outline."""
    import shapely

    around = shapely.minimum_rotated_rectangle(shapes(labels))
    able: Bools = np.asarray(shapely.get_num_coordinates(around) == 5)
    ring = np.full((labels.num_rows, 8), np.nan)
    points = shapely.get_coordinates(around[able]).reshape(-1, 5, 2)
    ring[able] = points[:, :4].reshape(-1, 8)
    corners = np.concatenate([ring.reshape(-1, 4, 2).min(axis=1), ring.reshape(-1, 4, 2).max(axis=1)], axis=1)
    return _shaped(geometry.with_bounds(labels, corners), ring, 4), able


def _shaped(labels: pa.Table, ring: Floats | None, points: int | None) -> pa.Table:
    """With one ring of so many points each, or with none; no mask."""
    rows = labels.num_rows
    fields = {name: labels.schema.field(name).type for name in ("coords", "parts", "rle")}
    columns = {name: pa.nulls(rows, kind) for name, kind in fields.items()}
    if ring is not None and points is not None:
        columns["coords"] = _lists(pa.array(ring.ravel(), pa.float64()), rows, 2 * points)
        columns["parts"] = _lists(pa.array(np.full(rows, points), pa.int32()), rows, 1)
    for name, column in columns.items():
        labels = with_column(labels, name, column)
    return labels


def _lists(values: pa.Array, rows: int, length: int) -> pa.Array:
    return pa.ListArray.from_arrays(pa.array(np.arange(rows + 1) * length, pa.int32()), values)


CONVERSIONS: Mapping[tuple[str, str], Callable[[pa.Table], tuple[pa.Table, Bools]]] = MappingProxyType(
    {
        ("polygon", "box"): _to_box,
        ("rotated_box", "box"): _to_box,
        ("mask", "box"): _to_box,
        ("polyline", "box"): _to_box,
        ("keypoints", "box"): _to_box,
        ("box", "polygon"): _box_to_corners,
        ("box", "rotated_box"): _box_to_corners,
        ("rotated_box", "polygon"): _same_corners,
        ("polygon", "rotated_box"): _to_rotated_box,
    }
)
"""From which kind to which, and how."""
