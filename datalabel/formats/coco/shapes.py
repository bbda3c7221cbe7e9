"""The geometry of a chunk of annotations: `bbox`, `segmentation` and `keypoints` as columns."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from datalabel.formats.coco import geometry
from datalabel.formats.coco.columns import first_bytes
from datalabel.formats.coco.geometry import Piece
from datalabel.formats.coco.numbers import EXACT, NumberLists, number_lists
from datalabel.formats.coco.repeated import once
from datalabel.labels import rle

if TYPE_CHECKING:
    from datalabel.formats.coco.annotations import Chunk

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_BOX, _POLYGON, _MASK, _KEYPOINTS, _CATEGORY = range(5)
_KINDS = pa.array(["box", "polygon", "mask", "keypoints", "category"], pa.string())


class _Rle(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    counts: str | list[int]
    size: tuple[int, int]


_RLE = msgspec.json.Decoder(_Rle)
_LOOSE_RLE = msgspec.json.Decoder(dict[str, Any])


@dataclass(slots=True)
class Shapes:
    """Kinds and geometry of a chunk's rows; `boxes` has the shape (rows, 4) and NaN where there is none."""

    kinds: pa.StringArray
    boxes: Floats
    coords: pa.ListArray
    parts: pa.ListArray
    rle: pa.StringArray


class _Reading:
    """A chunk's geometry while it is read: each row's kind, boxes, and the pieces of the list columns."""

    def __init__(self, chunk: Chunk) -> None:
        self.chunk = chunk
        self.codes = np.full(chunk.size, _CATEGORY, np.int8)
        self.boxes = np.full((chunk.size, 4), np.nan)
        self.given = np.zeros(chunk.size, np.bool_)
        self.coords: list[Piece] = []
        self.parts: list[Piece] = []
        self.rle: list[str | None] | None = None


def read_shapes(chunk: Chunk) -> Shapes:
    """The geometry of every row, by the richest of its fields; the others stay extra fields.

    What is malformed becomes a fault of the chunk.
    """
    reading = _Reading(chunk)
    _read_boxes(reading)
    _read_keypoints(reading)
    _read_segmentations(reading)
    texts = reading.rle
    return Shapes(
        _KINDS.take(pa.array(reading.codes)),
        reading.boxes,
        geometry.lists(chunk.size, reading.coords, pa.float64()),
        geometry.lists(chunk.size, reading.parts, pa.int32()),
        pa.nulls(chunk.size, pa.string()) if texts is None else pa.array(texts, pa.string()),
    )


def _present(column: pa.StringArray) -> Bools:
    """Rows that have the field, with something else than null in it."""
    return np.asarray(pc.fill_null(pc.not_equal(column, "null"), False).to_numpy(zero_copy_only=False))


def _drawn(chunk: Chunk, name: str) -> Bools:
    column = chunk.column(name)
    return _present(column) & ~_equal(column, "[]")


def _parsed(
    chunk: Chunk, name: str, rows: Ints, column: pa.StringArray, depth: int
) -> tuple[NumberLists, Ints]:
    """The numbers of some rows; a fault for each row that is no such list or beyond range."""
    lists = number_lists(column.take(pa.array(rows)), depth)
    for place in np.flatnonzero(~lists.good).tolist():
        wanted = "a list of numbers" if depth == 1 else "a list of lists of numbers"
        text = column[int(rows[place])].as_py()
        chunk.fault(int(rows[place]), f"{name} is not {wanted}: {text[:40]}{'…' if len(text) > 40 else ''}")
    if len(lists.values):
        _check_range(chunk, name, rows, lists)
    return lists, np.diff(lists.starts)


def _check_range(chunk: Chunk, name: str, rows: Ints, lists: NumberLists) -> None:
    large = np.abs(lists.values).max()
    if large < EXACT:
        return
    owners = rows[np.searchsorted(lists.starts, np.arange(len(lists.values)), "right") - 1]
    chunk.odd[owners[np.abs(lists.values) >= EXACT]] = True
    for row in np.unique(owners[~np.isfinite(lists.values)]).tolist():
        chunk.fault(row, f"{name} has a number out of range")


