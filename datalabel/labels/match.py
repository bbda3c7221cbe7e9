"""The matcher: which label is which. Pairs the rows of two tables that show the same objects.

It serves identity (`add`), and whatever else compares two people's or two moments' labels. Rows are paired
only within a group (the same item, the same annotator), in this order; what one step pairs, later steps
leave alone:

1. equal content, whatever the number;
2. equal geometry, the same class first;
3. best overlap: the assignment that maximises the sum of IoU, plus one where the class is the same, over
   pairs with an IoU of at least `LEAST`;
4. equal numbers.

Ties go to the pair whose rows come first by rank, then by position. A component of overlapping labels too
large to be assigned optimally is assigned greedily, best pair first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from datalabel.labels.arrays import ordinals
from datalabel.labels.components import components
from datalabel.labels.geometry import THIN, Floats, bounds, ious
from datalabel.labels.hashing import Hashes, hash_rows, mix
from datalabel.labels.tables import GEOMETRY

Index = npt.NDArray[np.intp]

CONTENT = ("class", "kind", *GEOMETRY, "properties", "confidence", "extra")
SHAPE = ("kind", *GEOMETRY)
MINTED = ("item", "annotator", "source_id", "class", "kind", *GEOMETRY)

STEPS = ("number", "content", "geometry", "overlap")
"""What paired two rows; `Matching.how` holds positions in this list."""

LEAST = 0.5
"""Labels that overlap less show different objects."""

OPTIMAL = 512
"""Components with more labels than this on a side are assigned greedily."""

_BEYOND = np.uint64(1 << 32)
"""More than any ordinal: what a taken id goes on from, whatever other labels are minted with it."""

INDEXED = 1 << 16
"""Groups with more possible pairs than this find their candidates by a spatial index."""


@dataclass(frozen=True, slots=True)
class Matching:
    """Pairs of rows: positions on the left and on the right, and the step that paired them (see `STEPS`).

    No row is in two pairs. Pairs are sorted by the left row.
    """

    left: Index
    right: Index
    how: npt.NDArray[np.int8]


def match(left: pa.Table, right: pa.Table, *, group: Sequence[str] = ("item",)) -> Matching:
    """Pair the rows of two tables of labels that are equal in the columns of `group`.

    The result does not depend on numbers where geometry tells, nor on the order of rows that differ in rank.
    """
    pairing = _Pairing(left, right, group)
    pairing.by_equal(CONTENT, "content")
    pairing.by_equal((*SHAPE, "class"), "geometry")
    pairing.by_equal(SHAPE, "geometry")
    pairing.by_overlap(LEAST)
    pairing.by_equal(("source_id",), "number", only_filled="source_id")
    return pairing.result()


def match_equal(left: pa.Table, right: pa.Table, *, group: Sequence[str] = ("item",)) -> Matching:
    """Pair only rows of equal content, whatever their numbers."""
    pairing = _Pairing(left, right, group)
    pairing.by_equal(CONTENT, "content")
    return pairing.result()


class _Pairing:
    """Two tables, and which rows of each are still free."""

    def __init__(self, left: pa.Table, right: pa.Table, group: Sequence[str]) -> None:
        self._tables = (left, right)
        self._groups = (hash_rows(left, group), hash_rows(right, group))
        self._free = (_in_order(left), _in_order(right))
        self._found: list[tuple[Index, Index, int]] = []

    def _take(self, left: Index, right: Index, step: str) -> None:
        self._found.append((left, right, STEPS.index(step)))
        self._free = (_without(self._free[0], left), _without(self._free[1], right))

    def by_equal(self, columns: Sequence[str], step: str, only_filled: str | None = None) -> None:
        """Pair free rows that are equal in these columns: the first with the first, the second with the second."""
        sides = []
        for table, groups, free in zip(self._tables, self._groups, self._free, strict=True):
            rows = free
            if only_filled is not None:
                filled = table.column(only_filled).is_valid().to_numpy()
                rows = rows[filled[rows]]
            part = table.select(list(columns)).take(pa.array(rows)) if len(rows) < table.num_rows else None
            keys = hash_rows(part, columns) if part is not None else hash_rows(table, columns)[rows]
            keys = mix(keys ^ groups[rows])
            sides.append((rows, mix(keys ^ _ordinals(keys))))
        (left, left_keys), (right, right_keys) = sides
        _, first, second = np.intersect1d(left_keys, right_keys, return_indices=True)
        self._take(left[first], right[second], step)

    def by_overlap(self, least: float) -> None:
        """Pair free rows by best overlap, component by component."""
        if not len(self._free[0]) or not len(self._free[1]):
            return
        left, right = self.candidates()
        overlap = ious(self._tables[0], left, self._tables[1], right)
        good = overlap >= least
        left, right, overlap = left[good], right[good], overlap[good]
        if not len(left):
            return
        classes = [_codes(table.column("class")) for table in self._tables]
        same = classes[0][left] - classes[1][right] == 0
        chosen = assign(left, right, overlap + same)
        self._take(left[chosen], right[chosen], "overlap")

    def candidates(self, reach: Floats | None = None) -> tuple[Index, Index]:
        """Pairs of free rows of one group whose bounds touch, or whose group is small. `reach` is how far each row of
        either table reaches beyond its bounds, in pixels; a thin label does by half a pixel."""
        groups = [table_groups[free] for table_groups, free in zip(self._groups, self._free, strict=True)]
        orders = [np.argsort(keys, kind="stable") for keys in groups]
        rows = [free[order] for free, order in zip(self._free, orders, strict=True)]
        keys = [group[order] for group, order in zip(groups, orders, strict=True)]
        shared = np.intersect1d(keys[0], keys[1])
        spans = [
            (np.searchsorted(side, shared, "left"), np.searchsorted(side, shared, "right")) for side in keys
        ]
        pairs = [
            self._pairs(rows[0][a:b], rows[1][c:d], reach)
            for a, b, c, d in zip(*spans[0], *spans[1], strict=True)
        ]
        if not pairs:
            return np.zeros(0, np.intp), np.zeros(0, np.intp)
        return np.concatenate([pair[0] for pair in pairs]), np.concatenate([pair[1] for pair in pairs])

    def _pairs(self, left: Index, right: Index, reach: Floats | None) -> tuple[Index, Index]:
        if len(left) * len(right) <= INDEXED:
            return np.repeat(left, len(right)), np.tile(right, len(left))
        import shapely

        boxes = []
        for table, rows in zip(self._tables, (left, right), strict=True):
            wide = np.maximum(THIN / 2, 0 if reach is None else reach[rows])
            sides = np.reshape(wide, (-1, 1)) * [-1, -1, 1, 1]
            boxes.append(_finite(bounds(table.take(pa.array(rows))) + sides))
        tree = shapely.STRtree(shapely.box(*boxes[1].T))
        first, second = tree.query(shapely.box(*boxes[0].T), predicate="intersects")
        return left[first], right[second]

    def result(self) -> Matching:
        left = np.concatenate([pair[0] for pair in self._found])
        right = np.concatenate([pair[1] for pair in self._found])
        how = np.concatenate([np.full(len(pair[0]), pair[2], np.int8) for pair in self._found])
        order = np.argsort(left, kind="stable")
        return Matching(left[order], right[order], how[order])


def _in_order(table: pa.Table) -> Index:
    """All rows, by rank, then by position: the order in which ties are broken."""
    ranks = pc.fill_null(table.column("rank"), np.iinfo(np.int32).max).to_numpy()
    return np.argsort(ranks, kind="stable")


def _without(rows: Index, taken: Index) -> Index:
    return rows[~np.isin(rows, taken)] if len(taken) else rows


def _ordinals(keys: Hashes) -> Hashes:
    """For each key, how many equal ones come before it."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    starts = (
        np.flatnonzero(np.diff(ordered, prepend=ordered[:1] + np.uint64(1)))
        if len(keys)
        else np.zeros(0, int)
    )
    counts = np.diff(np.append(starts, len(ordered)))
    found = np.empty(len(keys), dtype=np.uint64)
    found[order] = ordinals(counts)
    return found


