"""The canonical form: read back whole, and nothing taken on trust."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datalabel.errors import DamagedError
from datalabel.spec import vocabulary as words
from datalabel.spec.authored import Report
from datalabel.spec.canonical import canonical_spec, spec_from_canonical
from datalabel.spec.foreign import node_of
from datalabel.spec.load import load_file, load_spec
from datalabel.spec.model import (
    CheckSettings,
    Conditions,
    ImageConditions,
    LabelType,
    Property,
    Quality,
    Region,
    Spec,
    Workflow,
)
from datalabel.spec.templates import find_template, list_templates
from datalabel.spec.understand import understand
from datalabel.spec.yaml_text import Place


def ordered(found: Any) -> Any:
    """A value whose lower bounds do not lie above its upper ones, as the loader sees to."""
    for low, high in (*((f"min_{name}", f"max_{name}") for name in BOUNDED), ("minimum", "maximum")):
        least, most = getattr(found, low, None), getattr(found, high, None)
        if least is not None and most is not None and least > most:
            found = replace(found, **{low: most, high: least})
    return found


BOUNDED = ("width", "height", "area", "aspect", "points")
NAME = st.text(max_size=5)
SIZE = st.none() | st.integers(0, 99) | st.floats(0, 1e6)
COUNT = st.none() | st.integers(0, 99)
PROPERTY = st.one_of(
    st.lists(NAME, min_size=1, max_size=3, unique=True).map(tuple).flatmap(
        lambda options: st.builds(
            Property, st.just("options"), st.just(options), st.just(()) | st.just(({"up": list(options)},)),
            multiple=st.booleans(), required=st.booleans(), description=st.none() | NAME,
        )
    ),
    st.builds(Property, st.sampled_from(["number", "integer"]), minimum=st.none() | st.floats(-9, 9),
              maximum=st.none() | st.integers(-9, 9)).map(ordered),
    st.builds(Property, st.just("text"), pattern=st.none() | st.just("^[A-Z]")),
    st.builds(Property, st.just("boolean"), required=st.booleans()),
)  # fmt: skip
PROPERTIES = st.dictionaries(NAME, PROPERTY, max_size=2)
CONDITIONS = st.builds(
    Conditions,
    **dict.fromkeys(words.MEASURES, SIZE),
    **dict.fromkeys(words.POINTS, COUNT),
    inside=st.none() | st.just("belt"),
    per_image=st.none() | st.tuples(st.integers(0, 9), st.none() | st.integers(9, 99)),
    max_overlap=st.none() | st.floats(0, 1),
).map(ordered)
PAIRS = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1)), max_size=2).map(tuple)
LABEL_TYPE = st.builds(
    LabelType,
    color=st.none() | st.just("#ff0000"),
    properties=PROPERTIES,
    conditions=CONDITIONS,
    points=st.just(("a", "b")),
    edges=PAIRS,
    symmetric=PAIRS,
)


def corners(low: float, high: float) -> st.SearchStrategy[Any]:
    corner = st.tuples(st.floats(low, high), st.floats(low, high))
    return st.lists(corner, min_size=3, max_size=5).map(tuple)


def workflows(states: tuple[str, ...]) -> st.SearchStrategy[Workflow]:
    state = st.sampled_from(states)
    after = st.lists(state, max_size=2).map(tuple)
    return st.builds(Workflow, st.just(states), st.dictionaries(state, after, max_size=2))


REGION = st.builds(Region, corners(-9, 9)) | st.builds(Region, corners(0, 1), st.just(True))
STATES = st.lists(NAME, min_size=1, max_size=3, unique=True).map(tuple)
NAMES = st.lists(NAME, max_size=2).map(tuple)
SPEC = st.builds(
    Spec,
    project_name=st.none() | NAME,
    classes=st.dictionaries(
        NAME, st.dictionaries(st.sampled_from(words.KINDS), LABEL_TYPE, max_size=2), max_size=3
    ),
    regions=REGION.map(lambda region: {"belt": region}),
    item_properties=PROPERTIES,
    image=st.builds(ImageConditions, *[COUNT] * 4, NAMES).map(ordered),
    workflow=STATES.flatmap(workflows),
    check=st.builds(
        CheckSettings,
        NAMES,
        st.dictionaries(NAME, st.sampled_from(words.SEVERITIES), max_size=2),
        st.sampled_from(words.ON_COMMIT),
    ),
    quality=st.builds(Quality, COUNT, st.none() | st.floats(0, 1), st.none() | st.floats(0, 1)),
)


@settings(max_examples=150)
@given(SPEC)
def test_every_spec_is_read_back_whole(spec: Spec) -> None:
    again = spec_from_canonical(canonical_spec(spec))
    assert again == spec
    assert list(again.classes) == list(spec.classes)
    assert canonical_spec(again) == canonical_spec(spec)


@pytest.mark.parametrize("name", [one.name for one in list_templates()])
def test_templates_are_read_back_whole(name: str) -> None:
    loaded = load_file(find_template(name))
    assert spec_from_canonical(loaded.canonical) == loaded.spec


def test_the_order_of_classes_counts_and_of_the_rest_does_not() -> None:
    first = load_spec(
        "data_spec: {a: {box: {color: red, p: {type: text}}, mask: }, b: }\nproject_name: x", name="s"
    )
    second = load_spec(
        "project_name: x\ndata_spec: {a: {mask: , box: {p: {type: text}, color: red}}, b: }", name="s"
    )
    swapped = load_spec(
        "project_name: x\ndata_spec: {b: , a: {mask: , box: {p: {type: text}, color: red}}}", name="s"
    )
    assert first.canonical == second.canonical != swapped.canonical
    assert json.loads(first.canonical)["order"] == ["a", "b"]


def test_numbers_have_one_spelling() -> None:
    spec = Spec(quality=Quality(agreement=1.0))
    assert canonical_spec(spec) == canonical_spec(replace(spec, quality=Quality(agreement=1)))


def of_box(**told: Any) -> dict[str, Any]:
    return {"classes": {"a": {"box": told}}}


@pytest.mark.parametrize(
    "said",
    [
        [],
        3,
        None,
        {"frobs": 1},
        {"project_name": 5},
        {"classes": []},
        {"classes": {"a": []}},
        {"classes": {"a": {"frob": {}}}},
        {"order": ["x"]},
        {"order": ["a", "a"], "classes": {"a": {}}},
        of_box(frob=1),
        of_box(color=3),
        of_box(color="red"),
        of_box(color="#ff0000<script>"),
        of_box(conditions={"min_width": -1}),
        of_box(conditions={"min_width": 9, "max_width": 1}),
        of_box(conditions={"max_overlap": 1.5}),
        of_box(conditions={"per_image": [3, 1]}),
        of_box(properties={"p": {"type": "options", "options": ["x", "x"]}}),
        of_box(properties={"p": {"type": "number", "minimum": 2, "maximum": 1}}),
        {"regions": {"a": {"corners": [[0, 0], [1, 1], [5, 2]], "relative": True}}},
        {"image": {"min_width": 9, "max_width": 1}},
        {"quality": {"agreement": 7}},
        {"quality": {"labels_per_class": -1}},
        {"workflow": {"states": []}},
        {"workflow": {"states": ["A", "A"]}},
        {"workflow": {"states": ["A"], "transitions": {"A": ["B"]}}},
        of_box(conditions={"min_width": "x"}),
        of_box(conditions={"min_width": True}),
        of_box(conditions={"inside": "nowhere"}),
        of_box(conditions={"per_image": [1]}),
        of_box(conditions={"per_image": [-1, 2]}),
        of_box(conditions={"min_points": 1.5}),
        of_box(points=["x"], edges=[[0, 5]]),
        of_box(points="xy"),
        of_box(properties={"p": {}}),
        of_box(properties={"p": {"type": "options"}}),
        of_box(properties={"p": {"type": "text", "options": ["x"]}}),
        of_box(properties={"p": {"type": "text", "pattern": "("}}),
        of_box(properties={"p": {"type": "frob"}}),
        of_box(properties={"p": {"type": "options", "options": ["x"], "tree": [3]}}),
        of_box(properties={"p": {"type": "options", "options": ["x"], "tree": [{"y": ["z"]}]}}),
        {"regions": {"a": {"corners": [[1, 2], [3, 4]]}}},
        {"regions": {"a": {"corners": [[1], [2], [3]]}}},
        {"regions": {"a": {"corners": [[1, 2]] * 3, "relative": 1}}},
        {"quality": None},
        {"quality": {"agreement": "1"}},
        {"image": {"formats": "jpeg"}},
        {"image": {"min_width": 1.5}},
        {"workflow": {"states": "abc"}},
        {"workflow": {"transitions": {"A": "B"}}},
        {"check": {"severity": {"G1": "foo"}}},
        {"check": {"on_commit": "no"}},
        {"quality": {"agreement": float("nan")}},
        {"quality": {"agreement": float("inf")}},
        {"quality": {"labels_per_class": 10**400}},
    ],
)
def test_what_is_not_sound_is_damage(said: Any) -> None:
    with pytest.raises(DamagedError):
        spec_from_canonical(json.dumps(said).encode())


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b"[" * 100_000, b'{"a":' * 100_000, b"1" * 10_000])
def test_what_is_no_json_is_damage(data: bytes) -> None:
    with pytest.raises(DamagedError):
        spec_from_canonical(data)


def test_a_deep_tree_of_options_is_damage() -> None:
    tree: Any = ["x"]
    for _ in range(200):
        tree = [{"y": tree}]
    said = of_box(properties={"p": {"type": "options", "options": ["x"], "tree": tree}})
    with pytest.raises(DamagedError):
        spec_from_canonical(json.dumps(said).encode())


@settings(max_examples=60)
@given(SPEC)
def test_a_resolved_spec_written_out_means_itself(spec: Spec) -> None:
    report = Report()
    again = understand(node_of(spec, Place("s", 1, 1)), report)
    if not len(report.faults):
        assert (again.classes, again.regions, again.item_properties) == (
            spec.classes, spec.regions, spec.item_properties,
        )  # fmt: skip
        # Formats have one spelling each when they are read, whatever an object says.
        assert replace(again.image, formats=()) == replace(spec.image, formats=())
        assert (again.check, again.quality) == (spec.check, spec.quality)
