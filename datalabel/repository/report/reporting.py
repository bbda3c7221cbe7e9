"""The verb `report`: what a revision holds, what changed, what the rules find and what is still missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from datalabel.check.writers import Group, counts, grouped
from datalabel.errors import InputError
from datalabel.labels.diff import LabelChanges
from datalabel.labels.stats import Stats
from datalabel.labels.stats.counts import Plain, falling
from datalabel.labels.tables import GROUND_TRUTH
from datalabel.printable import printable
from datalabel.repository.check.accepting import unaccepted
from datalabel.repository.check.checking import CheckOptions, check_view
from datalabel.repository.differences import Difference, diff, diff_of_commit
from datalabel.repository.log import LogEntry
from datalabel.repository.project import Project
from datalabel.repository.report.statistics import stats_of
from datalabel.repository.revisions import STAGED, Revision, resolve_revision
from datalabel.repository.view import View

PLACES = 3
"""So many places of each rule are shown."""


@dataclass(frozen=True, slots=True)
class ClassChanges(Plain):
    """What happened to the labels of one class; labels that got another class are changes of the new one."""

    added: int
    removed: int
    changed: int


@dataclass(frozen=True, slots=True)
class SetChanges(Plain):
    """What happened to the labels of one set: in numbers, by field, by class (most first), and which classes
    became which."""

    added: int
    removed: int
    changed: int
    by_field: Mapping[str, int]
    classes: Mapping[str, ClassChanges]
    reclassified: tuple[tuple[str, str, int], ...]


@dataclass(frozen=True, slots=True)
class Changes(Plain):
    """What differs from another revision: items by kind of change, label sets by name, paths of the spec."""

    since: str
    items: Mapping[str, int]
    sets: Mapping[str, SetChanges]
    spec: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Missing(Plain):
    """A class with fewer labels than the spec's `quality: labels_per_class` asks for."""

    name: str
    labels: int
    missing: int


@dataclass(frozen=True, slots=True)
class Targets(Plain):
    """The spec's `quality: labels_per_class` against the labels of the ground truth: how many classes reach it,
    and those that do not, furthest first."""

    labels_per_class: int
    reached: int
    below: tuple[Missing, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """Everything about one revision. `changes` is None when there is nothing to compare with (a snapshot without
    `against`); `targets` when the spec has none."""

    project: str
    revision: str
    entry: LogEntry | None
    changes: Changes | None
    severities: Mapping[str, int]
    findings: tuple[Group, ...]
    stats: Stats
    targets: Targets | None

    def to_json(self) -> dict[str, Any]:
        """The JSON document that scripts rely on."""
        return {
            "project": self.project,
            "revision": self.revision,
            "commit": _commit_json(self.entry) if self.entry else None,
            "changes": self.changes.to_json() if self.changes else None,
            "check": {"counts": dict(self.severities), "rules": [_group_json(one) for one in self.findings]},
            "stats": self.stats.to_json(),
            "targets": self.targets.to_json() if self.targets else None,
        }


def _commit_json(entry: LogEntry) -> dict[str, Any]:
    commit = entry.commit
    return {
        "id": entry.id,
        "branch": commit.branch,
        "author": commit.author,
        "time": commit.time,
        "message": commit.message,
    }


def _group_json(group: Group) -> dict[str, Any]:
    return {
        "code": group.code,
        "rule": group.rule,
        "severity": group.severity.value,
        "findings": group.count,
        "items": group.items,
        "first": [finding.to_json() for finding in group.first],
    }


def report(project: Project, revision: str = "HEAD", against: str | None = None) -> Report:
    """Everything about one revision, and what changed since its parent, or since `against`.

    Staging is compared with `HEAD`. A snapshot selects, so without `against` it is compared with nothing.

    Raises:
        InputError: nothing has this name; there is no commit yet.
    """
    found = resolve_revision(project, revision)
    if found.commit is None and revision != STAGED:
        raise InputError(
            f"{revision} is not a commit", hint="dlabel report STAGED reports on what would be committed"
        )
    view = found.view(project)
    entry = LogEntry(found.commit, project.store.history.commit(found.commit)) if found.commit else None
    difference = _difference(project, found, entry, against)
    stats = stats_of(view)
    findings = unaccepted(project, view, check_view(view, CheckOptions()).findings)
    return Report(
        project=view.spec.project_name or printable(project.root.name),
        revision=revision,
        entry=entry,
        changes=_changes(difference) if difference else None,
        severities=counts(findings),
        findings=grouped(findings, PLACES),
        stats=stats,
        targets=_targets(view, stats),
    )


def _difference(
    project: Project, found: Revision, entry: LogEntry | None, against: str | None
) -> Difference | None:
    if against is not None:
        return diff(project, against, found.name)
    if entry is None:
        return diff(project, "HEAD", found.name)
    return None if found.snapshot else diff_of_commit(project, entry)


def _changes(difference: Difference) -> Changes:
    summary = difference.summary()
    sets = {name: _set_changes(difference, name, total) for name, total in summary["sets"].items()}
    return Changes(difference.before.name, summary["items"], sets, tuple(difference.spec))


@dataclass(slots=True)
class _Tally:
    """Labels of one set that changed, by class."""

    added: Counter[str] = field(default_factory=Counter)
    removed: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)
    renamed: Counter[tuple[str, str]] = field(default_factory=Counter)

    def classes(self) -> dict[str, ClassChanges]:
        totals = falling(self.added + self.removed + self.changed)
        return {
            name: ClassChanges(self.added[name], self.removed[name], self.changed[name]) for name in totals
        }

    def reclassified(self) -> tuple[tuple[str, str, int], ...]:
        rows = [(old, new, labels) for (old, new), labels in self.renamed.items()]
        return tuple(sorted(rows, key=lambda row: (-row[2], row[:2])))


def _set_changes(difference: Difference, name: str, total: Mapping[str, Any]) -> SetChanges:
    tally = _Tally()
    if not difference.before.label_table(name).segments:
        for rows in difference.after.labels(name).batches(["class"]):
            tally.added.update(_classes(rows.column("class")))
    else:
        for found in difference.compared(name):
            _count(tally, found)
    return SetChanges(**total, classes=tally.classes(), reclassified=tally.reclassified())


def _count(tally: _Tally, found: LabelChanges) -> None:
    before, after = found.before.column("class"), found.after.column("class")
    tally.added.update(_classes(after.take(pa.array(found.added))))
    tally.removed.update(_classes(before.take(pa.array(found.removed))))
    old = before.take(pa.array(found.changed_before)).to_pylist()
    new = after.take(pa.array(found.changed_after)).to_pylist()
    tally.changed.update(new)
    tally.renamed.update(pair for pair in zip(old, new, strict=True) if pair[0] != pair[1])


def _classes(names: pa.ChunkedArray) -> dict[str, int]:
    counted = names.value_counts()
    return dict(zip(counted.field("values").to_pylist(), counted.field("counts").to_pylist(), strict=True))


def _targets(view: View, stats: Stats) -> Targets | None:
    wanted = view.spec.quality.labels_per_class
    if wanted is None:
        return None
    found = stats.sets.get(GROUND_TRUTH)
    labels = {name: one.labels for name, one in found.classes.items()} if found else {}
    names = view.spec.classes or labels
    below = [
        Missing(name, labels.get(name, 0), wanted - labels.get(name, 0))
        for name in names
        if labels.get(name, 0) < wanted
    ]
    below.sort(key=lambda one: (one.labels, one.name))
    return Targets(wanted, len(names) - len(below), tuple(below))
