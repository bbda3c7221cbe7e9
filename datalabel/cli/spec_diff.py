"""`spec diff`."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

import typer

from datalabel.cli.completion import revisions
from datalabel.cli.presenting import Presentation, Screen, shown
from datalabel.cli.session import SESSION
from datalabel.cli.spec_change_text import EFFECT_STYLES, spec_change_line
from datalabel.printable import amount

if TYPE_CHECKING:
    from datalabel.repository.project import Project
    from datalabel.repository.spec.comparing import CountedChange, SpecDiff

_MEANINGS = {
    "breaking": "what is counted becomes invalid",
    "narrowing": "some of what is counted may become invalid, or mean something else",
    "compatible": "what was valid stays valid",
}


@dataclass
class SpecDiffText(Presentation):
    """What changes between two specs."""

    before: str
    after: str
    found: SpecDiff
    exit_code: bool = False
    has_classes: bool = True

    def __post_init__(self) -> None:
        self.status = 1 if self.exit_code and self.found.changes else 0

    def text(self, screen: Screen) -> None:
        if not self.found.changes:
            screen.line(f"{shown(self.before)} and {shown(self.after)} say the same.")
            if not self.has_classes:
                screen.line(("Neither names a class; `defaults` show on classes that take them.", "dim"))
            return
        for effect, changes in groupby(self.found.changes, key=lambda one: one.change.effect):
            screen.line((effect, EFFECT_STYLES[effect]), (f"  {_MEANINGS[effect]}", "dim"))
            for one in changes:
                spec_change_line(screen, one.change.to_json(), note=_concerned(one))
        screen.line()
        numbers = ", ".join(f"{many:,} {effect}" for effect, many in self.found.counts().items() if many)
        screen.line(f"{amount(len(self.found.changes), 'change')}: {numbers}")
        if self.found.at is not None:
            self._wrong(screen)

    def _wrong(self, screen: Screen) -> None:
        labels, images = self.found.wrong_labels or 0, self.found.wrong_images or 0
        if not labels and not images:
            screen.line((f"At {shown(self.found.at)} everything that is valid stays valid.", "good"))
            return
        amounts = [amount(labels, "label")] if labels else []
        amounts += [amount(images, "image")] if images else []
        words = f"At {shown(self.found.at)} {' and '.join(amounts)} would no longer be valid"
        screen.line((words, "warn"), "  (dlabel spec migrate changes labels with the spec)")

    def json(self) -> Any:
        counted = self.found.at is not None
        wrong = {"labels": self.found.wrong_labels, "images": self.found.wrong_images}
        return {
            "from": self.before,
            "to": self.after,
            "at": self.found.at,
            "changes": [one.to_json() for one in self.found.changes],
            "counts": self.found.counts(),
            "newly_invalid": wrong if counted else None,
        }


def _concerned(one: CountedChange) -> str:
    if one.labels is not None:
        return amount(one.labels, "label")
    return amount(one.images, "image") if one.images is not None else ""


def diff(
    before: str = typer.Argument(
        "HEAD", metavar="[A]", autocompletion=revisions, help="A file, a template, a revision or PROJECT#REV."
    ),
    after: str = typer.Argument("dlabel.yaml", metavar="[B]", autocompletion=revisions, help="Another one."),
    at: str = typer.Option(
        None, "--at", metavar="REV", autocompletion=revisions, help="Count its labels (STAGED in a project)."
    ),
    exit_code: bool = typer.Option(False, "--exit-code", help="Exit with 1 when there are changes."),
) -> Presentation:
    """Compare two specs: every change, what it does to labels that were valid, and how many it is about.

    Without B, with dlabel.yaml as it is in the working tree; without A, HEAD with that.
    """
    from datalabel.repository.revisions import view_at
    from datalabel.repository.spec.comparing import diff_specs
    from datalabel.repository.spec.foreign import spec_named

    project = project_here(needed=at is not None)
    specs = [spec_named(which, SESSION.start, SESSION.templates, project) for which in (before, after)]
    view = view_at(project, at or "STAGED") if project is not None else None
    has_classes = any(spec.classes for spec in specs)
    return SpecDiffText(before, after, diff_specs(specs[0], specs[1], view), exit_code, has_classes)


def project_here(*, needed: bool) -> Project | None:
    """The project that the command was started in; None when there is none and it is not needed."""
    from datalabel.errors import NoProjectError

    try:
        return SESSION.repository().project
    except NoProjectError:
        if needed:
            raise
        return None
