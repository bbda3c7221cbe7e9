"""Planted faults against a data spec: each is found once, on the right label or item, in plain words."""

from __future__ import annotations

from typing import Any

import pytest
from check_worlds import ITEM, batch_of, findings, label, measured, places

from datalabel.spec.model import Conditions, ImageConditions, LabelType, Property, Region, Spec

COLOUR = Property("options", options=("red", "green"), required=True)
AGE = Property("integer", minimum=0, maximum=20)
CLASSES = {
    "cat": {
        "box": LabelType(properties={"colour": COLOUR, "age": AGE}),
        "polygon": LabelType(conditions=Conditions(min_points=3, max_points=6, min_area=100, max_area=5000)),
        "rotated_box": LabelType(conditions=Conditions(min_width=50, max_width=60, max_aspect=2)),
        "polyline": LabelType(conditions=Conditions(min_area=100, max_points=3)),
        "keypoints": LabelType(points=("nose", "tail", "paw"), conditions=Conditions(min_points=2)),
    },
    "dog": {
        "box": LabelType(
            conditions=Conditions(
                min_width=10,
                max_height=100,
                min_aspect=0.5,
                max_aspect=3,
                inside="belt",
                max_overlap=0.5,
                per_image=(1, 3),
            )
        ),
        "category": LabelType(),
    },
    "bird": {"box": LabelType(conditions=Conditions(inside="middle"))},
    "anything": {},
}
REGIONS = {
    "belt": Region(((0, 0), (640, 0), (640, 400), (0, 400))),
    "middle": Region(((0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75)), relative=True),
}
SPEC = Spec(classes=CLASSES, regions=REGIONS)
DOG = label(**{"class": "dog"}, x=300.0, y=300.0)


def cat(**cells: Any) -> dict[str, Any]:
    return label(**{"properties": '{"colour":"red"}', **cells})


def dog(**cells: Any) -> dict[str, Any]:
    return label(**{"class": "dog", **cells})


def bird(**cells: Any) -> dict[str, Any]:
    return label(**{"class": "bird", **cells})


CLEAN = [
    cat(),
    label("polygon"),
    label("rotated_box"),
    label("polyline"),
    label("keypoints"),
    DOG,
    label("category", **{"class": "dog"}),
    bird(x=160.0, y=120.0, w=320.0, h=240.0),
    label("mask", **{"class": "anything"}, properties='{"free":1}'),
    cat(x=300.0, properties='{"colour":"green"}'),
]

PLANTED: list[tuple[str, dict[str, Any], str]] = [
    ("S101", label(**{"class": "Cat"}, x=500.0), 'the spec has no class "Cat"; did you mean "cat"?'),
    (
        "S101",
        label(**{"class": "xyz"}, x=500.0),
        'the spec has no class "xyz"; it has "cat", "dog", "bird", "anything"',
    ),
    (
        "S102",
        label("polygon", **{"class": "dog"}, coords=[210.0, 10, 310, 10, 310, 60]),
        'class "dog" is drawn as polygon; the spec allows box or category',
    ),
    (
        "S103",
        cat(x=500.0, properties='{"age":3}'),
        'box of class "cat" lacks the property "colour" ("red", "green")',
    ),
    (
        "S103",
        cat(x=500.0, properties=None),
        'box of class "cat" lacks the property "colour" ("red", "green")',
    ),
    (
        "S104",
        cat(x=500.0, properties='{"colour":"red","aeg":1}'),
        'box of class "cat" has an unknown property "aeg"; did you mean "age"?',
    ),
    ("S106", dog(x=200.0, y=380.0), 'box of class "dog" reaches 30 px beyond region "belt"'),
    ("S106", bird(x=150.0, y=130.0), 'box of class "bird" reaches 10 px beyond region "middle"'),
    ("S107", dog(w=8.0, h=10.0), 'box of class "dog" is 8 px wide, the minimum is 10'),
    ("S107", dog(w=100.0, h=101.0), 'box of class "dog" is 101 px high, the maximum is 100'),
    (
        "S107",
        label("rotated_box", coords=[20.0, 0, 50, 30, 30, 50, 0, 20]),
        'rotated box of class "cat" is 42.43 px wide, the minimum is 50',
    ),
    (
        "S108",
        label("polygon", coords=[0.0, 0, 200, 0, 200, 100]),
        'polygon of class "cat" covers 10000 px², the maximum is 5000',
    ),
    (
        "S108",
        label("polygon", coords=[0.0, 0, 9, 0, 9, 9]),
        'polygon of class "cat" covers 40.5 px², the minimum is 100',
    ),
    ("S109", dog(w=20.0, h=50.0), 'box of class "dog" is 0.4 times as wide as high, the minimum is 0.5'),
    (
        "S110",
        label("polygon", coords=[0.0, 0, 20, 0, 30, 10, 30, 20, 20, 30, 0, 30, 0, 10], parts=[7]),
        'polygon of class "cat" has 7 points, the maximum is 6',
    ),
    (
        "S110",
        label("keypoints", coords=[1.0, 1, 0, 5, 5, 2, 0, 0, 0]),
        'keypoints of class "cat" has 1 point, the minimum is 2',
    ),
    (
        "S112",
        dog(x=310.0, y=300.0),
        'box of class "dog" overlaps label 0000000000000006 of the same class with IoU 0.818; the spec allows 0.5',
    ),
    (
        "S116",
        label("keypoints", coords=[1.0, 1, 2, 5, 5, 2]),
        'keypoints of class "cat" has 2 points; the spec names 3',
    ),
]


