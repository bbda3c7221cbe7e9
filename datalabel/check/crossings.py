"""Rings that cross themselves. What the shoelace formula says of them is not what they cover."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from datalabel.check.columns import Bools, Columns
from datalabel.check.outlines import surely_simple
from datalabel.check.words import number
from datalabel.labels.rings import Rings
from datalabel.labels.shapes import tangled

PIECE = 2048
"""Rings that are judged at a time: so many stay near the processor."""

SLIVER = 1e-6
"""The share of an area that is nothing: the part of a hole outside its shell, where corners on an edge are rounded,
or what a ring that crosses itself gains or loses by it."""


def crossings_of(columns: Columns) -> dict[int, str]:
    """The labels with a ring that crosses itself, in rising order, and in words where the first of these does."""
    rings = columns.rings
    found: dict[int, str] = {}
    for start in range(0, len(rings.counts), PIECE):
        piece = rings.span(start, start + PIECE)
        first = int(rings.starts[start])
        for row, words in _broken(piece, columns.repeats[first : first + len(piece.points)]):
            found.setdefault(row, words)
    return found


def _broken(rings: Rings, repeats: Bools) -> Iterator[tuple[int, str]]:
    """Rings that are not simple: their label, and in words where. GEOS is asked where a cheap test cannot decide."""
    import shapely

    rings = rings.with_points(~repeats)
    doubtful = rings.some(~surely_simple(rings))
    if not len(doubtful.counts):
        return
    outlines = shapely.linearrings(doubtful.points, indices=doubtful.owners)
    meeting = ~shapely.is_simple(outlines)
    polygons, owners = shapely.polygons(outlines[meeting]), doubtful.rows[meeting]
    crossed = tangled(outlines[meeting])
    clear = polygons[~crossed]
    covered = shapely.area(shapely.make_valid(clear, method="structure", keep_collapsed=False))
    # Of a polygon that is not valid GEOS computes the shoelace formula; where the ring crosses itself, parts count
    # against each other, or twice. One that covers nothing goes back the way it came.
    crossed[~crossed] = np.abs(shapely.area(clear) - covered) >= SLIVER * covered
    reasons = shapely.is_valid_reason(polygons[crossed])
    for row, reason in zip(owners[crossed].tolist(), reasons, strict=True):
        yield int(row), _crossing(str(reason))


def _crossing(reason: str) -> str:
    """Where a ring meets itself, of what GEOS says: `Self-intersection[12.5 40]`."""
    place = reason.partition("[")[2].rstrip("]").split()[:2]
    return f"crosses itself at {', '.join(number(float(value)) for value in place)}"
