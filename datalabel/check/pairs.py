"""Labels of one image that may show the same object: candidates by a sweep, and how far they overlap."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from datalabel.check.columns import TOLERANCE, Bools, Columns, Floats, Ints
from datalabel.labels import geometry
from datalabel.labels.arrays import following, rows_of
from datalabel.labels.hashing import hash_rows
from datalabel.labels.shapes import shapes
from datalabel.labels.sorting import order_of, ranks
from datalabel.labels.tables import GEOMETRY, JUDGED

PAIRS_AT_ONCE = 1 << 19
PARTNERS = 32
"""Two labels are compared where one is among so many whose bounds overlap the other's most."""

ALIKE = 0.9
"""From this intersection over union on two labels are taken for the same object."""


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

    @property
    def alike(self) -> Bools:
        """The pairs that show the same."""
        return _alike(self.iou)


def _alike(iou: Floats) -> Bools:
    return iou >= ALIKE * (1 - TOLERANCE)


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
        areas = _area_limits(columns)
        for first, second in touching(owners[rows], rows_of(columns.bounds, rows)):
            full.append(rows[np.bincount(first, minlength=len(rows)) >= PARTNERS])
            earlier, later = np.minimum(rows[first], rows[second]), np.maximum(rows[first], rows[second])
            found.append(_measured(columns, labels, areas, earlier, later))
    crowded = np.flatnonzero(drawn & np.isin(owners, owners[np.concatenate(full)]))
    first, second, iou, equal, inside = (np.concatenate(values) for values in zip(*found, strict=True))
    return Close(first, second, iou, equal, inside, crowded)


def _owners(columns: Columns) -> Ints:
    """For each label a number for its item, annotator and kind together."""
    annotators, codes = columns.encoded("annotator")
    kinds, kind_codes = columns.encoded("kind")
    return (columns.item_rows * max(len(annotators), 1) + codes) * max(len(kinds), 1) + kind_codes


def _area_limits(columns: Columns) -> Floats:
    """The least and the most that each label may cover, shape (2, n): its area, where the shoelace formula tells it.
    Pieces that overlap cover what the largest does, or more; where rings cross themselves or are holes, it may be
    anything within the bounds."""
    rings, areas, bounds = columns.rings, columns.areas, columns.bounds
    least, most = areas.copy(), areas.copy()
    pieces = np.bincount(rings.rows, minlength=len(areas))
    several = rings.some(pieces[rings.rows] > 1)
    for first, _ in touching(several.rows, several.bounds):
        rows = several.rows[first]
        least[rows] = areas[rows] / pieces[rows]
    untold = np.union1d(rings.rows[rings.holes], [*columns.crossings]).astype(np.intp)
    least[untold], most[untold] = 0, np.prod(bounds[untold, 2:] - bounds[untold, :2], axis=1)
    return np.stack([least, most])


_Measured = tuple[Ints, Ints, Floats, Bools, Ints]


def _measured(columns: Columns, labels: pa.Table, areas: Floats, first: Ints, second: Ints) -> _Measured:
    """The pairs among these candidates, of labels with these limits of their areas."""
    solid = columns.is_kind(*geometry.SOLID)[first]
    same_class = columns.type_codes[first] == columns.type_codes[second]
    likely = solid & _may_be_alike(columns.bounds, areas, first, second)
    likely[likely] = _may_be_in_place(columns, areas, first[likely], second[likely])
    contained = same_class & _bounds_contain(columns.bounds, first, second)
    twins = same_class & (rows_of(columns.bounds, first) == rows_of(columns.bounds, second)).all(axis=1)
    chosen = likely | (solid & contained) | twins
    first, second, solid, same_class = (one[chosen] for one in (first, second, solid, same_class))
    equal = equal_pairs(labels, first, second, JUDGED)
    drawn = labels.select(["kind", *GEOMETRY])
    asked = np.flatnonzero(solid & ~equal)
    found = np.zeros((3, len(first)))
    found[:, asked] = geometry.shared_areas(drawn, first[asked], drawn, second[asked])
    iou = np.where(equal, 1.0, geometry.iou_of(found))
    inside = np.where(same_class, _inside(found, first, second), -1)
    kept = equal | _alike(iou) | (inside >= 0)
    return first[kept], second[kept], iou[kept], equal[kept], inside[kept]


def _may_be_alike(bounds: Floats, areas: Floats, first: Ints, second: Ints) -> Bools:
    """Whether the IoU may reach `ALIKE`: what two shapes share lies in both bounds, and in both shapes."""
    least, most = areas
    left, top, right, bottom = bounds.T
    wide, high = (
        np.clip(np.minimum(far[first], far[second]) - np.maximum(low[first], low[second]), 0, None)
        for low, far in ((left, right), (top, bottom))
    )
    shared = np.minimum(wide * high, np.minimum(most[first], most[second]))
    union = np.maximum(least[first], shared) + np.maximum(least[second], shared) - shared
    return np.asarray(shared >= (ALIKE - TOLERANCE) * union)


