"""The verb `spec migrate`: labels and their spec changed together, by a map; one staged change."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from datalabel.check.finding import CheckBatch
from datalabel.errors import Fault, RefusedError
from datalabel.files import read_bounded
from datalabel.labels.diff import label_json
from datalabel.labels.rows import distinct, of_items
from datalabel.printable import amount
from datalabel.repository.derived_fields import without_derived
from datalabel.repository.project import Project
from datalabel.repository.spec.afterwards import SpecAfterwards
from datalabel.repository.spec.comparing import wrong_in
from datalabel.repository.spec.numbering import number_classes
from datalabel.repository.stage import Stage
from datalabel.repository.view import View
from datalabel.repository.working_tree import SPEC_FILE
from datalabel.spec.authored import Report
from datalabel.spec.migrate import apply_step
from datalabel.spec.migration import Migration, Step, names_after, words_of
from datalabel.spec.migration_file import read_migration
from datalabel.spec.migration_names import check_names
from datalabel.spec.model import Spec
from datalabel.spec.yaml_text import MAX_BYTES

SAMPLES = 3
"""So many labels are shown of each step."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A label that a step changed: its set, and what it was and is as JSON; `after` is None when it is gone."""

    set: str
    before: Mapping[str, Any]
    after: Mapping[str, Any] | None


@dataclass(slots=True)
class StepDone:
    """What a step did: how many labels it changed, in words what happened to how many, and some of them."""

    words: str
    labels: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    samples: list[Sample] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Migrated:
    """What a migration did, or would do.

    `left` says in words which labels have no place under the spec afterwards, and how many. `newly_invalid`
    counts labels that were valid under the old spec and are not under the new one. `spec_changed` says whether
    the spec in staging becomes another; `staged` whether anything was staged.
    """

    steps: tuple[StepDone, ...]
    labels: int
    images: int
    left: Mapping[str, int]
    newly_invalid: int
    spec_changed: bool
    warnings: tuple[Fault, ...]
    staged: bool


def migrate(
    project: Project, map_file: Path, *, dry_run: bool = False, allow_unmapped: bool = False
) -> Migrated:
    """Change the labels of all sets in staging as a map says, and stage the spec afterwards with them.

    That is the file which the map names (it becomes `dlabel.yaml`), else `dlabel.yaml` as it lies in the
    project. Labels keep their ids. What a source file says stays as it is remembered: for the next `add` this
    is a change of ours, which it keeps.

    Raises:
        InputError: the map or the spec afterwards has faults (all of one file are named).
        RefusedError: labels are left over without `allow_unmapped`, or `dlabel.yaml` holds what is not staged.
        BusyError: another process holds the project.
    """
    report = Report()
    hint = "dlabel spec migrate --help shows what a map looks like"
    text = read_bounded(map_file, MAX_BYTES, name=str(map_file), what="a map", hint=hint)
    migration = read_migration(text, map_file.name, report)
    with project.writing("dlabel spec migrate") as position:
        stage = Stage.of(project, position)
        view = stage.view
        spec = SpecAfterwards(project, stage, migration, map_file.parent)
        grammar = len(report.faults)
        check_names(migration, _classes(view), spec.spec, report)
        report.faults.raise_if_any(hint=_declare(migration) if len(report.faults) > grammar else None)
        changes = _Changes(view, migration.steps, spec.spec)
        for name, labels, changed in changes.pieces():
            if not dry_run:
                gone = set(changed) - distinct(labels.column("item"))
                stage.put_labels(name, of_items(labels, changed), gone)
        if changes.left and not (dry_run or allow_unmapped):
            raise _left_over(changes.left)
        _rename_in_sources(stage, migration.steps, changes.classes)
        if not dry_run:
            labelled = _classes_by_source(View(project.store, stage.finished(), "STAGED"))
            number_classes(stage, migration.steps, labelled, [*spec.spec.classes])
        other_spec = spec.stage()
        staged = not dry_run and stage.save(spec.renames())
    return changes.done(other_spec, tuple(report.warnings), staged=staged)


def _rename_in_sources(stage: Stage, steps: Sequence[Step], used: Collection[str]) -> None:
    """What a source names is called otherwise from now on: what its file says next in the words that it has, too."""
    view = View(stage.project.store, stage.tree, "STAGED")
    labelled = _classes_by_source(stage.view)
    for name, source in stage.tree.sources.items():
        if source.set is None:
            continue
        # Labels may have words that the header has not; what a class is called here is no word of the file.
        others = labelled.get(name, set()).difference(source.names.values())
        words = [*view.classes_in_file(source), *sorted(others)]
        after = names_after({**{one: one for one in words}, **source.names}, steps, used)
        if after != source.names:
            stage.set_source(name, replace(source, names=after))


def _classes_by_source(view: View) -> dict[str, set[str]]:
    """The classes of the labels of each source."""
    found: dict[str, set[str]] = {}
    for name in view.tree.sets:
        for batch in view.store.tables.scan(view.label_table(name), ["class", "source"]):
            pairs = batch.group_by(["source", "class"]).aggregate([])
            for row in pairs.to_pylist():
                found.setdefault(row["source"], set()).add(row["class"])
    return found


