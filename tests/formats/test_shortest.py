"""The shortest texts of doubles: those that Arrow finds, whether they are looked up or not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datalabel.formats.shortest import REACH, shortest

HUNDREDTHS = st.integers(-500, REACH + 500).map(lambda steps: steps / 100)
FLOATS = st.floats(width=64) | HUNDREDTHS | st.sampled_from([0.0, -0.0, 0.1 + 0.2, 1e16, 5e-324])


def spelled(values: Sequence[float]) -> list[str | None]:
    found: list[str | None] = pc.cast(pa.array(values, pa.float64()), pa.string()).to_pylist()
    return found


@given(st.lists(FLOATS, max_size=30), st.integers(0, 400))
def test_numbers_are_spelled_as_arrow_spells_them(values: list[float], more: int) -> None:
    values = [*values, *(place / 4 for place in range(more))]
    assert shortest(np.array(values, np.float64)).to_pylist() == spelled(values)


@given(st.lists(st.tuples(FLOATS, st.sampled_from([0, 1, 2])), min_size=1, max_size=20))
def test_fractions_of_a_side_are_spelled_as_arrow_spells_them(drawn: list[tuple[float, int]]) -> None:
    scales = np.array([7.0, 480.0, 640.0])
    sides = np.array([side for _, side in drawn] + list(range(3)) * 400)
    pixels = np.array([value for value, _ in drawn] + [place / 100 for place in range(1200)])
    with np.errstate(over="ignore"):
        fractions = pixels / scales[sides]
    assert shortest(fractions, scales, sides).to_pylist() == spelled(fractions.tolist())


@pytest.mark.parametrize("count", [1, 5000])
def test_whole_numbers_can_be_told_from_integers(count: int) -> None:
    values = np.array([174.0, 0.5, 1e22, float("inf")] * count)
    assert shortest(values, pointed=True).to_pylist()[:4] == ["174.0", "0.5", "1e+22", "inf"]
    assert shortest(values).to_pylist()[:4] == ["174", "0.5", "1e+22", "inf"]
