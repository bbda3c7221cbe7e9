"""`check`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datalabel.cli import check_options as named
from datalabel.cli import pages
from datalabel.cli.check_text import AcceptedText, BaselineText, CheckText, DryFixText, RulesText
from datalabel.cli.pages import HTML, MAX_IMAGES
from datalabel.cli.presenting import FORMATS, Presentation, check_format
from datalabel.cli.session import SESSION
from datalabel.errors import InputError, NoProjectError, UsageError, nearest
from datalabel.files import no_such_file

if TYPE_CHECKING:
    from datalabel.check.finding import Rule, Severity
    from datalabel.repository.check.checking import CheckOptions
    from datalabel.repository.check.fixing import Fixed
    from datalabel.repository.check.gating import Gated, GateOptions
    from datalabel.repository.repository import Repository
    from datalabel.spec.model import Spec

FAIL_ON = ("error", "warning", "info", "never")
SEVERITIES = ("error", "warning", "info")
ACCEPT = "accept"
_FILES_OR_PROJECT = "dlabel init, or name label files: dlabel check labels.json"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is checked, and how: a revision or label files, and the options that go with either."""

    targets: Sequence[str]
    options: GateOptions
    spec: str | None
    labels: str | None
    size: str | None

    @property
    def files(self) -> list[Path]:
        """The label files, when the targets are such and no revision.

        Raises:
            InputError: some of several are not there.
            UsageError: there are several targets, and none is a file.
        """
        there = [text for text in self.targets if SESSION.path(text).exists()]
        if not there or _is_revision(self.targets[0]):
            if len(self.targets) > 1:
                raise UsageError("check takes one revision, or label files that exist")
            return []
        for text in self.targets:
            if text not in there:
                raise no_such_file(SESSION.path(text), text)
        return [SESSION.path(text) for text in self.targets]


def check(
    targets: list[str] = named.TARGETS, select: list[str] = named.SELECT, ignore: list[str] = named.IGNORE,
    severity: list[str] = named.SEVERITY, fail_on: str = named.FAIL_ON, since: str | None = named.SINCE,
    baseline: str | None = named.BASELINE, write_baseline: bool = named.WRITE_BASELINE,
    spec: str | None = named.SPEC, labels: str | None = named.LABELS, size: str | None = named.SIZE,
    images: bool = named.IMAGES, sets: tuple[str, str] | None = named.SETS, fix: bool = named.FIX,
    unsafe_fixes: bool = named.UNSAFE_FIXES, dry_run: bool = named.DRY_RUN, statistics: bool = named.STATISTICS,
    explain: str | None = named.EXPLAIN, list_: bool = named.LIST,
    because: str | None = named.BECAUSE, html: str = HTML, max_images: int = MAX_IMAGES,
) -> Presentation:  # fmt: skip
    """Find labels that are not what the spec says, or cannot be right.

    With a revision: everything it holds. With label files instead: the files as they are on disk, without a
    project, for CI. Exits 1 when something at or above --fail-on was found.

    `check accept CODE ITEM [LABEL] --because WHY` writes into dlabel.accepted.yaml that a finding is right as
    it is, until the label changes.
    """
    repairs = fix or unsafe_fixes
    accepts = bool(targets) and targets[0] == ACCEPT
    _refuse_several({"--list": list_, "--explain": explain is not None, "`check accept`": accepts,
                     "--write-baseline": write_baseline, "--fix": repairs})  # fmt: skip
    if list_ or explain is not None or accepts or write_baseline or dry_run:
        check_format(SESSION, FORMATS)  # before anything is written
    if list_ or explain is not None:
        return _rules(explain if explain is None else ",".join([explain, *(targets or ())]))
    if accepts:
        return _accept(targets[1:], because, sets)
    _refuse_stray(because, dry_run=dry_run and not repairs)
    options, failing = _options((select, ignore, severity), images=images, sets=sets), _failing(fail_on)
    wanted = _wanted(targets, options, since, baseline, (spec, labels, size), drawn=bool(html))
    if write_baseline:
        return _write_baseline(wanted)
    fixed = _fix(wanted, unsafe=unsafe_fixes, dry_run=dry_run) if repairs else None
    if dry_run and fixed is not None:
        return DryFixText(fixed)
    gated = _gate(wanted)
    found = CheckText(gated, _ran(wanted.options.check), failing, statistics, fixed)
    return _page(wanted, gated, html, max_images, found.status) if html else found


