"""How statistics look in a terminal: about a page for each label set, what says nothing left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from datalabel.cli.charts import (
    Line,
    beside,
    cut,
    fitted,
    heat_map,
    length,
    more,
    sparkline,
    squeezed,
    table,
    widths,
)
from datalabel.cli.groups_text import group_lines
from datalabel.cli.presenting import bar, shown, size_text
from datalabel.printable import amount, number, percent

if TYPE_CHECKING:
    from datalabel.labels.stats import Distribution, ItemStats, PartStats, PropertyStats, SetStats

CLASSES = 24
"""So many classes are drawn, and so many properties told; with `-v`, all."""

SHAPED = 20
"""Fewer numbers than this have no shape."""

MAPPED = 50
"""Fewer labels than this make no map of positions."""

VALUES = 8
TITLE = 12
BAR = 60
NARROW = 84
GAP = 4


def item_lines(items: ItemStats, revision: str) -> Iterator[Line]:
    """What the items are."""
    formats = ", ".join(f"{shown(name)} {many:,}" for name, many in items.formats.items())
    size = f"  {size_text(items.bytes)}" if items.bytes else ""
    head = f" at {shown(revision)}" + (f"  {formats}" if formats else "") + size
    yield [(amount(items.items, "item"), "name"), head]
    if items.items > items.images:
        yield [(f"  {amount(items.items - items.images, 'item')} without an image here", "warn")]
    sizes = list(items.sizes.items())
    if sizes:
        words = ", ".join(f"{size} ({many:,})" for size, many in sizes[:4])
        yield _fact("sizes", words + (", …" if len(sizes) > 4 else ""))
    if items.states:
        yield _counted("states", items.states, 80)
    for name, one in list(items.properties.items())[:VALUES]:
        yield _fact(cut(name, TITLE), fitted(_values(one.values), 60, one.distinct or len(one.values)))


def head_lines(name: str, found: PartStats) -> Iterator[Line]:
    """How many labels, on how many items."""
    empty, unseen = found.per_item.empty, found.per_item.unseen
    tail = f", {amount(empty, 'item')} without" if empty else ""
    on = f"{amount(found.labels, 'label')} on {amount(found.per_item.labelled, 'item')}{tail}"
    yield [(shown(name), "name"), f"  {on}"]
    if unseen:
        yield [(f"  {amount(unseen, 'item')} in none of its label files", "dim")]


def set_lines(found: SetStats, width: int, rows: int = CLASSES) -> Iterator[Line]:
    """Everything that one label set has to say, in tables of so many rows at most."""
    yield from class_lines(found, width, rows)
    places = _positions(found)
    room = width - max(map(length, places), default=0) - GAP
    if places and room >= NARROW:
        yield from beside([*_distributions(found), *_facts(found, room)], places, GAP)
    else:
        yield from (*_distributions(found), *_facts(found, width), *places)
    if found.splits:
        yield from group_lines("split", found.splits, width, rows)
    yield from _properties(found, rows)


def class_lines(found: PartStats, width: int, rows: int = CLASSES) -> Iterator[Line]:
    """The classes with a bar each, most labels first."""
    if not found.classes:
        return
    most = max(one.labels for one in found.classes.values())
    told = [
        [
            cut(name, 28),
            cut(", ".join(one.kinds), 20),
            f"{one.labels:,}",
            percent(one.labels, found.labels),
            f"{one.items:,}",
        ]
        for name, one in list(found.classes.items())[:rows]
    ]
    header = ["class", "kind", "labels", "share", "items"]
    room = min(BAR, width - sum(widths((header, *told))) - 2 * len(header) - 2)
    bars = [bar(one.labels / most, room) for one in found.classes.values()]
    yield from table(
        [*header, ""], [[*row, end] for row, end in zip(told, bars, strict=False)], right=(2, 3, 4)
    )
    yield from more(len(found.classes), rows)


def _distributions(found: PartStats) -> Iterator[Line]:
    """The measures of the labels, a row each, with the shape of the middle nine tenths."""
    per_item = found.per_item.histogram
    filled = [per_item.get(place, 0) for place in range(max(per_item, default=0) + 1)]
    rows = [
        _distribution("labels/item", found.per_item.distribution, filled[min(per_item, default=0) :]),
        _distribution("width px", found.size.width),
        _distribution("height px", found.size.height),
        _distribution("aspect", found.size.aspect),
        _distribution("confidence", found.confidence, found.confidence_histogram),
    ]
    told = [row for row in rows if row]
    if told:
        yield []
        shape = "shape" if any(row[-1] for row in told) else ""
        header = ("", "min", "5 %", "median", "mean", "95 %", "max", shape)
        yield from table(header, told, right=range(1, 7))


def _distribution(
    title: str, spread: Distribution | None, counts: tuple[int, ...] | list[int] = ()
) -> list[str]:
    if spread is None:
        return []
    values = (spread.min, spread.p5, spread.median, spread.mean, spread.p95, spread.max)
    shape = squeezed(counts or spread.histogram, 20)
    return [
        title,
        *map(number, values),
        sparkline(shape) if spread.count >= SHAPED and len(shape) > 1 else "",
    ]


def _facts(found: PartStats, width: int) -> Iterator[Line]:
    area = found.size.area
    total = area.small + area.medium + area.large
    if total:
        words = [f"{name} {many:,} ({percent(many, total)})" for name, many in area.to_json().items()]
        yield _fact("COCO sizes", "  ".join(words))
    if found.size.unmeasured:
        yield _fact(
            "unmeasured", f"{amount(found.size.unmeasured, 'label')} without a sound geometry", "warn"
        )
    yield from _border(found)
    yield from _overlap(found)
    pairs = found.together.pairs
    if pairs:
        words = [
            f"{' + '.join(cut(name, 20) for name in pair.classes)} on {amount(pair.items, 'item')}"
            for pair in pairs
        ]
        yield _fact("together", fitted(words, width - TITLE - 4, len(words)))
    if list(found.annotators) not in ([], ["unknown"]):
        yield _counted("annotators", {who: one.labels for who, one in found.annotators.items()}, width)


def _border(found: PartStats) -> Iterator[Line]:
    border = found.border
    if border.touching:
        share = percent(border.touching, border.labels)
        sides = ", ".join(f"{side} {getattr(border, side):,}" for side in ("left", "top", "right", "bottom"))
        yield _fact("at the edge", f"{amount(border.touching, 'label')} ({share}): {sides}")


def _overlap(found: PartStats) -> Iterator[Line]:
    overlap = found.overlap
    meeting, half = overlap.any_class.overlapping, overlap.any_class.over_half
    if meeting:
        words = f"{amount(meeting, 'label')} ({percent(meeting, overlap.labels)}) meet another"
        words += f", {half:,} by IoU > 0.5 ({overlap.same_class.over_half:,} of one class)" if half else ""
        yield _fact("overlap", words)


def _positions(found: PartStats) -> list[Line]:
    """Where the centres of the labels are on their images."""
    if found.position.placed < MAPPED:
        return []
    outside = f", {found.position.outside:,} outside" if found.position.outside else ""
    lines: list[Line] = [[], [("  centres on the image" + outside, "dim")]]
    lines += [[f"  {row}"] for row in heat_map(found.position.grid)]
    return lines


def _properties(found: PartStats, rows: int) -> Iterator[Line]:
    told = [
        (f"{cut(class_name, 24)}.{cut(name, 20)}", f"{one.labels:,}", _told(one))
        for class_name, named in found.properties.items()
        for name, one in named.items()
    ]
    if told:
        yield []
        yield from table(("property", "labels", "values"), told[:rows], right=(1,))
        yield from more(len(told), rows)


def _told(one: PropertyStats) -> str:
    """The commonest values; of numbers with many values, how they are distributed."""
    from datalabel.labels.stats.counts import DISTINCT

    if one.numbers is not None and (one.distinct is None or one.distinct > VALUES):
        spread = one.numbers
        ends = f"{number(spread.min)} to {number(spread.max)}, median {number(spread.median)}"
        return f"{ends}  {sparkline(spread.histogram)}"
    if one.distinct is None:
        return f"more than {DISTINCT:,} different values"
    return fitted(_values(one.values), 50, one.distinct)


def cross_lines(found: PartStats, width: int) -> Iterator[Line]:
    """Every two properties with several values each, side by side: a table of labels."""
    for one in found.cross:
        columns = sorted({value for counts in one.counts.values() for value in counts})
        if len(one.counts) > 1 and len(columns) > 1:
            rows = [
                [cut(value, 24), *(f"{counts[name]:,}" if name in counts else "" for name in columns)]
                for value, counts in one.counts.items()
            ]
            header = [cut(" × ".join(one.properties), 40), *(cut(name, 16) for name in columns)]
            if sum(widths((header, *rows))) + 2 * len(header) <= width:
                yield []
                yield from table(header, rows, right=range(1, len(header)))


def _values(values: Mapping[str, int]) -> list[str]:
    return [f"{cut(value, 16)} {many:,}" for value, many in list(values.items())[:VALUES]]


def _counted(title: str, numbers: Mapping[str, int], width: int) -> Line:
    words = [f"{cut(name, 20)} {many:,}" for name, many in numbers.items()]
    return _fact(title, fitted(words, width - TITLE - 4, len(words)))


def _fact(title: str, words: str, style: str | None = None) -> Line:
    return [(f"  {title:<{TITLE}}", "dim"), (words, style) if style else words]
