"""The schema for editors and the loader: what the loader takes, the schema takes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from datalabel.errors import InputError
from datalabel.spec import vocabulary as words
from datalabel.spec.grammar import grammar, grammar_text
from datalabel.spec.load import load_spec

VALIDATOR = Draft202012Validator(grammar())


def loads(spec: Any) -> bool:
    try:
        load_spec(json.dumps(spec, ensure_ascii=False), name="dlabel.yaml")
    except InputError:
        return False
    return True


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"data_spec": None, "defaults": None, "image": None, "extends": None, "project_name": None},
        {"data_spec": "…", "workflow": "…", "check": "…", "quality": "…", "remove": "…"},
        {"data_spec": {"a": None, "b": {"box": None}, "c": {"box": "…"}}},
        {"data_spec": {"a": {"box": {"color": None, "condition": "…", "properties": None}}}},
        {"data_spec": {"a": {"box": {"size": {"type": "number", "minimum": 0}}}}},
        {"data_spec": {"a": {"box": {"size": {"options": ["…", 3, True, None, {"x": ["y"]}]}}}}},
        {"data_spec": {"a": {"box": {"size": {"options": {"x": ["y"], "z": None}}}}}},
        {"data_spec": {"a": {"box": {"conditions": {"per_image": [1, None], "max_overlap": 1}}}}},
        {"data_spec": {"a": {"box": {"conditions": {"per_image": 1, "min_width": 0.5}}}}},
        {"data_spec": {"a": {"keypoints": {"points": ["n", "e"], "edges": [["n", 1]], "symmetric": []}}}},
        {"image": {"roi": {"a": [0, 0, 1, 1], "b": None, "c": {"pixels": [[0, 0], [1, 0], [1, 1]]}}}},
        {"image": {"condition": {"formats": "png"}, "properties": {"site": {"options": ["A"]}}}},
        {"workflow": {"states": ["A", "B"], "transitions": {"A": ["B"], "B": None}}},
        {"check": {"ignore": "B201", "severity": {"G104": "error", "G1": None}, "on_commit": "never"}},
        {"quality": {"labels_per_class": 0, "agreement": 0.5, "error_rate": None}},
        {"extends": "detection/box"},
    ],
)
def test_both_take_it(spec: dict[str, Any]) -> None:
    assert loads(spec)
    assert VALIDATOR.is_valid(spec), list(VALIDATOR.iter_errors(spec))


@pytest.mark.parametrize(
    "spec",
    [
        [],
        "x",
        {"data_spec": []},
        {"data_spec": {"a": 3}},
        {"data_spec": {"a": {"box": {"size": {}}}}},
        {"data_spec": {"a": {"box": {"size": {"type": "txt"}}}}},
        {"data_spec": {"a": {"box": {"conditions": {"max_overlap": 2}}}}},
        {"data_spec": {"a": {"box": {"conditions": {"min_width": -1}}}}},
        {"data_spec": {"a": {"box": {"p": {"options": []}}}}},
        {"data_spec": {"a": {"box": {"p": {"options": [["x"]]}}}}},
        {"data_spec": {"a": {"keypoints": {"points": ["n"], "edges": [["n"]]}}}},
        {"image": {"roi": {"a": [0, 0]}}},
        {"image": {"roi": {"a": {"relative": [0, 0, 1, 2]}}}},
        {"workflow": {"transitions": 3}},
        {"check": {"severity": {"G104": "bad"}}},
        {"check": {"on_commit": True}},
        {"quality": {"labels_per_class": "3"}},
    ],
)
def test_both_refuse_it(spec: Any) -> None:
    assert not loads(spec)
    assert not VALIDATOR.is_valid(spec)


VALUE: st.SearchStrategy[Any] = st.recursive(
    st.sampled_from([None, "…", 0, 1, 0.5, -1, True, "x", "red", "text", "number", "A", "png", {}, []]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["A", "x", "pixels", "relative"]), inner, max_size=2)
    ),
    max_leaves=6,
)


def one(*values: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(values)


SOUND: dict[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(("project_name", "pattern", "description"), one("x", "A", None)),
    **dict.fromkeys(("multiple", "required"), one(True, False, None)),
    **dict.fromkeys(
        ("minimum", "maximum", *words.MEASURES, *words.POINTS, "labels_per_class"), one(0, 1, 1, None)
    ),
    **dict.fromkeys(("max_overlap", "agreement", "error_rate"), one(0, 1, 0.5, "…")),
    "color": one("red", "#abc", None),
    "type": one(*words.TYPES),
    "options": one(["A", 1, True], {"A": ["x"], "x": None}, [{"A": ["x", "…"]}]),
    "per_image": one(1, [1, 1], [0, None]),
    "points": one(["A", "x"]),
    "formats": one("png", ["jpg", "png"]),
    "states": one(["A", "x"]),
    "ignore": one("G1", ["G104"]),
    "severity": one({"G104": "error"}, {"G1": None}),
    "on_commit": one(*words.ON_COMMIT),
    "groups": one(["A"], "A"),
}
"""What may be said of a word, whatever stands beside it."""


def mostly(sound: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Anything is drawn now and then, but seldom: a spec with one odd value has to be sound in all others."""
    return st.sampled_from([sound] * 9 + [VALUE]).flatmap(lambda chosen: chosen)


