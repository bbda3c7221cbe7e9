"""Columns as single arrays, and columns of lists as what NumPy works on."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Ints = npt.NDArray[np.int64]


def one_array(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """A column as one array."""
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return pa.concat_arrays(whole.chunks) if isinstance(whole, pa.ChunkedArray) else whole


def values_of(column: pa.ListArray, rows: npt.NDArray[np.intp]) -> tuple[npt.NDArray[Any], Ints]:
    """The values of these rows of lists (ascending) end to end, and how many each of them has; null has none.

    The values are not to be changed: where the other rows have none, as masks beside outlines, nothing is copied.
    """
    offsets = column.offsets.to_numpy()
    lengths = np.diff(offsets).astype(np.int64)
    if column.null_count:
        lengths[~column.is_valid().to_numpy(zero_copy_only=False)] = 0
    chosen = lengths[rows]
    if chosen.sum() == offsets[-1] - offsets[0]:
        values = column.values.slice(int(offsets[0]), int(offsets[-1] - offsets[0]))
    else:
        values = column.take(pa.array(rows)).flatten()
    return values.to_numpy(zero_copy_only=False), chosen
