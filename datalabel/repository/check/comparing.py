"""What several annotators of a set say of the same objects, for the rules A: paired as `agreement` does it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa

from datalabel.check.several import Several
from datalabel.labels.rows import distinct, with_column
from datalabel.labels.tables import GEOMETRY
from datalabel.quality.agreement import COLUMNS
from datalabel.quality.batch import Vocabulary, batch_of
from datalabel.quality.objects import objects, overlapping, paired, units
from datalabel.quality.sets import Side
from datalabel.repository.sides import Sides

IOU = 0.5
"""From this overlap on two labels show the same object, as with `agreement`."""

_ROW = "row"


def several_of(
    sides: Sides, labels: pa.Table, mentions: pa.Table, reread: Callable[[], pa.Table]
) -> Several | None:
    """What the labels of some whole items say of the same objects; None where two annotators did not see one item.

    `mentions` are those of the items, and `reread` gives outlines that `labels` lack.
    """
    people = distinct(labels.column("annotator")) | distinct(sides.own(mentions).column("annotator"))
    if len(people) < 2:
        return None
    if "plain" in labels.column_names:
        drawn = reread()
        for name in GEOMETRY:
            labels = with_column(labels, name, drawn.column(name))
    rows = pa.array(np.arange(labels.num_rows))
    return _compared(sides.side(labels.select([*COLUMNS, "source"]).append_column(_ROW, rows), mentions))


def _compared(side: Side) -> Several | None:
    words = Vocabulary.empty()
    batch = batch_of(side.labels, side.seen, words)
    if not batch.items:
        return None
    pairs = paired(batch, overlapping(batch, IOU), IOU)
    numbers = objects(batch, pairs)
    said = units(batch, numbers)
    rows = batch.labels.column(_ROW).to_numpy()
    label = np.full(len(said.label), -1, np.int64)
    label[said.label >= 0] = rows[said.label[said.label >= 0]]
    pairs = pairs.take(numbers[pairs.left] == numbers[pairs.right])
    return Several(
        words.annotators.texts,
        said.unit,
        said.annotator,
        label,
        rows[pairs.left],
        rows[pairs.right],
        pairs.overlap,
    )
