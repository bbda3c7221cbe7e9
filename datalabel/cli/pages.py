"""Results that are written as a page (`--html`)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from datalabel.cli.presenting import Presentation, Screen, shown
from datalabel.cli.session import SESSION
from datalabel.printable import amount

if TYPE_CHECKING:
    from datalabel.report.page import Page

HTML = typer.Option(None, "--html", metavar="FILE", help="Write it as one HTML page with pictures.")
MAX_IMAGES = typer.Option(500, "--max-images", metavar="N", min=0, help="With --html: draw at most N images.")

_IMAGES = {
    "changed": ("changed image", "changed images"),
    "found": ("image with findings", "images with findings"),
    "worst": ("image with the most disagreement", "images with the most disagreement"),
}
_NONE = {"found": "No findings to draw", "worst": "No disagreement to draw"}


@dataclass
class PageText(Presentation):
    """Where a page was written, and how much is on it."""

    path: Path
    images: int
    drawn: int
    why: str
    status: int = 0

    def text(self, screen: Screen) -> None:
        words = f"{amount(self.images, *_IMAGES[self.why])}, {self.drawn:,} drawn"
        if not self.images:
            words = _NONE.get(self.why, words)
        screen.line(f"{words} → ", (shown(self.path), "name"))

    def json(self) -> Any:
        return {"html": str(self.path), "images": self.images, "drawn": self.drawn}


def write(page: Page, file: str, why: str, status: int = 0) -> PageText:
    """Write a page to where the user said; `why` says why images are on it: `changed`, `found` or `worst`.

    Raises:
        InputError: the folder does not exist.
        RefusedError: the file exists and was not written by dlabel.
    """
    from datalabel.report.html import write_page

    path = SESSION.path(file)
    write_page(page, path)
    return PageText(path, len(page.pictures) + page.unlisted, page.drawn, why, status)


@dataclass
class DocumentText(Presentation):
    """Where a document was written."""

    path: Path

    def text(self, screen: Screen) -> None:
        screen.line("Wrote ", (shown(self.path), "name"))

    def json(self) -> Any:
        return {"html": str(self.path)}


def write_document(title: str, markdown: str, file: str) -> DocumentText:
    """Write a document as a page to where the user said, with the errors of `write`."""
    from datalabel.report import document

    path = SESSION.path(file)
    document.write_document(title, markdown, path)
    return DocumentText(path)
