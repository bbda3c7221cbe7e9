"""Remembering a source as it was read: the base of its next three-way `add`.

A base is a tree of its own whose tables are staging's, with one more segment for the items on which staging
says something else than the source did. So it costs what differs, and mostly nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from datalabel.content import ObjectId
from datalabel.labels.rows import differing_items, distinct, item_hashes, of_items, sort_rows, split_by_source
from datalabel.labels.tables import LABELS
from datalabel.repository.stage import Stage, Tables
from datalabel.repository.view import View, view_of
from datalabel.store.state import Base


@dataclass(frozen=True, slots=True)
class Theirs:
    """What a source says about the labels of the items that it changed; rows have ids, sorted by item."""

    set: str
    items: Sequence[str]
    labels: pa.Table


def remember_base(stage: Stage, source: str, digest: ObjectId, theirs: Theirs) -> None:
    """Note that the source, with files of this digest, said what its old base says, changed by `theirs`."""
    store = stage.project.store
    old = stage.bases.get(source)
    before = view_of(store, old.tree, source) if old else None
    tables = Tables(stage.project, View(store, stage.finished(), source))
    keys = _doubtful(stage, source, before, theirs)
    present = stage.read(stage.labels(theirs.set), keys)
    ours, others = split_by_source(present, source)
    said = _said(stage, source, before, theirs, keys)
    differing = differing_items(item_hashes(ours, LABELS.names), item_hashes(said, LABELS.names))
    if differing:
        rows = pa.concat_tables([of_items(others, differing), of_items(said, differing)])
        gone = set(differing) - distinct(rows.column("item"))
        tables.put_labels(theirs.set, sort_rows(rows, "item", "source", "rank", "id"), gone)
    stage.bases[source] = Base(store.history.put_tree(tables.finished()), digest)


def _doubtful(stage: Stage, source: str, before: View | None, theirs: Theirs) -> list[str]:
    """Items on which staging may say something else about the source's labels than the source does."""
    if before is None:
        return list(theirs.items) if stage.view.tree.sets.get(theirs.set) else []
    differing = stage.project.store.tables.changed_items(
        before.label_table(theirs.set), stage.labels(theirs.set)
    )
    if differing is None:
        differing = sorted(distinct(before.mentions_of(source, ["item"]).column("item")))
    return sorted({*theirs.items, *differing})


def _said(stage: Stage, source: str, before: View | None, theirs: Theirs, keys: Sequence[str]) -> pa.Table:
    """What the source says about these items: `theirs` where it changed, else what its old base holds."""
    rows = of_items(theirs.labels, keys)
    changed = set(theirs.items)
    unchanged = [key for key in keys if key not in changed]
    if before is None or not unchanged:
        return rows
    held = stage.project.store.tables.read(before.label_table(theirs.set), items=unchanged)
    return pa.concat_tables([rows, split_by_source(held, source)[0]])
