"""Files of items that no VOC source said anything of, many at once.

Such files differ in names, sizes, classes and corners only. The text between them is cut from files that the writer
of single items makes with places where these stand, so that only it knows the layout.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from datalabel.formats.base import Batch
from datalabel.formats.voc.names import are_trim
from datalabel.formats.voc.numbers import corners_in_bulk
from datalabel.formats.voc.xml import escaped

Rows = npt.NDArray[np.bool_]

WriteFile = Callable[[dict[str, Any], list[dict[str, Any]]], bytes]
"""Makes the file of an item, from the item and its labels with their corners as texts."""

_FOLDER, _NAME, _WIDTH, _HEIGHT, _CLASS = (f"\0{index}\0" for index in range(5))
_CORNERS = tuple(f"\0{index}\0" for index in range(5, 9))
"""Places; no XML text holds NUL."""

_LABEL = {
    "item": _NAME,
    "class": _CLASS,
    "corners": _CORNERS,
    **dict.fromkeys("xywh", 0.0),
    "properties": None,
    "extra": None,
}
_NO_PROPERTIES = pa.array([None, "", "{}"], pa.string())

_TEXT = pa.large_string()
"""A string array holds 2 GiB, and one item may have any number of labels."""


def divided(batch: Batch) -> tuple[Rows, Batch, Batch]:
    """Which items are plain, as a mask; these items with their labels, and the others with theirs.

    An item is plain when it has no extra, all its labels have neither extra nor properties, and no name has white
    space around it. Labels are in the order of the items, in both.
    """
    items, labels = batch.items, batch.labels
    plain: Rows = np.array(pc.and_(pc.is_null(items.column("extra")), are_trim(items.column("name"))))
    bare = pc.and_(
        pc.and_(pc.is_null(labels.column("extra")), are_trim(labels.column("class"))),
        pc.is_in(labels.column("properties"), value_set=_NO_PROPERTIES),
    )
    owners = _owners(batch)
    plain[owners[~np.asarray(bare)]] = False
    if plain.all():
        return plain, batch, Batch(items.slice(0, 0), labels.slice(0, 0))
    easy, odd = (
        Batch(items.filter(pa.array(chosen)), labels.filter(pa.array(chosen[owners])))
        for chosen in (plain, ~plain)
    )
    return plain, easy, odd


def _owners(batch: Batch) -> npt.NDArray[np.int32]:
    """The row of each label's item, ascending."""
    keys = batch.items.column("item").combine_chunks()
    owners: npt.NDArray[np.int32] = pc.index_in(batch.labels.column("item"), value_set=keys).to_numpy()
    return owners


class PlainFiles:
    """Makes the files of plain items. `write` makes the file of a single item that came from no VOC source."""

    def __init__(self, write: WriteFile) -> None:
        items = [_item(*there) for there in product((False, True), repeat=3)]
        heads, objects, tails = zip(*(_parted(write, item) for item in items), strict=True)
        cut = [_cut_head(head, item) for head, item in zip(heads, items, strict=True)]
        self._heads = [pa.array(column, _TEXT) for column in zip(*cut, strict=True)]
        self._object = _cut(objects[0], (_CLASS, *_CORNERS))
        self._tail = tails[0].encode()

    def files(self, batch: Batch) -> Iterator[bytes]:
        """The file of each item, in their order. All are plain, and all labels have bounds."""
        heads = self._heads_of(batch.items)
        objects = self._objects(batch.labels)
        _, offsets, texts = objects.buffers()
        places = np.frombuffer(offsets, np.int64, len(objects) + 1, 8 * objects.offset)
        firsts = np.searchsorted(_owners(batch), np.arange(len(heads) + 1))
        starts = places[firsts].tolist()
        data, tail = memoryview(texts or b""), self._tail
        for row, head in enumerate(heads):
            yield b"".join((head, data[starts[row] : starts[row + 1]], tail))

    def _heads_of(self, items: pa.Table) -> list[bytes]:
        """What stands before the objects of each item."""
        names = items.column("name").to_pylist()
        folders = [posixpath.dirname(name) for name in names]
        sides = [items.column(side) for side in ("width", "height")]
        # The row of the shape among those that `__init__` counts through.
        shape = np.array([bool(folder) for folder in folders], np.int64)
        for side in sides:
            shape = 2 * shape + np.asarray(pc.is_valid(side))
        parts = [part.take(pa.array(shape)) for part in self._heads]
        places = [
            *(pa.array([escaped(text) for text in texts], _TEXT) for texts in (folders, names)),
            *(pc.fill_null(side.cast(_TEXT), "").combine_chunks() for side in sides),
        ]
        between = [array for pair in zip(parts[:-1], places, strict=True) for array in pair]
        heads = pc.binary_join_element_wise(*between, parts[-1], pa.scalar("", _TEXT))
        found: list[bytes] = heads.cast(pa.large_binary()).to_pylist()
        return found

    def _objects(self, labels: pa.Table) -> pa.Array:
        """The text of each object, as large strings. A class becomes a Python object once, a label never."""
        before, after, *between = self._object
        classes = labels.column("class").cast(_TEXT).combine_chunks().dictionary_encode()
        texts = [f"{before}{escaped(name)}{after}" for name in classes.dictionary.to_pylist()]
        pieces = [pa.array(texts, _TEXT).take(classes.indices)]
        sides = corners_in_bulk(*(labels.column(name).to_numpy() for name in "xywh"))
        for corner, text in zip(sides, between, strict=True):
            pieces += [corner.cast(_TEXT), pa.scalar(text, _TEXT)]
        return pc.binary_join_element_wise(*pieces, pa.scalar("", _TEXT))


def _parted(write: WriteFile, item: dict[str, Any]) -> tuple[str, str, str]:
    """What stands before the objects of an item's file, an object, and what stands after the last one.

    The object is what a file with one has more than a file with none, after the text that both begin with.
    """
    without, one = (write(item, labels).decode() for labels in ([], [_LABEL]))
    start = len(posixpath.commonprefix([without, one]))
    end = start + len(one) - len(without)
    return one[:start], one[start:end], one[end:]


def _item(folder: bool, width: bool, height: bool) -> dict[str, Any]:
    """An item of places: below a folder or not, with sides that are known or not."""
    return {
        "item": _NAME,
        "name": f"{_FOLDER}/{_NAME}" if folder else _NAME,
        "width": _WIDTH if width else None,
        "height": _HEIGHT if height else None,
        "extra": None,
    }


def _cut_head(head: str, item: dict[str, Any]) -> list[str]:
    """The text between folder, name, width and height; where there is no such place, nothing stands before it."""
    folder = _FOLDER if item["name"] != _NAME else None
    return _cut(head, (folder, item["name"], item["width"], item["height"]))


def _cut(text: str, places: Sequence[str | None]) -> list[str]:
    """The text before, between and after places, each of which is there once unless it is None."""
    parts = []
    for place in places:
        before, text = text.split(place, 1) if place else ("", text)
        parts.append(before)
    return [*parts, text]
