"""`report`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer

from datalabel.cli.completion import revisions
from datalabel.cli.presenting import Presentation, Screen
from datalabel.cli.session import SESSION

if TYPE_CHECKING:
    from datalabel.repository.report.reporting import Report


@dataclass
class ReportText(Presentation):
    """The report on one revision."""

    report: Report

    def text(self, screen: Screen) -> None:
        from datalabel.cli.markdown_text import rendered

        for line in rendered(self.markdown(), screen.width, color=screen.color):
            screen.line(line)

    def json(self) -> Any:
        return self.report.to_json()

    def renderings(self) -> Mapping[str, Callable[[], str]]:
        return {"markdown": self.markdown}

    def markdown(self) -> str:
        """The whole report as Markdown."""
        from datalabel.repository.report.markdown import report_markdown

        return report_markdown(self.report)


def report(
    revision: str = typer.Argument("HEAD", metavar="[REV]", autocompletion=revisions),
    against: str = typer.Option(
        None, "--against", metavar="REV", autocompletion=revisions, help="What changed since this revision."
    ),
    html: str = typer.Option(None, "--html", metavar="FILE", help="Write it as one HTML page."),
) -> Presentation:
    """Report on a revision: what changed since its parent, what check finds, statistics, what is missing.

    --format markdown prints what a pull request takes; -o FILE writes to a file.
    """
    found = SESSION.repository().report(revision, against=against)
    shown = ReportText(found)
    if not html:
        return shown
    from datalabel.cli import pages

    return pages.write_document(f"{found.project} at {found.revision}", shown.markdown(), html)
