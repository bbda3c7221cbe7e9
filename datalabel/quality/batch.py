"""What several annotators say of some items: who saw which, and what each drew."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from datalabel.errors import InputError
from datalabel.labels.rows import constant, with_column

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

MOST_ANNOTATORS = 30_000
"""Numbers of two annotators share one integer; nobody compares as many people."""

MOST_PER_ITEM = 1_000
"""The pairs of annotators of one item are held in memory."""


class Words:
    """Texts numbered in the order in which they first occur."""

    def __init__(self) -> None:
        self._codes: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._codes)

    def code(self, word: str) -> int:
        """The number of a text, a new one if need be."""
        return self._codes.setdefault(word, len(self._codes))

    def codes(self, column: pa.ChunkedArray) -> Ints:
        """The number of each text of a column without nulls, shape (n,)."""
        encoded = column.combine_chunks().dictionary_encode()
        table = np.array([self.code(word) for word in encoded.dictionary.to_pylist()], np.int64)
        indices = encoded.indices.to_numpy(zero_copy_only=False)
        return table[indices] if len(table) else np.zeros(0, np.int64)

    @property
    def texts(self) -> list[str]:
        """Every text, by its number."""
        return list(self._codes)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The names met so far; numbers are the same in every batch."""

    annotators: Words
    classes: Words

    @classmethod
    def empty(cls) -> Vocabulary:
        """No names yet."""
        return cls(Words(), Words())


@dataclass(frozen=True, slots=True)
class Batch:
    """Items that two annotators or more saw, and every label on them.

    `labels` has the columns of `LABELS`; `item`, `annotator` and `classes` are numbers, one per label: of the
    item in `items`, of annotator and class in the vocabulary. `seen_item` and `seen_by` are the pairs of who
    saw what, sorted, each once; those who drew nothing are among them.
    """

    items: list[str]
    labels: pa.Table
    item: Ints
    annotator: Ints
    classes: Ints
    seen_item: Ints
    seen_by: Ints

    @property
    def seen_counts(self) -> Ints:
        """How many annotators saw each item."""
        return np.bincount(self.seen_item, minlength=len(self.items))


def batch_of(labels: pa.Table, seen: pa.Table, words: Vocabulary, *, least: int = 2) -> Batch:
    """Labels, and who saw which item (columns `item`, `annotator`), of some whole items; no nulls in either.

    Who drew a label saw its item. Items that fewer than `least` annotators saw are left out.

    Raises:
        InputError: more annotators than can be compared.
    """
    items = Words()
    item = items.codes(_end_to_end(seen, labels, "item"))
    who = words.annotators.codes(_end_to_end(seen, labels, "annotator"))
    if len(words.annotators) > MOST_ANNOTATORS:
        raise InputError(f"more than {MOST_ANNOTATORS:,} annotators cannot be compared")
    pairs = np.unique(item * MOST_ANNOTATORS * 2 + who)
    seen_item, seen_by = np.divmod(pairs, MOST_ANNOTATORS * 2)
    counts = np.bincount(seen_item, minlength=len(items))
    _refuse_crowds(items.texts, counts)
    kept = counts >= least
    number = np.cumsum(kept) - 1
    own_item, own_annotator = item[seen.num_rows :], who[seen.num_rows :]
    mine = kept[own_item] if len(own_item) else np.zeros(0, np.bool_)
    rows = labels.filter(pa.array(mine))
    stays = kept[seen_item] if len(seen_item) else np.zeros(0, np.bool_)
    return Batch(
        [name for name, keep in zip(items.texts, kept.tolist(), strict=True) if keep],
        rows,
        number[own_item[mine]],
        own_annotator[mine],
        words.classes.codes(rows.column("class")),
        number[seen_item[stays]],
        seen_by[stays],
    )


def _end_to_end(first: pa.Table, second: pa.Table, name: str) -> pa.ChunkedArray:
    return pa.chunked_array([*first.column(name).chunks, *second.column(name).chunks], pa.string())


def _refuse_crowds(items: list[str], counts: Ints) -> None:
    if len(counts) and counts.max() > MOST_PER_ITEM:
        raise InputError(
            f"{counts.max():,} annotators saw one item; agreement compares up to {MOST_PER_ITEM:,}",
            where=items[int(counts.argmax())],
        )


def named(rows: pa.Table, annotator: str) -> pa.Table:
    """The rows, all by one annotator."""
    return with_column(rows, "annotator", constant(annotator, rows.num_rows))


def seen_by(items: Iterable[str], annotator: str) -> pa.Table:
    """That one annotator saw these items."""
    keys = pa.array(list(items), pa.string())
    return pa.table({"item": keys, "annotator": constant(annotator, len(keys))})


def joined(*tables: pa.Table) -> pa.Table:
    """Rows of several tables end to end, in the order of their items."""
    whole = pa.concat_tables([table.cast(tables[0].schema) for table in tables])
    return whole.take(pc.sort_indices(whole, sort_keys=[("item", "ascending")]))
