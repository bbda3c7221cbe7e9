"""Adding a label source: what the file says now, merged with what was done here since it was last read.

Adding is a three-way merge. Base is the source as last read or written, theirs is the file now, ours is
staging. Only the items about which the source says something new are touched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from datalabel.content import ObjectId
from datalabel.errors import Fault
from datalabel.formats.base import Format, Read
from datalabel.labels.match import match, mint_ids
from datalabel.labels.merge import Conflict, Merged, merge
from datalabel.labels.rows import (
    constant,
    differing_items,
    distinct,
    item_hashes,
    of_items,
    sort_rows,
    split_by_source,
    with_column,
)
from datalabel.labels.tables import LABEL_ORDER, LABELS, MENTION_ORDER, MENTIONS, empty
from datalabel.repository.base_trees import Theirs, remember_base
from datalabel.repository.rivals import refuse_overlap
from datalabel.repository.spoken import LabelOptions, Spoken, digests, own_mentions, spoken
from datalabel.repository.stage import Stage
from datalabel.repository.view import View, view_of
from datalabel.repository.wordings import remember_wordings
from datalabel.store.history import Source


@dataclass(frozen=True, slots=True)
class LabelsAdded:
    """What adding one source did. With conflicts and no preference (`decided`), nothing of the source was staged.

    `awaited` counts the items that the source names and whose images are not here.
    """

    source: str
    format: str
    set: str
    labels: int
    changed_items: int
    conflicts: tuple[Conflict, ...] = ()
    remarks: tuple[Fault, ...] = ()
    new_classes: tuple[str, ...] = ()
    awaited: int = 0
    decided: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether there are conflicts that nobody decided."""
        return bool(self.conflicts) and self.decided is None


Rows = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Reading:
    """A source and what was read from it. `keys` gives the item of each row of `read.mentions`; `digest`
    names the bytes of its files; `path` is None for a file outside the project. `before` has the items that were not
    read again, with the fingerprints of their labels."""

    name: str
    path: str | None
    format: Format
    read: Read
    keys: Sequence[str]
    digest: ObjectId
    before: Mapping[str, int]


def add_labels(stage: Stage, reading: Reading, how: LabelOptions) -> LabelsAdded:
    """Bring what one source says into staging.

    Raises:
        RefusedError: a new source names items that another source of the set labels, without `replaces` or
            `beside`.
    """
    name = reading.name
    now = spoken(name, reading.read, reading.keys, how, reading.before)
    if name not in stage.tree.sources and not how.replaces and not how.beside:
        refuse_overlap(stage, name, how.set, now)
    addition = _Addition(stage, name, now, how)
    merged = addition.merged()
    counts = (name, reading.format.name, how.set, reading.read.label_count)
    if merged.conflicts and how.prefer is None:
        return LabelsAdded(*counts, 0, merged.conflicts, reading.read.remarks)
    addition.apply(merged)
    header = stage.put_header(reading.read.header)
    source = Source(reading.format.name, reading.path, how.set, how.annotator, header, how.options)
    stage.set_source(name, source)
    classes = _new_classes(stage, addition.classes(reading.before))
    remember_base(stage, name, reading.digest, addition.theirs)
    remember_wordings(stage, name, reading.digest, reading.read, how)
    return LabelsAdded(
        *counts,
        len(addition.changed),
        merged.conflicts,
        reading.read.remarks,
        classes,
        sum(stage.known.get(key) is None for key in now.items),
        how.prefer if merged.conflicts else None,
    )


def _new_classes(stage: Stage, classes: set[str]) -> tuple[str, ...]:
    """Those classes that the spec in staging does not name."""
    spec = View(stage.project.store, stage.tree, "STAGED").spec
    return tuple(sorted(classes - spec.classes.keys()))


