"""Small pictures made of text: tables with a heading, sparklines, a heat map, signed numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from datalabel.cli.presenting import Screen, and_more, cells, shown

SPARKS = "▁▂▃▄▅▆▇█"
SHADES = " ░▒▓█"

Part = str | tuple[str, str]
Line = list[Part]


def cut(text: object, width: int, *, end: bool = False) -> str:
    """A text from data in at most so many columns: its beginning, or its end."""
    words = shown(text)
    if cells(words) <= width:
        return words
    kept: list[str] = []
    room = width - 1
    for char in reversed(words) if end else words:
        room -= cells(char)
        if room < 0:
            break
        kept.append(char)
    return "…" + "".join(reversed(kept)) if end else "".join(kept) + "…"


def sparkline(counts: Sequence[float]) -> str:
    """The shape of a histogram, a character for each count; a space where there is none."""
    most = max(counts, default=0)
    return "".join(SPARKS[max(0, -int(-8 * count // most) - 1)] if count else " " for count in counts)


def squeezed(counts: Sequence[float], width: int) -> list[float]:
    """A histogram in at most so many steps: neighbours are added up."""
    columns = min(width, len(counts))
    found = [0.0] * columns
    for place, count in enumerate(counts):
        found[place * columns // len(counts)] += count
    return found


def heat_map(grid: Sequence[Sequence[int]]) -> list[str]:
    """A grid of counts in a frame, two columns a cell: the fuller, the darker."""
    most = max(map(max, grid))
    rows = ["".join(SHADES[-(-4 * count // most)] * 2 for count in row) for row in grid]
    edge = "─" * cells(rows[0])
    return [f"┌{edge}┐", *(f"│{row}│" for row in rows), f"└{edge}┘"]


def table(
    header: Sequence[str], rows: Sequence[Sequence[str]], *, right: Iterable[int] = (), indent: int = 2
) -> list[Line]:
    """Rows with aligned columns under a dim heading; `right` names the columns that end flush."""
    flush = set(right)
    room = widths((header, *rows))

    def aligned(row: Sequence[str]) -> str:
        padded = (
            " " * (width - cells(cell)) + cell if index in flush else cell + " " * (width - cells(cell))
            for index, (cell, width) in enumerate(zip(row, room, strict=True))
        )
        return " " * indent + "  ".join(padded).rstrip()

    lines: list[Line] = [[(aligned(header), "dim")]]
    lines += [[aligned(row)] for row in rows]
    return lines


def widths(rows: Sequence[Sequence[str]]) -> list[int]:
    """How wide each column of a table is."""
    return [max(cells(row[place]) for row in rows) for place in range(len(rows[0]))]


def more(total: int, told: int) -> Iterator[Line]:
    """That a table goes on, if it does."""
    if total > told:
        yield [(f"  {and_more(total - told)}", "dim")]


def fitted(words: Iterable[str], width: int, total: int) -> str:
    """As many words as fit in so many columns, and how many of so many altogether are left."""
    found: list[str] = []
    for word in words:
        if found and cells(", ".join([*found, word])) > width - 12:
            break
        found.append(word)
    rest = f", … {total - len(found):,} more" if total > len(found) else ""
    return ", ".join(found) + rest


def beside(left: list[Line], right: list[Line], gap: int) -> list[Line]:
    """Two blocks of lines side by side."""
    width = max((length(line) for line in left), default=0) + gap
    lines: list[Line] = []
    for place in range(max(len(left), len(right))):
        first = left[place] if place < len(left) else []
        second = right[place] if place < len(right) else []
        lines.append([*first, " " * (width - length(first)), *second])
    return lines


def length(line: Line) -> int:
    """How many columns a line fills."""
    return sum(cells(part if isinstance(part, str) else part[0]) for part in line)


def write(screen: Screen, lines: Iterable[Line]) -> None:
    """Put lines on the screen."""
    for line in lines:
        screen.line(*line)
