"""The worst items of an agreement as a page of pictures: everybody's labels over one image."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from datalabel.labels.tables import label_id_text
from datalabel.quality.results import Agreement, ItemAgreement, ItemLabel
from datalabel.report.page import Bar, Chart, Detail, Fact, Mark, Page, Picture, Shape, Tone
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

MISSED = Mark("missed", "missed by some", "−", Tone.BAD)
DIFFERS = Mark("differs", "classes differ", "≠", Tone.CHANGED)
AGREED = Mark("agreed", "agreed", "=", Tone.GOOD)
MARKS = (MISSED, DIFFERS, AGREED)


def page_of_agreement(
    project: Project, view: View, found: Agreement, options: PageOptions | None = None
) -> Page:
    """The page of the items on which people (or sets) differ most, the worst first as in `found`."""
    options = options or PageOptions()
    pictures = _pictures(view, found)
    finished = illustrated(project, (view,), pictures, lambda *_: {}, options)
    drawn = sum(picture.thumbnail is not None for picture in finished)
    alpha = found.alpha.value
    return Page(
        title=options.title or f"Agreement at {view.name}",
        subtitle=options.subtitle
        or f"{len(pictures):,} items on which {_who(found)} differ most"
        + (f" · alpha {alpha:.2f}" if alpha is not None else ""),
        facts=[
            Fact("items compared", found.items),
            Fact("objects missed by some, on these", sum(map(_missed, found.worst)), Tone.BAD),
            Fact(
                "objects of several classes, on these",
                sum(one.reclassified for one in found.worst),
                Tone.CHANGED,
            ),
        ],
        marks=MARKS,
        pictures=finished,
        charts=[Chart("Labels by annotator, on these items", _bars(found), "detail")],
        notes=[
            *_notes_on_majority(found),
            *_notes_on_left_out(found),
            *notes_on_drawing(drawn, len(pictures), len(finished), "differ", first="the worst"),
        ],
        unlisted=len(pictures) - len(finished),
        mark_title="Labels",
        detail_title="Annotator",
        first="Worst",
    )


def _pictures(view: View, found: Agreement) -> list[Picture]:
    """The worst items with what everybody drew, not yet with their images."""
    shapes = _shapes(view, found)
    return [
        Picture(
            one.item,
            None,
            None,
            None,
            tuple(shapes.get(one.item, ())),
            notes=(_words(one),),
            unlisted=len(one.labels) - len(shapes.get(one.item, ())),
            rank=place,
        )
        for place, one in enumerate(found.worst)
    ]


def _bars(found: Agreement) -> list[Bar]:
    """For each annotator how many of their labels others missed, named otherwise and agreed on; who drew most that
    others missed comes first."""
    people = Counter((label.annotator, mark.key) for one in found.worst for label, mark, _ in _marked(one))
    names = sorted({name for name, _ in people}, key=lambda name: (-people[name, MISSED.key], name))
    return [Bar(name, [(mark.key, people[name, mark.key]) for mark in MARKS]) for name in names]


def _who(found: Agreement) -> str:
    return " and ".join(found.sets) if len(found.sets) > 1 else "annotators"


def _notes_on_majority(found: Agreement) -> list[str]:
    """For each set that several annotators speak for, what of it is compared."""
    return [
        f"{name}: on {items:,} of {found.items:,} items several of its annotators saw the image; what half or more "
        "of them drew is compared and shown, each object by one label."
        for name, items in found.majority.items()
        if items
    ]


def _notes_on_left_out(found: Agreement) -> list[str]:
    """For each set what of it is not compared."""
    return [
        f"{name}: {one.items:,} items with {one.labels:,} labels are left out: the other set does not name them."
        for name, one in found.left_out.items()
        if one.items
    ]


def _missed(one: ItemAgreement) -> int:
    """How many objects some of those who saw the item did not draw."""
    return len({label.object for label, mark, _ in _marked(one) if mark is MISSED})


def _words(one: ItemAgreement) -> str:
    return f"Seen by {', '.join(one.saw)}: {one.objects:,} objects, {one.missed:,} times one was not drawn."


def _marked(one: ItemAgreement) -> list[tuple[ItemLabel, Mark, str]]:
    """Each label with what became of its object, and in words who did not draw it or calls it otherwise."""
    objects: dict[int, list[ItemLabel]] = {}
    for label in one.labels:
        objects.setdefault(label.object, []).append(label)
    found = []
    for drawn in objects.values():
        absent = sorted(set(one.saw) - {label.annotator for label in drawn})
        names = {label.name for label in drawn}
        mark = MISSED if absent else DIFFERS if len(names) > 1 else AGREED
        for label in drawn:
            others = [f"{other.annotator}: {other.name}" for other in drawn if other.name != label.name]
            words = [f"not drawn by {', '.join(absent)}"] if absent else []
            found.append((label, mark, "; ".join(words + others) or "agreed"))
    return found


def _shapes(view: View, found: Agreement) -> Mapping[str, Sequence[Shape]]:
    marked = {
        (one.item, label_id_text(label.id)): (label, mark, words)
        for one in found.worst
        for label, mark, words in _marked(one)
    }

    def draw(name: str, item: str, label: Mapping[str, Any]) -> Shape | None:
        if (item, label["id"]) not in marked:
            return None
        person, mark, words = marked[item, label["id"]]
        details = (Detail(person.annotator, words),)
        return Shape(
            mark.key, label["class"], label["kind"], name, label["id"], outline_of(label), details=details
        )

    keys = sorted({one.item for one in found.worst})
    return labels_drawn(view, found.sets, keys, draw, Room())
