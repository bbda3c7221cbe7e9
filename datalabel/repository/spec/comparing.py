"""The verb `spec diff`: what changes between two specs, and how many labels of a revision each change is about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import pyarrow as pa

from datalabel.check.finding import CheckBatch
from datalabel.check.registry import select
from datalabel.check.run import run
from datalabel.labels.properties import properties_in
from datalabel.repository.view import View
from datalabel.spec.changes import EFFECTS, Effect, SpecChange
from datalabel.spec.compare import compare
from datalabel.spec.model import CheckSettings, Spec

_OF_LABELS = ("class", "kind", "properties")
_OF_IMAGES = ("format", "state", "properties")


@dataclass(frozen=True, slots=True)
class CountedChange:
    """A change, and how many labels or images it is about; None where that was not asked for."""

    change: SpecChange
    labels: int | None = None
    images: int | None = None

    def to_json(self) -> dict[str, Any]:
        """The shape that scripts rely on."""
        return {**self.change.to_json(), "labels": self.labels, "images": self.images}


@dataclass(frozen=True, slots=True)
class SpecDiff:
    """The changes, worst first; the revision whose labels were counted; and how many labels and images that
    were valid there would no longer be. None where nothing was counted."""

    changes: tuple[CountedChange, ...]
    at: str | None = None
    wrong_labels: int | None = None
    wrong_images: int | None = None

    def counts(self) -> dict[Effect, int]:
        """How many changes of each effect."""
        found = Counter(one.change.effect for one in self.changes)
        return {effect: found[effect] for effect in EFFECTS}


def diff_specs(before: Spec, after: Spec, view: View | None) -> SpecDiff:
    """Compare two specs; with a view, count its labels of all sets. Two passes at most, bounded memory."""
    changes = sorted(compare(before, after), key=lambda change: EFFECTS.index(change.effect))
    if view is None:
        return SpecDiff(tuple(map(CountedChange, changes)))
    counted = tuple(_counted(view, changes))
    wrong = (
        ((), ()) if all(one.effect == "compatible" for one in changes) else newly_wrong(view, before, after)
    )
    return SpecDiff(counted, view.name, *map(len, wrong))


def _counted(view: View, changes: Sequence[SpecChange]) -> Iterator[CountedChange]:
    labels, images = (_Tally(changes, of) for of in ("labels", "images"))
    for name in sorted(view.tree.sets) if labels else ():
        for batch in view.labels(name).batches(_OF_LABELS):
            labels.add(batch, _OF_LABELS)
    for batch in view.item_batches(_OF_IMAGES) if images else ():
        images.add(batch, _OF_IMAGES)
    for place, change in enumerate(changes):
        yield CountedChange(change, labels.count(place), images.count(place))


class _Tally:
    """How many rows are in the scope of each change; every distinct row is judged once a batch."""

    def __init__(self, changes: Sequence[SpecChange], of: str) -> None:
        self._scopes = {
            place: one.scope for place, one in enumerate(changes) if one.scope and one.scope.of == of
        }
        self._by_class: dict[str | None, list[int]] = {}
        for place, scope in self._scopes.items():
            self._by_class.setdefault(scope.class_name, []).append(place)
        self._counts: Counter[int] = Counter()

    def __bool__(self) -> bool:
        return bool(self._scopes)

    def count(self, place: int) -> int | None:
        """Of the change at this place; None when it is not about such rows."""
        return self._counts[place] if place in self._scopes else None

    def add(self, batch: pa.Table, columns: Sequence[str]) -> None:
        """Take in a batch."""
        for row in batch.group_by(list(columns)).aggregate([([], "count_all")]).to_pylist():
            told = {**row, "properties": _decoded(row["properties"])}
            name = row.get("class")
            for place in (*self._by_class.get(None, ()), *(self._by_class.get(name, ()) if name else ())):
                if self._scopes[place].holds(told):
                    self._counts[place] += row["count_all"]


@lru_cache(maxsize=4096)
def _decoded(text: str | None) -> Mapping[str, Any]:
    """Properties that cannot be read are told by `check`; here there are none."""
    return properties_in(text) or {}


def newly_wrong(view: View, before: Spec, after: Spec) -> tuple[set[tuple[str, str, str]], set[str]]:
    """The labels (set, item, id) and images about which the rules of the spec find something under the second
    spec and found nothing under the first."""
    labels: set[tuple[str, str, str]] = set()
    images: set[str] = set()
    for name in sorted(view.tree.sets):
        for items, rows in view.keyed_batches(name):
            (old_labels, old_images), (new_labels, new_images) = (
                wrong_in(CheckBatch(name, items, rows, spec)) for spec in (before, after)
            )
            labels |= {(name, *one) for one in new_labels - old_labels}
            images |= new_images - old_images
    return labels, images


def wrong_in(batch: CheckBatch) -> tuple[set[tuple[str, str]], set[str]]:
    """The labels (item, id) and the items of a batch about which the rules of the spec find something."""
    labels: set[tuple[str, str]] = set()
    images: set[str] = set()
    for finding in run([batch], select(("S",)), CheckSettings()):
        if finding.label is not None:
            labels.add((finding.item or "", finding.label))
        elif finding.item is not None:
            images.add(finding.item)
    return labels, images
