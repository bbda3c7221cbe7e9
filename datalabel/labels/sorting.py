"""Order, ranks and distinct values of whole arrays.

NumPy sorts several times faster where equal values may change places. Here they get one rank, or are told apart by
their place, so that this does not show.
"""

from __future__ import annotations

from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Pairs:
    """The distinct pairs of two columns of codes, in rising order; `where` is each row's place among them."""

    first: Ints
    second: Ints
    where: Ints
    counts: Ints

    def __len__(self) -> int:
        return len(self.counts)


def distinct_pairs(first: Ints, second: Ints) -> Pairs:
    """The distinct pairs of two columns of codes (0 or more)."""
    width = int(second.max(initial=0)) + 1
    if int(first.max(initial=0)) >= _LARGEST // width:
        known, second = distinct(second)
        width = max(len(known), 1)
    else:
        known = None
    keys, where = distinct(first * width + second)
    one, other = np.divmod(keys, width)
    counts = np.bincount(where, minlength=len(keys))
    return Pairs(one, other if known is None else known[other], where, counts)


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
        order = np.argsort(codes)
        ordered = codes[order]
        new = begins(ordered)
        where = np.empty(len(codes), np.int64)
        where[order] = np.cumsum(new) - 1
        return ordered[new], where
    present = np.zeros(cells, np.bool_)
    present[codes] = True
    return np.flatnonzero(present), (np.cumsum(present) - 1)[codes]
