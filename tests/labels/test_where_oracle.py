"""`--where` against an oracle: random expressions, worked out row by row in plain Python."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from where_world import OWNERS, Row, chosen_labels, labels_where

from datalabel.labels.where import parse_where

Tree = tuple[Any, ...]

NAMES = {
    "text": ["class", "kind", "annotator", "item", "state", "label.class", '"class"'],
    "number": ["w", "h", "confidence", "width", "item.height", "area"],
    "property": [
        "properties.a",
        "properties.b",
        "item.properties.n",
        "properties.a.deep",
        "item.properties.site",
    ],
}
TEXTS = ["car", "Bus", "cut", "c%r", "it's", "", "1", "ä"]
NUMBERS = [0, 1, 2, 2.5, 10, 480, 1e308, 0.5]


def values_of(type_: str, depth: int = 2) -> st.SearchStrategy[Tree]:
    """Values of one type; properties go with every type."""
    names = st.sampled_from(NAMES.get(type_, []) + NAMES["property"]).map(lambda name: ("name", name))
    if type_ == "truth":
        return names | st.booleans().map(lambda value: ("literal", value))
    known = TEXTS if type_ == "text" else NUMBERS
    plain = names | st.sampled_from([*known, None]).map(lambda value: ("literal", value))
    if type_ == "text" or depth == 0:
        return plain
    inner = values_of(type_, depth - 1)
    return plain | st.tuples(st.sampled_from("+-*/"), inner, inner) | st.tuples(st.just("negative"), inner)


def conditions_of(type_: str) -> st.SearchStrategy[Tree]:
    value, equal = (
        values_of(type_),
        st.tuples(st.sampled_from(["=", "!="]), values_of(type_), values_of(type_)),
    )
    if type_ == "truth":
        return equal
    literal = st.sampled_from([*(TEXTS if type_ == "text" else NUMBERS), None])
    found = (
        equal
        | st.tuples(st.sampled_from(["<", "<=", ">", ">="]), value, value)
        | st.tuples(st.just("between"), value, value, value)
        | st.tuples(st.just("in"), value, st.lists(literal, min_size=1, max_size=3))
        | st.tuples(st.just("null"), value)
    )
    if type_ == "text":
        found |= st.tuples(st.just("like"), value, st.sampled_from(["c%", "_u_", "%", "c!%r", "CUT"]))
    return found


TREES: st.SearchStrategy[Tree] = st.recursive(
    st.one_of(*map(conditions_of, ["text", "number", "truth"]))
    | st.sampled_from(NAMES["property"]).map(lambda name: ("holds", name))
    | st.sampled_from([True, False, None]).map(lambda value: ("constant", value)),
    lambda inner: (
        st.tuples(st.just("not"), inner)
        | st.tuples(st.sampled_from(["and", "or"]), st.lists(inner, min_size=2, max_size=4))
    ),
    max_leaves=6,
)


def literal_text(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "NULL", True: "TRUE", False: "false"}[value]
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else repr(value)


def written(tree: Tree) -> str:
    match tree:
        case ("literal" | "constant", value):
            return literal_text(value)
        case ("name" | "holds", name):
            return str(name)
        case ("negative", value):
            return f"(-({written(value)}))"
        case ("between", value, low, high):
            return f"{written(value)} BETWEEN {written(low)} and {written(high)}"
        case ("in", value, choices):
            return f"{written(value)} IN ({', '.join(map(literal_text, choices))})"
        case ("like", value, pattern):
            return f"{written(value)} LIKE '{pattern}' ESCAPE '!'"
        case ("null", value):
            return f"({written(value)}) IS NULL"
        case ("not", inner):
            return f"NOT ({written(inner)})"
        case ("and" | "or" as word, terms):
            return f" {word} ".join(f"({written(term)})" for term in terms)
        case (sign, left, right):
            return f"({written(left)}) {sign} ({written(right)})"
    raise AssertionError(tree)


def type_of(value: Any) -> str | None:
    if isinstance(value, bool):
        return "truth"
    return {str: "text", int: "number", float: "number"}.get(type(value))


def looked_up(name: str, row: Row) -> Any:
    parts = name.replace('"', "").split(".")
    source = row
    if parts[0] == "item" and len(parts) > 1:
        source = OWNERS[row["item"]]
        parts = parts[1:]
    elif parts[0] == "label":
        parts = parts[1:]
    elif parts[0] in ("width", "state"):
        source = OWNERS[row["item"]]
    if parts == ["area"] and row["kind"] in ("polygon", "mask", "rotated_box"):
        return 0  # none of them has an outline here
    if parts == ["area"]:
        return None if None in (row["w"], row["h"]) else row["w"] * row["h"]
    found: Any = source
    for part in parts:
        found = found.get(part) if isinstance(found, dict) else None
    return found


def worked_out(tree: Tree, row: Row) -> Any:
    match tree:
        case ("literal", value):
            return value
        case ("name", name):
            return looked_up(name, row)
        case ("negative", inner):
            value = worked_out(inner, row)
            return -float(value) if type_of(value) == "number" else None
    sign, left, right = tree[0], worked_out(tree[1], row), worked_out(tree[2], row)
    if not type_of(left) == type_of(right) == "number" or (sign == "/" and right == 0):
        return None
    ways = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}
    return ways[sign](float(left), float(right))


def constant(tree: Tree) -> bool:
    return tree[0] == "literal" or (tree[0] != "name" and all(map(constant, tree[1:])))


def declared(tree: Tree) -> str | None:
    """The type that an expression has whatever the row: none for properties and NULL."""
    if tree[0] == "literal":
        return type_of(tree[1])
    if tree[0] == "name":
        return next((type_ for type_ in ("text", "number") if tree[1] in NAMES[type_]), None)
    return "number"


Test = Callable[[list[Any]], bool | None]


def tried(values: list[Tree], row: Row, test: Test) -> bool | None:
    """A test on values; where one is a property and the others are constant, on the members of its list."""
    varying = [value for value in values if not constant(value)]
    worked = [worked_out(value, row) for value in values]
    if len(varying) == 1 and "properties." in str(varying[0][1]) and varying[0][0] == "name":
        at = values.index(varying[0])
        if isinstance(worked[at], list):
            members = [test([*worked[:at], one, *worked[at + 1 :]]) for one in worked[at]]
            return True if True in members else None if None in members else False
    return test(worked)


def same_type(worked: list[Any], types: set[str], test: Callable[..., bool]) -> bool | None:
    found = {type_of(value) for value in worked}
    if len(found) != 1 or not found <= types:
        return None
    return test(*(float(value) if type_of(value) == "number" else value for value in worked))


def within(worked: list[Any], types: set[str]) -> bool | None:
    value, low, high = worked
    held = [same_type([value, low], types, operator.ge), same_type([value, high], types, operator.le)]
    return False if False in held else None if None in held else True


ANY = {"text", "number", "truth"}
ORDERED = {"text", "number"}
SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
PATTERNS = {"c%": r"c.*", "_u_": r".u.", "%": r".*", "c!%r": r"c%r", "CUT": r"CUT"}


def truth(tree: Tree, row: Row) -> bool | None:
    match tree:
        case ("constant", value):
            return bool(value) if value is not None else None
        case ("holds", name):
            return truth(("=", ("name", name), ("literal", True)), row)
        case ("not", inner):
            held = truth(inner, row)
            return None if held is None else not held
        case ("and" | "or" as word, terms):
            held_terms = [truth(term, row) for term in terms]
            decisive = word == "or"
            return decisive if decisive in held_terms else None if None in held_terms else not decisive
        case ("null", value):
            return worked_out(value, row) is None
        case ("in", value, choices):
            equals: Tree = ("or", [("=", value, ("literal", choice)) for choice in choices])
            return truth(equals, row)
        case ("between", value, low, high):
            types = {one for one in map(declared, (value, low, high)) if one} or ORDERED
            return tried([value, low, high], row, lambda worked: within(worked, types))
        case ("like", value, pattern):
            expression = re.compile(PATTERNS[pattern], re.DOTALL)
            return tried(
                [value],
                row,
                lambda worked: same_type(worked, {"text"}, lambda one: bool(expression.fullmatch(one))),
            )
        case ("!=", left, right):
            return truth(("not", ("=", left, right)), row)
        case (sign, left, right):
            allowed = ANY if sign == "=" else ORDERED
            return tried([left, right], row, lambda worked: same_type(worked, allowed, SIGNS[sign]))
    raise AssertionError(tree)


@settings(max_examples=300)
@given(TREES)
def test_expressions_agree_with_the_oracle(tree: Tree) -> None:
    text = written(tree)
    assert chosen_labels(text) == labels_where(lambda row: truth(tree, row) is True), text


@settings(max_examples=200)
@given(TREES)
def test_the_canonical_text_reads_back_as_the_same_expression(tree: Tree) -> None:
    where = parse_where(written(tree))
    again = parse_where(where.canonical)
    assert (again.terms, again.canonical) == (where.terms, where.canonical)
