"""The truth of a condition on every row of a batch: TRUE, FALSE or null, as SQL has it (Kleene's logic)."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import reduce
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from datalabel.labels.where.columns import Type
from datalabel.labels.where.nodes import (
    And,
    Between,
    Compare,
    Condition,
    Constant,
    In,
    IsNull,
    Like,
    Not,
    Or,
    Property,
    Value,
    columns_in,
)
from datalabel.labels.where.values import ARROW, Rows, Values

_SIGNS: dict[str, Callable[[Values, Values], Values]] = {
    "=": pc.equal,
    "!=": pc.not_equal,
    "<": pc.less,
    "<=": pc.less_equal,
    ">": pc.greater,
    ">=": pc.greater_equal,
}


def truth(condition: Condition, rows: Rows) -> Values:
    """Whether a condition holds, per row; a scalar where that is the same for every row."""
    match condition:
        case Constant():
            return pa.scalar(condition.value, pa.bool_())
        case Not():
            return pc.invert(truth(condition.condition, rows))
        case And():
            return reduce(pc.and_kleene, (truth(term, rows) for term in condition.terms))
        case Or():
            return reduce(pc.or_kleene, (truth(term, rows) for term in condition.terms))
        case IsNull():
            return rows.missing(condition.value)
        case Compare():
            return _compared(condition, rows)
        case Between():
            return _between(condition, rows)
        case In():
            return _in(condition, rows)
        case Like():
            pattern = like_pattern(condition)
            return _tested(
                (condition.value,), Type.TEXT, rows, lambda one: pc.match_substring_regex(one, pattern)
            )


def _compared(node: Compare, rows: Rows) -> Values:
    if node.sign == "!=":
        # The opposite of "=": of a list, that no member is equal.
        return pc.invert(_compared(Compare("=", node.left, node.right, node.type), rows))
    return _tested((node.left, node.right), node.type, rows, _SIGNS[node.sign], ordered=node.sign != "=")


def _between(node: Between, rows: Rows) -> Values:
    def within(value: Values, low: Values, high: Values) -> Values:
        return pc.and_kleene(pc.greater_equal(value, low), pc.less_equal(value, high))

    return _tested((node.value, node.low, node.high), node.type, rows, within, ordered=True)


def _in(node: In, rows: Rows) -> Values:
    type_ = Type.TEXT if node.type is Type.ANY else node.type
    given = [choice.value for choice in node.choices if choice.value is not None]
    known = pa.array(given, ARROW[type_])
    otherwise = pa.scalar(False if len(given) == len(node.choices) else None, pa.bool_())

    def among(value: Values) -> Values:
        found = pc.if_else(pc.is_in(_positive_zero(value), value_set=_positive_zero(known)), True, otherwise)
        return pc.if_else(pc.is_null(value), pa.scalar(None, pa.bool_()), found)

    return _tested((node.value,), type_, rows, among)


def _positive_zero(values: Values) -> Values:
    """The same numbers, -0 as 0: sets tell the two apart."""
    return pc.add(values, 0.0) if values.type == pa.float64() else values


def _tested(
    values: tuple[Value, ...], type_: Type, rows: Rows, test: Callable[..., Values], *, ordered: bool = False
) -> Values:
    """Whether values, read as one type, pass a test. Of unknown type: as whichever type they share."""
    if type_ is Type.ANY:
        types = (Type.TEXT, Type.NUMBER) if ordered else (Type.TEXT, Type.NUMBER, Type.TRUTH)
        return pc.coalesce(*(_tested(values, one, rows, test) for one in types))
    varying = [value for value in values if any(columns_in(value))]
    if len(varying) != 1 or not isinstance(varying[0], Property):
        return test(*(rows.values(value, type_) for value in values))
    # One property against constants: worked out once per distinct text, and on the members of lists.
    fixed: list[Any] = [None if value is varying[0] else rows.values(value, type_) for value in values]
    return rows.any_member(
        varying[0], type_, lambda members: test(*(members if one is None else one for one in fixed))
    )


def like_pattern(node: Like) -> str:
    """The pattern of LIKE as a regular expression (RE2) for the whole text."""
    parts = []
    characters = iter(re.sub("%+", "%", node.pattern) if node.escape is None else node.pattern)
    for character in characters:
        if character == node.escape:
            parts.append(_itself(next(characters)))
        else:
            parts.append({"%": ".*", "_": "."}.get(character) or _itself(character))
    return f"(?s{'i' if node.ignore_case else ''})\\A{''.join(parts)}\\z"


def _itself(character: str) -> str:
    return f"\\x{{{ord(character):x}}}"
