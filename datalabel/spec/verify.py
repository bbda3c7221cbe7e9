"""Whether a spec that was read from an object is sound: every value of its type, every reference leading somewhere.

The loader makes sound specs only. An object may come from a stranger, and the rules rely on what they read.
"""

from __future__ import annotations

import collections.abc
import math
import re
import types
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from datalabel.spec.model import Conditions, ImageConditions, LabelType, Property, Quality, Spec
from datalabel.spec.vocabulary import KINDS

_LARGEST = 1e300
_DEEPEST = 20
_COLOR = re.compile(r"#[0-9a-f]{6}")


def verify(spec: Spec) -> None:
    """Nothing, when a spec is sound.

    Raises:
        ValueError: a value is not of its type, or means nothing.
    """
    _require(_fits(spec, Spec), "a value has the wrong type")
    for kinds in spec.classes.values():
        for kind, looks in kinds.items():
            _require(kind in KINDS, "a kind is unknown")
            _label_type(looks, spec)
    _properties(spec.item_properties)
    for region in spec.regions.values():
        _require(len(region.corners) >= 3, "a region has too few corners")
        inside = all(0 <= value <= 1 for corner in region.corners for value in corner)
        _require(inside or not region.relative, "a relative region leaves the image")
    _bounds(spec.image)
    _bounds(spec.quality)
    for share in (spec.quality.agreement, spec.quality.error_rate):
        _require(share is None or share <= 1, "a share is above 1")
    states = set(spec.workflow.states)
    _require(bool(states) and len(states) == len(spec.workflow.states), "the states are not different names")
    for name, after in spec.workflow.transitions.items():
        _require({name, *after} <= states, "a state is unknown")


def _require(holds: bool, what: str) -> None:
    if not holds:
        raise ValueError(what)


def _label_type(looks: LabelType, spec: Spec) -> None:
    _properties(looks.properties)
    inside = looks.conditions.inside
    _require(inside is None or inside in spec.regions, "a region is unknown")
    for ends in (*looks.edges, *looks.symmetric):
        _require(all(0 <= end < len(looks.points) for end in ends), "a point is unknown")
    _require(looks.color is None or bool(_COLOR.fullmatch(looks.color)), "a colour is none")
    _bounds(looks.conditions)
    overlap, span = looks.conditions.max_overlap, looks.conditions.per_image
    _require(overlap is None or overlap <= 1, "a share is above 1")
    low, high = span or (0, None)
    _require(low >= 0 and (high is None or low <= high), "a span of counts is out of order")


def _bounds(values: Conditions | ImageConditions | Quality) -> None:
    """No number is negative, and no `min_…` lies above its `max_…`."""
    for field in fields(values):
        low = getattr(values, field.name)
        if isinstance(low, int | float):
            _require(low >= 0, "a number is negative")
            high = getattr(values, f"max_{field.name[4:]}", None) if field.name.startswith("min_") else None
            _require(high is None or low <= high, "a minimum is above its maximum")


def _properties(properties: Mapping[str, Property]) -> None:
    for one in properties.values():
        _require(bool(one.options) == (one.type == "options"), "a property has the wrong options")
        _require(not one.tree or tuple(_leaves(one.tree, 0)) == one.options, "options are not their tree")
        _require(len(set(one.options)) == len(one.options), "an option stands twice")
        ordered = one.minimum is None or one.maximum is None or one.minimum <= one.maximum
        _require(ordered, "a minimum is above its maximum")
        if one.pattern is not None:
            _pattern(one.pattern)


def _leaves(tree: Any, depth: int) -> Iterator[str]:
    _require(isinstance(tree, tuple | list) and depth < _DEEPEST, "a tree of options is malformed")
    for one in tree:
        if isinstance(one, dict):
            for name, below in one.items():
                _require(isinstance(name, str), "a tree of options is malformed")
                yield from _leaves(below, depth + 1)
        else:
            _require(isinstance(one, str), "a tree of options is malformed")
            yield one


def _pattern(text: str) -> None:
    import pyarrow as pa
    import pyarrow.compute as pc

    # ArrowInvalid is a ValueError.
    pc.match_substring_regex(pa.array([""]), text)


# Types


@cache
def _hints(cls: type) -> dict[str, Any]:
    return get_type_hints(cls)


def _fits(value: Any, hint: Any) -> bool:
    """Whether a value is of an annotated type."""
    if hint is Any:
        return True
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return any(_fits(value, one) for one in inner)
    if origin is Literal:
        return isinstance(value, str) and value in inner
    if origin is tuple:
        return isinstance(value, tuple) and _members_fit(value, inner)
    if origin is collections.abc.Mapping:
        return isinstance(value, dict) and all(
            isinstance(key, str) and _fits(one, inner[1]) for key, one in value.items()
        )
    if is_dataclass(hint):
        told = _hints(hint) if isinstance(hint, type) else {}
        return isinstance(value, hint) and all(  # type: ignore[arg-type]
            _fits(getattr(value, field.name), told[field.name]) for field in fields(value)
        )
    return _scalar_fits(value, hint)


def _members_fit(value: tuple[Any, ...], hints: tuple[Any, ...]) -> bool:
    if len(hints) == 2 and hints[1] is Ellipsis:
        return all(_fits(one, hints[0]) for one in value)
    return len(value) == len(hints) and all(map(_fits, value, hints))


def _scalar_fits(value: Any, hint: Any) -> bool:
    if hint in (int, float):
        number = (int, float) if hint is float else int
        return (
            isinstance(value, number)
            and not isinstance(value, bool)
            and abs(value) < _LARGEST
            and math.isfinite(value)
        )
    return value is None if hint is types.NoneType else isinstance(value, hint)
