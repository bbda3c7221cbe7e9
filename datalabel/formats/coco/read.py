"""Reading a COCO file: header, images, annotations in chunks.

Where things go. The header (JSON): `shape` (`document` or `results`), `keys` (the top level's order),
`orders` (the fields of each top-level list's objects, in order), `layout` (indentation), `floats` (fields
whose whole numbers are written `1.0`), `writes` (which of the usual fields every label has), `item_key`,
`categories` as they are, and `fields` (every other top-level value).
Images are mentions, annotations are labels; see `annotations`.
"""

from __future__ import annotations

import copy
import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Raw

from datalabel.content import canonical_json, fingerprint
from datalabel.errors import Fault, Faults, InputError
from datalabel.formats.base import READ_LABELS, Read, ReadContext, SourceFiles, Wordings
from datalabel.formats.coco.annotations import Chunk, read_chunk
from datalabel.formats.coco.columns import Fields, NotObjectsError, list_of, merged_order, text_column
from datalabel.formats.coco.document import RESULTS, Document, load, parse
from datalabel.formats.coco.images import (
    Categories,
    Images,
    header_categories,
    named_by_number,
    read_categories,
    read_images,
)
from datalabel.formats.coco.repeated import HINT, repeated
from datalabel.formats.coco.wordings import wordings_of
from datalabel.labels.hashing import Hashes

Ints = npt.NDArray[np.int64]

CHUNK_ROWS = 50_000
CHUNK_BYTES = 3 << 20
"""Annotations are decoded so many, or so many bytes of them, at a time."""

_NUMBERS = ("bbox", "segmentation", "keypoints", "area", "score")
_SAMPLE = 2_000
_WRITES = frozenset({"id", "bbox", "area", "iscrowd", "num_keypoints"})


class _Numbers(msgspec.Struct, gc=False):
    image_id: Raw = Raw(b"")
    id: Raw = Raw(b"")


def read(source: SourceFiles, context: ReadContext) -> Read:
    """Everything that a COCO file says.

    Raises:
        InputError: with every fault of the file, each with its place.
    """
    reader = _Reader(load(source), context)
    try:
        return reader.read()
    except RecursionError as error:
        raise InputError("is nested too deeply", where=source.name) from error
    except OverflowError as error:
        raise InputError(f"has an annotation too large to hold: {error}", where=source.name) from error


@dataclass(frozen=True, slots=True)
class Links:
    """For each annotation the position of its image (−1: none) and whether the number is spelled otherwise there;
    and the order in which annotations are read, by the names of their images: what is read sorted need not be
    sorted when it is large."""

    mentions: npt.NDArray[np.int32]
    respelled: npt.NDArray[np.bool_]
    order: npt.NDArray[np.int64]

    @classmethod
    def of(cls, numbers: pa.StringArray, images: Images) -> Links:
        """Look up the images that annotations name by their numbers."""
        mentions, respelled = images.lookup.find(numbers)
        names = images.mentions.column("name")
        rank = np.full(len(names) + 1, len(names))
        rank[pc.sort_indices(names).to_numpy()] = np.arange(len(names))
        return cls(mentions, respelled, np.argsort(rank[mentions], kind="stable"))


