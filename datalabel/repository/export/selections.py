"""What an export or a restore writes: one source as it came, or a whole set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from datalabel.formats.base import BATCH_ITEMS, LABEL_KEYS, Batch
from datalabel.formats.registry import get_format
from datalabel.labels.mentions import of_set, own_mentions
from datalabel.labels.rows import constant, distinct, of_items, sort_rows, split_by_source, with_column
from datalabel.repository.export.selecting import UNFILTERED, Filter
from datalabel.repository.item_properties import by_field
from datalabel.repository.view import View, span_of
from datalabel.store.history import Source
from datalabel.store.open_table import OpenTable

PIECE = 4096
"""So many items of a source are read at a time."""
MENTION_COLUMNS = ["item", "set", "source", "annotator", "name", "number", "extra"]

_FLAT = r'^\{(?:"[^"\\0-9]*": ?(?:-?[0-9][0-9.eE+-]*|true|false|null)(?:, ?)?)*\}$'
"""JSON objects of numbers, whose names hold no digit."""
_ZEROS = bytes(48 if 48 <= code < 58 else code for code in range(256))
_NUMBER = r'(\w": ?)-?[0-9][0-9.eE+-]*'
"""A number as a field's value in JSON text. A quote after a letter or digit can only be one that closes."""
_NO_CROWD = '"iscrowd":0'
"""The flag of COCO that is in nearly every label, where it is not set."""
_NOTHING = frozenset({b"null", b'""', b"[]", b"{}"})
"""Values that say nothing."""

_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])
"""Of an object only the names are needed: a value may be larger than Python holds numbers."""


class SourceSelection:
    """One source, to be written again by its own format: names, numbers, extras and header as it gave them.

    With `implied`, what was said of all of it when it was added (`--annotator`) is not written.
    """

    foreign_extras: Mapping[str, int] = {}
    headers: Sequence[Mapping[str, Any]] = ()

    def __init__(self, view: View, name: str, source: Source, *, implied: bool = True) -> None:
        self._view = view
        self._source = name
        self._set = source.set or ""
        self.name = (source.path or name).rpartition("/")[2]
        self.header: Mapping[str, Any] | None = view.header(source)
        self._implied = implied
        self.annotator = source.annotator if implied else None

    @cached_property
    def classes(self) -> Sequence[str]:
        """Every class of the source and the spec."""
        return classes_of(self._view, self._set, lambda rows: split_by_source(rows, self._source)[0])

    @property
    def keypoints(self) -> Mapping[str, Any]:
        """Skeletons of the spec, else of the set's sources."""
        return skeletons(self._view, self._set)

    def item_numbers(self) -> pa.ChunkedArray:
        """Those that the source said."""
        return own_mentions(self._view.mentions_of(self._source)).column("number")

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[Batch]:
        """The source in key order."""
        wanted = None if columns is None else list(dict.fromkeys([*LABEL_KEYS, "source", *columns]))
        mentions = self._view.mentions_of(self._source)
        own = own_mentions(mentions)
        named = (
            pc.is_null(mentions.column("name"))
            if self._implied
            else pc.is_valid(mentions.column("annotator"))
        )
        seen = _annotators_by_item(mentions.filter(named))
        keys = own.column("item").to_pylist()
        table = self._view.label_table(self._set)
        # Where a source names most items, it is quicker to look at all labels between them.
        most = 2 * len(keys) >= sum(ref.rows for ref in self._view.items.segments)
        opened = self._view.store.tables.opened(table)
        for start in range(0, len(keys), PIECE):
            part = own.slice(start, PIECE)
            chunk = keys[start : start + PIECE]
            found = opened.scan(wanted, keys=span_of(part), items=None if most else chunk)
            rows = [of_items(split_by_source(batch, self._source)[0], chunk) for batch in found]
            labels = table.together(rows, wanted)
            yield Batch(_items(part, seen), sort_rows(labels, "item", "rank", "id"))


def _annotators_by_item(mentions: pa.Table) -> dict[str, list[str]]:
    seen: dict[str, list[str]] = {}
    rows = zip(mentions.column("item").to_pylist(), mentions.column("annotator").to_pylist(), strict=True)
    for item, annotator in rows:
        seen.setdefault(item, []).append(annotator)
    return seen


def _items(mentions: pa.Table, seen: Mapping[str, list[str]]) -> pa.Table:
    cells = {
        name: mentions.column(name)
        for name in ("item", "name", "number", "order", "width", "height", "extra")
    }
    cells["annotators"] = pa.array(
        [seen.get(key) for key in mentions.column("item").to_pylist()], pa.list_(pa.string())
    )
    cells["properties"] = constant(None, mentions.num_rows)  # they are among the source's fields
    return pa.table(cells).cast(BATCH_ITEMS)


