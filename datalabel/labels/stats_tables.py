"""Counting the rows of items and labels; partial counts merge."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from datalabel.labels import geometry
from datalabel.labels.stats_counts import Floats, Ints, Numbers, PropertyCounts, Words
from datalabel.labels.stats_results import (
    AnnotatorStats,
    AreaStats,
    ClassStats,
    ItemStats,
    PerItemStats,
    SetStats,
    SizeStats,
)

SMALL, LARGE = 32.0**2, 96.0**2
"""COCO's limits of area in square pixels: small is below the first, large is the second or more."""

UNKNOWN = "unknown"
"""What the annotator of a label is called when nobody said who it was."""

_SOLID = ("box", "rotated_box", "polygon", "mask")


@dataclass(slots=True)
class ItemCounts:
    """Counts items."""

    items: int = 0
    images: int = 0
    bytes: int = 0
    formats: Words = field(default_factory=Words)
    states: Words = field(default_factory=Words)
    sizes: Words = field(default_factory=Words)
    width: Numbers = field(default_factory=Numbers)
    height: Numbers = field(default_factory=Numbers)
    properties: PropertyCounts = field(default_factory=PropertyCounts)

    def add(self, items: pa.Table) -> None:
        """Count these items. Columns that are not there count as null."""
        self.items += items.num_rows
        columns = {name: items.column(name) for name in items.column_names}
        if "content" in columns:
            self.images += len(columns["content"]) - columns["content"].null_count
        if "bytes" in columns:
            self.bytes += pc.sum(columns["bytes"]).as_py() or 0
        for words, name in ((self.formats, "format"), (self.states, "state")):
            if name in columns:
                _count(words, columns[name])
        if "properties" in columns:
            self.properties.add(columns["properties"])
        if {"width", "height"} <= columns.keys():
            self._add_sizes(columns["width"], columns["height"])

    def _add_sizes(self, width: pa.ChunkedArray, height: pa.ChunkedArray) -> None:
        sides = np.stack([_floats(width), _floats(height)], axis=1)
        sides, counts = np.unique(sides[np.isfinite(sides).all(axis=1)], axis=0, return_counts=True)
        self.width.add(sides[:, 0], counts)
        self.height.add(sides[:, 1], counts)
        for (wide, high), count in zip(sides.tolist(), counts.tolist(), strict=True):
            self.sizes.add(f"{wide:.0f}×{high:.0f}", count)

    def merge(self, other: ItemCounts) -> None:
        """Count everything that the other has counted."""
        self.items += other.items
        self.images += other.images
        self.bytes += other.bytes
        self.formats.merge(other.formats)
        self.states.merge(other.states)
        self.sizes.merge(other.sizes)
        self.width.merge(other.width)
        self.height.merge(other.height)
        self.properties.merge(other.properties)

    def result(self) -> ItemStats:
        """What was counted."""
        return ItemStats(
            self.items,
            self.images,
            self.bytes,
            self.formats.top(None),
            self.states.top(None),
            self.sizes.top(),
            self.width.result(),
            self.height.result(),
            self.properties.result(),
        )


