"""Taking over parts of another tree into staging: items, sources, the spec."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from datalabel.errors import RefusedError
from datalabel.labels.rows import (
    differing_items,
    distinct,
    item_hashes,
    of_items,
    sort_rows,
    split_by_source,
)
from datalabel.labels.tables import LABEL_ORDER, MENTION_ORDER
from datalabel.repository.add.rekey import rekey
from datalabel.repository.differences import Difference
from datalabel.repository.history.choosing import Chosen
from datalabel.repository.item_properties import settle
from datalabel.repository.project import Project
from datalabel.repository.stage import Stage, without_source
from datalabel.repository.view import View
from datalabel.store.table import Table


def take(stage: Stage, other: View, chosen: Chosen | None) -> None:
    """Make what was chosen (everything: None) in staging as it is in another tree. Items that have another key since
    move back, with what was said of them since; others come and go with all that is said of them.

    Raises:
        RefusedError: a label or an item would be there twice, under another source or another key.
    """
    if chosen is None:
        stage.become(other)
        return
    apart = _move_back(stage, other, set(chosen.items))
    touched = {name: _take_source(stage, other, name) for name in chosen.sources}
    _refuse_renamed(stage.project, apart, {item for items in touched.values() for item in items})
    for name in chosen.folders:
        stage.set_source(name, other.tree.sources.get(name))
    taken = _take_items(stage, other, list(chosen.items))
    settle(stage, {*taken, *(item for items in touched.values() for item in items)})
    if chosen.spec:
        stage.tree = replace(stage.tree, spec=other.tree.spec, spec_text=other.tree.spec_text)
    _refuse_shared_path(stage, touched)
    for name, items in touched.items():
        _refuse_twins(stage, other, name, items)


def _move_back(stage: Stage, other: View, keys: set[str]) -> dict[str, str]:
    """Give items whose both keys were chosen the one that they have in the other tree; those of which not both were
    (their key there → their key here).

    Whoever came to a chosen key since leaves it: what is said of that item is nothing about the one that comes back.
    """
    since = Difference(stage.project, other, stage.view)
    renames = since.renames
    back = {here: there for there, here in renames.items() if {here, there} <= keys}
    apart = {there: here for there, here in renames.items() if here not in back}
    _refuse_renamed(stage.project, apart, keys & apart.keys())
    came = {*back.values(), *(keys & {*apart.values(), *since.came})} - back.keys()
    stage.drop_items(came & stage.known.keys())
    rekey(stage, back, leave_trace=set(back.values()))
    return apart


def _refuse_renamed(project: Project, renames: Mapping[str, str], keys: set[str]) -> None:
    """An item, or what a source says of it, must not come back while it is here under another key."""
    for old, new in sorted(renames.items()):
        if old in keys or new in keys:
            way = f"{project.typed(new)} {project.typed(old)}"
            raise RefusedError(
                f"is called {new} now",
                where=old,
                hint=f"dlabel mv {way} takes that back, or restore both",
            )


def _refuse_shared_path(stage: Stage, names: Iterable[str]) -> None:
    """A source that comes back must not lie where another does by now."""
    for name in names:
        path = stage.tree.sources[name].path if name in stage.tree.sources else None
        for other, source in stage.tree.sources.items():
            if path is not None and source.set and source.path == path and other != name:
                raise RefusedError(
                    f"would lie at {path}, where {other!r} lies by now",
                    where=name,
                    hint=f"dlabel mv {stage.project.typed(path)} ANOTHER first, or dlabel rm it",
                )


def _take_items(stage: Stage, other: View, keys: list[str]) -> list[str]:
    """Which of these items may be others now."""
    tables = stage.project.store.tables
    changed = tables.changed_items(stage.items, other.items)
    wanted = keys if changed is None else sorted(set(keys) & set(changed))
    present, rows = tables.read(stage.items, items=wanted), tables.read(other.items, items=wanted)
    new, gone = _what_changes(present, rows)
    stage.put_items(new)
    stage.drop_items(gone)
    _take_labels(stage, other, sorted(distinct(rows.column("item")) - distinct(present.column("item"))))
    return wanted


def _take_labels(stage: Stage, other: View, back: list[str]) -> None:
    """Items that were removed come back with what the sources that are left say of them in their sets."""
    if not back:
        return

    sets = {name: source.set for name, source in stage.tree.sources.items()}
    gone = {name for name, source in other.tree.sources.items() if sets.get(name, "") != source.set}

    def held(table: Table) -> pa.Table:
        return split_by_source(stage.project.store.tables.read(table, items=back), *gone)[1]

    stage.put_mentions(held(other.mentions))
    for name in other.tree.sets:
        stage.put_labels(name, held(other.label_table(name)))


def _take_source(stage: Stage, other: View, name: str) -> list[str]:
    """Labels, mentions and record of one source as the other tree has them; other sources' rows stay. The items that
    have other labels now."""
    recorded = other.tree.sources.get(name) or stage.tree.sources.get(name)
    set_name = (recorded.set if recorded else None) or ""
    staged = stage.tree.sources.get(name)
    if staged is not None and staged.set is not None and staged.set != set_name:
        rest = without_source(stage, stage.labels(staged.set), name)
        stage.put_labels(staged.set, rest.others, rest.gone)
    labels = stage.labels(set_name)
    rows, without = _taken(stage, labels, other.label_table(set_name), name, LABEL_ORDER)
    stage.put_labels(set_name, rows, without)
    mentions, gone = _taken(stage, stage.mentions, other.mentions, name, MENTION_ORDER)
    touched = [*distinct(mentions.column("item")), *gone]
    stage.put_mentions(mentions, gone)
    stage.set_source(name, other.tree.sources.get(name))
    _take_waiting_items(stage, other, touched)
    return sorted({*distinct(rows.column("item")), *without, *touched})


def _refuse_twins(stage: Stage, other: View, source: str, items: Sequence[str]) -> None:
    """What another source says in place of this one must go before it comes back."""
    recorded = other.tree.sources.get(source)
    if recorded is None:
        return
    tables, held = stage.project.store.tables, stage.labels(recorded.set or "")
    labels = tables.read(held, ["item", "id", "source"], items=items)
    counts = labels.group_by(["item", "id"]).aggregate(
        [("source", "max"), ("source", "min"), ("id", "count")]
    )
    twins = counts.filter(pc.greater(counts.column("id_count"), 1)).slice(0, 1).to_pylist()
    for one in twins:
        rival = one["source_min"] if one["source_max"] == source else one["source_max"]
        raise RefusedError(
            f"its labels are those of {rival} now (first: {one['item']})",
            where=source,
            hint=f"dlabel rm {stage.project.typed(rival)} first, or restore both",
        )


def _taken(
    stage: Stage, mine: Table, theirs: Table, source: str, order: tuple[str, ...]
) -> tuple[pa.Table, set[str]]:
    """The rows of the items on which the source differs, with the source's rows as the other table has them."""
    tables = stage.project.store.tables
    items = tables.changed_items(mine, theirs)
    if items is None:
        keys = {
            key
            for table in (mine, theirs)
            for rows in tables.scan(table, ["item"])
            for key in distinct(rows[0])
        }
        items = sorted(keys)
    present, others = tables.read(mine, items=items), tables.read(theirs, items=items)
    rows = pa.concat_tables([split_by_source(present, source)[1], split_by_source(others, source)[0]])
    return _what_changes(present, sort_rows(rows, *order))


def _what_changes(present: pa.Table, rows: pa.Table) -> tuple[pa.Table, set[str]]:
    """The rows of the items that have other rows than at present, and the items that lose theirs: taking over
    what is there already changes nothing."""
    columns = rows.schema.names
    differing = differing_items(item_hashes(present, columns), item_hashes(rows, columns))
    return of_items(rows, differing), set(differing) - distinct(rows.column("item"))


def _take_waiting_items(stage: Stage, other: View, touched: list[str]) -> None:
    """Items that only label files know come and go with their mentions."""
    known = stage.known
    waiting = sorted(key for key in touched if known.get(key) is None)
    mentioned = distinct(stage.read(stage.mentions, waiting).column("item"))
    rows = stage.project.store.tables.read(other.items, items=sorted(mentioned))
    fresh = rows.filter(
        pa.array([known.get(key) is None for key in rows.column("item").to_pylist()], pa.bool_())
    )
    stage.put_items(fresh, {key for key in waiting if key in known} - mentioned)
