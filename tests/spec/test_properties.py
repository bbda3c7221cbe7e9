"""Properties are judged as declared, in words, and as a JSON Schema of the same judges them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from datalabel.spec.model import Property
from datalabel.spec.properties import spellings, validate_properties

DECLARED = {
    "direction": Property("options", ("up", "down", "3", "true"), required=True),
    "defects": Property("options", ("scab", "cut", "7"), multiple=True),
    "length_mm": Property("number", minimum=0, maximum=90.5),
    "seeds": Property("integer", minimum=1),
    "note": Property("text", pattern="^[A-Z]"),
    "ripe": Property("boolean"),
}


@pytest.mark.parametrize(
    ("value", "kind", "message"),
    [
        ({}, "missing", '"direction" is missing (one of "up", "down", "3", "true")'),
        ({"direction": None}, "missing", '"direction" is missing (one of "up", "down", "3", "true")'),
        ({"direction": "dwn"}, "invalid", '"direction" is "dwn"; did you mean "down"?'),
        ({"direction": "x"}, "invalid", '"direction" is "x", not one of "up", "down", "3", "true"'),
        ({"direction": False}, "invalid", '"direction" is false, not one of "up", "down", "3", "true"'),
        ({"direction": ["up"]}, "invalid", '"direction" is a list, not one of "up", "down", "3", "true"'),
        ({"direction": "up", "defects": "cut"}, "invalid", '"defects" is "cut", not a list'),
        ({"direction": "up", "defects": ["cut", "cut"]}, "invalid", '"defects" has "cut" twice'),
        ({"direction": "up", "defects": [7, "7"]}, "invalid", '"defects" has "7" twice'),
        (
            {"direction": "up", "defects": ["cu"]},
            "invalid",
            '"defects" has a member that is "cu"; did you mean "cut"?',
        ),
        ({"direction": "up", "length_mm": -1}, "invalid", '"length_mm" is -1, less than 0'),
        ({"direction": "up", "length_mm": 91}, "invalid", '"length_mm" is 91, more than 90.5'),
        ({"direction": "up", "length_mm": "5"}, "invalid", '"length_mm" is "5", not a number'),
        ({"direction": "up", "length_mm": True}, "invalid", '"length_mm" is true, not a number'),
        ({"direction": "up", "length_mm": float("nan")}, "invalid", '"length_mm" is not a finite number'),
        ({"direction": "up", "seeds": 1.5}, "invalid", '"seeds" is 1.5, not a whole number'),
        ({"direction": "up", "seeds": -(10**5000)}, "invalid", '"seeds" is a very large number, less than 1'),
        ({"direction": "up", "note": "abc"}, "invalid", '"note" is "abc", which does not match ^[A-Z]'),
        ({"direction": "up", "note": "\ud800"}, "invalid", '"note" is "\ud800", which does not match ^[A-Z]'),
        ({"direction": "up", "note": 5}, "invalid", '"note" is 5, not text'),
        ({"direction": "up", "ripe": "true"}, "invalid", '"ripe" is "true", not true or false'),
        (
            {"direction": "up", "defect": []},
            "unknown",
            '"defect" is not declared; did you mean "defects"?',
        ),
        ([], "invalid", "the properties are a list, not an object"),
        (None, "invalid", "the properties are null, not an object"),
    ],
)
def test_a_fault_is_told_in_words(value: Any, kind: str, message: str) -> None:
    (fault,) = validate_properties(DECLARED, value)
    assert (fault.kind, str(fault)) == (kind, message)


@pytest.mark.parametrize(
    "value",
    [
        {"direction": 3},
        {"direction": 3.0},
        {"direction": True},
        {"direction": "true", "defects": [], "note": "A", "ripe": False},
        {"direction": "up", "defects": ["cut", 7, "scab"], "length_mm": 90.5, "seeds": 2.0},
        {"direction": "up", "seeds": None},
    ],
)
def test_right_values_have_no_faults(value: dict[str, Any]) -> None:
    assert validate_properties(DECLARED, value) == []


def test_all_faults_are_told_at_once() -> None:
    found = validate_properties(DECLARED, {"zzz": 1, "ripe": 3, "seeds": 0})
    assert [(one.kind, one.name) for one in found] == [
        ("missing", "direction"),
        ("invalid", "seeds"),
        ("invalid", "ripe"),
        ("unknown", "zzz"),
    ]


# The law: a JSON Schema judges alike


def schema_of(properties: Mapping[str, Property]) -> dict[str, Any]:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {name: _schema(declared) for name, declared in properties.items()},
        "additionalProperties": False,
        "required": [name for name, declared in properties.items() if declared.required],
    }


def _schema(declared: Property) -> dict[str, Any]:
    one = _one_schema(declared)
    if declared.multiple:
        # Two spellings of one option are not equal for uniqueItems.
        once: list[dict[str, Any]] = [
            {"contains": {"enum": spellings(option)}, "minContains": 0, "maxContains": 1}
            for option in declared.options
        ]
        one = {"type": "array", "items": one, "uniqueItems": True, "allOf": [{}, *once]}
    return one if declared.required else {"anyOf": [one, {"type": "null"}]}


def _one_schema(declared: Property) -> dict[str, Any]:
    if declared.type == "options":
        return {"enum": [value for option in declared.options for value in spellings(option)]}
    if declared.type in ("number", "integer"):
        limits = {"minimum": declared.minimum, "maximum": declared.maximum}
        return {"type": declared.type} | {name: one for name, one in limits.items() if one is not None}
    if declared.type == "boolean":
        return {"type": "boolean"}
    return {"type": "string"} | ({"pattern": declared.pattern} if declared.pattern is not None else {})


WORD = st.sampled_from(["a", "b", "1", "1.0", "2", "true", "false", "null", "1e2", "", "é"])
LIMIT = st.none() | st.sampled_from([-1.0, 0.0, 1.5])
PROPERTY = st.one_of(
    st.builds(
        Property,
        st.just("options"),
        st.lists(WORD, min_size=1, max_size=5, unique=True).map(tuple),
        multiple=st.booleans(),
        required=st.booleans(),
    ),
    st.builds(
        Property,
        st.sampled_from(["number", "integer"]),
        minimum=LIMIT,
        maximum=LIMIT,
        required=st.booleans(),
        multiple=st.booleans(),
    ),
    st.builds(
        Property,
        st.just("text"),
        pattern=st.none() | st.sampled_from(["a", "^b", "[0-9]+", "^(a|é)"]),
        required=st.booleans(),
    ),
    st.builds(Property, st.just("boolean"), required=st.booleans(), description=st.none() | WORD),
)
SCALAR = st.one_of(
    st.none(), st.booleans(), WORD, st.integers(-2, 3), st.sampled_from([1.0, 0.5, 100.0, -1.0, 2.0])
)
NAME = st.sampled_from(["p", "q", "r"])
VALUE = st.one_of(SCALAR, st.lists(SCALAR, max_size=3), st.dictionaries(NAME, SCALAR, max_size=1))


@settings(max_examples=400)
@given(st.dictionaries(NAME, PROPERTY, max_size=3), st.dictionaries(NAME, VALUE, max_size=3) | VALUE)
def test_the_schema_judges_alike(declared: Mapping[str, Property], value: Any) -> None:
    schema = schema_of(declared)
    Draft202012Validator.check_schema(schema)
    found = validate_properties(declared, value)
    assert (not found) == Draft202012Validator(schema).is_valid(value), found
    assert all(fault.name in fault.message for fault in found)
