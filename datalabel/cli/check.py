"""`check`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from datalabel.cli.completion import revisions
from datalabel.cli.findings_text import findings_lines, totals
from datalabel.cli.presenting import Presentation, Screen, count, shown
from datalabel.cli.session import SESSION
from datalabel.errors import InputError, UsageError

if TYPE_CHECKING:
    from datalabel.repository.checking import Checked, CheckOptions
    from datalabel.spec.model import Spec

FAIL_ON = ("error", "warning", "info", "never")


@dataclass
class CheckText(Presentation):
    """What a check found."""

    found: Checked
    fail_on: str = "error"
    _worst: int = field(init=False, default=3)

    def __post_init__(self) -> None:
        self._worst = min((finding.severity.rank for finding in self.found.findings), default=3)
        limit = {"error": 0, "warning": 1, "info": 2, "never": -1}[self.fail_on]
        self.status = 1 if self._worst <= limit else 0

    def text(self, screen: Screen) -> None:
        findings_lines(screen, self.found.findings, places=20 if SESSION.verbose else 5)
        if self.found.findings:
            screen.line()
        scope = f"{count(self.found.labels, 'label')} on {count(self.found.items, 'item')}"
        screen.line(
            f"Checked {scope} at {shown(self.found.revision)}: ", (totals(self.found.findings), "bold")
        )

    def json(self) -> Any:
        from datalabel.check.writers import document

        return document(self.found.revision, self.found.findings)


def check(
    targets: list[str] = typer.Argument(
        None, metavar="[REV | PATH…]", autocompletion=revisions, help="A revision (STAGED), or label files."
    ),
    select: list[str] = typer.Option(
        None, "--select", metavar="CODES", help="Only these rules: codes or beginnings."
    ),
    ignore: list[str] = typer.Option(None, "--ignore", metavar="CODES", help="Not these rules."),
    since: str = typer.Option(
        None, "--since", metavar="REV", autocompletion=revisions, help="What changed since REV."
    ),
    spec: str = typer.Option(None, "--spec", metavar="FILE", help="The spec for label files (dlabel.yaml)."),
    labels: str = typer.Option(
        None, "--labels", metavar="FORMAT", help="Insist on the format of label files."
    ),
    fail_on: str = typer.Option(
        "error", "--fail-on", metavar="SEVERITY", help="error, warning, info or never."
    ),
) -> Presentation:
    """Find labels that are not what the spec says, or cannot be right.

    With a revision: everything it holds. With label files instead: the files as they are on disk, without a
    project, for CI. Exits 1 when something at or above --fail-on was found.
    """
    from datalabel.repository.checking import CheckOptions

    if fail_on not in FAIL_ON:
        raise UsageError(f"--fail-on takes {', '.join(FAIL_ON)}, not {fail_on!r}")
    options = CheckOptions(_codes(select), _codes(ignore))
    paths = [text for text in targets or [] if SESSION.path(text).exists()]
    if paths and not _is_revision(targets[0]):
        absent = [text for text in targets if text not in paths]
        if absent:
            raise InputError("no such file or folder", where=absent[0])
        return CheckText(_check_files(paths, labels, spec, options), fail_on)
    if len(targets or []) > 1:
        raise UsageError("check takes one revision, or label files that exist")
    return CheckText(_check_revision((targets or ["STAGED"])[0], since, options), fail_on)


def _codes(texts: list[str] | None) -> list[str]:
    return [code.strip() for text in texts or [] for code in text.split(",") if code.strip()]


def _is_revision(text: str) -> bool:
    return text in ("HEAD", "STAGED") or text.startswith("HEAD~")


def _check_revision(revision: str, since: str | None, options: CheckOptions) -> Checked:
    from datalabel.repository.checking import check_since, check_view
    from datalabel.repository.history import diff

    repository = SESSION.repository()
    if since is not None:
        return check_since(diff(repository.project, since, revision), options)
    return check_view(repository.view(revision), options)


def _check_files(
    paths: list[str], format_name: str | None, spec: str | None, options: CheckOptions
) -> Checked:
    from datalabel.repository.checking import check_files

    return check_files([Path(SESSION.path(path)) for path in paths], format_name, _spec_for(spec), options)


def _spec_for(spec: str | None) -> Spec:
    """The spec named on the line, else dlabel.yaml where the command was started, else one that allows all."""
    from datalabel.spec.load import load_file
    from datalabel.spec.model import Spec

    path = SESSION.path(spec or "dlabel.yaml")
    if spec is None and not path.is_file():
        return Spec()
    return load_file(path, templates=SESSION.templates).spec
