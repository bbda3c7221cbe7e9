"""Ranges of item keys, and the rows that lie in them."""

from __future__ import annotations

import bisect
from dataclasses import dataclass

import pyarrow as pa


@dataclass(frozen=True, slots=True)
class KeyRange:
    """Item keys from `first` (included) to `end` (excluded); None leaves a side open."""

    first: str | None = None
    end: str | None = None

    def overlaps(self, first: str, last: str) -> bool:
        """Whether any key of [first, last] may lie inside."""
        return (self.end is None or first < self.end) and (self.first is None or last >= self.first)

    def within(self, rows: pa.Table) -> pa.Table:
        """The rows (sorted by item) whose keys lie inside; nothing is copied."""
        items = rows.column("item")
        start = _place(items, self.first) if self.first is not None else 0
        end = _place(items, self.end) if self.end is not None else len(items)
        return rows.slice(start, max(end - start, 0))


def _place(items: pa.ChunkedArray, key: str) -> int:
    """Of sorted keys, how many come before this one."""
    return bisect.bisect_left(range(len(items)), key, key=lambda place: items[place].as_py())


EVERYTHING = KeyRange()
"""All keys."""
