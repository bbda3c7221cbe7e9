"""Reading a COCO file: header, images, annotations in chunks.

Where things go. The header (JSON): `shape` (`document` or `results`), `keys` (the top level's order),
`orders` (the fields of each top-level list's objects, in order), `layout` (indentation), `floats` (fields
whose whole numbers are written `1.0`), `writes` (which of the usual fields every label has), `item_key`,
`categories` as they are, and `fields` (every other top-level value). What a list of results borrows from other files
is its `categories`. What stands there as `reserved` comes from here; see `reserved`.
Images are mentions, annotations are labels; see `annotations`.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
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
from datalabel.formats.coco.chunks import ChunkReader, Piece, pieces
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
from datalabel.formats.coco.wordings import wordings_of
from datalabel.labels.hashing import Hashes

Ints = npt.NDArray[np.int64]


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
        """The text of every annotation's `image_id`, and of its `id`."""
        raw = self._document.top.get("annotations", Raw(b"[]"))
        try:
            rows = msgspec.json.decode(raw, type=list[_Numbers])
        except msgspec.ValidationError as error:
            if self._document.shape == RESULTS:
                raise InputError(f"is not a list of results: {error}", where=self._name) from error
            self._list("annotations")
            place = int(str(error).rpartition("$[")[2].partition("]")[0]) + 1
            raise InputError(
                f"annotations: number {place} of the list is no object", where=self._name
            ) from error
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
        if self._document.shape != RESULTS:
            return found
        found = replace(found, unclear=self._context.unclear_categories())
        if not found.names:
            self._faults.add(
                "names classes by numbers that no other file gives",
                self._name,
                hint="a list of results has none: `dlabel add` a file with categories first, or check both at once",
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
        self._chunks = reader = ChunkReader(
            self._name, self._context.annotator, images, categories, self._faults
        )

        def piece_of(rows: Ints) -> Piece:
            raws = list(map(texts.__getitem__, rows))
            return Piece(rows, links.mentions[rows], links.respelled[rows], list_of(raws))

        known = np.zeros(len(images.names) + 1, np.bool_)
        try:
            # The beginning is read in any case, since it tells how the file is written.
            begun = next(pieces(links.order, sizes), links.order)
            tables = [reader.read(piece_of(begun))] if len(begun) else []
            rest = links.order[len(begun) :]
            fields = list(reader.fields.names)
            wordings = self._wordings(wordings_of(texts, links.mentions, images), links.mentions[begun])
            known[:-1] = wordings.same & (not whole)
            tables += reader.read_all(list(pieces(rest[~known[links.mentions[rest]]], sizes)), piece_of)
        except NotObjectsError as error:
            if known.any():
                return None  # all of it says where
            self._faults.add(str(error), self._name)
        self._faults.raise_if_any()
        labels = pa.concat_tables(tables) if tables else READ_LABELS.empty_table()
        if reader.fields.are_settled and reader.fields.names == fields:
            return labels, wordings
        # A field that the beginning lacks: whether what was passed over would be read alike is not known.
        return None if known.any() else (labels, None)

    def _wordings(self, texts: Hashes, begun: npt.NDArray[np.int32]) -> Wordings:
        """How each image is worded; none of those that have been begun is the same as before."""
        settings = [self._chunks.fields.names, sorted(self._chunks.writes), self._category_values]
        rules = fingerprint(canonical_json([*settings, self._context.annotator]))
        same = self._context.before(rules).same(texts)
        return Wordings(rules, texts, same & ~np.isin(np.arange(len(same)), begun))

    def _header(self) -> dict[str, Any]:
        top = self._document.top
        names = {"images": self._image_fields.names, "annotations": self._chunks.fields.names}
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
            "floats": list(self._chunks.floats),
            "writes": sorted(self._chunks.writes),
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
