"""The geometry of labels as `bbox`, `segmentation`, `keypoints` and `area`, whole columns at a time."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from datalabel.formats.coco import geometry
from datalabel.formats.coco.numbers import printed, printed_lists
from datalabel.formats.shortest import shortest
from datalabel.labels import rle
from datalabel.labels.arrays import one_array, values_of
from datalabel.labels.rings import Rings

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_OUTLINED = pa.array(["polygon", "rotated_box"])


class Outlines:
    """The geometry of one batch's labels. `items` gives each label's position among the images.

    `floats` names the fields in which whole numbers are written `1.0`.
    """

    def __init__(
        self, labels: pa.Table, images: pa.Table, items: pa.Int32Array, floats: Collection[str]
    ) -> None:
        self._size = labels.num_rows
        self._floats = floats
        self._images, self._items = images, items
        self._kinds = one_array(labels.column("kind"))
        self._coords = one_array(labels.column("coords"))
        self._parts = one_array(labels.column("parts"))
        masks = np.flatnonzero(self._is("mask"))
        told = one_array(labels.column("rle")).take(pa.array(masks)).to_pylist()
        self._masks: dict[int, str | tuple[str, int, int]] = {
            row: text for row, text in zip(masks.tolist(), told, strict=True) if text is not None
        }
        axes = [one_array(labels.column(name)) for name in "xywh"]
        self._boxes = np.stack(
            [pc.fill_null(axis, np.nan).to_numpy(zero_copy_only=False) for axis in axes], 1
        )
        self._rasterise_holes()
        self._complete_boxes()

    def _is(self, kind: str) -> Bools:
        return np.asarray(pc.equal(self._kinds, kind).to_numpy(zero_copy_only=False))

    def _outlined(self) -> Bools:
        outlined = np.asarray(pc.is_in(self._kinds, value_set=_OUTLINED).to_numpy(zero_copy_only=False))
        return outlined & ~self._masked()

    def _masked(self) -> Bools:
        """The labels that are written as masks."""
        masked = np.zeros(self._size, np.bool_)
        masked[list(self._masks)] = True
        return masked

    def _rings(self, rows: Ints) -> Rings:
        return Rings.of(*values_of(self._coords, rows), *values_of(self._parts, rows))

    def _rasterise_holes(self) -> None:
        rows = np.flatnonzero(self._is("polygon"))
        parts = self._parts.take(pa.array(rows))
        flat = _flat(parts)
        if not (flat < 0).any():
            return
        owners = np.repeat(rows, _lengths(parts))
        for row in np.unique(owners[flat < 0]).tolist():
            image = {
                name: self._images.column(name)[self._items[row].as_py()].as_py()
                for name in ("width", "height")
            }
            coords = np.array(self._coords[row].as_py(), np.float64)
            width, height = (
                image[name] or int(np.clip(np.ceil(coords[axis::2].max()), 1, geometry.REACH))
                for axis, name in enumerate(("width", "height"))
            )
            counts = geometry.rasterise(coords, np.array(self._parts[row].as_py(), np.int64), height, width)
            self._masks[row] = (counts, height, width)

    def _complete_boxes(self) -> None:
        missing = np.isnan(self._boxes[:, 0])
        outlined = np.flatnonzero(missing & self._outlined())
        if len(outlined):
            coords = _flat(self._coords.take(pa.array(outlined)))
            counts = _lengths(self._coords.take(pa.array(outlined))) // 2
            self._boxes[outlined] = geometry.point_bounds(coords[0::2], coords[1::2], counts)
        for row in np.flatnonzero(missing & self._is("keypoints")).tolist():
            points = np.array(self._coords[row].as_py() or [], np.float64).reshape(-1, 3)
            seen = points[points[:, 2] > 0]
            if len(seen):
                self._boxes[row] = geometry.point_bounds(seen[:, 0], seen[:, 1], np.array([len(seen)]))[0]
        for row in np.flatnonzero(missing).tolist():
            found = self._mask(row)
            if found is not None:
                self._boxes[row] = geometry.mask_bounds(found[0], found[1])

    def _mask(self, row: int) -> tuple[str, int, int] | None:
        """Counts, height and width of a mask: a label's own, or one made for a polygon with holes."""
        found = self._masks.get(row)
        if not isinstance(found, str):
            return found
        height, width = self._parts[row].as_py()
        return found, height, width

    def boxes(self) -> pa.StringArray:
        """`bbox` of every label that has bounds."""
        values = pa.array(self._boxes.reshape(-1), pa.float64())
        offsets = pa.array(np.arange(0, self._boxes.size + 1, 4), pa.int32())
        texts = printed_lists(pa.ListArray.from_arrays(offsets, values), "bbox" in self._floats)
        bounded = pa.array(np.isfinite(self._boxes).all(axis=1))
        return pc.if_else(bounded, texts, pa.scalar(None, pa.string()))

    def segmentations(self) -> pa.StringArray:
        """`segmentation` of polygons (lists of rings) and masks (compressed counts)."""
        found = pa.nulls(self._size, pa.string())
        rows = np.flatnonzero(self._outlined())
        if len(rows):
            rings = self._rings(rows)
            numbers = pa.array(rings.points.reshape(-1), pa.float64())
            lists = pa.ListArray.from_arrays(_ends(rings.counts * 2), numbers)
            texts = pc.binary_join(printed(lists, "segmentation" in self._floats), ",")
            grouped = pa.ListArray.from_arrays(_ends(np.bincount(rings.rows, minlength=len(rows))), texts)
            whole = pc.binary_join_element_wise("[[", pc.binary_join(grouped, "],["), "]]", "")
            found = _scattered(found, rows, whole)
        masks = np.flatnonzero(self._masked())
        if len(masks):
            found = _scattered(found, masks, pa.array([self._rle_text(row) for row in masks.tolist()]))
        return found

    def _rle_text(self, row: int) -> str | None:
        found = self._mask(row)
        if found is None:  # pragma: no cover
            return None
        counts, height, width = found
        return msgspec.json.encode({"size": [height, width], "counts": counts}).decode()

    def keypoints(self) -> pa.StringArray:
        """`keypoints` of labels of that kind."""
        wanted = pc.equal(self._kinds, "keypoints")
        chosen = pc.if_else(wanted, self._coords, pa.scalar(None, self._coords.type))
        if chosen.null_count == self._size:
            return pa.nulls(self._size, pa.string())
        rows = np.flatnonzero(wanted.to_numpy(zero_copy_only=False))
        lists = self._coords.take(pa.array(rows))
        texts = printed_lists(_plain(lists), "keypoints" in self._floats)
        return _scattered(pa.nulls(self._size, pa.string()), rows, texts)

    def seen_points(self) -> pa.StringArray:
        """`num_keypoints`: how many points are labelled."""
        rows = np.flatnonzero(self._is("keypoints"))
        lists = self._coords.take(pa.array(rows))
        owners = np.repeat(np.arange(len(rows)), _lengths(lists) // 3)
        seen = np.bincount(owners[_flat(lists)[2::3] > 0], minlength=len(rows))
        return _scattered(pa.nulls(self._size, pa.string()), rows, pc.cast(pa.array(seen), pa.string()))

    @np.errstate(over="ignore", invalid="ignore")  # what is no finite number is left out
    def areas(self) -> pa.StringArray:
        """`area`: of the rings, of the mask's pixels, else of the bounds; in square pixels."""
        areas = self._boxes[:, 2] * self._boxes[:, 3]
        rows = np.flatnonzero(self._outlined())
        if len(rows):
            rings = self._rings(rows)
            rings = rings.some(rings.counts > 0)
            areas[rows] = np.bincount(rings.rows, rings.areas, minlength=len(rows))
        for row in np.flatnonzero(self._masked()).tolist():
            found = self._mask(row)
            areas[row] = rle.area(rle.decode(found[0])) if found else 0
        texts = shortest(areas, pointed="area" in self._floats)
        return pc.if_else(pa.array(np.isfinite(areas)), texts, pa.scalar(None, pa.string()))


def _ends(counts: Ints) -> pa.Int32Array:
    """Where lists of so many values end, the first one's start before them."""
    return pa.array(np.concatenate(([0], np.cumsum(counts))), pa.int32())


def _scattered(into: pa.StringArray, rows: Ints, texts: pa.StringArray) -> pa.StringArray:
    if len(rows) == len(into):
        return texts
    chosen = np.zeros(len(into), np.bool_)
    chosen[rows] = True
    return pc.replace_with_mask(into, pa.array(chosen), texts.cast(pa.string()))


def _lengths(lists: pa.ListArray) -> Ints:
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
    return np.asarray(lengths, np.int64)


def _flat(lists: pa.ListArray) -> Any:
    return lists.flatten().to_numpy(zero_copy_only=False)


def _plain(lists: pa.ListArray) -> pa.ListArray:
    """The same lists with offsets from 0 and without nulls."""
    offsets = np.concatenate(([0], np.cumsum(_lengths(lists))))
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), lists.flatten())