def _refuse_several(asked: Mapping[str, bool]) -> None:
    """Each of these is something else to do."""
    first, *others = [name for name, given in asked.items() if given] or [""]
    if others:
        raise UsageError(f"{first} and {others[0]} exclude each other")


def _refuse_stray(because: str | None, *, dry_run: bool) -> None:
    """Options that go with something else, which is not asked for."""
    if because is not None:
        raise UsageError("--because goes with `check accept CODE ITEM [LABEL]`")
    if dry_run:
        raise UsageError("--dry-run goes with --fix or --unsafe-fixes")


def _options(
    rules: tuple[list[str] | None, list[str] | None, list[str] | None],
    *,
    images: bool,
    sets: tuple[str, str] | None,
) -> CheckOptions:
    from datalabel.check.registry import select
    from datalabel.repository.check.checking import CheckOptions

    chosen, ignored, severity = rules
    severities = _severities(severity)
    options = CheckOptions(_codes(chosen), _codes(ignored), severity=severities, images=images, sets=sets)
    select([*options.select, *options.ignore, *options.severity])
    return options


def _wanted(
    targets: list[str] | None,
    options: CheckOptions,
    since: str | None,
    baseline: str | None,
    files: tuple[str | None, str | None, str | None],
    *,
    drawn: bool,
) -> Wanted:
    from datalabel.repository.check.gating import GateOptions

    path = None if baseline is None else SESSION.path(baseline)
    # The shell's *.json may name the baseline among the label files.
    checked = [text for text in targets or [] if path is None or SESSION.path(text) != path]
    wanted = Wanted(checked, GateOptions(options, since, path), *files)
    if drawn and wanted.files:
        raise UsageError("--html draws the images of a project", hint="dlabel add the files first")
    return wanted


def _codes(texts: list[str] | None) -> list[str]:
    return [code.strip() for text in texts or [] for code in text.split(",") if code.strip()]


def _severities(texts: list[str] | None) -> Mapping[str, Any]:
    found = {}
    for text in _codes(texts):
        code, sign, word = text.partition("=")
        if not sign or word not in SEVERITIES:
            raise UsageError(f"--severity takes CODE=error, CODE=warning or CODE=info, not {text!r}")
        found[code] = word
    return found


def _failing(word: str) -> Severity | None:
    from datalabel.check.finding import Severity

    if word not in FAIL_ON:
        close = nearest(word, FAIL_ON)
        hint = f"did you mean {close}?" if close else None
        raise UsageError(f"--fail-on takes {', '.join(FAIL_ON)}, not {word!r}", hint=hint)
    return None if word == "never" else Severity(word)


def _is_revision(text: str) -> bool:
    return text in ("HEAD", "STAGED") or text.startswith("HEAD~")


def _rules(codes: str | None) -> Presentation:
    from datalabel.check.registry import select

    return RulesText(select(_codes([codes or ""])), explained=codes is not None)


def _ran(options: CheckOptions) -> Sequence[Rule]:
    from datalabel.check.registry import select

    return select(options.select, options.ignore)


def _gate(wanted: Wanted) -> Gated:
    from datalabel.repository.add.read_labels import parse_size
    from datalabel.repository.check.gating import gate_files
    from datalabel.repository.check.label_files import AskedFiles

    files = wanted.files
    if not files:
        for option, text in (("--spec", wanted.spec), ("--labels", wanted.labels), ("--size", wanted.size)):
            if text is not None:
                raise UsageError(f"{option} goes with label files; a revision has its own")
        return _gate_revision(wanted)
    if wanted.options.since is not None:
        raise UsageError(
            "--since compares two revisions of a project; label files alone have none",
            hint="--baseline FILE leaves out what was found before",
        )
    if wanted.options.check.sets is not None:
        raise UsageError("--sets holds two sets of a project against each other; label files alone have none")
    size = parse_size(wanted.size) if wanted.size is not None else None
    asked = AskedFiles(files, SESSION.start, wanted.labels, size)
    return gate_files(asked, _spec_for(wanted.spec), wanted.options)


