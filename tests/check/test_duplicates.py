"""What is there twice: within one item, annotator and kind, whatever the geometry."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from check_worlds import ITEM, SHAPES, batch_of, findings, label, places
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from datalabel.check.baseline import marks, subtract
from datalabel.check.columns import TOLERANCE
from datalabel.check.finding import Finding
from datalabel.check.pairs import ALIKE
from datalabel.labels import geometry
from datalabel.labels.shapes import shapes
from datalabel.labels.tables import label_id_text
from datalabel.spec.model import Conditions, LabelType, Spec

CORNER = st.integers(0, 6).map(float)
SIDE = st.integers(1, 12).map(float)
BOXES = st.fixed_dictionaries(
    {
        "item": st.sampled_from(["a.jpg", "b.jpg"]),
        "class": st.sampled_from(["cat", "dog"]),
        "annotator": st.sampled_from([None, "ann", "ben"]),
        "kind": st.just("box"),
        "x": CORNER,
        "y": CORNER,
        "w": SIDE,
        "h": SIDE,
    }
)


@given(st.lists(BOXES, max_size=25))
@settings(max_examples=60)
def test_boxes_are_judged_as_comparing_every_two_does(rows: list[dict[str, Any]]) -> None:
    rows.sort(key=lambda row: str(row["item"]))
    batch = batch_of(rows, [{**ITEM, "item": key} for key in ("a.jpg", "b.jpg")])
    expected: set[tuple[str, int]] = set()
    pairs: dict[str, list[tuple[int, int]]] = {"D101": [], "D102": []}
    for second, row in enumerate(rows):
        for first, other in enumerate(rows[:second]):
            if any(row[name] != other[name] for name in ("item", "annotator")):
                continue
            (iou,) = geometry.ious(batch.labels, np.array([first]), batch.labels, np.array([second]))
            same = row["class"] == other["class"]
            if iou >= ALIKE:
                pairs["D101" if same else "D102"].append((first, second))
            elif same and (_within(row, other) or _within(other, row)):
                expected.add(("D103", (second if _within(row, other) else first) + 1))
    # Of equal boxes the first stands for all: what these have in common with others is told once.
    said = [tuple(sorted((name, str(cell)) for name, cell in row.items())) for row in rows]
    stands = [said.index(one) for one in said]
    gone = {place for place, first in enumerate(stands) if first != place}
    expected |= {("D101", place + 1) for place in gone}
    for code, found in pairs.items():
        kept = [pair for pair in found if not gone & {*pair}]
        expected |= {(code, row + 1) for row in _all_but_first(len(rows), kept)}
    assert {(code, number) for code, _, number in places(findings(batch, "D10"))} == expected


def _all_but_first(size: int, pairs: list[tuple[int, int]]) -> set[int]:
    """The rows that pairs connect, but for the first of each group."""
    first, second = np.array(pairs, np.intp).reshape(-1, 2).T
    links = sparse.coo_array((np.ones(len(first)), (first, second)), (size, size))
    groups = sparse.csgraph.connected_components(links, directed=False)[1]
    return set(range(size)) - set(np.unique(groups, return_index=True)[1].tolist())


@given(st.lists(BOXES, min_size=2, max_size=14), st.data())
@settings(max_examples=60)
def test_the_order_of_labels_in_a_file_decides_nothing(
    rows: list[dict[str, Any]], data: st.DataObject
) -> None:
    spec = Spec(
        classes={name: {"box": LabelType(conditions=Conditions(max_overlap=0.3))} for name in ("cat", "dog")}
    )
    # Each says something of its own: which of two labels that say the same is the copy, their order does decide.
    known = [
        {**row, "id": number, "confidence": place / 100}
        for place, (row, number) in enumerate(
            zip(rows, data.draw(st.permutations(range(1, len(rows) + 1))), strict=True)
        )
    ]

    def found(order: list[dict[str, Any]]) -> list[Finding]:
        order = sorted(order, key=lambda row: str(row["item"]))
        items = [{**ITEM, "item": key} for key in ("a.jpg", "b.jpg")]
        return findings(batch_of(order, items, spec=spec), "D101", "D102", "D103", "S112")

    before, after = found(known), found(data.draw(st.permutations(known)))
    assert sorted(one.mark for one in before) == sorted(one.mark for one in after)
    assert sorted((one.code, one.label, one.other) for one in before) == sorted(
        (one.code, one.label, one.other) for one in after
    )
    new = data.draw(st.sampled_from(known))
    less = subtract(before, marks(found([row for row in known if row is not new]))).new
    about = {one.code for one in before if label_id_text(new["id"]) in (one.label, one.other)}
    assert about <= {one.code for one in less} | {"D103"}


def _within(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return all(
        one[low] >= other[low] and one[low] + one[side] <= other[low] + other[side]
        for low, side in (("x", "w"), ("y", "h"))
    )


@st.composite
def redrawn(draw: st.DrawFn) -> list[dict[str, Any]]:
    """One object drawn several times with a shaky hand: a star-shaped outline, some with a hole, some with a second
    piece far away, so that their bounds say little."""
    corners = np.array(draw(st.lists(st.floats(0.5, 1.0), min_size=5, max_size=9)))
    hole, far = draw(st.booleans()), draw(st.booleans())
    drawn = []
    for _ in range(draw(st.integers(2, 4))):
        shaky = (
            corners * np.array(draw(st.lists(st.floats(0.94, 1.06), min_size=9, max_size=9)))[: len(corners)]
        )
        middle = np.array(draw(st.tuples(st.floats(98, 102), st.floats(98, 102))))
        turned = np.arange(len(corners)) * 2 * np.pi / len(corners)
        ring = np.stack([np.cos(turned), np.sin(turned)], axis=1) * shaky[:, None] * 60
        pieces, parts = [middle + ring], [len(ring)]
        if hole:
            pieces, parts = [*pieces, middle + ring * 0.4], [*parts, -len(ring)]
        if far:
            pieces, parts = [*pieces, middle + ring + draw(st.floats(150, 160))], [*parts, len(ring)]
        coords = np.concatenate(pieces).ravel().tolist()
        drawn.append(label("polygon", coords=coords, parts=parts))
    return drawn


@given(redrawn())
@settings(max_examples=150)
def test_outlines_are_judged_as_comparing_every_two_does(rows: list[dict[str, Any]]) -> None:
    batch = batch_of(rows)
    pairs = [(first, second) for second in range(len(rows)) for first in range(second)]
    first_rows, second_rows = np.array(pairs).T
    ious = geometry.ious(batch.labels, first_rows, batch.labels, second_rows)
    alike = [pair for pair, iou in zip(pairs, ious, strict=True) if iou >= ALIKE]
    expected = {row + 1 for row in _all_but_first(len(rows), alike)}
    assert {number for _, _, number in places(findings(batch, "D101"))} == expected


POINT = st.tuples(st.integers(0, 8), st.integers(0, 8)).map(lambda point: (10.0 * point[0], 10.0 * point[1]))


@st.composite
def scrawled(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Outlines of any rings: they cross themselves, go twice round, overlap as pieces, and lie as holes outside. Some
    are another with one point moved a little."""
    drawn: list[tuple[list[list[tuple[float, float]]], list[int]]] = []
    for place in range(draw(st.integers(2, 4))):
        rings = draw(st.lists(st.lists(POINT, min_size=3, max_size=5), min_size=1, max_size=3))
        signs = draw(st.lists(st.sampled_from([1, -1]), min_size=3, max_size=3))
        if place and draw(st.booleans()):
            rings, signs = drawn[draw(st.integers(0, place - 1))]
            x, y = rings[-1][0]
            rings = [*rings[:-1], [(x + draw(st.integers(-10, 10)) / 10, y), *rings[-1][1:]]]
        drawn.append((rings, signs))
    return [
        label(
            "polygon",
            coords=[value for ring in rings for point in ring for value in point],
            parts=[sign * len(ring) for ring, sign in zip(rings, [1, *signs], strict=False)],
        )
        for rings, signs in drawn
    ]


