"""`commit`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer

from datalabel.cli.add import AddedText
from datalabel.cli.change_text import summary_lines
from datalabel.cli.findings_text import findings_lines
from datalabel.cli.presenting import Presentation, Screen, shown
from datalabel.cli.session import SESSION

if TYPE_CHECKING:
    from datalabel.repository.history.committing import Committed


@dataclass
class CommittedText(Presentation):
    """A new commit, or the word that there was nothing to commit."""

    done: Committed

    def text(self, screen: Screen) -> None:
        if self.done.added and (self.done.added.changed or self.done.added.missing):
            AddedText(self.done.added).text(screen)
        if self.done.id is None:
            screen.line(
                "Nothing to commit: staging is what HEAD records.",
                ("  (dlabel add takes in what changed, -a does so first)", "dim"),
            )
            return
        # Remarks are for who asks (`check`): a commit only says what may be wrong.
        findings_lines(screen, [one for one in self.done.findings if one.severity.value != "info"])
        title = shown(self.done.message.splitlines()[0])
        screen.line("[", (self.done.branch, "name"), " ", (self.done.id[:12], "id"), f"] {title}")
        summary_lines(screen, self.done.summary)

    def json(self) -> Any:
        return {
            "id": self.done.id,
            "branch": self.done.branch,
            "message": self.done.message,
            "summary": dict(self.done.summary),
            "findings": [finding.to_json() for finding in self.done.findings],
            "added": AddedText(self.done.added).json() if self.done.added else None,
        }


def commit(
    message: list[str] = typer.Option(
        ..., "--message", "-m", metavar="MSG", help="What and why; given again, a further paragraph."
    ),
    all_: bool = typer.Option(False, "--all", "-a", help="Add what changed in tracked sources first."),
) -> Presentation:
    """Check what is staged, print what the checks find, and record it.

    What the checks find does not stop a commit, unless dlabel.yaml says `check: {on_commit: error}`.
    """
    from datalabel.repository.history.committing import commit as record

    text = "\n\n".join(message)
    return CommittedText(record(SESSION.repository().project, text, all_sources=all_))