class _Reader:
    """One file being read."""

    def __init__(self, document: Document, context: ReadContext) -> None:
        self._document = document
        self._name = document.name
        self._context = context
        self._faults = Faults()
        self._image_fields = Fields()
        self._label_fields = Fields()
        self._floats: list[str] = []
        self._writes = frozenset({"id", "bbox", "area", "iscrowd"})
        self._category_values: Any = []

    def read(self) -> Read:
        of_images, of_labels = self._numbers()
        images, categories = self._images(of_images), self._categories()
        links = Links.of(of_images, images)
        remarks = tuple(self._remarks(of_labels, categories))
        del of_images, of_labels
        pa.default_memory_pool().release_unused()  # the annotations are what memory is needed for
        labels, wordings = self._labels(links, images, categories)
        header = self._header()
        del self._document  # its text is as large as all that was read
        return Read(header, images.mentions, _ranked(labels), remarks, wordings)

    def _list(self, key: str) -> list[Raw]:
        raw = self._document.top.get(key)
        if raw is None:
            return []
        try:
            return msgspec.json.decode(raw, type=list[Raw])
        except msgspec.ValidationError:
            raise InputError(f"{key} is not a list", where=self._name) from None

    def _numbers(self) -> tuple[pa.StringArray, pa.StringArray]:
        """The text of every annotation's `image_id`, and of its `id`; nulls for what are no objects."""
        raw = self._document.top.get("annotations", Raw(b"[]"))
        try:
            rows = msgspec.json.decode(raw, type=list[_Numbers])
        except msgspec.ValidationError as error:
            if self._document.shape == RESULTS:
                raise InputError(f"is not a list of results: {error}", where=self._name) from error
            nothing = pa.nulls(len(self._list("annotations")), pa.string())
            return nothing, nothing
        return text_column([row.image_id for row in rows]), text_column([row.id for row in rows])

    def _images(self, numbers: pa.StringArray) -> Images:
        if self._document.shape == RESULTS:
            known = pc.unique(numbers.drop_null()).to_pylist()
            return named_by_number(known, self._context, self._name, self._faults)
        if "images" not in self._document.top:
            raise InputError(
                'is not a COCO file: it has no list "images"', where=self._name, hint="name another format"
            )
        self._list("images")
        blob = bytes(self._document.top["images"])
        return read_images(blob, self._image_fields, self._context, self._name, self._faults)

    def _categories(self) -> Categories:
        if self._document.shape == RESULTS:
            self._category_values = header_categories(self._context)
        elif "categories" in self._document.top:
            self._category_values = parse(self._document.top["categories"], f"{self._name}: categories")
        found = read_categories(self._category_values, self._name, self._faults)
        if self._document.shape == RESULTS and not found.names:
            self._faults.add(
                "names classes by numbers that no added file knows",
                self._name,
                hint="a list of results has no categories: `dlabel add` the file with the categories first",
            )
            self._faults.raise_if_any()
        return found

    def _labels(
        self, links: Links, images: Images, categories: Categories
    ) -> tuple[pa.Table, Wordings | None]:
        """The labels of all images, but of those that are worded as before, where that leaves no doubt."""
        faults = copy.deepcopy(self._faults)
        found = self._read_labels(links, images, categories, whole=False)
        if found is None:
            self._faults = faults
            found = self._read_labels(links, images, categories, whole=True)
        assert found is not None  # noqa: S101 - who reads all needs nothing more
        return found

    def _read_labels(
        self, links: Links, images: Images, categories: Categories, *, whole: bool
    ) -> tuple[pa.Table, Wordings | None] | None:
        """None: what is not read would have to be."""
        texts = self._list("annotations")
        sizes = np.fromiter(map(len, texts), np.int64, count=len(texts))
        self._label_fields = Fields()

        def read(rows: Ints) -> Iterator[pa.Table]:
            for piece in _pieces(rows, sizes):
                yield self._chunk(links, images, categories, piece, list(map(texts.__getitem__, piece)))

        known = np.zeros(len(images.names) + 1, np.bool_)
        try:
            # The beginning is read in any case, since it tells how the file is written.
            tables = list(itertools.islice(read(links.order), 1))
            begun, rest = np.split(links.order, [sum(table.num_rows for table in tables)])
            fields = list(self._label_fields.names)
            wordings = self._wordings(wordings_of(texts, links.mentions, images), links.mentions[begun])
            known[:-1] = wordings.same & (not whole)
            tables += read(rest[~known[links.mentions[rest]]])
        except NotObjectsError as error:
            if known.any():
                return None  # all of it says where
            self._faults.add(str(error), self._name)
        self._faults.raise_if_any()
        labels = pa.concat_tables(tables) if tables else READ_LABELS.empty_table()
        if self._label_fields.are_settled and self._label_fields.names == fields:
            return labels, wordings
        # A field that the beginning lacks: whether what was passed over would be read alike is not known.
        return None if known.any() else (labels, None)

    def _wordings(self, texts: Hashes, begun: npt.NDArray[np.int32]) -> Wordings:
        """How each image is worded; none of those that have been begun is the same as before."""
        settings = [self._label_fields.names, sorted(self._writes), self._category_values]
        rules = fingerprint(canonical_json([*settings, self._context.annotator]))
        same = self._context.before(rules).same(texts)
        return Wordings(rules, texts, same & ~np.isin(np.arange(len(same)), begun))

    def _chunk(
        self, links: Links, images: Images, categories: Categories, rows: Ints, raws: list[Raw]
    ) -> pa.Table:
        """Some annotations as labels; `rows` says where in the file they stand."""
        is_first = not self._label_fields.names
        text = list_of(raws)
        try:
            columns = self._label_fields.split(text)
        except NotObjectsError as error:
            first = int(rows.min()) + 1
            raise NotObjectsError(f"annotations from number {first} of the list: {error}") from error
        if is_first:
            self._floats = _float_fields(columns)
            self._writes = _mostly_there(columns)
        chunk = Chunk(
            name=self._name,
            rows=rows,
            mentions=links.mentions[rows],
            odd=links.respelled[rows],
            texts=columns,
            writes=self._writes,
            annotator=self._context.annotator,
            faults=self._faults,
            images=images,
            categories=categories,
        )
        for row, twice in repeated(text, columns):
            chunk.fault(row, str(twice), HINT)
        return read_chunk(chunk, raws)

    def _header(self) -> dict[str, Any]:
        top = self._document.top
        names = {"images": self._image_fields.names, "annotations": self._label_fields.names}
        fields = {
            key: parse(raw, f"{self._name}: {key}")
            for key, raw in top.items()
            if key not in ("images", "annotations", "categories")
        }
        values = {**fields, "categories": self._category_values}
        orders = {key: order for key, value in values.items() if (order := _order(value))}
        return {
            "shape": self._document.shape,
            "keys": list(top),
            "orders": {key: order for key, order in (names | orders).items() if order},
            "layout": asdict(self._document.style),
            "floats": self._floats,
            "writes": sorted(self._writes),
            "item_key": self._context.item_key,
            "categories": self._category_values,
            "fields": fields,
        }

    def _remarks(self, numbers: pa.StringArray, categories: Categories) -> Iterator[Fault]:
        counts = pc.value_counts(numbers.drop_null())
        twins = counts.filter(pc.greater(counts.field("counts"), 1)).field("values").to_pylist()
        if twins:
            shown = ", ".join(twins[:5]) + (", …" if len(twins) > 5 else "")
            yield Fault(f"{len(twins):,} annotation numbers occur more than once: {shown}", self._name)
        for place in np.flatnonzero(categories.shadowed).tolist():
            name, number = categories.names[place], categories.numbers[place]
            yield Fault(f"category {number} has the name of another category: {name!r}", self._name)


