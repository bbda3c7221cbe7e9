"""Writing a COCO file: a source as it came, or a whole set with its labels numbered anew."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from datalabel.formats.base import OutputFile, Selection
from datalabel.formats.coco.columns import text_of
from datalabel.formats.coco.document import Style
from datalabel.formats.coco.encode import Encoder, Numbered
from datalabel.formats.coco.layout import Layout, Spool, orders_of
from datalabel.formats.coco.numbering import Numbers
from datalabel.threads import in_order

PIECE = 2048
"""So many items are encoded at a time."""
Blob = tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]
_KEYS = ("images", "annotations", "categories")


def output_file(selection: Selection, path: str | None = None) -> OutputFile:
    """The selection as one file, written piece by piece; memory is bounded by its largest batch."""
    name = selection.name if selection.name.lower().endswith(".json") else f"{selection.name}.json"
    return OutputFile(path or name, _chunks(selection))


def _chunks(selection: Selection) -> Iterator[bytes]:
    numbers = Numbers(selection)
    header = numbers.header
    layout = Layout(Style(**header["layout"]) if header else Style(), numbers.results)
    images, annotations = Spool(), Spool()
    try:
        _fill(selection, numbers, images, annotations)
        if numbers.results:
            yield from _list(layout, None, annotations)
        else:
            yield from _document(layout, numbers, images, annotations)
        yield layout.end
    finally:
        images.close()
        annotations.close()


def _fill(selection: Selection, numbers: Numbers, images: Spool, annotations: Spool) -> None:
    encoder = Encoder(selection, numbers)
    pieces = (piece for batch in selection.batches() for piece in batch.pieces(PIECE))
    done = 0
    for batch, (texts, of_labels) in in_order(
        lambda one: (one, _texts(encoder, one)), map(encoder.numbered, pieces)
    ):
        size = batch.items.num_rows
        orders = orders_of(
            batch.items.column("order").to_pylist() if numbers.own else range(done, done + size)
        )
        done += size
        images.add(*texts, orders)
        annotations.add(*of_labels, orders)


def _texts(encoder: Encoder, batch: Numbered) -> tuple[Blob, Blob]:
    """Each item as an image of the file, and its labels; a comma after each of them."""
    annotations, offsets = text_of(encoder.annotations(batch))
    counts = np.bincount(batch.owners.to_numpy(), minlength=batch.items.num_rows)
    per_item = offsets[np.concatenate(([0], np.cumsum(counts)))]
    return text_of(encoder.images(batch)), (annotations, per_item)


def _document(layout: Layout, numbers: Numbers, images: Spool, annotations: Spool) -> Iterator[bytes]:
    header = numbers.header
    fields: Mapping[str, Any] = header["fields"] if header else numbers.carried.fields
    keys = list(header["keys"]) if header else [*fields, *_KEYS]
    keys += [
        key for key in ("annotations", "categories") if key not in keys and _needed(key, numbers, annotations)
    ]
    before = b"{"
    for key in keys:
        yield before
        if key in ("images", "annotations"):
            yield from _list(layout, key, images if key == "images" else annotations)
        else:
            value = numbers.categories if key == "categories" else fields[key]
            yield layout.member(key, _json(value, header.get("orders", {}).get(key, ())))
        before = layout.comma
    yield layout.close


def _needed(key: str, numbers: Numbers, annotations: Spool) -> bool:
    """Whether a list that the source did not have must be there now."""
    return bool(numbers.categories) if key == "categories" else not annotations.empty


def _list(layout: Layout, key: str | None, spool: Spool) -> Iterator[bytes]:
    if spool.empty:
        yield layout.format(b"[]") if key is None else layout.member(key, b"[]")
        return
    first, last = layout.list_ends(key)
    before = first
    for group in spool.groups():
        yield before
        yield layout.elements(group)
        before = layout.between
    yield last


def _json(value: Any, order: Sequence[str]) -> bytes:
    """A header value as compact JSON, the fields of its objects in the order in which the file had them."""
    places = {name: place for place, name in enumerate(order)}

    def arranged(one: Any) -> Any:
        if not isinstance(one, dict):
            return one
        return dict(sorted(one.items(), key=lambda member: places.get(member[0], len(places))))

    laid = [arranged(one) for one in value] if isinstance(value, list) else arranged(value)
    return json.dumps(laid, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
