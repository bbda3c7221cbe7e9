"""Repairs: afterwards the rule is silent, what was right is untouched, and doing it twice does no more."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely
from check_worlds import ITEM, batch_of, findings, label
from hypothesis import example, given, settings
from hypothesis import strategies as st

from datalabel.check.finding import CheckBatch
from datalabel.check.fixes import FIXES
from datalabel.labels import geometry
from datalabel.labels.shapes import shapes


def repaired(batch: CheckBatch, code: str) -> CheckBatch:
    wanted = {one.label for one in findings(batch, code)}
    ids = batch.labels.column("id").to_pylist()
    rows = np.array([row for row, number in enumerate(ids) if f"{number:016x}" in wanted], dtype=np.intp)
    return CheckBatch(batch.set, batch.items, FIXES[code].change(batch, rows), batch.spec)


def row(batch: CheckBatch, place: int) -> dict[str, Any]:
    found: dict[str, Any] = batch.labels.to_pylist()[place]
    return found


def test_a_box_is_clipped_at_every_edge() -> None:
    batch = batch_of([label(x=-5.0, y=-6.0, w=700.0, h=500.0), label()])
    after = repaired(batch, "G104")
    assert [row(after, 0)[name] for name in "xywh"] == [0, 0, 640, 480]
    assert row(after, 1) == row(batch, 1)
    assert not findings(after, "G104")


def test_an_image_that_exif_turns_is_clipped_the_way_up_that_the_rule_took() -> None:
    turned = [{**ITEM, "orientation": 6}]
    after = repaired(batch_of([label(x=10.0, y=20.0, w=500.0, h=500.0)], turned), "G104")
    assert not findings(after, "G104")
    assert [row(after, 0)[name] for name in "xywh"] in ([10, 20, 470, 500], [10, 20, 500, 460])


def test_corners_are_swapped() -> None:
    after = repaired(batch_of([label(x=110.0, y=20.0, w=-100.0, h=50.0)]), "G102")
    assert [row(after, 0)[name] for name in "xywh"] == [10, 20, 100, 50]
    assert not findings(after, "G102")


HOLED = {
    "coords": [-50.0, 10, 100, 10, 100, 200, -50, 200, -20.0, 50, -20, 150, 60, 150, 60, 50],
    "parts": [4, -4],
}


def test_a_polygon_is_clipped_exactly_with_its_hole_and_its_bounds() -> None:
    batch = batch_of([label("polygon", **HOLED, x=-50.0, y=10.0, w=150.0, h=190.0), label("polygon")])
    after = repaired(batch, "G104")
    (shape,) = shapes(after.labels.slice(0, 1))
    (before,) = shapes(batch.labels.slice(0, 1))
    expected = shapely.intersection(before, shapely.box(0, 0, 640, 480))
    assert shapely.equals(shape, expected)
    assert geometry.area(after.labels)[0] == pytest.approx(shapely.area(expected))
    assert [row(after, 0)[name] for name in "xywh"] == [0, 10, 100, 190]
    assert row(after, 1) == row(batch, 1)


def test_what_falls_apart_is_kept_in_pieces() -> None:
    """A horseshoe whose bend lies outside."""
    bend = [10.0, 10, -30, 10, -30, 70, 10, 70, 10, 60, -20, 60, -20, 20, 10, 20]
    after = repaired(batch_of([label("polygon", coords=bend, parts=[8])]), "G104")
    assert row(after, 0)["parts"] == [4, 4]
    assert geometry.area(after.labels)[0] == pytest.approx(200)
    assert row(after, 0)["x"] is None, "bounds that nobody recorded are not made up"


def test_a_polygon_that_crosses_itself_is_left_to_a_person() -> None:
    bow = label("polygon", coords=[-10.0, 0, 50, 50, 50, 0, -10, 60], parts=[4])
    batch = batch_of([bow, label(x=-5.0)])
    after = repaired(batch, "G104")
    assert row(after, 0) == row(batch, 0)
    assert row(after, 1)["x"] == 0


def test_bounds_are_recomputed_where_an_outline_has_any() -> None:
    wrong = label("polygon", x=0.0, y=0.0, w=5.0, h=5.0)
    after = repaired(batch_of([wrong]), "G113")
    assert [row(after, 0)[name] for name in "xywh"] == [10, 10, 100, 50]
    assert not findings(after, "G113")


def test_flat_and_lost_labels_are_dropped() -> None:
    batch = batch_of([label(w=0.0), label(x=900.0), label()])
    assert repaired(batch, "G101").labels.column("id").to_pylist() == [2, 3]
    assert repaired(batch, "G105").labels.column("id").to_pylist() == [1, 3]


def test_of_copies_the_first_stays_and_what_says_more_stays() -> None:
    batch = batch_of([label(), label(), label(extra='{"note":1}'), label(annotator="ann"), label()])
    promised = {one.label: one.fix for one in findings(batch, "D101")}
    assert promised == {f"{2:016x}": "delete the copy", f"{3:016x}": None, f"{5:016x}": "delete the copy"}
    after = repaired(batch, "D101")
    assert after.labels.column("id").to_pylist() == [1, 3, 4]
    (left,) = findings(after, "D101")
    assert left.message.endswith("by the same annotator, but for its confidence or other fields")


edges = st.floats(-1000, 2000) | st.sampled_from([0.0, 640.0, 480.0, -0.0])
sizes = st.floats(-500, 500)
boxes = st.builds(lambda x, y, w, h: label(x=x, y=y, w=w, h=h), edges, edges, sizes, sizes)
polygons = st.builds(
    lambda points: label(
        "polygon", coords=[float(one) for point in points for one in point], parts=[len(points)]
    ),
    st.lists(st.tuples(edges, edges), min_size=3, max_size=7),
)


@settings(max_examples=100)
@given(st.lists(boxes | polygons, max_size=6))
def test_a_repair_that_is_promised_is_made_and_no_other(labels: list[dict[str, Any]]) -> None:
    batch = batch_of(labels)
    promised = {one.label for one in findings(batch, "G104") if one.fix}
    both = zip(batch.labels.to_pylist(), repaired(batch, "G104").labels.to_pylist(), strict=True)
    assert {f"{old['id']:016x}" for old, new in both if old != new} == promised


@settings(max_examples=40)
@given(st.lists(boxes | polygons, max_size=6))
@example([label(x=0.0, y=0.0, w=1.0, h=1.0), label(x=0.0, y=0.03125, w=1.0, h=1.0)])
def test_repairs_end_and_change_nothing_else(labels: list[dict[str, Any]]) -> None:
    batch = batch_of(labels)
    for code in FIXES:
        wanted = {one.label for one in findings(batch, code)}
        after = repaired(batch, code)
        same = [one for one in batch.labels.to_pylist() if f"{one['id']:016x}" not in wanted]
        left = [one for one in after.labels.to_pylist() if f"{one['id']:016x}" not in wanted]
        assert same == left
        assert after.labels.schema == batch.labels.schema
        # Of labels that show the same and are not equal, none is deleted.
        still = {one.label for one in findings(after, code) if one.fix or code != "D101"}
        assert still <= wanted
        boxes_left = {f"{one['id']:016x}" for one in after.labels.to_pylist() if one["kind"] == "box"}
        assert not still & boxes_left
        assert repaired(after, code).labels == after.labels
        batch = CheckBatch(batch.set, batch.items, after.labels, batch.spec)
