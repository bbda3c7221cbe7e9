"""Annotations of a COCO file, a chunk at a time, as rows of `READ_LABELS`.

Fields are taken out of the chunk one after the other; what is left over is the label's `extra`. A label
whose columns and `extra` would not give its text back is *odd*: it keeps its whole text besides.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Raw

from datalabel.errors import Faults
from datalabel.formats.base import READ_LABELS, VERBATIM
from datalabel.formats.coco.attributes import ATTRIBUTES, taken
from datalabel.formats.coco.columns import decoded_strings, first_bytes, objects, text_column
from datalabel.formats.coco.images import Categories, Images
from datalabel.formats.coco.numbers import scalars
from datalabel.formats.coco.repeated import HINT, RepeatedError
from datalabel.formats.coco.shapes import Shapes, read_shapes

Bools = npt.NDArray[np.bool_]
Places = npt.NDArray[np.int32]

_TEXT = pa.string()
_NONE = pa.scalar(None, _TEXT)
_QUOTE = ord('"')
_RAWS = msgspec.json.Decoder(list[Raw])


@dataclass(slots=True)
class Chunk:
    """Some annotations of a file: the columns still to be read, and what is known about the rows."""

    name: str
    rows: npt.NDArray[np.int64]
    """Where each of them stands in the file's list."""
    mentions: Places
    odd: Bools
    texts: dict[str, pa.StringArray]
    writes: frozenset[str]
    """Which of the usual fields the writer gives every label: a label without one of them is odd."""
    annotator: str | None
    faults: Faults
    images: Images
    categories: Categories
    ids: pa.StringArray = field(init=False)
    classes: Places = field(init=False)

    def __post_init__(self) -> None:
        self.ids = self.column("id")
        self.classes = np.full(self.size, -1, np.int32)

    @property
    def size(self) -> int:
        """How many annotations these are."""
        return len(self.rows)

    def column(self, name: str) -> pa.StringArray:
        """One field of every annotation; null where it is absent."""
        found = self.texts.get(name)
        return pa.nulls(self.size, _TEXT) if found is None else found

    def consume(self, name: str, rows: Bools) -> None:
        """These rows' field is in a column now; the others keep it as an extra field."""
        if name not in self.texts:
            return
        if rows.all():
            del self.texts[name]
        else:
            self.texts[name] = pc.if_else(pa.array(rows), _NONE, self.texts[name])

    def fault(self, row: int, what: str, hint: str | None = None) -> None:
        """Record what is wrong with one annotation, with its place."""
        number = self.ids[row].as_py()
        place = number if number is not None else f"{self.rows[row] + 1} of the list"
        image = self.mentions[row]
        of = f" (image {json.dumps(self.images.names[image], ensure_ascii=False)})" if image >= 0 else ""
        self.faults.add(what, f"{self.name}: annotation {place}{of}", hint)


def read_chunk(chunk: Chunk, text: bytes) -> pa.Table:
    """The chunk's labels (`rank` still null); faults are collected in the chunk's `faults`.

    `text` is the list of its annotations, for the odd ones.
    """
    _link_images(chunk)
    _link_categories(chunk)
    _take_ids(chunk)
    shapes = read_shapes(chunk)
    columns = {
        "mention": pa.array(chunk.mentions, pa.int32()),
        "class": pa.array([*chunk.categories.names, ""], _TEXT).take(pa.array(chunk.classes % _cycle(chunk))),
        "confidence": _confidence(chunk),
        "properties": _properties(chunk),
        "annotator": _annotator(chunk),
        "source_id": chunk.ids,
        "rank": pa.nulls(chunk.size, pa.int32()),
        **_geometry(shapes),
    }
    columns["extra"] = _extra(chunk, text)
    return pa.Table.from_arrays([columns[one] for one in READ_LABELS.names], schema=READ_LABELS)


def _cycle(chunk: Chunk) -> int:
    """Position −1 (not found: a fault by now) wraps to the empty name at the end."""
    return len(chunk.categories.names) + 1


def _geometry(shapes: Shapes) -> dict[str, pa.Array]:
    boxes = {
        name: pa.array(shapes.boxes[:, axis], pa.float64(), from_pandas=True)
        for axis, name in enumerate("xywh")
    }
    return {**boxes, "kind": shapes.kinds, "coords": shapes.coords, "parts": shapes.parts, "rle": shapes.rle}


