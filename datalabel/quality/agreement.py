"""Agreement of annotators: batches of items go in, and one result comes out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa

from datalabel.quality.batch import Batch, Ints, Vocabulary, batch_of
from datalabel.quality.objects import Pairs, Units, objects, overlapping, paired, units
from datalabel.quality.properties import PropertyTally
from datalabel.quality.resampling import RESAMPLES, SEED, Estimate, Measure, Ratio, Tally, estimates
from datalabel.quality.results import (
    Agreement,
    AnnotatorAgreement,
    ClassAgreement,
    PairAgreement,
)
from datalabel.quality.tallies import (
    PAIR,
    AlphaTally,
    ClassTally,
    PairTally,
    PersonTally,
    Spread,
    WithoutTally,
    spread,
)
from datalabel.quality.worst import Confusions, WorstItems

SWEEP = tuple(round(0.5 + 0.05 * step, 2) for step in range(10))
"""The thresholds of COCO's average precision."""


class AgreementBuilder:
    """Measures how far annotators agree on objects, over batches of whole items.

    Memory grows with the items that several annotators saw (a few numbers each), not with geometry.
    """

    def __init__(
        self,
        iou: float = 0.5,
        *,
        between: tuple[str, str] | None = None,
        resamples: int = RESAMPLES,
        seed: int = SEED,
    ) -> None:
        """Labels show one object from an IoU of `iou` on, in (0, 1). `between` names the two annotators that
        there will be, in their order: what they confuse has a direction then.
        """
        self.words = Vocabulary.empty()
        for name in between or ():
            self.words.annotators.code(name)
        self._iou, self._resamples, self._seed = iou, resamples, seed
        self._items = 0
        self._labels = 0
        self._sweep, self._classes_only = AlphaTally(), AlphaTally()
        self._pairs, self._people, self._without = PairTally(), PersonTally(), WithoutTally()
        self._classes, self._properties = ClassTally(), PropertyTally()
        self._matched, self._overlap = Tally(), Tally()
        self._confusions = Confusions(ordered=between is not None)
        self._worst = WorstItems(self.words)

    def add(self, labels: pa.Table, seen: pa.Table) -> None:
        """Some whole items: all their labels (`sides.COLUMNS`, the annotator always said) and who saw them (`item`,
        `annotator`), also those who drew nothing. Items come in one batch each.

        Raises:
            InputError: too many annotators.
        """
        batch = batch_of(labels, seen, self.words)
        if not batch.items:
            return
        candidates = overlapping(batch, min(self._iou, *SWEEP))
        for place, least in enumerate((self._iou, *SWEEP)):
            pairs = paired(batch, candidates, least)
            numbers = objects(batch, pairs)
            said = units(batch, numbers)
            found = spread(said.unit, said.value, len(said.item))
            self._sweep.add(said.item + self._items, place, found)
            if place == 0:
                self._add_all(batch, pairs, numbers, said, found)
        self._items += len(batch.items)
        self._labels += batch.labels.num_rows

    def _add_all(self, batch: Batch, pairs: Pairs, numbers: Ints, said: Units, found: Spread) -> None:
        offset = self._items
        item = said.item + offset
        drawn = said.label >= 0
        self._classes_only.add(item, 0, spread(said.unit[drawn], said.value[drawn], len(said.item)))
        self._pairs.add(batch, offset, pairs)
        self._people.add(batch, offset, said, pairs)
        self._without.add(batch, offset, said, found)
        self._classes.add(batch, offset, item, found, pairs)
        self._properties.add(batch, offset, numbers, pairs)
        own = batch.item[pairs.left] + offset
        self._matched.add(own, 0)
        self._overlap.add(own, 0, value=pairs.overlap)
        self._confusions.add(said, found)
        self._worst.add(batch, numbers, said, found)

    def result(self) -> Agreement:
        """Everything measured so far. Nothing to compare: no items, and values that are not defined."""
        families = self._measures()
        measured = iter(
            estimates(
                [measure for family in families.values() for measure in family],
                self._items, resamples=self._resamples, seed=self._seed,
            )
        )  # fmt: skip
        found = {name: [next(measured) for _ in family] for name, family in families.items()}
        sweep, among_drawn, mean_iou = found["overall"]
        alphas, kappas = found["properties"]
        return Agreement(
            compared=tuple(sorted(self.words.annotators.texts)),
            iou=self._iou,
            items=self._items,
            labels=self._labels,
            alpha=sweep[0],
            class_alpha=among_drawn[0],
            mean_iou=mean_iou[0],
            sweep=tuple(zip(SWEEP, sweep[1:], strict=True)),
            annotators=self._of_people(found["people"]),
            pairs=self._of_pairs(found["pairs"], kappas),
            classes=self._of_classes(found["classes"]),
            properties=tuple(sorted(zip(self._properties.names.texts, alphas, strict=True), key=_name)),
            confusion=self._confusions.result(self.words.classes.texts),
            worst=tuple(self._worst.result()),
            resamples=self._resamples,
            seed=self._seed,
        )

    def _measures(self) -> dict[str, list[Measure]]:
        """Everything that is measured of the sums, by what it is measured for."""
        items, zero = self._items, np.zeros(1, np.int64)
        whole = self._sweep.alpha(zero, items)
        people, classes = np.arange(len(self.words.annotators)), np.arange(len(self.words.classes))
        return {
            "overall": [
                replace(whole, groups=np.arange(len(SWEEP) + 1)),
                self._classes_only.alpha(zero, items),
                Ratio(zero, self._overlap.counts(items), self._matched.counts(items)),
            ],
            "people": [*self._people.measures(people, items), self._without.alpha(whole, people, items)],
            "classes": [*self._classes.measures(whole, classes, items)],
            "pairs": [*self._pairs.measures(self._couples(), items)],
            "properties": [self._properties.alpha(items), self._properties.kappa(items)],
        }

    def _couples(self) -> Ints:
        """The pairs of annotators that saw an item in common."""
        return np.unique(self._pairs.items.counts(self._items).group)

    def _of_people(self, found: list[list[Estimate]]) -> tuple[AnnotatorAgreement, ...]:
        groups = np.arange(len(self.words.annotators))
        items, labels = (totals(one, self._items, groups) for one in (self._people.items, self._people.drew))
        rows = [
            AnnotatorAgreement(name, *numbers, *measured)
            for name, numbers, measured in zip(
                self.words.annotators.texts,
                zip(items, labels, strict=True),
                zip(*found, strict=True),
                strict=True,
            )
        ]
        return tuple(sorted(rows, key=lambda row: (_undefined_last(row.recall), row.annotator)))

    def _of_pairs(self, found: list[list[Estimate]], kappas: list[Estimate]) -> tuple[PairAgreement, ...]:
        tally, names, groups = self._pairs, self.words.annotators.texts, self._couples()
        counted = (
            totals(one, self._items, groups)
            for one in (tally.items, tally.first_drew, tally.second_drew, tally.matched)
        )
        properties: dict[int, dict[str, Estimate]] = {}
        for (pair, name), kappa in zip(self._properties.pairs, kappas, strict=True):
            properties.setdefault(pair, {})[self._properties.names.texts[name]] = kappa
        rows = zip(groups.tolist(), zip(*counted, strict=True), zip(*found, strict=True), strict=True)
        return tuple(
            PairAgreement(
                names[pair // PAIR], names[pair % PAIR], items, (first, second), matched,
                recall, precision, iou, kappa, dict(sorted(properties.get(pair, {}).items())),
            )
            for pair, (items, first, second, matched), (recall, precision, iou, kappa) in rows
        )  # fmt: skip

    def _of_classes(self, found: list[list[Estimate]]) -> tuple[ClassAgreement, ...]:
        labels = totals(self._classes.given, self._items, np.arange(len(self.words.classes)))
        rows = [
            ClassAgreement(name, number, *measured)
            for name, number, measured in zip(
                self.words.classes.texts, labels, zip(*found, strict=True), strict=True
            )
        ]
        return tuple(sorted(rows, key=lambda row: (_undefined_last(row.agreement), row.name)))


def totals(tally: Tally, items: int, groups: Ints) -> list[int]:
    """What a tally counted for each group."""
    counts = tally.counts(items)
    sums = counts.by_group(counts.totals(np.ones((items, 1))), groups)[:, 0]
    return [round(number) for number in sums.tolist()]


def _undefined_last(found: Estimate) -> float:
    return 2.0 if found.value is None else found.value


def _name(named: tuple[str, Estimate]) -> str:
    return named[0]
