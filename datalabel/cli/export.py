"""`export`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer

from datalabel.cli.completion import revisions, sets
from datalabel.cli.presenting import Presentation, Screen, count, shown
from datalabel.cli.session import SESSION

if TYPE_CHECKING:
    from datalabel.repository.exporting import Exported


@dataclass
class ExportedText(Presentation):
    """What was written, and what the format could not keep."""

    done: Exported

    def text(self, screen: Screen) -> None:
        screen.line(
            f"Wrote {count(len(self.done.files), 'file')} ({self.done.format}) to {shown(self.done.folder)}"
        )
        for loss in self.done.losses:
            screen.line((f"  lost: {shown(loss)}", "warn"))

    def json(self) -> Any:
        return {
            "revision": self.done.revision,
            "format": self.done.format,
            "folder": str(self.done.folder),
            "files": list(self.done.files),
            "losses": [
                {"what": loss.what, "count": loss.count, "example": loss.example} for loss in self.done.losses
            ],
        }


def export(
    revision: str = typer.Argument("HEAD", metavar="[REV]", autocompletion=revisions),
    format: str = typer.Option(..., "--format", "-f", metavar="FORMAT", help="coco or voc."),
    folder: str = typer.Option(..., "--output", "-o", metavar="DIR", help="A new or empty folder."),
    set_: str = typer.Option(
        "ground_truth", "--set", metavar="NAME", autocompletion=sets, help="The label set."
    ),
    allow_loss: bool = typer.Option(False, "--allow-loss", help="Export what the format can keep."),
) -> Presentation:
    """Write a label set in a format for training.

    A set whose sources all came in that format is written as it came. What the format cannot keep is listed,
    and nothing is written unless --allow-loss is given.
    """
    from datalabel.repository.exporting import export as write

    project = SESSION.repository().project
    return ExportedText(
        write(project, revision, format, SESSION.path(folder), set_name=set_, allow_loss=allow_loss)
    )
