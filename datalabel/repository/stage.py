"""Building the tree that the next commit will record, and making it visible in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import pyarrow as pa
import pyarrow.compute as pc

from datalabel.content import BLOB, ObjectId, canonical_json
from datalabel.labels.rows import distinct, split_by_source, with_column
from datalabel.labels.tables import ITEMS, LABELS, MENTIONS, empty, table_of
from datalabel.repository.journal import check_changes, finish_journal
from datalabel.repository.project import Project
from datalabel.repository.renames import traces
from datalabel.repository.revisions import STAGED
from datalabel.repository.same import holds_the_same
from datalabel.repository.view import View, view_of
from datalabel.repository.working_tree import SPEC_FILE
from datalabel.store.history import HEADER, SPEC, Source, Tree
from datalabel.store.state import Base, Position, Rename
from datalabel.store.table import Table

if TYPE_CHECKING:
    from datalabel.spec.load import LoadedSpec


class Draft:
    """The tables of one tree while a command changes them. Appending costs what changed."""

    def __init__(self, project: Project, view: View) -> None:
        self.project = project
        self.view = view
        self.tree = view.tree
        self._items: Table | None = None
        self._mentions: Table | None = None
        self._sets: dict[str, Table] = {}

    @property
    def items(self) -> Table:
        """The items as they are now."""
        return self._items if self._items is not None else self.view.items

    @property
    def mentions(self) -> Table:
        """The mentions as they are now."""
        return self._mentions if self._mentions is not None else self.view.mentions

    def labels(self, name: str) -> Table:
        """A label set as it is now."""
        return self._sets[name] if name in self._sets else self.view.label_table(name)

    @property
    def set_names(self) -> list[str]:
        """Every label set, sorted."""
        return sorted({*self.tree.sets, *self._sets})

    def read(self, table: Table, items: Sequence[str]) -> pa.Table:
        """The rows of some items (sorted)."""
        return self.project.store.tables.read(table, items=items)

    def put_items(
        self, rows: pa.Table, removed: Iterable[str] = (), moved: Mapping[str, str] | None = None
    ) -> None:
        """These items are now exactly these rows; `removed` are gone, or `moved` to another key. Where the item that
        a key had before was moved to stays with the key, whatever becomes of it."""
        gone = {*removed, *(moved or {})}
        keys = rows.column("item").to_pylist()
        left = traces(self.project.store.tables, self.items, [*keys, *gone])
        if left or rows.column("moved_to").null_count < len(keys):
            rows = with_column(rows, "moved_to", pa.array(map(left.get, keys), pa.string()))
        self._items = self._append(self.items, rows, gone, left | dict(moved or {}))

    def put_mentions(self, rows: pa.Table, removed: Iterable[str] = ()) -> None:
        """The items of `rows` now have exactly these mentions; those of `removed` none."""
        self._mentions = self._append(self.mentions, rows, removed)

    def put_labels(self, name: str, rows: pa.Table, removed: Iterable[str] = ()) -> None:
        """The items of `rows` now have exactly these labels in this set; those of `removed` none."""
        self._sets[name] = self._append(self.labels(name), rows, removed)

    def drop_items(self, keys: Iterable[str]) -> int:
        """These items leave with everything that is said about them; how many labels that were."""
        gone = sorted(keys)
        if not gone:
            return 0
        labels = {name: self._items_in(self.labels(name), gone) for name in self.set_names}
        for name, items in labels.items():
            self.put_labels(name, empty(LABELS), distinct(items))
        self.put_mentions(empty(MENTIONS), distinct(self._items_in(self.mentions, gone)))
        self.put_items(empty(ITEMS), gone)
        return sum(map(len, labels.values()))

    def _items_in(self, table: Table, items: Sequence[str]) -> pa.ChunkedArray:
        """The item of each row of these items."""
        return self.project.store.tables.read(table, ["item"], items=items).column("item")

    def _append(
        self, table: Table, rows: pa.Table, removed: Iterable[str], moved: Mapping[str, str] | None = None
    ) -> Table:
        gone = list(removed)
        if not rows.num_rows and not gone:
            return table
        return self.project.store.tables.append(table, rows, gone, moved)

    def finished(self) -> Tree:
        """The tree with every changed table put into the store (not yet flushed)."""
        save = self.project.store.tables.save
        sets = dict(self.tree.sets)
        for name, table in self._sets.items():
            saved = save(table)
            if saved is not None:
                sets[name] = saved
            else:
                sets.pop(name, None)  # the last label is gone, and no marker of it is needed
        return replace(
            self.tree,
            items=save(self._items) if self._items is not None else self.tree.items,
            mentions=save(self._mentions) if self._mentions is not None else self.tree.mentions,
            sets=sets,
        )


class Stage(Draft):
    """Staging, while one command changes it. `save` makes everything visible at once, or nothing."""

    def __init__(self, project: Project, position: Position, view: View) -> None:
        super().__init__(project, view)
        self.position = position
        self.bases: dict[str, Base] = dict(position.bases)
        self._known: dict[str, str | None] | None = None
        self._changed: dict[str, str | None] = {}
        self._gone: set[str] = set()
        self._settled: dict[ObjectId, ObjectId] = {}

    @classmethod
    def of(cls, project: Project, position: Position) -> Self:
        """Staging as it stands."""
        return cls(project, position, view_of(project.store, position.staging, STAGED))

    @property
    def known(self) -> Mapping[str, str | None]:
        """Key and content of every item in staging."""
        if self._known is None:
            self._known = tracked_items(self.project, self.view)
        return self._known

    def put_items(
        self, rows: pa.Table, removed: Iterable[str] = (), moved: Mapping[str, str] | None = None
    ) -> None:
        """As for every tree, and the index of tracked items follows."""
        gone = {*removed, *(moved or {})}
        if not rows.num_rows and not gone:
            return
        known = self.known
        super().put_items(rows, removed, moved)
        fresh = dict(zip(rows.column("item").to_pylist(), rows.column("content").to_pylist(), strict=True))
        self._changed = {key: content for key, content in self._changed.items() if key not in gone} | fresh
        self._gone = (self._gone | gone) - fresh.keys()
        self._known = {key: content for key, content in known.items() if key not in gone} | fresh

    def become(self, other: View) -> None:
        """Staging is now what another tree is."""
        self.view, self.tree = other, other.tree
        self._items, self._mentions, self._sets = None, None, {}
        self._known, self._changed, self._gone = None, {}, set()

    def set_source(self, name: str, source: Source | None) -> None:
        """Record a source, or forget it."""
        sources = {known: value for known, value in self.tree.sources.items() if known != name}
        self.tree = replace(self.tree, sources=sources if source is None else {**sources, name: source})

    def base(self, source: str) -> Base | None:
        """The base of a source that staging has. What it said in another set tells nothing of this one."""
        base, known = self.bases.get(source), self.tree.sources.get(source)
        if base is None or known is None:
            return None
        said = self.project.store.history.tree(base.tree).sources.get(source)
        return base if said is not None and said.set == known.set else None

    def put_header(self, header: Mapping[str, object]) -> ObjectId:
        """Keep a source's header."""
        return self.project.store.objects.put(HEADER, canonical_json(header))

    def put_spec(self, loaded: LoadedSpec, text: bytes) -> bool:
        """Let the spec of this text be the tree's; whether that is another one than before.

        Raises:
            InputError: it sets what counts of a rule that there is not.
        """
        settings = loaded.spec.check
        if settings.ignore or settings.severity:  # to import every rule takes a tenth of a second
            from datalabel.check.registry import refuse_unknown

            refuse_unknown(settings, SPEC_FILE)
        before, objects = self.tree, self.project.store.objects
        self.tree = replace(
            before, spec=objects.put(SPEC, loaded.canonical), spec_text=objects.put(BLOB, text)
        )
        return self.tree != before

    def would_change(self) -> bool:
        """Whether saving would change the staging tree. Nothing is made visible; unflushed objects are dropped
        when the command ends."""
        return self.reached().staging != self.position.staging

    def save(self, renames: Sequence[Rename] = ()) -> bool:
        """Flush the objects, then move staging in one transaction, then carry out the renames.

        Returns whether the staging tree changed. Saving what is already there writes nothing.
        """
        store, new = self.project.store, self.reached()
        if new == self.position and not renames:
            store.objects.discard()
            return False
        check_changes(self.project, renames)
        store.objects.flush()
        store.state.stage(self.position, new, renames)
        self._reindex(new)
        finish_journal(self.project)
        return new.staging != self.position.staging

    def reached(self) -> Position:
        """Where saving would lead: to HEAD's own tree where it holds the same. Nothing is made visible."""
        tree = self.finished()
        name = self.project.store.history.put_tree(tree)
        if name not in self._settled:
            self._settled[name] = self._settle(name, tree)
        return replace(self.position, staging=self._settled[name], bases=self.bases)

    def _settle(self, name: ObjectId, tree: Tree) -> ObjectId:
        history, head = self.project.store.history, self.position.head
        recorded = history.tree_of(head) or name
        if name == recorded or not holds_the_same(self.project.store, history.tree(recorded), tree):
            return name
        return recorded

    def commit(self, new: Position, who: str, why: str) -> None:
        """Flush the objects, then move staging and HEAD's branch in one transaction: to `new.staging`, and to the
        commit of it that is `new.head`."""
        self.project.store.objects.flush()
        self.project.store.state.move_branch(self.position, new, who, why)
        self._reindex(new)

    def _reindex(self, new: Position) -> None:
        items = self.project.store.history.tree(new.staging).items if new.staging else None
        self.project.store.cache.reindex(self.view.tree.items, items, self._changed, self._gone)


