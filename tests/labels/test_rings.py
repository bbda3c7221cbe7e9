"""Rings of many labels as one run of points: what they enclose, whose they are, and which are none."""

from __future__ import annotations

from itertools import chain

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from datalabel.labels.rings import Rings, places_among, ring_sizes

POINTS = st.tuples(st.integers(-20, 500), st.integers(-20, 500))
RINGS = st.lists(POINTS, min_size=3, max_size=8)
LABELS = st.lists(st.lists(st.tuples(RINGS, st.booleans()), max_size=3), min_size=1, max_size=5)
SQUARE = [0.0, 0.0, 4.0, 0.0, 4.0, 4.0, 0.0, 4.0]


def rings_of(labels: list[tuple[list[float], list[int]]]) -> Rings:
    """The rings of labels, of each its coordinates and parts."""
    coords, parts = ([one[side] for one in labels] for side in (0, 1))
    return Rings.of(
        np.array([*chain(*coords)], np.float64),
        np.array([*map(len, coords)], np.int64),
        np.array([*chain(*parts)], np.int32),
        np.array([*map(len, parts)], np.int64),
    )


@given(LABELS)
def test_rings_are_what_their_labels_say(labels: list[list[tuple[list[tuple[int, int]], bool]]]) -> None:
    flat = [
        (
            [float(value) for ring, _ in label for point in ring for value in point],
            [-len(ring) if hole else len(ring) for ring, hole in label],
        )
        for label in labels
    ]
    found = rings_of(flat)
    found = found.some(found.counts > 0)
    drawn = [(row, place, *one) for row, label in enumerate(labels) for place, one in enumerate(label)]
    assert found.rows.tolist() == [row for row, _, _, _ in drawn]
    assert found.places.tolist() == [place for _, place, _, _ in drawn]
    assert found.holes.tolist() == [hole for _, _, _, hole in drawn]
    outlines = [shapely.LinearRing(ring) for _, _, ring, _ in drawn]
    # The shoelace formula, which Shapely uses for polygons whatever they look like.
    expected = [shapely.Polygon(ring).area * (-1 if hole else 1) for _, _, ring, hole in drawn]
    assert found.areas == pytest.approx(expected, abs=1e-6)
    if outlines:
        assert found.bounds == pytest.approx(np.array([one.bounds for one in outlines]))


def test_labels_without_parts_are_one_ring() -> None:
    sizes, rows = ring_sizes(np.array([8, 12, 0]), np.array([3, -3], np.int32), np.array([0, 2, 0]))
    assert sizes.tolist() == [4, 3, -3, 0]
    assert rows.tolist() == [0, 1, 1, 2]
    assert places_among(rows).tolist() == [0, 0, 1, 0]


@pytest.mark.parametrize(
    ("coords", "parts"),
    [(SQUARE[:7], []), (SQUARE, [3]), (SQUARE, [4, 1]), (SQUARE, [4, -4])],
    ids=["odd", "too many", "too few", "a hole too many"],
)
def test_labels_whose_parts_do_not_fit_have_none(coords: list[float], parts: list[int]) -> None:
    found = rings_of([(SQUARE, []), (coords, parts), (SQUARE, [4])])
    assert found.rows.tolist() == [0, 2]
    assert found.areas.tolist() == [16.0, 16.0]


@pytest.mark.parametrize("far", [1e7, -1e9])
def test_far_from_the_origin_a_ring_encloses_what_it_encloses_near_it(far: float) -> None:
    found = rings_of([([value + far for value in SQUARE], []), (SQUARE, [-4])])
    assert found.areas.tolist() == [16.0, -16.0]
    areas, moments = found.moments(np.array([0, 1]))
    assert areas.tolist() == [16.0, -16.0]
    assert moments[0] == pytest.approx([16 * (far + 2)] * 2, rel=1e-12)


def test_some_of_them_keep_their_places() -> None:
    found = rings_of([(SQUARE * 2, [4, -4]), (SQUARE, [])])
    assert found.some(np.ones(3, np.bool_)) is found
    hole = found.some(found.holes)
    assert (hole.rows.tolist(), hole.places.tolist(), hole.starts.tolist()) == ([0], [1], [0])
    assert found.but_rows(np.array([0])).rows.tolist() == [1]
    assert found.of_rows(np.array([0])).counts.tolist() == [4, 4]
    assert found.span(1, 3).rows.tolist() == [0, 1]
    assert found.after(found.points[:, 0])[3::4].tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("odd", [float("nan"), float("inf")])
def test_a_ring_that_is_not_finite_leaves_its_neighbours_alone(odd: float) -> None:
    found = rings_of([(SQUARE, []), ([odd, 1.0], []), (SQUARE, []), ([1.0, 1.0, 2.0, odd, 3.0, 3.0], [])])
    with np.errstate(all="ignore"):
        areas = found.areas
    assert areas[[0, 2]].tolist() == [16.0, 16.0]
    assert np.isnan(areas[[1, 3]]).all()
