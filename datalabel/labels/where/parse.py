"""From the parser's syntax tree to checked nodes: a white list of its nodes is taken over, all else refused."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from sqlglot import exp

from datalabel.errors import Faults, UsageError, nearest
from datalabel.labels.where.columns import PROPERTIES, Side, Type, column_names, find_column
from datalabel.labels.where.nodes import (
    And,
    Arithmetic,
    Between,
    Compare,
    Condition,
    Constant,
    Field,
    In,
    IsNull,
    Like,
    Literal,
    Negative,
    Not,
    Or,
    Property,
    Value,
    spelled_name,
)
from datalabel.labels.where.syntax import PLACE, SYNTAX, check_length, shown, syntax_tree, too_deep

MAX_DEPTH = 80
"""Nodes above one another; a chain of ANDs or of ORs counts once."""

_COMPARISONS = {exp.EQ: "=", exp.NEQ: "!=", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">="}
_ARITHMETIC = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/"}
_ARGUMENTS: dict[type[Any], frozenset[str]] = {
    **dict.fromkeys(
        [*_COMPARISONS, *_ARITHMETIC, exp.And, exp.Or, exp.Is], frozenset({"this", "expression"})
    ),
    **dict.fromkeys([exp.Not, exp.Neg, exp.Paren, exp.Boolean], frozenset({"this"})),
    **dict.fromkeys([exp.Like, exp.ILike], frozenset({"this", "expression", "negate"})),
    exp.Escape: frozenset({"this", "expression"}),
    exp.In: frozenset({"this", "expressions", "field", "query", "unnest"}),
    exp.Between: frozenset({"this", "low", "high"}),
    exp.Literal: frozenset({"this", "is_string"}),
    exp.Null: frozenset(),
    exp.Column: frozenset({"this", "table", "db", "catalog"}),
    exp.Dot: frozenset({"this", "expression"}),
}
"""The white list: the nodes that are taken over, with the arguments that are understood."""

_NOTHING = Literal(None)
"""Stands for a value that has a fault, so that the other faults are found as well."""


def read_condition(text: str) -> Condition:
    """The condition that a text says, every name and type checked.

    Raises:
        UsageError: it is not an expression, or it uses what there is not; names every such place.
    """
    faults = Faults()
    try:
        tree, in_quotes = syntax_tree(text)
        condition = _Reader(faults, in_quotes).condition(tree, 0)
    except RecursionError:
        raise too_deep() from None
    faults.raise_if_any(UsageError)
    check_length(str(condition))  # what is stored must be readable again
    return condition


class _Reader:
    """Takes sqlglot's nodes over, one method for each group; faults are gathered."""

    def __init__(self, faults: Faults, in_quotes: frozenset[str]) -> None:
        self._faults = faults
        self._in_quotes = in_quotes
        self._conditions: dict[type[Any], Callable[[Any, int], Condition]] = {
            **dict.fromkeys(_COMPARISONS, self._compare),
            exp.And: self._chain,
            exp.Or: self._chain,
            exp.Not: self._not,
            exp.Between: self._between,
            exp.In: self._in,
            exp.Is: self._is_null,
            exp.Like: self._like,
            exp.ILike: self._like,
            exp.Escape: self._escaped_like,
            exp.Boolean: lambda node, _: Constant(bool(node.this)),
            exp.Null: lambda _, __: Constant(None),
        }
        self._values: dict[type[Any], Callable[[Any, int], Value]] = {
            **dict.fromkeys(_ARITHMETIC, self._arithmetic),
            exp.Neg: self._negative,
            exp.Literal: self._literal,
            exp.Boolean: lambda node, _: Literal(bool(node.this)),
            exp.Null: lambda _, __: Literal(None),
            exp.Column: self._name,
            exp.Dot: self._name,
        }

    def condition(self, node: exp.Expression, depth: int) -> Condition:
        """A node that must be a condition; a property counts as one, it holds where it is TRUE."""
        node = _bare(node, depth)
        if type(node) in self._conditions and _understood(node):
            return self._conditions[type(node)](node, depth + 1)
        value = self.value(node, depth)
        if isinstance(value, Property):
            return Compare("=", value, Literal(True), Type.TRUTH)
        if value is not _NOTHING:
            self._faults.add(f"{shown(str(value))} is {value.type}, not a condition", PLACE,
                             f"compare it with something: {shown(str(value))} = …")  # fmt: skip
        return Constant(None)

    def value(self, node: exp.Expression, depth: int) -> Value:
        """A node that must be a value."""
        node = _bare(node, depth)
        if not _understood(node):
            return self._unavailable(node)
        if type(node) in self._values:
            return self._values[type(node)](node, depth + 1)
        if type(node) in self._conditions:
            what = f"{shown(str(self.condition(node, depth)))} is a condition, not a value"
            return self._fault(what, "conditions are joined by AND, OR and NOT only")
        return self._unavailable(node)

    def _fault(self, what: str, hint: str | None = None) -> Literal:
        self._faults.add(what, PLACE, hint)
        return _NOTHING

    def _unavailable(self, node: exp.Expression) -> Literal:
        if isinstance(node, exp.Tuple):
            return self._fault("a list stands only after IN", "for example: class IN ('car', 'bus')")
        form = type(node).__name__.upper()
        return self._fault(f"this form of {form} is not available in an expression", f"there are {SYNTAX}")

    # Conditions

    def _chain(self, node: exp.And | exp.Or, depth: int) -> Condition:
        """A chain of ANDs (or of ORs) as one node. Walked without recursion: it may have thousands of links."""
        kind = type(node)
        terms: list[Condition] = []
        ahead: list[exp.Expression] = [node]
        while ahead:
            link = ahead.pop()
            while type(link) is exp.Paren:
                link = link.this
            if type(link) is kind:
                ahead += [link.expression, link.this]
            else:
                terms.append(self.condition(link, depth))
        return And(tuple(terms)) if kind is exp.And else Or(tuple(terms))

    def _not(self, node: exp.Not, depth: int) -> Condition:
        return Not(self.condition(node.this, depth))

    def _compare(self, node: exp.Binary, depth: int) -> Condition:
        sign = _COMPARISONS[type(node)]
        left, right = self.value(node.this, depth), self.value(node.expression, depth)
        type_ = self._common(left, right)
        if type_ is Type.TRUTH and sign not in ("=", "!="):
            self._fault(
                f"TRUE and FALSE have no order: {shown(f'{left} {sign} {right}')}", "compare by = or !="
            )
        return Compare(sign, left, right, type_)

    def _between(self, node: exp.Between, depth: int) -> Condition:
        value, low, high = (self.value(node.args[name], depth) for name in ("this", "low", "high"))
        type_ = self._common(value, low, high)
        if type_ is Type.TRUTH:
            self._fault(f"TRUE and FALSE have no order: {shown(str(value))} BETWEEN …", "compare by = or !=")
        return Between(value, low, high, type_)

    def _in(self, node: exp.In, depth: int) -> Condition:
        value = self.value(node.this, depth)
        choices = [self.value(choice, depth) for choice in node.expressions]
        fixed = [choice for choice in choices if isinstance(choice, Literal)]
        if not choices or len(fixed) < len(choices):
            self._fault(f"after {shown(str(value))} IN stands a list of texts or numbers in brackets",
                        "for example: class IN ('car', 'bus')")  # fmt: skip
        return In(value, tuple(fixed), self._common(value, *fixed))

    def _is_null(self, node: exp.Is, depth: int) -> Condition:
        value = self.value(node.this, depth)
        if not isinstance(node.expression, exp.Null):
            self._fault(f"after {shown(str(value))} IS stands NULL or NOT NULL", "compare values by =")
        return IsNull(value)

    def _like(self, node: exp.Like | exp.ILike, depth: int, escape: str | None = None) -> Condition:
        value = self.value(node.this, depth)
        pattern = self.value(node.expression, depth)
        if value.type not in (Type.TEXT, Type.ANY):
            self._fault(f"LIKE compares texts, and {shown(str(value))} is {value.type}")
        if isinstance(pattern, Literal) and isinstance(pattern.value, str):
            if escape and _ends_open(pattern.value, escape):
                self._fault(f"the pattern {shown(str(pattern))} ends with its ESCAPE character")
            found = Like(value, pattern.value, escape, isinstance(node, exp.ILike))
            return Not(found) if node.args.get("negate") else found
        self._fault("after LIKE stands a text in single quotes", "for example: item LIKE 'train/%'")
        return Constant(None)

    def _escaped_like(self, node: exp.Escape, depth: int) -> Condition:
        like, escape = node.this, node.expression
        opposite = type(like) is exp.Not
        like = like.this if opposite else like
        sound = isinstance(escape, exp.Literal) and escape.is_string and len(escape.this) == 1
        if not sound or type(like) not in (exp.Like, exp.ILike):
            self._fault("ESCAPE takes one character in single quotes, after LIKE",
                        "for example: item LIKE '100!%' ESCAPE '!'")  # fmt: skip
            return Constant(None)
        found = self._like(like, depth, escape.this)
        return Not(found) if opposite else found

    def _common(self, *values: Value) -> Type:
        """The type in which values are compared; properties take the type of what they are compared with."""
        types = list(dict.fromkeys(value.type for value in values if value.type is not Type.ANY))
        if len(types) > 1:
            first, other = (next(value for value in values if value.type is type_) for type_ in types[:2])
            self._fault(
                f"{shown(str(first))} is {first.type} and {shown(str(other))} is {other.type}:"
                " they cannot be compared",
                "put text in single quotes, numbers without: class = '10', w > 10",
            )
        return types[0] if types else Type.ANY

    # Values

    def _arithmetic(self, node: exp.Binary, depth: int) -> Value:
        left, right = self._number(node.this, depth), self._number(node.expression, depth)
        return Arithmetic(_ARITHMETIC[type(node)], left, right)

    def _negative(self, node: exp.Neg, depth: int) -> Value:
        value = self._number(node.this, depth)
        if isinstance(value, Literal) and isinstance(value.value, float):
            return Literal(-value.value)
        return Negative(value)

    def _number(self, node: exp.Expression, depth: int) -> Value:
        value = self.value(node, depth)
        if value.type in (Type.NUMBER, Type.ANY):
            return value
        return self._fault(f"{shown(str(value))} is {value.type}: one cannot calculate with it")

    def _literal(self, node: exp.Literal, _: int) -> Value:
        if node.is_string:
            return Literal(str(node.this))
        try:
            number = float(node.this)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            return self._fault(f"{shown(str(node.this))} is not a number that can be used")
        return Literal(number)

    def _name(self, node: exp.Column | exp.Dot, _: int) -> Value:
        """A column or property, by its parts between the dots."""
        parts: list[Any] = []
        link: Any = node
        while type(link) is exp.Dot:
            parts.insert(0, link.expression)
            link = link.this
        parts[:0] = link.parts if type(link) is exp.Column else [link]
        for part in parts:
            if not isinstance(part, exp.Identifier):
                return self._unavailable(part)
        return self._named([part.name for part in parts])

    def _named(self, parts: list[str]) -> Value:
        side = Side(parts.pop(0)) if len(parts) > 1 and parts[0] in list(Side) else None
        return self._column(side, parts[0], tuple(parts[1:]))

    def _column(self, side: Side | None, name: str, path: tuple[str, ...]) -> Value:
        column = find_column(name, side)
        if column is None:
            return self._fault(f"there is no column {shown(name)!r}", self._hint(name, side))
        if name == PROPERTIES:
            if not path:
                return self._fault(
                    "after properties stands which one", f"for example: {column.meaning.split()[-1]}"
                )
            return Property(column.side, path)
        if path:
            whole = shown(".".join([name, *path]))
            return self._fault(f"{whole}: {name} is {column.type} and has no parts")
        return Field(column)

    def _hint(self, name: str, side: Side | None) -> str:
        if name in self._in_quotes:
            return f"put text in single quotes: {shown(str(Literal(name)))}"
        close = nearest(name, column_names(side))
        columns = f"did you mean {close}" if close else f"the columns are: {', '.join(column_names(side))}"
        text, path = shown(str(Literal(name))), shown(f"{PROPERTIES}.{spelled_name(name)}")
        return f"{columns}; put text in single quotes ({text}); write a property as {path}"


def _bare(node: exp.Expression, depth: int) -> exp.Expression:
    """The node without the brackets around it."""
    if depth > MAX_DEPTH:
        raise too_deep()
    while type(node) is exp.Paren:
        node = node.this
    return node


def _understood(node: exp.Expression) -> bool:
    """Whether a node is on the white list and says nothing beyond what is taken over."""
    known = _ARGUMENTS.get(type(node))
    return known is not None and all(name in known for name, value in node.args.items() if value)


def _ends_open(pattern: str, escape: str) -> bool:
    """Whether the last character is an escape that nothing follows."""
    return (len(pattern) - len(pattern.rstrip(escape))) % 2 == 1
