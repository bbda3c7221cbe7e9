"""Columns as single arrays, columns of lists as what NumPy works on, and arrays of few columns.

Arrays of shape (n, few) lie in memory column by column: what is asked of each row (`all(axis=1)`) then takes a
twentieth of the time.
"""

from __future__ import annotations

import contextlib
import mmap
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Ints = npt.NDArray[np.int64]
Values = npt.NDArray[Any]

_KEPT = (16 << 20) - (1 << 16)
with contextlib.suppress(OSError):
    # Once so much was given back, the C library keeps it for the next arrays. Else the system clears every page of
    # each of them, which takes longer than most of what is done with them. Where the system might not give it, it is
    # not asked for: the library would set out to find it elsewhere.
    mmap.mmap(-1, 2 * _KEPT).close()
    np.empty(_KEPT, np.uint8)


def one_array(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """A column as one array."""
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return pa.concat_arrays(whole.chunks) if isinstance(whole, pa.ChunkedArray) else whole


def floats_of(table: pa.Table, name: str) -> npt.NDArray[np.float64]:
    """A column of numbers, NaN where null or not there."""
    if name not in table.column_names:
        return np.full(table.num_rows, np.nan)
    return np.array(table.column(name).cast(pa.float64()).to_numpy(), np.float64)


def begins_of(column: pa.Array) -> npt.NDArray[np.bool_]:
    """Where in a column of texts that stands sorted another one begins."""
    found = np.ones(len(column), np.bool_)
    found[1:] = pc.not_equal(column[1:], column[:-1]).to_numpy(zero_copy_only=False)
    return found


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


def positions(starts: Ints, counts: Ints) -> Ints:
    """The places `start, start + 1, …` of several stretches of so many values, end to end."""
    return np.repeat(starts - (np.cumsum(counts) - counts), counts) + np.arange(int(counts.sum()))


def ordinals(counts: Ints) -> Ints:
    """The numbers 0, 1, 2, … of the values in each of several lists of so many, end to end."""
    return positions(np.zeros(len(counts), np.int64), counts)


def every_two(counts: Ints) -> tuple[Ints, Ints]:
    """Every two values of each of several lists of so many: the place of the first, and of the second."""
    every = np.arange(int(counts.sum()))
    after = np.repeat(counts, counts) - ordinals(counts) - 1
    return np.repeat(every, after), positions(every + 1, after)


def following(counts: Ints, at_once: int) -> Iterator[tuple[Ints, Ints]]:
    """For each place so many places after it, as pairs: about `at_once` of them at a time."""
    before = np.cumsum(counts) - counts
    place = 0
    while place < len(counts):
        stop = max(place + 1, int(np.searchsorted(before, before[place] + at_once, side="right")) - 1)
        some, every = counts[place:stop], np.arange(place, stop)
        yield np.repeat(every, some), positions(every + 1, some)
        place = stop


def side_by_side(*columns: Values) -> Values:
    """Columns of shape (n,) as one array of shape (n, few)."""
    return np.array(columns).T


def only(chosen: npt.NDArray[np.bool_], values: Values, other: Values | float = np.nan) -> Values:
    """The rows of an array of shape (n, few) where they are chosen, elsewhere those of another, or one number."""
    return np.where(chosen, values.T, other.T if isinstance(other, np.ndarray) else other).T


def rows_of(values: Values, rows: npt.NDArray[np.intp]) -> Values:
    """These rows of an array of shape (n,) or (n, few)."""
    return np.take(values.T, rows, axis=-1).T
