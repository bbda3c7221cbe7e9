"""Repairs of what rules find, over columns. A safe repair says nothing that the label did not say already.

A repair takes a batch and the rows that its rule found, and gives the batch's labels back with those rows
changed, left out, or as they were where it cannot help. Ids never change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from datalabel.check.columns import Floats
from datalabel.check.duplicate_rules import copies
from datalabel.check.finding import CheckBatch
from datalabel.check.overhang import clipped
from datalabel.labels import geometry
from datalabel.labels.rows import replaced, with_column

Rows = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Fix:
    """The repair of a rule's findings: the rule's code, what was done in words, whether it is safe, and whether it
    trusts the size of the image: none is made on an image of another size than its labels were drawn on (I104)."""

    code: str
    done: str
    safe: bool
    change: Callable[[CheckBatch, Rows], pa.Table]
    by_size: bool = False


def swap_corners(batch: CheckBatch, rows: Rows) -> pa.Table:
    """Boxes of negative width or height get the same corners in order."""
    return _with_bounds(batch.labels, rows, batch.columns.bounds[rows])


def clip(batch: CheckBatch, rows: Rows) -> pa.Table:
    """Boxes and polygons lose what lies outside their image, in the frame that the rule took them in."""
    sizes = batch.columns.overhang.sizes
    kinds = batch.columns.kinds[rows]
    boxes, polygons = rows[kinds == "box"], rows[kinds == "polygon"]
    low, high = np.split(batch.columns.bounds[boxes], 2, axis=1)
    inside = np.concatenate([np.maximum(low, 0), np.minimum(high, sizes[boxes])], axis=1)
    labels = _with_bounds(batch.labels, boxes, inside)
    return _clip_polygons(labels, polygons, sizes[polygons])


def _clip_polygons(labels: pa.Table, rows: Rows, sizes: Floats) -> pa.Table:
    """What cannot be clipped stays."""
    part = labels.take(pa.array(rows))
    inside = clipped(part, sizes)
    able = np.array([shape is not None for shape in inside], np.bool_)
    if not able.any():
        return labels
    rings = [_rings(shape) for shape in inside[able]]
    part = part.filter(pa.array(able))
    for name, place in (("coords", 0), ("parts", 1)):
        part = with_column(part, name, pa.array([one[place] for one in rings], part.schema.field(name).type))
    part = _recomputed(part)
    return replaced(labels, rows[able], part)


def _rings(shape: Any) -> tuple[list[float], list[int]]:
    """The rings of a geometry end to end without closing points, holes after their shells; lines are dropped."""
    import shapely

    coords: list[float] = []
    parts: list[int] = []
    for piece in shapely.get_parts(shape):
        if shapely.get_type_id(piece) != shapely.GeometryType.POLYGON:
            continue
        for sign, ring in ((1, piece.exterior), *((-1, hole) for hole in piece.interiors)):
            points = shapely.get_coordinates(ring)[:-1]
            coords += points.ravel().tolist()
            parts.append(sign * len(points))
    return coords, parts


def drop_copies(batch: CheckBatch, rows: Rows) -> pa.Table:
    """Labels that say in every way what an earlier one of the item says go."""
    return drop(batch, np.intersect1d(rows, copies(batch)[0]).astype(np.intp))


def drop(batch: CheckBatch, rows: Rows) -> pa.Table:
    """The labels go."""
    kept = np.ones(batch.labels.num_rows, np.bool_)
    kept[rows] = False
    return batch.labels.filter(pa.array(kept))


def recompute_bounds(batch: CheckBatch, rows: Rows) -> pa.Table:
    """The recorded bounds become those of the geometry."""
    return replaced(batch.labels, rows, _recomputed(batch.labels.take(pa.array(rows))))


FIXES: Mapping[str, Fix] = MappingProxyType(
    {
        fix.code: fix
        for fix in (
            Fix("G102", "corners swapped", True, swap_corners),
            Fix("D101", "copies deleted", True, drop_copies),
            Fix("G101", "deleted", False, drop),
            Fix("G105", "deleted", False, drop, by_size=True),
            Fix("G104", "clipped to the image", True, clip, by_size=True),
            Fix("G113", "bounds recomputed from the outline", False, recompute_bounds),
        )
    }
)
"""All repairs by code, in the order in which they are made."""


# Columns


def _with_bounds(labels: pa.Table, rows: Rows, corners: Floats) -> pa.Table:
    return replaced(labels, rows, geometry.with_bounds(labels.take(pa.array(rows)), corners))


def _recomputed(part: pa.Table) -> pa.Table:
    """The rows with the bounds of their geometry; bounds that nobody recorded, or that there are not, stay."""
    corners = geometry.bounds(part)
    unknown = pa.array(~np.isfinite(corners).all(axis=1))
    found = geometry.with_bounds(part, corners)
    for name in "xywh":
        column = part.column(name)
        keep = pc.or_(pc.is_null(column), unknown)
        found = with_column(found, name, pc.if_else(keep, column, found.column(name)))
    return found
