"""A label file as lines, and what is unusual about how it is laid out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

MARK = "\ufeff"


class Layout(NamedTuple):
    """How lines end, whether the last one does, and whether the file begins with a byte order mark."""

    newline: str = "\n"
    ended: bool = True
    mark: bool = False

    def header(self) -> dict[str, Any]:
        """As JSON."""
        return self._asdict()

    def but(self, differing: Mapping[str, Any]) -> Layout:
        """This layout with some habits changed."""
        return self._replace(**{name: differing[name] for name in self._fields if name in differing})

    def differing(self, usual: Layout) -> dict[str, Any]:
        """The habits that are not the usual ones."""
        ours = self._asdict()
        return {name: value for name, value in ours.items() if value != getattr(usual, name)}


@dataclass(frozen=True, slots=True)
class FileText:
    """The lines of one file: those with something on them and their numbers (from 1), and the blank ones,
    each as (how many others stand before it, its text)."""

    lines: list[str]
    numbers: Sequence[int]
    blanks: list[tuple[int, str]]
    layout: Layout

    @classmethod
    def of(cls, text: str) -> FileText:
        """Take a text apart; `joined` puts it together again."""
        mark = text.startswith(MARK)
        body = text[1:] if mark else text
        newline = "\r" if "\r" in body and "\n" not in body else "\n"
        lines = body.split(newline)
        ended = not lines[-1]
        if ended:
            lines.pop()
        whole = lines if ended else lines[:-1]
        if newline == "\n" and whole and all(line.endswith("\r") for line in whole):
            newline = "\r\n"
            lines = [line.removesuffix("\r") for line in whole] + lines[len(whole) :]
        layout = Layout(newline, ended or not lines, mark)
        if all(line and not line.isspace() for line in lines):
            return cls(lines, range(1, len(lines) + 1), [], layout)
        return cls._with_blanks(lines, layout)

    @classmethod
    def _with_blanks(cls, lines: list[str], layout: Layout) -> FileText:
        kept: list[str] = []
        numbers: list[int] = []
        blanks: list[tuple[int, str]] = []
        for number, line in enumerate(lines, 1):
            if line.strip():
                kept.append(line)
                numbers.append(number)
            else:
                blanks.append((len(kept), line))
        return cls(kept, numbers, blanks, layout)


def joined(lines: Sequence[str], blanks: Sequence[Sequence[Any]], layout: Layout) -> str:
    """The text of a file of these lines."""
    every = list(lines)
    for place, text in reversed(blanks):
        every.insert(min(place, len(lines)), text)
    end = layout.newline if layout.ended and every else ""
    return (MARK if layout.mark else "") + layout.newline.join(every) + end
