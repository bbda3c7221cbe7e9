"""The verb `check --fix`: repairs of what the rules find, staged like any other change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from datalabel.check.accepted import Acceptance, sift
from datalabel.check.finding import CheckBatch, Finding
from datalabel.check.fixes import FIXES, Fix
from datalabel.check.registry import RULES, matches, select
from datalabel.labels.hashing import hash_rows
from datalabel.labels.rows import differing_items, distinct, item_hashes, of_items
from datalabel.labels.tables import LABELS, label_id_text
from datalabel.repository.check.accepting import contents_at, load_accepted
from datalabel.repository.check.checking import CheckOptions, check_view
from datalabel.repository.derived_fields import without_derived
from datalabel.repository.project import Project
from datalabel.repository.stage import Stage
from datalabel.repository.view import View

SIZE_DIFFERS = "I104"
"""The rule that tells which images are of another size than their labels were drawn on."""


@dataclass(frozen=True, slots=True)
class FixedLabel:
    """A label that was repaired: set, item, id (hexadecimal)."""

    set: str
    item: str
    label: str


@dataclass(slots=True)
class FixedRule:
    """What the repairs of one rule did, in words, and to which labels."""

    code: str
    rule: str
    done: str
    safe: bool
    labels: list[FixedLabel] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Fixed:
    """What was repaired, rule by rule, and in labels of which sources, by their paths; nothing was staged on a dry
    run. `unsafe` says whether every repair was allowed."""

    rules: tuple[FixedRule, ...]
    dry_run: bool
    unsafe: bool = False
    sources: tuple[str, ...] = ()


def fix(project: Project, options: CheckOptions, *, unsafe: bool = False, dry_run: bool = False) -> Fixed:
    """Repair in staging what the chosen rules find, except what was accepted.

    Only safe repairs are made, unless `unsafe`. What a source file says stays as it is remembered: for the
    next `add` this is a change of ours, which it keeps.

    Raises:
        BusyError: another process holds the project.
    """
    acceptances = load_accepted(project.root)
    with project.writing("dlabel check --fix") as position:
        stage = Stage.of(project, position)
        view = stage.view
        repairs = _Repairs(view, _chosen(options, view, unsafe=unsafe), acceptances)
        for name in sorted(view.tree.sets):
            for labels, changed in repairs.of_set(name):
                gone = set(changed) - distinct(labels.column("item"))
                stage.put_labels(name, of_items(labels, changed), gone)
        if not dry_run:
            stage.save()
    paths = {view.tree.sources[name].path for name in repairs.sources if name in view.tree.sources}
    return Fixed(repairs.made(), dry_run, unsafe, tuple(sorted(path for path in paths if path)))


def _chosen(options: CheckOptions, view: View, *, unsafe: bool) -> list[Fix]:
    ignored = options.over(view.spec.check).ignore
    codes = {rule.code for rule in select(options.select, options.ignore) if not matches(rule.code, ignored)}
    return [fix for code, fix in FIXES.items() if code in codes and (fix.safe or unsafe)]


class _Repairs:
    """The chosen repairs, made batch by batch; what they did is noted."""

    def __init__(self, view: View, fixes: Sequence[Fix], acceptances: Sequence[Acceptance]) -> None:
        self._view = view
        self._fixes = fixes
        self._acceptances = acceptances
        self._contents = contents_at(view, acceptances)
        self._unfit: set[str | None] = set()
        if any(fix.by_size for fix in fixes):
            found = check_view(view, CheckOptions([SIZE_DIFFERS])).findings
            self._unfit = {one.item for one in found}
        self.sources: set[str] = set()
        self._noted = {
            fix.code: FixedRule(fix.code, RULES[fix.code].name, fix.done, fix.safe) for fix in fixes
        }

    def made(self) -> tuple[FixedRule, ...]:
        """The rules whose repairs changed something."""
        return tuple(one for one in self._noted.values() if one.labels)

    def of_set(self, name: str) -> Iterator[tuple[pa.Table, list[str]]]:
        """The batches of a set that repairs change: the labels as they are then, and the items concerned."""
        for items, labels in self._view.keyed_batches(name):
            repaired = labels
            for one in self._fixes:
                repaired = self._apply(one, CheckBatch(name, items, repaired, self._view.spec))
            if repaired is labels:
                continue
            repaired = without_derived(self._view.tree, labels, repaired)
            hashes = (item_hashes(rows, LABELS.names) for rows in (labels, repaired))
            if changed := differing_items(*hashes):
                yield repaired, changed

    def _apply(self, one: Fix, batch: CheckBatch) -> pa.Table:
        found: Iterable[Finding] = RULES[one.code].run(batch)
        if one.by_size:
            found = (finding for finding in found if finding.item not in self._unfit)
        rows = _rows(batch, sift(found, self._acceptances, self._contents).open)
        if not len(rows):
            return batch.labels
        repaired = one.change(batch, rows)
        before, after = hash_rows(batch.labels, LABELS.names), hash_rows(repaired, LABELS.names)
        touched = batch.labels.filter(pa.array(~np.isin(before, after))).select(["item", "id", "source"])
        self.sources |= distinct(touched.column("source").drop_null())
        self._noted[one.code].labels += [
            FixedLabel(batch.set, row["item"], label_id_text(row["id"])) for row in touched.to_pylist()
        ]
        return repaired


def _rows(batch: CheckBatch, findings: Sequence[Finding]) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """Where in the batch the labels of findings are."""
    wanted = {(one.item, int(one.label, 16)) for one in findings if one.label is not None}
    ids = pa.array([number for _, number in wanted], pa.uint64())
    rows = np.flatnonzero(pc.is_in(batch.labels.column("id"), value_set=ids).to_numpy())
    named = batch.labels.select(["item", "id"]).take(pa.array(rows)).to_pylist()
    return rows[[(row["item"], row["id"]) in wanted for row in named]] if len(rows) else rows
