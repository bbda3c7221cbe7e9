"""Planted faults of geometry: each is found once, on the right label, in plain words."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from check_worlds import ITEM, SHAPES, batch_of, findings, label, measured, places

from datalabel.labels.rle import encode
from datalabel.spec.model import Conditions, LabelType, Region, Spec

NAN, INF = math.nan, math.inf
EMPTY = encode(np.array([640 * 480]))

PLANTED: list[tuple[str, dict[str, Any], str]] = [
    (
        "G101",
        label(x=504.0, y=337.0, w=0.0, h=0.0),
        'box of class "cat" has zero width and height (at 504, 337)',
    ),
    ("G101", label(h=0.0), 'box of class "cat" has zero height (at 10, 20)'),
    (
        "G101",
        label("polygon", coords=[10.0, 10, 20, 20, 40, 40], parts=[3]),
        'polygon of class "cat" encloses no area (at 10, 10)',
    ),
    (
        "G101",
        label("polygon", coords=[0.1, 0.1, 0.2, 0.2, 0.7, 0.7]),
        'polygon of class "cat" encloses no area (at 0.1, 0.1)',
    ),
    ("G101", label("rotated_box", coords=[5.0] * 8), 'rotated box of class "cat" encloses no area (at 5, 5)'),
    (
        "G101",
        label("polygon", coords=[200.0, 10, 210, 10, 210, 20, 210, 10], parts=[4]),
        'polygon of class "cat" encloses no area (at 200, 10)',
    ),
    (
        "G101",
        label("polygon", coords=[200.0, 0, 210, 10, 220, 20, 230, 0, 240, 10, 250, 20], parts=[3, 3]),
        'polygon of class "cat" encloses no area (at 200, 0)',
    ),
    (
        "G101",
        label("polygon", coords=[200.0, 0, 210, 10, 220, 0, 200, 0, 210, 10, 220, 0], parts=[3, -3]),
        'polygon of class "cat" encloses no area (at 200, 0)',
    ),
    (
        "G101",
        label("polygon", coords=[200.0, 0, 210, 10, 220, 0] * 3, parts=[3, -3, -3]),
        'polygon of class "cat" encloses no area (at 200, 0)',
    ),
    ("G101", label("polyline", coords=[3.0, 4, 3, 4]), 'polyline of class "cat" has no length (at 3, 4)'),
    ("G101", label("mask", rle=EMPTY), 'mask of class "cat" covers no pixel'),
    ("G102", label(w=-5.0), 'box of class "cat" has negative size: width -5'),
    (
        "G102",
        label(x=100.0, y=100.0, w=-5.0, h=-0.5),
        'box of class "cat" has negative size: width -5 and height -0.5',
    ),
    ("G103", label(x=NAN), 'box of class "cat" is not finite: x is not a number'),
    ("G103", label(w=INF), 'box of class "cat" is not finite: w is infinite'),
    ("G103", label(x=1e308, w=1.7e308), 'box of class "cat" is not finite: its right edge is infinite'),
    ("G103", label(x=None, h=-INF), 'box of class "cat" is not finite: x is missing, h is infinite'),
    (
        "G103",
        label("polygon", coords=[1.0, 1, 5, 1, 5, INF]),
        'polygon of class "cat" is not finite: number 6 of its 6 coordinates is infinite',
    ),
    (
        "G104",
        label(x=560.0, w=83.2),
        'box of class "cat" reaches 3.2 px beyond the right edge of the image (640×480)',
    ),
    (
        "G104",
        label(x=-2.0, y=450.0),
        (
            'box of class "cat" reaches 2 px beyond the left edge and 20 px beyond the bottom edge '
            "of the image (640×480)"
        ),
    ),
    (
        "G104",
        label("polygon", coords=[10.0, -0.5, 20, 10, 10, 20]),
        'polygon of class "cat" reaches 0.5 px beyond the top edge of the image (640×480)',
    ),
    (
        "G105",
        label(x=700.0),
        'box of class "cat" lies wholly outside the image: at 700, 20, 100×50 (image is 640×480)',
    ),
    (
        "G105",
        label(y=-50.0),
        'box of class "cat" lies wholly outside the image: at 10, -50, 100×50 (image is 640×480)',
    ),
    (
        "G105",
        label("polygon", coords=[-20.0, 10, 10, -20, -20, -20]),
        'polygon of class "cat" lies wholly outside the image: at -20, -20, 30×30 (image is 640×480)',
    ),
    (
        "G105",
        label("polygon", coords=[-9.0, 0, -9, 9, -5, 9, 649, 0, 649, 9, 645, 9], parts=[3, 3]),
        'polygon of class "cat" lies wholly outside the image: at -9, 0, 658×9 (image is 640×480)',
    ),
    (
        "G105",
        label("rotated_box", coords=[-20.0, 5, 5, -20, -2, -27, -27, -2]),
        'rotated box of class "cat" lies wholly outside the image: at -27, -27, 32×32 (image is 640×480)',
    ),
    (
        "G105",
        label("polyline", coords=[630.0, 490, 650, 478, 700, 470, 700, 480, 650, 480], parts=[2, 3]),
        'polyline of class "cat" lies wholly outside the image: at 630, 470, 70×20 (image is 640×480)',
    ),
    (
        "G105",
        label("keypoints", coords=[-20.0, 10, 2, 30, 30, 0, 10, -20, 1]),
        'keypoints of class "cat" lies wholly outside the image: at -20, -20, 30×30 (image is 640×480)',
    ),
    (
        "G106",
        label("polygon", coords=[1.0, 1, 5, 9], parts=[2]),
        'polygon of class "cat" has 2 points; it takes 3',
    ),
    ("G106", label("polygon", coords=None, parts=None), 'polygon of class "cat" has 0 points; it takes 3'),
    (
        "G106",
        label("polygon", coords=[1.0, 1, 5, 1, 5, 9, 2, 2], parts=[3, -1]),
        'polygon of class "cat" has 1 point in part 2 of 2; it takes 3',
    ),
    (
        "G106",
        label("polyline", coords=[1.0, 1], parts=None),
        'polyline of class "cat" has 1 point; it takes 2',
    ),
    (
        "G106",
        label("rotated_box", coords=[1.0, 1, 5, 1, 5, 9], parts=[3]),
        'rotated box of class "cat" has 3 points; it takes 4',
    ),
]


@pytest.mark.parametrize(("code", "fault", "message"), PLANTED)
def test_a_planted_fault_is_found_once(code: str, fault: dict[str, Any], message: str) -> None:
    clean = [label(kind) for kind in SHAPES]
    batch = batch_of([*clean[:3], fault, *clean[3:]])
    found = findings(batch)
    assert places(found) == [(code, "a.jpg", 4)]
    assert found[0].message == message
    assert findings(measured(batch)) == found


TINY = Conditions(
    min_width=5, min_height=5, min_area=9, max_aspect=3, min_points=4, max_points=9, inside="all", max_overlap=0.1
)  # fmt: skip
TINY_SPEC = Spec(
    classes={"cat": {kind: LabelType(conditions=TINY) for kind in SHAPES}},
    regions={"all": Region(((0, 0), (1, 0), (1, 1), (0, 1)), relative=True)},
)


@pytest.mark.parametrize(
    ("fault", "codes"),
    [
        (label(w=0.0), ["G101"]),
        (label(x=900.0, w=0.0, h=0.0), ["G101"]),
        (label(x=-5.0, h=0.0), ["G101"]),
        (label("polygon", coords=[901.0, 1, 904, 4, 906, 6, 907, 7], parts=[4]), ["G101"]),
        (label(w=-4.0), ["G102"]),
        (label(w=-4.0, h=0.0), ["G102"]),
        (label(x=900.0, w=-4.0), ["G102", "G105", "S106"]),
        (label(x=NAN, w=0.0), ["G103"]),
        (label(x=NAN, w=1.0, h=1.0), ["G103"]),
        (label(x=NAN, w=-3.0), ["G103"]),
        (label("polygon", coords=[1.0, 1, NAN, 4], parts=[2]), ["G103"]),
        (label("keypoints", coords=[900.0, 1, 2, INF, 4, 2]), ["G103"]),
        (label(x=900.0, w=4.0), ["G105", "S106", "S107"]),
        (label("category", x=NAN, w=0.0), []),
    ],
)
def test_what_a_finding_entails_is_not_found_again(fault: dict[str, Any], codes: list[str]) -> None:
    """Twice the same label: not even an overlap is measured on what has no size or place."""
    found = findings(batch_of([fault, fault], spec=TINY_SPEC))
    without_overlap = [one.code for one in found if one.label == "0000000000000001"]
    assert without_overlap == codes
    if codes in (["G101"], ["G103"]):
        assert [one.code for one in found] == codes * 2


def test_a_fault_silences_no_rule_about_other_labels() -> None:
    faults = [label(x=NAN), label(w=0.0), label(w=-1.0), label(x=700.0)]
    assert places(findings(batch_of(faults))) == [
        ("G101", "a.jpg", 2),
        ("G102", "a.jpg", 3),
        ("G103", "a.jpg", 1),
        ("G105", "a.jpg", 4),
    ]


def test_clean_labels_give_nothing() -> None:
    edges = [label(x=0.0, y=0.0, w=640.0, h=480.0), label(x=640.0, y=0.0, w=0.0, h=480.0)]
    assert places(findings(batch_of([label(kind) for kind in SHAPES]))) == []
    assert places(findings(batch_of(edges), "G104", "G105")) == []
    assert findings(batch_of([])) == []
    assert findings(batch_of([], items=[])) == []


def test_a_figure_of_eight_has_an_area() -> None:
    eight = label("polygon", coords=[0.0, 0, 10, 10, 10, 0, 0, 10], parts=[4])
    assert places(findings(batch_of([eight]))) == [("G107", "a.jpg", 1)]


@pytest.mark.parametrize(
    "fault",
    [
        label("polygon", coords=[-20.0, 10, 10, -20, 1, 1]),
        label("polyline", coords=[-20.0, 30, 30, -20]),
        label("polyline", coords=[-20.0, 100, 700, 100, 700, -10]),
        label("keypoints", coords=[-20.0, 10, 2, 30, 30, 1, 10, -20, 1]),
        label("polygon", coords=[-9.0, -9, 700, -9, 700, 700, -9, 700], parts=[4]),
        label("box", x=-20.0, y=-20.0, w=21.0, h=21.0),
    ],
)
def test_what_reaches_into_the_image_round_its_corner_is_not_outside(fault: dict[str, Any]) -> None:
    batch = batch_of([fault])
    assert places(findings(batch)) == [("G104", "a.jpg", 1)]
    assert findings(measured(batch)) == findings(batch)


def test_a_millionth_of_the_side_is_forgiven() -> None:
    assert findings(batch_of([label(x=0.1 * 640, w=0.9 * 640 + 1e-9)])) == []
    assert places(findings(batch_of([label(x=0.0, w=640.001)]))) == [("G104", "a.jpg", 1)]


def test_nothing_is_outside_an_image_of_unknown_size() -> None:
    far = label(x=1e6)
    assert findings(batch_of([far], items=[{"item": "a.jpg", "width": 640, "height": None}])) == []
    assert findings(batch_of([far], items=[])) == []


def test_an_image_that_exif_turns_is_taken_either_way_up() -> None:
    turned = [{**ITEM, "orientation": 6}]
    stored, shown = label(x=600.0, w=20.0), label(y=600.0, h=20.0)
    assert findings(batch_of([stored, shown], items=turned), "G") == []
    assert places(findings(batch_of([label(x=600.0, w=41.0)], items=turned), "G")) == [("G104", "a.jpg", 1)]
    assert places(findings(batch_of([label(x=600.0, y=600.0)], items=turned), "G")) == [("G105", "a.jpg", 1)]


def test_unlabelled_keypoints_are_nowhere() -> None:
    points = label("keypoints", coords=[-9.0, -9, 0, 10, 10, 2])
    assert findings(batch_of([points])) == []


def test_safe_repairs_are_named() -> None:
    fixes = {one.code: one.fix for one in findings(batch_of([label(w=-5.0), label(x=-1.0), label(x=700.0)]))}
    assert fixes == {"G102": "swap the corners", "G104": "clip it to the image", "G105": None}


def test_no_repair_is_promised_of_a_polygon_without_one_meaning() -> None:
    crossed = label("polygon", coords=[-10.0, 0, 50, 50, 50, 0, -10, 60], parts=[4])
    overlapping = label("polygon", coords=[-5.0, 0, 5, 0, 5, 9, -5, 9, 0, 1, 9, 1, 9, 8, 0, 8], parts=[4, 4])
    clear = label(
        "polygon", coords=[-5.0, 100, 5, 100, 5, 109, -5, 109, 7, 101, 9, 101, 9, 108], parts=[4, 3]
    )
    batch = batch_of([crossed, overlapping, clear])
    found = findings(batch, "G104")
    assert [one.fix for one in found] == [None, None, "clip it to the image"]
    assert findings(measured(batch), "G104") == found


def test_absurd_coordinates_are_survived() -> None:
    far = label("polygon", coords=[-1e300, 1e16, 1e300, 20, 0, 1e300, 1e300, 20], parts=[4])
    assert [one.code for one in findings(batch_of([far, far]))] == ["D101", "G104", "G104"]
