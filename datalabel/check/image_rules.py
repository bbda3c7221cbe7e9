"""I101–I105: images and what is said of them. What was found out about each image are columns of the items.

Whoever makes a batch adds the columns `FACTS` to its items as far as it knows them; a column that is not there,
or a null, is "nobody looked", and the rules are silent.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from datalabel.check.columns import TOLERANCE, Bools, Floats
from datalabel.check.finding import CheckBatch, Needs, Severity
from datalabel.check.rule import Hit, OnItem, rule
from datalabel.check.words import quoted, size_words

FACTS = pa.schema(
    [
        pa.field("missing", pa.bool_()),
        pa.field("fault", pa.string()),
        pa.field("cut", pa.bool_()),
        pa.field("said_width", pa.int32()),
        pa.field("said_height", pa.int32()),
        pa.field("said_by", pa.string()),
        pa.field("seen", pa.bool_()),
        pa.field("repeated", pa.bool_()),
        pa.field("look", pa.uint64()),
    ]
)
"""Whether the image's bytes are gone; why it cannot be read, and whether that is because it is cut short; the
size that a label file gives where it is not that of the image, and which file; whether a label file of the set
names the item; whether another item has the same image; its perceptual hash (`datalabel.looks`)."""


@rule("I101", "image-missing", Severity.ERROR)
def image_missing(batch: CheckBatch) -> Iterator[Hit]:
    """An image that was there once and whose file is gone.

    At a revision: neither the store nor the disk has the bytes that are recorded. Of label files: no image below
    the folder goes by that name, while others are there. Labels without their image train nothing. Fetch
    the file again, or remove the item (`dlabel rm`).
    """
    for row in np.flatnonzero(_truths(batch, "missing")).tolist():
        yield OnItem(row, "the image is missing: its file is neither in the store nor on disk")


@rule("I102", "image-unreadable", Severity.ERROR, Needs.PIXELS)
def image_unreadable(batch: CheckBatch) -> Iterator[Hit]:
    """An image that cannot be read: damaged, empty, or of no known format.

    `dlabel add` refuses what its header gives away; the pixels are looked at with `check --images`, or when this
    rule is selected by its code. Export it again from where it came from. What is cut short is I103's.
    """
    for row, fault in _faults(batch, cut=False):
        yield OnItem(row, f"the image cannot be read: {fault}")


@rule("I103", "image-truncated", Severity.ERROR, Needs.PIXELS)
def image_truncated(batch: CheckBatch) -> Iterator[Hit]:
    """An image whose file ends too early: a download or copy that broke off.

    Many libraries fill the rest with grey and say nothing. Copy or download it again. Pixels are looked at as for
    I102.
    """
    for row, fault in _faults(batch, cut=True):
        yield OnItem(row, f"the image is cut short: {fault}")


@rule("I104", "size-differs", Severity.ERROR)
def size_differs(batch: CheckBatch) -> Iterator[Hit]:
    """An image whose size is not the one that the label file says.

    The labels were drawn on an image of that other size: they do not fit this one. Scale them, or bring the image
    that was labelled. G104 and G105 may speak of its labels. Swapped sides are forgiven where EXIF swaps them
    (see I105).
    """
    if "said_width" not in batch.items.column_names:
        return
    told = _numbers(batch, "said_width", "said_height")
    sizes = _numbers(batch, "width", "height")
    differs = np.isfinite(told).all(axis=1) & np.isfinite(sizes).all(axis=1) & (told != sizes).any(axis=1)
    swapped = batch.columns.turned & (told == sizes[:, ::-1]).all(axis=1)
    for row in np.flatnonzero(differs & ~swapped).tolist():
        source = batch.items.column("said_by")[row].as_py()
        who = quoted(source) if source else "its label file"
        yield OnItem(row, f"the image is {size_words(sizes[row])}; {who} says {size_words(told[row])}")


@rule("I105", "exif-orientation", Severity.WARNING)
def exif_orientation(batch: CheckBatch) -> Iterator[Hit]:
    """Labels that fit their image only after its EXIF rotation, not as its pixels are stored.

    They were drawn on what a viewer shows. Code that reads pixels without EXIF (OpenCV with a flag, most data
    loaders) puts them in the wrong place. Turn the pixels once and for all (`jpegtran`, `mogrify -auto-orient`), or
    load images with their orientation applied. Reported once for an image; G104 and G105 take such an
    image either way up.
    """
    columns = batch.columns
    if not columns.turned.any():
        return
    shown = columns.image_sizes
    turned = columns.of_item(columns.turned, False)
    rows = np.flatnonzero(turned & ~_fits(columns.placed, shown[:, ::-1]) & _fits(columns.placed, shown))
    items, counts = np.unique(columns.item_rows[rows], return_counts=True)
    for item, count in zip(items.tolist(), counts.tolist(), strict=True):
        size = columns.item_sizes[item]
        labels = "1 label fits" if count == 1 else f"{count} labels fit"
        shown_as, stored = size_words(size), size_words(size[::-1])
        message = f"{labels} the image only as EXIF turns it ({shown_as}), not as stored ({stored})"
        yield OnItem(item, message, in_set=True)


def _fits(bounds: Floats, sizes: Floats) -> Bools:
    slack = sizes * TOLERANCE
    low, high = bounds[:, :2] >= -slack, bounds[:, 2:] <= sizes + slack
    return np.asarray((low & high).all(axis=1))


def _faults(batch: CheckBatch, *, cut: bool) -> Iterator[tuple[int, str]]:
    """The items whose image has a fault, because it is cut short or not, and the fault."""
    if "fault" not in batch.items.column_names:
        return
    faults = batch.items.column("fault")
    known = faults.is_valid().to_numpy()
    for row in np.flatnonzero(known & (_truths(batch, "cut") == cut)).tolist():
        yield row, faults[row].as_py()


def _truths(batch: CheckBatch, name: str) -> Bools:
    if name not in batch.items.column_names:
        return np.zeros(batch.items.num_rows, np.bool_)
    return np.asarray(pc.fill_null(batch.items.column(name), False).to_numpy(), np.bool_)


def _numbers(batch: CheckBatch, *names: str) -> Floats:
    columns: list[Any] = [batch.items.column(name).cast(pa.float64()) for name in names]
    return np.stack([pc.fill_null(column, np.nan).to_numpy() for column in columns], axis=1)