def _link_images(chunk: Chunk) -> None:
    column = chunk.column("image_id")
    for row in np.flatnonzero(chunk.mentions < 0).tolist():
        text = column[row].as_py()
        chunk.fault(
            row, "has no image_id" if text is None else f"is of image {text[:40]}, which is not in the file"
        )
    chunk.consume("image_id", np.ones(chunk.size, np.bool_))


def _link_categories(chunk: Chunk) -> None:
    column = chunk.column("category_id")
    chunk.classes, other = chunk.categories.lookup.find(column)
    chunk.odd |= other
    for row in np.flatnonzero(chunk.classes < 0).tolist():
        text = column[row].as_py()
        if text is None:
            chunk.fault(row, "has no category_id")
        else:
            chunk.fault(row, *_unknown(chunk.categories, text))
    shadowed = np.append(chunk.categories.shadowed, False)
    chunk.consume("category_id", ~shadowed[chunk.classes])


def _unknown(categories: Categories, text: str) -> tuple[str, str | None]:
    """What is wrong with a number that no category has, and what helps."""
    if categories.unclear is None:
        return f"is of category {text[:40]}, which is not in the file", None
    reason = categories.unclear.get(text)
    if reason is None:
        return f"is of category {text[:40]}, which no other file gives", None
    return (
        f"is of category {text[:40]}, {reason}",
        "give such labels the numbers of the classes of today, or leave them out: nobody else can tell what they are",
    )


def _take_ids(chunk: Chunk) -> None:
    chunk.odd |= _valid(chunk.ids) != ("id" in chunk.writes)
    for name in ("area", "iscrowd", "num_keypoints"):
        if name in chunk.writes:
            chunk.odd |= ~_valid(chunk.column(name))
    chunk.consume("id", np.ones(chunk.size, np.bool_))


def _confidence(chunk: Chunk) -> pa.DoubleArray:
    values = scalars(chunk.column("score"))
    chunk.odd |= np.abs(values.to_numpy(zero_copy_only=False)) >= 2.0**53
    chunk.consume("score", _valid(values))
    return values


def _properties(chunk: Chunk) -> pa.StringArray:
    """CVAT's `attributes` as canonical JSON; what is no object, or empty, stays an extra field."""
    texts = chunk.column(ATTRIBUTES)
    if texts.null_count == chunk.size:
        return texts
    encoded = texts.dictionary_encode()
    known: list[str | None] = []
    for code, text in enumerate(encoded.dictionary.to_pylist()):
        try:
            known.append(taken(text))
        except RepeatedError as error:
            known.append(None)
            for row in np.flatnonzero(_true(pc.equal(encoded.indices, code))).tolist():
                chunk.fault(row, f"{ATTRIBUTES} {error}", HINT)
    properties = pa.array(known, _TEXT).take(encoded.indices)
    chunk.consume(ATTRIBUTES, _valid(properties))
    return properties


def _annotator(chunk: Chunk) -> pa.StringArray:
    texts = chunk.column("annotator")
    if texts.null_count == chunk.size:
        return texts
    quoted = (first_bytes(texts) == _QUOTE) & ~_true(pc.equal(texts, '""'))
    names = decoded_strings(pc.if_else(pa.array(quoted), texts, _NONE))
    # Said by the file *and* by the user: the field stays, or the writer would take it for the user's word.
    chunk.consume("annotator", quoted & ~_true(pc.equal(names, chunk.annotator or "")))
    return names


def _extra(chunk: Chunk, text: bytes) -> pa.StringArray:
    left = dict(chunk.texts)
    if VERBATIM in left:
        chunk.odd |= _valid(left.pop(VERBATIM))
    if chunk.odd.any():
        whole = _RAWS.decode(text)
        left[VERBATIM] = text_column(
            [one if odd else b"" for one, odd in zip(whole, chunk.odd.tolist(), strict=True)]
        )
    texts = objects(left, chunk.size)
    return pc.if_else(pc.equal(texts, "{}"), _NONE, texts)


def _valid(column: pa.Array) -> Bools:
    return np.asarray(column.is_valid().to_numpy(zero_copy_only=False), np.bool_)


def _true(column: pa.Array) -> Bools:
    return np.asarray(pc.fill_null(column, False).to_numpy(zero_copy_only=False), np.bool_)
