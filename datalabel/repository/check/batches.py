"""What rules look at: the labels of a revision with facts about their images, in parts that can be shared out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from datalabel.check.finding import CheckBatch, Needs, Rule, Whole
from datalabel.check.run import Part
from datalabel.check.set_rule import columns_of
from datalabel.labels.hashing import hash_rows
from datalabel.labels.rows import distinct, of_items
from datalabel.labels.tables import GEOMETRY, GROUND_TRUTH, LABELS, LEFT_OUT, MEASURES
from datalabel.progress import Progress
from datalabel.repository.check.comparing import several_of
from datalabel.repository.check.image_facts import MENTIONED, ViewFacts
from datalabel.repository.sides import SEEN_BY, Sides
from datalabel.repository.view import PARTS, LabelView, View, span_of, splits_of
from datalabel.store.key_ranges import EVERYTHING, KeyRange

_NUMBERED = ("source", "source_id")
"""What no two labels of a set should have in common."""

MENTIONED_BY = tuple(dict.fromkeys([*MENTIONED, *SEEN_BY]))

WORTH_A_PART = 1024
"""So many items at least, where some are chosen."""


def sets_of(view: View) -> list[str]:
    """The sets to be checked: images without any label are items of an empty ground truth."""
    return view.sets or [GROUND_TRUTH]


class CheckBatches:
    """The batches of a view; those that were drawn are counted."""

    def __init__(
        self,
        view: View,
        rules: Sequence[Rule],
        narrow: Callable[[str], bool] | None,
        *,
        pixels: bool,
        progress: Progress,
    ) -> None:
        self._view = view
        self._columns = _with_measures(columns_of(rules) or LABELS.names)
        self._narrow = narrow
        self._splits = view.split_table()
        self._shared = not pixels  # images are looked at by two threads as it is
        self._drawn: list[tuple[str, int, int]] = []
        self._across = any(Needs.SAME_IMAGES in one.needs for one in rules)
        self._numbered = any(Needs.SAME_NUMBERS in one.needs for one in rules)
        self._compared = any(Needs.ANNOTATORS in one.needs for one in rules)
        self._all_sides: dict[str, Sides] = {}
        self._facts = ViewFacts(view, pixels=pixels, across=self._across, progress=progress)

    @property
    def items(self) -> int:
        """The items that were looked at; where several sets look at them, as many as the one that has most."""
        return max(
            (sum(items for one, items, _ in self._drawn if one == name) for name in self._names), default=0
        )

    @property
    def labels(self) -> int:
        """The labels that were looked at."""
        return sum(labels for _, _, labels in self._drawn)

    @property
    def _names(self) -> set[str]:
        return {name for name, _, _ in self._drawn}

    def everything(self) -> Iterator[Part]:
        """All items with all sets."""
        for name in sets_of(self._view):
            for keys in self._view.ranges(name) if self._shared else [EVERYTHING]:
                yield name, self._batches(name, keys=keys)

    def concerned(self, name: str, items: set[str], before: View) -> set[str]:
        """What rules hold against these items of a set, which changed: items with the image that one of them has or
        had before, nearly the same key, or a label of the same number."""
        found: set[str] = set()
        if self._across:
            found |= self._facts.partners(items, before)
        if self._numbered:
            found |= self._same_numbers(name, items)
        return found - items

    def _same_numbers(self, name: str, items: set[str]) -> set[str]:
        labels, tables = LabelView(self._view, name), self._view.store.tables
        columns = ["item", *_NUMBERED]
        read = [LABELS.empty_table().select(columns), *labels.batches(columns, items=sorted(items))]
        mine = pa.concat_tables(read)
        mine = mine.filter(mine.column("source_id").is_valid())
        if not mine.num_rows:
            return set()
        numbers, known = pc.unique(mine.column("source_id")), hash_rows(mine, _NUMBERED)

        def choose(rows: pa.Table) -> pa.Table:
            some = rows.filter(pc.is_in(rows.column("source_id"), value_set=numbers))
            return some.filter(pa.array(np.isin(hash_rows(some, _NUMBERED), known)))

        others = tables.items_where(labels.table, _NUMBERED, choose) - items
        rereads = labels.batches(columns, items=sorted(others))
        return {item for rows in rereads for item in distinct(choose(rows).column("item"))}

    def of_items(self, chosen: Mapping[str, set[str]], meant: Mapping[str, set[str]]) -> Iterator[Part]:
        """Some items of some sets. Only those that are meant count; the others are there to be held against them."""
        for name, some in chosen.items():
            beside = pa.array(sorted(some - meant[name]), pa.string())
            parts = min(PARTS, 1 + len(some) // WORTH_A_PART) if self._shared else 1
            for items in np.array_split(np.array(sorted(some), object), parts):
                yield name, self._batches(name, items.tolist(), beside, part_of=self._whole(name))

    def _whole(self, name: str) -> Whole:
        """What there is in all of a set: told by the lists of segments, and by the first image."""
        return Whole(bool(self._view.label_table(name).segments), self._any_image)

    @cached_property
    def _any_image(self) -> bool:
        batches = self._view.item_batches(["content"])
        return any(batch.column("content").null_count < batch.num_rows for batch in batches)

    def _batches(
        self,
        name: str,
        chosen: list[str] | None = None,
        beside: pa.Array | None = None,
        keys: KeyRange = EVERYTHING,
        part_of: Whole | None = None,
    ) -> Iterator[CheckBatch]:
        some = chosen is not None
        with self._view.store.tables.opened(self._view.mentions) as mentions:
            for items, labels in self._view.keyed_batches(name, chosen, self._columns, keys):
                if self._narrow is not None:
                    items = _narrowed(items, self._narrow)
                    labels = of_items(labels, items.column("item").to_pylist())
                reread = partial(self._reread, name, items, some=some)
                if self._splits is not None:
                    items = items.append_column("split", splits_of(items.column("item"), self._splits))
                said = mentions.read(
                    MENTIONED_BY if self._compared else MENTIONED,
                    keys=span_of(items),
                    items=items.column("item").to_pylist() if some else None,
                )
                items = self._facts.add_to(items, said, name)
                drawn = (rows.num_rows - _among(rows, beside) for rows in (items, labels))
                self._drawn.append((name, *drawn))
                compare = (
                    partial(several_of, self._sides(name), labels, said, reread) if self._compared else None
                )
                yield CheckBatch(name, items, labels, self._view.spec, reread, part_of, compare)

    def _sides(self, name: str) -> Sides:
        return self._all_sides.setdefault(name, Sides(self._view, name))

    def _reread(self, name: str, items: pa.Table, *, some: bool) -> pa.Table:
        """The labels of a batch again, with all their outlines."""
        keys = items.column("item").to_pylist() if some else None
        columns = ["item", "kind", *GEOMETRY]
        labels = LabelView(self._view, name)
        read = labels.batches(columns, items=keys, keys=span_of(items))
        rows = labels.table.together(read, columns)
        return rows if self._narrow is None else of_items(rows, items.column("item").to_pylist())


def _with_measures(columns: Sequence[str]) -> list[str]:
    """Where outlines are asked for, measures do for most labels."""
    outlined = any(name in LEFT_OUT for name in columns)
    return [*columns, *(MEASURES.names if outlined else ())]


def _among(rows: pa.Table, items: pa.Array | None) -> int:
    """How many rows are of these items."""
    if items is None or not len(items):
        return 0
    return int(np.count_nonzero(pc.is_in(rows.column("item"), value_set=items)))


def _narrowed(items: pa.Table, narrow: Callable[[str], bool]) -> pa.Table:
    return items.filter(pa.array([narrow(key) for key in items.column("item").to_pylist()], pa.bool_()))
