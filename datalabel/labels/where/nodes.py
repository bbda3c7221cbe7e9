"""What an expression is once it has been read: a small tree of checked nodes.

`str(node)` is the node in the language that it was read from, spelled in one way only, with no
bracket that is not needed; reading it again gives the same tree.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from datalabel.labels.where.columns import PROPERTIES, Column, Side, Type

OPERATORS = frozenset(
    ["AND", "OR", "NOT", "IN", "LIKE", "ILIKE", "BETWEEN", "IS", "NULL", "TRUE", "FALSE", "ESCAPE"]
)
"""The words of the language, in any case. Every other word is a name; after a dot, these are names too."""

_PLAIN_NAME = re.compile(r"[^\W\d]\w*")


def quoted_text(text: str) -> str:
    """A text as it stands in an expression."""
    return "'" + text.replace("'", "''") + "'"


def spelled_name(name: str) -> str:
    """One part of a name as it stands in an expression: in double quotes where it has to be."""
    if _PLAIN_NAME.fullmatch(name) and name.upper() not in OPERATORS:
        return name
    return '"' + name.replace('"', '""') + '"'


@dataclass(frozen=True, slots=True)
class Literal:
    """A text, a number, TRUE, FALSE or NULL."""

    value: str | float | bool | None

    @property
    def type(self) -> Type:
        """The type of the value; NULL goes with any."""
        if self.value is None:
            return Type.ANY
        if isinstance(self.value, bool):
            return Type.TRUTH
        return Type.TEXT if isinstance(self.value, str) else Type.NUMBER

    def __str__(self) -> str:
        if self.value is None:
            return "NULL"
        if isinstance(self.value, bool):
            return str(self.value).upper()
        if isinstance(self.value, str):
            return quoted_text(self.value)
        return repr(self.value).removesuffix(".0")


@dataclass(frozen=True, slots=True)
class Field:
    """A column of a table."""

    column: Column

    @property
    def side(self) -> Side:
        """The table that it is of."""
        return self.column.side

    @property
    def type(self) -> Type:
        """The column's type."""
        return self.column.type

    @property
    def reads(self) -> tuple[str, ...]:
        """The stored columns that it is taken from."""
        return self.column.reads

    def __str__(self) -> str:
        return self.column.reads[0] if self.column.name == "key" else self.column.name


@dataclass(frozen=True, slots=True)
class Property:
    """A value inside the properties of an item or a label, by its path."""

    side: Side
    path: tuple[str, ...]

    type: ClassVar[Type] = Type.ANY
    reads: ClassVar[tuple[str, ...]] = (PROPERTIES,)

    def __str__(self) -> str:
        start = f"{Side.ITEM}.{PROPERTIES}" if self.side is Side.ITEM else PROPERTIES
        return ".".join([start, *map(spelled_name, self.path)])


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """Two numbers joined by `+ - * /`; the null of either, and a division by zero, give null."""

    sign: str
    left: Value
    right: Value

    type: ClassVar[Type] = Type.NUMBER

    def __str__(self) -> str:
        strong = self.sign in "*/"
        left = _bracketed(self.left, strong and _is_sum(self.left))
        right = _bracketed(self.right, isinstance(self.right, Arithmetic) and (strong or _is_sum(self.right)))
        return f"{left} {self.sign} {right}"


@dataclass(frozen=True, slots=True)
class Negative:
    """A number with the other sign."""

    value: Value

    type: ClassVar[Type] = Type.NUMBER

    def __str__(self) -> str:
        # Two signs in a row would begin a comment.
        space = " " if isinstance(self.value, Negative) else ""
        return f"-{space}{_bracketed(self.value, isinstance(self.value, Arithmetic))}"


Value: TypeAlias = Literal | Field | Property | Arithmetic | Negative


def _is_sum(value: Value) -> bool:
    return isinstance(value, Arithmetic) and value.sign in "+-"


def _bracketed(node: Node, needed: bool) -> str:
    return f"({node})" if needed else str(node)


@dataclass(frozen=True, slots=True)
class Compare:
    """Two values compared as `type` by `= != < <= > >=`. ANY: as whatever type both of a row have."""

    sign: str
    left: Value
    right: Value
    type: Type

    def __str__(self) -> str:
        return f"{self.left} {self.sign} {self.right}"


@dataclass(frozen=True, slots=True)
class Between:
    """Whether a value lies between two others, which count as within."""

    value: Value
    low: Value
    high: Value
    type: Type

    def __str__(self) -> str:
        return f"{self.value} BETWEEN {self.low} AND {self.high}"


@dataclass(frozen=True, slots=True)
class In:
    """Whether a value is one of several."""

    value: Value
    choices: tuple[Literal, ...]
    type: Type

    def __str__(self) -> str:
        return f"{self.value} IN ({', '.join(map(str, self.choices))})"


@dataclass(frozen=True, slots=True)
class Like:
    """Whether a text matches a pattern: `%` any characters, `_` one, what follows `escape` itself."""

    value: Value
    pattern: str
    escape: str | None
    ignore_case: bool

    def __str__(self) -> str:
        word = "ILIKE" if self.ignore_case else "LIKE"
        escape = "" if self.escape is None else f" ESCAPE {quoted_text(self.escape)}"
        return f"{self.value} {word} {quoted_text(self.pattern)}{escape}"


@dataclass(frozen=True, slots=True)
class IsNull:
    """Whether a value is missing; never null itself."""

    value: Value

    def __str__(self) -> str:
        return f"{self.value} IS NULL"


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite of a condition."""

    condition: Condition

    def __str__(self) -> str:
        return f"NOT {_bracketed(self.condition, isinstance(self.condition, And | Or))}"


@dataclass(frozen=True, slots=True)
class And:
    """Two or more conditions that must all hold."""

    terms: tuple[Condition, ...]

    def __str__(self) -> str:
        return " AND ".join(_bracketed(term, isinstance(term, Or)) for term in self.terms)


@dataclass(frozen=True, slots=True)
class Or:
    """Two or more conditions of which one must hold."""

    terms: tuple[Condition, ...]

    def __str__(self) -> str:
        return " OR ".join(map(str, self.terms))


@dataclass(frozen=True, slots=True)
class Constant:
    """A condition that is the same for every row: TRUE, FALSE or NULL."""

    value: bool | None

    def __str__(self) -> str:
        return str(Literal(self.value))


Condition: TypeAlias = Compare | Between | In | Like | IsNull | Not | And | Or | Constant
Node: TypeAlias = Value | Condition


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly below."""
    match node:
        case Arithmetic() | Compare():
            return node.left, node.right
        case Between():
            return node.value, node.low, node.high
        case Negative() | In() | Like() | IsNull():
            return (node.value,)
        case Not():
            return (node.condition,)
        case And() | Or():
            return node.terms
        case _:
            return ()


def columns_in(node: Node) -> Iterator[Field | Property]:
    """Every column and property that an expression names, in order."""
    if isinstance(node, Field | Property):
        yield node
    for child in children(node):
        yield from columns_in(child)


def texts_for(node: Node, column: str) -> Iterator[str]:
    """Every text that a column must be, or must not be, in order."""
    values: tuple[Node, ...] = ()
    match node:
        case Compare(sign="=" | "!="):
            values = (node.left, node.right)
        case In():
            values = (node.value, *node.choices)
    if any(isinstance(value, Field) and value.column.name == column for value in values):
        texts = (value.value for value in values if isinstance(value, Literal))
        yield from (text for text in texts if isinstance(text, str))
    for child in children(node):
        yield from texts_for(child, column)
