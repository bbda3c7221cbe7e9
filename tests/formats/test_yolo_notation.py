"""How numbers of YOLO files are spelled: a number's text does not depend on what is spelled with it."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from datalabel.formats.yolo.notation import MAX_DIGITS, Style

NUMBERS = st.one_of(
    st.floats(0, 1),
    st.floats(-2, 2),
    st.floats(-1e17, 1e17),
    st.sampled_from([0.0, -0.0, 0.5, 0.9007199254740993]),
)


@given(
    st.lists(NUMBERS, min_size=1, max_size=12),
    st.sampled_from(["shortest", "fixed", "rounded", "significant"]),
    st.integers(1, MAX_DIGITS),
)
def test_a_number_is_spelled_alike_in_any_company(values: list[float], kind: str, digits: int) -> None:
    style = Style(kind, digits)
    together = style.texts(np.array(values)).to_pylist()
    assert together == [style.texts(np.array([value]))[0].as_py() for value in values]


@given(st.floats(-1e15, 1e15), st.integers(0, 6))
def test_few_fixed_decimals_are_those_of_python(value: float, digits: int) -> None:
    value = round(value, digits)
    assert Style("fixed", digits).texts(np.array([value]))[0].as_py() == f"{value + 0.0:.{digits}f}"
