"""The properties of labels and items, and other fields, out of the columns that hold them as text."""

from __future__ import annotations

import json
import math
from typing import Any

_MANY = 4000
"""Python makes no whole number of more digits than about so many."""


def properties_in(text: str | None) -> dict[str, Any] | None:
    """What a cell of a column `properties` says; null is an empty object, None what is no JSON object. What is no
    number says nothing."""
    if text is None:
        return {}
    try:
        value = _read(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def fields_in(text: str | None) -> dict[str, Any]:
    """What a cell of a column `properties` or `extra` says; null says nothing. A number that Python does not hold
    stays as it was written."""
    return dict(_read(text or "{}"))


def _read(text: str) -> Any:
    return json.loads(text, parse_int=_whole, parse_float=_real, parse_constant=lambda _: None)


def _whole(digits: str) -> int | str:
    return int(digits) if len(digits) < _MANY else digits


def _real(text: str) -> float | str:
    number = float(text)
    return number if math.isfinite(number) else text


def values_in(text: str | None) -> dict[str, str]:
    """What a cell says of each property, as JSON text: equal values have equal texts, 1 and 1.0 among them. Null says
    nothing."""
    said = properties_in(text) or {}
    return {
        name: json.dumps(plain(value), ensure_ascii=False, sort_keys=True)
        for name, value in said.items()
        if value is not None
    }


def plain(value: Any) -> Any:
    """A JSON value whose whole numbers are ints: 1.0 is 1."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    return value
