"""What a label set says of some items, and a set that speaks as one annotator.

Where several annotators of a set saw an item, the set speaks with the objects that at least half of them drew;
each object by the label that lies best among its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from datalabel.labels.sorting import distinct_pairs
from datalabel.quality.batch import Batch, joined, named, seen_by
from datalabel.quality.objects import objects, overlapping, paired, units

COLUMNS = (
    "item", "id", "class", "kind", "x", "y", "w", "h", "coords", "parts", "rle", "properties", "annotator", "rank",
)  # fmt: skip
"""The columns of labels that are looked at."""


@dataclass(frozen=True, slots=True)
class Side:
    """What one set says of some whole items: its labels, and who saw what (see `AgreementBuilder.add`)."""

    labels: pa.Table
    seen: pa.Table


def spoken_by(batch: Batch, name: str, iou: float) -> Side:
    """A set as one annotator of this name: what half or more drew of those who saw it."""
    return Side(named(most_drawn(batch, iou), name), seen_by(batch.items, name))


def side_by_side(sides: Sequence[Side]) -> Side:
    """Several sets, each spoken for by one annotator, as one."""
    return Side(joined(*(one.labels for one in sides)), joined(*(one.seen for one in sides)))


def most_drawn(batch: Batch, iou: float) -> pa.Table:
    """The labels that speak for a batch: for each object that at least half of those who saw its item drew,
    of the labels with its most common class, the one with the largest sum of overlaps with the others.
    """
    pairs = paired(batch, overlapping(batch, iou), iou)
    numbers = objects(batch, pairs)
    said = units(batch, numbers)
    chosen = 2 * said.drawn >= said.size
    inside = numbers[pairs.left] == numbers[pairs.right]
    weight = np.zeros(len(numbers))
    for rows in (pairs.left[inside], pairs.right[inside]):
        weight += np.bincount(rows, weights=pairs.overlap[inside], minlength=len(numbers))
    named_so = distinct_pairs(numbers, batch.classes)
    order = np.lexsort((-weight, -named_so.counts[named_so.where], numbers))
    best = order[np.flatnonzero(np.diff(numbers[order], prepend=-1))]
    return batch.labels.take(pa.array(np.sort(best[chosen[numbers[best]]])))
