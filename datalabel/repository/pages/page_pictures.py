"""What every page of pictures is made with: room for shapes, the images behind the labels, their thumbnails."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from datalabel.labels.diff import label_json
from datalabel.report.page import Picture, Shape
from datalabel.repository.pages.thumbnails import ImageRow, draw_thumbnails
from datalabel.repository.project import Project
from datalabel.repository.view import View

MAX_PICTURES = 20_000
MAX_SHAPES = 100_000
MAX_POINTS = 1_000_000
"""What a page holds at most, that a browser may still open it. What is beyond is counted."""


@dataclass(frozen=True, slots=True)
class PageOptions:
    """How much is drawn: images, and bytes of their thumbnails. `title` and `subtitle` replace our own."""

    max_images: int = 500
    max_bytes: int = 40_000_000
    title: str | None = None
    subtitle: str | None = None


class Room:
    """How many more shapes and points the page takes."""

    def __init__(self) -> None:
        self.shapes = MAX_SHAPES
        self.points = MAX_POINTS

    def take(self, shape: Shape) -> Shape | None:
        """The shape, without its outline when points are used up; None when shapes are."""
        if not self.shapes:
            return None
        self.shapes -= 1
        size = shape.outline.size + (shape.before.size if shape.before else 0)
        if size > self.points:
            return shape.bare()
        self.points -= size
        return shape


Draw = Callable[[str, str, Mapping[str, Any]], Shape | None]
"""The shape of a label, given its set, its item and what `label_json` says of it; None: it is not drawn."""


def labels_drawn(
    view: View, sets: Iterable[str], keys: Sequence[str], draw: Draw, room: Room
) -> dict[str, list[Shape]]:
    """The shapes of the labels of these items (sorted), by item, as far as there is room."""
    found: dict[str, list[Shape]] = {}
    for name in sets:
        for batch in view.store.tables.scan(view.label_table(name), items=keys):
            for row in batch.to_pylist():
                drawn = draw(name, row["item"], label_json(row))
                if drawn is None:
                    continue
                shape = room.take(drawn)
                if shape is None:
                    return found
                found.setdefault(row["item"], []).append(shape)
    return found


Context = Callable[[Sequence[str], Sequence[Picture]], Mapping[str, Sequence[Shape]]]
"""The unmarked labels of drawn images, given their keys and all pictures."""


def illustrated(
    project: Project,
    views: Sequence[View],
    pictures: Sequence[Picture],
    context: Context,
    options: PageOptions,
) -> list[Picture]:
    """The pictures with their images, by key: of those of least rank the ones with the most marked labels are drawn
    first, then by key.

    Images are looked up in the views in turn. One that cannot be read has no thumbnail and a note.
    """
    if len(pictures) > MAX_PICTURES:
        pictures = heapq.nsmallest(MAX_PICTURES, pictures, key=_first)
    rows = _image_rows(project, views, [picture.key for picture in pictures])
    drawn = sorted(pictures, key=_first)[: options.max_images]
    seen = draw_thumbnails(
        project, [rows[picture.key] for picture in drawn if picture.key in rows], options.max_bytes
    )
    around = context(sorted(seen.images), pictures)
    return [
        replace(
            _measured(picture, rows.get(picture.key)),
            thumbnail=seen.images.get(picture.key),
            notes=(*picture.notes, *seen.notes.get(picture.key, ())),
            shapes=(*around.get(picture.key, ()), *picture.shapes),
        )
        for picture in sorted(pictures, key=lambda picture: picture.key)
    ]


def _first(picture: Picture) -> tuple[int, int, str]:
    return picture.rank, -len(picture.shapes) - picture.unlisted, picture.key


def _image_rows(project: Project, views: Sequence[View], keys: Sequence[str]) -> dict[str, ImageRow]:
    """What the first view that knows an image records of it."""
    rows: dict[str, ImageRow] = {}
    for view in views:
        missing = sorted(key for key in keys if key not in rows)
        if missing:
            table = project.store.tables.read(view.items, list(ImageRow.COLUMNS), items=missing)
            rows.update((row["item"], ImageRow(**row)) for row in table.to_pylist())
    return rows


def _measured(picture: Picture, row: ImageRow | None) -> Picture:
    return picture if row is None else replace(picture, width=row.width, height=row.height)


def notes_on_drawing(
    drawn: int, total: int, listed: int, verb: str, *, first: str = "those with the most"
) -> list[str]:
    """What is to be said when not every image is drawn or listed; `verb` is what happened to them, `first` are those
    that are drawn."""
    notes = []
    if not drawn and listed:
        notes.append("No image is drawn; labels are drawn on an empty canvas of the image's size.")
    elif drawn < listed:
        notes.append(
            f"{drawn:,} of {total:,} images are drawn, {first} first; "
            "the labels of the others are drawn on an empty canvas."
        )
    if listed < total:
        notes.append(f"{total - listed:,} images more {verb}; they are counted and not listed.")
    return notes
