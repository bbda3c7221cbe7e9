"""The properties of labels and items, out of the column that holds them as text."""

from __future__ import annotations

import json
from typing import Any


def properties_in(text: str | None) -> dict[str, Any] | None:
    """What a cell of a column `properties` says; null is an empty object, None what is no JSON object. What is no
    number says nothing."""
    if text is None:
        return {}
    try:
        value = json.loads(text, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


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
