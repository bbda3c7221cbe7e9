"""How a rule about a whole set is written: something gathers, batch by batch, and the rule judges what it has.

    @set_rule("B199", "odd-number", Severity.INFO, Classes)
    def odd_number(classes: Classes) -> Iterator[SetHit]:
        \"""What is wrong, why it matters, and what to do.\"""
        if sum(classes.totals.values()) % 2:
            yield SetHit("an odd number of labels")

Rules that name the same gatherer share one. A gatherer keeps numbers per item or label, never geometry.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self, TypeVar

import numpy as np

from datalabel.check.finding import CheckBatch, Finding, Needs, Rule, Severity
from datalabel.labels.tables import label_id_text


class Gatherer(Protocol):
    """Adds up what a rule needs to know of all batches of one set. `columns` are those of the labels that it
    looks at."""

    columns: ClassVar[Sequence[str]]

    def add(self, batch: CheckBatch) -> None:
        """Take in the next batch."""

    def merge(self, other: Self) -> None:
        """Take in all that another has, whose batches come next."""


@dataclass(frozen=True, slots=True)
class SetHit:
    """A hit on the set, on an item of it, or on a label (its id) of an item.

    `in_set` is false for what is true of the item whichever set looks at it. `other` is the id of the label with
    which it makes the fault, where it takes two.
    """

    message: str
    item: str | None = None
    label: int | None = None
    source: str | None = None
    in_set: bool = True
    other: int | None = None


@dataclass(frozen=True, slots=True)
class SetRule(Rule):
    """A rule that has to see a whole set before it can judge. Its `run` takes one batch for the whole."""

    gatherer: type[Gatherer]
    judge: Callable[[str, Any], Iterator[Finding]]


G = TypeVar("G", bound=Gatherer)


def set_rule(
    code: str, name: str, severity: Severity, gatherer: type[G], needs: Needs = Needs.NOTHING
) -> Callable[[Callable[[G], Iterable[SetHit]]], SetRule]:
    """Make a rule of a function that judges what a gatherer has gathered."""

    def bind(find: Callable[[G], Iterable[SetHit]]) -> SetRule:
        def judge(set_name: str, gathered: G) -> Iterator[Finding]:
            with np.errstate(all="ignore"):
                hits = list(find(gathered))
            for hit in hits:
                label, other = (None if one is None else label_id_text(one) for one in (hit.label, hit.other))
                place = (set_name if hit.in_set else None, hit.item, label)
                yield Finding(code, name, severity, *place, hit.message, source=hit.source, other=other)

        @functools.wraps(find)
        def run(batch: CheckBatch) -> Iterator[Finding]:
            gathered = gatherer()
            gathered.add(batch)
            return judge(batch.set, gathered)

        return SetRule(code, name, severity, needs, run, gatherer, judge)

    return bind


def columns_of(rules: Iterable[Rule]) -> list[str] | None:
    """The columns of labels that rules look at, with their items; None for all."""
    found = {"item": None}
    for one in rules:
        if not isinstance(one, SetRule):
            return None
        found |= dict.fromkeys(one.gatherer.columns)
    return list(found)
