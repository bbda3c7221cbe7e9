"""The sizes of images that labels mean: EXIF may turn an image, and some tools label what is shown, others what is
stored."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from datalabel.images import TURNED
from datalabel.labels.arrays import floats_of, only, side_by_side

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def turned(items: pa.Table) -> Bools:
    """Which items EXIF turns so that width and height change places."""
    return np.asarray(floats_of(items, "orientation") >= TURNED)


def shown_sizes(items: pa.Table) -> Floats:
    """Width and height of each item as it is shown (EXIF orientation applied), shape (n, 2). NaN unless both are
    known."""
    stored = side_by_side(*(floats_of(items, name) for name in ("width", "height")))
    stored[~(stored > 0).all(axis=1)] = np.nan
    return only(turned(items), stored[:, ::-1], stored)


def sizes_meant(corners: Floats, shown: Floats, swapped: Bools) -> Floats:
    """The size of each label's image: as it is `shown`, but as it is stored where that is `swapped` and less of the
    label's bounds (`corners`) sticks out then."""
    if not swapped.any():
        return shown
    stored = shown[:, ::-1]
    with np.errstate(all="ignore"):
        return only(swapped & (_outside(corners, stored) < _outside(corners, shown)), stored, shown)


def _outside(corners: Floats, sizes: Floats) -> Floats:
    """How many pixels bounds reach beyond an image's edges, all four added."""
    beyond = np.maximum(-corners[:, :2], 0) + np.maximum(corners[:, 2:] - sizes, 0)
    return np.asarray(beyond.sum(axis=1))
