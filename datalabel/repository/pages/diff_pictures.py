"""A difference as a page of pictures: what changed on each image, drawn over it."""

from __future__ import annotations

import heapq
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from datalabel.labels.diff import LabelChange
from datalabel.report.page import Bar, Chart, Fact, Listing, Page, Picture, Shape, Tone
from datalabel.repository.differences import Difference, ItemChange
from datalabel.repository.pages.change_shapes import (
    ADDED,
    CHANGED,
    MARKS,
    MOVED,
    REMOVED,
    shape_of,
    shape_of_same,
)
from datalabel.repository.pages.page_pictures import (
    PageOptions,
    Room,
    illustrated,
    labels_drawn,
    notes_on_drawing,
)
from datalabel.repository.project import Project

SPEC_ROWS = 50


def page_of_diff(project: Project, difference: Difference, options: PageOptions | None = None) -> Page:
    """The page of a difference. Images with the most label changes are drawn first, then by key.

    Labels that did not change are shown beside the others on images that are drawn. An image that cannot be
    read is a picture without a thumbnail and with a note.
    """
    options = options or PageOptions()
    room = Room()
    tally = _Tally()
    pictures = _pictures(difference, room, tally)
    finished = illustrated(
        project,
        (difference.after, difference.before),
        pictures,
        lambda keys, changed: _context(difference, keys, changed, room),
        options,
    )
    return _page(difference, finished, tally, len(pictures), options)


# Pictures, without their images


class _Tally:
    """Counts over every label change, listed or not."""

    def __init__(self) -> None:
        self.classes: Counter[tuple[str, str]] = Counter()
        self.sets: Counter[tuple[str, str]] = Counter()

    def add(self, shape: Shape) -> None:
        self.classes[shape.class_name, shape.mark] += 1
        self.sets[shape.set, shape.mark] += 1


def _pictures(difference: Difference, room: Room, tally: _Tally) -> list[Picture]:
    """A picture for every image that changed or whose labels did, in no order."""
    items = {change.key: change for change in difference.items}
    found: list[Picture] = []
    for key, changes in groupby(_changes(difference), key=lambda change: change[1].item):
        shapes: list[Shape] = []
        unlisted = 0
        for name, change in changes:
            shape = shape_of(name, change)
            tally.add(shape)
            taken = room.take(shape)
            if taken is None:
                unlisted += 1
            else:
                shapes.append(taken)
        found.append(_picture(key, items.pop(key, None), shapes, unlisted))
    found += [_picture(key, change, (), 0) for key, change in items.items()]
    return [_noted(one, _DISPLACED) if one.key in difference.displaced else one for one in found]


_DISPLACED = "Another image was called so before, and was removed. Its labels lie where they were on it."


def _noted(picture: Picture, note: str) -> Picture:
    return replace(picture, notes=(*picture.notes, note))


def _changes(difference: Difference) -> Iterator[tuple[str, LabelChange]]:
    """The label changes of all sets, item by item."""

    def of(name: str) -> Iterator[tuple[str, LabelChange]]:
        for found in difference.compared(name):
            for change in found.changes():
                yield name, change

    return heapq.merge(*map(of, difference.sets), key=lambda change: change[1].item)


def _picture(key: str, change: ItemChange | None, shapes: Sequence[Shape], unlisted: int) -> Picture:
    notes = []
    if unlisted:
        notes.append(
            f"{unlisted:,} label changes of this image are counted and not listed: the page is full."
        )
    if change is not None:
        notes += _item_notes(change)
    return Picture(
        key, None, None, None, tuple(shapes), change.change if change else None, tuple(notes), unlisted
    )


_IMAGE_FIELDS = ("content", "bytes", "width", "height", "format", "orientation")


def _words(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, Mapping) else str(value)


