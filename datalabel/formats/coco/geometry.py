"""The geometry of annotations in columns: bounds, areas, and lists that several kinds share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from datalabel.labels import rle
from datalabel.labels.arrays import positions

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

REACH = 65_536
"""Pixels that an image is taken to have at most in each direction when outlines are filled."""


@dataclass(frozen=True, slots=True)
class Piece:
    """The lists of some rows: which rows, how long each list is, and the values end to end."""

    rows: Ints
    counts: Ints
    values: npt.NDArray[np.float64] | npt.NDArray[np.int64]


def lists(size: int, pieces: Sequence[Piece], type_: pa.DataType) -> pa.ListArray:
    """One list column from the lists of disjoint rows; rows in no piece are null."""
    counts = np.zeros(size, np.int64)
    given = np.zeros(size, np.bool_)
    for piece in pieces:
        counts[piece.rows] = piece.counts
        given[piece.rows] = True
    offsets = np.zeros(size + 1, np.int64)
    np.cumsum(counts, out=offsets[1:])
    whole = [piece for piece in pieces if len(piece.values)]
    values: npt.NDArray[Any]
    if len(whole) == 1:
        values = whole[0].values
    else:
        values = np.zeros(int(offsets[-1]), np.float64 if pa.types.is_floating(type_) else np.int64)
        for piece in whole:
            values[positions(offsets[piece.rows], piece.counts)] = piece.values
    return pa.ListArray.from_arrays(
        pa.array(offsets, pa.int32()),
        pa.array(values, type_),
        type=pa.list_(type_),
        mask=None if given.all() else pa.array(~given),
    )


def point_bounds(xs: Floats, ys: Floats, counts: Ints) -> Floats:
    """x, y, width, height around each row's points; NaN where there are none. Shape (rows, 4)."""
    found = np.full((len(counts), 4), np.nan)
    some = counts > 0
    if some.any():
        starts = (np.cumsum(counts) - counts)[some]
        left, top = np.minimum.reduceat(xs, starts), np.minimum.reduceat(ys, starts)
        right, bottom = np.maximum.reduceat(xs, starts), np.maximum.reduceat(ys, starts)
        found[some] = np.stack([left, top, right - left, bottom - top], axis=1)
    return found


def rasterise(coords: Floats, parts: Ints, height: int, width: int) -> str:
    """A polygon with holes as compressed counts: rings are filled as COCO fills them, holes cut out.

    Works on runs, so that its cost follows the outlines, not the size of the image.
    """
    from pycocotools import mask

    starts = np.concatenate(([0], np.cumsum(np.abs(parts)))) * 2
    near = np.clip(coords, -REACH, 2 * REACH)
    whole = _mask_of(np.array([height * width]), height, width)
    for place, points in enumerate(parts.tolist()):
        if abs(points) < 3:
            continue
        (ring,) = mask.frPyObjects([near[starts[place] : starts[place + 1]].tolist()], height, width)
        if points > 0:
            whole = mask.merge([whole, ring])
        else:
            outside = np.concatenate(([0], rle.decode(ring["counts"].decode())))
            whole = mask.merge([whole, _mask_of(outside, height, width)], intersect=True)
    return str(whole["counts"].decode())


def _mask_of(counts: Ints, height: int, width: int) -> dict[str, Any]:
    return {"size": [height, width], "counts": rle.encode(counts).encode()}


def mask_bounds(counts: str, height: int) -> tuple[float, float, float, float]:
    """The bounds of the pixels that a mask covers."""
    return rle.bounds(rle.decode(counts), height)
