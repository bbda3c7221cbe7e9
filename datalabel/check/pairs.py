"""Labels of one image that may show the same object: candidates by a sweep, and how far they overlap."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from datalabel.check.columns import Bools, Columns, Floats, Ints
from datalabel.labels import geometry
from datalabel.labels.arrays import rows_of
from datalabel.labels.hashing import Hashes, hash_rows
from datalabel.labels.sorting import order_of, ranks
from datalabel.labels.tables import GEOMETRY

PAIRS_AT_ONCE = 1 << 19
PARTNERS = 32
"""A label is compared with so many others at most, those whose bounds overlap its own most."""

ALIKE = 0.9
"""From this intersection over union on two labels are taken for the same object."""

_WHOLLY = 1e-6
"""The share of a label that may lie outside another that it is said to lie in."""

_SAME = ("class", "kind", *GEOMETRY, "properties")


@dataclass(frozen=True, slots=True)
class Close:
    """Two labels of one item, annotator and kind that show the same, or one of which lies in the other.

    Arrays with one entry per pair: `first` is the earlier row, `second` the later; `iou` their overlap; `equal`
    whether class, geometry and properties are the same; `inside` the row that lies in the other, -1 for none.

    `crowded` are labels that may have been compared with some of their neighbours only.
    """

    first: Ints
    second: Ints
    iou: Floats
    equal: Bools
    inside: Ints
    crowded: Ints


def close_pairs(columns: Columns, labels: pa.Table) -> Close:
    """The pairs with an IoU of `ALIKE` or more, and those of one class of which one lies in the other.

    Lines and keypoints enclose nothing; of these and of categories only equal ones are pairs. Labels of zero or
    negative size or without finite geometry, and those of no known item, are in no pair.
    """
    owners = _owners(columns)
    found = [_equal_categories(columns, labels, owners)]
    drawn = columns.sized & np.isfinite(columns.bounds[:, 0]) & (columns.item_rows >= 0) & ~columns.plain
    rows = np.flatnonzero(drawn)
    full = [rows[:0]]
    if len(rows) > 1:
        for first, second in touching(owners[rows], rows_of(columns.bounds, rows)):
            full.append(rows[np.bincount(first, minlength=len(rows)) >= PARTNERS])
            earlier, later = np.minimum(rows[first], rows[second]), np.maximum(rows[first], rows[second])
            found.append(_measured(columns, labels, earlier, later))
    crowded = np.flatnonzero(drawn & np.isin(owners, owners[np.concatenate(full)]))
    first, second, iou, equal, inside = (np.concatenate(values) for values in zip(*found, strict=True))
    return Close(first, second, iou, equal, inside, crowded)


def _owners(columns: Columns) -> Ints:
    """For each label a number for its item, annotator and kind together."""
    annotators, codes = columns.encoded("annotator")
    kinds, kind_codes = columns.encoded("kind")
    return (columns.item_rows * max(len(annotators), 1) + codes) * max(len(kinds), 1) + kind_codes


_Measured = tuple[Ints, Ints, Floats, Bools, Ints]


def _measured(columns: Columns, labels: pa.Table, first: Ints, second: Ints) -> _Measured:
    """The pairs among these candidates."""
    solid = columns.is_kind("box", "rotated_box", "polygon", "mask")[first]
    same_class = columns.type_codes[first] == columns.type_codes[second]
    likely = solid & _may_be_alike(columns.bounds, columns.areas, first, second)
    likely[likely] = _may_be_in_place(columns, first[likely], second[likely])
    contained = same_class & _bounds_contain(columns.bounds, first, second)
    twins = same_class & (rows_of(columns.bounds, first) == rows_of(columns.bounds, second)).all(axis=1)
    chosen = likely | (solid & contained) | twins
    first, second, solid, same_class = (one[chosen] for one in (first, second, solid, same_class))
    hashes = _contents(labels, first, second)
    equal = hashes[0] == hashes[1]
    iou = np.where(equal, 1.0, 0.0)
    shapes = labels.select(["kind", *GEOMETRY])
    asked = np.flatnonzero(solid & ~equal)
    iou[asked] = geometry.ious(shapes, first[asked], shapes, second[asked])
    inside = np.where(same_class & solid, _inside(columns.areas, first, second, iou), -1)
    kept = equal | (iou >= ALIKE) | (inside >= 0)
    return first[kept], second[kept], iou[kept], equal[kept], inside[kept]


def _may_be_alike(bounds: Floats, areas: Floats, first: Ints, second: Ints) -> Bools:
    """Whether the IoU may reach `ALIKE`: what two shapes share lies in both bounds, and in both shapes."""
    left, top, right, bottom = bounds.T
    wide, high = (
        np.clip(np.minimum(far[first], far[second]) - np.maximum(low[first], low[second]), 0, None)
        for low, far in ((left, right), (top, bottom))
    )
    one, other = areas[first], areas[second]
    shared = np.minimum(wide * high, np.minimum(one, other))
    return np.asarray(shared >= (ALIKE - _WHOLLY) * (one + other - shared))


def _may_be_in_place(columns: Columns, first: Ints, second: Ints) -> Bools:
    """Whether the IoU of two outlines may reach `ALIKE`, given where their areas lie; True for what has no rings.

    About any point, the first moments of two shapes differ by what only one of them covers, times the farthest that
    it can be from there; and of an area A + B only one covers (1 - IoU) / (1 + IoU) × (A + B).
    """
    rows, codes = np.unique(np.concatenate([first, second]), return_inverse=True)
    areas, moments = columns.rings.of_rows(rows).moments(rows)
    one, other = codes.reshape(2, -1)
    bounds = columns.bounds
    low = np.minimum(bounds[first, :2], bounds[second, :2])
    reach = (np.maximum(bounds[first, 2:], bounds[second, 2:]) - low) / 2
    apart = np.subtract(*(moments[each] - areas[each, None] * (low + reach) for each in (one, other)))
    alone = (1 - ALIKE + _WHOLLY) / (1 + ALIKE) * (areas[one] + areas[other])
    return np.asarray(~(np.abs(apart) > alone[:, None] * reach).any(axis=1))


def _bounds_contain(bounds: Floats, first: Ints, second: Ints) -> Bools:
    one, other = rows_of(bounds, first), rows_of(bounds, second)
    inner = (one[:, :2] >= other[:, :2]) & (one[:, 2:] <= other[:, 2:])
    outer = (one[:, :2] <= other[:, :2]) & (one[:, 2:] >= other[:, 2:])
    return np.asarray(inner.all(axis=1) | outer.all(axis=1))


def _inside(areas: Floats, first: Ints, second: Ints, iou: Floats) -> Ints:
    """The smaller label of each pair where all of it is shared, else -1."""
    one, other = areas[first], areas[second]
    shared = iou * (one + other) / (1 + iou)
    wholly = shared >= (1 - _WHOLLY) * np.minimum(one, other)
    return np.where(wholly, np.where(one < other, first, second), -1)


def _contents(labels: pa.Table, first: Ints, second: Ints) -> tuple[Hashes, Hashes]:
    """Fingerprints of what the labels of each pair say; of each label once."""
    rows, codes = np.unique(np.concatenate([first, second]), return_inverse=True)
    hashes = hash_rows(labels.select(list(_SAME)).take(rows), _SAME)[codes.reshape(-1)]
    return hashes[: len(first)], hashes[len(first) :]


def _equal_categories(columns: Columns, labels: pa.Table, owners: Ints) -> _Measured:
    """Categories that an annotator gave an item before, each with the first of its kind."""
    rows = np.flatnonzero(columns.is_kind("category") & (columns.item_rows >= 0) & ~columns.plain)
    hashes = hash_rows(labels.select(list(_SAME)).take(rows), _SAME) if len(rows) else np.zeros(0, np.uint64)
    keys = np.stack([owners[rows].astype(np.uint64), hashes], axis=1)
    _, first, codes = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    origin = first[codes.reshape(-1)]
    again = np.flatnonzero(origin != np.arange(len(rows)))
    none = np.full(len(again), -1)
    return rows[origin[again]], rows[again], np.ones(len(again)), np.ones(len(again), np.bool_), none


# The sweep


def touching(keys: Ints, bounds: Floats) -> Iterator[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]]:
    """Pairs of rows with the same key whose bounds meet, in portions of bounded size.

    A sweep along x: sorted by key and left edge, the partners of a row follow it up to its right edge.
    Edges are ranked, so that key and edge fit into one sortable integer.
    """
    edges = ranks(np.concatenate([bounds[:, 0], bounds[:, 2]]))
    base = int(edges.max()) + 2
    starts = ranks(keys) * base + edges[: len(keys)]
    ends = starts - edges[: len(keys)] + edges[len(keys) :]
    order = order_of(starts)
    reach = np.searchsorted(starts[order], ends[order], side="right")
    counts = np.maximum(reach - np.arange(len(order)) - 1, 0)
    before = np.cumsum(counts) - counts
    position = 0
    while position < len(order):
        stop = max(
            position + 1, int(np.searchsorted(before, before[position] + PAIRS_AT_ONCE, side="right")) - 1
        )
        left = np.repeat(np.arange(position, stop), counts[position:stop])
        right = (
            left
            + 1
            + np.arange(len(left))
            - np.repeat(before[position:stop] - before[position], counts[position:stop])
        )
        left, right = _closest(left, rows_of(bounds, order[left]), right, rows_of(bounds, order[right]))
        if len(left):
            yield order[left], order[right]
        position = stop


def _closest(
    left: npt.NDArray[np.intp], first: Floats, right: npt.NDArray[np.intp], second: Floats
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """The pairs whose bounds meet; of each left row the `PARTNERS` whose bounds overlap most (by IoU)."""
    sides = np.minimum(first[:, 2:], second[:, 2:]) - np.maximum(first[:, :2], second[:, :2])
    keep = np.flatnonzero((sides[:, 0] >= 0) & (sides[:, 1] >= 0))
    if len(keep) and np.bincount(left[keep]).max() > PARTNERS:
        score = _closeness(first[keep], second[keep], sides[keep])
        keep = keep[np.lexsort((right[keep], -score, left[keep]))]
        owners = left[keep]
        rank = np.arange(len(keep)) - np.searchsorted(owners, owners, side="left")
        keep = keep[rank < PARTNERS]
    return left[keep], right[keep]


def _closeness(first: Floats, second: Floats, sides: Floats) -> Floats:
    """The IoU of bounds that meet, all widened by a pixel so that lines have some too."""
    shared = np.prod(sides + 1, axis=1)
    union = sum(np.prod(one[:, 2:] - one[:, :2] + 1, axis=1) for one in (first, second)) - shared
    return np.asarray(np.nan_to_num(shared / union))