def _item_notes(change: ItemChange) -> list[str]:
    notes = []
    if change.old_key:
        notes.append(f"Renamed from {change.old_key}.")
    if change.change == "replaced":
        notes.append("The image is another one now. Labels from before lie where they were on the old one.")
    others = [name for name in change.fields if name not in _IMAGE_FIELDS]
    if others:
        pairs = (f"{name}: {' → '.join(map(_words, change.fields[name]))}" for name in others)
        notes.append("; ".join(pairs))
    return notes


def _context(
    difference: Difference, keys: Sequence[str], pictures: Sequence[Picture], room: Room
) -> Mapping[str, list[Shape]]:
    """The labels of these images that did not change, of the sets that did, as far as there is room."""
    changed = {(picture.key, shape.set, shape.id) for picture in pictures for shape in picture.shapes}
    whole = {picture.key for picture in pictures if not picture.unlisted}

    def draw(name: str, item: str, label: Mapping[str, Any]) -> Shape | None:
        is_other = item not in whole or (item, name, label["id"]) in changed
        return None if is_other else shape_of_same(name, label)

    return labels_drawn(difference.after, difference.sets, keys, draw, room)


# The page around them


def _page(
    difference: Difference, pictures: Sequence[Picture], tally: _Tally, total: int, options: PageOptions
) -> Page:
    summary = difference.summary()
    drawn = sum(picture.thumbnail is not None for picture in pictures)
    return Page(
        title=options.title or f"{difference.before.name} → {difference.after.name}",
        subtitle=options.subtitle or _subtitle(difference),
        facts=_facts(summary, total),
        marks=MARKS,
        pictures=pictures,
        charts=_charts(summary, tally),
        listings=_listings(summary, difference.spec),
        notes=notes_on_drawing(drawn, total, len(pictures), "changed"),
        unlisted=total - len(pictures),
    )


def _subtitle(difference: Difference) -> str:
    name = difference.after.spec.project_name
    return f"What changed in {name}" if name else "What changed"


def _facts(summary: Mapping[str, Any], total: int) -> list[Fact]:
    words = (("added", Tone.GOOD), ("removed", Tone.BAD), ("changed", Tone.CHANGED))
    counts = summary["sets"].values()
    return [
        Fact("images", total),
        *(Fact(f"labels {word}", sum(one[word] for one in counts), tone) for word, tone in words),
    ]


def _charts(summary: Mapping[str, Any], tally: _Tally) -> list[Chart]:
    fields: Counter[str] = Counter()
    for counts in summary["sets"].values():
        fields.update(counts["by_field"])
    by_field = [Bar(name, [(CHANGED.key, number)]) for name, number in fields.most_common()]
    charts = [
        Chart("Labels by class", _bars(tally.classes), "class"),
        Chart("Changed fields", by_field, "detail"),
    ]
    sets = _bars(tally.sets)
    return [*charts, Chart("Labels by set", sets, "set")] if len(sets) > 1 else charts


def _bars(counts: Counter[tuple[str, str]]) -> list[Bar]:
    names = {name for name, _ in counts}
    marks = (ADDED, REMOVED, MOVED, CHANGED)
    bars = [Bar(name, [(mark.key, counts[name, mark.key]) for mark in marks]) for name in names]
    return sorted(bars, key=lambda bar: (-bar.total, bar.name))


def _listings(summary: Mapping[str, Any], spec: Sequence[Mapping[str, Any]]) -> list[Listing]:
    words = ("added", "removed", "changed")
    sets = [
        [name, *(f"{counts[word]:,}" for word in words), _fields(counts["by_field"])]
        for name, counts in summary["sets"].items()
    ]
    items = [[word, f"{number:,}"] for word, number in summary["items"].items() if number]
    paths = [[change["path"], change["change"], change["effect"]] for change in spec[:SPEC_ROWS]]
    if len(spec) > SPEC_ROWS:
        paths.append([f"and {len(spec) - SPEC_ROWS:,} more", "", ""])
    return [
        Listing("Label sets", ("set", *words, "changed fields"), sets),
        Listing("Images", ("change", "images"), items),
        Listing("Data spec", ("path", "change", "effect"), paths),
    ]


def _fields(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {number:,}" for name, number in counts.items())
