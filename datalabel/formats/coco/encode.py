"""Labels and items as the text of annotations and images, a batch at a time."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from datalabel.errors import Faults, InputError
from datalabel.formats.base import VERBATIM, Batch, Selection
from datalabel.formats.coco.annotations import Chunk, read_chunk
from datalabel.formats.coco.attributes import ATTRIBUTES
from datalabel.formats.coco.columns import Fields, NotObjectsError, encoded_strings, json_list, objects
from datalabel.formats.coco.images import Images, read_categories
from datalabel.formats.coco.lookup import Lookup
from datalabel.formats.coco.numbering import Numbers
from datalabel.formats.coco.outlines import Outlines
from datalabel.labels.arrays import one_array
from datalabel.labels.rows import kept

Bools = npt.NDArray[np.bool_]
Columns = dict[str, pa.StringArray]

ORDER = (
    *("id", "image_id", "category_id", "bbox", "area", "segmentation", "keypoints", "num_keypoints"),
    *("iscrowd", "score", "attributes", "annotator"),
)
_NONE = pa.scalar(None, pa.string())
_COMPARED = ("class", "kind", "x", "y", "w", "h", "coords", "parts", "rle", "properties", "confidence")


@dataclass(frozen=True, slots=True)
class Numbered:
    """Items, those of their labels that COCO can hold, and their numbers.

    `owners` is the position of each label's item; an image without a number cannot be named in a list of results.
    """

    items: pa.Table
    labels: pa.Table
    owners: pa.Int32Array
    images: list[str | None]
    ids: pa.StringArray


@dataclass(slots=True)
class Encoder:
    """Encodes the batches of one selection: numbers are given in order, texts are made in any."""

    selection: Selection
    numbers: Numbers

    def numbered(self, batch: Batch) -> Numbered:
        """The next batch of the file."""
        images = self.numbers.images(batch.items)
        labels, owners = self._held(batch, images)
        return Numbered(
            batch.items, labels, owners, images, self.numbers.labels(one_array(labels.column("source_id")))
        )

    def images(self, batch: Numbered) -> pa.StringArray:
        """The text of each item as an image of the file, and a comma."""
        items = batch.items
        size = items.num_rows
        extra = split_extras(items.column("extra"))
        own = self.numbers.own
        item_key = self.numbers.header.get("item_key") if own else None
        names = encoded_strings(one_array(items.column("name")))
        if item_key:
            names = self._names_by_key(extra, item_key, names, size)
        columns: Columns = {"id": pa.array(batch.images, pa.string()), "file_name": names}
        for name in ("width", "height"):
            columns[name] = pc.cast(one_array(items.column(name)), pa.string())
        columns[ATTRIBUTES] = _said(items.column("properties"))
        columns["annotators"] = self._seen_by(items, extra.get("annotators"))
        order = self.numbers.header.get("orders", {}).get("images", [])
        return objects(_ordered(_merged(columns, extra, size), order), size, after=",")

    def _names_by_key(self, extra: Columns, key: str, names: pa.StringArray, size: int) -> pa.StringArray:
        """Where the file knows images by another field: a new item's name stands in both fields."""
        nothing = pa.nulls(size, pa.string())
        known = extra.get(key, nothing).is_valid()
        extra[key] = pc.coalesce(extra.get(key, nothing), names)
        return pc.if_else(known, _NONE, names)

    def _seen_by(self, items: pa.Table, written: pa.StringArray | None) -> pa.StringArray:
        """`annotators`, where what the file said is not what holds now."""
        if written is None and items.column("annotators").null_count == items.num_rows:
            return pa.nulls(items.num_rows, pa.string())
        said = written.to_pylist() if written is not None else [None] * items.num_rows
        texts = []
        for seen, text in zip(items.column("annotators").to_pylist(), said, strict=True):
            names = list(dict.fromkeys(one for one in seen or () if one is not None))
            same = text is not None and (not names or _names(text) == set(names))
            known = text is None and set(names) <= {self.selection.annotator}
            texts.append(
                None if same or known else json.dumps(names, ensure_ascii=False, separators=(",", ":"))
            )
        return pa.array(texts, pa.string())

    def annotations(self, batch: Numbered) -> pa.StringArray:
        """The text of each label, and a comma."""
        labels = batch.labels
        size = labels.num_rows
        extra = split_extras(labels.column("extra"))
        whole = extra.pop(VERBATIM, None)
        outlines = Outlines(labels, batch.items, batch.owners, self.numbers.header.get("floats", []))
        columns = self._columns(batch, extra, outlines)
        self._derive(labels, columns, extra, outlines)
        order = self.numbers.header.get("orders", {}).get("annotations", ORDER)
        texts = objects(_ordered(_merged(columns, extra, size), order), size, after=",")
        if whole is not None and self.numbers.own:
            unchanged = pa.array(self._unchanged(batch, whole))
            texts = pc.if_else(unchanged, pc.binary_join_element_wise(whole, ",", ""), texts)
        return texts

    def _held(self, batch: Batch, numbers: list[str | None]) -> tuple[pa.Table, pa.Int32Array]:
        labels = batch.labels
        kinds = ["polyline"] if self.numbers.own else ["polyline", "category"]
        keep = pc.invert(pc.is_in(labels.column("kind"), value_set=pa.array(kinds)))
        named = pa.array(list(self.numbers.class_numbers), pa.string())
        keep = pc.and_(keep, pc.is_in(labels.column("class"), value_set=named))
        if None in numbers:
            numbered = batch.items.filter(pa.array([one is not None for one in numbers])).column("item")
            keep = pc.and_(keep, pc.is_in(labels.column("item"), value_set=one_array(numbered)))
        labels = kept(labels, keep)
        keys = one_array(batch.items.column("item"))
        return labels, one_array(pc.index_in(labels.column("item"), value_set=keys))

    def _columns(self, batch: Numbered, extra: Columns, outlines: Outlines) -> Columns:
        """The fields that columns hold; null where a label has none."""
        labels = batch.labels
        writes = self.numbers.header.get("writes", ["id", "bbox"])
        columns: Columns = {"image_id": pa.array(batch.images, pa.string()).take(batch.owners)}
        if "id" in writes:
            columns["id"] = batch.ids
        columns["category_id"] = self._category_numbers(labels, extra)
        if "bbox" in writes or not self.numbers.own:
            columns["bbox"] = outlines.boxes()
        columns["segmentation"] = outlines.segmentations()
        columns["keypoints"] = outlines.keypoints()
        columns["score"] = pc.cast(one_array(labels.column("confidence")), pa.string())
        columns[ATTRIBUTES] = _said(labels.column("properties"))
        who = one_array(labels.column("annotator"))
        implied = pc.fill_null(pc.equal(who, pa.scalar(self.selection.annotator, pa.string())), False)
        columns["annotator"] = encoded_strings(pc.if_else(implied, _NONE, who))
        for name in ("id", "image_id", "bbox") if not self.numbers.own else ():
            extra.pop(name, None)
        return columns

    def _category_numbers(self, labels: pa.Table, extra: Columns) -> pa.StringArray:
        """The number of each label's class: the one that the file gave it, where several have its name."""
        classes = one_array(labels.column("class")).dictionary_encode()
        texts = [self.numbers.class_numbers[name] for name in classes.dictionary.to_pylist()]
        numbers = pa.array(texts, pa.string()).take(classes.indices)
        given = extra.pop("category_id", None)
        if given is None or not self.numbers.own:
            return numbers
        named = {json.dumps(one["id"], ensure_ascii=False): one["name"] for one in self.numbers.categories}
        pairs = zip(given.to_pylist(), labels.column("class").to_pylist(), strict=True)
        same = pa.array([text is not None and named.get(text) == name for text, name in pairs], pa.bool_())
        return pc.if_else(same, given, numbers)

    def _derive(self, labels: pa.Table, columns: Columns, extra: Columns, outlines: Outlines) -> None:
        """Fields that follow from the geometry, where the file has them for every label and this one not."""
        size = labels.num_rows
        own = self.numbers.own
        writes = self.numbers.header.get("writes", ["area", "num_keypoints", "iscrowd"])
        for name, compute in (("area", outlines.areas), ("num_keypoints", outlines.seen_points)):
            before = extra.get(name)
            if name in writes and (before is None or before.null_count):
                columns[name] = (
                    compute() if before is None else pc.if_else(before.is_valid(), _NONE, compute())
                )
        if "iscrowd" in writes and "iscrowd" not in extra:
            columns["iscrowd"] = pa.array(["0"] * size, pa.string())
        elif "iscrowd" in writes:
            columns["iscrowd"] = pc.if_else(extra["iscrowd"].is_valid(), _NONE, "0")
        if not own:
            empty = pc.if_else(pc.equal(one_array(labels.column("kind")), "box"), "[]", _NONE)
            given = extra.get("segmentation", pa.nulls(size, pa.string()))
            columns["segmentation"] = pc.coalesce(columns["segmentation"], given, empty)

    def _unchanged(self, batch: Numbered, whole: pa.StringArray) -> Bools:
        """Which labels' kept notation still says what their columns say."""
        same = np.zeros(batch.labels.num_rows, np.bool_)
        rows = np.flatnonzero(whole.is_valid().to_numpy(zero_copy_only=False))
        texts = whole.take(pa.array(rows))
        faults = Faults()
        try:
            text = json_list(texts)
            read = read_chunk(self._chunk(text, len(rows), batch, faults), text)
        except (NotObjectsError, InputError, RecursionError):
            return same
        if len(faults):
            return same
        now = batch.labels.take(pa.array(rows))
        who = pc.fill_null(read.column("annotator"), self.selection.annotator or "")
        equal = one_array(read.column("mention")).to_numpy() == batch.owners.take(pa.array(rows)).to_numpy()
        equal &= _same(who, pc.fill_null(now.column("annotator"), self.selection.annotator or ""))
        equal &= _same(read.column("source_id"), now.column("source_id"))
        for name in _COMPARED:
            equal &= _same(read.column(name), now.column(name))
        same[rows] = equal
        return same

    def _chunk(self, text: bytes, size: int, batch: Numbered, faults: Faults) -> Chunk:
        names = batch.items.column("name").to_pylist()
        lookup = Lookup([number or f"$missing {row}" for row, number in enumerate(batch.images)])
        unknown = np.full(len(names), -1, np.int64)
        columns = Fields().split(text)
        mentions, respelled = lookup.find(columns.get("image_id", pa.nulls(size, pa.string())))
        return Chunk(
            name=self.selection.name,
            rows=np.arange(size),
            mentions=mentions,
            odd=respelled,
            texts=columns,
            writes=frozenset(self.numbers.header.get("writes", ())),
            annotator=self.selection.annotator,
            faults=faults,
            images=Images(batch.items, names, lookup, unknown, unknown),
            categories=read_categories(self.numbers.categories, self.selection.name, faults),
        )


