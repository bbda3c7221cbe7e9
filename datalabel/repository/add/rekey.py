"""Giving items another key: in staging, and in what the sources are remembered to say."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from datalabel.content import ObjectId
from datalabel.labels.mentions import keys_by_name
from datalabel.repository.stage import Draft, Stage
from datalabel.repository.view import View, view_of

_NAMED = ["name", "item"]


def rekey(stage: Stage, moves: Mapping[str, str], leave_trace: Collection[str] = ()) -> None:
    """Move items, with their labels and mentions, from old keys to new ones.

    `leave_trace` holds the new keys whose old item stays as a trace that `diff` and `restore` follow. The
    bases of the sources move along, so that the next `add` still knows what it read for which item.
    """
    if not moves:
        return
    _rekey_tables(stage, moves, {old: new for old, new in moves.items() if new in leave_trace})
    rekeyed: dict[ObjectId, ObjectId] = {}
    for source, base in list(stage.bases.items()):
        if base.tree not in rekeyed:
            rekeyed[base.tree] = _rekeyed(stage, base.tree, moves)
        stage.bases[source] = replace(base, tree=rekeyed[base.tree])


def rekey_bases(stage: Stage) -> None:
    """Let the bases of sources call items as staging does since it went to another tree; a source's own names tell
    which item is which."""
    for source, base in list(stage.bases.items()):
        before = view_of(stage.project.store, base.tree, source)
        if before.mentions == stage.mentions:
            continue
        now = keys_by_name(View(stage.project.store, stage.finished(), source).mentions_of(source, _NAMED))
        pairs = (
            (key, now.get(name, key))
            for name, key in keys_by_name(before.mentions_of(source, _NAMED)).items()
        )
        moves = {old: new for old, new in pairs if old != new and old not in stage.known}
        if moves:
            stage.bases[source] = replace(base, tree=_rekeyed(stage, base.tree, moves))


def _rekeyed(stage: Stage, tree: ObjectId, moves: Mapping[str, str]) -> ObjectId:
    draft = Draft(stage.project, view_of(stage.project.store, tree, "base"))
    _rekey_tables(draft, moves, {})
    return stage.project.store.history.put_tree(draft.finished())


def _rekey_tables(draft: Draft, moves: Mapping[str, str], traces: Mapping[str, str]) -> None:
    old = sorted(moves)
    rows = draft.read(draft.items, old)
    if rows.num_rows:
        gone = [key for key in old if key not in traces]
        draft.put_items(_renamed(rows, moves), gone, traces)
    targets = sorted({*moves, *moves.values()})
    mentions = draft.read(draft.mentions, targets)
    if mentions.num_rows:
        draft.put_mentions(_renamed(mentions, moves), old)
    for name in draft.set_names:
        labels = draft.read(draft.labels(name), targets)
        if labels.num_rows:
            draft.put_labels(name, _renamed(labels, moves), old)


def _renamed(rows: pa.Table, moves: Mapping[str, str]) -> pa.Table:
    """The rows under their new keys, sorted; rows under a key already there come along unchanged."""
    items = [moves.get(key, key) for key in rows.column("item").to_pylist()]
    renamed = rows.set_column(
        rows.schema.get_field_index("item"), rows.schema.field("item"), [pa.array(items)]
    )
    return renamed.take(pc.sort_indices(renamed.column("item")))
