"""What is measured once changes nothing about what is found by rules, by conditions or in statistics."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from check_worlds import ITEM, SHAPES, batch_of, findings, label, measured, places
from hypothesis import given, settings
from hypothesis import strategies as st

from datalabel.check.measuring import measures_of
from datalabel.check.pairs import PARTNERS
from datalabel.labels.rle import encode
from datalabel.labels.rows import with_column
from datalabel.labels.stats import measure
from datalabel.labels.tables import KINDS, LEFT_OUT
from datalabel.spec.model import Conditions, LabelType, Spec

ITEMS = [
    {**ITEM, "item": f"{name}.jpg", "content": content, "repeated": content == "twin"}
    for name, content in (("a", "twin"), ("b", "twin"), ("c", "other"))
]
STRICT = Conditions(min_area=20, max_width=60, min_points=4, max_aspect=3, max_overlap=0.2, per_image=(1, 2))
SPEC = Spec(classes={name: {kind: LabelType(conditions=STRICT) for kind in KINDS} for name in ("cat", "dog")})

# Few numbers, so that shapes touch, cross and repeat each other.
coordinate = st.one_of(
    st.sampled_from([0.0, 10, 20, 30, 40, 50]),
    st.floats(-20, 700),
    st.sampled_from([float("nan"), float("inf"), -1e300, 1e300]),
)
lists = st.none() | st.lists(coordinate, max_size=14)
parts = st.none() | st.lists(st.integers(-4, 6), max_size=3)
masks = st.lists(st.integers(0, 60), min_size=1, max_size=6).map(lambda runs: encode(np.array(runs)))


@st.composite
def hostile(draw: st.DrawFn) -> dict[str, Any]:
    """A label that is sound, or nearly anything else that columns can hold."""
    kind = draw(st.sampled_from(KINDS))
    row = label(
        kind,
        item=f"{draw(st.sampled_from('abc'))}.jpg",
        **{"class": draw(st.sampled_from(["cat", "dog"]))},
        annotator=draw(st.sampled_from([None, "ann", "bob"])),
        extra=draw(st.sampled_from([None, '{"note":1}'])),
    )
    if draw(st.booleans()):
        boxes = st.fixed_dictionaries(dict.fromkeys("xywh", st.none() | coordinate))
        row |= draw(boxes)
    if draw(st.booleans()):
        row |= {"coords": draw(lists), "parts": draw(parts)}
    if draw(st.booleans()):
        row |= {"rle": draw(st.none() | masks)}
    return row


@given(st.lists(hostile(), max_size=12))
@settings(max_examples=100)
def test_rules_find_the_same_on_measured_labels(rows: list[dict[str, Any]]) -> None:
    rows.sort(key=lambda row: str(row["item"]))
    batch = batch_of(rows, ITEMS, SPEC)
    found = findings(batch)
    assert findings(measured(batch)) == found
    assert findings(measured(batch, "b.jpg")) == found


@given(st.lists(hostile(), min_size=1, max_size=12))
@settings(max_examples=100)
def test_statistics_are_the_same_of_measured_labels(rows: list[dict[str, Any]]) -> None:
    rows.sort(key=lambda row: str(row["item"]))
    batch = batch_of(rows, ITEMS)
    one = measure(batch.items, batch.labels)
    for known in (measured(batch), measured(batch, "b.jpg")):
        other = measure(batch.items, known.labels)
        for name in ("sides", "area", "centre", "edges", "overlap"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


@pytest.mark.parametrize("kind", ["box", "polygon"])
@pytest.mark.parametrize("count", [PARTNERS - 1, PARTNERS + 1, 3 * PARTNERS])
def test_a_crowd_is_cut_where_it_was_cut(kind: str, count: int) -> None:
    rng = np.random.default_rng(count)
    rows = []
    for x, y, size in np.column_stack([rng.uniform(0, 8, (count, 2)), rng.uniform(60, 300, count)]):
        corners = [x, y, x + size, y, x + size, y + size, x, y + size]
        shape = {"x": x, "y": y, "w": size, "h": size}
        rows.append(label(kind, **(shape if kind == "box" else shape | {"coords": corners, "parts": [4]})))
    batch = batch_of(rows)
    found = findings(batch)
    assert {"D103"} <= {one.code for one in found}
    assert findings(measured(batch)) == found


def test_many_in_one_are_all_found() -> None:
    large = label(x=0.0, y=0.0, w=100.0, h=100.0)
    small = [
        label(x=1.0 + 9 * row, y=1.0 + 9 * column, w=8.0, h=8.0) for row in range(10) for column in range(6)
    ]
    batch = batch_of([large, *small])
    assert len(small) > PARTNERS
    found = findings(batch, "D103")
    assert len(found) == len(small)
    assert findings(measured(batch), "D103") == found


def test_who_was_passed_over_in_a_crowd_still_is() -> None:
    large = label(x=0.0, y=0.0, w=300.0, h=300.0)
    steps = range(PARTNERS + 8)
    crowd = [label(x=5.0 + 7 * step, y=2 * step - 95.0, w=100.0, h=100.0) for step in steps]
    # The small ones have a crowd of their own, as close as the large one.
    small = [label(x=200.0 + step / 8, y=200.0 - step / 8, w=10.0, h=10.0) for step in steps]
    batch = batch_of([large, large, *crowd, *small])
    found = findings(batch, "D")
    inner = [one for one in found if one.code == "D103" and int(one.label or "", 16) > len(crowd) + 2]
    assert 0 < len(inner) < len(small)
    assert findings(measured(batch), "D") == found


@pytest.mark.parametrize("kind", KINDS)
def test_a_sound_label_alone_is_plain_and_needs_no_outline(kind: str) -> None:
    found = measures_of(batch_of([label(kind, extra='{"note":1}')]).labels).to_pylist()[0]
    assert found["plain"]
    kept = {name for name in LEFT_OUT if found[name] is not None}
    assert kept == {"mask": {"parts"}, "keypoints": {"coords"}, "rotated_box": {"coords"}}.get(kind, set())


def test_labels_that_rules_speak_of_keep_their_outlines() -> None:
    crossing = label("polygon", coords=[0.0, 0, 50, 60, 50, 0, 0, 40], parts=[4])
    twin = label("polygon", coords=[p + 200 for p in SHAPES["polygon"]["coords"]], extra='{"note":1}')
    apart = label("polygon", coords=[300.0, 300, 400, 300, 350, 400])
    batch = measured(batch_of([crossing, twin, twin, apart]))
    assert batch.labels.column("plain").to_pylist() == [False, False, False, True]
    assert batch.labels.column("coords").is_valid().to_pylist() == [True, True, True, False]
    assert batch.labels.column("extra").to_pylist() == [None, '{"note":1}', '{"note":1}', None]
    assert places(findings(batch, "G107", "D101")) == [("D101", "a.jpg", 3), ("G107", "a.jpg", 1)]


def test_an_outline_that_covers_nothing_is_found_though_it_was_left_out() -> None:
    """Measures that are kept may say of a hole as large as its shell that nothing is wrong."""
    ring = [200.0, 10, 300, 10, 300, 60]
    batch = measured(batch_of([label("polygon", coords=ring + ring, parts=[3, -3])]))
    labels = with_column(batch.labels, "plain", pa.array([True]))
    for name in ("coords", "parts"):
        labels = with_column(labels, name, pa.nulls(1, labels.schema.field(name).type))
    assert [one.code for one in findings(replace(batch, labels=labels))] == ["G101"]


def test_geometry_is_read_again_where_measures_do_not_tell() -> None:
    square = [0.0, 0, 100, 0, 100, 100, 0, 100]
    beside = [0.0, 0, 100, 0, 100, 60, 0, 60]
    rows = [label("polygon", coords=points, parts=[4]) for points in (square, beside)]
    spec = Spec(classes={"cat": {"polygon": LabelType(conditions=Conditions(max_overlap=0.5))}})
    shapes = [replace(batch_of(rows, spec=spec), set="ground_truth")]
    rows[1] |= {"coords": [p + 1 for p in beside]}  # no longer wholly inside: plain
    shapes.append(batch_of(rows, spec=spec))
    for batch in shapes:
        known = measured(batch)
        assert [one.code for one in findings(known, "S112")] == ["S112"]
    assert measured(shapes[1]).columns.plain.all()
