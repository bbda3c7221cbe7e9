"""What differs between two trees: spec, items, and labels by object. Costs what differs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from os import PathLike
from typing import Any, TypeVar

import pyarrow as pa

from datalabel.labels.diff import COUNTED, LabelChange, LabelChanges, diff_labels, summarise
from datalabel.labels.properties import properties_in
from datalabel.labels.rows import differing_items, sort_rows, with_column
from datalabel.labels.tables import LABELS, MENTIONS
from datalabel.repository.log import LogEntry
from datalabel.repository.narrowing import narrowed
from datalabel.repository.project import Project
from datalabel.repository.renames import moves, traces
from datalabel.repository.revisions import STAGED, view_at
from datalabel.repository.same import all_hashes
from datalabel.repository.view import View, view_of
from datalabel.store.history import Source

CHUNK = 4096
"""So many items are compared at a time."""

Row = dict[str, Any]

BEGINNING = "the beginning"
"""What is before the first commit."""

_IGNORED = {"item", "moved_to"}

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ItemChange:
    """What happened to an item. `fields` maps a column to [before, after]; `old_key` is set for a rename."""

    key: str
    change: str
    fields: Mapping[str, Any]
    old_key: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The shape that scripts rely on."""
        shown = {"key": self.key, "change": self.change, "fields": dict(self.fields)}
        return {**shown, "old_key": self.old_key} if self.old_key else shown


@dataclass(frozen=True, slots=True)
class Beside:
    """What sources say that is no label: of how many items other fields, of how many nothing but the same labels in
    another notation, and which sources say something else of themselves (`headers`) or are tracked in another way
    (`sources`: another path, set, annotator or option)."""

    items: int
    notations: int
    headers: tuple[str, ...]
    sources: tuple[str, ...]