@pytest.mark.parametrize(("code", "fault", "message"), PLANTED)
def test_a_planted_fault_is_found_once(code: str, fault: dict[str, Any], message: str) -> None:
    found = findings(batch_of([*CLEAN, fault], spec=SPEC))
    assert places(found) == [(code, "a.jpg", len(CLEAN) + 1)]
    assert found[0].message == message


def test_clean_labels_give_nothing() -> None:
    assert places(findings(batch_of(CLEAN, spec=SPEC))) == []


@pytest.mark.parametrize(
    ("properties", "word"),
    [
        ('{"colour":"blue"}', "blue"),
        ('{"colour":"red","age":21}', "21"),
        ('{"colour":"red","age":"old"}', "age"),
        ("[1]", "JSON"),
    ],
)
def test_invalid_properties_are_found_once_per_label(properties: str, word: str) -> None:
    found = findings(
        batch_of([cat(), cat(properties=properties), cat(properties=properties), DOG], spec=SPEC), "S105"
    )
    assert places(found) == [("S105", "a.jpg", 2), ("S105", "a.jpg", 3)]
    assert word in found[0].message


def test_all_that_is_wrong_with_the_properties_of_a_label_is_told_at_once() -> None:
    given = '{"zzz":1,"age":"old","zzy":2,"colour":null}'
    found = findings(batch_of([cat(properties=given)], spec=SPEC), "S103", "S104", "S105")
    assert [(one.code, one.message) for one in found] == [
        ("S103", 'box of class "cat" lacks the property "colour" ("red", "green")'),
        ("S104", 'box of class "cat" has an unknown property "zzy"; the spec has "colour", "age"'),
        ("S104", 'box of class "cat" has an unknown property "zzz"; the spec has "colour", "age"'),
        ("S105", 'box of class "cat" has an invalid property: "age" is "old", not a number'),
    ]


def test_a_spec_without_classes_allows_all() -> None:
    assert findings(batch_of([label("mask", **{"class": "?"}, properties='{"a":1}')], spec=Spec())) == []


def test_counts_per_image_hold_for_items_without_labels_too() -> None:
    items = [{**ITEM, "item": key} for key in ("a.jpg", "b.jpg", "c.jpg")]
    labels = [*({**DOG, "x": 110.0 * place} for place in range(4)), {**DOG, "item": "c.jpg"}]
    found = findings(batch_of(labels, items, SPEC), "S")
    assert places(found) == [("S111", "a.jpg", None), ("S111", "b.jpg", None)]
    assert found[0].message == '4 labels of class "dog" (box); the spec allows 3'
    assert found[1].message == '0 labels of class "dog" (box); the spec asks for 1 or more'
    assert found[0].set == "ground_truth"


def test_counts_per_image_hold_for_the_items_that_a_set_is_about() -> None:
    items = [{**ITEM, "item": key, "seen": key != "b.jpg"} for key in ("a.jpg", "b.jpg", "c.jpg")]
    found = findings(batch_of([DOG], items, SPEC, set_name="model"), "S111")
    assert places(found) == [("S111", "c.jpg", None)]
    found = findings(batch_of([DOG], items, SPEC), "S111")
    assert places(found) == [("S111", "b.jpg", None), ("S111", "c.jpg", None)]


def test_options_that_are_no_texts_are_used_as_well() -> None:
    given = {
        "count": Property("options", options=("1", "2")),
        "flag": Property("options", options=("true", "false")),
    }
    spec = Spec(classes={"cat": {"box": LabelType(properties=given)}})
    batch = batch_of([cat(properties='{"count":1,"flag":true}'), cat(properties='{"count":2.0}')], spec=spec)
    assert [one.message for one in findings(batch, "B103")] == [
        'no box of class "cat" has "false" as its "flag"'
    ]


def test_annotators_are_held_to_the_conditions_one_by_one() -> None:
    several = [{**DOG, "annotator": name} for name in ("ann", "ben", "cho", "dan", None)]
    assert findings(batch_of(several, spec=SPEC), "S111", "S112") == []
    twice = [{**DOG, "annotator": "ann", "x": 100.0 * place} for place in range(4)]
    (found,) = findings(batch_of([*several[1:], *twice], spec=SPEC), "S111")
    assert found.message == '4 labels of class "dog" (box) by "ann"; the spec allows 3'