@given(scrawled())
@settings(max_examples=100)
def test_what_crosses_itself_is_judged_by_what_it_covers(rows: list[dict[str, Any]]) -> None:
    batch = batch_of(rows)
    drawn, bounds = shapes(batch.labels), geometry.bounds(batch.labels)
    flat = {number for _, _, number in places(findings(batch, "G101"))}
    assert flat == {place + 1 for place, one in enumerate(drawn) if one.area < 1e-6}
    alike: list[tuple[int, int]] = []
    inside = set()
    for second, other in enumerate(drawn):
        for first, one in enumerate(drawn[:second]):
            shared = one.intersection(other).area
            smaller = first if one.area < other.area else second
            if flat & {first + 1, second + 1}:
                continue
            if shared >= ALIKE * (1 - TOLERANCE) * (one.area + other.area - shared):
                alike.append((first, second))
            elif shared >= (1 - TOLERANCE) * drawn[smaller].area:
                # A spike covers nothing, but counts for bounds; only pairs of which one's hold the other's are asked.
                low, far = np.split(bounds[first] - bounds[second], 2)
                if ((low >= 0) & (far <= 0)).all() or ((low <= 0) & (far >= 0)).all():
                    inside.add(smaller + 1)
    expected = {row + 1 for row in _all_but_first(len(drawn), alike)}
    assert {number for _, _, number in places(findings(batch, "D101"))} == expected
    assert {number for _, _, number in places(findings(batch, "D103"))} == inside


@pytest.mark.parametrize("kind", SHAPES)
def test_an_equal_label_of_any_kind_is_found_and_may_be_deleted(kind: str) -> None:
    twice = [label(kind, annotator="ann")] * 2
    (found,) = findings(batch_of([*twice, label(kind, annotator="ben")]), "D")
    assert (found.code, found.label, found.fix) == ("D101", f"{2:016x}", "delete the copy")
    assert "is the same as label 0000000000000001" in found.message