class Difference:
    """Two trees side by side. What is asked for is computed; labels come in pieces of bounded size."""

    def __init__(
        self, project: Project, before: View, after: View, narrow: Callable[[str], bool] | None = None
    ) -> None:
        self._project = project
        self._tables = project.store.tables
        self._narrow = narrow
        self._held: dict[str, LabelChanges] = {}
        self._may_differ: dict[str, list[str]] = {}
        self._there: Difference | None = None
        self.before = before
        self.after = after

    def reversed(self, narrow: Callable[[str], bool] | None = None) -> Difference:
        """The way back, narrowed anew; what is known of the way there is not found out again."""
        back = Difference(self._project, self.after, self.before, narrow)
        back._may_differ = self._may_differ
        back._there = self
        return back

    # Items

    @cached_property
    def items(self) -> list[ItemChange]:
        """Every item that was added, removed, replaced, renamed or changed, by key; where another item has the key of
        one that was removed, both are told."""
        old, new = (self._item_rows(view, self.changed_keys) for view in (self.before, self.after))
        later, earlier = self.steps
        moved = moves(old, new, earlier, later)
        origins = {target: source for source, target in sorted(moved.items(), reverse=True)}
        changes: list[ItemChange] = []
        for key in sorted({*old, *new}):
            before = None if key in moved else old.get(key)
            origin = origins.get(key)
            if before is not None and origin is not None and self._wanted(key):
                changes.append(ItemChange(key, "removed", {}))
            change = _item_change(key, before, new.get(key), origin, old.get(origin or ""))
            if change is not None and self._wanted(key, origin):
                changes.append(change)
        return changes

    def _item_rows(self, view: View, keys: list[str] | None) -> dict[str, Row]:
        rows: dict[str, Row] = {}
        for batch in self._tables.scan(view.items, items=keys):
            rows.update((row["item"], row) for row in batch.to_pylist())
        return rows

    @cached_property
    def changed_keys(self) -> list[str] | None:
        """The keys whose items may differ; None: any."""
        if self._there is not None:
            return self._there.changed_keys
        return self._tables.changed_items(self.before.items, self.after.items)

    @cached_property
    def steps(self) -> tuple[dict[str, str], dict[str, str]]:
        """The traces that items left after and before."""
        if self._there is not None:
            return self._there.steps[::-1]
        after, before = (
            traces(self._tables, view.items, self.changed_keys) for view in (self.after, self.before)
        )
        return after, before

    @cached_property
    def came(self) -> set[str]:
        """Keys to which an item moved, none having moved away: one that was there before was removed."""
        steps, earlier = self.steps
        fresh = {key: target for key, target in steps.items() if earlier.get(key) != target}
        return set(fresh.values()) - fresh.keys()

    @cached_property
    def renames(self) -> dict[str, str]:
        """Old key → new key."""
        if not any(self.steps):
            return {}  # nothing ever moved, and items need not be read to know it
        return {change.old_key: change.key for change in self.items if change.old_key}

    def followed(self, known: Mapping[str, T]) -> dict[str, T]:
        """What is known of items of the earlier tree, by the keys that these have in the later one. Of an item whose
        key is another's now, nothing is."""
        taken = {*self.renames.values()}
        return {
            self.renames.get(key, key): value
            for key, value in known.items()
            if key in self.renames or key not in taken
        }

    @cached_property
    def displaced(self) -> set[str]:
        """Keys of items that were removed, which others have now."""
        return {change.key for change in self.items if change.change == "removed"} & {*self.renames.values()}

    def _wanted(self, key: str, other: str | None = None) -> bool:
        return self._narrow is None or self._narrow(key) or (other is not None and self._narrow(other))

    # Labels

    @property
    def sets(self) -> list[str]:
        """The label sets of either side whose tables differ."""
        names = {*self.before.tree.sets, *self.after.tree.sets}
        return sorted(
            name for name in names if self.before.tree.sets.get(name) != self.after.tree.sets.get(name)
        )

    def changed_items(self, name: str) -> list[str]:
        """Items whose labels of one set may differ, by their new keys, sorted."""
        if name not in self._may_differ:
            self._may_differ[name] = self._differing(name)
        keys = self._may_differ[name]
        moved = {
            self.renames[key] for key in keys if key in self.renames and self._wanted(self.renames[key], key)
        }
        in_use = {change.key for change in self.items} if self.renames else set()
        stayed = {key for key in keys if key not in self.renames or key in in_use}
        return sorted(moved | {key for key in stayed if self._wanted(key)})

    def _differing(self, name: str) -> list[str]:
        """The items, by their keys on either side, whose labels of one set may differ."""
        tables = self.before.label_table(name), self.after.label_table(name)
        keys = self._tables.changed_items(*tables)
        if keys is not None:
            return keys
        return differing_items(*(all_hashes(self._tables, table, LABELS.names) for table in tables))

    def _pieces(self, name: str) -> Iterator[tuple[pa.Table, pa.Table]]:
        """The labels of changed items before and after, in key order, a bounded number of items at a time."""
        keys = self.changed_items(name)
        origin = {new: old for old, new in self.renames.items()}
        for start in range(0, len(keys), CHUNK):
            chunk = keys[start : start + CHUNK]
            stayed = {key for key in chunk if key not in self.renames}
            own = (stayed - origin.keys()) | self.displaced.intersection(chunk)
            old_keys = sorted({origin[key] for key in chunk if key in origin} | own)
            before = self._tables.read(self.before.label_table(name), items=old_keys)
            after = self._tables.read(self.after.label_table(name), items=chunk)
            yield self._under_new_keys(before), after

    def _under_new_keys(self, rows: pa.Table) -> pa.Table:
        if not self.renames or not rows.num_rows:
            return rows
        items = [self.renames.get(key, key) for key in rows.column("item").to_pylist()]
        return sort_rows(with_column(rows, "item", pa.array(items, pa.string())), "item")

    def compared(self, name: str) -> Iterator[LabelChanges]:
        """What changed in one set, piece by piece; a single piece is read once, however often it is asked for."""
        if name in self._held:
            yield self._held[name]
            return
        whole = len(self.changed_items(name)) <= CHUNK
        for before, after in self._pieces(name):
            found = diff_labels(before, after)
            if whole:
                self._held[name] = found
            yield found

    def labels(self) -> Iterator[tuple[str, LabelChange]]:
        """Every label that was added, removed or changed: its set, and what changed."""
        for name in self.sets:
            for found in self.compared(name):
                for change in found.changes():
                    yield name, change

    # Spec and summary

    @cached_property
    def spec(self) -> list[dict[str, Any]]:
        """What changed in the resolved spec: path, change, effect on labels that were valid, before and after."""
        if self.before.tree.spec == self.after.tree.spec:
            return []
        from datalabel.spec.compare import compare

        return [change.to_json() for change in compare(self.before.spec, self.after.spec)]

    @cached_property
    def _counted(self) -> dict[str, dict[str, Any]]:
        """What became of the labels of each set that may have changed."""
        return {name: summarise(self._summaries(name)) for name in self.sets}

    def summary(self) -> dict[str, Any]:
        """Counts: items by change, and of each set that changed what was added, removed, changed, and by field."""
        items = Counter(change.change for change in self.items)
        told = ("added", "removed", "changed", "by_field")
        sets = {
            name: {word: total[word] for word in told}
            for name, total in self._counted.items()
            if any(total[word] for word in told)
        }
        words = ("added", "removed", "replaced", "renamed", "changed")
        return {"items": {word: items.get(word, 0) for word in words}, "sets": sets, "spec": len(self.spec)}

    def _summaries(self, name: str) -> Iterator[dict[str, Any]]:
        if not self.before.label_table(name).segments and self._narrow is None:
            count = sum(rows.num_rows for rows in self._tables.scan(self.after.label_table(name), ["item"]))
            yield {**dict.fromkeys(COUNTED, 0), "added": count, "by_field": {}}
            return
        for found in self.compared(name):
            yield found.summary()

    @cached_property
    def beside(self) -> Beside:
        """What differs beside spec, items and labels."""
        old, new = self.before.tree.sources, self.after.tree.sources
        differing = sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
        headers = tuple(name for name in differing if _but_for_header(old.get(name), new.get(name)))
        sources = tuple(name for name in differing if name not in headers)
        columns = [
            name for name in MENTIONS.names if name != "digest"
        ]  # what was said when, not what is there
        keys = self._tables.changed_items(self.before.mentions, self.after.mentions)
        hashes = (
            all_hashes(self._tables, view.mentions, columns, keys) for view in (self.before, self.after)
        )
        items = sum(map(self._wanted, differing_items(*hashes)))
        return Beside(items, sum(total["rewritten"] for total in self._counted.values()), headers, sources)

    @cached_property
    def is_empty(self) -> bool:
        """Whether nothing differs that a commit would show."""
        return not (self.spec or self.items or self.summary()["sets"])