def _may_be_in_place(columns: Columns, limits: Floats, first: Ints, second: Ints) -> Bools:
    """Whether the IoU of two outlines may reach `ALIKE`, given where their areas lie; True for what has no rings.

    About any point, the first moments of two shapes differ by what only one of them covers, times the farthest that
    it can be from there, and their areas by no more than that; of an area A + B only one covers (1 - IoU) / (1 + IoU)
    × (A + B).
    """
    rows, codes = np.unique(np.concatenate([first, second]), return_inverse=True)
    areas, moments = _moments(columns, limits, rows)
    one, other = codes.reshape(2, -1)
    bounds = columns.bounds
    low = np.minimum(bounds[first, :2], bounds[second, :2])
    reach = (np.maximum(bounds[first, 2:], bounds[second, 2:]) - low) / 2
    apart = np.subtract(*(moments[each] - areas[each, None] * (low + reach) for each in (one, other)))
    alone = (1 - ALIKE + TOLERANCE) / (1 + ALIKE) * (areas[one] + areas[other])
    moved = (np.abs(apart) > alone[:, None] * reach).any(axis=1)
    return np.asarray(~moved & ~(np.abs(areas[one] - areas[other]) > alone))


def _moments(columns: Columns, limits: Floats, rows: Ints) -> tuple[Floats, Floats]:
    """As `Rings.moments`; where the shoelace formula does not tell, of what the labels cover."""
    areas, moments = columns.rings.of_rows(rows).moments(rows)
    untold = np.flatnonzero(limits[0, rows] < limits[1, rows])
    if len(untold):
        import shapely

        drawn = shapes(columns.drawn(rows[untold]))
        areas[untold] = shapely.area(drawn)
        some = areas[untold] > 0
        centres = shapely.get_coordinates(shapely.centroid(drawn[some]))
        moments[untold[some]] = areas[untold[some], None] * centres
    return areas, moments


def _bounds_contain(bounds: Floats, first: Ints, second: Ints) -> Bools:
    one, other = rows_of(bounds, first), rows_of(bounds, second)
    slack = TOLERANCE * np.minimum(one[:, 2:] - one[:, :2], other[:, 2:] - other[:, :2])
    low, far = one[:, :2] - other[:, :2], one[:, 2:] - other[:, 2:]
    inner, outer = (low >= -slack) & (far <= slack), (low <= slack) & (far >= -slack)
    return np.asarray(inner.all(axis=1) | outer.all(axis=1))


def _inside(areas: Floats, first: Ints, second: Ints) -> Ints:
    """The smaller label of each pair where all of it is shared, else -1; by `geometry.shared_areas`."""
    shared, one, other = areas
    wholly = (shared > 0) & (shared >= (1 - TOLERANCE) * np.minimum(one, other))
    return np.where(wholly, np.where(one < other, first, second), -1)


def equal_pairs(labels: pa.Table, first: Ints, second: Ints, names: Sequence[str]) -> Bools:
    """Whether the labels of each pair are equal in these columns. Each label is looked at once."""
    rows, codes = np.unique(np.concatenate([first, second]), return_inverse=True)
    hashes = hash_rows(labels.select(list(names)).take(rows), names)[codes.reshape(-1)]
    return np.asarray(hashes[: len(first)] == hashes[len(first) :])


def _equal_categories(columns: Columns, labels: pa.Table, owners: Ints) -> _Measured:
    """Categories that an annotator gave an item before, each with the first of its kind."""
    rows = np.flatnonzero(columns.is_kind("category") & (columns.item_rows >= 0) & ~columns.plain)
    hashes = (
        hash_rows(labels.select(list(JUDGED)).take(rows), JUDGED) if len(rows) else np.zeros(0, np.uint64)
    )
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
    base = int(edges.max(initial=0)) + 2
    starts = ranks(keys) * base + edges[: len(keys)]
    ends = starts - edges[: len(keys)] + edges[len(keys) :]
    order = order_of(starts)
    reach = np.searchsorted(starts[order], ends[order], side="right")
    counts = np.maximum(reach - np.arange(len(order)) - 1, 0)
    for left, right in following(counts, PAIRS_AT_ONCE):
        left, right = _closest(left, rows_of(bounds, order[left]), right, rows_of(bounds, order[right]))
        if len(left):
            yield order[left], order[right]


def _closest(
    left: npt.NDArray[np.intp], first: Floats, right: npt.NDArray[np.intp], second: Floats
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """The pairs whose bounds meet, where one of the two is among the `PARTNERS` that overlap the other most (by IoU):
    of many in one large label, each has that one as its only partner."""
    sides = np.minimum(first[:, 2:], second[:, 2:]) - np.maximum(first[:, :2], second[:, :2])
    keep = np.flatnonzero((sides[:, 0] >= 0) & (sides[:, 1] >= 0))
    if len(keep) and np.bincount(left[keep]).max() > PARTNERS:
        score = _closeness(first[keep], second[keep], sides[keep])
        near = [
            _rank(one[keep], other[keep], score) < PARTNERS for one, other in ((left, right), (right, left))
        ]
        keep = keep[np.logical_or(*near)]
    return left[keep], right[keep]


def _rank(owners: npt.NDArray[np.intp], others: npt.NDArray[np.intp], score: Floats) -> Ints:
    """The place of each pair among those of its owner, by falling score."""
    order = np.lexsort((others, -score, owners))
    ordered = owners[order]
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order)) - np.searchsorted(ordered, ordered, side="left")
    return rank


def _closeness(first: Floats, second: Floats, sides: Floats) -> Floats:
    """The IoU of bounds that meet, all widened by a pixel so that lines have some too."""
    shared = np.prod(sides + 1, axis=1)
    union = sum(np.prod(one[:, 2:] - one[:, :2] + 1, axis=1) for one in (first, second)) - shared
    return np.asarray(np.nan_to_num(shared / union))
