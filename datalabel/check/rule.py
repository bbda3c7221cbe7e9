"""How a rule is written: a function over a batch that yields hits, under a code, a name and a severity.

    @rule("G199", "too-blue", Severity.WARNING)
    def too_blue(batch: CheckBatch) -> Iterator[Hit]:
        \"""What is wrong, why it matters, and what to do: `check --explain` prints this.\"""
        for row in ...:
            yield OnLabel(row, "…")

That, in a module that the registry lists, is all it takes. What is costly to show, a rule asks for by `Needs` after
its severity.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from datalabel.check.finding import CheckBatch, Finding, Needs, Rule, Severity
from datalabel.labels.tables import label_id_text


@dataclass(frozen=True, slots=True)
class OnLabel:
    """A hit on a label: its row in the batch's labels, plain words, and what a safe fix would do."""

    row: int
    message: str
    fix: str | None = None


@dataclass(frozen=True, slots=True)
class OnItem:
    """A hit on an item: its row in the batch's items. `in_set` when its labels in this set are meant."""

    row: int
    message: str
    in_set: bool = False


Hit = OnLabel | OnItem
Find = Callable[[CheckBatch], Iterable[Hit]]


@dataclass(frozen=True, slots=True)
class BatchRule(Rule):
    """A rule that judges each batch by itself."""

    find: Find

    def hits(self, batch: CheckBatch) -> list[Hit]:
        """What it finds, by rows."""
        # Absurd numbers are what rules look for; that they overflow on the way is no news.
        with np.errstate(all="ignore"):
            return list(self.find(batch))


def rule(
    code: str, name: str, severity: Severity, needs: Needs = Needs.NOTHING
) -> Callable[[Find], BatchRule]:
    """Make a rule of a function that yields hits."""

    def bind(find: Find) -> BatchRule:
        @functools.wraps(find)
        def run(batch: CheckBatch) -> Iterator[Finding]:
            for hit in made.hits(batch):
                if isinstance(hit, OnLabel):
                    source = batch.labels.column("source")[hit.row].as_py()
                    place = _label_place(batch, hit.row)
                    yield Finding(code, name, severity, *place, hit.message, hit.fix, source)
                else:
                    yield Finding(code, name, severity, *_item_place(batch, hit), hit.message)

        made = BatchRule(code, name, severity, needs, run, find)
        return made

    return bind


_Place = tuple[str | None, str | None, str | None]


def _label_place(batch: CheckBatch, row: int) -> _Place:
    labels = batch.labels
    return batch.set, labels.column("item")[row].as_py(), label_id_text(labels.column("id")[row].as_py())


def _item_place(batch: CheckBatch, hit: OnItem) -> _Place:
    return batch.set if hit.in_set else None, batch.items.column("item")[hit.row].as_py(), None