def _read_boxes(reading: _Reading) -> None:
    chunk = reading.chunk
    column = chunk.column("bbox")
    told = _present(column)
    empty = _equal(column, "[]")
    if empty.any():  # no box, where there is another shape
        told &= ~(empty & (_drawn(chunk, "segmentation") | _drawn(chunk, "keypoints")))
    rows = np.flatnonzero(told)
    chunk.odd |= told != ("bbox" in chunk.writes)
    if len(rows):
        lists, counts = _parsed(chunk, "bbox", rows, column, 1)
        for place in np.flatnonzero(lists.good & (counts != 4)).tolist():
            chunk.fault(int(rows[place]), f"bbox has {counts[place]} numbers, needs 4")
        right = counts == 4
        chosen = rows[right]
        reading.boxes[chosen] = lists.values[np.repeat(right, counts)].reshape(-1, 4)
        reading.codes[rows] = _BOX
        reading.given[rows] = True
    chunk.consume("bbox", reading.given)


def _read_keypoints(reading: _Reading) -> None:
    chunk = reading.chunk
    column = chunk.column("keypoints")
    rows = np.flatnonzero(_drawn(chunk, "keypoints"))
    if not len(rows):
        return
    lists, counts = _parsed(chunk, "keypoints", rows, column, 1)
    needed = np.append(chunk.categories.points, -1)[chunk.classes[rows]] * 3
    for place in np.flatnonzero(lists.good).tolist() if _uneven(counts, needed, lists.good) else []:
        count, wanted = int(counts[place]), int(needed[place])
        if count % 3 or (wanted >= 0 and count != wanted):
            three = "a multiple of 3 (x, y, v)" if wanted < 0 else f"{wanted} ({wanted // 3} points)"
            chunk.fault(int(rows[place]), f"keypoints has {count} numbers, needs {three}")
    reading.codes[rows] = _KEYPOINTS
    reading.coords.append(Piece(rows, counts, lists.values))
    taken = np.zeros(chunk.size, np.bool_)
    taken[rows] = True
    chunk.consume("keypoints", taken)
    if not reading.given[rows].all():
        _bound_keypoints(reading, rows, counts, lists.values)


def _uneven(counts: Ints, needed: Ints, good: Bools) -> bool:
    return bool((good & ((counts % 3 != 0) | ((needed >= 0) & (counts != needed)))).any())