def _gate_revision(wanted: Wanted) -> Gated:
    from datalabel.repository.check.gating import gate_revision
    from datalabel.repository.revisions import resolve_revision

    revision = wanted.targets[0] if wanted.targets else "STAGED"
    try:
        project = _repository().project
        resolve_revision(project, revision)
    except (InputError, NoProjectError) as error:
        # Where there is no project, nothing but files can be meant; in one, what looks like a path.
        alone = isinstance(error, NoProjectError)
        nor = "project whose revision it could be" if alone else "revision"
        missing = no_such_file(SESSION.path(revision), revision, f"no such file or folder, and no {nor}")
        if wanted.targets and (alone or {"/", "."} & set(revision) or missing.hint):
            missing.hint = missing.hint or (_FILES_OR_PROJECT if alone else None)
            raise missing from None
        raise
    return gate_revision(project, revision, wanted.options)


def _repository() -> Repository:
    try:
        return SESSION.repository()
    except NoProjectError as error:
        raise NoProjectError(
            error.faults[0].what,
            where=error.faults[0].where,
            hint=_FILES_OR_PROJECT,
        ) from None


def _spec_for(spec: str | None) -> Spec:
    """The spec named on the line, else dlabel.yaml where the command was started, else one that allows all."""
    from datalabel.repository.spec.foreign import load_spec_file
    from datalabel.spec.model import Spec

    path = SESSION.path(spec or "dlabel.yaml")
    if spec is None and not path.is_file():
        return Spec()
    return load_spec_file(path, SESSION.templates).spec


def _write_baseline(wanted: Wanted) -> Presentation:
    from datalabel.repository.check.gating import write_baseline

    path = wanted.options.baseline
    if path is None:
        raise UsageError("--write-baseline takes no file of its own", hint="--baseline FILE --write-baseline")
    if wanted.options.since is not None:
        raise UsageError("a baseline holds everything that is found, not what a change brought (--since)")
    gated = _gate(replace(wanted, options=replace(wanted.options, baseline=None)))
    changed = write_baseline(path, gated)
    shown = path.relative_to(SESSION.start) if path.is_relative_to(SESSION.start) else path
    return BaselineText(str(shown), len(gated.checked.findings), changed)


def _fix(wanted: Wanted, *, unsafe: bool, dry_run: bool) -> Fixed:
    from datalabel.repository.check.fixing import fix

    if list(wanted.targets) not in ([], ["STAGED"]):
        raise UsageError(
            "--fix changes staging; it takes no revision and no files",
            hint="dlabel add them, dlabel check --fix, dlabel export or dlabel restore writes them",
        )
    if wanted.options.since is not None or wanted.options.baseline is not None:
        raise UsageError(
            "--fix repairs whatever is found in staging: it goes without --since and --baseline",
            hint="--select chooses rules; -n shows what would be repaired",
        )
    return fix(_repository().project, wanted.options.check, unsafe=unsafe, dry_run=dry_run)


def _accept(arguments: Sequence[str], because: str | None, sets: tuple[str, str] | None) -> Presentation:
    from datalabel.repository.check.accepting import accept

    if len(arguments) not in (2, 3):
        raise UsageError(
            "accept takes a code, an item and perhaps a label", hint="dlabel check accept --help"
        )
    if because is None:
        raise UsageError("an acceptance needs a reason", hint='--because "why it is right as it is"')
    code, item, *label = arguments
    project = _repository().project
    # From a folder below the root, a path is written as the shell completes it.
    key = project.key_of(SESSION.path(item)) if SESSION.path(item).exists() else item
    return AcceptedText(accept(project, code, key, label[0] if label else None, because, sets))


def _page(wanted: Wanted, gated: Gated, html: str, max_images: int, status: int) -> Presentation:
    from datalabel.repository.pages.finding_pictures import page_of_findings
    from datalabel.repository.pages.page_pictures import PageOptions

    repository = _repository()
    view = repository.view(wanted.targets[0] if wanted.targets else "STAGED")
    page = page_of_findings(repository.project, view, gated.checked.findings, PageOptions(max_images))
    return pages.write(page, html, "found", status)
