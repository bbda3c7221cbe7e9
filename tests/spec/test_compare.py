"""Comparing specs: each change with its effect, and the law behind the effects: compatible means compatible."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from check_worlds import SHAPES, batch_of, findings, label
from hypothesis import given, settings
from hypothesis import strategies as st

from datalabel.content import canonical_json
from datalabel.labels.tables import label_id_text
from datalabel.spec.canonical import canonical_spec, spec_from_canonical
from datalabel.spec.compare import compare
from datalabel.spec.load import load_spec
from datalabel.spec.model import Conditions, ImageConditions, LabelType, Property, Region, Spec
from datalabel.spec.properties import value_fault

CAT = "data_spec: {{cat: {{box: {{{}}}}}}}"
RULES = ("S",)


def changes(before: str, after: str) -> list[tuple[str, str, str]]:
    specs = [load_spec(text, name="spec.yaml").spec for text in (before, after)]
    return [(one.path, one.change, one.effect) for one in compare(*specs)]


def box(before: str, after: str) -> list[tuple[str, str, str]]:
    """The changes of a class drawn as a box, their paths below it."""
    found = changes(CAT.format(before), CAT.format(after))
    assert all(path.startswith("data_spec.cat.box.") for path, _, _ in found)
    return [(path.removeprefix("data_spec.cat.box."), change, effect) for path, change, effect in found]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("", "data_spec: {cat: }",
         [("data_spec", "added", "breaking"), ("data_spec.cat", "added", "compatible")]),
        ("data_spec: {cat: }", "",
         [("data_spec", "removed", "compatible"), ("data_spec.cat", "removed", "compatible")]),
        ("data_spec: {cat: }", "data_spec: {cat: , dog: }", [("data_spec.dog", "added", "compatible")]),
        ("data_spec: {cat: , dog: }", "data_spec: {cat: }", [("data_spec.dog", "removed", "breaking")]),
        ("data_spec: {cat: , dog: }", "data_spec: {dog: , cat: }", [("data_spec", "changed", "compatible")]),
        ("data_spec: {cat: }", "data_spec: {cat: {box: }}", [("data_spec.cat", "changed", "breaking")]),
        ("data_spec: {cat: {box: }}", "data_spec: {cat: }", [("data_spec.cat.box", "removed", "compatible")]),
        ("data_spec: {cat: {box: }}", "data_spec: {cat: {box: , mask: }}",
         [("data_spec.cat.mask", "added", "compatible")]),
        ("data_spec: {cat: {box: , mask: }}", "data_spec: {cat: {box: }}",
         [("data_spec.cat.mask", "removed", "breaking")]),
        ("image: {conditions: {min_width: 8}}", "image: {conditions: {min_width: 9}}",
         [("image.conditions.min_width", "changed", "narrowing")]),
        ("image: {conditions: {min_width: 8}}", "",
         [("image.conditions.min_width", "removed", "compatible")]),
        ("image: {conditions: {formats: [jpeg, png]}}", "image: {conditions: {formats: [jpg]}}",
         [("image.conditions.formats", "changed", "breaking")]),
        ("image: {conditions: {formats: [jpeg]}}", "",
         [("image.conditions.formats", "removed", "compatible")]),
        ("image: {properties: {site: {options: [A]}}}", "image: {properties: {site: {options: [A, B]}}}",
         [("image.properties.site.options", "changed", "compatible")]),
        ("workflow: {states: [A, B]}", "workflow: {states: [A]}",
         [("workflow.states", "changed", "breaking")]),
        ("project_name: a", "project_name: b", [("project_name", "changed", "compatible")]),
        ("quality: {agreement: 0.8}", "check: {ignore: [B]}",
         [("check.ignore", "added", "compatible"), ("quality.agreement", "removed", "compatible")]),
    ],
)  # fmt: skip
def test_classes_and_images(before: str, after: str, expected: list[tuple[str, str, str]]) -> None:
    assert changes(before, after) == expected


@pytest.mark.parametrize(
    ("before", "after", "path", "effect"),
    [
        ("color: red", "color: blue", "color", "compatible"),
        ("", "p: {type: text}", "properties.p", "narrowing"),
        ("p: {type: text}", "", "properties.p", "compatible"),
        ("q: {type: text}", "q: {type: text}, p: {type: text}", "properties.p", "compatible"),
        ("q: {type: text}", "q: {type: text}, p: {type: text, required: true}", "properties.p", "breaking"),
        ("q: {type: text}, p: {type: text}", "q: {type: text}", "properties.p", "breaking"),
        ("p: {type: text}", "p: {type: text, required: true}", "properties.p.required", "narrowing"),
        ("p: {type: text, required: true}", "p: {type: text}", "properties.p.required", "compatible"),
        ("p: {options: [a, b]}", "p: {options: [a]}", "properties.p.options", "breaking"),
        ("p: {options: [a, b]}", "p: {options: [b, a, c]}", "properties.p.options", "compatible"),
        ("p: {options: [a, b]}", "p: {options: [a, b], multiple: true}", "properties.p.type", "breaking"),
        ("p: {options: [a, b]}", "p: {type: text}", "properties.p.type", "compatible"),
        ("p: {options: [a, 3]}", "p: {type: text}", "properties.p.type", "narrowing"),
        ("p: {options: [a, b]}", "p: {type: number}", "properties.p.type", "breaking"),
        ("p: {options: [1, 2]}", "p: {type: integer, minimum: 2}", "properties.p.type", "narrowing"),
        ("p: {type: boolean}", "p: {options: [yes, true, false]}", "properties.p.type", "compatible"),
        ("p: {type: boolean}", "p: {type: number}", "properties.p.type", "breaking"),
        ("p: {type: text}", "p: {options: [a]}", "properties.p.type", "narrowing"),
        ("p: {type: text, pattern: ^b}", "p: {options: [a]}", "properties.p.type", "breaking"),
        ("p: {type: integer}", "p: {type: number}", "properties.p.type", "compatible"),
        ("p: {type: number}", "p: {type: integer}", "properties.p.type", "narrowing"),
        ("p: {type: number, minimum: 2}", "p: {type: number, minimum: 1}", "properties.p.minimum", "compatible"),
        ("p: {type: number}", "p: {type: number, maximum: 1}", "properties.p.maximum", "narrowing"),
        ("p: {type: text}", "p: {type: text, pattern: ^a}", "properties.p.pattern", "narrowing"),
        ("p: {type: text, pattern: ^a}", "p: {type: text}", "properties.p.pattern", "compatible"),
        ("p: {type: text}", "p: {type: text, description: words}", "properties.p.description", "compatible"),
        ("conditions: {min_width: 8}", "conditions: {min_width: 9}", "conditions.min_width", "narrowing"),
        ("conditions: {min_width: 8}", "conditions: {}", "conditions.min_width", "compatible"),
        ("conditions: {}", "conditions: {min_area: 0}", "conditions.min_area", "compatible"),
        ("conditions: {max_overlap: 0.5}", "conditions: {max_overlap: 1}", "conditions.max_overlap", "compatible"),
        ("conditions: {}", "conditions: {max_points: 9}", "conditions.max_points", "narrowing"),
        ("conditions: {per_image: 3}", "conditions: {per_image: [0, 3]}", "conditions.per_image", "compatible"),
        ("conditions: {per_image: [0, null]}", "conditions: {per_image: [0, 3]}",
         "conditions.per_image", "narrowing"),
    ],
)  # fmt: skip
def test_a_class_drawn_as_a_box(before: str, after: str, path: str, effect: str) -> None:
    assert [(where, what) for where, _, what in box(before, after)] == [(path, effect)]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("[0, 0, 9, 9]", "[0, 0, 10, 9]", "compatible"),
        ("[0, 0, 9, 9]", "[1, 0, 10, 9]", "narrowing"),
        ("[0, 0, 9, 9]", "{relative: [0, 0, 1, 1]}", "narrowing"),
        ("[0, 0, 9, 9]", "[[-9, -9], [99, -9], [99, 99], [-9, 88]]", "narrowing"),
    ],
)
def test_regions_that_classes_keep_to(before: str, after: str, expected: str) -> None:
    used = "image: {{roi: {{belt: {}}}}}\n" + CAT.format("conditions: {inside: belt}").replace(
        "{", "{{"
    ).replace("}", "}}")
    assert changes(used.format(before), used.format(after)) == [("image.roi.belt", "changed", expected)]
    unused = "image: {{roi: {{belt: {}}}}}"
    assert changes(unused.format(before), unused.format(after)) == [
        ("image.roi.belt", "changed", "compatible")
    ]


@pytest.mark.parametrize(
    ("before", "after", "effect"),
    [
        ("[a, b]", "[a, c]", "compatible"),
        ("[a, b]", "[b, a]", "narrowing"),
        ("[a, b]", "[a, b, c]", "breaking"),
        ("[]", "[a]", "narrowing"),
        ("[a]", "[]", "compatible"),
    ],
)
def test_points(before: str, after: str, effect: str) -> None:
    text = "data_spec: {{cat: {{keypoints: {{points: {}}}}}}}"
    found = changes(text.format(before), text.format(after))
    assert [(path, what) for path, _, what in found] == [("data_spec.cat.keypoints.points", effect)]


def test_values_stand_beside_the_change() -> None:
    specs = [load_spec(CAT.format(f"p: {{options: [a, {b}]}}"), name="s").spec for b in ("b", "{b: [c, d]}")]
    (change,) = compare(*specs)
    assert change.to_json() == {
        "path": "data_spec.cat.box.properties.p.options",
        "change": "changed",
        "effect": "breaking",
        "before": ["a", "b"],
        "after": ["a", {"b": ["c", "d"]}],
    }
    assert change.scope is not None
    told = {
        value: change.scope.holds({"class": "cat", "kind": "box", "properties": {"p": value}})
        for value in ("a", "b", "c", None)
    }
    assert told == {"a": False, "b": True, "c": False, None: False}


# Laws, over small worlds in which two specs often have to do with each other

BOUND = st.none() | st.integers(0, 4)
OPTIONS = st.lists(st.sampled_from(["a", "b", "1", "1.0", "true"]), min_size=1, max_size=4, unique=True)
NAMES = st.sampled_from(["p", "q"])


def in_order(low: float | None, high: float | None) -> tuple[float | None, float | None]:
    return (high, low) if low is not None and high is not None and low > high else (low, high)


PROPERTY = st.one_of(
    st.builds(
        lambda options, multiple, required: Property("options", tuple(options), (), multiple, required),
        OPTIONS, st.booleans(), st.booleans(),
    ),
    st.builds(
        lambda kind, bounds, required: Property(
            kind, required=required, minimum=in_order(*bounds)[0], maximum=in_order(*bounds)[1]
        ),
        st.sampled_from(["number", "integer"]), st.tuples(BOUND, BOUND), st.booleans(),
    ),
    st.builds(Property, st.just("text"), pattern=st.sampled_from([None, "a", "^b"]), required=st.booleans()),
    st.builds(Property, st.just("boolean"), required=st.booleans()),
)  # fmt: skip
PROPERTIES = st.dictionaries(NAMES, PROPERTY, max_size=2)
SCALAR_VALUES = ["a", "b", "1", "1.0", "true", "ab", True, False, 0, 1, 1.0, 2.5, 4, -1]
SCALARS = st.sampled_from(SCALAR_VALUES)
VALUES = st.dictionaries(
    NAMES | st.just("r"), SCALARS | st.none() | st.lists(SCALARS, max_size=3), max_size=3
)
CORNERS = st.sampled_from(
    [((0, 0), (500, 0), (500, 400), (0, 400)), ((5, 5), (300, 5), (300, 300), (5, 300)), ((0, 0), (640, 0), (0, 480))]
)  # fmt: skip
CONDITIONS = st.builds(
    lambda width, area, span, overlap, inside: Conditions(
        min_width=in_order(*width)[0], max_width=in_order(*width)[1], min_area=area, per_image=span,
        max_overlap=overlap, inside=inside,
    ),
    st.tuples(st.none() | st.sampled_from([0, 50, 100]), st.none() | st.sampled_from([100, 200])),
    st.none() | st.sampled_from([0, 5000, 9000]),
    st.none() | st.sampled_from([(0, None), (0, 1), (1, 2), (0, 3)]),
    st.none() | st.sampled_from([0.0, 0.5, 1.0]),
    st.none() | st.sampled_from(["belt", "zone"]),
)  # fmt: skip
BOXES = st.builds(
    LabelType,
    color=st.none() | st.just("#ff0000"),
    properties=PROPERTIES,
    conditions=st.just(Conditions()) | CONDITIONS,
)
POINTS = st.sampled_from([(), ("a", "b", "c"), ("c", "b", "a"), ("a",)])
LOOKS = {
    "box": BOXES,
    "keypoints": st.builds(lambda look, points: replace(look, points=points), BOXES, POINTS),
}
KINDS = st.fixed_dictionaries({}, optional=LOOKS)
SPECS = st.builds(
    Spec,
    classes=st.dictionaries(st.sampled_from(["cat", "dog"]), KINDS, max_size=2),
    regions=st.fixed_dictionaries({name: st.builds(Region, CORNERS) for name in ("belt", "zone")}),
    item_properties=PROPERTIES,
    image=st.builds(
        ImageConditions,
        min_width=st.none() | st.sampled_from([0, 640, 641]),
        formats=st.sampled_from([(), ("jpeg",), ("jpg", "png"), ("png",)]),
    ),
)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Spec, Spec]:
    """Two specs; mostly the second is the first with one part taken from elsewhere."""
    first, other = draw(SPECS), draw(SPECS)
    part = draw(st.sampled_from(["all", "classes", "kinds", "looks", "regions", "item_properties", "image"]))
    if part in ("regions", "item_properties", "image", "classes"):
        return first, replace(first, **{part: getattr(other, part)})
    if part == "all" or not first.classes:
        return first, other
    classes: dict[str, Any] = {name: dict(kinds) for name, kinds in first.classes.items()}
    name = draw(st.sampled_from(sorted(classes)))
    if part == "kinds" or not classes[name]:
        classes[name] = draw(KINDS)
    else:
        kind = draw(st.sampled_from(sorted(classes[name])))
        field = draw(st.sampled_from(["properties", "conditions", "points", "color"]))
        classes[name][kind] = replace(classes[name][kind], **{field: getattr(draw(LOOKS[kind]), field)})
    return first, replace(first, classes=classes)


def shapes(values: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Labels of three classes and two kinds with these properties; boxes of several sizes, some overlapping."""
    sizes = [(0, 40), (10, 100), (20, 300)]
    drawn = [("box", {"x": float(x), "y": 20.0, "w": float(w), "h": 50.0}) for x, w in sizes]
    return [
        label(kind, **{**cells, "class": name, "properties": canonical_json(value).decode()})
        for value in values
        for kind, cells in [*drawn, ("keypoints", SHAPES["keypoints"])]
        for name in ("cat", "dog", "cow")
    ]


