"""What several annotators of a set, or two sets, say of the same objects, for the rules A: paired as `agreement`
does it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from datalabel.check.finding import CheckBatch
from datalabel.check.several import Several
from datalabel.labels.rows import constant, distinct, with_column
from datalabel.labels.tables import GEOMETRY
from datalabel.quality.batch import Vocabulary, batch_of
from datalabel.quality.objects import objects, overlapping, paired, units
from datalabel.quality.sides import COLUMNS, Side, side_by_side, spoken_by
from datalabel.repository.sides import SEEN_BY, Sides
from datalabel.repository.view import View, span_of

IOU = 0.5
"""From this overlap on two labels show the same object, as with `agreement`."""

_ROW = "row"
_READ = (*COLUMNS, "source")


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
    return _compared(sides.side(_numbered(labels.select(_READ)), mentions))


def several_named(labels: pa.Table, seen: pa.Table) -> Several | None:
    """What the annotators whom label files name say of the same objects; None where these name fewer than two.

    `seen` tells who saw which item (`item`, `annotator`). Of labels whose annotator is null nobody knows who else saw
    their images.
    """
    named = _numbered(labels.select(COLUMNS)).filter(pc.is_valid(labels.column("annotator")))
    people = distinct(named.column("annotator")) | distinct(seen.column("annotator"))
    return _compared(Side(named, seen)) if len(people) > 1 else None


def between_sets(view: View, names: tuple[str, str], items: Collection[str] | None) -> Iterator[CheckBatch]:
    """Two sets side by side on all items, or some: batches whose labels say in a column `set` of which each is. Where
    a set has several annotators on an item, what half or more drew is held against the other.

    Raises:
        InputError: there is no such set.
    """
    first, second = names
    sides = [Sides(view, name) for name in names]
    chosen = None if items is None else sorted(items)
    with (
        view.store.tables.opened(view.label_table(second)) as other,
        view.store.tables.opened(view.mentions) as mentions,
    ):
        for piece, labels in view.keyed_batches(first, chosen, _READ):
            keys = piece.column("item").to_pylist() if items is not None else None
            rows = [labels, other.read(_READ, keys=span_of(piece), items=keys)]
            said = mentions.read(SEEN_BY, keys=span_of(piece), items=keys)
            labelled = [
                one.append_column("set", constant(name, one.num_rows))
                for one, name in zip(rows, names, strict=True)
            ]
            together = _numbered(pa.concat_tables(labelled))
            compare = partial(_compared_sets, sides, names, together, said)
            yield CheckBatch(first, piece, together, view.spec, compare=compare)


def _numbered(labels: pa.Table) -> pa.Table:
    return labels.append_column(_ROW, pa.array(np.arange(labels.num_rows)))


def _compared_sets(
    sides: list[Sides], names: tuple[str, str], labels: pa.Table, mentions: pa.Table
) -> Several | None:
    said = []
    for side, name in zip(sides, names, strict=True):
        own = side.side(labels.filter(pc.equal(labels.column("set"), name)), mentions)
        said.append(spoken_by(batch_of(own.labels, own.seen, Vocabulary.empty(), least=1), name, IOU))
    return _compared(side_by_side(said))


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