def test_overlap_is_reported_on_the_later_label_with_the_worst() -> None:
    crowd = [{**DOG, "x": 300.0 + shift} for shift in (0, 2, 10)]
    found = findings(batch_of(crowd, spec=SPEC), "S112")
    assert places(found) == [("S112", "a.jpg", 2), ("S112", "a.jpg", 3)]
    assert "0000000000000001" in found[0].message
    assert "0000000000000002" in found[1].message
    assert [one.about for one in found] == [f"{1:016x} {2:016x}", f"{2:016x} {3:016x}"]


@pytest.mark.parametrize("kind", ["polyline", "keypoints"])
def test_of_what_covers_nothing_only_equal_ones_overlap(kind: str) -> None:
    spec = Spec(classes={"cat": {kind: LabelType(conditions=Conditions(max_overlap=0.5))}})
    points = ([10.0, 10, 110, 110], [10.0, 110, 110, 10])
    if kind == "keypoints":
        points = ([10.0, 10, 2, 110, 110, 2], [10.0, 110, 2, 110, 10, 2])
    falling, rising = (label(kind, coords=coords, parts=None) for coords in points)
    batch = batch_of([falling, rising, {**falling, "properties": '{"age":3}'}], spec=spec)
    found = findings(batch, "S112")
    assert places(found) == [("S112", "a.jpg", 3)]
    assert "overlaps label 0000000000000001 of the same class with IoU 1.000" in found[0].message
    assert findings(measured(batch), "S112") == found


def test_three_thousand_labels_on_one_spot_are_survived() -> None:
    found = findings(batch_of([DOG] * 3000, spec=SPEC), "S112")
    assert len(found) == 2999


def test_regions_in_fractions_are_silent_without_a_size() -> None:
    assert findings(batch_of([bird(x=0.0)], items=[{"item": "a.jpg"}], spec=SPEC), "S106") == []


def test_a_region_in_fractions_fits_images_of_every_size() -> None:
    """A rectangle and the same outline with one corner more judge alike."""
    square = ((0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75))
    items = [{"item": f"{side}", "width": side, "height": 2 * side} for side in range(100, 140)]
    rows = [
        bird(item=f"{side}", x=side / 4 + shift, y=side / 2, w=side / 2, h=side)
        for side in range(100, 140)
        for shift in (0.0, 1e-9, 2.0)
    ]
    for corners in (square, ((0.5, 0.25), *square[1:], square[0])):
        spec = Spec(classes=CLASSES, regions={**REGIONS, "middle": Region(corners, relative=True)})
        found = findings(batch_of(rows, items, spec), "S106")
        assert [int(one.label or "0", 16) for one in found] == [3 * place + 3 for place in range(40)]
        assert {one.message for one in found} == {'box of class "bird" reaches 2 px beyond region "middle"'}


def test_a_region_may_be_a_polygon() -> None:
    notched = Region(((0, 0), (600, 0), (600, 400), (310, 400), (300, 100), (290, 400), (0, 400)))
    spec = Spec(classes=CLASSES, regions={"belt": notched})
    found = findings(batch_of([dog(x=250.0, y=200.0), dog(x=10.0, y=200.0)], spec=spec), "S106")
    assert places(found) == [("S106", "a.jpg", 1)]
    assert found[0].message == 'box of class "dog" is not wholly inside region "belt"'


# Items


def test_item_properties() -> None:
    spec = Spec(item_properties={"site": Property("options", options=("A", "B"), required=True)})
    texts = ['{"site":"A"}', None, '{"site":"A","sit":1}']
    items = [{**ITEM, "item": f"{place}.jpg", "properties": text} for place, text in enumerate(texts)]
    found = findings(batch_of([], items, spec), "S113")
    assert places(found) == [("S113", "1.jpg", None), ("S113", "2.jpg", None)]
    assert [one.message for one in found] == [
        'the image lacks the property "site" ("A", "B")',
        'the image has an unknown property "sit"; did you mean "site"?',
    ]
    assert found[0].set is None


def test_image_size_and_format() -> None:
    spec = Spec(image=ImageConditions(min_width=640, max_height=480, formats=("jpg", "png")))
    sizes = [(640, 480, "jpeg"), (600, 500, "png"), (480, 640, "webp"), (None, None, None)]
    items = [
        {
            "item": f"{place}",
            "width": width,
            "height": height,
            "format": name,
            "orientation": 6 if place == 2 else 1,
        }
        for place, (width, height, name) in enumerate(sizes)
    ]
    found = findings(batch_of([], items, spec))
    assert places(found) == [("S114", "1", None), ("S115", "2", None)]
    assert found[0].message == "the image is 600 px wide, the minimum is 640; 500 px high, the maximum is 480"
    assert found[1].message == 'the image is a "webp"; the spec allows jpg, png'
