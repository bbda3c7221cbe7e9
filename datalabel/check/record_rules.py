"""G110–G113: geometry that contradicts what is recorded beside it, or itself."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from datalabel.check.columns import Columns, Floats, Ints
from datalabel.check.finding import CheckBatch, Severity
from datalabel.check.rule import Hit, OnLabel, rule
from datalabel.check.words import number, size_words
from datalabel.labels.arrays import ordinals, side_by_side

SLACK = 2.0
"""Pixels by which a recorded box may differ from the outline: tools round, and some count the last pixel."""


@rule("G110", "mask-size", Severity.ERROR)
def mask_size(batch: CheckBatch) -> Iterator[Hit]:
    """A mask whose size is not that of its image.

    A mask is a picture of its own; laid over an image of another size every pixel is in the wrong place. The
    mask was made on a resized image, or width and height were swapped. An image that EXIF turns is taken
    either way up. Silent where the image's size is not known; G104 and G105 leave masks to this rule.
    """
    columns = batch.columns
    rows = np.flatnonzero(columns.is_kind("mask"))
    values, lengths = columns.lists("parts", rows)
    rows, told = rows[lengths == 2], values[np.repeat(lengths == 2, lengths)].reshape(-1, 2)[:, ::-1]
    sizes = columns.image_sizes[rows]
    turned = columns.of_item(columns.turned, False)[rows]
    fits = (told == sizes).all(axis=1) | (turned & (told == sizes[:, ::-1]).all(axis=1))
    for place in np.flatnonzero(~fits & np.isfinite(sizes[:, 0])).tolist():
        row = int(rows[place])
        words = f"{size_words(told[place])}, the image {size_words(sizes[place])}"
        yield OnLabel(row, f"the {columns.title(row)} is {words}")


@rule("G111", "malformed-keypoints", Severity.ERROR)
def malformed_keypoints(batch: CheckBatch) -> Iterator[Hit]:
    """Keypoints that do not come as x, y and visibility, or whose visibility is not 0, 1 or 2.

    A visibility is 0 for a point that is not labelled, 1 for a hidden and 2 for a visible one. Numbers that do
    not come in threes shift every point after the gap. How many points a class has is judged by S116, which
    may speak of the same label.
    """
    columns = batch.columns
    rows, values, lengths, place = _keypoints(columns)
    odd = np.isin(place % 3, 2) & ~np.isin(values, (0, 1, 2))
    owners = np.repeat(np.arange(len(rows)), lengths)
    strange = {
        int(owner): float(value) for owner, value in zip(owners[odd][::-1], values[odd][::-1], strict=True)
    }
    uneven = lengths % 3 != 0
    for owner in sorted({*np.flatnonzero(uneven).tolist(), *strange}):
        row = int(rows[owner])
        if uneven[owner]:
            yield OnLabel(
                row, f"{columns.title(row)} has {lengths[owner]} numbers; points are x, y, visibility"
            )
        else:
            yield OnLabel(row, f"{columns.title(row)} has a point of visibility {number(strange[owner])}")


@rule("G112", "keypoint-at-origin", Severity.WARNING)
def keypoint_at_origin(batch: CheckBatch) -> Iterator[Hit]:
    """A keypoint that counts as labelled and lies at 0, 0.

    That is how tools write a point that is not there; with a visibility above 0 training takes it for one in
    the image's corner. Set its visibility to 0.
    """
    columns = batch.columns
    rows, values, lengths, place = _keypoints(columns)
    whole = np.repeat(lengths % 3 == 0, lengths)
    points = values[whole].reshape(-1, 3)
    owners = np.repeat(np.arange(len(rows)), lengths)[whole][::3]
    placed = (points[:, 2] > 0) & (points[:, :2] == 0).all(axis=1)
    first, at, counts = np.unique(owners[placed], return_index=True, return_counts=True)
    numbers = place[whole][::3][placed] // 3 + 1
    for owner, where, count in zip(first.tolist(), at.tolist(), counts.tolist(), strict=True):
        row = int(rows[owner])
        more = f" and {count - 1} more" if count > 1 else ""
        yield OnLabel(row, f"point {numbers[where]}{more} of the {columns.title(row)} is labelled at 0, 0")


def _keypoints(columns: Columns) -> tuple[Ints, Floats, Ints, Ints]:
    """The labels with keypoints (G103 leaves them), their numbers end to end, how many each has, and the place
    of each number among its label's."""
    rows = np.flatnonzero(columns.is_kind("keypoints") & ~columns.not_finite)
    values, lengths = columns.lists("coords", rows)
    return rows, values, lengths, ordinals(lengths)


@rule("G113", "bounds-differ", Severity.WARNING)
def bounds_differ(batch: CheckBatch) -> Iterator[Hit]:
    """A polygon, rotated box or mask whose recorded bounding box is not that of its outline.

    Detectors are trained on the box, segmenters on the outline: they see two different objects. Often the image
    was turned or resized and only one of the two followed. Up to 2 pixels are forgiven.
    Silent about what has no extent (G101) or is not finite (G103).
    """
    columns = batch.columns
    outlined = columns.is_kind("polygon", "rotated_box", "mask") & columns.sized
    recorded = columns.recorded
    told = side_by_side(*recorded[:, :2].T, *columns.recorded_ends.T)
    true = columns.bounds
    far = np.abs(told - true).max(axis=1)
    known = outlined & np.isfinite(told).all(axis=1)
    for row in np.flatnonzero(known & (far > SLACK)).tolist():
        box, outline = _spoken(told[row]), _spoken(true[row])
        yield OnLabel(row, f"the box of {columns.title(row)} is {box}; its outline spans {outline}")


def _spoken(corners: Floats) -> str:
    """`30×40 at 10, 20`."""
    return f"{size_words(corners[2:] - corners[:2])} at {number(corners[0])}, {number(corners[1])}"
