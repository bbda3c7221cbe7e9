"""One change between two data specs: what it does to labels that were valid, and which labels it speaks of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Effect = Literal["compatible", "narrowing", "breaking"]
EFFECTS: tuple[Effect, ...] = ("breaking", "narrowing", "compatible")
"""Worst first."""

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Scope:
    """The labels or images that a change speaks of.

    `holds` judges one as a mapping: a label by `class`, `kind` and `properties`, an image by `format`, `state`
    and `properties` (both with their properties decoded). `class_name` says, where it is given, that labels
    of no other class are meant.
    """

    of: Literal["labels", "images"]
    holds: Callable[[Row], bool]
    class_name: str | None = None

    def where(self, test: Callable[[Row], bool]) -> Scope:
        """Those of them whose properties pass a test."""
        return Scope(self.of, lambda row: self.holds(row) and test(row["properties"]), self.class_name)


@dataclass(frozen=True, slots=True)
class SpecChange:
    """What is different at one path, and the effect on what was valid before.

    `compatible`: all of it stays valid. `narrowing`: some of it may become invalid, or mean something else.
    `breaking`: all of `scope` certainly becomes invalid. `before` and `after` are JSON values, None where there
    is nothing. `scope` is None where no label is spoken of.
    """

    path: str
    change: Literal["added", "removed", "changed"]
    effect: Effect
    before: Any = None
    after: Any = None
    scope: Scope | None = field(default=None, compare=False, repr=False)

    def to_json(self) -> dict[str, Any]:
        """The shape that scripts rely on."""
        return {
            "path": self.path,
            "change": self.change,
            "effect": self.effect,
            "before": self.before,
            "after": self.after,
        }


def change_at(path: str, effect: Effect, before: Any, after: Any, scope: Scope | None = None) -> SpecChange:
    """A change whose word follows from the values: None is nothing."""
    word: Literal["added", "removed", "changed"] = (
        "added" if before is None else "removed" if after is None else "changed"
    )
    return SpecChange(path, word, effect, before, after, scope)
