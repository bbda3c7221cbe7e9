"""What rules about whole sets gather: a few numbers per item or label, never geometry."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from datalabel.check.columns import UNREADABLE, Bools, Floats, Ints
from datalabel.check.finding import CheckBatch, Whole
from datalabel.labels.hashing import Hashes, combine, hash_numbers, hash_rows, mix
from datalabel.labels.rows import with_column
from datalabel.labels.tables import GEOMETRY, JUDGED
from datalabel.spec.model import Spec
from datalabel.spec.properties import option_of


class Keys:
    """The key of every item, what is known of its image, and how many labels it has. About 40 bytes an item and
    its key."""

    columns: ClassVar[Sequence[str]] = ("item",)

    def __init__(self) -> None:
        self.recorded = True
        """Whether it is known which images are here."""
        self.part_of: Whole | None = None
        """What the items are a part of; None where they are all."""
        self._keys: list[pa.ChunkedArray] = []
        self._parts: list[tuple[npt.NDArray[Any], ...]] = []

    def add(self, batch: CheckBatch) -> None:
        """Take in the next batch."""
        self.recorded &= "content" in batch.items.column_names
        self.part_of = batch.part_of
        self._keys.append(batch.items.column("item"))
        self._parts.append(self._part(batch))

    def merge(self, other: Self) -> None:
        """Take in all that another has, whose batches come next."""
        self.recorded &= other.recorded
        self.part_of = self.part_of or other.part_of
        self._keys += other._keys
        self._parts += other._parts

    def _part(self, batch: CheckBatch) -> tuple[npt.NDArray[Any], ...]:
        items, rows = batch.items, batch.columns.item_rows
        counts = np.bincount(rows[rows >= 0], minlength=items.num_rows)
        return _fingerprints(items, "content"), counts, _looks(items), batch.concerned

    def _joined(self, place: int, dtype: Any) -> npt.NDArray[Any]:
        return np.concatenate([np.zeros(0, dtype), *(part[place] for part in self._parts)])

    @cached_property
    def keys(self) -> pa.Array:
        """Keys in order."""
        chunks = [chunk for keys in self._keys for chunk in keys.chunks]
        return pa.chunked_array(chunks, pa.string()).combine_chunks()

    @cached_property
    def contents(self) -> Hashes:
        """Fingerprints of the images; 0 for an image that is not here."""
        return self._joined(0, np.uint64)

    @cached_property
    def counts(self) -> Ints:
        """How many labels each item has."""
        return self._joined(1, np.int64)

    @cached_property
    def looks(self) -> Hashes:
        """Perceptual hashes; 0 where there is none."""
        return self._joined(2, np.uint64)

    @cached_property
    def concerned(self) -> Bools:
        """The items that the set is about."""
        return self._joined(3, np.bool_)

    def key(self, place: int) -> str:
        """The key of one item."""
        return str(self.keys[place])


class Pictures(Keys):
    """Items whose images others may have too, or look like, and what is drawn on them."""

    columns: ClassVar[Sequence[str]] = ("item", *JUDGED)

    def _part(self, batch: CheckBatch) -> tuple[npt.NDArray[Any], ...]:
        alike = _label_hashes(batch, _repeated(batch.items), JUDGED)
        similar = _label_hashes(batch, _known(batch.items, "look"), ("class", "kind"))
        return *super()._part(batch), alike, similar

    @cached_property
    def labels(self) -> Hashes:
        """Fingerprints of all labels of an item together; 0 where no other item has the same image."""
        return self._joined(4, np.uint64)

    @cached_property
    def classes(self) -> Hashes:
        """Fingerprints of the classes and kinds of an item's labels; 0 where nobody looked at the pixels."""
        return self._joined(5, np.uint64)


def _fingerprints(items: pa.Table, name: str) -> Hashes:
    if name not in items.column_names:
        return np.zeros(items.num_rows, np.uint64)
    return np.where(_known(items, name), hash_rows(items, [name]), np.uint64(0))


def _looks(items: pa.Table) -> Hashes:
    if "look" not in items.column_names:
        return np.zeros(items.num_rows, np.uint64)
    return np.asarray(pc.fill_null(items.column("look"), 0).to_numpy(), np.uint64)


