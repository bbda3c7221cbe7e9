"""How results reach the user: each has a text and a JSON presenter, or it does not run."""

from __future__ import annotations

import json
import os
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import IO, Any, TypeVar

from datalabel.cli.session import Session
from datalabel.errors import Fault, UsageError, nearest
from datalabel.printable import printable

Row = TypeVar("Row")

NARROWEST = 20
"""Prose is laid out for so many columns at least."""

STYLES = {
    "good": "32",
    "bad": "31",
    "warn": "33",
    "info": "36",
    "dim": "2",
    "bold": "1",
    "name": "1",
    "id": "33",
}


class Screen:
    """Lines of text, coloured on a terminal only. Text from data never carries control characters."""

    def __init__(self, out: IO[str], *, color: bool, width: int, verbose: bool = False) -> None:
        self._out = out
        self.color = color
        self.width = width
        self._verbose = verbose

    def line(self, *parts: str | tuple[str, str]) -> None:
        """One line; a part is text, or (text, style)."""
        self._out.write("".join(self._styled(part) for part in parts).rstrip() + "\n")

    def paragraphs(self, text: str) -> None:
        """Prose, in lines that fit; an empty line stands between paragraphs."""
        import textwrap

        for place, paragraph in enumerate(text.split("\n\n")):
            if place:
                self.line()
            for line in textwrap.wrap(" ".join(paragraph.split()), max(self.width - 2, NARROWEST)):
                self.line(f"  {line}")

    def limit(self, number: int) -> int:
        """So many of something are shown: as given, or all with `-v`."""
        return sys.maxsize if self._verbose else number

    def first(self, rows: Sequence[Row], number: int, *, indent: int = 2) -> Iterator[Row]:
        """The rows that are shown, so many or all; then a line that says how many more there are."""
        shown_rows = rows[: self.limit(number)]
        yield from shown_rows
        self.more(len(rows) - len(shown_rows), indent=indent)

    def more(self, number: int, *, indent: int = 2) -> None:
        """A line that says how many more there are, if any."""
        if number > 0:
            self.line((" " * indent + and_more(number), "dim"))

    def doubts(self, faults: Iterable[Fault]) -> None:
        """A line for each thing that is probably not as it was meant, with what to do."""
        for fault in faults:
            self.line((f"  {shown(fault)}" + (f"; {shown(fault.hint)}" if fault.hint else ""), "warn"))

    def _styled(self, part: str | tuple[str, str]) -> str:
        if isinstance(part, str):
            return part
        text, style = part
        return f"\x1b[{STYLES[style]}m{text}\x1b[0m" if self.color and text else text

    def table(self, rows: Sequence[Sequence[str]], *, right: Iterable[int] = (), indent: int = 2) -> None:
        """Rows with aligned columns; `right` names the columns that end flush."""
        if not rows:
            return
        flush = set(right)
        widths = [max(cells(row[index]) for row in rows) for index in range(len(rows[0]))]
        for row in rows:
            padded = [
                " " * (width - cells(cell)) + cell if index in flush else cell + " " * (width - cells(cell))
                for index, (cell, width) in enumerate(zip(row, widths, strict=True))
            ]
            self.line(" " * indent + "  ".join(padded))


def cells(text: str) -> int:
    """How many columns of a terminal a text fills."""
    if text.isascii():
        return len(text)
    import unicodedata

    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )


def shown(text: object) -> str:
    """Text from data, safe on a terminal and on one line: what cannot be printed is escaped."""
    return printable(text)


def when_gone(path: str) -> str:
    """What to type when a tracked file is gone."""
    out = f"dlabel add {path} takes it out" if path == "dlabel.yaml" else "dlabel rm stops tracking it"
    return f"dlabel restore brings it back, {out}"


def and_more(number: int) -> str:
    """That a list goes on."""
    return f"… and {number:,} more (-v shows all)"


def size_text(size: float) -> str:
    """`812 B`, `1.2 MB`."""
    for unit in ("B", "kB", "MB", "GB"):
        if round(size, 1) < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def bar(share: float, width: int) -> str:
    """A bar of so many columns for a share of 1, with eighths."""
    eighths = round(max(0.0, min(1.0, share)) * max(width, 0) * 8)
    full, rest = divmod(eighths, 8)
    return "█" * full + (" ▏▎▍▌▋▊▉"[rest] if rest else "")


class Presentation(ABC):
    """A result, ready to be shown. `status` is the exit status that it means."""

    status: int = 0

    @abstractmethod
    def text(self, screen: Screen) -> None:
        """For people."""

    @abstractmethod
    def json(self) -> Any:
        """For programs: one JSON value."""

    def rows(self) -> Iterable[Any]:
        """For streams (`--format jsonl`): one JSON value a line."""
        value = self.json()
        return value if isinstance(value, list) else [value]

    def renderings(self) -> Mapping[str, Callable[[], str]]:
        """What `--format` takes for this result besides text, json and jsonl; each makes the whole text."""
        return {}


FORMATS = ("text", "json", "jsonl")
"""What `--format` takes everywhere."""


def check_format(session: Session, formats: Sequence[str]) -> None:
    """Make sure that a result can be shown in the format that was asked for, where that was.

    Raises:
        UsageError: the format is none of these.
    """
    if session.format not in formats:
        close = nearest(session.format, formats)
        hint = f"did you mean {close}?" if close else None
        raise UsageError(f"--format takes {', '.join(formats)}, not {session.format!r}", hint=hint)


def present(result: Presentation, session: Session) -> int:
    """Show a result in the format that was asked for; the exit status."""
    check_format(session, (*FORMATS, *result.renderings()))
    if session.output is None:
        if session.format != "text" or not session.quiet:
            _write(result, session, sys.stdout)
            sys.stdout.flush()
    else:
        from datalabel.repository.output_file import write_output_file

        write_output_file(session.path(session.output), lambda out: _write(result, session, out))
    return result.status


def _write(result: Presentation, session: Session, out: IO[str]) -> None:
    ascii_only = not (getattr(out, "encoding", None) or "utf-8").lower().startswith("utf")
    if session.format == "json":
        out.write(_json(result.json(), ascii_only=ascii_only) + "\n")
    elif session.format == "jsonl":
        for row in result.rows():
            out.write(json.dumps(row, ensure_ascii=ascii_only, allow_nan=False, default=str) + "\n")
    elif session.format != "text":
        out.write(result.renderings()[session.format]())
    else:
        result.text(screen_of(session, out))


def _json(value: Any, *, ascii_only: bool) -> str:
    """One document with line breaks."""
    from msgspec.json import format as laid_out

    from datalabel.files import is_unicode

    text = json.dumps(value, ensure_ascii=ascii_only, allow_nan=False, default=str)
    if not is_unicode(text):  # the bytes of a path, perhaps
        return json.dumps(value, indent=2, allow_nan=False, default=str)
    # Encoded and laid out apart: with an indent, Python's encoder goes step by step.
    return laid_out(text, indent=2)


def screen_of(session: Session, out: IO[str]) -> Screen:
    """The screen that a stream is: colour on a terminal, width as the terminal says, else 80."""
    import shutil

    terminal = out.isatty()
    is_plain = os.environ.get("TERM") == "dumb"
    width = shutil.get_terminal_size((80, 24)).columns if terminal else 80
    return Screen(
        out, color=terminal and session.color and not is_plain, width=width, verbose=session.verbose
    )
