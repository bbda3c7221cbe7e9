"""What is measured on labels before anything is counted: once per batch, over whole columns."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from datalabel.labels import geometry
from datalabel.labels.arrays import floats_of, rows_of, side_by_side
from datalabel.labels.frames import shown_sizes, sizes_meant, turned
from datalabel.labels.overlap import GROUPED, overlaps, usual
from datalabel.labels.stats.counts import Floats, Ints
from datalabel.labels.tables import GEOMETRY, MEASURES, NEAREST, UNKNOWN

Bools = npt.NDArray[np.bool_]

BORDER = 1.0
"""A label touches the border of its image when it comes this near to it, in pixels."""

_SHAPE = ("kind", *GEOMETRY, *MEASURES.names)


@dataclass(frozen=True, slots=True)
class Encoded:
    """The distinct values of a text column, and for each row the position of its own."""

    words: list[str]
    codes: Ints

    def is_any(self, *words: str) -> Bools:
        """Which rows have one of these values."""
        return np.array([word in words for word in self.words], np.bool_)[self.codes]


@dataclass(frozen=True, slots=True)
class Measured:
    """The labels of a batch, measured; one row per label.

    `item` is the row of the label's item, -1 when it is not in the batch. `sides` are width and height of the
    true bounds in pixels, NaN where they are negative or not finite; `area` is NaN for kinds that enclose
    none. `centre` is the middle of the bounds as fractions of the image as it is shown, `edges` says whether
    the bounds reach its left, top, right and bottom border; where the image's size is not known, the centre is
    NaN and the edges are False. `overlap` is the IoU of the bounds with the nearest label of the same class,
    and with the nearest of all, on the same item and by the same annotator.
    """

    item: Ints
    classes: Encoded
    kinds: Encoded
    annotators: Encoded
    drawn: Bools
    sides: Floats
    area: Floats
    centre: Floats
    edges: Bools
    overlap: Floats
    confidence: Floats
    properties: pa.Array

    def __len__(self) -> int:
        return len(self.item)

    def take(self, rows: npt.NDArray[np.intp]) -> Measured:
        """Some of the labels."""
        chosen: dict[str, Any] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, Encoded):
                chosen[field.name] = replace(value, codes=value.codes[rows])
            elif isinstance(value, np.ndarray):
                chosen[field.name] = value[rows]
            else:
                chosen[field.name] = value.take(pa.array(rows))
        return Measured(**chosen)


def measure(items: pa.Table, labels: pa.Table) -> Measured:
    """Measure the labels of some items. Columns that are not there count as null."""
    keys, classes, kinds, annotators = (
        _encoded(labels, name) for name in ("item", "class", "kind", "annotator")
    )
    found = pc.index_in(pa.array(keys.words, pa.string()), value_set=items.column("item").combine_chunks())
    rows = _integers(pc.fill_null(found, -1))[keys.codes]
    with np.errstate(all="ignore"):
        corners, areas = _shapes(labels)
        placed = usual(corners)
        sides = placed[:, 2:] - placed[:, :2]
    areas[~(kinds.is_any(*geometry.SOLID) & np.isfinite(sides[:, 0]) & np.isfinite(areas) & (areas >= 0))] = (
        np.nan
    )
    centre, edges = _positions(placed, _sizes(items, rows, placed))
    return Measured(
        item=rows,
        classes=classes,
        kinds=kinds,
        annotators=annotators,
        drawn=~kinds.is_any("category"),
        sides=sides,
        area=areas,
        centre=centre,
        edges=edges,
        overlap=_overlaps(labels, placed),
        confidence=floats_of(labels, "confidence"),
        properties=_texts(labels, "properties"),
    )


def _overlaps(labels: pa.Table, placed: Floats) -> Floats:
    """What was measured before, and what was not. All labels of an item were, or none."""
    known = geometry.measured(labels)
    found = side_by_side(*(floats_of(labels, name) for name in NEAREST))
    rows = np.flatnonzero(~known)
    if len(rows):
        grouped = pa.table({name: _texts(labels, name) for name in GROUPED}).take(pa.array(rows))
        found[rows] = overlaps(grouped, rows_of(placed, rows))
    return found


def _shapes(labels: pa.Table) -> tuple[Floats, Floats]:
    """True bounds and areas. What is looked at is cut down first: geometry takes rows of all columns it gets."""
    shape = labels.select([name for name in _SHAPE if name in labels.column_names])
    return geometry.bounds(shape), geometry.area(shape)


def _sizes(items: pa.Table, rows: Ints, corners: Floats) -> Floats:
    """Width and height of each label's item (by its row; −1: none) that the label means."""
    shown = np.concatenate([shown_sizes(items), np.full((1, 2), np.nan)])
    return sizes_meant(corners, rows_of(shown, rows), np.append(turned(items), False)[rows])


def _positions(corners: Floats, sizes: Floats) -> tuple[Floats, Bools]:
    with np.errstate(all="ignore"):
        centre = (corners[:, :2] / 2 + corners[:, 2:] / 2) / sizes
        edges = side_by_side(*(corners[:, :2] <= BORDER).T, *(corners[:, 2:] >= sizes - BORDER).T)
    unknown = ~np.isfinite(centre).all(axis=1)
    centre[unknown], edges[unknown] = np.nan, False
    return centre, edges


def _texts(table: pa.Table, name: str) -> pa.Array:
    if name not in table.column_names:
        return pa.nulls(table.num_rows, pa.string())
    return table.column(name).combine_chunks()


def _encoded(labels: pa.Table, name: str) -> Encoded:
    # A null and a spelt-out "unknown" are one.
    column = _texts(labels, name).fill_null(UNKNOWN).dictionary_encode()
    return Encoded(column.dictionary.to_pylist(), _integers(column.indices))


def _integers(column: pa.Array) -> Ints:
    return np.asarray(column.to_numpy(zero_copy_only=False)).astype(np.int64)
