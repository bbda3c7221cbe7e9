"""S113–S115: what the data spec says about items."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from datalabel.check.columns import properties_of
from datalabel.check.finding import CheckBatch, Severity
from datalabel.check.rule import Hit, OnItem, rule
from datalabel.check.spec_rules import invalid, missing, unknown
from datalabel.check.words import number, quoted
from datalabel.spec.vocabulary import usual_format


@rule("S113", "item-property", Severity.ERROR)
def item_property(batch: CheckBatch) -> Iterator[Hit]:
    """An item without a property that the data spec requires of images, or with a wrong or unknown one.

    Silent when the spec declares no properties of images.
    """
    declared = batch.spec.item_properties
    if not declared:
        return
    column = batch.items.column("properties").combine_chunks().dictionary_encode(null_encoding="encode")
    words = []
    for text in column.dictionary.to_pylist():
        value = properties_of(text)
        words.append([fault for judge in (missing, unknown, invalid) for fault in judge(declared, value)])
    for row, code in enumerate(column.indices.to_pylist()):
        for text in words[code]:
            yield OnItem(row, f"the image {text}")


@rule("S114", "image-size", Severity.ERROR)
def image_size(batch: CheckBatch) -> Iterator[Hit]:
    """An image smaller or larger than the data spec's `image.conditions` allow.

    Measured as the image is shown (EXIF orientation applied). Silent where the size is not known.
    """
    told = batch.spec.image
    sizes = batch.columns.item_sizes
    low = _bounds(told.min_width, told.min_height, 0)
    high = _bounds(told.max_width, told.max_height, np.inf)
    for row in np.flatnonzero(((sizes < low) | (sizes > high)).any(axis=1)).tolist():
        faults = []
        for size, name, least, most in zip(sizes[row], ("wide", "high"), low, high, strict=True):
            if size < least:
                faults.append(f"{number(size)} px {name}, the minimum is {number(least)}")
            elif size > most:
                faults.append(f"{number(size)} px {name}, the maximum is {number(most)}")
        yield OnItem(row, f"the image is {'; '.join(faults)}")


@rule("S115", "image-format", Severity.ERROR)
def image_format(batch: CheckBatch) -> Iterator[Hit]:
    """An image in a file format that the data spec's `image.conditions` do not list.

    Silent where the format is not known (the image is not here).
    """
    allowed = {usual_format(name) for name in batch.spec.image.formats}
    if not allowed:
        return
    column = batch.items.column("format").combine_chunks().dictionary_encode()
    wrong = np.array([usual_format(name) not in allowed for name in column.dictionary.to_pylist()] + [False])
    codes = column.indices.fill_null(len(wrong) - 1).to_numpy(zero_copy_only=False)
    for row in np.flatnonzero(wrong[codes]).tolist():
        name = batch.items.column("format")[row].as_py()
        yield OnItem(
            row, f"the image is a {quoted(name)}; the spec allows {', '.join(batch.spec.image.formats)}"
        )


def _bounds(width: int | None, height: int | None, default: float) -> tuple[float, float]:
    return (default if width is None else float(width), default if height is None else float(height))
