"""What happened to labels between two tables, by object: added, removed, changed with the fields that changed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from datalabel.labels.geometry import bounds, ious
from datalabel.labels.hashing import hash_rows
from datalabel.labels.properties import fields_in
from datalabel.labels.rows import distinct
from datalabel.labels.tables import label_id_text

BOUNDS = ("x", "y", "w", "h")
SHOWN = ("class", "kind", *BOUNDS, "coords", "parts", "rle", "properties", "confidence", "annotator", "extra")
"""What counts as a change. A number, a rank or the name of the source is bookkeeping; so is, within `extra`, what a
format keeps under names with a `$`: how its text was spelled."""

WRITTEN = ("source_id", "rank", "extra")
"""Where the same label may be written otherwise."""

_OWN_BOUNDS = ("box",)
"""Kinds whose geometry is their bounds; for the others, bounds that changed alone are shown as such."""

FIRST, AT_ONCE = 32, 256
"""Changes are spelled out for so many items at first, since often nobody asks for more, and at a time."""

COUNTED = ("added", "removed", "changed", "rewritten")

_DECODER = msgspec.json.Decoder(dict[str, Any])
_SPECIAL = re.compile(r"[{$]|\d{15}|\d[eE]")
"""What the quick reader of JSON is not asked for: objects in objects, our notes, numbers no double may hold."""

Index = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class LabelChange:
    """One label that was added, removed or changed. `fields` maps what changed to [before, after]; geometry
    to its IoU and how far the centre moved. `before` and `after` are labels as JSON, or None."""

    item: str
    id: int
    change: str
    fields: Mapping[str, Any]
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None

    def to_json(self) -> dict[str, Any]:
        """The shape that scripts rely on (without the set)."""
        return {
            "item": self.item,
            "id": label_id_text(self.id),
            "change": self.change,
            "fields": dict(self.fields),
            "before": self.before,
            "after": self.after,
        }


@dataclass(frozen=True, slots=True)
class LabelChanges:
    """Rows that differ: `added` of the right table, `removed` of the left, and pairs of both that changed; and how
    many items have labels that are only written otherwise."""

    before: pa.Table
    after: pa.Table
    removed: Index
    added: Index
    changed_before: Index
    changed_after: Index
    rewritten: int
    _flags: Mapping[str, npt.NDArray[np.bool_]] = field(default_factory=dict)

    def summary(self) -> dict[str, Any]:
        """Counts: labels added, removed, changed, and changed by field; items whose labels are written otherwise."""
        fields = {name: int(flags.sum()) for name, flags in self._flags.items() if flags.any()}
        return {
            "added": len(self.added),
            "removed": len(self.removed),
            "changed": len(self.changed_after),
            "rewritten": self.rewritten,
            "by_field": dict(sorted(fields.items())),
        }

    def __bool__(self) -> bool:
        return bool(len(self.added) or len(self.removed) or len(self.changed_after))

    def changes(self) -> Iterator[LabelChange]:
        """Every change, by item; within an item removed, changed, added, each in the order of its source. What
        nobody asks for is not computed."""
        tables = ((self.before, self.removed), (self.after, self.changed_after), (self.after, self.added))
        items = [table.column("item").take(pa.array(rows)).to_pylist() for table, rows in tables]
        rank = {item: place for place, item in enumerate(sorted({*chain(*items)}))}
        places = [np.fromiter(map(rank.__getitem__, names), np.int64, len(names)) for names in items]
        orders = [np.argsort(one, kind="stable") for one in places]
        start, size = 0, FIRST
        while start < len(rank):
            some = [
                order[slice(*np.searchsorted(one, [start, start + size], sorter=order).tolist())]
                for one, order in zip(places, orders, strict=True)
            ]
            yield from self._spelled(*some)
            start, size = start + size, min(2 * size, AT_ONCE)

    def _spelled(self, removed: Index, changed: Index, added: Index) -> list[LabelChange]:
        found = [
            *(_gone(row) for row in _rows(self.before, self.removed[removed])),
            *self._changed(changed),
            *(_came(row) for row in _rows(self.after, self.added[added])),
        ]
        return sorted(found, key=lambda change: change.item)

    def _changed(self, pairs: Index) -> Iterator[LabelChange]:
        old = self.before.take(pa.array(self.changed_before[pairs]))
        new = self.after.take(pa.array(self.changed_after[pairs]))
        every = np.arange(old.num_rows)
        overlap = ious(old, every, new, every).tolist()
        shift = (_centres(new) - _centres(old)).tolist()
        marks = {name: flags[pairs] for name, flags in self._flags.items()}
        for index, (was, now) in enumerate(zip(old.to_pylist(), new.to_pylist(), strict=True)):
            flags = {name for name, marked in marks.items() if marked[index]}
            fields = _fields(was, now, flags, overlap[index], shift[index])
            yield LabelChange(now["item"], now["id"], "changed", fields, label_json(was), label_json(now))


def diff_labels(before: pa.Table, after: pa.Table) -> LabelChanges:
    """Compare two tables of labels whose rows are known by item and id. Rows that are equal cost a hash."""
    old, new = hash_rows(before, ("item", "id")), hash_rows(after, ("item", "id"))
    _, left, right = np.intersect1d(old, new, return_indices=True)
    differs = hash_rows(before, SHOWN)[left] != hash_rows(after, SHOWN)[right]
    unlike = right[differs | (hash_rows(before, WRITTEN)[left] != hash_rows(after, WRITTEN)[right])]
    left, right = left[differs], right[differs]
    order = np.argsort(right, kind="stable")
    left, right = left[order], right[order]
    flags = _flags(before.take(pa.array(left)), after.take(pa.array(right)))
    changed = np.any(list(flags.values()), axis=0)
    removed, added = np.flatnonzero(~np.isin(old, new)), np.flatnonzero(~np.isin(new, old))
    touched = _items(before, removed) | _items(after, added) | _items(after, right[changed])
    return LabelChanges(
        before,
        after,
        removed,
        added,
        left[changed],
        right[changed],
        len(_items(after, unlike) - touched),
        {name: marked[changed] for name, marked in flags.items()},
    )


def _items(labels: pa.Table, rows: Index) -> set[str]:
    return distinct(labels.column("item").take(pa.array(rows)))


def summarise(summaries: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Several summaries added up."""
    total: Counter[str] = Counter()
    fields: Counter[str] = Counter()
    for summary in summaries:
        total.update({word: summary[word] for word in COUNTED})
        fields.update(summary["by_field"])
    return {
        **{word: total[word] for word in COUNTED},
        "by_field": dict(sorted(fields.items())),
    }


