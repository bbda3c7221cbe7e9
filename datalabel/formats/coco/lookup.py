"""Finding the numbers (verbatim JSON) that annotations name among those that a file gives."""

from __future__ import annotations

import json
from collections.abc import Hashable, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

_PLAIN = "^(0|-?[1-9][0-9]*)$"
"""Whole numbers in their only plain spelling: different texts mean different numbers."""


class Lookup:
    """Positions of JSON texts in a list; texts that differ but mean the same (`1`, `1.0`) are found too."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = pa.array(texts, pa.string())
        self._places = texts
        self._values: dict[Hashable, int] | None = None

    def find(self, column: pa.StringArray) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.bool_]]:
        """For each text its position, −1 where there is none, and whether it is spelled otherwise."""
        found = pc.fill_null(pc.index_in(column, value_set=self._texts), -1)
        places = np.array(found.to_numpy(zero_copy_only=False), np.int32)
        other = np.zeros(len(column), np.bool_)
        missing = np.flatnonzero((places < 0) & column.is_valid().to_numpy(zero_copy_only=False))
        if len(missing):
            texts = column.take(pa.array(missing)).to_pylist()
            known = {text: self.position(text) for text in set(texts)}
            places[missing] = [known[text] for text in texts]
            other[missing] = places[missing] >= 0
        return places, other

    def position(self, text: str) -> int:
        """The position of one JSON text by its value; −1 when there is none."""
        if self._values is None:
            self._values = {meaning(one): place for place, one in reversed(list(enumerate(self._places)))}
        return self._values.get(meaning(text), -1)

    def twins(self) -> list[tuple[int, int]]:
        """Pairs of positions that mean the same number: the first, and each later one."""
        plain = pc.all(pc.match_substring_regex(self._texts, _PLAIN), min_count=0).as_py()
        if plain and pc.count_distinct(self._texts).as_py() == len(self._places):
            return []
        first: dict[Hashable, int] = {}
        twins = []
        for place, text in enumerate(self._places):
            before = first.setdefault(meaning(text), place)
            if before != place:
                twins.append((before, place))
        return twins


def meaning(text: str) -> Hashable:
    """What a JSON text means, comparable: numbers by value, strings by content, all else by its spelling."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return ("text", text)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return ("text", text)
    return ("string", value) if isinstance(value, str) else ("number", value)


def whole(text: str | None) -> int | None:
    """The integer that a JSON text is, or None."""
    if text is None or len(text) > 300 or not text.removeprefix("-").isdecimal() or not text.isascii():
        return None
    return int(text)