def wrong(rows: Sequence[dict[str, Any]], item: dict[str, Any], spec: Spec) -> set[str | None]:
    """The labels about which there is a finding; None when there is one about the image."""
    return {one.label for one in findings(batch_of(rows, [item], spec), *RULES)}


ITEMS = st.builds(
    lambda values, format_: {
        "item": "a.jpg", "width": 640, "height": 480, "format": format_,
        "properties": canonical_json(values).decode(),
    },
    VALUES, st.sampled_from(["jpeg", "png", None]),
)  # fmt: skip


@settings(max_examples=120)
@given(pairs(), st.lists(VALUES, min_size=1, max_size=3), ITEMS)
def test_compatible_keeps_all_labels_and_breaking_none(
    specs: tuple[Spec, Spec], values: list[dict[str, Any]], item: dict[str, Any]
) -> None:
    rows = shapes(values)
    before, after = (wrong(rows, item, spec) for spec in specs)
    changes = compare(*specs)
    if all(change.effect == "compatible" for change in changes):
        assert after <= before
    broken = [one.scope for one in changes if one.effect == "breaking" and one.scope]
    for number, row in enumerate(rows, 1):
        seen = {**row, "properties": json.loads(row["properties"])}
        if any(scope.of == "labels" and scope.holds(seen) for scope in broken):
            assert label_id_text(number) in before | after


def allowed(declared: Property, value: Any) -> bool:
    return not declared.required if value is None else value_fault("p", declared, value) is None


@settings(max_examples=200)
@given(PROPERTY, PROPERTY)
def test_compatible_keeps_all_values_and_breaking_none(old: Property, new: Property) -> None:
    """For one property, all values there are in this world."""
    changes = compare(*(Spec(item_properties={"p": one, "q": Property("text")}) for one in (old, new)))
    effects = {change.effect for change in changes}
    lists = [[], ["a"], ["a", "b"], ["1", "1.0"], [1], [True, "a"]]
    for value in [*SCALAR_VALUES, None, *lists]:
        row = {"properties": {"p": value}}
        was, now = (allowed(one, value) for one in (old, new))
        if effects <= {"compatible"}:
            assert now or not was
        if any(one.effect == "breaking" and one.scope and one.scope.holds(row) for one in changes):
            assert not (was and now)


@settings(max_examples=200)
@given(pairs())
def test_no_change_goes_unsaid(specs: tuple[Spec, Spec]) -> None:
    before, after = (spec_from_canonical(canonical_spec(one)) for one in specs)
    assert bool(compare(before, after)) == (canonical_spec(before) != canonical_spec(after))
    assert compare(before, before) == []
