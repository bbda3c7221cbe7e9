"""Tables: lists of segments in which the newest segment that names an item owns all of its rows.

This is the only place that knows about segments. The rest of the program asks a table for columns, for some
items or for a range of keys, and gets Arrow tables in key order.
"""

from __future__ import annotations

import bisect
import json
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from datalabel.content import ObjectId, canonical_json
from datalabel.errors import DamagedError
from datalabel.labels.rows import kept
from datalabel.labels.tables import ITEMS, LABELS, MENTIONS, SPLITS
from datalabel.store.folding import outside_common, run_to_fold
from datalabel.store.markers import BATCH_ROWS, key_ranks, with_markers, without_markers
from datalabel.store.objects import ObjectStore
from datalabel.store.segments import DELETED, Segment, SegmentRef, write_segment, write_segments

TABLE = "table"
GROUPS = 8
"""Row groups that are read at a time when only some of their rows are wanted."""
RUN = 64
"""From so many rows in a row on, on average, copying runs is faster than taking row by row."""
SCHEMAS: dict[str, pa.Schema] = {"items": ITEMS, "mentions": MENTIONS, "labels": LABELS, "splits": SPLITS}


@dataclass(frozen=True, slots=True)
class Table:
    """A table's manifest: what it holds (a name in `SCHEMAS`) and its segments, oldest first."""

    holds: str
    segments: tuple[SegmentRef, ...] = ()

    @property
    def schema(self) -> pa.Schema:
        """The columns of its rows."""
        return SCHEMAS[self.holds]

    def to_bytes(self) -> bytes:
        """As an object of the store."""
        return canonical_json({"holds": self.holds, "segments": [ref.to_json() for ref in self.segments]})

    @classmethod
    def from_bytes(cls, data: bytes) -> Table:
        """Read back, checked.

        Raises:
            DamagedError: it is not what `to_bytes` writes.
        """
        try:
            value = json.loads(data)
            holds, segments = value["holds"], value["segments"]
        except (ValueError, KeyError, TypeError, RecursionError):
            raise DamagedError("a table object cannot be read") from None
        if holds not in SCHEMAS or not isinstance(segments, list):
            raise DamagedError("a table object holds something that this program does not know")
        return cls(holds, tuple(SegmentRef.from_json(ref) for ref in segments))


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


