"""Reading YAML: the core rules of 1.2, a place for every node, and no input that can do harm."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datalabel.errors import Faults, InputError
from datalabel.spec.yaml_text import Node, read_yaml


def plain(node: Node) -> Any:
    if node.is_mapping:
        return {key: plain(inner) for key, inner in node.entries.items()}
    return [plain(inner) for inner in node.items] if node.is_list else node.value


def value(text: str) -> Any:
    return plain(read_yaml(f"a: {text}", "x"))["a"]


@pytest.mark.parametrize(
    "text", ["no", "on", "Yes", "y", "12:30", "2024-01-31", "1_000", "0b1", "=", ".inf", "1e", "0o9"]
)
def test_what_is_text_by_the_core_rules(text: str) -> None:
    assert value(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0o14", 12), ("0x1F", 31), ("007", 7), ("-3", -3), ("+3", 3), ("1.50", 1.5), (".5", 0.5), ("1e3", 1000.0),
        ("true", True), ("FALSE", False), ("null", None), ("~", None), ("", None), ("'3'", "3"), ('"null"', "null"),
        ("!!str 3", "3"), ("! 3", "3"), ("9" * 400, "9" * 400), ("1e999", "1e999"),
    ],
)  # fmt: skip
def test_scalars(text: str, expected: Any) -> None:
    found = value(text)
    assert (found, type(found)) == (expected, type(expected))


def test_every_node_has_its_place() -> None:
    root = read_yaml("a:\n  - x\n  - {b: 1}\né: 'y'\n", "s.yaml")
    (first, second), last = root.entries["a"].items, root.entries["é"]
    places = [first.place, second.entries["b"].place, second.keys["b"], last.place, root.keys["é"]]
    assert [str(one) for one in places] == [
        "s.yaml:2:5", "s.yaml:3:9", "s.yaml:3:6", "s.yaml:4:4", "s.yaml:4:1",
    ]  # fmt: skip


def test_aliases_stand_for_what_they_name() -> None:
    assert plain(read_yaml("a: &x {b: [1]}\nc: *x\n", "x")) == {"a": {"b": [1]}, "c": {"b": [1]}}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: *x", "the alias *x names nothing"),
        ("a: &x [*x]", "the alias *x names nothing that is finished"),
        ("a: {<<: {b: 1}}", "<< is no part of YAML 1.2"),
        ("[a]: 1", "a key must be text"),
        ("a: !!set {b}", "the tag !!set is not allowed"),
        ("a: !mine 3", "the tag !mine is not allowed"),
        ("a: !!binary aGk=", "the tag !!binary is not allowed"),
        ("a\0b", "NUL characters"),
        ("a: \ud800", "half a surrogate pair"),
        ("a: 1\nb: \x07", "x:2: holds the character U+0007"),
        ("%YAML 9.9\n---\na: 1", "is not YAML"),
    ],
)
def test_what_is_refused(text: str, told: str) -> None:
    with pytest.raises(InputError) as error:
        read_yaml(text, "x")
    assert told in str(error.value)
    assert str(error.value.faults[0].where).startswith("x")


def test_a_colour_that_swallowed_a_brace_is_named() -> None:
    with pytest.raises(InputError) as error:
        read_yaml("data_spec:\n  a:\n    box: {color: #2e7d32}\n  b: {box: }\n", "x")
    assert error.value.hint == 'an unquoted # begins a comment in YAML: write "#2e7d32"'


def test_faults_that_do_not_stop_the_reading_can_be_gathered() -> None:
    faults = Faults()
    root = read_yaml("a: 1\na: 2\nb: !mine 3\n", "x", faults)
    assert (plain(root)["a"], len(faults)) == (1, 2)


BOMBS = {
    "aliases": "a: &a [x]\n" + "".join(f"{i}: &{i} [{','.join([f'*{i - 1}'] * 50)}]\n" for i in range(1, 40)),
    "alias in a list": "- &a [" + "x," * 400 + "]\n" + "- *a\n" * 2000,
    "lists": "[" * 1_000_000,
    "mappings": "{a: " * 1_000_000,
    "indentation": "".join(" " * depth + "a:\n" for depth in range(2000)),
    "dashes": "- " * 100_000,
    "question marks": "? " * 100_000,
    "many keys": "\n".join(f"k{i}: 0" for i in range(300_000)),
    "many anchors": "- &a x\n" * 550_000,
    "one long key": "k" * 2_000_000 + ": 1",
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_bombs_are_refused_before_they_go_off(bomb: str) -> None:
    text = BOMBS[bomb].replace("*0", "*a")
    started = time.process_time()
    with pytest.raises(InputError, match=r"nested too deeply|holds more than|not YAML"):
        read_yaml(text, "x")
    assert time.process_time() - started < 20


def test_a_long_list_without_aliases_is_no_bomb() -> None:
    text = "- {item: a, code: G101, because: x}\n" * 60_000
    assert len(read_yaml(text, "x").items) == 60_000
    with pytest.raises(InputError, match="holds more than 500,000 values") as error:
        read_yaml("- [x, x, x]\n" * 150_000, "x")
    assert error.value.hint is None


# Control characters and Unicode's own line breaks are no part of a YAML line.
TEXT = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp", "Cn"]), max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.floats(-1e6, 1e6) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=12,
)


@settings(max_examples=150)
@given(st.dictionaries(TEXT, JSON, max_size=3), st.booleans(), st.sampled_from([None, 2, "\t"]))
def test_json_is_yaml(document: dict[str, Any], ascii_only: bool, indent: int | str | None) -> None:
    text = json.dumps(document, ensure_ascii=ascii_only, indent=indent)
    assert plain(read_yaml(text, "x")) == document
