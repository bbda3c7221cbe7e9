"""How the statistics of two revisions look side by side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datalabel.cli.charts import Line, cut, more, number, signed, table
from datalabel.cli.presenting import bar, shown
from datalabel.labels.stats.compare import compare

if TYPE_CHECKING:
    from datalabel.labels.stats import Distribution, PartStats, Stats

ROWS = 40
"""So many classes, annotators or groups are compared; `--json` has all of them."""

BAR = 16

Measures = dict[str, float | None]


@dataclass(frozen=True, slots=True)
class _Sides:
    """Numbers of two revisions under one title. What one side does not list is `missing` there."""

    title: str
    before: Measures
    after: Measures
    missing: float | None = 0

    def differing(self) -> list[tuple[str, float | None, float | None]]:
        """Name, before and after of the numbers that differ."""
        names = dict.fromkeys([*self.after, *self.before])
        rows = [
            (name, self.before.get(name, self.missing), self.after.get(name, self.missing)) for name in names
        ]
        return [(name, was, now) for name, was, now in rows if was != now]


def compared_lines(before: Stats, after: Stats, width: int, rows: int = ROWS) -> Iterator[Line]:
    """What differs, set by set: measures, classes, annotators, groups; tables of so many rows at most."""
    yield [(f"{shown(after.revision)} against {shown(before.revision)}", "name")]
    items = _table(_Sides("items", _of_items(before), _of_items(after)), width, rows)
    yield from items
    changed = bool(items)
    for name in sorted({*before.sets, *after.sets}):
        sides = _sides_of(before.sets.get(name), after.sets.get(name), after.by)
        lines = [line for one in sides for line in _table(one, width, rows)]
        if lines:
            changed = True
            yield []
            yield [(shown(name), "name")]
            yield from lines
    if not changed:
        sections = dict.fromkeys(change.section for change in compare(before, after))
        yield [f"Only details differ: {', '.join(sections)}  (--json)" if sections else "No number differs."]


def _sides_of(before: PartStats | None, after: PartStats | None, by: str | None) -> Iterator[_Sides]:
    yield _Sides("", _measures(before), _measures(after), missing=None)
    titles = {"class": "classes", "annotator": "annotators", "split": "splits"}
    if by not in (None, *titles):
        titles[str(by)] = "groups"
    for title, key in titles.items():
        sides = _Sides(title, _counts(before, key), _counts(after, key))
        if not sides.before.keys() | sides.after.keys() <= {"unknown"}:
            yield sides


def _table(sides: _Sides, width: int, rows: int) -> list[Line]:
    """The numbers that differ; nothing when none does."""
    differing = sides.differing()
    if not differing:
        return []
    steps = [abs((now or 0) - (was or 0)) for _, was, now in differing]
    longest = max(steps) or 1  # a number that was none and is 0 now makes no step
    room = min(BAR, width - 64) if sides.title else 0
    cells = [
        [
            cut(name, 28),
            *("" if value is None else number(value) for value in (was, now)),
            "" if was is None or now is None else signed(now - was),
            bar(step / longest, room),
        ]
        for (name, was, now), step in zip(differing[:rows], steps, strict=False)
    ]
    lines = table((sides.title, "before", "after", "change", ""), cells, right=(1, 2, 3))
    return [[], *lines, *more(len(differing), rows)]


def _of_items(stats: Stats) -> Measures:
    items = stats.items
    states: Measures = {f"state {name}": many for name, many in items.states.items()}
    return {"items": items.items, "with an image": items.images, **states}


def _counts(found: PartStats | None, key: str) -> Measures:
    """Labels by class, annotator, split or group."""
    return {name: one.labels for name, one in getattr(found, key, {}).items()}


def _measures(found: PartStats | None) -> Measures:
    """What a set is measured by."""
    if found is None:
        return {}
    size, per_item = found.size, found.per_item
    return {
        "labels": found.labels,
        "items with labels": per_item.labelled,
        "items without": per_item.empty,
        "items in no label file": per_item.unseen,
        **_spread("labels per item", per_item.distribution),
        **_spread("width px", size.width),
        **_spread("height px", size.height),
        **_spread("aspect", size.aspect),
        **{f"{grade} (COCO)": many for grade, many in size.area.to_json().items()},
        "unmeasured": size.unmeasured,
        "at the edge": found.border.touching,
        "overlap, IoU > 0.5": found.overlap.any_class.over_half,
        "same, of one class": found.overlap.same_class.over_half,
        **_spread("confidence", found.confidence),
    }


def _spread(title: str, found: Distribution | None) -> Measures:
    return {
        f"{title}, median": found.median if found else None,
        f"{title}, mean": found.mean if found else None,
    }
