"""The digest of a selection: equal exactly when items, splits and labels are equal, however they got there.

Each column is fed to a BLAKE3 of its own, so nothing depends on where a batch ends. In it go the items in
key order (key, content, split), and per set the labels sorted within their item by class, kind, geometry,
properties, confidence and annotator. Ids, ranks, sources and extras are left out: they tell how a label came
here, not what it says. Numbers are little-endian; −0 counts as 0, every NaN as one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from datalabel.content import canonical_json, hasher
from datalabel.labels.arrays import begins_of, one_array
from datalabel.labels.hashing import hash_rows
from datalabel.labels.rows import with_column
from datalabel.labels.tables import GEOMETRY

ITEM_COLUMNS = ("item", "content", "split")
LABEL_COLUMNS = ("item", "class", "kind", *GEOMETRY, "properties", "confidence", "annotator")
"""The columns of a label that count."""

_BOX = ("x", "y", "w", "h")
_ORDER = ("item", "class", "kind", "x", "y", "w", "h", "shape", "properties", "confidence", "annotator")


class SelectionDigest:
    """Built by adding batches in key order: first every item, then the labels set by set."""

    def __init__(self) -> None:
        self._columns: dict[tuple[str, str], _Column] = {}
        self._rows: dict[str, int] = {}

    def add_items(self, items: pa.Table) -> None:
        """Items in key order, with the columns `ITEM_COLUMNS` (`split` is null without splits)."""
        self._add("", items, ITEM_COLUMNS)

    def add_labels(self, set_name: str, labels: pa.Table) -> None:
        """Labels of one set, in key order and as `ordered` puts them; an item's labels come in one batch."""
        self._add(f"set {set_name}", labels, LABEL_COLUMNS)

    def _add(self, part: str, rows: pa.Table, columns: tuple[str, ...]) -> None:
        self._rows[part] = self._rows.get(part, 0) + rows.num_rows
        for name in columns:
            self._columns.setdefault((part, name), _Column()).add(rows.column(name))

    def result(self) -> str:
        """64 hexadecimal digits."""
        whole = hasher("selection")
        for part, name in sorted(self._columns):
            if self._rows[part]:
                whole.update(canonical_json([part, name, self._rows[part]]))
                whole.update(self._columns[part, name].digest())
        return whole.hexdigest()


def ordered(labels: pa.Table) -> pa.Table:
    """Labels (grouped by item in key order) with canonical cells, in an order that follows from what they say."""
    labels = with_column(labels, "properties", pc.fill_null(labels.column("properties"), "{}"))
    places = pa.table({"place": _places(labels), **{name: labels.column(name) for name in _BOX}})
    order = pc.sort_indices(
        places, sort_keys=[(name, "ascending") for name in places.column_names]
    ).to_numpy()
    tied = np.flatnonzero(_tied(places, order))
    if len(tied):
        part = labels.take(pa.array(order[tied]))
        shape = pa.array(hash_rows(part, ("coords", "parts", "rle")))
        keys = [(name, "ascending") for name in _ORDER]
        order = order.copy()
        order[tied] = order[tied][pc.sort_indices(part.append_column("shape", shape), sort_keys=keys)]
    return labels.take(pa.array(order))


def _places(labels: pa.Table) -> pa.Array:
    """One number for item, class and kind of each label that sorts as they do."""
    place = np.cumsum(begins_of(one_array(labels.column("item"))))
    for name in ("class", "kind"):
        encoded = one_array(labels.column(name)).dictionary_encode()
        rank = pc.rank(encoded.dictionary, tiebreaker="dense").to_numpy().astype(np.int64)
        place = place * (len(rank) + 1) + rank[encoded.indices.to_numpy()]
    return pa.array(place)


def _tied(places: pa.Table, order: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
    """Which labels, in order, may have the same place and box as a neighbour: of them the order is not told yet."""
    same = np.ones(max(len(order) - 1, 0), np.bool_)
    for name in places.column_names:
        values = places.column(name).to_numpy()[order]
        same &= (values[1:] == values[:-1]) | ((values[1:] != values[1:]) & (values[:-1] != values[:-1]))
    return np.asarray(np.append(same, False) | np.insert(same, 0, False))[: len(order)]


class _Column:
    """One column: which cells are there, how long each is, and the values."""

    def __init__(self) -> None:
        self._streams = [hasher("selection column") for _ in range(3)]

    def add(self, column: pa.ChunkedArray) -> None:
        for chunk in column.chunks:
            valid = np.asarray(chunk.is_valid().to_numpy(zero_copy_only=False), np.uint8)
            self._streams[0].update(valid.tobytes())
            if pa.types.is_string(chunk.type) or pa.types.is_list(chunk.type):
                self._add_lengths(chunk)
                chunk = _values(chunk)
            self._streams[2].update(_bytes(chunk))

    def _add_lengths(self, chunk: pa.Array) -> None:
        measure = pc.binary_length if pa.types.is_string(chunk.type) else pc.list_value_length
        lengths = pc.fill_null(measure(chunk), 0).to_numpy(zero_copy_only=False)
        self._streams[1].update(lengths.astype("<i8").tobytes())

    def digest(self) -> bytes:
        return b"".join(stream.digest() for stream in self._streams)


def _values(chunk: pa.Array) -> Any:
    """The cells' values end to end, nulls left out: bytes of text, or the members of lists."""
    if pa.types.is_list(chunk.type):
        return chunk.flatten()
    texts = chunk.drop_null()
    _, offsets, data = texts.buffers()
    if not len(texts) or data is None:
        return b""
    ends = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    return memoryview(data)[ends[0] : ends[-1]]


def _bytes(values: Any) -> bytes | memoryview:
    if isinstance(values, bytes | memoryview):
        return values
    if pa.types.is_floating(values.type):
        numbers = np.asarray(values.drop_null().to_numpy(zero_copy_only=False), "<f8") + 0.0
        numbers[np.isnan(numbers)] = np.nan
        return numbers.tobytes()
    numbers = values.drop_null().to_numpy(zero_copy_only=False)
    return np.asarray(numbers, "<i8").tobytes()