class _Addition:
    """One source on its way into staging."""

    def __init__(self, stage: Stage, name: str, now: Spoken, how: LabelOptions) -> None:
        self._stage = stage
        self._name = name
        self._old_name = how.replaces or name
        self._now = now
        self._how = how
        base = stage.bases.get(self._old_name)
        self._base: View | None = view_of(stage.project.store, base.tree, name) if base else None
        self._said = self._base.mentions_of(self._old_name) if self._base else empty(MENTIONS)
        self.changed = self._changed_items()
        self._present = stage.read(stage.labels(how.set), self.changed)
        self._before = self._base_labels(self._base) if self._base else empty(LABELS)
        self.theirs = Theirs(how.set, self.changed, self._identified())

    def _changed_items(self) -> list[str]:
        """The items about whose labels the source says something else than before."""
        old, new = digests(self._said), digests(self._now.mentions)
        if self._how.replaces:
            return sorted(new.keys() | old.keys())
        if self._how.partial:
            old = {key: digest for key, digest in old.items() if key in new}
        return differing_items(old, new)

    def _base_labels(self, base: View) -> pa.Table:
        table = base.label_table(self._how.set)
        here = table == self._stage.labels(self._how.set)  # as it is while nobody changed a label here
        rows = self._present if here else self._stage.read(table, self.changed)
        rows, _ = split_by_source(rows, self._old_name)
        return with_column(rows, "source", constant(self._name, rows.num_rows))

    def _identified(self) -> pa.Table:
        """The source's rows with the ids that their earlier selves had; new ones get ids of their own."""
        rows = of_items(self._now.labels, self.changed) if self._base else self._now.labels
        ids = np.zeros(rows.num_rows, dtype=np.uint64)
        if self._before.num_rows:
            left, right = _paired(self._before, rows)
            ids[right] = self._before.column("id").to_numpy()[left]
        fresh = np.flatnonzero(ids == 0)
        if len(fresh):
            taken = pa.concat_tables(
                [known.select(["item", "id"]) for known in (self._before, self._present)]
            )
            ids[fresh] = mint_ids(rows.take(pa.array(fresh)) if len(fresh) < len(ids) else rows, taken)
        return with_column(rows, "id", pa.array(ids))

    def classes(self, before: Mapping[str, int]) -> set[str]:
        """Every class that the source uses; on the items in `before`, as it did."""
        found = distinct(self._now.labels.column("class"))
        if self._base is not None and before:
            held = self._base.label_table(self._how.set)
            for batch in self._stage.project.store.tables.scan(held, ["class", "source"]):
                found |= distinct(split_by_source(batch, self._name)[0].column("class"))
        return found

    def merged(self) -> Merged:
        """Base, staging and the source brought together, on the items that the source changed."""
        ours, _ = split_by_source(self._present, self._old_name)
        ours = with_column(ours, "source", constant(self._name, ours.num_rows))
        return merge(self._before, ours, self.theirs.labels, prefer=self._how.prefer)

    def apply(self, merged: Merged) -> None:
        """Write the outcome into staging."""
        self._put_labels(merged)
        said_anew = self._put_mentions(distinct(merged.labels.column("item")))
        self._put_items(said_anew)
        if self._how.replaces:
            self._stage.set_source(self._how.replaces, None)
            self._stage.bases.pop(self._how.replaces, None)

    def _put_labels(self, merged: Merged) -> None:
        _, others = split_by_source(self._present, self._old_name)
        rows = pa.concat_tables([others, merged.labels]) if others.num_rows else merged.labels
        rows = sort_rows(rows, *LABEL_ORDER)
        gone = distinct(self._present.column("item")) - distinct(rows.column("item"))
        self._stage.put_labels(self._how.set, rows, gone)

    def _put_mentions(self, labelled: set[str]) -> set[str]:
        """The source's mentions are what it says now; those of other sources stay, and so do those of items that it
        does not name any more but has labels on, since somebody decided for them. The items it says something new
        of."""
        old, new = (item_hashes(rows, MENTIONS.names) for rows in (self._said, self._now.mentions))
        if self._how.partial:
            old = {key: known for key, known in old.items() if key in new}
        touched = [key for key in differing_items(old, new) if key in new or key not in labelled]
        present = self._stage.read(self._stage.mentions, touched)
        _, others = split_by_source(present, self._name, self._old_name)
        rows = sort_rows(pa.concat_tables([others, of_items(self._now.mentions, touched)]), *MENTION_ORDER)
        gone = distinct(present.column("item")) - distinct(rows.column("item"))
        self._stage.put_mentions(rows, gone)
        return new.keys() & set(touched)

    def _put_items(self, said_anew: set[str]) -> None:
        """Items that only label files know come with their mention, follow its size, and go with it. One that was
        removed by hand does not come back with a file that says nothing new of it."""
        stage, known = self._stage, self._stage.known
        said = own_mentions(self._now.mentions)
        waits = [
            known.get(key) is None and (key in known or key in said_anew)
            for key in said.column("item").to_pylist()
        ]
        said = said.filter(pa.array(waits, pa.bool_()))
        tracked = [key for key in said.column("item").to_pylist() if key in known]
        stage.put_items(_following(stage.read(stage.items, tracked), said), self._forgotten())

    def _forgotten(self) -> set[str]:
        """Items without an image that nobody mentions any more."""
        if self._how.partial:
            return set()
        known = self._stage.known
        named = set(self._now.items)
        gone = {key for key in distinct(self._said.column("item")) - named if known.get(key, "") is None}
        return gone - distinct(self._stage.read(self._stage.mentions, sorted(gone)).column("item"))


def _paired(before: pa.Table, rows: pa.Table) -> tuple[Rows, Rows]:
    """The rows that show the same, of one annotator; then those where one of the two does not say whose they are."""
    pairs = match(before, rows, group=("item", "annotator"))
    left, right = [pairs.left], [pairs.right]
    for unknown in (True, False):
        mine = _free(before, left, unknown=unknown)
        theirs = _free(rows, right, unknown=not unknown)
        if len(mine) and len(theirs):
            pairs = match(before.take(pa.array(mine)), rows.take(pa.array(theirs)))
            left.append(mine[pairs.left])
            right.append(theirs[pairs.right])
    return np.concatenate(left), np.concatenate(right)


def _free(rows: pa.Table, taken: Sequence[Rows], *, unknown: bool) -> Rows:
    """The rows that are in no pair, whose annotator is unknown, or is known."""
    free = pc.equal(rows.column("annotator").is_null(), unknown).to_numpy().copy()
    free[np.concatenate(taken)] = False
    return np.flatnonzero(free)


def _following(present: pa.Table, said: pa.Table) -> pa.Table:
    """Rows for the items that mentions (one each) name: as at present, with the sizes that are said. Those that
    stay as they are left out."""
    before = pc.index_in(said.column("item"), value_set=present.column("item").combine_chunks())
    rows = with_column(present.take(before), "item", said.column("item"))
    changed = pc.is_null(before)
    for name in ("width", "height"):
        new, old = said.column(name), rows.column(name)
        changed = pc.or_(changed, pc.and_(pc.is_valid(new), pc.fill_null(pc.not_equal(new, old), True)))
        rows = with_column(rows, name, pc.coalesce(new, old))
    return rows.filter(changed)
