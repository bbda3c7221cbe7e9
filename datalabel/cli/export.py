"""`export`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import typer

from datalabel.cli.completion import revisions, sets
from datalabel.cli.presenting import Presentation, Screen, shown
from datalabel.cli.selecting import DROP_EMPTY, WHERE
from datalabel.cli.session import SESSION
from datalabel.printable import amount

if TYPE_CHECKING:
    from datalabel.repository.export.exporting import Exported


class Images(StrEnum):
    """`--images`: nothing, copies, or read-only hard links into the store."""

    none = "none"
    copy = "copy"
    link = "link"


@dataclass
class ExportedText(Presentation):
    """What was written, and what the format could not keep."""

    done: Exported

    def text(self, screen: Screen) -> None:
        screen.line(
            f"Wrote {amount(len(self.done.files), 'file')} ({self.done.format}) to {shown(self.done.folder)}"
        )
        if self.done.splits:
            screen.line(f"  splits: {', '.join(self.done.splits)}")
        if self.done.images:
            screen.line(f"  {amount(self.done.images, 'image')}")
        screen.doubts(self.done.warnings)
        for loss in self.done.losses:
            screen.line((f"  lost: {shown(loss)}", "warn"))

    def json(self) -> Any:
        return {
            "revision": self.done.revision,
            "format": self.done.format,
            "folder": str(self.done.folder),
            "files": list(self.done.files),
            "splits": list(self.done.splits),
            "images": self.done.images,
            "losses": [
                {"what": loss.what, "count": loss.count, "example": loss.example} for loss in self.done.losses
            ],
            "warnings": [str(warning) for warning in self.done.warnings],
        }


def export(
    revision: str = typer.Argument("HEAD", metavar="[REV|SNAPSHOT]", autocompletion=revisions),
    format: str = typer.Option(..., "--format", "-f", metavar="FORMAT", help="coco, voc or yolo."),
    folder: str = typer.Option(..., "--output", "-o", metavar="DIR", help="A new or empty folder."),
    set_: str = typer.Option(
        "",
        "--set",
        metavar="NAME",
        autocompletion=sets,
        help="The label set (default ground_truth; of a snapshot, its only one).",
    ),
    split: list[str] = typer.Option(None, "--split", metavar="NAME", help="Only this split of a snapshot."),
    where: str = WHERE,
    drop_empty: bool = DROP_EMPTY,
    images: Images = typer.Option(Images.none, "--images", help="Leave images out, copy or hard-link them."),
    allow_loss: bool = typer.Option(False, "--allow-loss", help="Export what the format can keep."),
) -> Presentation:
    """Write a label set in a format for training.

    A snapshot with splits is written as trainers expect it: a folder or file for each split. A set whose
    sources all came in that format is written as it came, file by file; with images, a filter or two files of
    one name it becomes one. What the format cannot keep is listed, and nothing is written unless --allow-loss
    is given. dlabel.json in the folder says what it was made from, and `dlabel snapshot verify DIR` checks it.
    """
    from datalabel.repository.export.exporting import ExportOptions
    from datalabel.repository.export.exporting import export as write

    options = ExportOptions(
        set=set_,
        split=[name for text in split or () for name in text.split(",")],
        where=where,
        drop_empty=drop_empty,
        images=images.value,
        allow_loss=allow_loss,
    )
    return ExportedText(write(SESSION.repository().project, revision, format, SESSION.path(folder), options))