def test_three_of_a_kind_are_two_too_many() -> None:
    found = findings(batch_of([label(), label(x=10.5), label(y=20.5)]), "D101")
    assert places(found) == [("D101", "a.jpg", 2), ("D101", "a.jpg", 3)]
    assert [one.fix for one in found] == [None, None]


def test_outlines_are_compared_not_their_boxes() -> None:
    """Two triangles that fill one box share nothing; a small triangle in the other's empty corner is not inside."""
    lower = label("polygon", coords=[0.0, 0, 100, 100, 0, 100])
    upper = label("polygon", coords=[0.0, 0, 100, 0, 100, 100])
    corner = label("polygon", coords=[80.0, 5, 95, 5, 95, 20])
    assert places(findings(batch_of([lower, upper]), "D")) == []
    assert places(findings(batch_of([lower, corner]), "D")) == []
    assert places(findings(batch_of([upper, corner]), "D")) == [("D103", "a.jpg", 2)]


def test_a_bow_tie_in_an_empty_corner_lies_in_nothing() -> None:
    """Its area by the shoelace formula is 0, which is no more than what it shares with the other: nothing."""
    angle = label("polygon", coords=[100.0, 100, 300, 100, 300, 120, 120, 120, 120, 300, 100, 300], parts=[6])
    bow = label("polygon", coords=[160.0, 160, 200, 200, 200, 160, 160, 200], parts=[4])
    within = label("polygon", coords=[105.0, 105, 115, 115, 115, 105, 105, 115], parts=[4])
    assert places(findings(batch_of([angle, bow]), "D")) == []
    assert places(findings(batch_of([angle, within]), "D")) == [("D103", "a.jpg", 2)]


SQUARE = [0.0, 0, 100, 0, 100, 100, 0, 100]
HOLE = [10.0, 10, 90, 10, 90, 90, 10, 90]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((SQUARE + HOLE, [4, -4]), (SQUARE + HOLE + HOLE, [4, -4, -4])),
        ((SQUARE, [4]), (SQUARE + HOLE, [4, 4])),
        ((SQUARE, [4]), (SQUARE + SQUARE, [8])),
    ],
    ids=["a hole twice", "a piece in a piece", "twice round"],
)
def test_what_shows_the_same_is_found_whatever_the_shoelace_formula_says(
    one: tuple[list[float], list[int]], other: tuple[list[float], list[int]]
) -> None:
    """Moved a little, so that neither lies in the other's bounds."""
    moved = [value + 0.5 * (place % 2) for place, value in enumerate(other[0])]
    rows = [label("polygon", coords=coords, parts=parts) for coords, parts in (one, (moved, other[1]))]
    assert places(findings(batch_of(rows), "D101")) == [("D101", "a.jpg", 2)]


def test_limits_that_are_met_exactly_are_met_on_decimal_coordinates_too() -> None:
    """Right edges are sums, and differ by their rounding."""
    tall = [label(x=198.7, y=220.66, w=100.0, h=height) for height in (100.0, 90.0)]
    flush = [label(x=100.48, y=10.0, w=30.0, h=40.0), label(x=30.48, y=10.0, w=100.0, h=100.0)]
    beyond = [label(x=100.49, y=10.0, w=30.0, h=40.0), flush[1]]
    assert places(findings(batch_of(tall), "D")) == [("D101", "a.jpg", 2)]
    assert places(findings(batch_of(flush), "D")) == [("D103", "a.jpg", 1)]
    assert places(findings(batch_of(beyond), "D")) == []


def test_crossing_lines_of_one_extent_are_two_lines() -> None:
    lines = [label("polyline", coords=points) for points in ([0.0, 0, 50, 50], [0.0, 50, 50, 0])]
    assert findings(batch_of(lines), "D") == []


def test_a_number_may_occur_once_in_each_source() -> None:
    rows = [
        label(source="a.json", source_id="1"),
        label(source="b.json", source_id="1", x=300.0),
        label(source="a.json", source_id=None, x=300.0, y=200.0),
        label(source="a.json", source_id=None, x=300.0, y=300.0),
        label(source="a.json", source_id="1", item="b.jpg"),
    ]
    (found,) = findings(batch_of(rows, [ITEM, {**ITEM, "item": "b.jpg"}]), "D104")
    assert (found.item, found.label, found.source) == ("b.jpg", f"{5:016x}", "a.json")
    assert found.message == 'has a number that label 0000000000000001 of "a.jpg" has too in "a.json"'


def test_ten_thousand_labels_on_one_image_are_judged() -> None:
    rows = [
        label(x=float(6 * (place % 100)), y=float(4 * (place // 100)), w=5.0, h=3.0)
        for place in range(10_000)
    ]
    rows.append(label(x=6.0, y=4.0, w=5.0, h=3.0))
    assert places(findings(batch_of(rows), "D")) == [("D101", "a.jpg", 10_001)]
