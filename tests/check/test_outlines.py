"""Outlines: what the cheap test calls simple is simple, and what GEOS says is told in plain words."""

from __future__ import annotations

import numpy as np
import shapely
from check_worlds import batch_of, findings, label, places
from hypothesis import given, settings
from hypothesis import strategies as st

from datalabel.check.outlines import surely_simple

POINTS = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=3, max_size=9)


def polygon(*rings: list[tuple[float, float]], holes: tuple[int, ...] = ()) -> dict[str, object]:
    parts = [-len(ring) if place in holes else len(ring) for place, ring in enumerate(rings)]
    flat = [float(value) for ring in rings for point in ring for value in point]
    return label("polygon", coords=flat, parts=parts)


@given(st.lists(POINTS, min_size=1, max_size=6))
@settings(max_examples=300)
def test_what_passes_the_cheap_test_is_simple(rings: list[list[tuple[int, int]]]) -> None:
    columns = batch_of([polygon(ring) for ring in rings]).columns  # type: ignore[arg-type]
    found = columns.rings.with_points(~columns.repeats)
    simple = surely_simple(found)
    for place, start in enumerate(found.starts.tolist()):
        points = found.points[start : start + found.counts[place]]
        if simple[place]:
            assert shapely.LinearRing(points).is_simple


@given(st.lists(st.floats(0, 6.28), min_size=3, max_size=30, unique=True), st.booleans())
def test_convex_rings_pass_it(angles: list[float], clockwise: bool) -> None:
    ordered = sorted({round(angle, 2) for angle in angles}, reverse=clockwise)
    ring = [(300 + 200 * np.cos(angle), 200 + 100 * np.sin(angle)) for angle in ordered]
    columns = batch_of([polygon(ring)]).columns
    assert surely_simple(columns.rings).all()


@given(st.lists(POINTS, min_size=1, max_size=6))
@settings(max_examples=100)
def test_the_rule_finds_the_rings_that_do_not_go_once_around_what_they_cover(
    rings: list[list[tuple[int, int]]],
) -> None:
    """What a ring goes around twice, or the other way round, makes its area another than what it covers."""
    batch = batch_of([polygon(ring) for ring in rings])  # type: ignore[arg-type]
    found = {number for _, _, number in places(findings(batch, "G107"))}
    for place, ring in enumerate(rings, 1):
        outline = shapely.LinearRing(ring)
        noded = shapely.node(outline)
        faces = shapely.polygonize([noded]).geoms
        if (
            faces and noded.length > outline.length - 1e-9
        ):  # of rings that go back the way they came, little is said
            around = [(_winding(ring, face.representative_point()), face.area) for face in faces]
            signed = abs(sum(times * area for times, area in around))
            covered = sum(area for times, area in around if times)
            assert (place in found) == (abs(signed - covered) > 1e-9)


def _winding(ring: list[tuple[int, int]], point: shapely.Point) -> int:
    """How often a ring goes round a point."""
    total = 0
    for (x1, y1), (x2, y2) in zip(ring, [*ring[1:], ring[0]], strict=True):
        left = (x2 - x1) * (point.y - y1) - (point.x - x1) * (y2 - y1)
        total += (y1 <= point.y < y2 and left > 0) - (y2 <= point.y < y1 and left < 0)
    return total


def test_where_it_crosses_is_said_and_touching_is_a_way_of_writing() -> None:
    crossing = polygon([(0, 0), (40, 40), (40, 0), (0, 45)], [(100, 0), (140, 0), (140, 40)])
    touching = polygon([(0, 100), (20, 140), (40, 100), (30, 180), (20, 140), (10, 180)])
    key_hole = polygon(
        [
            (0, 0),
            (90, 0),
            (90, 90),
            (0, 90),
            (0, 30),
            (30, 30),
            (30, 60),
            (60, 60),
            (60, 30),
            (30, 30),
            (0, 30),
        ]
    )
    (found,) = findings(batch_of([crossing, touching, key_hole]), "G107")
    assert found.label == f"{1:016x}"
    assert found.message.startswith('the outline of polygon of class "cat" crosses itself at 21.18, 21.18')


def test_a_closed_ring_has_no_point_twice_but_a_doubled_click_has() -> None:
    ring = [(0.0, 0.0), (40.0, 0.0), (40.0, 40.0)]
    closed = polygon([*ring, ring[0]])
    doubled = polygon([ring[0], ring[0], *ring[1:], ring[2], ring[2]])
    (found,) = findings(batch_of([closed, doubled]), "G108")
    assert found.message == 'polygon of class "cat" has 3 points twice in a row, first 0, 0'
    assert found.label == f"{2:016x}"


def test_holes_belong_to_the_ring_before_them() -> None:
    shell, hole = [(0.0, 0.0), (40.0, 0.0), (40.0, 40.0)], [(30.0, 10.0), (35.0, 10.0), (35.0, 20.0)]
    other, far = [(100.0, 0.0), (140.0, 0.0), (140.0, 40.0)], [(130.0, 10.0), (135.0, 10.0), (135.0, 20.0)]
    sound = polygon(shell, hole, other, far, holes=(1, 3))
    on_the_edge = polygon(shell, [(10.0, 0.0), (20.0, 0.0), (20.0, 5.0)], holes=(1,))
    wrong = polygon(shell, hole, far, other, holes=(1, 2))
    early = polygon(hole, shell, holes=(0,))
    found = findings(batch_of([sound, on_the_edge, wrong, early]), "G109")
    assert [one.message for one in found] == [
        'part 3 of polygon of class "cat", a hole, does not lie in its outline',
        'part 1 of polygon of class "cat", a hole, does not lie in any ring',
    ]


def test_a_polygon_of_a_hundred_thousand_points_is_judged() -> None:
    angles = np.linspace(0, 2 * np.pi, 100_000, endpoint=False)
    wavy = (100 + 30 * np.cos(9 * angles)) / 100
    ring = np.stack([300 + 200 * wavy * np.cos(angles), 240 + 150 * wavy * np.sin(angles)], axis=1)
    crossed = ring.copy()
    crossed[[10, 50_000]] = crossed[[50_000, 10]]
    labels = [
        label("polygon", coords=points.reshape(-1).tolist(), parts=[100_000]) for points in (ring, crossed)
    ]
    assert places(findings(batch_of(labels), "G107")) == [("G107", "a.jpg", 2)]


def test_a_scribble_of_many_points_is_told_at_once() -> None:
    """GEOS would take minutes, and then all memory, to sort out its crossings."""
    points = np.random.default_rng(0).uniform(0, 400, 20_000)
    (found,) = findings(batch_of([label("polygon", coords=points.tolist(), parts=[10_000])]), "G107")
    assert "crosses itself at" in found.message


def test_a_comb_of_many_slender_teeth_is_no_scribble() -> None:
    """It is as long for its room as one, and meets itself nowhere."""
    comb = [0.0, 0.0]
    for tooth in range(50):
        comb += [4.0 * tooth, 0.0, 4.0 * tooth + 2, 100.0]
    comb += [200.0, 0.0, 200.0, -10.0, 0.0, -10.0]
    assert not findings(batch_of([label("polygon", coords=comb, parts=[len(comb) // 2])]), "G107")
