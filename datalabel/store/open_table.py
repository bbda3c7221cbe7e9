"""Reading a table: of several segments that name an item, the newest has all of its rows."""

from __future__ import annotations

import bisect
import weakref
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Self

import pyarrow as pa
import pyarrow.compute as pc

from datalabel.labels.rows import kept
from datalabel.store import hundredths
from datalabel.store.key_ranges import EVERYTHING, KeyRange
from datalabel.store.markers import BATCH_ROWS
from datalabel.store.measures import MeasuredSegment, Measures
from datalabel.store.objects import ObjectStore
from datalabel.store.runs import Runs, merged
from datalabel.store.segments import Segment, SegmentRef
from datalabel.store.table import Table

GROUPS = 2
"""Row groups that are read at a time when only some of their rows are wanted."""


class OpenTable:
    """A table whose segments stay open, each from the first time that it is asked for rows: what was verified is not
    verified again, and an item is found in milliseconds.

    Closed at the end of a `with` block, or when nobody holds it any more. Not for several threads at once.
    """

    def __init__(self, objects: ObjectStore, table: Table, measures: Measures | None = None) -> None:
        self._objects = objects
        self._table = table
        self._measures = measures
        self._segments: dict[SegmentRef, Segment] = {}
        self._stack = ExitStack()
        weakref.finalize(self, self._stack.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._segments.clear()
        self._stack.close()

    def scan(
        self,
        columns: Sequence[str] | None = None,
        *,
        keys: KeyRange = EVERYTHING,
        items: Sequence[str] | None = None,
        markers: bool = False,
    ) -> Iterator[pa.Table]:
        """As `Tables.scan`."""
        if items is not None and not len(items):
            return
        wanted = list(columns) if columns is not None else self._table.schema.names
        near = [
            self._segment(ref)
            for ref in self._table.segments
            if (items is None or _names_between(items, ref.first, ref.last))
            and keys.overlaps(ref.first, ref.last)
        ]
        for piece in _pieces(near, keys, items):
            rows = _newest(near, wanted, piece, items)
            if not markers:
                rows = _alive(rows)
            if rows.num_rows:
                yield hundredths.joined(rows)

    def ranges(self, parts: int) -> list[KeyRange]:
        """As `Tables.ranges`."""
        segments = [self._segment(ref) for ref in self._table.segments]
        rows = sum(ref.rows for ref in self._table.segments)
        return list(_pieces(segments, EVERYTHING, None, rows // parts + 1)) or [EVERYTHING]

    def read(
        self,
        columns: Sequence[str] | None = None,
        *,
        keys: KeyRange = EVERYTHING,
        items: Sequence[str] | None = None,
    ) -> pa.Table:
        """As `scan`, in one piece."""
        return self._table.together(self.scan(columns, keys=keys, items=items), columns)

    def _segment(self, ref: SegmentRef) -> Segment:
        if ref not in self._segments:
            opened = MeasuredSegment(self._objects, ref, self._table.schema, self._measures)
            self._segments[ref] = self._stack.enter_context(opened)
        return self._segments[ref]


def _pieces(
    opened: list[Segment], keys: KeyRange, items: Sequence[str] | None, size: int = BATCH_ROWS
) -> Iterator[KeyRange]:
    """Ranges of keys that each touch about `size` rows."""
    if items is None and sum(segment.ref.rows for segment in opened) > size:
        rows = 0
        for start, count in sorted(group for segment in opened for group in segment.starts()):
            if keys.end is not None and start >= keys.end:
                break
            if rows >= size and (keys.first is None or start > keys.first):
                yield KeyRange(keys.first, start)
                keys, rows = KeyRange(start, keys.end), 0
            rows += count
    if opened:
        yield keys


def _alive(rows: pa.Table) -> pa.Table:
    """The rows without markers, and without the column that says so (the last)."""
    return kept(rows, pc.invert(rows.column("deleted"))).drop_columns(["deleted"])


def _names_between(items: Sequence[str], first: str, last: str) -> bool:
    position = bisect.bisect_left(items, first)
    return position < len(items) and items[position] <= last


def _newest(
    opened: list[Segment], columns: list[str], keys: KeyRange, items: Sequence[str] | None
) -> pa.Table:
    """The effective rows of a range of keys, sorted by item, markers included; as they lie in files, since there is
    less to copy of hundredths than of doubles."""
    names = list(dict.fromkeys(["item", *columns, "deleted"]))
    near = [one for one in reversed(opened) if keys.overlaps(one.ref.first, one.ref.last)]
    if len(near) == 1:
        return _chosen(_rows_in(near[0], names, keys, items), columns)
    found: list[Runs] = []
    for segment in near:
        runs = Runs.of(_rows_in(segment, names, keys, items))
        if found:
            runs = runs.without(pa.concat_arrays([newer.keys for newer in found]))
        if len(runs):
            found.append(runs)
            if items is not None:
                # What is found here is overridden in older segments: their row groups may stay unread.
                here = set(runs.keys.to_pylist())
                items = [key for key in items if key not in here]
    rows = merged(found) if found else _empty_like(opened[0], names)
    return _chosen(rows, columns)


def _chosen(rows: pa.Table, columns: list[str]) -> pa.Table:
    return rows.select(hundredths.to_read([*columns, "deleted"], rows.column_names))


def _empty_like(segment: Segment, names: list[str]) -> pa.Table:
    return segment.read(names, [], joined=False)


def _rows_in(segment: Segment, names: list[str], keys: KeyRange, items: Sequence[str] | None) -> pa.Table:
    groups = [
        index
        for index, (first, last) in enumerate(segment.bounds())
        if keys.overlaps(first, last) and (items is None or _names_between(items, first, last))
    ]
    if items is None:
        more = keys.end is not None and segment.ref.last >= keys.end
        return keys.within(segment.read_on(names, groups, more=more))
    wanted = pa.array(items, pa.string())
    found = []
    for start in range(0, max(len(groups), 1), GROUPS):  # few of many: not all of them are held at once
        rows = segment.read(names, groups[start : start + GROUPS], joined=False)
        found.append(kept(rows, pc.is_in(rows.column("item"), value_set=wanted)))
    return keys.within(pa.concat_tables(found))