def _known(items: pa.Table, name: str) -> Bools:
    if name not in items.column_names:
        return np.zeros(items.num_rows, np.bool_)
    return np.asarray(items.column(name).is_valid().to_numpy(), np.bool_)


def _repeated(items: pa.Table) -> Bools:
    """The items whose image other items may have too."""
    known = _known(items, "content")
    if "repeated" not in items.column_names:
        return known
    return known & np.asarray(pc.fill_null(items.column("repeated"), False).to_numpy(), np.bool_)


def _label_hashes(batch: CheckBatch, chosen: Bools, names: tuple[str, ...]) -> Hashes:
    """For each chosen item one fingerprint of its labels over these columns; 0 for the others."""
    found = np.zeros(batch.items.num_rows, np.uint64)
    if not chosen.any():
        return found
    item_rows = batch.columns.item_rows
    rows = np.flatnonzero(batch.columns.of_item(chosen, False))
    drawn = batch.geometry if set(GEOMETRY) & set(names) else None
    labels = pa.table(
        {name: (drawn if drawn and name in GEOMETRY else batch.labels).column(name) for name in names}
    ).take(pa.array(rows))
    if "properties" in names:
        labels = with_column(labels, "properties", pc.fill_null(labels.column("properties"), "{}"))
    hashes = combine(hash_rows(labels, names), item_rows[rows], batch.items.num_rows)
    return np.where(chosen, hashes, np.uint64(0))


class Classes:
    """How many labels each class has, and which values their properties take."""

    columns: ClassVar[Sequence[str]] = ("class", "kind", "properties")

    def __init__(self) -> None:
        self.spec = Spec()
        self.totals: Counter[str] = Counter()
        self.used: dict[tuple[str, str, str], set[str]] = {}
        self.types: Counter[tuple[str, str]] = Counter()

    def add(self, batch: CheckBatch) -> None:
        """Take in the next batch."""
        self.spec = batch.spec
        columns = batch.columns
        counts = np.bincount(columns.type_codes, minlength=len(columns.types)).tolist()
        for (name, kind), count in zip(columns.types, counts, strict=True):
            self.totals[name] += count
            self.types[name, kind] += count
        if any(told.properties for kinds in self.spec.classes.values() for told in kinds.values()):
            for place, value in columns.valued:
                self._use(*columns.types[place], value)

    def merge(self, other: Self) -> None:
        """Take in all that another has, whose batches come next."""
        self.spec = other.spec if other.totals else self.spec
        self.totals.update(other.totals)
        self.types.update(other.types)
        for key, used in other.used.items():
            self.used.setdefault(key, set()).update(used)

    def _use(self, name: str, kind: str, value: Any) -> None:
        told = self.spec.classes.get(name, {}).get(kind)
        if told is None or value is UNREADABLE:
            return
        for key, declared in told.properties.items():
            if declared.options and key in value:
                given = value[key] if isinstance(value[key], list) else [value[key]]
                used = self.used.setdefault((name, kind, key), set())
                options = (option_of(declared.options, one) for one in given)
                used.update(one for one in options if one is not None)


_Coded = tuple[list[Any], npt.NDArray[np.int32]]
"""Distinct words, and for each label the position of its own."""


class _Places:
    """Where labels are: item, id and source of each. 16 bytes a label, and each key and source once a batch."""

    def __init__(self) -> None:
        self._items: list[_Coded] = []
        self._sources: list[_Coded] = []
        self._ids: list[Hashes] = []
        self._ends: list[int] = []

    def add(self, batch: CheckBatch, rows: npt.NDArray[np.intp]) -> None:
        """Take in these labels, as the next places."""
        for name, parts in (("item", self._items), ("source", self._sources)):
            words, codes = batch.columns.encoded(name)
            parts.append((words, codes[rows].astype(np.int32)))
        self._ids.append(batch.labels.column("id").to_numpy()[rows])
        self._ends.append(len(rows) + (self._ends[-1] if self._ends else 0))

    def merge(self, other: _Places) -> None:
        """Take in another's places, after these."""
        last = self._ends[-1] if self._ends else 0
        self._items += other._items
        self._sources += other._sources
        self._ids += other._ids
        self._ends += [last + end for end in other._ends]

    def __getitem__(self, place: int) -> tuple[str, int, str | None]:
        part = int(np.searchsorted(self._ends, place, side="right"))
        row = place - (self._ends[part - 1] if part else 0)
        (items, item), (sources, source) = self._items[part], self._sources[part]
        return items[item[row]], int(self._ids[part][row]), sources[source[row]]


