"""S111 and S112: conditions of the data spec on the labels of one image together.

Several annotators' labels may stand side by side on an item. Each is held to the conditions alone: two
people who drew the same object did not draw it twice.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from datalabel.check.columns import TOLERANCE, Columns, Floats, Ints
from datalabel.check.finding import CheckBatch, Severity
from datalabel.check.pairs import equal_pairs, touching
from datalabel.check.rule import Hit, OnItem, OnLabel, id_of, rule
from datalabel.check.spanning import spanning_pairs
from datalabel.check.spec_rules import label_type
from datalabel.check.words import number, quoted
from datalabel.labels import geometry
from datalabel.labels.tables import GEOMETRY
from datalabel.printable import amount


@rule("S111", "per-image", Severity.ERROR)
def per_image(batch: CheckBatch) -> Iterator[Hit]:
    """An image with fewer or more labels of a class and kind than the condition `per_image` allows.

    Too few are all labels of the image together; too many are those of one annotator. Images without any
    label count, in other sets than the ground truth those that its label files name.
    """
    columns, concerned = batch.columns, batch.concerned
    places = {one: place for place, one in enumerate(columns.types)}
    annotators, codes = columns.encoded("annotator")
    for name, kinds in batch.spec.classes.items():
        for kind, told in kinds.items():
            if told.conditions.per_image is None:
                continue
            least, most = told.conditions.per_image
            mine = (columns.type_codes == places.get((name, kind), -1)) & (columns.item_rows >= 0)
            items = columns.item_rows[mine]
            totals = np.bincount(items, minlength=batch.items.num_rows)
            what = f"of class {quoted(name)} ({kind})"
            for row in np.flatnonzero((totals < least) & concerned).tolist():
                yield OnItem(
                    row,
                    f"{amount(totals[row], 'label')} {what}; the spec asks for {least} or more",
                    in_set=True,
                )
            if most is not None:
                for row, annotator, count in _per_annotator(items, codes[mine], len(annotators), most):
                    by = f" by {quoted(annotators[annotator])}" if annotators[annotator] is not None else ""
                    yield OnItem(
                        row, f"{amount(count, 'label')} {what}{by}; the spec allows {most}", in_set=True
                    )


def _per_annotator(items: Ints, annotators: Ints, size: int, most: int) -> Iterator[tuple[int, int, int]]:
    pairs, counts = np.unique(items * max(size, 1) + annotators, return_counts=True)
    for place in np.flatnonzero(counts > most).tolist():
        yield int(pairs[place] // size), int(pairs[place] % size), int(counts[place])


@rule("S112", "overlap", Severity.ERROR)
def overlap(batch: CheckBatch) -> Iterator[Hit]:
    """A label that overlaps another of the same class, kind and annotator more than `max_overlap` allows.

    The overlap is the intersection over union (IoU) of the shapes themselves. Lines and keypoints cover nothing:
    equal ones overlap wholly, others not at all. Mostly one object drawn twice: delete one of the two. Of labels that
    overlap all but one are reported, each with the one that it overlaps most. In a crowd two labels are compared
    where one is among the 32 whose bounds overlap the other's most.
    """
    columns = batch.columns
    told = [label_type(batch.spec, *one) for one in columns.types]
    limits = np.array([one.conditions.max_overlap if one else None for one in told], np.float64)[
        columns.type_codes
    ]
    rows = np.flatnonzero(np.isfinite(limits) & np.isfinite(columns.bounds[:, 0]) & (columns.item_rows >= 0))
    if len(rows) < 2:
        return
    annotators, codes = columns.encoded("annotator")
    keys = (columns.item_rows * len(told) + columns.type_codes) * max(len(annotators), 1) + codes
    first, second, ious = _beyond(batch, keys, rows, limits)
    ids = batch.labels.column("id").to_numpy()
    for row, other, pair in spanning_pairs(first, second, ious, ids):
        words = f"overlaps label {id_of(batch, other)} of the same class with IoU {ious[pair]:.3f}"
        yield OnLabel(
            row, f"{columns.title(row)} {words}; the spec allows {number(limits[row])}", other=other
        )


def _beyond(batch: CheckBatch, keys: Ints, rows: Ints, limits: Floats) -> tuple[Ints, Ints, Floats]:
    """The pairs of these rows with the same key that overlap more than their limit, and their IoU."""
    shapes = batch.geometry
    found = [(rows[:0], rows[:0], np.zeros(0))]
    for one, other in touching(keys[rows], batch.columns.bounds[rows]):
        first, second = rows[one], rows[other]
        ious = _overlaps(batch.columns, shapes, first, second)
        much = ious > limits[first] + TOLERANCE
        found.append((first[much], second[much], ious[much]))
    first, second, ious = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return first, second, ious


def _overlaps(columns: Columns, shapes: pa.Table, first: Ints, second: Ints) -> Floats:
    """The IoU of each pair of labels of one kind."""
    solid = columns.is_kind(*geometry.SOLID)[first]
    found = np.zeros(len(first))
    found[solid] = geometry.ious(shapes, first[solid], shapes, second[solid])
    found[~solid] = equal_pairs(shapes, first[~solid], second[~solid], GEOMETRY)
    return found
