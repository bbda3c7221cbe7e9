"""A101–A105: what several annotators see differently. Labels are paired by place, from an IoU of 0.5 on (of
keypoints, OKS); who saw an image is known from its label files, also of those who drew nothing.

Where people work side by side they differ somewhere, so that all of these are remarks until the spec says more.
`dlabel agreement` measures how far they agree.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from datalabel.check.columns import TOLERANCE, Ints
from datalabel.check.finding import CheckBatch, Needs, Severity
from datalabel.check.rule import Hit, OnLabel, id_of, rule
from datalabel.check.several import Several
from datalabel.check.words import cut, quoted
from datalabel.labels.properties import values_in
from datalabel.printable import some

CLOSE = 0.75
"""Labels of one object that overlap less are told."""

_NAMED = 5


@rule("A101", "not-drawn", Severity.INFO, Needs.ANNOTATORS)
def not_drawn(batch: CheckBatch) -> Iterator[Hit]:
    """An object that at least half of those who saw its image drew, and others did not: they missed it, most likely.

    Training on the one's labels teaches that there is nothing. Let those who missed it look again. Reported on one of
    the object's labels. An annotator who did not see the image misses nothing. In label files without a project
    only those are annotators whom a file names as such.
    """
    if (several := batch.several) is None:
        return
    drawn, seen = several.drawn, several.seen
    for unit in np.flatnonzero((drawn < seen) & (2 * drawn >= seen)).tolist():
        row = _in_order(batch, several, several.label[several.drawers(unit)])[0]
        who = _names(several.who(several.others(unit)))
        yield OnLabel(row, f"{_title(batch, several, row)} is not drawn by {who}, who saw the image")


@rule("A102", "drawn-by-few", Severity.INFO, Needs.ANNOTATORS)
def drawn_by_few(batch: CheckBatch) -> Iterator[Hit]:
    """An object that fewer than half of those who saw its image drew: there may be none.

    Or the others missed what is hard to see. Look at the image, and delete it, or have it drawn by all. Reported on
    one of the object's labels.
    """
    if (several := batch.several) is None:
        return
    drawn, seen = several.drawn, several.seen
    for unit in np.flatnonzero((drawn > 0) & (2 * drawn < seen)).tolist():
        row = _in_order(batch, several, several.label[several.drawers(unit)])[0]
        of = f"by {drawn[unit]} of {seen[unit]} who saw the image"
        yield OnLabel(row, f"{_title(batch, several, row)} is drawn {of}")


@rule("A103", "other-class", Severity.INFO, Needs.ANNOTATORS)
def other_class(batch: CheckBatch) -> Iterator[Hit]:
    """A label of another class than other annotators give the object.

    Reported on each label whose class is not the most common one (between equals, that of the smallest id). Two names
    may overlap in meaning: let the guidelines say where one ends.
    """
    if (several := batch.several) is None:
        return
    names, codes = batch.columns.encoded("class")
    for unit in several.differing(codes).tolist():
        drawers = several.drawers(unit)
        values = [str(names[code]) for code in codes[several.label[drawers]]]
        yield from _odd(batch, several, drawers, values, "class", quoted)


@rule("A104", "low-overlap", Severity.INFO, Needs.ANNOTATORS)
def low_overlap(batch: CheckBatch) -> Iterator[Hit]:
    """Labels of one object by two annotators that overlap with an IoU under 0.75 (of keypoints, OKS).

    One of the two drew loosely, or takes something for a part of the object that the other does not. Of each object
    the two labels that overlap least are told.
    """
    if (several := batch.several) is None:
        return
    worst: dict[int, tuple[float, int, int]] = {}
    for pair in np.flatnonzero(several.overlap < CLOSE * (1 - TOLERANCE)).tolist():
        one, other = _in_order(batch, several, [several.left[pair], several.right[pair]])
        found = (float(several.overlap[pair]), one, other)
        worst[several.unit_of[one]] = min(worst.get(several.unit_of[one], found), found)
    for overlap, other, row in worst.values():
        measure = "OKS" if batch.columns.kinds[row] == "keypoints" else "IoU"
        partner = f"label {id_of(batch, other)} by {quoted(several.by[other])}"
        below = min(overlap, CLOSE - 0.001)  # not rounded up to what it does not reach
        words = f"overlaps {partner} with {measure} {below:.3f} only"
        yield OnLabel(row, f"{_title(batch, several, row)} {words}", other=other)


@rule("A105", "other-property", Severity.INFO, Needs.ANNOTATORS)
def other_property(batch: CheckBatch) -> Iterator[Hit]:
    """A label with another value of a property than other annotators give the object.

    Compared where both gave one. Reported as with classes: on each label whose value is not the most common one.
    """
    if (several := batch.several) is None:
        return
    texts, codes = batch.columns.encoded("properties")
    known = [values_in(text) for text in texts]
    for unit in several.differing(codes).tolist():
        drawers = several.drawers(unit)
        said = [known[code] for code in codes[several.label[drawers]]]
        for name in dict.fromkeys(name for one in said for name in one):
            told = [place for place, one in enumerate(said) if name in one]
            values = [said[place][name] for place in told]
            yield from _odd(batch, several, drawers[told], values, cut(name), _shown)


def _odd(
    batch: CheckBatch,
    several: Several,
    drawers: Ints,
    values: Sequence[str],
    what: str,
    show: Callable[[str], str],
) -> Iterator[Hit]:
    """The labels whose value is not the most common one, each with one that has that."""
    rows = several.label[drawers].tolist()
    order = [rows.index(row) for row in _in_order(batch, several, rows)]
    usual = max((values[place] for place in order), key=values.count)
    same = [place for place in order if values[place] == usual]
    by = _names(several.who(drawers[same]))
    for place in order:
        if values[place] != usual:
            words = f"has {what} {show(values[place])}; for {by} it is {show(usual)}"
            yield OnLabel(rows[place], f"{_title(batch, several, rows[place])} {words}", other=rows[same[0]])


def _in_order(batch: CheckBatch, several: Several, rows: Iterable[int]) -> list[int]:
    """Labels by their ids; two sets may have one label."""
    ids = batch.labels.column("id").to_numpy()
    return sorted(map(int, rows), key=lambda row: (int(ids[row]), several.by[row]))


def _title(batch: CheckBatch, several: Several, row: int) -> str:
    return f"{batch.columns.title(row)} by {quoted(several.by[row])}"


def _names(names: Iterable[str]) -> str:
    return some(map(quoted, sorted(names)), _NAMED)


def _shown(value: str) -> str:
    """A property's value (JSON) for people."""
    return quoted(json.loads(value)) if value.startswith('"') else cut(value)
