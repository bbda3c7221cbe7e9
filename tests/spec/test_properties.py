"""Values of properties are judged as declared, in words, and as a JSON Schema of the same judges them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from datalabel.spec.model import Property
from datalabel.spec.properties import spellings, value_fault

DECLARED = {
    "direction": Property("options", ("up", "down", "3", "true")),
    "defects": Property("options", ("scab", "cut", "7"), multiple=True),
    "length_mm": Property("number", minimum=0, maximum=90.5),
    "seeds": Property("integer", minimum=1),
    "note": Property("text", pattern="^[A-Z]"),
    "ripe": Property("boolean"),
}


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("direction", "dwn", 'is "dwn"; did you mean "down"?'),
        ("direction", "x", 'is "x", not one of "up", "down", "3", "true"'),
        ("direction", False, 'is false, not one of "up", "down", "3", "true"'),
        ("direction", ["up"], 'is a list, not one of "up", "down", "3", "true"'),
        ("defects", "cut", 'is "cut", not a list'),
        ("defects", ["cut", "cut"], 'has "cut" twice'),
        ("defects", [7, "7"], 'has "7" twice'),
        ("defects", ["cu"], 'has a member that is "cu"; did you mean "cut"?'),
        ("defects", [None], 'has a member that is null, not one of "scab", "cut", "7"'),
        ("length_mm", -1, "is -1, less than 0"),
        ("length_mm", 91, "is 91, more than 90.5"),
        ("length_mm", "5", 'is "5", not a number'),
        ("length_mm", True, "is true, not a number"),
        ("length_mm", float("nan"), "is not a finite number"),
        ("seeds", 1.5, "is 1.5, not a whole number"),
        pytest.param("seeds", -(10**5000), "is a very large number, less than 1", id="very large"),
        ("note", "abc", 'is "abc", which does not match ^[A-Z]'),
        ("note", "\ud800", 'is "\ud800", which does not match ^[A-Z]'),
        ("note", 5, "is 5, not text"),
        ("ripe", "true", 'is "true", not true or false'),
    ],
)
def test_a_fault_is_told_in_words(name: str, value: Any, message: str) -> None:
    assert value_fault(name, DECLARED[name], value) == f'"{name}" {message}'


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("direction", 3),
        ("direction", 3.0),
        ("direction", True),
        ("direction", "true"),
        ("defects", []),
        ("defects", ["cut", 7, "scab"]),
        ("length_mm", 90.5),
        ("seeds", 2.0),
        ("note", "A"),
        ("ripe", False),
    ],
)
def test_right_values_have_no_faults(name: str, value: Any) -> None:
    assert value_fault(name, DECLARED[name], value) is None


# The law: a JSON Schema judges alike


def schema_of(declared: Property) -> dict[str, Any]:
    one = _one_schema(declared)
    if declared.multiple:
        # Two spellings of one option are not equal for uniqueItems.
        once: list[dict[str, Any]] = [
            {"contains": {"enum": spellings(option)}, "minContains": 0, "maxContains": 1}
            for option in declared.options
        ]
        one = {"type": "array", "items": one, "uniqueItems": True, "allOf": [{}, *once]}
    return one


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
    ),
    st.builds(
        Property,
        st.sampled_from(["number", "integer"]),
        minimum=LIMIT,
        maximum=LIMIT,
        multiple=st.booleans(),
    ),
    st.builds(
        Property,
        st.just("text"),
        pattern=st.none() | st.sampled_from(["a", "^b", "[0-9]+", "^(a|é)"]),
    ),
    st.builds(Property, st.just("boolean"), description=st.none() | WORD),
)
SCALAR = st.one_of(
    st.none(), st.booleans(), WORD, st.integers(-2, 3), st.sampled_from([1.0, 0.5, 100.0, -1.0, 2.0])
)
VALUE = SCALAR | st.lists(SCALAR, max_size=3) | st.dictionaries(WORD, SCALAR, max_size=1)


@settings(max_examples=400)
@given(PROPERTY, VALUE)
def test_the_schema_judges_alike(declared: Property, value: Any) -> None:
    schema = schema_of(declared)
    Draft202012Validator.check_schema(schema)
    found = value_fault("p", declared, value)
    assert (found is None) == Draft202012Validator(schema).is_valid(value), found
