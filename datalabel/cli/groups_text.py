"""How groups of labels look side by side in a terminal: splits, classes, annotators, values of a property."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datalabel.cli.charts import Line, cut, more, sparkline, table, widths
from datalabel.cli.presenting import bar, cells
from datalabel.printable import number, percent

if TYPE_CHECKING:
    from datalabel.labels.stats import Distribution, PartStats

BAR = 40


@dataclass(frozen=True, slots=True)
class _Column:
    """One measure of a group. A column that says the same nothing of every group is left out."""

    title: str
    cell: Callable[[PartStats], str]
    left: bool = False


def _median(spread: Distribution | None) -> str:
    return number(spread.median) if spread else ""


def _grades(one: PartStats) -> str:
    grades = one.size.area.to_json().values()
    total = sum(grades)
    return " ".join(f"{100 * many / total:.0f}".rjust(3) for many in grades) if total else ""


def _mix(one: PartStats) -> str:
    """The commonest classes of a group, when it has several."""
    if len(one.classes) < 2:
        return ""
    return ", ".join(
        f"{cut(name, 16)} {100 * each.share:.0f} %" for name, each in list(one.classes.items())[:3]
    )


_COLUMNS = (
    _Column("items", lambda one: f"{one.per_item.labelled:,}"),
    _Column("without", lambda one: f"{one.per_item.empty:,}" if one.per_item.empty else ""),
    _Column("per item", lambda one: number(one.labels / one.per_item.labelled) if one.labels else ""),
    _Column("width", lambda one: _median(one.size.width)),
    _Column("height", lambda one: _median(one.size.height)),
    _Column("aspect", lambda one: _median(one.size.aspect)),
    _Column("S M L in %", _grades),
    _Column("at edge", lambda one: percent(one.border.touching, one.border.labels)),
    _Column("IoU > 0.5", lambda one: percent(one.overlap.any_class.over_half, one.overlap.labels)),
    _Column("confidence", lambda one: _median(one.confidence)),
    _Column("widths", lambda one: sparkline(one.size.width.histogram) if one.size.width else "", left=True),
    _Column("classes", _mix, left=True),
)


def group_lines(title: str, groups: Mapping[str, PartStats], width: int, rows: int) -> Iterator[Line]:
    """Groups, a row each: as many measures as fit in the width (sizes are medians), and bars in what is left."""
    if not groups:
        return
    total = sum(one.labels for one in groups.values())
    shown = dict(list(groups.items())[:rows])
    header = [title, "labels", "share"]
    table_rows = [
        [cut(name, 28), f"{one.labels:,}", percent(one.labels, total)] for name, one in shown.items()
    ]
    flush = [1, 2]
    for column in _COLUMNS:
        told = [column.cell(one) for one in shown.values()]
        room = width - 2 - sum(widths((header, *table_rows))) - 2 * len(header)
        if any(told) and max(map(cells, (column.title, *told))) <= room:
            flush += [] if column.left else [len(header)]
            header.append(column.title)
            table_rows = [[*row, cell] for row, cell in zip(table_rows, told, strict=True)]
    room = min(BAR, width - 2 - sum(widths((header, *table_rows))) - 2 * len(header))
    if room >= 6:
        most = max(one.labels for one in groups.values()) or 1
        header.append("")
        table_rows = [
            [*row, bar(one.labels / most, room)] for row, one in zip(table_rows, shown.values(), strict=True)
        ]
    yield []
    yield from table(header, table_rows, right=flush)
    yield from more(len(groups), rows)
