"""Tables: lists of segments in which the newest segment that names an item owns all of its rows.

Only this room knows about segments. The rest of the program asks a table for columns, for some items or for a
range of keys, and gets Arrow tables in key order.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain

import pyarrow as pa
import pyarrow.compute as pc

from datalabel.content import ObjectId
from datalabel.errors import DamagedError
from datalabel.labels.rows import distinct
from datalabel.store.folding import outside_common, run_to_fold
from datalabel.store.key_ranges import EVERYTHING, KeyRange
from datalabel.store.markers import with_markers, without_markers
from datalabel.store.measures import Measure, Measures
from datalabel.store.objects import ObjectStore
from datalabel.store.open_table import OpenTable
from datalabel.store.segments import Segment, SegmentRef, write_segment, write_segments
from datalabel.store.table import TABLE, Table
from datalabel.threads import in_order

WORTH_SHARING = 256
"""From so many items on two threads read them: they lie in many row groups."""
GROUPS_SEARCHED = 16
"""Row groups that are searched at a time."""


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
            return table.together(scanned(items), columns, markers=markers)
        middle = len(items) // 2
        found = chain.from_iterable(in_order(scanned, (items[:middle], items[middle:])))
        return table.together(found, columns, markers=markers)

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
