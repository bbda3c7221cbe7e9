"""What changed between two sets of declared properties, and what it does to values that were valid."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from datalabel.spec.canonical import as_json
from datalabel.spec.changes import Effect, Scope, SpecChange, change_at
from datalabel.spec.model import Property
from datalabel.spec.properties import spellings, value_fault
from datalabel.spec.vocabulary import join


def compare_properties(
    old: Mapping[str, Property], new: Mapping[str, Property], path: str, scope: Scope
) -> Iterator[SpecChange]:
    """The changes below a path; `scope` is what has these properties.

    Where none are declared, any are allowed; where some are, no others.
    """
    for name in {**old, **new}:
        below = join(path, name)
        if name not in new:
            effect: Effect = "breaking" if new else "compatible"
            yield change_at(below, effect, as_json(old[name]), None, _with(name, scope))
        elif name not in old:
            yield change_at(
                below, _added_effect(new[name], anything=not old), None, as_json(new[name]), scope
            )
        elif old[name] != new[name]:
            yield from _property(name, old[name], new[name], below, scope)


def _with(name: str, scope: Scope) -> Scope:
    return scope.where(lambda given: name in given)


def _added_effect(declared: Property, *, anything: bool) -> Effect:
    """Of a new property; where anything was allowed before, labels may have it already, or others."""
    if anything:
        return "narrowing"
    return "breaking" if declared.required else "compatible"


def _property(name: str, old: Property, new: Property, path: str, scope: Scope) -> Iterator[SpecChange]:
    carriers = scope.where(lambda given: given.get(name) is not None)
    if (old.type, old.multiple) != (new.type, new.multiple):
        effect = _type_effect(old, new)
        yield change_at(join(path, "type"), effect, _type_words(old), _type_words(new), carriers)
    if old.required != new.required:
        without = scope.where(lambda given: given.get(name) is None)
        effect = "narrowing" if new.required else "compatible"
        yield change_at(join(path, "required"), effect, old.required, new.required, without)
    if old.type == new.type == "options" and (old.options, old.tree) != (new.options, new.tree):
        yield _options(name, old, new, join(path, "options"), scope)
    yield from _limits(old, new, path, carriers)
    if old.description != new.description:
        yield change_at(join(path, "description"), "compatible", old.description, new.description, carriers)


def _limits(old: Property, new: Property, path: str, carriers: Scope) -> Iterator[SpecChange]:
    """Bounds and pattern, where both declarations are of types that have them."""
    for name, sign in (("minimum", 1), ("maximum", -1)):
        was, now = getattr(old, name), getattr(new, name)
        if was != now and {old.type, new.type} <= {"number", "integer"}:
            tighter = now is not None and (was is None or sign * now > sign * was)
            yield change_at(join(path, name), "narrowing" if tighter else "compatible", was, now, carriers)
    if old.type == new.type == "text" and old.pattern != new.pattern:
        effect: Effect = "compatible" if new.pattern is None else "narrowing"
        yield change_at(join(path, "pattern"), effect, old.pattern, new.pattern, carriers)


def _options(name: str, old: Property, new: Property, path: str, scope: Scope) -> SpecChange:
    removed = [option for option in old.options if option not in new.options]

    def stranded(given: Mapping[str, Any]) -> bool:
        value = given.get(name)
        members = value if isinstance(value, list) else [] if value is None else [value]
        return any(_allows(old, one) and not _allows(new, one) for one in members)

    if removed:
        return change_at(path, "breaking", _options_json(old), _options_json(new), scope.where(stranded))
    carriers = scope.where(lambda given: given.get(name) is not None)
    return change_at(path, "compatible", _options_json(old), _options_json(new), carriers)


def _options_json(declared: Property) -> Any:
    return as_json(declared.tree or declared.options)


def _type_words(declared: Property) -> str:
    return f"list of {declared.type}" if declared.multiple else declared.type


# Whether one declaration takes what another took


def _type_effect(old: Property, new: Property) -> Effect:
    """Of another type, decided by the values of the side that can list its own."""
    if old.multiple != new.multiple:
        return "breaking"
    if (old.type, new.type) == ("integer", "number"):
        return "compatible"  # limits are compared for themselves
    if (old.type, new.type) == ("number", "integer"):
        return "narrowing"
    own, others = _values(old), _values(new)
    if own and all(_allows(new, value) for value in own if _allows(old, value)):
        return "compatible"
    common = any(_allows(old, value) and _allows(new, value) for value in (*own, *others))
    return "narrowing" if common else "breaking"


def _values(declared: Property) -> list[Any]:
    """Every JSON value that a declaration allows, where they can be listed."""
    if declared.type == "boolean":
        return [True, False]
    return [value for option in declared.options for value in spellings(option)]


def _allows(declared: Property, value: Any) -> bool:
    """Whether a single value is right."""
    return value_fault("", replace(declared, multiple=False), value) is None
