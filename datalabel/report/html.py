"""Pages that are one HTML file, need nothing else and ask no network; the page of pictures among them.

Text from data reaches the page in two ways: through templates that escape it, and as JSON that a script
turns into text nodes. A Content-Security-Policy lets only this page's own script and style run.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datalabel.errors import InputError, RefusedError
from datalabel.files import write_atomic
from datalabel.printable import printable
from datalabel.report.page import NOTHING, Outline, Page, Picture, Points, Shape

if TYPE_CHECKING:
    from jinja2 import Template

BEGINNING = b'<!doctype html>\n<meta charset="utf-8">\n<meta name="generator" content="dlabel">\n'
"""The bytes that every page begins with, by which one is known again."""

BARS = 10
"""So many bars a chart shows; the rest is counted."""

_SHARP = re.compile("[<>&]")
_REACH = 1e6  # coordinates beyond are drawn at this distance


def write_page(page: Page, path: Path) -> None:
    """Write a page of pictures as `write_html` does, with the same errors."""
    write_html(page_html(page), path)


def write_html(html: bytes, path: Path) -> None:
    """Write a page (from `rendered`), whole or not at all. An older page in its place is replaced.

    Raises:
        InputError: the folder does not exist.
        RefusedError: the file exists and was not written by dlabel.
    """
    if not path.parent.is_dir():
        raise InputError("no such folder", where=str(path.parent))
    if path.exists() and not _is_page(path):
        raise RefusedError("exists and was not written by dlabel", where=str(path), hint="name another file")
    write_atomic(path, html)


def _is_page(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(BEGINNING)) == BEGINNING


def page_html(page: Page) -> bytes:
    """The page as HTML, UTF-8. The same page gives the same bytes."""
    return rendered(
        "page",
        ("page.js", "picture.js"),
        page=page,
        bars=BARS,
        data=trusted(embedded_json(_data(page))),
        marks={mark.key: mark for mark in page.marks},
        thumbnails=trusted(embedded_json([_encoded(picture) for picture in page.pictures])),
    )


def rendered(name: str, scripts: Sequence[str] = (), **values: Any) -> bytes:
    """A template of ours, filled and with its style and scripts in it, as UTF-8. Values are escaped where they are
    not `trusted`."""
    style, script = ("".join(map(_text, names)) for names in (("theme.css", f"{name}.css"), scripts))
    html = _template(f"{name}.html.j2").render(
        policy=_policy(style, script), style=trusted(style), script=trusted(script), **values
    )
    return BEGINNING + html.encode("utf-8", "backslashreplace")


def embedded_json(value: Any) -> str:
    """JSON that may stand in a `script` element: ASCII, and without the signs that HTML reads."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return _SHARP.sub(lambda sign: f"\\u{ord(sign[0]):04x}", text)


# The template


@cache
def _text(name: str) -> str:
    return (files("datalabel.report") / "templates" / name).read_text(encoding="utf-8")


@cache
def _template(name: str) -> Template:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=_finalized
    )
    environment.filters["thousands"] = lambda number: f"{number:,}"
    return environment.from_string(_text(name))


def _finalized(value: Any) -> Any:
    from markupsafe import Markup

    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def trusted(text: str) -> Any:
    """HTML to be taken as it is: never a text from data, but a file of ours, JSON without signs, or what a renderer
    made that escapes."""
    from markupsafe import Markup

    return Markup(text)  # noqa: S704 - see above


def _policy(style: str, script: str) -> str:
    own = {name: _digest(text) for name, text in (("style", style), ("script", script))}
    return (
        f"default-src 'none'; img-src data:; style-src {own['style']}; script-src {own['script']}; "
        "base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


# The data


class _Names:
    """Texts that come again and again, by number."""

    def __init__(self) -> None:
        self.all: dict[str, int] = {}

    def __call__(self, name: str) -> int:
        return self.all.setdefault(name, len(self.all))

    def shown(self) -> list[str]:
        return [printable(name) for name in self.all]


def _data(page: Page) -> dict[str, Any]:
    names = {name: _Names() for name in ("class", "kind", "set", "detail")}
    marks = {mark.key: number for number, mark in enumerate(page.marks)}
    pictures = [_picture(picture, marks, names) for picture in page.pictures]
    return {
        "marks": [[mark.word, mark.sign, mark.tone] for mark in page.marks],
        "titles": {"mark": page.mark_title, "detail": page.detail_title, "first": page.first},
        "names": {name: table.shown() for name, table in names.items()},
        "pictures": pictures,
        "unlisted": page.unlisted,
    }


def _picture(picture: Picture, marks: Mapping[str, int], names: Mapping[str, _Names]) -> dict[str, Any]:
    return {
        "key": printable(picture.key),
        "size": [picture.width, picture.height] if picture.width and picture.height else None,
        "status": picture.status,
        "notes": [printable(note) for note in picture.notes],
        "unlisted": picture.unlisted,
        "rank": picture.rank,
        "shapes": [_shape(shape, marks, names) for shape in picture.shapes],
    }


def _shape(shape: Shape, marks: Mapping[str, int], names: Mapping[str, _Names]) -> list[Any]:
    """Short, because there are many; `page.js` names the places."""
    return [
        marks[shape.mark],
        names["class"](shape.class_name),
        None if shape.old_class is None else names["class"](shape.old_class),
        names["kind"](shape.kind),
        names["set"](shape.set),
        shape.id,
        _drawing(shape.outline),
        None if shape.before is None else _drawing(shape.before),
        [[names["detail"](detail.name), printable(detail.text)] for detail in shape.details],
    ]


def _drawing(outline: Outline) -> list[Any] | None:
    """An outline as two SVG paths (lines and dots) and its bounds; None when there is nothing to draw."""
    if outline == NOTHING:
        return None
    corners = [value for points in chain(outline.rings, outline.lines, [outline.points]) for value in points]
    if not corners or not all(map(_is_finite, corners)):
        return None
    lines = [*(_path(ring) + "Z" for ring in outline.rings), *(_path(line) for line in outline.lines)]
    x, y = outline.points[0::2], outline.points[1::2]
    dots = [f"M{_number(left)} {_number(top)}h0" for left, top in zip(x, y, strict=True)]
    across, down = corners[0::2], corners[1::2]
    if not dots and len(set(across)) == len(set(down)) == 1:
        dots = [f"M{_number(across[0])} {_number(down[0])}h0"]  # a line of no length would not be seen
    bounds = [round(_near(edge), 1) for edge in (min(across), min(down), max(across), max(down))]
    return ["".join(lines), "".join(dots), bounds]


def _path(points: Points) -> str:
    return "M" + "L".join(
        f"{_number(x)} {_number(y)}" for x, y in zip(points[0::2], points[1::2], strict=True)
    )


def _number(value: float) -> str:
    return f"{_near(value):.1f}".removesuffix(".0")


def _near(value: float) -> float:
    return min(max(value, -_REACH), _REACH)


def _is_finite(value: float | None) -> bool:
    return value is not None and value - value == 0


def _encoded(picture: Picture) -> str | None:
    return None if picture.thumbnail is None else base64.b64encode(picture.thumbnail).decode("ascii")
