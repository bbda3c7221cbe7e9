"""The properties of labels and items, out of the column that holds them as text."""

from __future__ import annotations

import json
from typing import Any


def properties_in(text: str | None) -> dict[str, Any] | None:
    """What a cell of a column `properties` says; null is an empty object, None what is no JSON object."""
    if text is None:
        return {}
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
