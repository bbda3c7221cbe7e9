"""The edge of a mask as lines, from its runs: for drawing, at a bounded resolution."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from datalabel.labels import rle

MAX_PIXELS = 64_000_000
"""Larger masks are not unfolded."""

Lines = list[list[float]]


def mask_edges(code: str, height: int, width: int, side: int = 320) -> Lines:
    """The edge of a mask as straight lines (x1, y1, x2, y2 in pixels), seen on a grid of at most `side` cells.

    Empty for a mask that is empty, unsound or larger than `MAX_PIXELS`.
    """
    try:
        counts = rle.decode(code)
    except ValueError:
        return []
    if height * width > MAX_PIXELS or not len(counts) or rle.fault(counts, height, width) is not None:
        return []
    inside = np.repeat(np.arange(len(counts)) % 2 == 1, counts).reshape(width, height).T
    step = max(1, -(-max(height, width) // side))
    seen = np.pad(inside[::step, ::step], 1)
    across, along = _runs(seen[1:] != seen[:-1]), _runs((seen[:, 1:] != seen[:, :-1]).T)
    # Row r of a difference lies between cells r-1 and r of the padded grid: at r of the grid itself.
    lines = np.concatenate([
        np.stack([across[1] - 1, across[0], across[2] - 1, across[0]], axis=1),
        np.stack([along[0], along[1] - 1, along[0], along[2] - 1], axis=1),
    ]) * step  # fmt: skip
    limit = np.array([width, height, width, height])
    found: Lines = np.minimum(lines, limit).astype(np.float64).tolist()
    return found


def _runs(marks: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.int64], ...]:
    """Row, first and past-last column of every run of true cells in a row."""
    steps = np.diff(np.pad(marks, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    rows, first = np.nonzero(steps == 1)
    past = np.nonzero(steps == -1)[1]
    return rows, first, past
