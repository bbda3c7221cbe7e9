"""Tables: lists of segments in which the newest segment that names an item owns all of its rows.

This is the only place that knows about segments. The rest of the program asks a table for columns, for some
items or for a range of keys, and gets Arrow tables in key order.
"""

from __future__ import annotations

import bisect
import contextlib
import json
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain
from typing import Self

import pyarrow as pa
import pyarrow.compute as pc

from datalabel.content import ObjectId, canonical_json
from datalabel.errors import DamagedError
from datalabel.labels.rows import distinct, kept
from datalabel.labels.tables import ITEMS, LABELS, MENTIONS, SPLITS
from datalabel.store.folding import outside_common, run_to_fold
from datalabel.store.key_ranges import EVERYTHING, KeyRange
from datalabel.store.markers import BATCH_ROWS, with_markers, without_markers
from datalabel.store.measures import Measure, MeasuredSegment, Measures
from datalabel.store.objects import ObjectStore
from datalabel.store.runs import Runs, merged
from datalabel.store.segments import DELETED, Segment, SegmentRef, write_segment, write_segments
from datalabel.threads import in_order

TABLE = "table"
WORTH_SHARING = 256
"""From so many items on two threads read them: they lie in many row groups."""
GROUPS = 2
"""Row groups that are read at a time when only some of their rows are wanted."""
GROUPS_SEARCHED = 16
"""Row groups that are searched at a time."""
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


class Tables:
    """Reads and writes tables over an object store."""

    def __init__(self, objects: ObjectStore, measures: Measures | None = None) -> None:
        self._objects = objects
        self._measures = measures

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
        `deleted` comes last. Of labels also `MEASURES` can be asked for; see `MeasuredSegment.read`.

        Raises:
            DamagedError: a segment is missing or damaged.
        """
        with self.opened(table) as opened:
            yield from opened.scan(columns, keys=keys, items=items, markers=markers)

    def ranges(self, table: Table, parts: int) -> list[KeyRange]:
        """The keys in ranges that each hold about so many parts of the rows: work that can be shared out."""
        with self.opened(table) as opened:
            return opened.ranges(parts)

    def opened(self, table: Table) -> OpenTable:
        """The table with its files held open, for many small reads."""
        return OpenTable(self._objects, table, self._measures)

    def read(
        self,
        table: Table,
        columns: Sequence[str] | None = None,
        *,
        items: Sequence[str] | None = None,
        markers: bool = False,
    ) -> pa.Table:
        """As `scan`, in one piece: for tables and selections that are known to be small."""

        def scanned(some: Sequence[str] | None) -> list[pa.Table]:
            return list(self.scan(table, columns, items=some, markers=markers))

        if items is None or len(items) < WORTH_SHARING:
            found = scanned(items)
        else:
            middle = len(items) // 2
            found = [*chain.from_iterable(in_order(scanned, (items[:middle], items[middle:])))]
        if found:
            return pa.concat_tables(found)
        schema = pa.schema([table.schema.field(name) for name in columns]) if columns else table.schema
        return (schema.append(DELETED) if markers else schema).empty_table()

    def items_where(
        self, table: Table, columns: Sequence[str], choose: Callable[[pa.Table], pa.Table]
    ) -> set[str]:
        """Every item that has a row (of these columns and `item`) that is chosen; perhaps others that had one before
        a newer segment came. It costs less than a scan, and what it leads to is to be read again."""

        def search(ref: SegmentRef) -> set[str]:
            found: set[str] = set()
            with Segment(self._objects, ref, table.schema) as segment:
                groups = range(len(segment.bounds()))
                for start in groups[::GROUPS_SEARCHED]:
                    rows = segment.read(["item", *columns], groups[start : start + GROUPS_SEARCHED])
                    found |= distinct(choose(rows).column("item"))
            return found

        return set().union(*in_order(search, table.segments))

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

    def measure(self, table: Table, columns: Sequence[str], measure: Measure, before: Table) -> None:
        """Measure these columns of all segments of a label set that an earlier one does not have, once for all; the
        function gives `MEASURES` and `LEFT_OUT` of labels, all labels of an item at a time.

        Nothing happens where it cannot be kept: it will have to be measured each time.
        """
        if self._measures is None:
            return
        for ref in table.segments:
            if ref not in before.segments and not self._measures.has(ref):
                with contextlib.suppress(OSError), Segment(self._objects, ref, table.schema) as segment:
                    self._measures.add(segment, columns, measure)

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
                yield rows

    def ranges(self, parts: int) -> list[KeyRange]:
        """As `Tables.ranges`."""
        segments = [self._segment(ref) for ref in self._table.segments]
        rows = sum(ref.rows for ref in self._table.segments)
        return list(_pieces(segments, EVERYTHING, None, rows // parts + 1)) or [EVERYTHING]

    def rows(self, items: Sequence[str], columns: Sequence[str]) -> pa.Table:
        """These columns of the rows of some items (sorted), in key order."""
        empty = pa.schema([self._table.schema.field(name) for name in columns]).empty_table()
        return pa.concat_tables([empty, *self.scan(columns, items=items)])

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
    """The effective rows of a range of keys, sorted by item, markers included."""
    names = list(dict.fromkeys(["item", *columns, "deleted"]))
    near = [one for one in reversed(opened) if keys.overlaps(one.ref.first, one.ref.last)]
    if len(near) == 1:
        return _rows_in(near[0], names, keys, items).select([*columns, "deleted"])
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
    return rows.select([*columns, "deleted"])


def _empty_like(segment: Segment, names: list[str]) -> pa.Table:
    return segment.read(names, [])


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
        rows = segment.read(names, groups[start : start + GROUPS])
        found.append(kept(rows, pc.is_in(rows.column("item"), value_set=wanted)))
    return keys.within(pa.concat_tables(found))
