"""G1xx: geometry that is wrong under any spec."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from datalabel.check.columns import Bools, Columns
from datalabel.check.finding import CheckBatch, Needs, Severity
from datalabel.check.overhang import clipped
from datalabel.check.rule import Hit, OnLabel, rule
from datalabel.check.words import number, size_words
from datalabel.labels.rings import places_among, ring_sizes

_FEWEST = {"polygon": 3, "polyline": 2, "rotated_box": 4}
_EDGES = ("left", "top", "right", "bottom")


@rule("G101", "zero-size", Severity.ERROR, Needs.OUTLINES)
def zero_size(batch: CheckBatch) -> Iterator[Hit]:
    """A label that covers nothing.

    A box of zero width or height, a polygon or rotated box that encloses no area, a mask without a pixel, a
    line whose points are all the same. Usually a slip of the mouse; training code divides by its size.
    Delete it, or draw it again. G104, G105 and S106 to S109 are silent about it.
    """
    columns = batch.columns
    for row in np.flatnonzero(columns.flat).tolist():
        match columns.kinds[row]:
            case "box":
                sides = zip(("width", "height"), columns.recorded[row, 2:], strict=True)
                words = f"has zero {' and '.join(name for name, side in sides if side == 0)}"
            case "mask":
                words = "covers no pixel"
            case "polyline":
                words = "has no length"
            case _:
                words = "encloses no area"
        place = columns.place(row)
        yield OnLabel(row, f"{columns.title(row)} {words}" + (f" ({place})" if place else ""))


@rule("G102", "negative-size", Severity.ERROR)
def negative_size(batch: CheckBatch) -> Iterator[Hit]:
    """A box of negative width or height: its right edge lies left of its left edge, or its bottom above its top.

    Drawn from the wrong corner, or corners and sizes were mixed up by a converter. The same box with its
    corners in order is the safe repair, unless a whole file is like that. S107 to S109 are silent about it.
    """
    columns = batch.columns
    sizes = columns.recorded[:, 2:]
    for row in np.flatnonzero(columns.negative).tolist():
        told = zip(("width", "height"), sizes[row], strict=True)
        words = " and ".join(f"{name} {number(size)}" for name, size in told if size < 0)
        yield OnLabel(row, f"{columns.title(row)} has negative size: {words}", "swap the corners")


@rule("G103", "not-finite", Severity.ERROR, Needs.OUTLINES)
def not_finite(batch: CheckBatch) -> Iterator[Hit]:
    """A coordinate that is infinite or not a number (NaN), or a box with one missing.

    Nothing can be computed with it, and one such value turns a training loss into NaN. Delete the label, or
    draw it again. The right and bottom edge of a box count too: the sum of two numbers may be too large for one.
    The other rules about geometry are silent about it.
    """
    columns = batch.columns
    if not columns.not_finite.any():
        return
    for row in np.flatnonzero(columns.not_finite & columns.is_kind("box")).tolist():
        cells = [batch.labels.column(name)[row].as_py() for name in "xywh"]
        told = [
            f"{name} is {_spoken(cell)}"
            for name, cell, sound in zip("xywh", cells, np.isfinite(columns.recorded[row]), strict=True)
            if not sound
        ]
        far = zip(("right", "bottom"), np.isfinite(columns.recorded_ends[row]), strict=True)
        words = ", ".join(told or [f"its {edge} edge is infinite" for edge, sound in far if not sound])
        yield OnLabel(row, f"{columns.title(row)} is not finite: {words}")
    rows = np.flatnonzero(columns.is_kind("polygon", "rotated_box", "polyline", "keypoints"))
    values, lengths = columns.lists("coords", rows)
    wrong = np.flatnonzero(~np.isfinite(values))
    ends = np.cumsum(lengths)
    owners = np.searchsorted(ends, wrong, side="right")
    for owner, first in zip(*np.unique(owners, return_index=True), strict=True):
        row, place = int(rows[owner]), wrong[first] - (ends[owner] - lengths[owner])
        what = f"number {place + 1} of its {lengths[owner]} coordinates is {_spoken(values[wrong[first]])}"
        yield OnLabel(row, f"{columns.title(row)} is not finite: {what}")


def _spoken(value: float | None) -> str:
    if value is None:
        return "missing"
    return "not a number" if np.isnan(value) else "infinite"


@rule("G104", "partly-outside", Severity.WARNING)
def partly_outside(batch: CheckBatch) -> Iterator[Hit]:
    """A label that reaches beyond an edge of its image.

    Some tools allow it for objects that the edge cuts; most training code clips or refuses it. Up to a
    millionth of the image's side is forgiven (fractions of the image do not multiply back exactly). Silent
    where the image's size is not known. An image that EXIF turns is taken either way up, whichever suits; the
    size of masks is G110's. Clipping to the image is the safe repair, of boxes and of polygons that neither cross
    themselves (G107) nor overlap themselves; `check.severity: {G104: error}` makes it an error.
    """
    columns, overhang = batch.columns, batch.columns.overhang
    fixable = _clippable(columns)
    for row in np.flatnonzero(overhang.partly).tolist():
        reach = [
            f"{number(far)} px beyond the {edge} edge"
            for far, edge in zip(overhang.beyond[row], _EDGES, strict=True)
            if far > 0
        ]
        fix = "clip it to the image" if fixable[row] else None
        where = f"{' and '.join(reach)} of the image ({size_words(overhang.sizes[row])})"
        yield OnLabel(row, f"{columns.title(row)} reaches {where}", fix)


def _clippable(columns: Columns) -> Bools:
    """Labels partly outside that the repair can clip."""
    overhang = columns.overhang
    found = overhang.partly & columns.is_kind("box")
    rows = np.flatnonzero(overhang.partly & columns.is_kind("polygon"))
    if len(rows):
        inside = clipped(columns.drawn(rows), overhang.sizes[rows])
        found[rows] = [shape is not None for shape in inside]
    return found


@rule("G105", "outside", Severity.ERROR)
def outside(batch: CheckBatch) -> Iterator[Hit]:
    """A label that lies wholly outside its image: it marks nothing.

    Often a sign that labels and images do not belong together, that images were resized after labelling, or
    that centres were taken for corners. Silent where the image's size is not known, and about masks (G110).
    """
    columns, overhang = batch.columns, batch.columns.overhang
    for row in np.flatnonzero(overhang.wholly).tolist():
        width, height = columns.bounds[row, 2:] - columns.bounds[row, :2]
        where = f"{columns.place(row)}, {number(width)}×{number(height)}"
        image = size_words(overhang.sizes[row])
        yield OnLabel(row, f"{columns.title(row)} lies wholly outside the image: {where} (image is {image})")


@rule("G106", "too-few-points", Severity.ERROR, Needs.OUTLINES)
def too_few_points(batch: CheckBatch) -> Iterator[Hit]:
    """A polygon with a ring of fewer than three points, or other geometry with too few points for its kind.

    A line needs two points, a rotated box its four corners.
    """
    columns = batch.columns
    for kind, fewest in _FEWEST.items():
        rows = np.flatnonzero(columns.is_kind(kind) & ~columns.not_finite & ~columns.plain)
        if not len(rows):
            continue
        parts, pieces = columns.lists("parts", rows)
        sizes, owners = ring_sizes(columns.lists("coords", rows)[1], parts, pieces)
        counts, places = np.abs(sizes), places_among(owners)
        bad = np.flatnonzero(counts != fewest if kind == "rotated_box" else counts < fewest)
        for place in bad[np.unique(owners[bad], return_index=True)[1]].tolist():
            row = int(rows[owners[place]])
            piece = f" in part {places[place] + 1} of {total}" if (total := pieces[owners[place]]) > 1 else ""
            points = "1 point" if counts[place] == 1 else f"{counts[place]} points"
            yield OnLabel(row, f"{columns.title(row)} has {points}{piece}; it takes {fewest}")