def _bound_keypoints(reading: _Reading, rows: Ints, counts: Ints, values: Floats) -> None:
    if (counts % 3).any():
        return
    points = values.reshape(-1, 3)
    seen = points[:, 2] > 0
    owners = np.repeat(np.arange(len(rows)), counts // 3)
    bounds = geometry.point_bounds(
        points[seen, 0], points[seen, 1], np.bincount(owners[seen], minlength=len(rows))
    )
    missing = ~reading.given[rows]
    reading.boxes[rows[missing]] = bounds[missing]


def _read_segmentations(reading: _Reading) -> None:
    chunk = reading.chunk
    column = chunk.column("segmentation")
    wanted = _present(column) & (reading.codes != _KEYPOINTS)
    if not wanted.any():
        return
    first = first_bytes(column)
    for row in np.flatnonzero(wanted & (first != ord("[")) & (first != ord("{"))).tolist():
        chunk.fault(row, f"segmentation is neither polygons nor RLE: {column[row].as_py()[:40]}")
    taken = np.zeros(chunk.size, np.bool_)
    polygons = np.flatnonzero(wanted & (first == ord("[")) & ~_equal(column, "[]"))
    if len(polygons):
        _read_polygons(reading, polygons, column, taken)
    masks = np.flatnonzero(wanted & (first == ord("{")))
    if len(masks):
        _read_masks(reading, masks, column, taken)
    chunk.consume("segmentation", taken)


def _read_polygons(reading: _Reading, rows: Ints, column: pa.StringArray, taken: Bools) -> None:
    chunk = reading.chunk
    lists, counts = _parsed(chunk, "segmentation", rows, column, 2)
    points = np.diff(lists.rings)
    per_row = np.diff(lists.rows)
    if (points % 2).any():
        owners = np.repeat(np.arange(len(rows)), per_row)
        for place, count in zip(owners[points % 2 != 0], points[points % 2 != 0], strict=True):
            chunk.fault(int(rows[place]), f"has a polygon of {count} numbers; x and y make an even number")
        return
    empty = counts == 0
    reading.codes[rows[~empty]] = _POLYGON
    taken[rows[~empty]] = True
    if (points == 0).any():
        owners = np.repeat(np.arange(len(rows)), per_row)
        chunk.odd[rows[np.unique(owners[points == 0])]] = True
        per_row = np.bincount(owners[points > 0], minlength=len(rows))
        points = points[points > 0]
    full = rows[~empty]
    reading.coords.append(Piece(full, counts[~empty], lists.values))
    reading.parts.append(Piece(full, per_row[~empty], points // 2))
    if not reading.given[full].all():
        bounds = geometry.point_bounds(lists.values[0::2], lists.values[1::2], counts[~empty] // 2)
        missing = ~reading.given[full]
        reading.boxes[full[missing]] = bounds[missing]


def _read_masks(reading: _Reading, rows: Ints, column: pa.StringArray, taken: Bools) -> None:
    chunk = reading.chunk
    reading.rle = [None] * chunk.size
    texts = column.take(pa.array(rows)).to_pylist()
    sizes = []
    for row, text in zip(rows.tolist(), texts, strict=True):
        try:
            counts, (height, width) = _mask(chunk, row, text)
        except ValueError as error:
            chunk.fault(row, f"segmentation: {error}")
            sizes.append((0, 0))
            continue
        reading.rle[row] = counts
        sizes.append((height, width))
        if not reading.given[row]:
            reading.boxes[row] = geometry.mask_bounds(counts, height)
    reading.codes[rows] = _MASK
    taken[rows] = True
    flat = np.array(sizes, np.int64).reshape(-1)
    reading.parts.append(Piece(rows, np.full(len(rows), 2), flat))


def _mask(chunk: Chunk, row: int, text: str) -> tuple[str, tuple[int, int]]:
    """The compressed counts and the size (height, width) of one mask.

    Raises:
        ValueError: it is no mask, or not one of its image's size.
    """
    try:
        found = _RLE.decode(text)
    except msgspec.ValidationError:
        found = _loose(text)
        chunk.odd[row] = True
    if text.count('"') > (6 if isinstance(found.counts, str) else 4):  # more than two names
        json.loads(text, object_pairs_hook=once)
    height, width = found.size
    image = chunk.mentions[row]
    if image >= 0:
        known = int(chunk.images.heights[image]), int(chunk.images.widths[image])
        if min(known) > 0 and known != (height, width):
            raise ValueError(f"RLE is {height}×{width} (height × width), its image {known[0]}×{known[1]}")
    if isinstance(found.counts, str):
        runs = _decoded(found.counts)
        compressed = found.counts
    else:
        if any(not 0 <= count <= rle.MAX_PIXELS for count in found.counts):
            raise ValueError("RLE has a count that is negative or too large")
        runs = np.array(found.counts, np.int64)
        compressed = rle.encode(runs)
        chunk.odd[row] = True
    fault = rle.fault(runs, height, width)
    if fault:
        raise ValueError(fault)
    return compressed, (height, width)


def _decoded(text: str) -> Ints:
    try:
        return rle.decode(text)
    except ValueError as error:
        raise ValueError(f"RLE counts are malformed: {error}") from error


def _loose(text: str) -> _Rle:
    """A mask with further fields, or with a whole number written as `480.0`."""
    try:
        found = _LOOSE_RLE.decode(text)
        return msgspec.convert({key: found[key] for key in ("counts", "size")}, _Rle, strict=False)
    except KeyError as error:
        raise ValueError(f"RLE has no {error}") from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError(f"is no RLE: {error}") from error


def _equal(column: pa.StringArray, text: str) -> Bools:
    return np.asarray(pc.fill_null(pc.equal(column, text), False).to_numpy(zero_copy_only=False))
