"""What values the properties of labels have, gathered in bounded memory: enough to say which declaration fits."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from datalabel.labels.properties import properties_in
from datalabel.spec.model import Property

OPTIONS = 20
"""A text property with at most so many different values is a choice."""

NAMES = 1000
"""So many different property names are told apart for one class and kind."""

_LONGEST = 200


@dataclass(slots=True)
class ObservedValues:
    """The values of one property. `given` counts how often there was one (a null is none)."""

    given: int = 0
    _types: set[str] = field(default_factory=set)
    _texts: set[str] = field(default_factory=set)
    _many: bool = False
    _low: float = math.inf
    _high: float = -math.inf

    def add(self, value: Any, count: int) -> None:
        """Take in one value that occurred so many times."""
        self.given += count
        if not isinstance(value, list):
            self._types.add(self._member(value))
        elif _distinct(value):
            self._types.update(["list", *(f"list of {self._member(one)}" for one in value)])
        else:
            self._types.add("other")

    def _member(self, value: Any) -> str:
        if isinstance(value, bool):
            return "boolean"
        if isinstance(value, str):
            self._remember(value)
            return "text"
        if isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
            self._low, self._high = min(self._low, value), max(self._high, value)
            return "integer" if isinstance(value, int) else "number"
        return "other"

    def _remember(self, text: str) -> None:
        if not self._many:
            self._texts.add(text if len(text) <= _LONGEST else text[: _LONGEST + 1])
            self._many = len(self._texts) > OPTIONS
            if self._many:
                self._texts.clear()

    def declaration(self, *, required: bool) -> Property | None:
        """The tightest readable declaration that all these values satisfy; None when there is none."""
        if not self._types:
            return Property("text")  # only nulls: any declaration that is not required takes them
        lists = "list" in self._types
        members = {name.removeprefix("list of ") for name in self._types} - {"list"}
        if lists and any(not name.startswith("list") for name in self._types):
            return None
        if members == {"text"} and self._choice():
            return Property("options", tuple(sorted(self._texts)), multiple=lists, required=required)
        if lists:
            return None
        if members == {"text"}:
            return Property("text", required=required)
        if members == {"boolean"}:
            return Property("boolean", required=required)
        if members and members <= {"integer", "number"}:
            kind = "number" if "number" in members else "integer"
            return Property(kind, required=required, minimum=_below(self._low), maximum=_above(self._high))  # type: ignore[arg-type]
        return None

    def _choice(self) -> bool:
        """Whether every text that there was can stand as an option in a spec."""
        return bool(self._texts) and all(
            one.strip() and one != "…" and len(one) <= _LONGEST and _is_unicode(one) for one in self._texts
        )

    def words(self) -> str:
        """What sorts of values there are, for people."""
        sorts = sorted(name for name in self._types if name != "list" or len(self._types) == 1)
        return ", ".join(sorts).replace("other", "nested, repeated or infinite values")


@dataclass(slots=True)
class ObservedProperties:
    """The properties of the labels of one class and kind, or of items. `rows` counts them all."""

    rows: int = 0
    unreadable: int = 0
    many: bool = False
    names: dict[str, ObservedValues] = field(default_factory=dict)

    def add(self, texts: Iterable[tuple[str | None, int]]) -> None:
        """Take in distinct texts (JSON objects; null is an empty one), each with how often it occurred."""
        for text, count in texts:
            self.rows += count
            value = properties_in(text)
            if value is None:
                self.unreadable += count
                continue
            for name, cell in value.items():
                values = self._values(name)
                if cell is not None:
                    values.add(cell, count)

    def _values(self, name: str) -> ObservedValues:
        if name not in self.names and len(self.names) >= NAMES:
            self.many = True
            return ObservedValues()
        return self.names.setdefault(name, ObservedValues())

    def declared(self) -> Iterator[tuple[str, Property | str]]:
        """For each name in alphabetical order its declaration, or in words why there is none."""
        for name, values in sorted(self.names.items()):
            found = values.declaration(required=values.given == self.rows) if _is_unicode(name) else None
            yield name, found or values.words()


def _distinct(members: list[Any]) -> bool:
    keys = {(type(one).__name__, one) for one in members if isinstance(one, str | bool | int | float)}
    return len(keys) == len(members)


def _is_unicode(text: str) -> bool:
    """False for half a surrogate pair, which JSON can spell and a file cannot hold."""
    return not any("\ud800" <= char <= "\udfff" for char in text)


def _below(number: float) -> float | None:
    """The largest float that is not above a number, which may be a whole number of any length."""
    try:
        found = float(number)
    except OverflowError:
        return None
    return found if found <= number else math.nextafter(found, -math.inf)


def _above(number: float) -> float | None:
    """The smallest float that is not below a number."""
    found = _below(-number)
    return None if found is None else -found
