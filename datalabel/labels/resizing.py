"""Labels on an image of another size, and pixels that come of a multiplication."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from datalabel.labels.arrays import one_array, ordinals, values_of
from datalabel.labels.rows import with_column

DECIMALS = 9
"""Of a pixel: what lies beyond is noise of the multiplication."""
_ROUNDED_BELOW = 2.0**22
"""Larger numbers have no digits to round at this place."""

Floats = npt.NDArray[np.float64]


def rounded(values: Floats) -> Floats:
    """Rounded to `DECIMALS` places, where that leaves more than noise."""
    small = np.abs(values) < _ROUNDED_BELOW
    return np.where(small, np.round(np.where(small, values, 0.0), DECIMALS), values) + 0.0


def resized(labels: pa.Table, factors: Mapping[str, tuple[float, float]]) -> pa.Table:
    """The labels as they lie on images that are so many times as wide and as high, by item; those of other items stay
    as they are, and so do masks.
    """
    items = one_array(labels.column("item")).dictionary_encode()
    found = [factors.get(key, (1.0, 1.0)) for key in items.dictionary.to_pylist()]
    by = np.array(found, np.float64).reshape(-1, 2)[items.indices.to_numpy()]
    by[pc.equal(labels.column("kind"), "mask").to_numpy()] = 1.0
    if (by == 1.0).all():
        return labels
    for side, name in enumerate("xywh"):
        known = one_array(labels.column(name))
        scaled = rounded(known.fill_null(0).to_numpy() * by[:, side % 2])
        labels = with_column(labels, name, pc.if_else(known.is_valid(), pa.array(scaled), None))
    return with_column(labels, "coords", _coords(labels, by))


def _coords(labels: pa.Table, by: Floats) -> pa.ListArray:
    column = one_array(labels.column("coords"))
    values, lengths = values_of(column, np.arange(len(column)))
    owners, places = np.repeat(np.arange(len(column)), lengths), ordinals(lengths)
    points = np.asarray(pc.equal(labels.column("kind"), "keypoints").to_numpy())[owners]
    axis = np.where(points, places % 3, places % 2)
    # The third number of a keypoint is how visible it is.
    scaled = np.where(axis == 2, values, values * by[owners, np.minimum(axis, 1)])
    offsets = pa.array(np.concatenate(([0], np.cumsum(lengths))), pa.int32())
    flat = pa.array(rounded(scaled), pa.float64())
    mask = column.is_null() if column.null_count else None
    return pa.ListArray.from_arrays(offsets, flat, type=column.type, mask=mask)
