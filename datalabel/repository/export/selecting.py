"""Choosing items and labels: what `--where` and a choice of sets leave of a tree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from datalabel.errors import Fault, Faults, nearest
from datalabel.labels.rows import distinct, of_items
from datalabel.repository.project import Project
from datalabel.repository.stage import Draft
from datalabel.repository.view import View

if TYPE_CHECKING:
    from datalabel.labels.where import Where

CHUNK = 1 << 16
"""About so many rewritten labels are held at a time."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which items and labels count. Without an expression all do; `drop_empty` leaves out what has no label."""

    where: Where | None = None
    drop_empty: bool = False

    @classmethod
    def of(cls, text: str | None, *, drop_empty: bool = False) -> Filter:
        """The filter of a command's options.

        Raises:
            UsageError: the text is no expression over the columns of items and labels.
        """
        if text is None:
            return cls(None, drop_empty)
        from datalabel.labels.where import parse_where

        return cls(parse_where(text), drop_empty)

    def check_classes(self, view: View, sets: Sequence[str]) -> None:
        """Refuse an expression that names classes which neither labels of these sets nor the spec have: mistyped,
        they would leave labels out without a word.

        Raises:
            InputError: there are such classes; the nearest are named.
        """
        unknown = set(self.where.classes if self.where else ()) - view.spec.classes.keys()
        if not unknown:
            return
        known = set(view.spec.classes)
        for name in sets:
            known.update(
                *(distinct(labels.column("class")) for labels in view.labels(name).batches(["class"]))
            )
        faults = Faults()
        for name in sorted(unknown - known):
            close = nearest(name, known)
            hint = f"did you mean {close!r}?" if close else "dlabel stats tells the classes"
            faults.add(f"no label is of class {name!r}, and the spec names none such", "--where", hint)
        faults.raise_if_any()

    def unheard(self, view: View, sets: Sequence[str]) -> tuple[Fault, ...]:
        """Properties and annotators that the expression names and nothing has (nor the spec, of properties). Reads
        until every name was met, which is soon where none is mistyped."""
        if self.where is None:
            return ()
        from datalabel.labels.where.columns import Side
        from datalabel.labels.where.unheard import Unheard

        types = [one for kinds in view.spec.classes.values() for one in kinds.values()]
        of_labels = {name for one in types for name in one.properties}
        names = Unheard(self.where, {Side.LABEL: of_labels, Side.ITEM: view.spec.item_properties})
        tables = [(Side.ITEM, view.items), *((Side.LABEL, view.label_table(name)) for name in sets)]
        for side, table in tables:
            columns = names.columns(side)
            for rows in view.store.tables.scan(table, columns) if columns else ():
                names.show(side, rows)
                if not names.columns(side):
                    break
        return names.faults()

    @property
    def is_all(self) -> bool:
        """Whether nothing is left out."""
        return self.where is None and not self.drop_empty

    @property
    def label_columns(self) -> frozenset[str]:
        """The columns of labels that it has to see."""
        return frozenset(self.where.label_columns) if self.where else frozenset()

    def items(self, items: pa.Table) -> pa.Table:
        """The items that the expression chooses, whatever labels they have."""
        return items.filter(self.where.items(items)) if self.where else items

    def labels(self, labels: pa.Table, items: pa.Table) -> pa.Table:
        """The labels of these items that the expression chooses."""
        return labels.filter(self.where.labels(labels, items)) if self.where else labels

    def apply(self, items: pa.Table, labels: pa.Table) -> tuple[pa.Table, pa.Table]:
        """Items (in key order) and all their labels of one set, as far as they count."""
        kept = self.items(items)
        chosen = self.labels(labels, kept)
        if self.drop_empty:
            kept = of_items(kept, distinct(chosen.column("item")))
        return kept, chosen


UNFILTERED = Filter()


class Selected(Draft):
    """A tree narrowed to some sets, items and labels; it shares the segments of the tree it came from."""

    def __init__(self, project: Project, view: View, sets: Sequence[str]) -> None:
        super().__init__(project, view)
        chosen = {name: table for name, table in view.tree.sets.items() if name in sets}
        sources = {
            name: source
            for name, source in view.tree.sources.items()
            if source.set is None or source.set in sets
        }
        self.tree = replace(view.tree, sets=chosen, sources=sources)

    def narrow(self, chosen: Filter) -> None:
        """Leave out what the filter does not choose."""
        if chosen.where is not None:
            self.drop_items(self._refused_items(chosen))
        labelled: set[str] = set()
        for name in self.set_names:
            labelled |= self._narrow_set(name, chosen)
        if chosen.drop_empty:
            self.drop_items(key for key in self._keys() if key not in labelled)

    def unseen(self) -> list[str]:
        """Items that no source of these sets names: whether there is something on them, nobody has said. None where
        no source names any."""
        seen: set[str] = set()
        for mentions in self.project.store.tables.scan(self.mentions, ["item", "set"]):
            told = pc.is_in(mentions.column("set"), value_set=pa.array(sorted(self.set_names), pa.string()))
            seen |= distinct(mentions.column("item").filter(told))
        return [key for key in self._keys() if key not in seen] if seen else []

    def _keys(self) -> Iterator[str]:
        for batch in self.project.store.tables.scan(self.items, ["item"]):
            yield from batch.column("item").to_pylist()

    def _refused_items(self, chosen: Filter) -> Iterator[str]:
        for batch in self.project.store.tables.scan(self.items):
            kept = distinct(chosen.items(batch).column("item"))
            yield from (key for key in batch.column("item").to_pylist() if key not in kept)

    def _narrow_set(self, name: str, chosen: Filter) -> set[str]:
        """Leave out labels of one set; the items that keep one."""
        view = View(self.project.store, self.finished(), self.view.name)
        if chosen.where is None or not chosen.where.chooses_labels:
            return _labelled(view, name) if chosen.drop_empty else set()
        labelled: set[str] = set()
        rows: list[pa.Table] = []
        gone: list[str] = []
        for items, labels in view.keyed_batches(name):
            kept = chosen.labels(labels, items)
            partly, none = _shortened(labels, kept)
            labelled |= distinct(kept.column("item"))
            rows.append(of_items(kept, partly))
            gone += none
            if sum(part.num_rows for part in rows) > CHUNK:
                self.put_labels(name, pa.concat_tables(rows), gone)
                rows, gone = [], []
        if rows:
            self.put_labels(name, pa.concat_tables(rows), gone)
        return labelled


def _labelled(view: View, name: str) -> set[str]:
    found: set[str] = set()
    for batch in view.labels(name).batches(["item"]):
        found |= distinct(batch.column("item"))
    return found


def _shortened(before: pa.Table, after: pa.Table) -> tuple[list[str], list[str]]:
    """The items that kept some of their labels only, and those that kept none, sorted."""
    old, new = (pc.value_counts(rows.column("item")) for rows in (before, after))
    kept = dict(zip(new.field("values").to_pylist(), new.field("counts").to_pylist(), strict=True))
    counts = np.asarray(old.field("counts"))
    partly: list[str] = []
    none: list[str] = []
    for key, count in zip(old.field("values").to_pylist(), counts.tolist(), strict=True):
        if key not in kept:
            none.append(key)
        elif kept[key] < count:
            partly.append(key)
    return sorted(partly), sorted(none)
