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
    """A hit on a label: its row in the batch's labels, plain words, what a safe fix would do, and the row of the
    label with which it makes the fault, where it takes two."""

    row: int
    message: str
    fix: str | None = None
    other: int | None = None


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
                    yield _on_label(made, batch, hit)
                else:
                    yield Finding(code, name, severity, *_item_place(batch, hit), hit.message)

        made = BatchRule(code, name, severity, needs, run, find)
        return made

    return bind


def id_of(batch: CheckBatch, row: int) -> str:
    """The id of the label in a row, as people write it."""
    return label_id_text(batch.labels.column("id")[row].as_py())


def _on_label(rule: Rule, batch: CheckBatch, hit: OnLabel) -> Finding:
    item, source = (batch.labels.column(name)[hit.row].as_py() for name in ("item", "source"))
    # Where sets are held against each other, each label says of which it is.
    several = "set" in batch.labels.column_names
    place = (
        batch.labels.column("set")[hit.row].as_py() if several else batch.set,
        item,
        id_of(batch, hit.row),
    )
    other = None if hit.other is None else id_of(batch, hit.other)
    return Finding(rule.code, rule.name, rule.severity, *place, hit.message, hit.fix, source, other=other)


def _item_place(batch: CheckBatch, hit: OnItem) -> tuple[str | None, str | None, str | None]:
    return batch.set if hit.in_set else None, batch.items.column("item")[hit.row].as_py(), None
