"""The properties of labels and items, and other fields, out of the columns that hold them as text."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from functools import cache
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from datalabel.content import canonical_json
from datalabel.labels.arrays import one_array

_MANY = 4000
"""Python makes no whole number of more digits than about so many."""

_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])


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


def spelled(value: Any) -> str | None:
    """A parsed JSON value as properties in their one spelling; None where it is no object, an empty one, or holds
    what JSON does not know."""
    try:
        return canonical_json(value).decode() if isinstance(value, dict) and value else None
    except (ValueError, RecursionError):
        return None


def united(texts: Iterable[str]) -> str | None:
    """All that these say of properties, by name; where they do not agree, as the first of them says."""
    whole: dict[str, Any] = {}
    for text in texts:
        values = json.loads(text)
        whole |= {name: value for name, value in values.items() if whole.get(name) is None}
    return spelled(whole)


def said_in(extras: pa.Array | pa.ChunkedArray, field: str) -> pa.StringArray:
    """What one field of extras (JSON objects) says of properties, row by row; null where it says nothing. Where no
    row has the field, none is parsed."""
    texts = one_array(extras)
    rows = np.flatnonzero(pc.fill_null(pc.match_substring(texts, f'"{field}"'), False))
    told: list[str | None] = [None] * len(texts)
    spellings = cache(_spelling)
    for row, text in zip(rows.tolist(), texts.take(pa.array(rows)).to_pylist(), strict=True):
        told[row] = spellings(bytes(_MEMBERS.decode(text).get(field, b"")))
    return pa.array(told, pa.string())


def _spelling(text: bytes) -> str | None:
    try:
        return spelled(json.loads(text)) if text[:1] == b"{" else None
    except (ValueError, RecursionError):
        return None
