"""`check` as a gate: what the rules found, less what was there before and what people know and accept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain
from os import PathLike
from pathlib import Path

from datalabel.check.accepted import Acceptance, sift
from datalabel.check.baseline import MAX_BYTES, Baseline, marks, read_baseline, subtract
from datalabel.check.finding import OTHERS, Finding, Mark, Needs
from datalabel.check.registry import RULES, matches, refuse_unknown, select
from datalabel.errors import InputError
from datalabel.files import read_bounded, write_atomic
from datalabel.repository.check.accepting import contents_at, contents_in, load_accepted
from datalabel.repository.check.checking import Checked, CheckOptions, check_files, check_since, check_view
from datalabel.repository.check.label_files import AskedFiles
from datalabel.repository.check.locating import located, numbered
from datalabel.repository.differences import Difference, diff
from datalabel.repository.narrowing import narrowed
from datalabel.repository.output_file import refuse_own
from datalabel.repository.project import Project
from datalabel.repository.revisions import STAGED, view_at
from datalabel.repository.spec.file import spec_changed
from datalabel.repository.working_tree import SPEC_FILE
from datalabel.spec.model import Spec


@dataclass(frozen=True, slots=True)
class GateOptions:
    """Which rules run, and what is left out: findings of `since`, findings of the baseline in a file."""

    check: CheckOptions
    since: str | None = None
    baseline: Path | None = None


@dataclass(frozen=True, slots=True)
class Gated:
    """What is left to complain of, and how many findings were accepted or in the baseline.

    `stale` are the entries of the baseline, `lapsed` the acceptances, that excused nothing although their
    rules ran over everything: the fault is gone, or the label is not what was accepted. `project` is the
    name in the spec; `alone` says that label files were looked at, and no revision; `spec_waits` that
    `dlabel.yaml` is another than the spec in staging, by which staging was checked.
    """

    checked: Checked
    accepted: int = 0
    known: int = 0
    stale: tuple[Mark, ...] = ()
    lapsed: tuple[Acceptance, ...] = ()
    project: str | None = None
    alone: bool = False
    spec_waits: bool = False


def gate_revision(
    project: Project, revision: str, options: GateOptions, paths: Sequence[str | PathLike[str]] = ()
) -> Gated:
    """The gate over a revision, or over the items of it that paths and globs mean.

    Raises:
        InputError: the baseline or the file of acceptances cannot be used, the spec's `check` names no rule, or a
            path means nothing.
    """
    if paths:
        views = [view_at(project, name) for name in (revision, options.since) if name is not None]
        chosen = replace(options.check, narrow=narrowed(project, paths, views))
        options = replace(options, check=chosen)
    acceptances = load_accepted(project.root)
    if options.since is not None:
        difference = diff(project, options.since, revision)
        view = difference.after
        refuse_unknown(view.spec.check, SPEC_FILE)
        checked = check_brought(project, difference, options.check)
    else:
        view = view_at(project, revision)
        refuse_unknown(view.spec.check, SPEC_FILE)
        checked = check_view(view, options.check, project.progress)
    sifted = sift(checked.findings, acceptances, contents_at(view, acceptances))
    found = located(view, sifted.open)
    waits = revision == STAGED and spec_changed(project, view.tree) is not None
    name = view.spec.project_name
    gated = Gated(replace(checked, findings=found), len(sifted.accepted), project=name, spec_waits=waits)
    return _finished(gated, sifted.idle, view.spec, options)


def gate_files(asked: AskedFiles, spec: Spec, options: GateOptions) -> Gated:
    """The gate over label files without a project; where they are asked from lie the acceptances, and from there
    findings name files."""
    root = asked.start
    acceptances = load_accepted(root)
    refuse_unknown(spec.check, SPEC_FILE)
    checked = check_files(asked, spec, options.check)
    codes = {one.code for one in acceptances}
    contents = contents_in(checked.batches, (one for one in checked.findings if one.code in codes))
    sifted = sift(checked.findings, acceptances, contents, alone=True)
    checked = replace(checked, findings=numbered(checked.batches, sifted.open))
    gated = Gated(checked, len(sifted.accepted), project=spec.project_name, alone=True)
    return _finished(gated, sifted.idle, spec, options)


def check_brought(project: Project, difference: Difference, options: CheckOptions) -> Checked:
    """What the change between two trees brought: findings after it that were not there before.

    Only what changed is looked at, and before the change only the rules and items that have findings after it.
    A finding that was there before is known by rule, place and gist, also under an item's old name.
    """
    after = check_since(difference, options, project.progress)
    known: Counter[Mark] = Counter()
    # Apart: rules about a set need all that changed, and little of each label.
    for about_items in (False, True):
        some = [one for one in after.findings if (one.item is not None) is about_items]
        if some:
            known += _known_before(project, difference, options, after, some)
    return replace(after, findings=subtract(after.findings, known).new)


def _known_before(
    project: Project,
    difference: Difference,
    options: CheckOptions,
    after: Checked,
    found: Sequence[Finding],
) -> Counter[Mark]:
    """What the rules of some findings after the change find on their items before it, under the items' new names."""
    renames = difference.renames
    origins = {new: old for old, new in renames.items()}
    items = {origins.get(one.item or "", one.item) for one in found}
    codes = {one.code for one in found}
    # What one item is held against may be another one that changed, or one beside them.
    across = any(RULES[code].needs & OTHERS for code in codes)
    narrow = None if None in items or across else items.__contains__
    others = {name: {origins.get(one, one) for one in some} for name, some in after.beside.items() if across}
    silent = [code for code in RULES if code not in codes]
    fewer = replace(options, ignore=[*options.ignore, *silent])
    # What is said of an image is said with any set; the one with which it was said may not have been there.
    images = {origins.get(one.item, one.item) for one in found if one.item and one.set is None}
    before = check_since(difference.reversed(narrow), fewer, project.progress, others, images)
    return marks(
        replace(one, item=renames.get(one.item or "", one.item))
        for one in before.findings
        if (one.item is None) is (None in items)
    )