def label_json(row: Mapping[str, Any]) -> dict[str, Any]:
    """A label as scripts see it; `row` is a row of `LABELS`."""
    corners = [row[name] for name in BOUNDS]
    return {
        "id": label_id_text(row["id"]),
        "item": row["item"],
        "class": row["class"],
        "kind": row["kind"],
        "bbox": None if None in corners else corners,
        "coords": row["coords"],
        "parts": row["parts"],
        "rle": row["rle"],
        "properties": fields_in(row["properties"]),
        "confidence": row["confidence"],
        "annotator": row["annotator"],
        "source": row["source"],
        "source_id": row["source_id"],
    }


def _flags(old: pa.Table, new: pa.Table) -> dict[str, npt.NDArray[np.bool_]]:
    """For each field, which pairs of rows differ in it."""

    def differ(*names: str) -> npt.NDArray[np.bool_]:
        return np.asarray(hash_rows(old, names) != hash_rows(new, names))

    own = np.isin(np.array(new.column("kind").to_pylist(), dtype=object), _OWN_BOUNDS)
    frame, shape = differ(*BOUNDS), differ("coords", "parts", "rle", "kind")
    return {
        "class": differ("class"),
        "kind": differ("kind"),
        "geometry": shape | (own & frame),
        "bounds": frame & ~shape & ~own,
        "properties": differ("properties"),
        "confidence": differ("confidence"),
        "annotator": differ("annotator"),
        "extra": _say_otherwise(old.column("extra"), new.column("extra")),
    }


def _say_otherwise(old: pa.ChunkedArray, new: pa.ChunkedArray) -> npt.NDArray[np.bool_]:
    """Which of these pairs of `extra` say different things, and not one thing in different spellings."""
    pairs = zip(old.to_pylist(), new.to_pylist(), strict=True)
    return np.array([was != now and _told(was) != _told(now) for was, now in pairs], np.bool_)


def _told(extra: str | None) -> dict[str, Any]:
    """What a format has no column for, without how it was spelled."""
    if extra is None:
        return {}
    if not _SPECIAL.search(extra, 1):
        return dict(_DECODER.decode(extra))
    return _unspelled(fields_in(extra))


def _unspelled(fields: Mapping[str, Any]) -> dict[str, Any]:
    told = {
        name: _unspelled(value) if isinstance(value, dict) and value else value
        for name, value in fields.items()
        if not name.startswith("$")
    }
    return {name: value for name, value in told.items() if value != {} or fields[name] == {}}


def _fields(
    was: Mapping[str, Any], now: Mapping[str, Any], flags: set[str], overlap: float, shift: list[float]
) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name in ("class", "kind", "confidence", "annotator"):
        if name in flags:
            fields[name] = [was[name], now[name]]
    if "geometry" in flags:
        moved = [round(step, 3) for step in shift] if np.isfinite(shift).all() else None
        fields["geometry"] = {"iou": round(overlap, 4), "shift": moved}
    if "bounds" in flags:
        fields["bounds"] = [[row[name] for name in BOUNDS] for row in (was, now)]
    if "properties" in flags:
        fields["properties"] = _pairs(*(fields_in(row["properties"]) for row in (was, now)))
    if "extra" in flags:
        fields["extra"] = _pairs(_told(was["extra"]), _told(now["extra"]))
    return fields


def _pairs(was: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: [was.get(name), now.get(name)]
        for name in sorted({*was, *now})
        if was.get(name) != now.get(name) or (name in was) != (name in now)
    }


def _centres(labels: pa.Table) -> npt.NDArray[np.float64]:
    corners = bounds(labels)
    return (corners[:, :2] + corners[:, 2:]) / 2


def _rows(table: pa.Table, rows: Index) -> list[dict[str, Any]]:
    return list(table.take(pa.array(rows)).to_pylist())


def _gone(row: Mapping[str, Any]) -> LabelChange:
    return LabelChange(row["item"], row["id"], "removed", {}, label_json(row), None)


def _came(row: Mapping[str, Any]) -> LabelChange:
    return LabelChange(row["item"], row["id"], "added", {}, None, label_json(row))
