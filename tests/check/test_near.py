"""Hashes that differ in few bits: every two are found, once, and no others."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from datalabel.check import near
from datalabel.check.near import near_pairs

BITS = st.integers(0, 2**64 - 1)


@st.composite
def crowds(draw: st.DrawFn) -> list[int]:
    """A few hashes, and others that differ from them in up to eight bits."""
    found = draw(st.lists(BITS, min_size=1, max_size=5))
    for _ in range(draw(st.integers(0, 15))):
        flips = draw(st.lists(st.integers(0, 63), max_size=8, unique=True))
        found.append(draw(st.sampled_from(found)) ^ sum(1 << flip for flip in flips))
    return found


@given(crowds(), st.integers(0, 6))
@settings(max_examples=150)
def test_it_finds_what_comparing_every_two_finds(hashes: list[int], most: int) -> None:
    found = [
        (min(pair), max(pair), bits)
        for left, right, apart in near_pairs(np.array(hashes, np.uint64), most)
        for *pair, bits in zip(left.tolist(), right.tolist(), apart.tolist(), strict=True)
    ]
    expected = [
        (one, other, (hashes[one] ^ hashes[other]).bit_count())
        for one in range(len(hashes))
        for other in range(one + 1, len(hashes))
        if (hashes[one] ^ hashes[other]).bit_count() <= most
    ]
    assert sorted(found) == expected


def test_a_crowd_of_equal_hashes_comes_in_portions() -> None:
    many = np.full(3000, 7, np.uint64)
    portions = [len(left) for left, _, _ in near_pairs(many, 4)]
    assert sum(portions) == 3000 * 2999 // 2
    assert max(portions) <= near.PAIRS_AT_ONCE + 3000