def _finished(gated: Gated, idle: Sequence[Acceptance], spec: Spec, options: GateOptions) -> Gated:
    """Less the baseline, and with what excused nothing where that can be told."""
    whole = options.since is None and options.check.narrow is None
    ignored = options.check.over(spec.check).ignore
    # What is found between two sets is not there where these are not named.
    ran = {
        rule.code
        for rule in select(options.check.select, options.check.ignore)
        if not matches(rule.code, ignored) and Needs.ANNOTATORS not in rule.needs
    }
    seen = _items_of(gated)
    lapsed = tuple(one for one in idle if whole and one.code in ran and (seen is None or one.item in seen))
    gated = replace(gated, lapsed=lapsed)
    if options.baseline is None:
        return gated
    baseline = _load_baseline(options.baseline, gated)
    judged = subtract(gated.checked.findings, baseline.marks)
    missing = (mark for mark in sorted(judged.missing.elements()) if whole and mark[0] in ran)
    stale = tuple(mark for mark in missing if seen is None or mark[2] in seen)
    checked = replace(gated.checked, findings=judged.new)
    return replace(gated, checked=checked, known=judged.known, stale=stale)


def _items_of(gated: Gated) -> set[str | None] | None:
    """The items of the label files that were read, which may be some of many, and the sets that they make; None for
    a revision, which has all."""
    if not gated.alone:
        return None
    keys = (batch.items.column("item").to_pylist() for batch in gated.checked.batches)
    return {None, "", *chain.from_iterable(keys)}


def _load_baseline(path: Path, gated: Gated) -> Baseline:
    """The baseline in a file.

    Raises:
        InputError: there is none, it cannot be read, or it is of other findings: another project's, or those of label
            files and not of revisions.
    """
    hint = None if path.exists() else f"dlabel check --baseline {path} --write-baseline writes it"
    data = read_bounded(path, MAX_BYTES, name=str(path), what="a baseline", hint=hint)
    baseline = read_baseline(data, str(path))
    if None not in (gated.project, baseline.project) and gated.project != baseline.project:
        raise InputError(
            f"is the baseline of the project {baseline.project!r}, not of {gated.project!r}",
            where=str(path),
            hint="name this project's own, or delete the file and write it anew with --write-baseline",
        )
    if baseline.alone is not None and baseline.alone != gated.alone:
        kinds = ("revisions of a project", "label files alone")
        raise InputError(
            f"is a baseline of {kinds[baseline.alone]}, and labels have other ids in {kinds[gated.alone]}",
            where=str(path),
            hint="keep one for each, or `dlabel check accept` what is to hold in both",
        )
    return baseline


def write_baseline(path: Path, gated: Gated) -> bool:
    """Write what a gate found down as the baseline; whether the file changed.

    Raises:
        InputError: the file that is there is no baseline, or one of other findings: it is not overwritten.
        RefusedError: it would lie in a folder of dlabel or git.
    """
    refuse_own(path)
    if path.exists():
        _load_baseline(path, gated)
    data = Baseline(gated.project, marks(gated.checked.findings), gated.alone).to_bytes()
    if path.exists() and path.read_bytes() == data:
        return False
    write_atomic(path, data)
    return True