class Sizes:
    """The area of every label that has one. About 24 bytes a label."""

    columns: ClassVar[Sequence[str]] = ("item", "id", "source", "class", "kind", *GEOMETRY)

    def __init__(self) -> None:
        self.places = _Places()
        self._types: dict[tuple[str, str], int] = {}
        self._codes: list[npt.NDArray[np.int32]] = []
        self._logs: list[npt.NDArray[np.float32]] = []

    def add(self, batch: CheckBatch) -> None:
        """Take in the next batch."""
        columns = batch.columns
        areas = columns.areas
        rows = np.flatnonzero(columns.sized & (areas > 0))
        codes = [self._types.setdefault(one, len(self._types)) for one in columns.types]
        self.places.add(batch, rows)
        self._codes.append(np.array(codes, np.int32)[columns.type_codes[rows]])
        self._logs.append(np.log(areas[rows]).astype(np.float32))

    def merge(self, other: Self) -> None:
        """Take in all that another has, whose batches come next."""
        codes = [self._types.setdefault(one, len(self._types)) for one in other._types]
        self.places.merge(other.places)
        self._codes += [np.array(codes, np.int32)[part] for part in other._codes]
        self._logs += other._logs

    def by_type(self) -> Iterator[tuple[str, str, npt.NDArray[np.intp], Floats]]:
        """Class, kind, the places of its labels, and the natural logarithms of their areas in square pixels."""
        codes = np.concatenate([np.zeros(0, np.int32), *self._codes])
        logs = np.concatenate([np.zeros(0, np.float32), *self._logs])
        order = np.argsort(codes, kind="stable")
        ends = np.searchsorted(codes[order], np.arange(len(self._types)), side="right")
        for (name, kind), places in zip(self._types, np.split(order, ends)[:-1], strict=True):
            yield name, kind, places, logs[places].astype(np.float64)


class Numbers:
    """The number that every label has in its source. About 24 bytes a label."""

    columns: ClassVar[Sequence[str]] = ("item", "id", "source", "source_id")

    def __init__(self) -> None:
        self.places = _Places()
        self._hashes: list[Hashes] = []

    def add(self, batch: CheckBatch) -> None:
        """Take in the next batch."""
        numbers = batch.labels.column("source_id")
        rows = np.flatnonzero(numbers.is_valid().to_numpy())
        if len(rows):
            self.places.add(batch, rows)
            sources, codes = batch.columns.encoded("source")
            of_sources = hash_rows(pa.table({"source": pa.array(sources, pa.string())}), ["source"])
            self._hashes.append(mix(of_sources[codes[rows]] ^ hash_numbers(numbers)[rows]))

    def merge(self, other: Self) -> None:
        """Take in all that another has, whose batches come next."""
        self.places.merge(other.places)
        self._hashes += other._hashes

    def taken_twice(self) -> Iterator[tuple[int, int]]:
        """The place of every label whose number was taken before, and the place of the first that has it."""
        hashes = np.concatenate([np.zeros(0, np.uint64), *self._hashes])
        if not (np.diff(np.sort(hashes)) == 0).any():
            return  # sorting values alone is several times faster
        order = np.argsort(hashes, kind="stable")
        fresh = np.diff(hashes[order], prepend=hashes[order[:1]] + np.uint64(1)) != 0
        first = order[np.maximum.accumulate(np.where(fresh, np.arange(len(order)), 0))]
        again = np.flatnonzero(~fresh)
        yield from sorted(zip(order[again].tolist(), first[again].tolist(), strict=True))
