"""Bringing together, some items at a time, what a source says now, what it said before and what staging holds."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from datalabel.labels.class_names import Names, in_words_here
from datalabel.labels.hashing import hash_rows, mix
from datalabel.labels.match import match, match_equal, mint_ids
from datalabel.labels.merge import Conflict, Prefer, merge
from datalabel.labels.resizing import resized
from datalabel.labels.rows import (
    constant,
    distinct,
    item_codes,
    of_items,
    sort_rows,
    split_by_source,
    with_column,
)
from datalabel.labels.tables import LABEL_ORDER, LABELS, empty
from datalabel.store.table import Table
from datalabel.store.tables import Tables
from datalabel.threads import in_order

AT_ONCE = 1 << 13
"""So many items are brought together at a time, by two threads: of what is read beside them only so much is held."""

Rows = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Brought:
    """What came of some items.

    `theirs` is what the source says, with ids; `labels` is what the set holds from now on, whoever drew it, and
    `gone` the items that hold nothing any more; `kept` are the items on which the outcome has labels of the source.
    On those of `doubtful` that may be other labels than the source says.
    """

    theirs: pa.Table
    labels: pa.Table
    gone: frozenset[str]
    kept: frozenset[str]
    conflicts: tuple[Conflict, ...]
    doubtful: Sequence[str]

    @classmethod
    def of(cls, parts: Sequence[Brought]) -> Brought:
        """Several parts as one, in their order."""
        return cls(
            pa.concat_tables([empty(LABELS), *(part.theirs for part in parts)]),
            pa.concat_tables([empty(LABELS), *(part.labels for part in parts)]),
            frozenset(chain.from_iterable(part.gone for part in parts)),
            frozenset(chain.from_iterable(part.kept for part in parts)),
            tuple(chain.from_iterable(part.conflicts for part in parts)),
            [*chain.from_iterable(part.doubtful for part in parts)],
        )


@dataclass(frozen=True, slots=True)
class Bringing:
    """The set as a source's base and as staging have it (`base` is None: never read before), and how to decide.

    `old_name` is what the source was called so far, `name` what it is called from now on. `factors` say how many
    times as wide and high as before images are, of a source whose labels moved with these, and `names` what its
    classes are called here; of those in `learned` it has come to know the names itself.
    """

    tables: Tables
    base: Table | None
    staged: Table
    old_name: str
    name: str
    prefer: Prefer
    factors: Mapping[str, tuple[float, float]]
    names: Names
    learned: frozenset[str]

    def bring(self, items: Sequence[str], rows: pa.Table) -> Brought:
        """The outcome on these items (sorted); `rows` is all that the source says of labels, sorted by item."""
        said = of_items(rows, items) if self.base is not None else rows
        return Brought.of(list(in_order(self._part, _parts(items, said))))

    def _part(self, some: tuple[Sequence[str], pa.Table]) -> Brought:
        items, said = some
        ours, others = self._parted(self.staged, items)
        before = self._before(items, ours)
        is_untouched = ours is before
        if not self.factors.keys().isdisjoint(items):
            before, ours = resized(before, self.factors), resized(ours, self.factors)
        told, before = before, in_words_here(before, self.names)
        if is_untouched:
            ours = before
        theirs = _identified(in_words_here(said, self.names), before, ours, others)
        in_file = with_column(theirs, "class", said.column("class"))
        if self.learned:
            theirs = _in_own_words(theirs, in_file, told, self.learned)
        merged = merge(before, ours, theirs, prefer=self.prefer)
        labels = pa.concat_tables([others, merged.labels]) if others.num_rows else merged.labels
        labels = sort_rows(labels, *LABEL_ORDER)
        present = distinct(ours.column("item")) | distinct(others.column("item"))
        return Brought(
            in_file,
            labels,
            frozenset(present - distinct(labels.column("item"))),
            frozenset(distinct(merged.labels.column("item"))),
            merged.conflicts,
            items if self.names or (not is_untouched and ours.num_rows + before.num_rows) else (),
        )

    def _parted(self, table: Table, items: Sequence[str]) -> tuple[pa.Table, pa.Table]:
        """The rows of the source, under its name from now on, and those of others."""
        mine, others = split_by_source(self.tables.read(table, items=items), self.old_name)
        return with_column(mine, "source", constant(self.name, mine.num_rows)), others

    def _before(self, items: Sequence[str], ours: pa.Table) -> pa.Table:
        """The source's labels as it had them: the very rows of staging while nobody changed a label there."""
        if self.base is None:
            return empty(LABELS)
        return ours if self.base == self.staged else self._parted(self.base, items)[0]


def _parts(items: Sequence[str], rows: pa.Table) -> Iterator[tuple[Sequence[str], pa.Table]]:
    """Some items at a time, with their rows."""
    present, codes = item_codes(rows)
    for start in range(0, len(items), AT_ONCE):
        some = items[start : start + AT_ONCE]
        after = items[start + AT_ONCE : start + AT_ONCE + 1]
        bounds = [bisect_left(present, some[0]), bisect_left(present, after[0]) if after else len(present)]
        first, end = np.searchsorted(codes, bounds).tolist()
        yield some, rows.slice(first, end - first)


def _in_own_words(theirs: pa.Table, in_file: pa.Table, told: pa.Table, learned: Collection[str]) -> pa.Table:
    """Labels called as here, but where the file says another word than it `told` before and knows the name from here:
    then it means its own word."""
    now, then = (hash_rows(rows, ("item", "id", "class")) for rows in (in_file, told))
    same = np.isin(now, then)
    knows = pc.is_in(theirs.column("class"), value_set=pa.array(learned, pa.string()))
    own = pc.and_(knows, pa.array(~same))
    return with_column(theirs, "class", pc.if_else(own, in_file.column("class"), theirs.column("class")))


def _identified(rows: pa.Table, before: pa.Table, ours: pa.Table, others: pa.Table) -> pa.Table:
    """The rows with the ids that their earlier selves had, or that their equals have that are new here as well; other
    new ones get ids of their own."""
    ids = np.zeros(rows.num_rows, dtype=np.uint64)
    if before.num_rows:
        left, right = _paired(before, rows)
        ids[right] = before.column("id").to_numpy()[left]
    fresh = np.flatnonzero(ids == 0)
    news = _unknown(ours, before)
    if len(fresh) and news.num_rows:
        pairs = match_equal(news, rows.take(pa.array(fresh)), group=("item", "annotator"))
        ids[fresh[pairs.right]] = news.column("id").to_numpy()[pairs.left]
        fresh = np.flatnonzero(ids == 0)
    if len(fresh):
        taken = pa.concat_tables([known.select(["item", "id"]) for known in (before, ours, others)])
        ids[fresh] = mint_ids(rows.take(pa.array(fresh)) if len(fresh) < len(ids) else rows, taken)
    return with_column(rows, "id", pa.array(ids))


def _unknown(rows: pa.Table, before: pa.Table) -> pa.Table:
    """The rows whose ids their items do not have in `before`."""
    if rows is before or not rows.num_rows:
        return rows.slice(0, 0)
    known, old = (mix(hash_rows(one, ["item"]) ^ one.column("id").to_numpy()) for one in (rows, before))
    return rows.filter(pa.array(~np.isin(known, old)))


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
    free: Any = pc.equal(rows.column("annotator").is_null(), unknown).to_numpy().copy()
    free[np.concatenate(taken)] = False
    return np.flatnonzero(free)