def _pieces(rows: Ints, sizes: Ints) -> Iterator[Ints]:
    """Some of the annotations in pieces of bounded size; `sizes` are those of all."""
    start = 0
    ends = np.cumsum(sizes[rows])
    while start < len(rows):
        before = int(ends[start - 1]) if start else 0
        stop = int(np.searchsorted(ends, before + CHUNK_BYTES, "right"))
        stop = min(max(stop, start + 1), start + CHUNK_ROWS)
        yield rows[start:stop]
        start = stop


def _float_fields(columns: Mapping[str, pa.StringArray]) -> list[str]:
    """The fields in which most whole numbers are written with a fraction, judged by the first labels."""
    found = []
    for name in _NUMBERS:
        if name in columns:
            sample = " ".join(text for text in columns[name].slice(0, _SAMPLE).to_pylist() if text)
            fractions = len(re.findall(r"\d\.0+(?![\d.eE])", sample))
            if fractions > len(re.findall(r"(?<![\d.eE+-])-?\d+(?![\d.eE])", sample)):
                found.append(name)
    return found


def _mostly_there(columns: Mapping[str, pa.StringArray]) -> frozenset[str]:
    """The fields that the writer gives every label, since most labels of the file's beginning have them."""
    return frozenset(
        name for name in _WRITES & columns.keys() if columns[name].null_count * 2 < len(columns[name])
    )


def _order(value: Any) -> list[str]:
    """The fields of an object, or of all objects of a list, in an order that suits all."""
    rows = [value] if isinstance(value, dict) else value if isinstance(value, list) else []
    return merged_order(dict.fromkeys(tuple(row) for row in rows if isinstance(row, dict)))


def _ranked(labels: pa.Table) -> pa.Table:
    """The labels with their rank: the order of the file, counted from 0 within each image."""
    mentions: npt.NDArray[np.int32] = labels.column("mention").to_numpy()
    order = np.argsort(mentions, kind="stable")
    ordered = mentions[order]
    first = np.searchsorted(ordered, ordered, "left")
    ranks = np.empty(len(mentions), np.int32)
    ranks[order] = np.arange(len(mentions)) - first
    return labels.set_column(
        labels.schema.get_field_index("rank"), READ_LABELS.field("rank"), pa.array(ranks, pa.int32())
    )
