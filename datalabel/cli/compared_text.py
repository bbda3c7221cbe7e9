"""How the statistics of two revisions look side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from datalabel.cli.charts import Line, cut, more, table
from datalabel.cli.presenting import bar, shown
from datalabel.labels.stats.compare import Change, compare
from datalabel.printable import number, signed

if TYPE_CHECKING:
    from datalabel.labels.stats import Stats

ROWS = 40
"""So many classes, annotators or groups are compared; `--json` has all of them."""

BAR = 16

_ITEMS = {("items", "items"): "items", ("items", "images"): "with an image"}
_MEASURES = {
    ("labels", "labels"): "labels",
    ("per_item", "labelled"): "items with labels",
    ("per_item", "empty"): "items without",
    ("per_item", "unseen"): "items in no label file",
    ("per_item", "distribution.median"): "labels per item, median",
    ("per_item", "distribution.mean"): "labels per item, mean",
    ("size", "width.median"): "width px, median",
    ("size", "width.mean"): "width px, mean",
    ("size", "height.median"): "height px, median",
    ("size", "height.mean"): "height px, mean",
    ("size", "aspect.median"): "aspect, median",
    ("size", "aspect.mean"): "aspect, mean",
    ("size", "area.small"): "small (COCO)",
    ("size", "area.medium"): "medium (COCO)",
    ("size", "area.large"): "large (COCO)",
    ("size", "unmeasured"): "unmeasured",
    ("border", "touching"): "at the edge",
    ("overlap", "any_class.over_half"): "overlap, IoU > 0.5",
    ("overlap", "same_class.over_half"): "same, of one class",
    ("confidence", "median"): "confidence, median",
    ("confidence", "mean"): "confidence, mean",
}
"""What a set is measured by: section and measure of a change, and what it is called here."""

_NAMED = {"classes": "class", "annotators": "annotator"}

Row = tuple[str, Change]
"""What a change is called in its table, and the change."""


def compared_lines(before: Stats, after: Stats, width: int, rows: int = ROWS) -> Iterator[Line]:
    """What differs, set by set: measures, classes, annotators, groups; tables of so many rows at most."""
    yield [(f"{shown(after.revision)} against {shown(before.revision)}", "name")]
    changes = compare(before, after)
    of_items = [change for change in changes if not change.set]
    states = [(f"state {one.name}", one) for one in of_items if one.section == "states"]
    tables = [_table("items", [*_called(of_items, _ITEMS), *states], width, rows)]
    for name in sorted({change.set for change in changes} - {""}):
        own = [change for change in changes if change.set == name]
        if not any(
            name in stats.sets and {*stats.sets[name].annotators} - {"unknown"} for stats in (before, after)
        ):
            own = [
                change for change in own if change.section != "annotators"
            ]  # these are the labels of the set
        lines = [line for title, some in _tables(own, after.by) for line in _table(title, some, width, rows)]
        tables.append([[], [(shown(name), "name")], *lines] if lines else [])
    for lines in tables:
        yield from lines
    if not any(tables):
        sections = dict.fromkeys(change.section for change in changes)
        yield [f"Only details differ: {', '.join(sections)}  (--json)" if sections else "No number differs."]


def _tables(changes: Sequence[Change], by: str | None) -> Iterator[tuple[str, list[Row]]]:
    """The tables of one set: their titles and rows."""
    whole = [change for change in changes if not change.part]
    yield "", _called(whole, _MEASURES)
    for section, title in _NAMED.items():
        yield title, [(one.name, one) for one in whole if (one.section, one.measure) == (section, "labels")]
    of_parts = [one for one in changes if one.part and one.section == "labels"]
    for word in ("split", "group") if by not in (None, *_NAMED.values(), "split") else ("split",):
        found = [(one.part.removeprefix(f"{word} "), one) for one in of_parts if one.part.startswith(word)]
        yield str(by) if word == "group" else word, found


def _called(changes: Sequence[Change], names: Mapping[tuple[str, str], str]) -> list[Row]:
    """Those of the changes that have a name here, in the order of the names."""
    found = {(change.section, change.measure): change for change in changes if not change.name}
    return [(title, found[key]) for key, title in names.items() if key in found]


def _table(title: str, rows: Sequence[Row], width: int, most: int) -> list[Line]:
    """Numbers before and after; nothing where there is none."""
    if not rows:
        return []
    # A number that was none and is 0 now makes no step.
    longest = max(abs((one.after or 0) - (one.before or 0)) for _, one in rows) or 1
    room = min(BAR, width - 64) if title else 0
    cells = [
        [
            cut(name, 28),
            *("" if value is None else number(value) for value in (one.before, one.after)),
            "" if one.delta is None else signed(one.delta),
            bar(abs((one.after or 0) - (one.before or 0)) / longest, room),
        ]
        for name, one in rows[:most]
    ]
    lines = table((title, "before", "after", "change", ""), cells, right=(1, 2, 3))
    return [[], *lines, *more(len(rows), most)]