def _but_for_header(old: Source | None, new: Source | None) -> bool:
    return old is not None and new is not None and replace(old, header=new.header, names=new.names) == new


def _item_change(
    key: str,
    old: Row | None,
    new: Row | None,
    origin: str | None,
    moved: Row | None,
) -> ItemChange | None:
    if new is None:
        return ItemChange(key, "removed", {}) if old is not None else None
    if origin is not None and moved is not None:
        return ItemChange(key, "renamed", _fields(moved, new), origin)
    if old is None:
        return ItemChange(key, "added", {})
    fields = _fields(old, new)
    if not fields:
        return None
    return ItemChange(
        key, "replaced" if "content" in fields and old["content"] is not None else "changed", fields
    )


def _fields(old: Row, new: Row) -> dict[str, Any]:
    told = {name: [old[name], new[name]] for name in new if name not in _IGNORED and old[name] != new[name]}
    return told | {name: [*map(properties_in, told[name])] for name in ("properties",) if name in told}


def diff(
    project: Project, before: str = "HEAD", after: str = STAGED, paths: Sequence[str | PathLike[str]] = ()
) -> Difference:
    """What differs between two revisions, narrowed to items that match one of the globs, if any are given.

    Raises:
        InputError: there is no such revision, or no item of either has a path that is spelled out.
    """
    old, new = (view_at(project, revision) for revision in (before, after))
    return Difference(project, old, new, narrowed(project, paths, (old, new)))


def diff_of_commit(
    project: Project, entry: LogEntry, paths: Sequence[str | PathLike[str]] = ()
) -> Difference:
    """What a commit changed against its first parent."""
    parent = entry.commit.parents[0] if entry.commit.parents else None
    tree = project.store.history.tree_of(parent)
    before = view_of(project.store, tree, f"{entry.id[:12]}^" if parent else BEGINNING)
    after = view_of(project.store, entry.commit.tree, entry.id[:12])
    return Difference(project, before, after, narrowed(project, paths, (before, after)))
