"""S106–S110: conditions of the data spec on the geometry of one label.

Measured on what the geometry really is, never on a recorded bounding box. Limits are kept with a relative
slack of one millionth. What cannot be measured (a line's area, a box's points) meets every condition.

What another finding entails is not found again: about labels of zero size (G101) S106 to S109 are silent,
about those of negative size (G102) S107 to S109, about those that are not finite (G103) all.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from datalabel.check.columns import TOLERANCE, Bools, Floats
from datalabel.check.finding import CheckBatch, Severity
from datalabel.check.rule import Hit, OnLabel, rule
from datalabel.check.spec_rules import label_type
from datalabel.check.words import number, quoted
from datalabel.spec.model import Region

Rows = npt.NDArray[np.intp]


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
        rows = np.flatnonzero((columns.type_codes == place) & np.isfinite(columns.placed[:, 0]))
        for row, far in _beyond_region(region, columns.placed, columns.image_sizes, rows):
            reach = f"reaches {number(far)} px beyond" if far else "is not wholly inside"
            yield OnLabel(row, f"{columns.title(row)} {reach} region {quoted(told.conditions.inside or '')}")


def _beyond_region(region: Region, bounds: Floats, sizes: Floats, rows: Rows) -> Iterator[tuple[int, float]]:
    """The rows whose bounds leave the region, with the distance in pixels of their furthest corner from it.

    A region in fractions is compared in fractions: one region for images of every size.
    """
    corners = np.array(region.corners, np.float64)
    scales = np.ones((len(rows), 2))
    if region.relative:
        rows = rows[np.isfinite(sizes[rows, 0])]
        scales = sizes[rows]
    scaled = bounds[rows] / np.tile(scales, 2)
    slack = TOLERANCE * float(np.ptp(corners, axis=0).max())
    inside = _within_rectangle if region.rectangle else _within_polygon
    for place in np.flatnonzero(~inside(corners, scaled, slack)).tolist():
        far = _furthest(corners * scales[place], bounds[rows[place]])
        yield int(rows[place]), far if far > slack * float(scales[place].max()) else 0.0


def _within_rectangle(corners: Floats, bounds: Floats, slack: float) -> Bools:
    low, high = corners.min(axis=0) - slack, corners.max(axis=0) + slack
    return np.asarray(((bounds[:, :2] >= low) & (bounds[:, 2:] <= high)).all(axis=1))


def _within_polygon(corners: Floats, bounds: Floats, slack: float) -> Bools:
    import shapely

    roomy = shapely.buffer(shapely.make_valid(shapely.Polygon(corners)), slack, join_style="mitre")
    shapely.prepare(roomy)
    return np.asarray(shapely.covers(roomy, shapely.box(*bounds.T)))


def _furthest(corners: Floats, bounds: Floats) -> float:
    import shapely

    x1, y1, x2, y2 = bounds
    points = shapely.points([x1, x2, x2, x1], [y1, y1, y2, y2])
    return float(shapely.distance(shapely.make_valid(shapely.Polygon(corners)), points).max())


@rule("S107", "size", Severity.ERROR)
def size(batch: CheckBatch) -> Iterator[Hit]:
    """A label narrower, wider, shorter or taller than the conditions allow.

    Width and height are those of the bounds; a rotated box has its own (its first two sides). Silent about labels
    without a size, which G101 and G102 tell.
    """
    sides = _sized(batch, batch.columns.sides)
    width = _Measure(sides[:, 0], "min_width", "max_width", "{} px wide")
    height = _Measure(sides[:, 1], "min_height", "max_height", "{} px high")
    yield from _outside(batch, "is", width, height)


@rule("S108", "area", Severity.ERROR)
def area(batch: CheckBatch) -> Iterator[Hit]:
    """A label whose area is outside the conditions: of boxes, polygons (holes taken away) and masks.

    Silent about labels without a size, which G101 and G102 tell.
    """
    yield from _outside(
        batch, "covers", _Measure(_sized(batch, batch.columns.areas), "min_area", "max_area", "{} px²")
    )


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


def _sized(batch: CheckBatch, values: Floats) -> Floats:
    """Sizes of the labels that have one; what has none is told by G101 and G102, not again."""
    found = values.copy()
    found[~batch.columns.sized] = np.nan
    return found


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