class SetSelection:
    """A label set over all items that count, to be written in some format: labels are numbered anew.

    Fields that only the format of their source knows are taken out and counted, unless the source is of the
    format being written. `strip` is a folder that names are given without.
    """

    header: Mapping[str, Any] | None = None
    annotator: str | None = None

    def __init__(
        self, view: View, set_name: str, format_name: str, chosen: Filter = UNFILTERED, *, strip: str = ""
    ) -> None:
        self._view = view
        self._set = set_name
        self._format = format_name
        self._chosen = chosen
        self._strip = strip
        self._keys: list[str] | None = None
        self._own = sorted(key for key, source in view.tree.sources.items() if source.format == format_name)
        self.name = set_name

    def of_split(self, name: str, keys: list[str]) -> SetSelection:
        """The part of it that is one split: these items (sorted). Classes stay those of the whole."""
        part = SetSelection(self._view, self._set, self._format, self._chosen, strip=self._strip)
        part.name, part._keys, part.classes = name, keys, self.classes
        return part

    @cached_property
    def classes(self) -> Sequence[str]:
        """Every class of the set and the spec."""
        return classes_of(self._view, self._set, lambda rows: rows)

    @property
    def keypoints(self) -> Mapping[str, Any]:
        """Skeletons of the spec, else of the set's sources."""
        return skeletons(self._view, self._set)

    @cached_property
    def headers(self) -> Sequence[Mapping[str, Any]]:
        """Those of the set's sources that are of the format."""
        sources = (source for name, source in sorted(self._view.tree.sources.items()) if name in self._own)
        return [self._view.header(source) for source in sources if source.set == self._set]

    @cached_property
    def foreign_extras(self) -> Mapping[str, int]:
        """Fields of other formats, with how often each occurs in what is chosen."""
        counts: Counter[str] = Counter()
        for source in self._view.tree.sources.values():
            if source.set == self._set and source.format != self._format:
                counts.update(get_format(source.format).header_fields(self._view.header(source)))
        shown: list[pa.ChunkedArray] = []
        for items, labels in self._chosen_batches(["source", "extra"]):
            shown.append(items.column("item"))
            counts.update(_fields(split_by_source(labels, *self._own)[1]))
        keys = pa.chunked_array([chunk for column in shown for chunk in column.chunks], pa.string())
        for batch in self._view.store.tables.scan(self._view.mentions, MENTION_COLUMNS):
            rows = of_set(batch, self._set)
            rows = rows.filter(pc.is_in(rows.column("item"), value_set=keys.combine_chunks()))
            kept = pc.is_in(
                rows.column("item"), value_set=self._own_mentions(rows).column("item").combine_chunks()
            )
            kept = pc.and_(kept, pc.is_in(rows.column("source"), value_set=pa.array(self._own, pa.string())))
            for field, lost in by_field(self._view.tree.sources, rows.filter(pc.invert(kept))):
                of_images = _fields(lost, but=field)
                counts.update({f"{name} of the image": count for name, count in of_images.items()})
        return dict(sorted(counts.items()))

    def _own_mentions(self, mentions: pa.Table) -> pa.Table:
        """What sources of the format say of items, where no two of them speak of the same one."""
        own = pc.is_in(mentions.column("source"), value_set=pa.array(self._own, pa.string()))
        rows = own_mentions(mentions.filter(own))
        counts = pc.value_counts(rows.column("item"))
        single = counts.field("values").filter(pc.equal(counts.field("counts"), 1))
        return rows.filter(pc.is_in(rows.column("item"), value_set=single))

    def item_numbers(self) -> pa.ChunkedArray:
        """Those that sources of the format said, of all that the set has."""
        columns = ["item", "source", "set", "name", "number"]
        scanned = self._view.store.tables.scan(self._view.mentions, columns)
        found = [self._own_mentions(of_set(batch, self._set)).column("number") for batch in scanned]
        return pa.chunked_array([chunk for one in found for chunk in one.chunks], pa.string())

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[Batch]:
        """The set in key order."""
        wanted = None if columns is None else {*LABEL_KEYS, "source", *columns}
        mentions = self._view.store.tables.opened(self._view.mentions)
        for items, labels in self._chosen_batches(wanted):
            if items.num_rows:
                labels = sort_rows(self._without_foreign_extras(labels), "item", "rank", "id")
                yield Batch(self._named(items, mentions), labels)

    def _chosen_batches(self, columns: Iterable[str] | None) -> Iterator[tuple[pa.Table, pa.Table]]:
        """Items and labels that count, in key order, with these columns of labels at least."""
        wanted = None if columns is None else sorted({*columns, "item", *self._chosen.label_columns})
        for items, labels in self._view.keyed_batches(self._set, self._keys, wanted):
            yield self._chosen.apply(items, labels)

    def images(self) -> Iterator[tuple[str, str, str | None]]:
        """Key, name and content of each item, in key order."""
        for items, _ in self._chosen_batches(["item"]):
            for key, content in zip(
                *(items.column(name).to_pylist() for name in ("item", "content")), strict=True
            ):
                yield key, key.removeprefix(self._strip), content

    def _without_foreign_extras(self, labels: pa.Table) -> pa.Table:
        if "extra" in labels.column_names:
            own = pc.is_in(labels.column("source"), value_set=pa.array(self._own, pa.string()))
            extra = pc.if_else(own, labels.column("extra"), pa.scalar(None, pa.string()))
            labels = with_column(labels, "extra", extra)
        if "source_id" in labels.column_names:
            labels = with_column(labels, "source_id", constant(None, labels.num_rows))
        return labels

    def _named(self, items: pa.Table, opened: OpenTable) -> pa.Table:
        keys = items.column("item")
        few = None if self._keys is None else keys.to_pylist()
        found = opened.scan(MENTION_COLUMNS, keys=span_of(items), items=few)
        mentions = pa.concat_tables(
            [self._view.mentions.schema.empty_table().select(MENTION_COLUMNS), *found]
        )
        mentions = of_set(mentions, self._set)
        own = self._own_mentions(mentions)
        places = pc.index_in(keys, value_set=own.column("item").combine_chunks())
        seen = _annotators_by_item(mentions.filter(pc.is_valid(mentions.column("annotator"))))
        names = [key.removeprefix(self._strip) for key in keys.to_pylist()] if self._strip else keys
        cells = {
            "item": keys,
            "name": names,
            "number": pc.take(own.column("number"), places),
            "order": pa.array(np.arange(len(keys)), pa.int64()),
            "width": items.column("width"),
            "height": items.column("height"),
            "extra": pc.take(own.column("extra"), places),
            "annotators": pa.array([seen.get(key) for key in keys.to_pylist()], pa.list_(pa.string())),
            "properties": items.column("properties"),
        }
        return pa.table(cells).cast(BATCH_ITEMS)


