"""The three-way merge of labels: what two sides made of one base, brought together by object.

Rows are known by item and id. What changed on one side only is taken; the same change on both counts once;
different changes of one label are merged field by field, and where both changed one field it is a conflict.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from datalabel.labels.hashing import Hashes, hash_rows
from datalabel.labels.match import SHAPE, mint_ids
from datalabel.labels.properties import fields_in
from datalabel.labels.rows import sort_rows, with_column
from datalabel.labels.tables import LABELS

Row = dict[str, Any]
Prefer = Literal["ours", "theirs"] | None

BOOKKEEPING = ("source", "source_id", "rank", "extra")
"""Columns that never conflict and do not count against a deletion: theirs wins where both changed them."""

MEANING = ("class", *SHAPE, "properties", "confidence", "annotator")
_SAID = tuple(name for name in LABELS.names if name not in ("item", "id"))


@dataclass(frozen=True, slots=True)
class Conflict:
    """One field of one label that both sides changed differently; `label` is the field when one side
    deleted what the other changed. Values are JSON; None where there is nothing."""

    item: str
    id: int
    field: str
    base: Any
    ours: Any
    theirs: Any


@dataclass(frozen=True, slots=True)
class Merged:
    """The outcome, sorted by item, rank and id, and what could not be decided (there, ours stands), item by item."""

    labels: pa.Table
    conflicts: tuple[Conflict, ...]


def merge(base: pa.Table, ours: pa.Table, theirs: pa.Table, *, prefer: Prefer = None) -> Merged:
    """Merge two tables of labels that came from one; ids are unique within an item in each.

    Where `ours` is the very table `base`, nothing was done here and theirs stands.
    `prefer` decides every conflict; they are listed all the same. An id that is new on both sides with
    different content is not identity: theirs gets an id of its own.
    """
    if ours is base or not (base.num_rows or ours.num_rows):
        return Merged(sort_rows(theirs, "item", "rank", "id"), ())
    theirs = _renamed_newcomers(base, ours, theirs)
    sides = _Sides(base, ours, theirs)
    keep_ours, keep_theirs, both = sides.sorted_out()
    decided: list[Row] = []
    conflicts: list[Conflict] = []
    for rows in sides.rows(both):
        row, found = _decide(*rows, prefer)
        conflicts += found
        if row is not None:
            decided.append(row)
    parts = [ours.take(pa.array(keep_ours)), theirs.take(pa.array(keep_theirs))]
    if decided:
        parts.append(pa.Table.from_pylist(decided, schema=LABELS))
    conflicts.sort(key=lambda one: (one.item, one.id))
    return Merged(sort_rows(pa.concat_tables(parts), "item", "rank", "id"), tuple(conflicts))


def _keys(labels: pa.Table) -> Hashes:
    return hash_rows(labels, ("item", "id"))


def _renamed_newcomers(base: pa.Table, ours: pa.Table, theirs: pa.Table) -> pa.Table:
    """Theirs, with fresh ids for rows whose id both sides made up for different labels."""
    keys = _keys(theirs)
    new = ~np.isin(keys, _keys(base)) & np.isin(keys, _keys(ours))
    if new.any():
        new &= ~np.isin(
            hash_rows(theirs, ("item", "id", *MEANING)), hash_rows(ours, ("item", "id", *MEANING))
        )
    if not new.any():
        return theirs
    taken = pa.concat_tables([table.select(["item", "id"]) for table in (base, ours, theirs)])
    ids = theirs.column("id").to_numpy().copy()
    ids[new] = mint_ids(theirs.filter(pa.array(new)), taken)
    return with_column(theirs, "id", pa.array(ids))


class _Sides:
    """The three tables, and for each label where it stands in them (−1: nowhere)."""

    def __init__(self, base: pa.Table, ours: pa.Table, theirs: pa.Table) -> None:
        self._tables = (base, ours, theirs)
        keys = [_keys(table) for table in self._tables]
        self._every = np.unique(np.concatenate(keys))
        self._at = [self._positions(side) for side in keys]
        hashes = [hash_rows(table, _SAID) for table in self._tables]
        self._says = [self._gathered(side, at) for side, at in zip(hashes, self._at, strict=True)]

    def _positions(self, keys: Hashes) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
        at = np.full(len(self._every), -1, dtype=np.intp)
        at[np.searchsorted(self._every, keys)] = np.arange(len(keys))
        return at

    def _gathered(self, hashes: Hashes, at: np.ndarray[tuple[int], np.dtype[np.intp]]) -> Hashes:
        if not len(hashes):
            return np.zeros(len(at), dtype=np.uint64)
        return np.where(at >= 0, hashes[at], np.uint64(0))

    def sorted_out(self) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        """Rows of ours to keep, rows of theirs to keep, and the labels that both sides changed differently."""
        base, ours, theirs = self._says
        here = [at >= 0 for at in self._at]
        same_ours = (base == ours) & (here[0] == here[1])
        same_theirs = (base == theirs) & (here[0] == here[2])
        agree = (ours == theirs) & (here[1] == here[2])
        take_ours = (same_theirs | agree) & here[1]
        take_theirs = same_ours & ~same_theirs & ~agree & here[2]
        both = ~same_ours & ~same_theirs & ~agree
        return self._at[1][take_ours], self._at[2][take_theirs], np.flatnonzero(both)

    def rows(self, labels: np.ndarray[Any, Any]) -> Iterator[tuple[Row | None, Row | None, Row | None]]:
        """The three rows of each of these labels."""
        columns = []
        for table, at in zip(self._tables, self._at, strict=True):
            places = at[labels]
            found = iter(table.take(pa.array(places[places >= 0])).to_pylist())
            columns.append([next(found) if place >= 0 else None for place in places])
        yield from zip(*columns, strict=True)


def _decide(
    base: Row | None, ours: Row | None, theirs: Row | None, prefer: Prefer
) -> tuple[Row | None, list[Conflict]]:
    """One label that both sides changed differently."""
    if ours is None or theirs is None:
        return _deleted_and_changed(base, ours, theirs, prefer)
    base = base or dict.fromkeys(LABELS.names)
    row, conflicts = dict(ours), []
    for field, names in (("class", ("class",)), ("geometry", SHAPE), ("confidence", ("confidence",)),
                         ("annotator", ("annotator",))):  # fmt: skip
        was, here, there = (tuple(_plain(side[name]) for name in names) for side in (base, ours, theirs))
        if there in (was, here):
            continue
        if here != was:
            conflicts.append(
                _conflict(ours, field, _said(base, field), _said(ours, field), _said(theirs, field))
            )
        if here == was or prefer == "theirs":
            row.update({name: theirs[name] for name in names})
    row["properties"], clashes = _merged_properties(base, ours, theirs, prefer)
    conflicts += clashes
    for name in BOOKKEEPING:
        if theirs[name] != base[name]:
            row[name] = theirs[name]
    return row, conflicts


def _deleted_and_changed(
    base: Row | None, ours: Row | None, theirs: Row | None, prefer: Prefer
) -> tuple[Row | None, list[Conflict]]:
    left = ours or theirs
    assert left is not None  # noqa: S101 - a label that nobody has is not asked about
    if base is not None and all(_plain(left[name]) == _plain(base[name]) for name in MEANING):
        return None, []
    conflict = _conflict(left, "label", _said(base, "label"), _said(ours, "label"), _said(theirs, "label"))
    return (theirs if prefer == "theirs" else ours), [conflict]


def _merged_properties(
    base: Row, ours: Row, theirs: Row, prefer: Prefer
) -> tuple[str | None, list[Conflict]]:
    was, here, there = (fields_in(side["properties"]) for side in (base, ours, theirs))
    merged, conflicts = dict(here), []
    missing = object()
    for name in sorted({*was, *here, *there}):
        values = [side.get(name, missing) for side in (was, here, there)]
        if _same(values[2], values[0]) or _same(values[2], values[1]):
            continue
        if not _same(values[1], values[0]):
            said = [None if value is missing else value for value in values]
            conflicts.append(_conflict(ours, f"properties.{name}", *said))
            if prefer != "theirs":
                continue
        if values[2] is missing:
            merged.pop(name, None)
        else:
            merged[name] = values[2]
    return _properties_text(merged), conflicts


def _same(left: Any, right: Any) -> bool:
    return type(left) is type(right) and bool(left == right)


def _properties_text(properties: Mapping[str, Any]) -> str | None:
    from datalabel.content import canonical_json

    return canonical_json(dict(properties)).decode() if properties else None


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _conflict(row: Row, field: str, base: Any, ours: Any, theirs: Any) -> Conflict:
    return Conflict(row["item"], row["id"], field, base, ours, theirs)


def _said(row: Row | None, field: str) -> Any:
    """What one side says of a field, for people."""
    if row is None:
        return None
    if field in ("geometry", "label"):
        bounds = [row[name] for name in ("x", "y", "w", "h")]
        return {"class": row["class"], "kind": row["kind"], "bbox": bounds} if field == "label" else bounds
    return row[field]
