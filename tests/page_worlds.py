"""Pages made up for tests, and what is in a page."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from html.parser import HTMLParser
from typing import Any

from PIL import Image

from datalabel.report.page import (
    Bar,
    Chart,
    Detail,
    Fact,
    Listing,
    Mark,
    Outline,
    Page,
    Picture,
    Shape,
    Tone,
)

HOSTILE = (
    "</script><img src=x onerror=\"document.title='broken'\"><style>*{display:none}</style>"
    "<!--{{7*7}}' onclick='x"
)

MARKS = (
    Mark("added", "added", "+", Tone.GOOD),
    Mark("removed", "removed", "−", Tone.BAD),
    Mark("moved", "moved", "→", Tone.MOVED),
    Mark("changed", "edited", "~", Tone.CHANGED),
    Mark("same", "unchanged", "·", Tone.QUIET),
)


def page_of(pictures: Sequence[Picture]) -> Page:
    """A page of these pictures, with numbers that are nobody's."""
    return Page("before → after", "made up", [Fact("images", len(pictures))], MARKS, pictures)


def box(x: float, y: float, side: float = 10) -> Outline:
    """A square."""
    return Outline(rings=[[x, y, x + side, y, x + side, y + side, x, y + side]])


def jpeg(shade: int = 0, size: tuple[int, int] = (64, 48)) -> bytes:
    """A picture of one colour."""
    out = io.BytesIO()
    Image.new("RGB", size, (shade % 256, (shade * 7) % 256, (shade * 31) % 256)).save(out, "JPEG")
    return out.getvalue()


def hostile_page(text: str) -> Page:
    """A page whose every text from data is this one."""
    shape = Shape("added", text, text, text, "00ff", box(1, 2), None, None, [Detail(text, text)])
    moved = Shape("changed", text, "box", text, "01ff", box(5, 5), box(1, 1), text, [Detail(text, text)])
    picture = Picture(text, 64, 48, jpeg(), [shape, moved], "added", [text])
    return Page(
        title=text,
        subtitle=text,
        facts=[Fact("images", 1), Fact("labels added", 1, Tone.GOOD)],
        marks=MARKS,
        pictures=[picture],
        charts=[Chart("Labels by class", [Bar(text, [("added", 1)])], "class")],
        listings=[Listing("Spec", ("path", "change"), [[text, "added"]])],
        notes=[text],
    )


def large_page(images: int) -> Page:
    """Many images with a few labels each; classes, marks and sets take turns."""
    pictures = []
    for number in range(images):
        shapes = [
            Shape(
                MARKS[(number + index) % 4].key,
                f"class {(number + index) % 7}",
                "box",
                "ground_truth" if number % 3 else "model",
                f"{number:08x}{index:08x}",
                box(5 * index, 3 * index),
            )
            for index in range(1 + number % 5)
        ]
        thumbnail = jpeg(number, (32, 24)) if number < 200 else None
        pictures.append(Picture(f"images/{number:05}.jpg", 64, 48, thumbnail, shapes))
    return page_of(pictures)


class Elements(HTMLParser):
    """Every element of a page, and what is in its scripts and styles."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inside: dict[str, list[str]] = {"script": [], "style": [], "h1": []}
        self._open = ""
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._open = tag
        if tag in self.inside:
            self.inside[tag].append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == self._open:
            self._open = ""

    def handle_data(self, data: str) -> None:
        if self._open in self.inside:
            self.inside[self._open][-1] += data

    @property
    def data(self) -> Any:
        return json.loads(self.inside["script"][0])
