"""D101–D104: what is there twice. Labels are compared within one item, annotator and kind: two people who drew
the same object did not draw it twice."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from datalabel.check.columns import Bools
from datalabel.check.finding import CheckBatch, Needs, Severity
from datalabel.check.gathered import Numbers
from datalabel.check.rule import Hit, OnLabel, id_of, rule
from datalabel.check.set_rule import SetHit, set_rule
from datalabel.check.spanning import spanning_pairs
from datalabel.check.words import quoted
from datalabel.labels.hashing import hash_rows
from datalabel.labels.tables import GEOMETRY, label_id_text

_SAID = ("item", "annotator", "class", "kind", *GEOMETRY, "properties", "confidence", "extra")
"""All that a label says, apart from who it is: id and source."""


@rule("D101", "drawn-twice", Severity.WARNING)
def drawn_twice(batch: CheckBatch) -> Iterator[Hit]:
    """An object that one annotator labelled twice: same class and kind, with an IoU of 0.9 or more.

    It counts twice in training and in every statistic. A paste too many, or a file that was added under two
    names. Delete one of the two; where they are equal in everything they say that is safe. Of labels of the same
    object all but one are reported, each with the one that it overlaps most. Of lines, keypoints and categories only
    equal ones count. S111 and S112 may speak of the same labels.
    """
    columns, close = batch.columns, batch.columns.close
    for row, origin in zip(*copies(batch), strict=True):
        words = f"{columns.title(row)} is the same as label {id_of(batch, origin)} by the same annotator"
        yield OnLabel(row, words, "delete the copy", origin)
    same = columns.type_codes[close.first] == columns.type_codes[close.second]
    for row, other, pair in _told(batch, same):
        words = "is the same as" if close.equal[pair] else f"shows the same (IoU {close.iou[pair]:.3f}) as"
        more = ", but for its confidence or other fields" if close.equal[pair] else ""
        named = f"{words} label {id_of(batch, other)} by the same annotator{more}"
        yield OnLabel(row, f"{columns.title(row)} {named}", other=other)


def copies(batch: CheckBatch) -> tuple[list[int], list[int]]:
    """The rows that say in every way what an earlier one of their item says, and these: whichever goes, nothing is
    lost."""
    close = batch.columns.close
    rows = np.union1d(close.first[close.equal], close.second[close.equal])
    hashes = hash_rows(batch.labels.take(pa.array(rows)), _SAID)
    _, firsts, codes = np.unique(hashes, return_index=True, return_inverse=True)
    origins = rows[firsts[codes]]
    again = origins != rows
    return rows[again].tolist(), origins[again].tolist()


@rule("D102", "two-classes", Severity.WARNING)
def two_classes(batch: CheckBatch) -> Iterator[Hit]:
    """An object to which one annotator gave two classes: same kind, with an IoU of 0.9 or more.

    A correction that left the old label behind, or a class list in which two names mean the same. Delete one; if
    an object may have several, let a property say so. Of labels of the same object all but one are reported, each
    with the one that it overlaps most.
    """
    columns, close = batch.columns, batch.columns.close
    differ = columns.type_codes[close.first] != columns.type_codes[close.second]
    for row, other, pair in _told(batch, differ):
        name = quoted(columns.types[columns.type_codes[other]][0])
        words = f"shows the same (IoU {close.iou[pair]:.3f}) as label {id_of(batch, other)} of class {name}"
        yield OnLabel(row, f"{columns.title(row)} {words}", other=other)


def _told(batch: CheckBatch, chosen: Bools) -> Iterator[tuple[int, int, int]]:
    """The pairs to tell among these that show the same: row, other row, and the pair. Copies are told once."""
    close, ids = batch.columns.close, batch.labels.column("id").to_numpy()
    gone, _ = copies(batch)
    pairs = np.flatnonzero(chosen & close.alike & ~np.isin(close.first, gone) & ~np.isin(close.second, gone))
    for row, other, place in spanning_pairs(close.first[pairs], close.second[pairs], close.iou[pairs], ids):
        yield row, other, int(pairs[place])


@rule("D103", "inside-another", Severity.INFO)
def inside_another(batch: CheckBatch) -> Iterator[Hit]:
    """A label that lies wholly inside another one of its class, kind and annotator.

    A part that was labelled beside the whole, or an object and the group that it stands in. Both may be meant;
    where they are not, it is one object labelled twice. Reported on the inner label, with the one that it overlaps
    most. In a crowd two labels are compared where one is among the 32 whose bounds overlap the other's most.
    S112 may speak of the same labels.
    """
    columns, close = batch.columns, batch.columns.close
    chosen = (close.inside >= 0) & ~close.alike
    inner, outer = close.inside[chosen], (close.first + close.second - close.inside)[chosen]
    ids = batch.labels.column("id").to_numpy()
    order = np.lexsort((ids[outer], -close.iou[chosen], inner))
    rows, first = np.unique(inner[order], return_index=True)
    for row, other in zip(rows.tolist(), outer[order][first].tolist(), strict=True):
        words = f"lies wholly inside label {id_of(batch, other)} of the same class"
        yield OnLabel(row, f"{columns.title(row)} {words}", other=other)


@set_rule("D104", "number-twice", Severity.ERROR, Numbers, Needs.SAME_NUMBERS)
def number_twice(numbers: Numbers) -> Iterator[SetHit]:
    """A label whose number is also that of another label of its source.

    Tools that know labels by their number keep one of the two and drop the other without a word (COCO's own
    evaluation does). Mostly two files were joined, or labels copied by hand. Give one of them a new number.
    Reported on the later label.
    """
    for place, origin in numbers.taken_twice():
        item, label, source = numbers.places[place]
        other_item, other, _ = numbers.places[origin]
        where = "of this item" if other_item == item else f"of {quoted(other_item)}"
        name = f" in {quoted(source)}" if source else ""
        message = f"has a number that label {label_id_text(other)} {where} has too{name}"
        yield SetHit(message, item, label, source, other=other)