def _said(properties: pa.ChunkedArray) -> pa.StringArray:
    """Properties as the text of `attributes`; those that say nothing are left out."""
    texts = one_array(properties)
    return pc.if_else(pc.equal(texts, "{}"), _NONE, texts)


def split_extras(column: pa.ChunkedArray) -> Columns:
    """The fields of extras (JSON objects) as columns."""
    texts = pc.fill_null(one_array(column), "{}")
    return Fields().split(json_list(texts)) if len(texts) else {}


def _merged(columns: Columns, extra: Columns, size: int) -> Columns:
    """Fields of columns, and of extras where the column says nothing."""
    nothing = pa.nulls(size, pa.string())
    return {
        name: pc.coalesce(columns.get(name, nothing), extra.get(name, nothing))
        for name in dict.fromkeys([*columns, *extra])
    }


def _ordered(columns: Columns, order: Any) -> Columns:
    names = dict.fromkeys([name for name in order if name in columns])
    return {name: columns[name] for name in [*names, *(one for one in columns if one not in names)]}


def _same(left: Any, right: Any) -> Bools:
    pairs = zip(left.to_pylist(), right.to_pylist(), strict=True)
    return np.fromiter((one == other for one, other in pairs), np.bool_, count=len(left))


def _names(text: str) -> set[str]:
    try:
        return set(msgspec.json.decode(text, type=list[str]))
    except msgspec.DecodeError:
        return set()