def _declare(migration: Migration) -> str:
    if migration.spec:
        return f"{migration.spec} is the spec afterwards: it has to declare what the steps lead to"
    return f"{SPEC_FILE} is the spec afterwards: declare it there, or name another file (`spec: FILE`)"


def _left_over(left: Mapping[str, int]) -> RefusedError:
    faults = [Fault(f"{amount(many, 'label')}: {words}") for words, many in left.items()]
    error = RefusedError.of(
        [Fault("some labels would have no place under the spec afterwards"), *faults],
        hint="say in the map what becomes of them, or --allow-unmapped keeps them as they are",
    )
    assert isinstance(error, RefusedError)  # noqa: S101 - `of` makes its own class
    return error


def _classes(view: View) -> set[str]:
    """The classes of the spec, and of the labels of all sets."""
    found = set(view.spec.classes)
    for name in view.tree.sets:
        for batch in view.labels(name).batches(["class"]):
            found |= distinct(batch.column("class"))
    return found


class _Changes:
    """The steps, made batch by batch; what they did is noted."""

    def __init__(self, view: View, steps: Sequence[Step], spec: Spec) -> None:
        self._view = view
        self._steps = steps
        self._spec = spec
        self._done = [StepDone(words_of(step)) for step in steps]
        self._labels = 0
        self._images: set[str] = set()
        self._newly_invalid = 0
        self.classes: set[str] = set()
        """Those of the labels afterwards."""
        self.left: dict[str, int] = {}

    def done(self, other_spec: bool, warnings: tuple[Fault, ...], *, staged: bool) -> Migrated:
        """Everything that was noted."""
        return Migrated(
            tuple(self._done),
            self._labels,
            len(self._images),
            dict(self.left),
            self._newly_invalid,
            other_spec,
            warnings,
            staged,
        )

    def pieces(self) -> Iterator[tuple[str, pa.Table, list[str]]]:
        """Batch by batch: the set, its labels as they are then, and the items concerned."""
        for name in sorted(self._view.tree.sets):
            for items, labels in self._view.keyed_batches(name):
                migrated, changed = self._batch(name, labels)
                self.classes |= distinct(migrated.column("class"))
                self._note_strangers(migrated)
                self._note_invalid(name, items, labels, migrated)
                self._images.update(changed)
                if changed:
                    yield name, without_derived(self._view.tree, labels, migrated), changed

    def _batch(self, name: str, labels: pa.Table) -> tuple[pa.Table, list[str]]:
        """All steps over one batch, and the items that they changed."""
        now, places = labels, np.arange(labels.num_rows)
        touched = np.zeros(labels.num_rows, np.bool_)
        for step, done in zip(self._steps, self._done, strict=True):
            outcome = apply_step(step, now)
            touched[places[outcome.touched]] = True
            done.labels += int(outcome.touched.sum())
            for words, many in outcome.counts.items():
                done.counts[words] = done.counts.get(words, 0) + many
            for words, many in outcome.left.items():
                self.left[words] = self.left.get(words, 0) + many
            wanted = np.flatnonzero(outcome.touched)[: SAMPLES - len(done.samples)]
            done.samples += _samples(name, now, outcome.labels, outcome.kept, wanted)
            now, places = outcome.labels, places[outcome.kept]
        self._labels += int(touched.sum())
        return now, sorted(distinct(labels.column("item").filter(pa.array(touched))))

    def _note_strangers(self, labels: pa.Table) -> None:
        """Labels of classes and kinds that the spec afterwards does not have."""
        counted = labels.select(["class", "kind"]).group_by(["class", "kind"]).aggregate([([], "count_all")])
        for row in counted.to_pylist():
            words = _stranger(self._spec, row["class"], row["kind"])
            if words is not None:
                self.left[words] = self.left.get(words, 0) + row["count_all"]

    def _note_invalid(self, name: str, items: pa.Table, before: pa.Table, after: pa.Table) -> None:
        old, _ = wrong_in(CheckBatch(name, items, before, self._view.spec))
        new, _ = wrong_in(CheckBatch(name, items, after, self._spec))
        self._newly_invalid += len(new - old)


def _stranger(spec: Spec, name: str, kind: str) -> str | None:
    """Why a class and kind has no place under a spec."""
    if spec.classes and name not in spec.classes:
        return f"class {name} is not in the spec"
    kinds = spec.classes.get(name)
    if kinds and kind not in kinds:
        return f"class {name} is drawn as {kind}, the spec allows {' or '.join(kinds)}"
    return None


def _samples(name: str, before: pa.Table, after: pa.Table, kept: Any, rows: Any) -> Iterator[Sample]:
    """Some rows as they were and are; those that were not kept are gone."""
    if not len(rows):
        return
    places = np.cumsum(kept) - 1
    for row in rows.tolist():
        was = label_json(before.slice(row, 1).to_pylist()[0])
        now = label_json(after.slice(places[row], 1).to_pylist()[0]) if kept[row] else None
        yield Sample(name, was, now)
