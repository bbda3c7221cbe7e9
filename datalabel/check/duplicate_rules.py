"""D101–D104: what is there twice. Labels are compared within one item, annotator and kind: two people who drew
the same object did not draw it twice."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from datalabel.check.columns import Bools, quoted
from datalabel.check.finding import CheckBatch, Needs, Severity
from datalabel.check.gathered import Numbers
from datalabel.check.rule import Hit, OnLabel, rule
from datalabel.check.set_rule import SetHit, set_rule
from datalabel.labels.hashing import hash_rows
from datalabel.labels.tables import GEOMETRY, label_id_text

_SAID = ("item", "annotator", "class", "kind", *GEOMETRY, "properties", "confidence", "extra")
"""All that a label says, apart from who it is: id and source."""


@rule("D101", "drawn-twice", Severity.WARNING)
def drawn_twice(batch: CheckBatch) -> Iterator[Hit]:
    """An object that one annotator labelled twice: same class and kind, with an IoU of 0.9 or more.

    It counts twice in training and in every statistic. A paste too many, or a file that was added under two
    names. Delete one of the two; where they are equal in everything they say that is safe. Reported on the later
    label. Of lines, keypoints and categories only equal ones count. S111 and S112 may speak of the same labels.
    """
    columns, close = batch.columns, batch.columns.close
    same = columns.type_codes[close.first] == columns.type_codes[close.second]
    gone = set(copies(batch).tolist())
    for row, other, pair in _worst(batch, same & close.alike):
        words = "is the same as" if close.equal[pair] else f"shows the same (IoU {close.iou[pair]:.3f}) as"
        more = "" if row in gone or not close.equal[pair] else ", but for its confidence or other fields"
        fix = "delete the copy" if row in gone else None
        yield OnLabel(row, f"{columns.title(row)} {words} label {other} by the same annotator{more}", fix)


def copies(batch: CheckBatch) -> npt.NDArray[np.intp]:
    """The rows that say in every way what an earlier one of their item says: whichever goes, nothing is lost."""
    close = batch.columns.close
    rows = np.union1d(close.first[close.equal], close.second[close.equal])
    firsts = np.unique(hash_rows(batch.labels.take(pa.array(rows)), _SAID), return_index=True)[1]
    return np.delete(rows, firsts)


@rule("D102", "two-classes", Severity.WARNING)
def two_classes(batch: CheckBatch) -> Iterator[Hit]:
    """An object to which one annotator gave two classes: same kind, with an IoU of 0.9 or more.

    A correction that left the old label behind, or a class list in which two names mean the same. Delete one; if
    an object may have several, let a property say so. Reported on the later label.
    """
    columns, close = batch.columns, batch.columns.close
    differ = columns.type_codes[close.first] != columns.type_codes[close.second]
    for row, other, pair in _worst(batch, differ & close.alike):
        earlier = columns.types[columns.type_codes[close.first[pair]]][0]
        words = f"shows the same (IoU {close.iou[pair]:.3f}) as label {other} of class {quoted(earlier)}"
        yield OnLabel(row, f"{columns.title(row)} {words}")


@rule("D103", "inside-another", Severity.INFO)
def inside_another(batch: CheckBatch) -> Iterator[Hit]:
    """A label that lies wholly inside another one of its class, kind and annotator.

    A part that was labelled beside the whole, or an object and the group that it stands in. Both may be meant;
    where they are not, it is one object labelled twice. Reported on the inner label. In a crowd a label is
    compared with the 32 whose bounds overlap its own most. S112 may speak of the same labels.
    """
    columns, close = batch.columns, batch.columns.close
    chosen = (close.inside >= 0) & ~close.alike
    inner, outer = close.inside[chosen], (close.first + close.second - close.inside)[chosen]
    rows, first = np.unique(inner, return_index=True)
    for row, place in zip(rows.tolist(), first.tolist(), strict=True):
        other = label_id_text(batch.labels.column("id")[int(outer[place])].as_py())
        yield OnLabel(row, f"{columns.title(row)} lies wholly inside label {other} of the same class")


def _worst(batch: CheckBatch, chosen: Bools) -> Iterator[tuple[int, str, int]]:
    """For each later label of the chosen pairs its row, the id of the one that it overlaps most, and that pair."""
    close = batch.columns.close
    pairs = np.flatnonzero(chosen)
    order = pairs[np.lexsort((close.first[pairs], -close.iou[pairs], close.second[pairs]))]
    rows, first = np.unique(close.second[order], return_index=True)
    for row, place in zip(rows.tolist(), first.tolist(), strict=True):
        pair = int(order[place])
        yield row, label_id_text(batch.labels.column("id")[int(close.first[pair])].as_py()), pair


@set_rule("D104", "number-twice", Severity.ERROR, Numbers, Needs.SAME_NUMBERS)
def number_twice(numbers: Numbers) -> Iterator[SetHit]:
    """A label whose number another label of the same source has too.

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
        yield SetHit(message, item, label, source)
