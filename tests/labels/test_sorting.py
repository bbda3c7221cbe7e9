"""Order, ranks and distinct values: as NumPy's stable sort and `unique` have them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from datalabel.labels.sorting import begins, distinct, order_of, ranks

FLOATS = arrays.arrays(
    np.float64, st.integers(0, 40), elements=st.sampled_from([0.0, -0.0, 1.5, -2.0, 1e300, np.inf, -np.inf])
)
CODES = arrays.arrays(
    np.int64, st.integers(0, 40), elements=st.one_of(st.integers(0, 5), st.integers(0, 1 << 61))
)


@settings(max_examples=200)
@given(CODES)
def test_order_is_that_of_a_stable_sort(codes: Any) -> None:
    assert order_of(codes).tolist() == np.argsort(codes, kind="stable").tolist()


def test_many_equal_codes_stay_in_their_order() -> None:
    codes = np.random.default_rng(1).integers(0, 7, 100_000)
    assert (order_of(codes) == np.argsort(codes, kind="stable")).all()


@settings(max_examples=200)
@given(FLOATS)
def test_ranks_are_those_among_the_distinct_values(values: Any) -> None:
    assert ranks(values).tolist() == np.unique(values, return_inverse=True)[1].tolist()
    assert begins(np.sort(values)).sum() == len(np.unique(values))


@pytest.mark.parametrize("largest", [3, 1 << 40])
@settings(max_examples=100)
@given(data=st.data())
def test_distinct_codes_are_those_of_unique(largest: int, data: st.DataObject) -> None:
    codes = np.array(data.draw(st.lists(st.integers(0, largest), max_size=40)), np.int64)
    found, places = distinct(codes)
    expected, inverse = np.unique(codes, return_inverse=True)
    assert found.tolist() == expected.tolist()
    assert places.tolist() == inverse.tolist()
