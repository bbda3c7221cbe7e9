"""Agreement of two label sets, each as if it were one annotator.

Where several annotators of a set saw an item, the set speaks as one (`quality/sides.py`). Beyond that, each
annotator of a set is measured against what the other set says: by that, what a set says of its own annotators can
be put to the test.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from datalabel.quality.agreement import AgreementBuilder, totals
from datalabel.quality.batch import (
    Batch,
    Floats,
    Ints,
    Vocabulary,
    batch_of,
    joined,
    named,
    seen_by,
)
from datalabel.quality.coefficients import spearman
from datalabel.quality.objects import Pairs, objects, overlapping, paired, units
from datalabel.quality.resampling import RESAMPLES, SEED, Estimate, estimates
from datalabel.quality.results import AgainstOther, Agreement, Judged, LeftOut
from datalabel.quality.sides import Side, side_by_side, spoken_by
from datalabel.quality.tallies import PairTally, PersonTally

LEAST_OBJECTS = 10
"""The recall of an annotator who had fewer objects to find is too uncertain to be ranked."""

_OTHER = "\0"
"""Stands for the other set among the annotators of one; no name begins so."""


class SetsBuilder:
    """Measures how far two sets agree, over batches of whole items. Of the set `with_unseen`, items that only the
    other one names count as seen, and empty."""

    def __init__(
        self,
        first: str,
        second: str,
        iou: float = 0.5,
        *,
        resamples: int = RESAMPLES,
        seed: int = SEED,
        with_unseen: str | None = None,
    ) -> None:
        self._names = (first, second)
        self._iou = iou
        self._between = AgreementBuilder(iou, between=self._names, resamples=resamples, seed=seed)
        self._judges = tuple(_Judge(iou, resamples, seed) for _ in self._names)
        self._majority = dict.fromkeys(self._names, 0)
        self._left_out = dict.fromkeys(self._names, LeftOut())
        self._with_unseen = with_unseen
        self._taken = 0

    def add(self, first: Side, second: Side) -> None:
        """Some whole items, as both sets have them. Items that one set did not see do not count between sets,
        unless it is said that it saw all.

        Raises:
            InputError: too many annotators.
        """
        sides = (first, second)
        batches = [batch_of(side.labels, side.seen, Vocabulary.empty(), least=1) for side in sides]
        spoken = [spoken_by(batch, name, self._iou) for batch, name in zip(batches, self._names, strict=True)]
        saw = [set(batch.items) for batch in batches]
        if self._with_unseen is not None:
            place = self._names.index(self._with_unseen)
            unseen = saw[1 - place] - saw[place]
            saw[place] |= unseen
            self._taken += len(unseen)
            spoken[place] = replace(spoken[place], seen=seen_by(sorted(saw[place]), self._with_unseen))
        both = set.intersection(*saw)
        for name, batch in zip(self._names, batches, strict=True):
            self._majority[name] += len(both.intersection(_seen_by_several(batch)))
            self._left_out[name] = _with_more(self._left_out[name], batch, both)
        together = side_by_side(spoken)
        self._between.add(together.labels, together.seen)
        for judge, side, other in zip(self._judges, sides, reversed(spoken), strict=True):
            judge.add(side, other)

    def result(self) -> Agreement:
        """Everything measured so far."""
        judged = [
            judge.result(*names)
            for judge, names in zip(self._judges, (self._names, self._names[::-1]), strict=True)
        ]
        found = self._between.result()
        told = tuple(one for one in judged if one is not None)
        return replace(
            found,
            compared=self._names,
            judged=told,
            majority=dict(self._majority),
            left_out=dict(self._left_out),
            taken_as_empty={} if self._with_unseen is None else {self._with_unseen: self._taken},
        )


def _seen_by_several(batch: Batch) -> list[str]:
    """The items that more than one annotator saw."""
    return [batch.items[place] for place in np.flatnonzero(batch.seen_counts > 1).tolist()]


def _with_more(known: LeftOut, batch: Batch, both: set[str]) -> LeftOut:
    """What was left out before, and what is of a batch: items that not both sets saw."""
    alone = np.array([item not in both for item in batch.items], np.bool_)
    return LeftOut(known.items + int(alone.sum()), known.labels + int(alone[batch.item].sum()))


@dataclass(slots=True)
class _Judge:
    """The annotators of one set: against each other, and against what the other set says."""

    iou: float
    resamples: int
    seed: int
    words: Vocabulary = field(default_factory=Vocabulary.empty)
    peers: PersonTally = field(default_factory=PersonTally)
    other: PairTally = field(default_factory=PairTally)
    peer_items: int = 0
    other_items: int = 0

    def __post_init__(self) -> None:
        self.words.annotators.code(_OTHER)

    def add(self, own: Side, other: Side) -> None:
        """Some whole items: the annotators' labels, and the other set's as one annotator."""
        batch = batch_of(own.labels, own.seen, self.words)
        pairs = self._pairs(batch)
        self.peers.add(batch, self.peer_items, units(batch, objects(batch, pairs)), pairs)
        self.peer_items += len(batch.items)
        both = _only(other.seen, own.seen)
        labels = joined(_only(own.labels, both), named(_only(other.labels, both), _OTHER))
        seen = joined(_only(own.seen, both), seen_by(both.column("item").to_pylist(), _OTHER))
        batch = batch_of(labels, seen, self.words)
        self.other.add(batch, self.other_items, self._pairs(batch, 0), 0)
        self.other_items += len(batch.items)

    def _pairs(self, batch: Batch, reference: int | None = None) -> Pairs:
        return paired(batch, overlapping(batch, self.iou, reference), self.iou)

    def result(self, set_name: str, against: str) -> Judged | None:
        """The annotators, whoever misses most first; None when the set has one annotator only."""
        people = np.arange(1, len(self.words.annotators))
        if len(people) < 2:
            return None
        rows, recalls, wanted = self._rows(people)
        enough = [
            place
            for place, (peers, other) in enumerate(recalls)
            if None not in (peers.value, other.value)
            and min(wanted[0][place], wanted[1][place]) >= LEAST_OBJECTS
        ]
        columns = [_values(recalls, side, enough) for side in (0, 1)]
        found = spearman(*columns)
        return Judged(
            set_name, against, tuple(sorted(rows, key=_missing_most)), None if np.isnan(found) else found,
            len(enough), LEAST_OBJECTS,
        )  # fmt: skip

    def _rows(
        self, people: Ints
    ) -> tuple[list[AgainstOther], list[tuple[Estimate, Estimate]], tuple[list[int], list[int]]]:
        options = {"resamples": self.resamples, "seed": self.seed}
        by_peers = estimates(self.peers.measures(people, self.peer_items)[:1], self.peer_items, **options)[0]
        precision, recall, iou = estimates(
            self.other.measures(people, self.other_items)[:3], self.other_items, **options
        )
        items, labels, there = (
            totals(one, self.other_items, people)
            for one in (self.other.items, self.other.second_drew, self.other.first_drew)
        )
        names = self.words.annotators.texts[1:]
        table = zip(names, items, labels, recall, precision, iou, by_peers, strict=True)
        rows = [AgainstOther(*row) for row in table]
        wanted = totals(self.peers.wanted, self.peer_items, people)
        return rows, list(zip(by_peers, recall, strict=True)), (wanted, there)


def _only(rows: pa.Table, other: pa.Table) -> pa.Table:
    """The rows of items that the other table has too."""
    return rows.filter(pc.is_in(rows.column("item"), value_set=pc.unique(other.column("item"))))


def _values(recalls: list[tuple[Estimate, Estimate]], side: int, chosen: list[int]) -> Floats:
    return np.array([recalls[place][side].value for place in chosen], np.float64)


def _missing_most(row: AgainstOther) -> tuple[bool, float, str]:
    return row.recall.value is None, row.recall.value or 0.0, row.annotator