@dataclass(frozen=True, slots=True)
class Rest:
    """What is left of a table's items (`items`) without one source: rows of others, items that have none, and how
    many rows were the source's."""

    items: set[str]
    others: pa.Table
    gone: set[str]
    count: int


def without_source(stage: Draft, table: Table, source: str) -> Rest:
    """The items that a source has rows of, without those rows."""
    keys: set[str] = set()
    for rows in stage.project.store.tables.scan(table, ["item", "source"]):
        keys |= distinct(split_by_source(rows, source)[0].column("item"))
    mine, others = split_by_source(stage.read(table, sorted(keys)), source)
    return Rest(keys, others, keys - distinct(others.column("item")), mine.num_rows)


def tracked_items(project: Project, view: View) -> dict[str, str | None]:
    """Key and content of every item of a tree, from the index where that is current."""
    known = project.store.cache.tracked(view.tree.items)
    if known is None:
        known = read_items(view)
        project.store.cache.index(view.tree.items, known)
    return known


def read_items(view: View) -> dict[str, str | None]:
    """Key and content of every item of a tree."""
    found: dict[str, str | None] = {}
    for batch in view.item_batches(["item", "content"]):
        found.update(zip(batch.column("item").to_pylist(), batch.column("content").to_pylist(), strict=True))
    return found


def item_rows(columns: Mapping[str, Sequence[object]]) -> pa.Table:
    """Rows for the items table, sorted by key."""
    if not columns or not columns["item"]:
        return empty(ITEMS)
    rows = table_of(dict(columns), ITEMS)
    return rows.take(pc.sort_indices(rows.column("item")))
