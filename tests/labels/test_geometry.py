"""Bounds, areas and overlap against Shapely, pycocotools and plain arithmetic."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from pycocotools import mask

from datalabel.labels.geometry import area, bounds, covered, ious, shared_areas
from datalabel.labels.tables import LABELS, table_of

ONE = np.zeros(1, dtype=np.intp)


def label(kind: str, **columns: Any) -> Any:
    cells = {"item": ["a"], "id": [1], "class": ["x"], "kind": [kind]}
    return table_of(cells | {name: [value] for name, value in columns.items()}, LABELS)


def box(x: float, y: float, w: float, h: float) -> Any:
    return label("box", x=x, y=y, w=w, h=h)


def polygon(*rings: list[float], holes: tuple[int, ...] = ()) -> Any:
    parts = [-len(ring) // 2 if index in holes else len(ring) // 2 for index, ring in enumerate(rings)]
    return label("polygon", coords=[number for ring in rings for number in ring], parts=parts)


def masked(pixels: npt.NDArray[np.uint8]) -> Any:
    code = mask.encode(np.asfortranarray(pixels))
    return label("mask", rle=code["counts"].decode(), parts=list(pixels.shape))


def iou(left: Any, right: Any) -> float:
    return float(ious(left, ONE, right, ONE)[0])


SQUARE = [0.0, 0.0, 10.0, 0.0, 10.0, 10.0, 0.0, 10.0]
INNER = [2.0, 2.0, 4.0, 2.0, 4.0, 4.0, 2.0, 4.0]
AWAY = [20.0, 0.0, 22.0, 0.0, 22.0, 5.0, 20.0, 5.0]


def test_areas() -> None:
    assert area(box(1, 2, 3, 4))[0] == 12
    assert area(polygon(SQUARE))[0] == 100
    assert area(polygon(SQUARE, INNER, holes=(1,)))[0] == 96
    assert area(polygon(SQUARE, AWAY))[0] == 110
    assert area(label("category"))[0] == 0


def test_the_area_of_a_box_does_not_depend_on_its_place() -> None:
    assert area(box(299.86, 50.45, 96, 96))[0] == 96 * 96
    assert area(box(4.1e15, 0, 3, 3))[0] == 9


def test_bounds() -> None:
    assert bounds(box(1, 2, 3, 4)).tolist() == [[1, 2, 4, 6]]
    assert bounds(polygon(SQUARE, AWAY)).tolist() == [[0, 0, 22, 10]]
    points = label("keypoints", coords=[0.0, 0.0, 0.0, 5.0, 6.0, 2.0, 9.0, 3.0, 1.0])
    assert bounds(points).tolist() == [[5, 3, 9, 6]]
    assert np.isnan(bounds(label("category"))).all()


def test_what_outlines_cover() -> None:
    bow = polygon([0.0, 0.0, 10.0, 10.0, 10.0, 0.0, 0.0, 10.0])
    assert area(bow)[0] == 0
    assert covered(bow)[0] == 50
    assert covered(polygon(SQUARE, INNER, INNER, holes=(1, 2)))[0] == 96
    assert covered(polygon(SQUARE, INNER))[0] == 100
    assert covered(polygon(SQUARE, SQUARE, holes=(1,)))[0] == 0
    assert covered(box(1, 2, 3, 4))[0] == 12
    for shapeless in (
        label("category"),
        label("polygon", coords=[*SQUARE, 1.0], parts=[4]),
        box(0, 0, 1e300, 1),
    ):
        assert np.isnan(covered(shapeless)).all()


def test_what_two_labels_share() -> None:
    shared, one, other = shared_areas(polygon(SQUARE), ONE, polygon(SQUARE, INNER, holes=(1,)), ONE)
    assert (shared[0], one[0], other[0]) == (96, 100, 96)
    assert shared_areas(polygon(SQUARE), ONE, polygon(AWAY), ONE).tolist() == [[0], [0], [0]]


def test_overlap() -> None:
    assert iou(box(0, 0, 10, 10), box(5, 0, 10, 10)) == pytest.approx(1 / 3)
    assert iou(box(0, 0, 10, 10), polygon(SQUARE)) == pytest.approx(1)
    assert iou(polygon(SQUARE), polygon(SQUARE, INNER, holes=(1,))) == pytest.approx(0.96)
    assert iou(polygon(SQUARE), polygon(AWAY)) == 0
    assert iou(label("category"), label("category")) == 1
    assert iou(label("category"), box(0, 0, 1, 1)) == 0
    assert iou(box(0, 0, 0, 0), box(0, 0, 0, 0)) == 0
    assert iou(box(0, 0, float("nan"), 1), box(0, 0, 1, 1)) == 0


pixels = arrays.arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.integers(0, 1))


@settings(max_examples=80)
@given(pixels, st.randoms(use_true_random=False))
def test_masks_by_their_pixels(first: npt.NDArray[np.uint8], chance: Any) -> None:
    second = np.array([[chance.randint(0, 1) for _ in row] for row in first], dtype=np.uint8)
    assert area(masked(first))[0] == first.sum()
    both, either = (first & second).sum(), (first | second).sum()
    assert iou(masked(first), masked(second)) == pytest.approx(both / either if either else 0)
    ys, xs = np.nonzero(first)
    if len(xs):
        assert bounds(masked(first)).tolist() == [[xs.min(), ys.min(), xs.max() + 1, ys.max() + 1]]
    else:
        assert np.isnan(bounds(masked(first))).all()


@pytest.mark.parametrize("code", ["", "\x00", "zzzzzzzzzzzz", "P", "99999", None])
def test_masks_with_unsound_codes_are_empty(code: str | None) -> None:
    broken = label("mask", rle=code, parts=[4, 4])
    assert area(broken)[0] == 0
    assert np.isnan(bounds(broken)).all()
    assert iou(broken, broken) == 0


numbers = st.floats(allow_nan=True, allow_infinity=True, width=32)


@settings(max_examples=80)
@given(
    st.lists(numbers, max_size=9),
    st.lists(st.integers(-4, 4), max_size=3),
    st.lists(numbers, min_size=4, max_size=4),
)
def test_absurd_geometry_never_raises(coords: list[float], parts: list[int], corners: list[float]) -> None:
    x, y, w, h = corners
    for kind in ("box", "polygon", "rotated_box", "polyline", "keypoints"):
        odd = label(kind, coords=coords, parts=parts, x=x, y=y, w=w, h=h)
        assert area(odd).shape == (1,)
        assert bounds(odd).shape == (1, 4)
        assert 0 <= iou(odd, box(0, 0, 5, 5)) <= 1