def _codes(column: pa.ChunkedArray) -> Hashes:
    return hash_rows(pa.table({"value": column}), ["value"])


def _finite(corners: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Bounds for the index; what has none gets a place of its own, far away from everything."""
    usable = np.isfinite(corners).all(axis=1)
    return np.where(np.reshape(usable, (-1, 1)), corners, np.finfo(np.float32).max)


def neighbours(labels: pa.Table, reach: Floats) -> tuple[Index, Index]:
    """Every two rows of one item that may overlap, each two once: those of items with few labels, and those of
    others whose bounds, widened by `reach` pixels each, touch. The left row comes before the right one.
    """
    left, right = _Pairing(labels, labels, ("item",)).candidates(reach)
    ahead = left < right
    return left[ahead], right[ahead]


def assign(left: Index, right: Index, weight: npt.NDArray[np.float64]) -> Index:
    """Positions of the chosen pairs: no number twice on a side, the sum of weights as large as possible.

    Components with more than `OPTIMAL` numbers on a side are assigned greedily.
    """
    lefts, a, lefts_in = np.unique(left, return_inverse=True, return_counts=True)
    rights, b, rights_in = np.unique(right, return_inverse=True, return_counts=True)
    alone = (lefts_in[a] == 1) & (rights_in[b] == 1)
    chosen = [np.flatnonzero(alone)]
    pairs = np.flatnonzero(~alone)
    if len(pairs):
        component = components(len(lefts) + len(rights), a[pairs], b[pairs] + len(lefts))[a[pairs]]
        order = np.argsort(component, kind="stable")
        starts = np.flatnonzero(np.diff(component[order], prepend=-1))
        chosen += [_assign_component(a, b, weight, part) for part in np.split(pairs[order], starts[1:])]
    return np.concatenate(chosen)


def _assign_component(a: Index, b: Index, weight: npt.NDArray[np.float64], pairs: Index) -> Index:
    lefts, rights = np.unique(a[pairs]), np.unique(b[pairs])
    if max(len(lefts), len(rights)) > OPTIMAL:
        return _greedy(a, b, weight, pairs)
    from scipy.optimize import linear_sum_assignment

    at = np.full((len(lefts), len(rights)), -1)
    rows, columns = np.searchsorted(lefts, a[pairs]), np.searchsorted(rights, b[pairs])
    at[rows, columns] = pairs
    value = np.where(at >= 0, weight[at], 0.0)
    chosen = at[linear_sum_assignment(value, maximize=True)]
    return chosen[chosen >= 0]


def _greedy(a: Index, b: Index, weight: npt.NDArray[np.float64], pairs: Index) -> Index:
    """The best pair first, then the best of those left: within half of the optimum, in sorting time."""
    taken_a: set[int] = set()
    taken_b: set[int] = set()
    chosen: list[int] = []
    for pair in pairs[np.lexsort((b[pairs], a[pairs], -weight[pairs]))].tolist():
        if a[pair] not in taken_a and b[pair] not in taken_b:
            taken_a.add(a[pair])
            taken_b.add(b[pair])
            chosen.append(pair)
    return np.array(chosen, dtype=np.intp)


def mint_ids(labels: pa.Table, taken: pa.Table | None = None) -> Hashes:
    """New ids for labels, shape (n,): a hash of item, annotator, number, class and geometry, and an ordinal
    among equals. Never 0, never twice on one item; an id of `taken` (columns `item`, `id`) takes the next
    ordinal. The same labels get the same ids on every machine.
    """
    base = hash_rows(labels, MINTED)
    ordinals = _ordinals_by_rank(labels, base)
    items = hash_rows(labels, ["item"])
    used = mix(hash_rows(taken, ["item"]) ^ taken.column("id").to_numpy()) if taken is not None else items[:0]
    ids = mix(base ^ mix(ordinals))
    while True:
        places = mix(items ^ ids)
        clash = np.isin(places, used) | (ids == 0) | (_ordinals(places) > 0)
        if not clash.any():
            return ids
        ordinals = np.where(clash, ordinals + _BEYOND, ordinals)
        ids = np.where(clash, mix(base ^ mix(ordinals)), ids)


def _ordinals_by_rank(labels: pa.Table, keys: Hashes) -> Hashes:
    """Ordinals among equal rows, counted by rank, whatever the order of the rows."""
    order = _in_order(labels)
    ordinals = np.empty(len(keys), dtype=np.uint64)
    ordinals[order] = _ordinals(keys[order])
    return ordinals
