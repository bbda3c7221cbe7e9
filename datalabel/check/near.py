"""Pairs of 64-bit hashes that differ in few bits, without comparing every two."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, pairwise

import numpy as np
import numpy.typing as npt

from datalabel.labels.arrays import following
from datalabel.labels.hashing import Hashes

Index = npt.NDArray[np.intp]

PAIRS_AT_ONCE = 1 << 21


def near_pairs(hashes: Hashes, most: int) -> Iterator[tuple[Index, Index, npt.NDArray[np.int64]]]:
    """Every two positions whose hashes differ in `most` bits or fewer, once each, with the number of bits, in
    portions of bounded size.

    The bits are cut into `most` + 2 bands. Of two such hashes at least two bands are equal (the pigeonhole
    principle), so only hashes that share two whole bands are compared: for four bits, about 21 equal bits of 64.
    """
    bands = _bands(most + 2)
    for place, (one, other) in enumerate(combinations(bands, 2)):
        earlier = [first | second for first, second in list(combinations(bands, 2))[:place]]
        for left, right in _equal(hashes & (one | other)):
            apart = hashes[left] ^ hashes[right]
            near = np.bitwise_count(apart).astype(np.int64) <= most
            left, right, apart = left[near], right[near], apart[near]
            # Who shares an earlier two bands was found there.
            fresh = np.ones(len(left), np.bool_)
            for mask in earlier:
                fresh &= (apart & mask) != 0
            if fresh.any():
                yield left[fresh], right[fresh], np.bitwise_count(apart[fresh]).astype(np.int64)


def _bands(count: int) -> list[np.uint64]:
    """Masks that share out 64 bits."""
    edges = [64 * place // count for place in range(count + 1)]
    return [np.uint64((1 << high) - (1 << low)) for low, high in pairwise(edges)]


def _equal(values: Hashes) -> Iterator[tuple[Index, Index]]:
    """Every two positions with equal values, in portions of bounded size."""
    order = np.argsort(values, kind="stable")
    ends = np.searchsorted(values[order], values[order], side="right")
    counts = ends - np.arange(len(order)) - 1
    for left, right in following(counts, PAIRS_AT_ONCE):
        if len(left):
            yield order[left], order[right]