class Tables:
    """Reads and writes tables over an object store."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def load(self, name: ObjectId | None, holds: str) -> Table:
        """The table of this id; an empty one for None.

        Raises:
            DamagedError: it is missing, damaged, or holds something else.
        """
        if name is None:
            return Table(holds)
        table = Table.from_bytes(self._objects.get(TABLE, name))
        if table.holds != holds:
            raise DamagedError(f"the table {name[:12]}… holds {table.holds} where {holds} are expected")
        return table

    def save(self, table: Table) -> ObjectId | None:
        """Put the manifest; None for a table without segments."""
        return self._objects.put(TABLE, table.to_bytes()) if table.segments else None

    # Reading

    def scan(
        self,
        table: Table,
        columns: Sequence[str] | None = None,
        *,
        keys: KeyRange = EVERYTHING,
        items: Sequence[str] | None = None,
        markers: bool = False,
    ) -> Iterator[pa.Table]:
        """Rows in key order, in pieces of bounded size; the rows of an item are never split.

        `items` (sorted) restricts to some items. With `markers`, deleted rows are included and the column
        `deleted` comes last.

        Raises:
            DamagedError: a segment is missing or damaged.
        """
        if items is not None and not len(items):
            return
        wanted = list(columns) if columns is not None else table.schema.names
        with ExitStack() as stack:
            opened = [
                stack.enter_context(Segment(self._objects, ref, table.schema))
                for ref in table.segments
                if (items is None or _names_between(items, ref.first, ref.last))
                and keys.overlaps(ref.first, ref.last)
            ]
            for piece in self._pieces(opened, keys, items):
                rows = _newest(opened, wanted, piece, items)
                if not markers:
                    rows = _alive(rows)
                if rows.num_rows:
                    yield rows

    def opened(self, table: Table) -> OpenTable:
        """The table with its files held open, for many small reads."""
        return OpenTable(self._objects, table)

    def read(
        self,
        table: Table,
        columns: Sequence[str] | None = None,
        *,
        items: Sequence[str] | None = None,
        markers: bool = False,
    ) -> pa.Table:
        """As `scan`, in one piece: for tables and selections that are known to be small."""
        found = list(self.scan(table, columns, items=items, markers=markers))
        if found:
            return pa.concat_tables(found)
        schema = pa.schema([table.schema.field(name) for name in columns]) if columns else table.schema
        return (schema.append(DELETED) if markers else schema).empty_table()

    def _pieces(
        self, opened: list[Segment], keys: KeyRange, items: Sequence[str] | None
    ) -> Iterator[KeyRange]:
        """Ranges of keys that each touch about `BATCH_ROWS` rows."""
        if items is None and sum(segment.ref.rows for segment in opened) > BATCH_ROWS:
            rows = 0
            for start, size in sorted(group for segment in opened for group in segment.starts()):
                if keys.end is not None and start >= keys.end:
                    break
                if rows >= BATCH_ROWS and (keys.first is None or start > keys.first):
                    yield KeyRange(keys.first, start)
                    keys, rows = KeyRange(start, keys.end), 0
                rows += size
        if opened:
            yield keys

    # Writing

    def append(
        self,
        table: Table,
        rows: pa.Table,
        removed: Iterable[str] = (),
        moved: Mapping[str, str] | None = None,
    ) -> Table:
        """The table in which the items of `rows` (sorted by item) own exactly these rows, and the items of
        `removed` none. Costs what changed, folds apart; the given table stays as it is.

        `moved` names removed items that live on under another key; the markers of an items table say so.
        """
        batches = with_markers(rows, sorted(set(removed)), table.schema, moved or {})
        refs = write_segments(self._objects, table.schema, batches)
        return self._folded(Table(table.holds, (*table.segments, *refs)))

    def _folded(self, table: Table) -> Table:
        while (run := run_to_fold(table.segments)) is not None:
            start, end = run
            inputs = table.segments[start:end]
            part = Table(table.holds, inputs)
            batches = self.scan(part, markers=True)
            if start == 0:
                batches = (rest for batch in batches if (rest := without_markers(batch)).num_rows)
            first = next(batches, None)
            folded = []
            if first is not None:
                folded.append(write_segment(self._objects, table.schema, chain([first], batches), inputs))
            table = Table(table.holds, (*table.segments[:start], *folded, *table.segments[end:]))
        return table

    # Comparing

    def changed_items(self, before: Table, after: Table) -> list[str] | None:
        """The items whose rows may differ between two tables, sorted; None when every item may.

        Compares the lists of unfolded segments as sequences: what lies outside a common subsequence counts
        as changed. An item that only common segments name is the same on both sides.
        """
        if before.segments == after.segments:
            return []
        changed = outside_common(before.segments, after.segments)
        if set(before.segments) - set(after.segments):
            # Something of the older list is gone; it may live on inside a fold.
            old, new = self._unfolded(before), self._unfolded(after)
            if old is None or new is None:
                return None
            changed = outside_common(old, new)
        names = [self._keys(ref, before.schema) for ref in dict.fromkeys(changed)]
        found = pa.chunked_array(names, pa.string()) if names else pa.chunked_array([], pa.string())
        return sorted(pc.unique(found).to_pylist())

    def _unfolded(self, table: Table) -> list[SegmentRef] | None:
        """The segments before any fold, or None when an input of a fold is gone."""
        result: list[SegmentRef] = []
        todo = list(reversed(table.segments))
        while todo:
            ref = todo.pop()
            if not self._objects.has(ref.id):
                return None
            with Segment(self._objects, ref, table.schema) as segment:
                inputs = segment.folds
            if inputs:
                todo.extend(reversed(inputs))
            else:
                result.append(ref)
        return result

    def _keys(self, ref: SegmentRef, schema: pa.Schema) -> pa.Array:
        with Segment(self._objects, ref, schema) as segment:
            return segment.keys()


class OpenTable:
    """A table whose segments stay open as long as it lives: an item is found in milliseconds.

    Not for several threads at once.
    """

    def __init__(self, objects: ObjectStore, table: Table) -> None:
        self._schema = table.schema
        with ExitStack() as stack:
            self._segments = [
                stack.enter_context(Segment(objects, ref, table.schema)) for ref in table.segments
            ]
            weakref.finalize(self, stack.pop_all().close)

    def rows(self, items: Sequence[str], columns: Sequence[str]) -> pa.Table:
        """These columns of the rows of some items (sorted), in key order."""
        near = [one for one in self._segments if _names_between(items, one.ref.first, one.ref.last)]
        if not near:
            return pa.schema([self._schema.field(name) for name in columns]).empty_table()
        return _alive(_newest(near, list(columns), EVERYTHING, items))


def _alive(rows: pa.Table) -> pa.Table:
    """The rows without markers, and without the column that says so (the last)."""
    return kept(rows, pc.invert(rows.column("deleted"))).drop_columns(["deleted"])


def _names_between(items: Sequence[str], first: str, last: str) -> bool:
    position = bisect.bisect_left(items, first)
    return position < len(items) and items[position] <= last


def _newest(
    opened: list[Segment], columns: list[str], keys: KeyRange, items: Sequence[str] | None
) -> pa.Table:
    """The effective rows of a range of keys, sorted by item, markers included."""
    names = list(dict.fromkeys(["item", *columns, "deleted"]))
    found: list[pa.Table] = []
    places: list[npt.NDArray[np.int64]] = []
    seen: list[pa.Array] = []
    for segment in reversed(opened):
        if not keys.overlaps(segment.ref.first, segment.ref.last):
            continue
        rows = _rows_in(segment, names, keys, items)
        taken = pc.is_in(rows.column("item"), value_set=pa.concat_arrays(seen)) if seen else None
        owned = np.arange(rows.num_rows) if taken is None else np.flatnonzero(~taken.to_numpy())
        if len(owned):
            places.append(owned + sum(one.num_rows for one in found))
            found.append(rows)
            seen.append(pc.unique(rows.column("item").take(pa.array(owned))))
            if items is not None:
                # What is found here is overridden in older segments: their row groups may stay unread.
                here = set(seen[-1].to_pylist())
                items = [key for key in items if key not in here]
    if not found:
        return _empty_like(opened[0], names).select([*columns, "deleted"])
    rows = found[0]
    if len(found) > 1:
        rows, chosen = pa.concat_tables(found), np.concatenate(places)
        ranks = key_ranks(rows.column("item"))[chosen]
        rows = _taken(rows, chosen[np.argsort(ranks, kind="stable")])
    return rows.select([*columns, "deleted"])


def _taken(rows: pa.Table, order: npt.NDArray[np.int64]) -> pa.Table:
    """These rows in this order. Where most of them follow each other, as beside a small newer segment, whole runs are
    copied."""
    starts = np.flatnonzero(np.diff(order, prepend=-2) != 1)
    if len(starts) * RUN > len(order):
        return rows.take(pa.array(order))
    lengths = np.diff(starts, append=len(order))
    runs = zip(order[starts].tolist(), lengths.tolist(), strict=True)
    return pa.concat_tables([rows.slice(start, length) for start, length in runs]).combine_chunks()


def _empty_like(segment: Segment, names: list[str]) -> pa.Table:
    return segment.read(names, [])


def _rows_in(segment: Segment, names: list[str], keys: KeyRange, items: Sequence[str] | None) -> pa.Table:
    groups = [
        index
        for index, (first, last) in enumerate(segment.bounds())
        if keys.overlaps(first, last) and (items is None or _names_between(items, first, last))
    ]
    if items is None:
        return keys.within(segment.read(names, groups))
    wanted = pa.array(items, pa.string())
    found = []
    for start in range(0, max(len(groups), 1), GROUPS):  # few of many: not all of them are held at once
        rows = segment.read(names, groups[start : start + GROUPS])
        found.append(kept(rows, pc.is_in(rows.column("item"), value_set=wanted)))
    return keys.within(pa.concat_tables(found))
