"""Remembering a source as it was read: the base of its next three-way `add`.

A base is a tree of its own whose tables are staging's, with one more segment for the items on which staging
says something else than the source did. So it costs what differs, and mostly nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from datalabel.content import ObjectId
from datalabel.labels.class_names import Names, between, in_words_here
from datalabel.labels.mentions import digests
from datalabel.labels.rows import (
    differing_items,
    distinct,
    item_hashes,
    of_items,
    sort_rows,
    split_by_source,
    with_column,
    without_items,
)
from datalabel.labels.tables import LABEL_ORDER, LABELS, MENTION_ORDER
from datalabel.repository.add.spoken import CONTENT
from datalabel.repository.item_properties import settle
from datalabel.repository.stage import Draft, Stage
from datalabel.repository.view import View, view_of
from datalabel.store.state import Base
from datalabel.store.store import Store
from datalabel.store.table import Table


@dataclass(frozen=True, slots=True)
class Theirs:
    """What a source says about the labels of the items that it changed; rows have ids, sorted by item. On those of
    `doubtful`, staging may say something else. `mentions` are all that the source has."""

    set: str
    items: Sequence[str]
    labels: pa.Table
    doubtful: Sequence[str]
    mentions: pa.Table


def remember_base(stage: Stage, source: str, digest: ObjectId, theirs: Theirs, words: Names) -> None:
    """Note that the source, with files of this digest, said what its old base says, changed by `theirs`; `words` are
    what its files call the classes of its header."""
    store = stage.project.store
    old = stage.base(source)
    before = view_of(store, old.tree, source) if old else None
    draft = Draft(stage.project, View(store, stage.finished(), source))
    keys = _doubtful(stage, source, before, theirs)
    present = stage.read(stage.labels(theirs.set), keys)
    ours, others = split_by_source(present, source)
    said = _said(stage, source, before, theirs, keys)
    differing = differing_items(item_hashes(ours, LABELS.names), item_hashes(said, LABELS.names))
    if differing:
        rows = pa.concat_tables([of_items(others, differing), of_items(said, differing)])
        gone = set(differing) - distinct(rows.column("item"))
        draft.put_labels(theirs.set, sort_rows(rows, *LABEL_ORDER), gone)
    if before is not None:
        _keep_digests(draft, source, before, theirs)
    if before is not None or source in stage.view.tree.sources:  # else nothing of it can have been removed
        _keep_removed(draft, source, theirs.mentions)
    stage.bases[source] = _base_of(draft, source, digest, words)


def remember_written(stage: Stage, source: str, digest: ObjectId) -> None:
    """Note that the source, with files of this digest, says what staging holds: they were written from it."""
    store, old = stage.project.store, stage.base(source)
    draft = Draft(stage.project, View(store, stage.finished(), source))
    set_name = draft.tree.sources[source].set or ""
    keys = _differing(view_of(store, old.tree, source) if old else None, draft, set_name)
    said = digests(store.tables.read(draft.mentions, items=keys).filter(pc.field("source") == source))
    held = dict.fromkeys(said, 0)
    for batch in store.tables.scan(draft.labels(set_name), [*CONTENT, "item", "source"], items=keys):
        held |= item_hashes(split_by_source(batch, source)[0], CONTENT)
    _put_digests(draft, source, {key: held[key] for key in said})
    # Its files have the words from here now: the old ones, if they come, are a change.
    stage.bases[source] = _base_of(draft, source, digest, draft.tree.sources[source].names)


def _base_of(draft: Draft, source: str, digest: ObjectId, words: Names) -> Base:
    """A draft as the base of one source: nobody asks it for others, which may be thousands. Its names are what the
    files call the classes, as labels have it in a base."""
    tree = draft.finished()
    tree = replace(tree, sources={source: replace(tree.sources[source], names=words)})
    return Base(draft.project.store.history.put_tree(tree), digest)


def say_again(stage: Stage, items: Sequence[str]) -> int:
    """Items that come back after they were removed here have again what the sources say of them; how many labels that
    is. Reading the sources once more would not tell, since they say nothing new.

    Where the last commit that has an item was made of what the source still says, its labels are those that come
    back: with them, what was decided here. Else they are what the source was last read to say.
    """
    store, count = stage.project.store, 0
    for source in sorted(stage.bases) if items else ():
        base = stage.base(source)
        last = view_of(store, base.tree, source) if base else None
        if last is None or last.mentions == stage.mentions:
            continue
        said = _digests_in(last, source, items)
        left = sorted(said)
        for before in _commits(stage):
            found = _digests_in(before, source, left)
            known = before.tree.sources.get(source)
            keys = [key for key in found if found[key] == said[key]]
            count += _say_again(stage, source, before, keys, known.names if known else {})
            left = [key for key in left if key not in found]
            if not left:
                break
        count += _say_again(stage, source, last, items, last.tree.sources[source].names)
    return count


def _digests_in(view: View, source: str, items: Sequence[str]) -> dict[str, int]:
    rows = view.store.tables.read(view.mentions, items=items)
    return digests(rows.filter(pc.field("source") == source))


def _commits(stage: Stage) -> Iterator[View]:
    """HEAD and the commits before it, by first parents, that name other items than the one after them."""
    history, name, seen = stage.project.store.history, stage.position.head, None
    while name is not None:
        commit = history.commit(name)
        tree = history.tree(commit.tree)
        if tree.mentions != seen:
            yield View(stage.project.store, tree, name)
        seen, name = tree.mentions, next(iter(commit.parents), None)


def _say_again(stage: Stage, source: str, before: View, items: Sequence[str], names: Names) -> int:
    """Stage what a tree has of a source on items that it does not name any more; `names` are those of its classes
    there."""
    named, others = split_by_source(stage.read(stage.mentions, items), source)
    said = split_by_source(stage.read(before.mentions, items), source)[0]
    said = without_items(said, distinct(named.column("item")))
    back = sorted(distinct(said.column("item")))
    if not back:
        return 0
    mentions = pa.concat_tables([of_items(others, back), said])
    stage.put_mentions(sort_rows(mentions, *MENTION_ORDER))
    settle(stage, back)
    known = stage.tree.sources[source]
    set_name = known.set or ""
    held = split_by_source(stage.read(before.label_table(set_name), back), source)[0]
    held = in_words_here(held, between(names, known.names))
    labels = pa.concat_tables([stage.read(stage.labels(set_name), back), held])
    stage.put_labels(set_name, sort_rows(labels, *LABEL_ORDER))
    return int(held.num_rows)


def says_the_same(stage: Stage, source: str) -> bool:
    """Whether staging holds what the base of a source says, and nothing else of it."""
    store, base = stage.project.store, stage.base(source)
    draft = Draft(stage.project, View(store, stage.finished(), source))
    before = view_of(store, base.tree, source) if base else None
    known = draft.tree.sources[source]
    said = before.tree.sources.get(source) if before is not None else None
    if before is None or said is None or replace(said, header=known.header, names=known.names) != known:
        return False
    if said != known and before.header(said) != draft.view.header(known):
        return False
    keys = _differing(before, draft, known.set or "")
    pairs = (
        (before.label_table(known.set or ""), draft.labels(known.set or "")),
        (before.mentions, draft.mentions),
    )
    return keys is not None and all(
        _rows_of(store, source, keys, old) == _rows_of(store, source, keys, new) for old, new in pairs
    )


def _rows_of(store: Store, source: str, keys: Sequence[str], table: Table) -> dict[str, int]:
    columns = [
        name for name in table.schema.names if name != "digest"
    ]  # what was said when, not what is there
    rows = store.tables.read(table, columns, items=keys)
    return item_hashes(split_by_source(rows, source)[0], columns)


def _differing(before: View | None, draft: Draft, set_name: str) -> list[str] | None:
    """The items of which a base and staging may say different things; None: any. Of the others the base's digests
    are those of its labels."""
    if before is None:
        return None
    changed_items = draft.project.store.tables.changed_items
    labels = changed_items(before.label_table(set_name), draft.labels(set_name))
    mentions = changed_items(before.mentions, draft.mentions)
    return None if labels is None or mentions is None else sorted({*labels, *mentions})


def _keep_digests(draft: Draft, source: str, before: View, theirs: Theirs) -> None:
    """Where the old base knows better than staging what the source said of an item, the new one does, too."""
    store = draft.project.store
    differing = store.tables.changed_items(before.mentions, draft.mentions)
    keys = None if differing is None else sorted(set(differing) - set(theirs.items))
    rows = store.tables.read(before.mentions, items=keys)
    said = digests(rows.filter(pc.field("source") == source))
    for key in theirs.items:
        said.pop(key, None)
    _put_digests(draft, source, said)


def _keep_removed(draft: Draft, source: str, mentions: pa.Table) -> None:
    """Items that were removed here are named by the source all the same, also where another has them again."""
    named = draft.view.mentions_of(source, ["item"]).column("item").combine_chunks()
    rows = mentions.filter(pc.invert(pc.is_in(mentions.column("item"), value_set=named)))
    if rows.num_rows:
        others = draft.read(draft.mentions, sorted(distinct(rows.column("item"))))
        draft.put_mentions(sort_rows(pa.concat_tables([others, rows]), *MENTION_ORDER))


def _put_digests(draft: Draft, source: str, wanted: Mapping[str, int]) -> None:
    """Let the source's own mentions of these items have these digests."""
    rows = draft.read(draft.mentions, sorted(wanted))
    own = pc.and_(pc.equal(rows.column("source"), source), pc.is_valid(rows.column("name")))
    new = [wanted[key] for key in rows.column("item").to_pylist()]
    values = pc.if_else(own, pa.array(new, pa.uint64()), rows.column("digest"))
    changed = pc.fill_null(pc.not_equal(values, rows.column("digest")), True)
    changed = pc.and_(changed, pc.is_valid(values))
    keys = distinct(rows.column("item").filter(changed))
    if keys:
        draft.put_mentions(of_items(with_column(rows, "digest", values), keys))


def _doubtful(stage: Stage, source: str, before: View | None, theirs: Theirs) -> list[str]:
    """Items on which staging may say something else about the source's labels than the source does."""
    if before is None:
        return list(theirs.doubtful)
    differing = stage.project.store.tables.changed_items(
        before.label_table(theirs.set), stage.labels(theirs.set)
    )
    if differing is None:
        differing = sorted(distinct(before.mentions_of(source, ["item"]).column("item")))
    return sorted((set(differing) - set(theirs.items)) | set(theirs.doubtful))


def _said(stage: Stage, source: str, before: View | None, theirs: Theirs, keys: Sequence[str]) -> pa.Table:
    """What the source says about these items: `theirs` where it changed, else what its old base holds."""
    rows = of_items(theirs.labels, keys)
    changed = set(theirs.items)
    unchanged = [key for key in keys if key not in changed]
    if before is None or not unchanged:
        return rows
    held = stage.project.store.tables.read(before.label_table(theirs.set), items=unchanged)
    return pa.concat_tables([rows, split_by_source(held, source)[0]])