def _fields(rows: pa.Table, but: str | None = None) -> Counter[str]:
    """How often each field says something in extras; of texts that differ in numbers only, one is parsed. `but` is a
    field whose objects are properties of items."""
    counts: Counter[str] = Counter()
    texts = rows.column("extra").drop_null().combine_chunks()
    for end in ",}":
        texts = pc.replace_substring(texts, _NO_CROWD + end, '"iscrowd":null' + end)
    alike = _without_numbers(texts).dictionary_encode().indices.to_numpy()
    _, firsts, often = np.unique(alike, return_index=True, return_counts=True)
    for text, count in zip(texts.take(pa.array(firsts)).to_pylist(), often.tolist(), strict=True):
        for name, value in _said(text).items():
            if name == but and value[:1] == b"{":
                continue
            counts.update(dict.fromkeys(_names_in(name, value), count))
    return counts


def _said(text: str | bytes) -> dict[str, bytes]:
    """The fields of a JSON object that say something. A name with `$` is a reader's note on layout, and no field."""
    values = {name: bytes(value) for name, value in _MEMBERS.decode(text).items() if name[:1] != "$"}
    return {name: value for name, value in values.items() if value not in _NOTHING}


def _names_in(name: str, value: bytes) -> list[str]:
    """A field, or each member of one that is an object: most of them may be held. Members that only a number tells
    apart, as the points of a polygon, are the field itself."""
    if value[:1] != b"{":
        return [name]
    members = _said(value)
    stems = Counter(map(_without_end, members))
    return [name if stems[_without_end(one)] > 1 else f"{name}.{one}" for one in members]


def _without_end(name: str) -> str:
    """A name without the number at its end."""
    return name.rstrip("0123456789")


def _without_numbers(texts: pa.StringArray) -> pa.StringArray:
    """JSON objects, equal where they differ in numbers only; no JSON any more."""
    if not len(texts) or not pc.all(pc.match_substring_regex(texts, _FLAT)).as_py():
        return pc.replace_substring_regex(texts, _NUMBER, r"\10")
    validity, offsets, data = texts.buffers()
    zeros = pa.py_buffer(data.to_pybytes().translate(_ZEROS))
    return pa.StringArray.from_buffers(len(texts), offsets, zeros, validity, texts.null_count, texts.offset)


def classes_of(view: View, set_name: str, choose: Callable[[pa.Table], pa.Table]) -> list[str]:
    """The classes of the spec in its order, then those that the set's sources name in theirs, then the others in
    alphabetical order."""
    sources = [source for _, source in sorted(view.tree.sources.items()) if source.set == set_name]
    named = (get_format(source.format).class_names(view.header(source)) for source in sources)
    known = list(dict.fromkeys([*view.spec.classes, *chain.from_iterable(named)]))
    found: set[str] = set()
    for batch in view.store.tables.scan(view.label_table(set_name), ["class", "source"]):
        found |= distinct(choose(batch).column("class"))
    return [*known, *sorted(found - set(known))]


def skeletons(view: View, set_name: str) -> dict[str, Any]:
    """The names of points and the edges of classes with keypoints: as the spec says, else as the sources do."""
    specified = {
        name: (kinds["keypoints"].points, kinds["keypoints"].edges)
        for name, kinds in view.spec.classes.items()
        if "keypoints" in kinds
    }
    return {**view.skeletons(set_name), **specified}
