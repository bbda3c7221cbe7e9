"""Findings as a page of pictures: the labels that a check complains of, drawn over their images."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from datalabel.check.finding import Finding, Severity
from datalabel.report.page import Bar, Chart, Detail, Fact, Listing, Mark, Page, Picture, Shape, Tone
from datalabel.repository.pages.outlining import outline_of
from datalabel.repository.pages.page_pictures import (
    PageOptions,
    Room,
    illustrated,
    labels_drawn,
    notes_on_drawing,
)
from datalabel.repository.project import Project
from datalabel.repository.view import View

MARKS = (
    Mark("error", "error", "✕", Tone.BAD),
    Mark("warning", "warning", "!", Tone.CHANGED),
    Mark("info", "info", "i", Tone.MOVED),
    Mark("other", "nothing found", "·", Tone.QUIET),
)
OTHER = MARKS[-1]
LISTED = 200
"""So many findings that belong to no image are listed."""

Place = tuple[str, str, str]
"""Item, set and id of a label."""


def page_of_findings(
    project: Project, view: View, findings: Sequence[Finding], options: PageOptions | None = None
) -> Page:
    """The page of what a check found at a revision: images with the worst findings are drawn first, of these
    those with the most.

    A label with several findings is drawn once, as the worst of them, with all their words; of two labels that are
    wrong together both are. Findings on an image as a whole stand before those on its labels; those on no image are
    listed.
    """
    options = options or PageOptions()
    room = Room()
    by_label: dict[Place, list[Finding]] = {}
    for one in findings:
        for label in (one.about or "").split():
            by_label.setdefault((one.item or "", one.set or "", label), []).append(one)
    keys = sorted({one.item for one in findings if one.item})
    shapes = _shapes(view, keys, by_label, room, marked=True)
    pictures = [
        _picture(key, list(found), shapes.get(key, ()))
        for key, found in groupby(
            sorted((one for one in findings if one.item), key=lambda one: (one.item, one.severity.rank)),
            key=lambda one: str(one.item),
        )
    ]
    finished = illustrated(
        project,
        (view,),
        pictures,
        lambda drawn, _: _shapes(view, drawn, by_label, room, marked=False),
        options,
    )
    return _page(view, findings, finished, len(pictures), options)


def _picture(key: str, findings: Sequence[Finding], shapes: Sequence[Shape]) -> Picture:
    """The image, with its findings from the worst on; those on it as a whole are entries with nothing to draw."""
    whole = [
        Shape(one.severity.value, "the image", "image", "", "", details=_details([one]))
        for one in findings
        if not one.label
    ]
    drawn = {(shape.set, shape.id) for shape in shapes}
    missing = {(one.set or "", one.label) for one in findings if one.label} - drawn
    marked = (*whole, *shapes)
    return Picture(key, None, None, None, marked, None, (), len(missing), findings[0].severity.rank)


def _details(findings: Sequence[Finding]) -> tuple[Detail, ...]:
    return tuple(Detail(f"{one.code} {one.rule}", one.message) for one in findings)


def _shapes(
    view: View,
    keys: Sequence[str],
    by_label: Mapping[Place, Sequence[Finding]],
    room: Room,
    *,
    marked: bool,
) -> dict[str, list[Shape]]:
    """The labels of these items with findings, or those without, as far as there is room."""

    def draw(name: str, item: str, label: Mapping[str, Any]) -> Shape | None:
        about = by_label.get((item, name, label["id"]), ())
        if bool(about) != marked:
            return None
        return Shape(
            mark=min(about, key=lambda one: one.severity.rank).severity.value if about else OTHER.key,
            class_name=label["class"],
            kind=label["kind"],
            set=name,
            id=label["id"],
            outline=outline_of(label),
            details=_details(about),
        )

    return labels_drawn(view, sorted(view.tree.sets), keys, draw, room)


def _page(
    view: View, findings: Sequence[Finding], pictures: Sequence[Picture], total: int, options: PageOptions
) -> Page:
    counts = Counter(one.severity for one in findings)
    words = ((Severity.ERROR, "errors", Tone.BAD), (Severity.WARNING, "warnings", Tone.CHANGED),
             (Severity.INFO, "remarks", Tone.MOVED))  # fmt: skip
    name = view.spec.project_name
    rules = Counter((one.severity, f"{one.code} {one.rule}") for one in findings)
    ranked = sorted(rules.items(), key=lambda one: (one[0][0].rank, -one[1], one[0][1]))
    bars = [Bar(rule, [(severity.value, number)]) for (severity, rule), number in ranked]
    drawn = sum(picture.thumbnail is not None for picture in pictures)
    return Page(
        title=options.title or f"Findings at {view.name}",
        subtitle=options.subtitle or (f"What the rules find in {name}" if name else "What the rules find"),
        facts=[
            Fact("images", total),
            *(Fact(word, counts[one], tone) for one, word, tone in words if counts[one]),
        ],
        marks=MARKS,
        pictures=pictures,
        charts=[Chart("Findings by rule", bars, "detail")],
        listings=[Listing("On no image", ("code", "finding"), _elsewhere(findings))],
        notes=notes_on_drawing(drawn, total, len(pictures), "have findings", first="the worst"),
        unlisted=total - len(pictures),
        mark_title="Severity",
        detail_title="Rule",
        first="Worst",
    )


def _elsewhere(findings: Sequence[Finding]) -> list[list[str]]:
    rows = [[one.code, one.message] for one in findings if not one.item]
    return rows[:LISTED] + ([["", f"and {len(rows) - LISTED:,} more"]] if len(rows) > LISTED else [])
