"""Order, ranks and distinct values of whole arrays.

NumPy sorts several times faster where equal values may change places. Here they get one rank, or are told apart by
their place, so that this does not show.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Values = npt.NDArray[Any]

_LARGEST = 1 << 62
_DENSE = 8
"""Whole numbers are counted in cells rather than sorted where there are at most so many cells for each."""


def order_of(codes: Ints) -> Ints:
    """Where codes (0 or more) stand in rising order; equal ones stay in theirs."""
    size = len(codes)
    if size and int(codes.max()) >= _LARGEST // size:
        return np.argsort(codes, kind="stable")
    return np.argsort(codes * size + np.arange(size))


def ranks(values: Values) -> Ints:
    """The rank of each value among the distinct values, from 0."""
    order = np.argsort(values)
    found = np.empty(len(values), np.int64)
    found[order] = np.cumsum(begins(values[order])) - 1
    return found


def begins(ordered: Values) -> npt.NDArray[np.bool_]:
    """Where in sorted values another value begins."""
    found = np.ones(len(ordered), np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=found[1:])
    return found


def distinct(codes: Ints) -> tuple[Ints, Ints]:
    """The distinct codes (0 or more) in rising order, and for each code the position of its own."""
    cells = int(codes.max(initial=0)) + 1
    if cells > _DENSE * len(codes) + 1024:
        return np.unique(codes), ranks(codes)
    present = np.zeros(cells, np.bool_)
    present[codes] = True
    return np.flatnonzero(present), (np.cumsum(present) - 1)[codes]