def some(known: tuple[str, ...], inner: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    """Two or fewer words of a table, with values that mostly fit the place."""
    fitting = SOUND | inner
    aliases = [alias for alias, word in words.ALIASES.items() if word in known]
    return st.lists(st.sampled_from([*known, *aliases]), max_size=2, unique=True).flatmap(
        lambda chosen: st.fixed_dictionaries({name: mostly(fitting.get(name, VALUE)) for name in chosen})
    )


CONDITIONS = some(words.CONDITIONS, {})
PROPERTY = some(words.PROPERTY, {})
WITHIN = {"conditions": CONDITIONS, "condition": CONDITIONS, "size": PROPERTY}
KIND = some(
    (*words.KIND, "size"), {**WITHIN, "properties": st.dictionaries(one("A", "x"), PROPERTY, max_size=2)}
)
KINDS = st.dictionaries(st.sampled_from(words.KINDS), mostly(KIND), min_size=1, max_size=2)
REGION = one([0, 0, 1, 1], {"pixels": [[0, 0], [1, 0], [1, 1]]}, {"relative": [0, 0, 1, 0.5]}, None)
OF_IMAGES = some(words.IMAGE_CONDITIONS, {})
IMAGE = some(
    words.IMAGE,
    {"roi": st.dictionaries(one("belt"), mostly(REGION)), "conditions": OF_IMAGES, "condition": OF_IMAGES},
)
SPEC = some(
    tuple(word for word in words.TOP if word not in ("extends", "remove")),
    {
        "data_spec": st.dictionaries(st.sampled_from(["a", "b"]), KINDS, min_size=1, max_size=2),
        "defaults": KINDS,
        "image": IMAGE,
        "workflow": some(words.WORKFLOW, {}),
        "check": some(words.CHECK, {}),
        "quality": some(words.QUALITY, {}),
    },
)


@settings(max_examples=400)
@given(SPEC)
def test_what_the_loader_takes_the_schema_takes(spec: dict[str, Any]) -> None:
    if loads(spec):
        assert VALIDATOR.is_valid(spec), list(VALIDATOR.iter_errors(spec))


def described(schema: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(schema, dict):
        for name, inner in schema.get("properties", {}).items():
            yield name, inner
            yield from described(inner)
        for key, inner in schema.items():
            if key != "properties":
                yield from described(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from described(inner)


def test_every_word_is_explained_to_editors() -> None:
    told = dict(described(json.loads(grammar_text())))
    named = {
        *words.TOP, *words.KINDS, *words.KIND, *words.PROPERTY, *words.CONDITIONS, *words.IMAGE,
        *words.IMAGE_CONDITIONS, *words.WORKFLOW, *words.CHECK, *words.QUALITY, *words.ALIASES, "pixels", "relative",
    }  # fmt: skip
    assert set(told) == named == set(words.MEANINGS)
    assert all(one["description"] for one in told.values())
