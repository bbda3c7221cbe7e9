"""Thumbnails of recorded images, two at a time, up to a budget of bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import ClassVar

from datalabel.content import ObjectId
from datalabel.errors import DlabelError, InputError
from datalabel.repository.image_bytes import read_image_bytes
from datalabel.repository.project import Project
from datalabel.threads import in_order
from datalabel.thumbnails import thumbnail, unwarned

MAX_FILE = 256_000_000
"""Bytes of an image file that is read to be drawn."""


@dataclass(frozen=True, slots=True)
class ImageRow:
    """What is recorded of an image."""

    COLUMNS: ClassVar = ("item", "content", "bytes", "width", "height", "orientation")

    item: str
    content: str | None
    bytes: int | None
    width: int | None
    height: int | None
    orientation: int | None


@dataclass(frozen=True, slots=True)
class Thumbnails:
    """JPEGs by key, and what is to be said of images (drawn or not) by key."""

    images: Mapping[str, bytes]
    notes: Mapping[str, Sequence[str]]


def draw_thumbnails(project: Project, rows: Sequence[ImageRow], budget: int) -> Thumbnails:
    """Thumbnails in this order, until their bytes, as base64 has them, would exceed the budget."""
    images: dict[str, bytes] = {}
    notes: dict[str, Sequence[str]] = {}
    with (
        unwarned(),
        project.progress.task("thumbnails", len(rows)) as task,
        closing(in_order(lambda row: _thumbnail(project, row), rows)) as thumbnails,
    ):
        for row, made in zip(rows, thumbnails, strict=True):
            task.advance()
            if isinstance(made, str):
                notes[row.item] = [made]
                continue
            budget -= 4 * len(made) // 3
            if budget < 0:
                break
            images[row.item] = made
            if row.orientation not in (None, 1):
                notes[row.item] = ["Shown as its pixels are stored, as labels are recorded; EXIF turns it."]
    return Thumbnails(images, notes)


def _thumbnail(project: Project, row: ImageRow) -> bytes | str:
    """The JPEG, or why there is none."""
    try:
        return thumbnail(_content(project, row), name=row.item)
    except DlabelError as error:
        return f"Not drawn: {error.faults[0].what}."
    except OSError as error:
        return f"Not drawn: {error.strerror or error}."


def _content(project: Project, row: ImageRow) -> bytes:
    if row.content is None:
        raise InputError("the image itself was never added")
    if (row.bytes or 0) > MAX_FILE:
        raise InputError(f"its file has {row.bytes:,} bytes, which is too much to decode for a page")
    return read_image_bytes(project, row.item, ObjectId(row.content))
