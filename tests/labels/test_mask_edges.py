"""The edge of a mask: every side between a cell inside and one outside, once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from datalabel.labels import rle
from datalabel.labels.mask_edges import mask_edges


def code_of(inside: np.ndarray) -> str:
    flat = inside.T.reshape(-1)
    changes = np.flatnonzero(np.diff(np.concatenate([[False], flat])))
    return rle.encode(np.diff(np.concatenate([[0], changes, [len(flat)]])))


@given(arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12))))
def test_the_lines_are_the_border_between_inside_and_outside(inside: np.ndarray) -> None:
    height, width = inside.shape
    sides: list[tuple[float, ...]] = []
    for x1, y1, x2, y2 in mask_edges(code_of(inside), height, width):
        steps = int(abs(x2 - x1) + abs(y2 - y1))
        dx, dy = (x2 - x1) / steps, (y2 - y1) / steps
        sides += [(x1 + k * dx, y1 + k * dy, x1 + (k + 1) * dx, y1 + (k + 1) * dy) for k in range(steps)]
    padded = np.pad(inside, 1)
    expected = {(x - 1, y, x, y) for y, x in np.argwhere(padded[1:] != padded[:-1]).tolist()}
    expected |= {(x, y - 1, x, y) for y, x in np.argwhere(padded[:, 1:] != padded[:, :-1]).tolist()}
    assert len(sides) == len(set(sides))
    assert set(sides) == expected


def test_a_large_mask_is_seen_coarsely_and_stays_inside() -> None:
    inside = np.ones((1001, 37), bool)
    lines = np.array(mask_edges(code_of(inside), 1001, 37, side=100))
    assert len(lines) == 4
    assert (lines.min(), lines[:, 0::2].max(), lines[:, 1::2].max()) == (0, 37, 1001)


@pytest.mark.parametrize(
    ("code", "height", "width"),
    [("", 3, 3), ("§", 3, 3), ("9", 2, 2), ("9", -3, -3), ("1", 100_000, 100_000)],
)
def test_what_is_no_mask_has_no_edge(code: str, height: int, width: int) -> None:
    assert mask_edges(code, height, width) == []
