"""Lists of JSON numbers, parsed and printed in bulk.

Digits become doubles in simdjson, which rounds correctly (as Python does) and makes no Python object per number.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import simdjson

from datalabel.formats.coco.columns import json_list
from datalabel.formats.shortest import shortest

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


class _Parsers(threading.local):
    """A parser keeps its memory from text to text; each thread has its own."""

    def __init__(self) -> None:
        self.mine = simdjson.Parser()


_PARSERS = _Parsers()

EXACT = 2.0**53
"""Integers from here on are not all doubles."""


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
    found = _in_bulk(json_list(texts), depth)
    if found is not None:
        return found
    rows = [_one_by_one(text, depth) for text in texts.to_pylist()]
    good = np.array([row is not None for row in rows], np.bool_)
    rings: list[list[float]]
    if depth == 1:
        rings, per_row = [row for row in rows if row is not None], good.astype(np.int64)
    else:
        rings, per_row = (
            list(chain.from_iterable(row or [] for row in rows)),
            _lengths([row or [] for row in rows]),
        )
    values = np.fromiter(chain.from_iterable(rings), np.float64)
    return NumberLists(values, _offsets(_lengths(rings)), _offsets(per_row), good)


def _in_bulk(text: bytes, depth: int) -> NumberLists | None:
    """All rows of a JSON list, or None when one of them is something else, or not as Python would read it."""
    if b"-" in text and (b"-0," in text or b"-0]" in text):
        return None  # as an integer it would lose its sign
    try:
        whole: Any = _PARSERS.mine.parse(text)
        values = np.frombuffer(whole.as_buffer(of_type="d"), np.float64)
        per_row = [len(row) for row in whole]
        per_ring = per_row if depth == 1 else [len(ring) for row in whole for ring in row]
    except (TypeError, ValueError):
        return None
    lists = 1 + len(per_row) + (len(per_ring) if depth == 2 else 0)
    if text.count(b"[") != lists:
        return None
    rows = np.arange(len(per_row) + 1) if depth == 1 else _offsets(per_row)
    return NumberLists(values, _offsets(per_ring), rows, np.ones(len(per_row), np.bool_))


def _lengths(lists: Sequence[Sequence[Any]]) -> Ints:
    return np.fromiter(map(len, lists), np.int64, count=len(lists))


def _one_by_one(text: str, depth: int) -> list[Any] | None:
    try:
        value = json.loads(text, parse_int=float)
    except (ValueError, RecursionError):
        return None
    rings = [value] if depth == 1 else value
    if not isinstance(rings, list) or not all(isinstance(ring, list) for ring in rings):
        return None
    return value if all(isinstance(one, float) for ring in rings for one in ring) else None


def _offsets(counts: npt.NDArray[np.integer] | Sequence[int]) -> Ints:
    offsets = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=offsets[1:])
    return offsets


def scalars(texts: pa.StringArray) -> pa.DoubleArray:
    """Texts of JSON numbers as doubles; null for what is no number or out of range."""
    numeric = pc.match_substring_regex(texts, r"^-?[0-9][0-9.eE+-]*$")
    candidates = pc.if_else(numeric, texts, pa.scalar(None, pa.string()))
    values = pc.cast(candidates, pa.float64())
    return pc.if_else(pc.is_finite(values), values, pa.scalar(None, pa.float64()))


def printed(lists: pa.ListArray, as_float: bool) -> pa.ListArray:
    """Lists of doubles as lists of JSON numbers, integral ones as `174.0` or `174`."""
    return pa.ListArray.from_arrays(lists.offsets, shortest(lists.values.to_numpy(), pointed=as_float))


def printed_lists(lists: pa.ListArray, as_float: bool) -> pa.StringArray:
    """The same as JSON lists; null stays null."""
    joined = pc.binary_join_element_wise("[", pc.binary_join(printed(lists, as_float), ","), "]", "")
    return pc.if_else(lists.is_valid(), joined, pa.scalar(None, pa.string()))