@dataclass(slots=True)
class LabelCounts:
    """Counts the labels of one set."""

    labels: int = 0
    items: int = 0
    pairs: Counter[tuple[str, str]] = field(default_factory=Counter)
    class_items: Counter[str] = field(default_factory=Counter)
    class_areas: Counter[tuple[str, int]] = field(default_factory=Counter)
    annotators: Counter[str] = field(default_factory=Counter)
    annotator_items: Counter[str] = field(default_factory=Counter)
    per_item: Counter[int] = field(default_factory=Counter)
    width: Numbers = field(default_factory=Numbers)
    height: Numbers = field(default_factory=Numbers)
    side: Numbers = field(default_factory=Numbers)
    confidence: Numbers = field(default_factory=Numbers)
    unmeasured: int = 0
    properties: dict[str, PropertyCounts] = field(default_factory=dict)

    def add(self, items: pa.Table, labels: pa.Table) -> None:
        """Count the labels of these items; all labels of an item come with it."""
        self.labels += labels.num_rows
        self._add_per_item(items, labels)
        if not labels.num_rows:
            return
        classes, kinds = _encoded(labels, "class"), _encoded(labels, "kind")
        annotators = _encoded(labels, "annotator")
        keys = _encoded(labels, "item").codes
        for (one, other), count in _pairs(classes.codes, kinds.codes):
            self.pairs[classes.words[one], kinds.words[other]] += count
        for code, count in enumerate(np.bincount(annotators.codes).tolist()):
            self.annotators[annotators.words[code]] += count
        _count_items(self.annotator_items, annotators, keys)
        _count_items(self.class_items, classes, keys)
        self._add_sizes(labels, classes, kinds)
        if "confidence" in labels.column_names:
            self.confidence.add(_floats(labels.column("confidence")))
        self._add_properties(labels, classes)

    def _add_per_item(self, items: pa.Table, labels: pa.Table) -> None:
        rows = pc.index_in(labels.column("item"), value_set=items.column("item").combine_chunks())
        known = np.asarray(rows.drop_null().to_numpy()).astype(np.int64)
        counts = np.bincount(known, minlength=items.num_rows)
        self.items += items.num_rows
        for labelled, number in zip(*np.unique(counts, return_counts=True), strict=True):
            self.per_item[int(labelled)] += int(number)

    def _add_sizes(self, labels: pa.Table, classes: _Encoded, kinds: _Encoded) -> None:
        with np.errstate(all="ignore"):
            corners = geometry.bounds(labels)
            sides = corners[:, 2:] - corners[:, :2]
            areas = geometry.area(labels)
        measured = (np.isfinite(sides) & (sides >= 0)).all(axis=1)
        drawn = np.array([kind != "category" for kind in kinds.words], np.bool_)[kinds.codes]
        solid = np.array([kind in _SOLID for kind in kinds.words], np.bool_)[kinds.codes]
        self.unmeasured += int((drawn & ~measured).sum())
        self.width.add(sides[measured, 0])
        self.height.add(sides[measured, 1])
        solid &= measured & np.isfinite(areas) & (areas >= 0)
        self.side.add(np.sqrt(areas[solid]))
        grades = np.digitize(areas[solid], [SMALL, LARGE])
        for (one, grade), count in _pairs(classes.codes[solid], grades.astype(np.int64)):
            self.class_areas[classes.words[one], grade] += count

    def _add_properties(self, labels: pa.Table, classes: _Encoded) -> None:
        if (
            "properties" not in labels.column_names
            or labels.column("properties").null_count == labels.num_rows
        ):
            return
        said = labels.column("properties").combine_chunks()
        given = np.asarray(said.is_valid().to_numpy(zero_copy_only=False))
        for code in np.unique(classes.codes[given]).tolist():
            mine = said.filter(pa.array(given & (classes.codes == code)))
            self.properties.setdefault(classes.words[code], PropertyCounts()).add(mine)

    def merge(self, other: LabelCounts) -> None:
        """Count everything that the other has counted."""
        self.labels += other.labels
        self.items += other.items
        self.unmeasured += other.unmeasured
        self.pairs.update(other.pairs)
        self.class_items.update(other.class_items)
        self.class_areas.update(other.class_areas)
        self.annotators.update(other.annotators)
        self.annotator_items.update(other.annotator_items)
        self.per_item.update(other.per_item)
        self.width.merge(other.width)
        self.height.merge(other.height)
        self.side.merge(other.side)
        self.confidence.merge(other.confidence)
        for name, counts in other.properties.items():
            self.properties.setdefault(name, PropertyCounts()).merge(counts)

    def result(self) -> SetStats:
        """What was counted."""
        kinds: Counter[str] = Counter()
        classes: dict[str, Counter[str]] = {}
        for (name, kind), count in self.pairs.items():
            kinds[kind] += count
            classes.setdefault(name, Counter())[kind] += count
        totals = {name: found.total() for name, found in classes.items()}
        every = {name: self.properties[name].result() for name in sorted(self.properties)}
        return SetStats(
            self.labels,
            {name: self._class(name, classes[name]) for name in _falling(totals)},
            _falling(kinds),
            {name: found for name, found in every.items() if found},
            self._size(),
            self._per_item(),
            {
                name: AnnotatorStats(count, self.annotator_items[name])
                for name, count in _falling(self.annotators).items()
            },
            self.confidence.result(),
        )

    def _class(self, name: str, kinds: Counter[str]) -> ClassStats:
        areas = AreaStats(*(self.class_areas[name, grade] for grade in range(3)))
        share = kinds.total() / self.labels
        return ClassStats(kinds.total(), self.class_items[name], _falling(kinds), share, areas)

    def _size(self) -> SizeStats:
        graded = [
            sum(count for (_, at), count in self.class_areas.items() if at == grade) for grade in range(3)
        ]
        return SizeStats(
            self.width.result(), self.height.result(), self.side.result(), AreaStats(*graded), self.unmeasured
        )

    def _per_item(self) -> PerItemStats:
        histogram = dict(sorted(self.per_item.items()))
        numbers = Numbers()
        numbers.add(np.array(list(histogram), np.float64), np.array(list(histogram.values()), np.int64))
        empty = histogram.get(0, 0)
        return PerItemStats(self.items - empty, empty, numbers.result(), histogram)


@dataclass(frozen=True, slots=True)
class _Encoded:
    """The distinct values of a text column, and for each row the position of its own."""

    words: list[str]
    codes: Ints


def _encoded(labels: pa.Table, name: str) -> _Encoded:
    if name not in labels.column_names:
        return _Encoded([UNKNOWN], np.zeros(labels.num_rows, np.int64))
    # A null and a spelt-out "unknown" are one.
    column = labels.column(name).combine_chunks().fill_null(UNKNOWN).dictionary_encode()
    return _Encoded(column.dictionary.to_pylist(), _integers(column.indices))


def _count_items(items: Counter[str], names: _Encoded, keys: Ints) -> None:
    """Count for each name the distinct items that it occurs on."""
    for (code, _), _ in _pairs(names.codes, keys):
        items[names.words[code]] += 1


def _pairs(first: Ints, second: Ints) -> list[tuple[tuple[int, int], int]]:
    """The distinct pairs of codes, with how often each occurs."""
    pairs, counts = np.unique(np.stack([first, second], axis=1), axis=0, return_counts=True)
    return [
        ((one, other), count) for (one, other), count in zip(pairs.tolist(), counts.tolist(), strict=True)
    ]


def _falling(counts: Mapping[str, int]) -> dict[str, int]:
    """Most first; equally common ones in alphabetical order."""
    return dict(
        sorted(((name, count) for name, count in counts.items() if count), key=lambda p: (-p[1], p[0]))
    )


def _count(words: Words, column: pa.ChunkedArray) -> None:
    for pair in column.drop_null().value_counts().to_pylist():
        words.add(pair["values"], pair["counts"])


def _integers(column: pa.Array) -> Ints:
    return np.asarray(column.to_numpy(zero_copy_only=False)).astype(np.int64)


def _floats(column: pa.ChunkedArray) -> Floats:
    return np.array(column.cast(pa.float64()).to_numpy(), np.float64)
