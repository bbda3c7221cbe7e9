"""Whether two trees hold the same, however their tables came about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from datalabel.labels.rows import item_hashes
from datalabel.store.history import Tree
from datalabel.store.store import Store
from datalabel.store.table import Table
from datalabel.store.tables import Tables

AT_ONCE = 1024
"""So many items are compared at a time: mostly the first of them differ."""


def holds_the_same(store: Store, one: Tree, other: Tree) -> bool:
    """Whether spec, sources, items, mentions and labels are equal. Costs what was written since the trees were one,
    and only where nothing of it is a difference."""
    if replace(one, items=None, mentions=None, sets={}) != replace(other, items=None, mentions=None, sets={}):
        return False
    return all(_same_rows(store, *tables) for tables in _tables(store, one, other))


def _tables(store: Store, one: Tree, other: Tree) -> Iterator[tuple[Table, Table]]:
    load = store.tables.load
    for name in ("items", "mentions"):
        yield load(getattr(one, name), name), load(getattr(other, name), name)
    for name in sorted({*one.sets, *other.sets}):
        yield load(one.sets.get(name), "labels"), load(other.sets.get(name), "labels")


def _same_rows(store: Store, one: Table, other: Table) -> bool:
    keys = store.tables.changed_items(one, other)
    columns = [name for name in one.schema.names if name != "moved_to"]  # says nothing of what is there now
    if keys is None:
        return all_hashes(store.tables, one, columns) == all_hashes(store.tables, other, columns)
    for start in range(0, len(keys), AT_ONCE):
        some = keys[start : start + AT_ONCE]
        first, second = (
            item_hashes(store.tables.read(table, columns, items=some), columns) for table in (one, other)
        )
        if first != second:
            return False
    return True


def all_hashes(
    tables: Tables, table: Table, columns: Sequence[str], items: Sequence[str] | None = None
) -> dict[str, int]:
    """A fingerprint of the rows of some items of a table; of all of them where `items` is None."""
    found: dict[str, int] = {}
    for batch in tables.scan(table, columns, items=items):
        found |= item_hashes(batch, columns)
    return found
