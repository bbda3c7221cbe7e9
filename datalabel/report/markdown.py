"""GitHub's Markdown: headings, lists and tables in which every text from data stays text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from datalabel.printable import printable

_MEANT = re.compile(r"[\\`*\[\]<>|~&$#]|(?<![^\W_])_|_(?![^\W_])")
"""What Markdown reads as its own; an underscore only at the edge of a word."""

_BEGINS = re.compile(r"^([0-9]{0,9})([-+](?=[ -]|$)|(?<=[0-9])[.)](?= |$))")
"""What begins a list or a rule where it stands first, as it does in an element of a list."""

_LINKED = re.compile(
    r"(@|\\#|(?i:https?|ftp|mailto|xmpp):|(?i:www)\.|:(?=[\w+-]*[a-z][\w+-]*:|100:|1234:|[+-]1:)|(?i:GH)-(?=\d))"
)
"""What GitHub makes links, mentions and pictures of, in text as it is shown."""

ROWS = 30
"""So many rows a long table has at most; the JSON document has all."""

_BREAK = "&#8203;"
"""A space of no width: the only thing that GitHub's search for mentions and links respects."""


def text(words: object) -> str:
    """A text from data as Markdown that shows exactly that text, on one line, wherever it stands in a line.

    What cannot be printed is shown escaped.
    """
    escaped = _MEANT.sub(lambda found: "\\" + found[0], printable(words))
    escaped = _LINKED.sub(lambda found: found[0] + _BREAK, escaped)
    escaped = _BEGINS.sub(r"\1\\\2", escaped)
    return re.sub(r"^ | $", "&#32;", escaped)


def heading(level: int, words: str) -> str:
    """A heading; `words` is Markdown."""
    return f"{'#' * level} {words}\n"


def bullets(lines: Iterable[str]) -> str:
    """A list; each line is Markdown."""
    return "".join(f"- {line}\n" for line in lines)


def table(header: Sequence[str], rows: Iterable[Sequence[str]], *, right: Iterable[int] = ()) -> str:
    """A table, aligned as text as well; cells are Markdown. `right` names the columns that end flush."""
    flush = set(right)
    every = [list(header), *(list(row) for row in rows)]
    widths = [max(3, *(len(row[place]) for row in every)) for place in range(len(header))]

    def line(row: Sequence[str]) -> str:
        cells = (
            cell.rjust(width) if place in flush else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        return f"| {' | '.join(cells)} |\n"

    rule = ["-" * (width - 1) + ":" if place in flush else "-" * width for place, width in enumerate(widths)]
    return line(every[0]) + line(rule) + "".join(map(line, every[1:]))


def long_table(header: Sequence[str], rows: Sequence[Sequence[str]], *, right: Iterable[int] = ()) -> str:
    """As `table`, cut when it is long."""
    return table(header, rows[:ROWS], right=right) + left_out(len(rows))


def left_out(rows: int) -> str:
    """How many of so many rows a long table, or a list as long, does not show; nothing when it shows all."""
    return f"\n… and {rows - ROWS:,} more\n" if rows > ROWS else ""
