"""G107–G109: outlines that are no clean rings.

Silent about labels that G101, G103 and G106 speak of: they have no outline to judge.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from datalabel.check.columns import Floats
from datalabel.check.crossings import SLIVER
from datalabel.check.finding import CheckBatch, Needs, Severity
from datalabel.check.rule import Hit, OnLabel, rule
from datalabel.check.words import number
from datalabel.labels.rings import Rings


@rule("G107", "self-intersecting", Severity.WARNING, Needs.OUTLINES)
def self_intersecting(batch: CheckBatch) -> Iterator[Hit]:
    """A polygon whose outline crosses itself.

    A point that was set out of order, or two outlines joined to one. Which side is inside is then a matter of
    opinion: libraries fill such a ring differently, and some refuse it. Draw it again, or split it into pieces.
    A ring that only touches itself, or goes to a hole and back by one way, is a way of writing holes and pieces
    and not found: its area by the shoelace formula is what it covers. Nor are points twice in a row (G108).
    A scribble that meets itself hundreds of times is taken to cross itself.
    """
    columns = batch.columns
    for row, words in columns.crossings.items():
        yield OnLabel(row, f"the outline of {columns.title(row)} {words}")


@rule("G108", "duplicate-points", Severity.INFO, Needs.OUTLINES)
def duplicate_points(batch: CheckBatch) -> Iterator[Hit]:
    """A polygon with the same point twice in a row.

    A last click that counted double, or neighbours that rounding made one. It changes nothing about the shape,
    but editors show a handle that does nothing, and conditions on the number of points count it. A ring that is
    closed by its first point again is a way of writing, and not found.
    """
    columns, rings = batch.columns, batch.columns.rings
    repeats = columns.repeats.copy()
    repeats[rings.starts + rings.counts - 1] = False
    owners = rings.rows[rings.owners[repeats]]
    points = rings.points[repeats]
    rows, first, counts = np.unique(owners, return_index=True, return_counts=True)
    for row, place, count in zip(rows.tolist(), first.tolist(), counts.tolist(), strict=True):
        where = ", ".join(map(number, points[place]))
        words = f"a point twice in a row, at {where}"
        if count > 1:
            words = f"{count} points twice in a row, first {where}"
        yield OnLabel(row, f"{columns.title(row)} has {words}")


@rule("G109", "hole-outside", Severity.ERROR, Needs.OUTLINES)
def hole_outside(batch: CheckBatch) -> Iterator[Hit]:
    """A hole of a polygon that does not lie within its ring, or that comes before any ring.

    It takes nothing away, or too little: areas come out wrong. Mostly the rings are in the wrong order, or a
    second piece was taken for a hole.
    """
    columns = batch.columns
    rings = columns.rings
    holes = np.flatnonzero(rings.holes)
    if not len(holes):
        return
    shells = _shells(rings)[holes]
    beyond = np.ones(len(holes))
    inner, outer = _polygons(rings, holes[shells >= 0]), _polygons(rings, shells[shells >= 0])
    beyond[shells >= 0] = _share_outside(inner, outer)
    seen: set[int] = set()
    for place in np.flatnonzero(beyond > SLIVER).tolist():
        row = int(rings.rows[holes[place]])
        if row in seen:
            continue
        seen.add(row)
        words = "does not lie in any ring" if shells[place] < 0 else "does not lie in its outline"
        yield OnLabel(row, f"part {rings.places[holes[place]] + 1} of {columns.title(row)}, a hole, {words}")


def _shells(rings: Rings) -> npt.NDArray[np.intp]:
    """For each ring the last ring of its label up to there that is no hole; -1 when there is none."""
    every = np.arange(len(rings.holes))
    found = np.maximum.accumulate(np.where(rings.holes, -1, every))
    return np.where(found >= every - rings.places, found, -1)


def _polygons(rings: Rings, chosen: npt.NDArray[np.intp]) -> npt.NDArray[np.object_]:
    import shapely

    found = [
        shapely.Polygon(rings.points[start : start + count])
        for start, count in zip(rings.starts[chosen], rings.counts[chosen], strict=True)
    ]
    made: npt.NDArray[np.object_] = shapely.make_valid(np.array(found, dtype=object))
    return made


def _share_outside(inner: Any, outer: Any) -> Floats:
    """The share of each inner shape that lies outside the outer one; 0 where it has no area."""
    import shapely

    areas = shapely.area(inner)
    return np.asarray(np.where(areas > 0, shapely.area(shapely.difference(inner, outer)) / areas, 0.0))
