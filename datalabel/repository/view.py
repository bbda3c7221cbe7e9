"""Looking at one tree: its spec, items, mentions and label sets, as Arrow tables in key order."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from datalabel.content import ObjectId
from datalabel.errors import InputError, UsageError, nearest
from datalabel.files import normalised
from datalabel.formats.registry import get_format
from datalabel.labels.class_names import one_each
from datalabel.labels.mentions import of_set
from datalabel.labels.rows import kept
from datalabel.labels.tables import GROUND_TRUTH, LABELS
from datalabel.store.history import HEADER, SPEC, Source, Tree
from datalabel.store.json_objects import JsonReader
from datalabel.store.key_ranges import EVERYTHING, KeyRange
from datalabel.store.store import Store
from datalabel.store.table import Table
from datalabel.threads import in_order

if TYPE_CHECKING:
    from datalabel.spec.model import Skeleton, Spec


T = TypeVar("T")

PARTS = 4
"""What is counted or judged of a set is done in so many ranges of keys, two at a time."""

AT_ONCE = 1 << 15
"""About so many labels are read by a thread at a time."""

_PIECE = 4096
"""So many items come at most with all their labels."""


class LabelView:
    """The labels of one set at one revision."""

    def __init__(self, view: View, name: str) -> None:
        self.name = name
        self._view = view
        self.table = view.label_table(name)

    def batches(
        self,
        columns: Sequence[str] | None = None,
        *,
        items: Sequence[str | os.PathLike[str]] | None = None,
        keys: KeyRange = EVERYTHING,
    ) -> Iterator[pa.Table]:
        """The labels in key order, in pieces of bounded size; an item's labels are never split.

        Raises:
            InputError: labels have no such column.
            UsageError: `items` is one key.
        """
        for name in columns or ():
            if name not in LABELS.names:
                close = nearest(name, LABELS.names)
                hint = f"did you mean {close}?" if close else f"there are {', '.join(LABELS.names)}"
                raise InputError(f"labels have no column {name!r}", hint=hint)
        if isinstance(items, str):
            raise UsageError(f"items= takes a list of keys, not {items!r}")
        known = None if items is None else sorted({normalised(os.fspath(one)) for one in items})
        yield from self._view.store.tables.scan(self.table, columns, items=known, keys=keys)

    def map(self, function: Callable[[pa.Table], T], columns: Sequence[str]) -> Iterator[T]:
        """A function of the labels in key order, piece by piece; each piece is read and worked on by one of two
        threads."""
        tables = self._view.store.tables

        def work(keys: KeyRange) -> T:
            with tables.opened(self.table) as opened:
                return function(opened.read(columns, keys=keys))

        pieces = sum(ref.rows for ref in self.table.segments) // AT_ONCE + 1
        return in_order(work, tables.ranges(self.table, pieces))

    def to_arrow(self, columns: Sequence[str] | None = None) -> pa.Table:
        """All labels of the set in one Arrow table (schema `datalabel.labels.tables.LABELS`)."""
        return self.table.together(self.batches(columns), columns)

    def to_pandas(self) -> Any:
        """All labels of the set as a pandas DataFrame.

        Raises:
            InputError: pandas is not installed.
        """
        try:
            import_module("pandas")
        except ImportError:
            hint = "pip install '.[pandas]', or take to_arrow()"
            raise InputError("pandas is not installed", hint=hint) from None
        return self.to_arrow().to_pandas()

    def count(self) -> int:
        """How many labels the set has."""
        return sum(batch.num_rows for batch in self.batches(["item"]))


class View:
    """One tree, opened for reading. Nothing is read before it is asked for."""

    def __init__(self, store: Store, tree: Tree, name: str, splits: ObjectId | None = None) -> None:
        self.store = store
        self.tree = tree
        self.name = name
        self._splits = splits

    @cached_property
    def items(self) -> Table:
        """The items table."""
        return self.store.tables.load(self.tree.items, "items")

    @cached_property
    def mentions(self) -> Table:
        """The mentions table."""
        return self.store.tables.load(self.tree.mentions, "mentions")

    @property
    def sets(self) -> list[str]:
        """Every label set, sorted: those that have labels, and those of which a source says that there are none."""
        return sorted(
            {*self.tree.sets, *(one.set for one in self.tree.sources.values() if one.set is not None)}
        )

    def label_table(self, name: str) -> Table:
        """The table of a label set; an empty one when the tree does not have the set."""
        return self.store.tables.load(self.tree.sets.get(name), "labels")

    def labels(self, name: str) -> LabelView:
        """A label set.

        Raises:
            InputError: the tree has no such set.
        """
        if name not in (self.sets or [GROUND_TRUTH]):
            close = nearest(str(name), self.sets)
            raise InputError(
                f"there is no label set {name!r} at {self.name}",
                hint=f"did you mean {close!r}?"
                if close
                else f"the sets are: {', '.join(self.sets) or 'none'}",
            )
        return LabelView(self, name)

    def split_table(self) -> pa.Table | None:
        """Which split each item belongs to (schema `SPLITS`, in key order); None when nothing is split."""
        if self._splits is None:
            return None
        return self.store.tables.read(self.store.tables.load(self._splits, "splits"))

    @cached_property
    def spec(self) -> Spec:
        """The data spec; one that allows everything when the tree has none."""
        from datalabel.spec.model import Spec

        if self.tree.spec is None:
            return Spec()
        from datalabel.spec.canonical import spec_from_canonical

        return spec_from_canonical(self.store.objects.get(SPEC, self.tree.spec))

    def ranges(self, name: str) -> list[KeyRange]:
        """The keys in a few ranges that hold about as many labels of one set each: work that can be shared out."""
        return self.store.tables.ranges(self.label_table(name), PARTS)

    def header(self, source: Source) -> Mapping[str, Any]:
        """What belongs to a source file as a whole, with its classes called as they are here.

        Raises:
            DamagedError: it is no JSON object, or not there.
        """
        if source.header is None:
            return {}
        fields = JsonReader(self.store.objects.get(HEADER, source.header), HEADER).fields
        if not source.names:
            return fields
        fmt = get_format(source.format)
        return fmt.renamed(fields, one_each(fmt.class_names(fields), source.names))

    def classes_in_file(self, source: Source) -> Sequence[str]:
        """The classes that a source's header names, in its own words."""
        return get_format(source.format).class_names(self.header(replace(source, names={})))

    def skeletons(self, set_name: str) -> dict[str, Skeleton]:
        """What the sources of a set call the keypoints of each class, where they agree."""
        told: dict[str, set[Skeleton]] = {}
        for source in self.tree.sources.values():
            if source.set == set_name:
                for name, one in get_format(source.format).skeletons(self.header(source)).items():
                    told.setdefault(name, set()).add(one)
        return {name: one for name, (one, *others) in told.items() if not others}

    def item_batches(self, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """The items in key order, in pieces of bounded size."""
        yield from self.store.tables.scan(self.items, columns)

    def keyed_batches(
        self,
        name: str,
        items: Sequence[str] | None = None,
        columns: Sequence[str] | None = None,
        keys: KeyRange = EVERYTHING,
    ) -> Iterator[tuple[pa.Table, pa.Table]]:
        """Items (bounded pieces, key order) together with all their labels of one set.

        Restricted to `items` (sorted) and `keys` when given; items without labels come as well.
        """
        table = self.label_table(name)
        with self.store.tables.opened(table) as opened:
            for piece in self._item_pieces(items, keys):
                chosen = None if items is None else piece.column("item").to_pylist()
                # In one piece: to take rows of several, Arrow would put them together each time.
                yield piece, opened.read(columns, keys=span_of(piece), items=chosen).combine_chunks()

    def _item_pieces(self, items: Sequence[str] | None, keys: KeyRange) -> Iterator[pa.Table]:
        for batch in self.store.tables.scan(self.items, items=items, keys=keys):
            for start in range(0, batch.num_rows, _PIECE):
                yield batch.slice(start, _PIECE)

    def mentions_of(self, source: str, columns: Sequence[str] | None = None) -> pa.Table:
        """Every mention of one source, in key order."""
        names = list(dict.fromkeys([*(columns or self.mentions.schema.names), "source"]))
        scanned = self.store.tables.scan(self.mentions, names)
        found = (kept(batch, pc.equal(batch.column("source"), source)) for batch in scanned)
        table = self.mentions.together(found, names)
        return table.select(list(columns)) if columns else table


def span_of(items: pa.Table) -> KeyRange:
    """The range of keys of some rows (in key order), the last one included; of none, one without any key."""
    keys = items.column("item")
    return KeyRange(keys[0].as_py(), keys[-1].as_py() + "\0") if len(keys) else KeyRange("", "")


EMPTY_TREE = Tree()


def view_of(store: Store, tree: ObjectId | None, name: str, splits: ObjectId | None = None) -> View:
    """The tree of this id, or the empty one; `splits` is the table of a snapshot's splits."""
    return View(store, store.history.tree(tree) if tree else EMPTY_TREE, name, splits)


def named_in(mentions: pa.Table, set_name: str, items: pa.ChunkedArray) -> pa.ChunkedArray:
    """Which of these items a label file of a set names, going by their mentions (`item` and `set` are enough)."""
    said = of_set(mentions, set_name)
    return pc.is_in(items, value_set=said.column("item").combine_chunks())


def splits_of(items: pa.ChunkedArray, table: pa.Table | None) -> pa.Array:
    """The split of each item (in key order); null where it has none. `table` is in key order, too."""
    if table is None or not len(items):
        return pa.nulls(len(items), pa.string())
    near = span_of(pa.table({"item": items})).within(table)
    places = pc.index_in(items, value_set=near.column("item").combine_chunks())
    return near.column("split").combine_chunks().take(places.combine_chunks())
