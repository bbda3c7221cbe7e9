"""`stats`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer

from datalabel.cli.completion import revisions
from datalabel.cli.presenting import Presentation, Screen, bar, cells, count, shown
from datalabel.cli.session import SESSION

if TYPE_CHECKING:
    from datalabel.labels.stats import Stats

CLASSES = 40
"""So many classes are drawn; `--json` has all of them."""

VALUES = 8
SPARKS = "▁▂▃▄▅▆▇█"


@dataclass
class StatsText(Presentation):
    """The statistics of one revision."""

    stats: Stats

    def text(self, screen: Screen) -> None:
        found = self.stats.to_json()
        self._items(screen, found["items"])
        for name, numbers in found["sets"].items():
            screen.line()
            empty = numbers["per_item"]["empty"]
            tail = f", {count(empty, 'item')} without" if empty else ""
            screen.line((shown(name), "name"), f"  {count(numbers['labels'], 'label')} on "
                        f"{count(numbers['per_item']['labelled'], 'item')}{tail}")  # fmt: skip
            _classes(screen, numbers)
            _per_item(screen, numbers["per_item"])
            _sizes(screen, numbers["size"])
            _counted(screen, "annotators", {who: one["labels"] for who, one in numbers["annotators"].items()})
            _properties(screen, numbers["properties"])
            if numbers["confidence"]:
                screen.line(("  confidence  ", "dim"), _distribution(numbers["confidence"], 2))

    def _items(self, screen: Screen, items: Mapping[str, Any]) -> None:
        formats = ", ".join(f"{shown(name)} {number:,}" for name, number in items["formats"].items())
        size = f"  {_bytes(items['bytes'])}" if items["bytes"] else ""
        place = f" at {shown(self.stats.revision or 'this revision')}"
        screen.line((count(items["items"], "item"), "name"), place, f"  {formats}" if formats else "", size)
        missing = items["items"] - items["images"]
        if missing:
            screen.line((f"  {count(missing, 'item')} without an image here", "warn"))
        sizes = list(items["sizes"].items())
        if sizes:
            words = ", ".join(f"{size} ({number:,})" for size, number in sizes[:4])
            screen.line(("  sizes  ", "dim"), words + (", …" if len(sizes) > 4 else ""))

    def json(self) -> Any:
        return self.stats.to_json()


def _bytes(size: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def _cut(text: str, width: int) -> str:
    """A text in at most so many columns."""
    if cells(text) <= width:
        return text
    while cells(text) > width - 1:
        text = text[:-1]
    return text + "…"


def _classes(screen: Screen, numbers: Mapping[str, Any]) -> None:
    classes = list(numbers["classes"].items())
    if not classes:
        return
    names = [_cut(shown(name), 28) for name, _ in classes[:CLASSES]]
    most = max(one["labels"] for _, one in classes)
    width = max(8, min(40, screen.width - max(map(cells, names)) - 44))
    rows = [
        [
            name,
            ", ".join(shown(kind) for kind in one["kinds"]),
            f"{one['labels']:,}",
            f"{100 * one['share']:.1f} %",
            bar(one["labels"] / most, width),
        ]
        for name, (_, one) in zip(names, classes, strict=False)
    ]
    screen.table(rows, right=(2, 3))
    if len(classes) > CLASSES:
        screen.line((f"  … and {len(classes) - CLASSES:,} more classes (--json lists all)", "dim"))


def _per_item(screen: Screen, per_item: Mapping[str, Any]) -> None:
    spread = per_item["distribution"]
    if not spread:
        return
    sparks = _sparkline(per_item["histogram"])
    words = f"min {spread['min']:g}  median {spread['median']:g}  mean {spread['mean']:.1f}  max {spread['max']:g}"
    screen.line(("  per item    ", "dim"), words, f"  {sparks}")


def _sparkline(histogram: Mapping[str, int], width: int = 24) -> str:
    """The shape of a histogram whose keys are whole numbers, in at most so many columns."""
    found = {int(key): number for key, number in histogram.items() if str(key).isdigit()}
    if len(found) < 2:
        return ""
    low, high = min(found), max(found)
    columns = min(width, high - low + 1)
    heights = [0] * columns
    for value, number in found.items():
        heights[(value - low) * columns // (high - low + 1)] += number
    most = max(heights)
    return "".join(SPARKS[-(-7 * height // most)] if height else " " for height in heights)


def _sizes(screen: Screen, size: Mapping[str, Any]) -> None:
    for name in ("width", "height"):
        if size[name]:
            screen.line((f"  {name:<12}", "dim"), _distribution(size[name], 0), " px")
    area = size["area"]
    total = sum(area.values())
    if total:
        parts = [f"{word} {number:,} ({100 * number / total:.0f} %)" for word, number in area.items()]
        screen.line(("  COCO sizes  ", "dim"), "  ".join(parts))


def _distribution(spread: Mapping[str, Any], digits: int) -> str:
    words = (("min", "min"), ("p25", "25 %"), ("median", "median"), ("p75", "75 %"), ("max", "max"))
    return "  ".join(f"{word} {spread[key]:,.{digits}f}" for key, word in words)


def _counted(screen: Screen, title: str, numbers: Mapping[str, int]) -> None:
    if not numbers or list(numbers) == ["unknown"]:
        return
    words = [f"{_cut(shown(name), 20)} {number:,}" for name, number in list(numbers.items())[:VALUES]]
    rest = f", … {len(numbers) - VALUES:,} more" if len(numbers) > VALUES else ""
    screen.line((f"  {title:<12}", "dim"), ", ".join(words) + rest)


def _properties(screen: Screen, properties: Mapping[str, Any]) -> None:
    from datalabel.labels.stats_counts import DISTINCT

    rows: list[Sequence[str]] = []
    for class_name, named in properties.items():
        for name, one in named.items():
            values = list(one["values"].items())
            words = ", ".join(f"{_cut(shown(value), 16)} {number:,}" for value, number in values[:VALUES])
            rest = (one["distinct"] or 0) - min(VALUES, len(values))
            if one["distinct"] is None:
                words = f"more than {DISTINCT:,} different values"
            place = f"{_cut(shown(class_name), 24)}.{_cut(shown(name), 20)}"
            rows.append((place, words + (f", … {rest:,} more" if rest > 0 else "")))
    if rows:
        screen.line(("  properties", "dim"))
        screen.table(rows, indent=4)


def stats(
    revision: str = typer.Argument("STAGED", metavar="[REV]", autocompletion=revisions),
) -> Presentation:
    """Count labels per class and kind, per item, by size, annotator and property."""
    return StatsText(SESSION.repository().stats(revision))
