"""Lists of JSON numbers, parsed and printed in bulk.

Digits become doubles in Arrow's JSON reader, which rounds correctly (as Python does) and makes no Python
object per number.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

EXACT = 2.0**53
"""Integers from here on are not all doubles."""

_BLOCK = 1 << 20
"""Bytes that one thread parses at a time."""


@dataclass(frozen=True, slots=True)
class NumberLists:
    """Numbers of all rows end to end; offsets of rings into numbers and of rows into rings.

    A row that is not a list of numbers (or of lists of numbers) has no ring and is not `good`.
    """

    values: Floats
    rings: Ints
    rows: Ints
    good: Bools

    @property
    def starts(self) -> Ints:
        """Offset of each row into the numbers (one more than there are rows)."""
        return self.rings[self.rows]


def number_lists(texts: pa.StringArray, depth: int) -> NumberLists:
    """Parse JSON texts without white space: `[1,2]` with depth 1, `[[1,2],[3]]` with depth 2.

    Anything but such lists makes the row not good; a number beyond all doubles is infinite.
    """
    good = np.ones(len(texts), np.bool_)
    found = _in_bulk(texts, depth)
    if found is None:
        rows = [_one_by_one(text, depth) for text in texts.to_pylist()]
        good = np.array([row is not None for row in rows], np.bool_)
        found = pa.array([row or [] for row in rows], _type(depth))
    outer, inner = found, found.values
    if depth == 1:
        # Each row is one ring; one that is not good has none.
        rings = _offsets(np.diff(outer.offsets.to_numpy())[good])
        return NumberLists(np.asarray(inner.to_numpy()), rings, _offsets(good.astype(np.int64)), good)
    rings, per_row = (one.offsets.to_numpy().astype(np.int64) for one in (inner, outer))
    return NumberLists(np.asarray(inner.values.to_numpy()), rings, per_row, good)


def _type(depth: int) -> pa.ListType:
    return pa.list_(pa.float64() if depth == 1 else _type(depth - 1))


def _in_bulk(texts: pa.StringArray, depth: int) -> pa.ListArray | None:
    """All rows, or None when one of them is something else or beyond range."""
    begin, end, between = (pa.scalar(text, pa.large_string()) for text in ('{"v":', "}\n", ""))
    lines = pc.binary_join_element_wise(begin, texts.cast(pa.large_string()), end, between)
    longest = pc.max(pc.binary_length(lines)).as_py() or 0
    data = lines.buffers()[2]
    if data is None:
        return pa.array([], _type(depth))
    schema = pa.schema([("v", _type(depth))])
    try:
        found = pyarrow.json.read_json(
            pa.BufferReader(data),
            read_options=pyarrow.json.ReadOptions(block_size=max(_BLOCK, longest + 1)),
            parse_options=pyarrow.json.ParseOptions(explicit_schema=schema),
        ).column("v")
    except pa.ArrowInvalid:
        return None
    whole = pa.concat_arrays(found.chunks)
    layers = [whole, whole.values] + ([whole.values.values] if depth == 2 else [])
    return None if any(layer.null_count for layer in layers) else whole


def _one_by_one(text: str, depth: int) -> list[Any] | None:
    try:
        value = json.loads(text, parse_int=float)
    except (ValueError, RecursionError):
        return None
    rings = [value] if depth == 1 else value
    if not isinstance(rings, list) or not all(isinstance(ring, list) for ring in rings):
        return None
    return value if all(isinstance(one, float) for ring in rings for one in ring) else None


def _offsets(counts: npt.NDArray[np.integer]) -> Ints:
    offsets = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=offsets[1:])
    return offsets


def scalars(texts: pa.StringArray) -> pa.DoubleArray:
    """Texts of JSON numbers as doubles; null for what is no number or out of range."""
    numeric = pc.match_substring_regex(texts, r"^-?[0-9][0-9.eE+-]*$")
    candidates = pc.if_else(numeric, texts, pa.scalar(None, pa.string()))
    values = pc.cast(candidates, pa.float64())
    return pc.if_else(pc.is_finite(values), values, pa.scalar(None, pa.float64()))


def printed(values: pa.DoubleArray, as_float: bool) -> pa.StringArray:
    """The shortest JSON numbers that give these doubles back; integral ones as `174.0` or `174`."""
    texts = pc.cast(values, pa.string())
    if not as_float:
        return texts
    plain = pc.invert(pc.match_substring_regex(texts, "[.e]"))
    return pc.if_else(plain, pc.binary_join_element_wise(texts, ".0", ""), texts)


def printed_lists(lists: pa.ListArray, as_float: bool) -> pa.StringArray:
    """Lists of doubles as JSON lists; null stays null."""
    texts = pa.ListArray.from_arrays(lists.offsets, printed(lists.values, as_float))
    joined = pc.binary_join_element_wise("[", pc.binary_join(texts, ","), "]", "")
    return pc.if_else(lists.is_valid(), joined, pa.scalar(None, pa.string()))
