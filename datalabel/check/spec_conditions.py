"""S106–S110: conditions of the data spec on the geometry of one label.

Measured on what the geometry really is, never on a recorded bounding box. Limits are kept with a relative
slack of one millionth. What cannot be measured (a line's area, a box's points) meets every condition.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from datalabel.check.columns import TOLERANCE, Floats, number, quoted
from datalabel.check.finding import CheckBatch, Severity
from datalabel.check.rule import Hit, OnLabel, rule
from datalabel.check.spec_rules import label_type
from datalabel.spec.model import Region


@rule("S106", "outside-region", Severity.ERROR)
def outside_region(batch: CheckBatch) -> Iterator[Hit]:
    """A label whose bounds do not lie in the region of interest that the condition `inside` names.

    A region in fractions is silent where the image's size is not known. Up to a millionth of the region's
    extent is forgiven.
    """
    columns = batch.columns
    for place, (name, kind) in enumerate(columns.types):
        told = label_type(batch.spec, name, kind)
        region = batch.spec.regions.get(told.conditions.inside or "") if told else None
        if told is None or region is None:
            continue
        rows = np.flatnonzero((columns.type_codes == place) & np.isfinite(columns.bounds[:, 0]))
        for row, far in _beyond_region(region, columns.bounds, columns.image_sizes, rows):
            reach = f"reaches {number(far)} px beyond" if far else "is not wholly inside"
            yield OnLabel(row, f"{columns.title(row)} {reach} region {quoted(told.conditions.inside or '')}")


def _beyond_region(
    region: Region,
    bounds: Floats,
    sizes: Floats,
    rows: Sequence[int] | np.ndarray[tuple[int], np.dtype[np.intp]],
) -> Iterator[tuple[int, float]]:
    """The rows whose bounds leave the region, with the distance of their furthest corner from it."""
    rows = np.asarray(rows, dtype=np.intp)
    if not region.relative:
        yield from _beyond_polygon(np.array(region.corners, np.float64), bounds, rows)
        return
    rows = rows[np.isfinite(sizes[rows, 0])]
    distinct, codes = np.unique(sizes[rows], axis=0, return_inverse=True)
    for place, size in enumerate(distinct):
        corners = np.array(region.corners, np.float64) * size
        yield from _beyond_polygon(corners, bounds, rows[codes.reshape(-1) == place])


def _beyond_polygon(
    corners: Floats, bounds: Floats, rows: np.ndarray[tuple[int], np.dtype[np.intp]]
) -> Iterator[tuple[int, float]]:
    import shapely

    polygon = shapely.make_valid(shapely.Polygon(corners))
    slack = TOLERANCE * float(np.ptp(corners, axis=0).max())
    roomy = shapely.buffer(polygon, slack, join_style="mitre")
    shapely.prepare(roomy)
    x1, y1, x2, y2 = bounds[rows].T
    for place in np.flatnonzero(~shapely.covers(roomy, shapely.box(x1, y1, x2, y2))).tolist():
        points = shapely.points(
            [x1[place], x2[place], x2[place], x1[place]], [y1[place], y1[place], y2[place], y2[place]]
        )
        far = float(shapely.distance(polygon, points).max())
        yield int(rows[place]), far if far > slack else 0.0


@rule("S107", "size", Severity.ERROR)
def size(batch: CheckBatch) -> Iterator[Hit]:
    """A label narrower, wider, lower or higher than the conditions allow.

    Width and height are those of the bounds; a rotated box has its own (its first two sides).
    """
    sides = batch.columns.sides
    width = _Measure(sides[:, 0], "min_width", "max_width", "{} px wide")
    height = _Measure(sides[:, 1], "min_height", "max_height", "{} px high")
    yield from _outside(batch, "is", width, height)


@rule("S108", "area", Severity.ERROR)
def area(batch: CheckBatch) -> Iterator[Hit]:
    """A label whose area is outside the conditions: of boxes, polygons (holes taken away) and masks."""
    yield from _outside(batch, "covers", _Measure(batch.columns.areas, "min_area", "max_area", "{} px²"))


@rule("S109", "aspect", Severity.ERROR)
def aspect(batch: CheckBatch) -> Iterator[Hit]:
    """A label whose width divided by its height is outside the conditions. Silent where either is zero."""
    width, height = batch.columns.sides.T
    ratio = np.where((width > 0) & (height > 0), width / height, np.nan)
    yield from _outside(batch, "is", _Measure(ratio, "min_aspect", "max_aspect", "{} times as wide as high"))


@rule("S110", "points", Severity.ERROR)
def points(batch: CheckBatch) -> Iterator[Hit]:
    """A polygon, line or keypoints with fewer or more points than the conditions allow.

    All rings count together; of keypoints, the labelled ones.
    """
    yield from _outside(
        batch, "has", _Measure(batch.columns.point_counts, "min_points", "max_points", "{} points")
    )


class _Measure:
    """Values per label, the two conditions that bound them, and how a value is spoken."""

    def __init__(self, values: Floats, lowest: str, highest: str, words: str) -> None:
        self.values = values
        self.lowest = lowest
        self.highest = highest
        self.words = words

    def limits(self, batch: CheckBatch) -> tuple[Floats, Floats]:
        """Lower and upper limit of each class and kind; infinite where there is none."""
        found = []
        for name, default in ((self.lowest, -np.inf), (self.highest, np.inf)):
            told = [label_type(batch.spec, *one) for one in batch.columns.types]
            limits = [getattr(one.conditions, name) if one else None for one in told]
            found.append(np.array([default if limit is None else limit for limit in limits], np.float64))
        return found[0], found[1]


def _outside(batch: CheckBatch, verb: str, *measures: _Measure) -> Iterator[Hit]:
    """One hit per label with any measure outside its limits."""
    columns = batch.columns
    faults: dict[int, list[str]] = {}
    for measure in measures:
        low, high = measure.limits(batch)
        codes = columns.type_codes
        below = measure.values < (low - np.abs(low) * TOLERANCE)[codes]
        above = measure.values > (high + np.abs(high) * TOLERANCE)[codes]
        for row in np.flatnonzero(below | above).tolist():
            name, limit = ("minimum", low) if below[row] else ("maximum", high)
            value = measure.words.format(number(measure.values[row]))
            value = value.removesuffix("s") if measure.values[row] == 1 else value
            faults.setdefault(row, []).append(f"{value}, the {name} is {number(limit[codes[row]])}")
    for row, texts in sorted(faults.items()):
        yield OnLabel(row, f"{columns.title(row)} {verb} {'; '.join(texts)}")
