"""What Pascal VOC must not be asked to write: two items in one file, texts that XML cannot spell."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from datalabel.errors import Faults, RefusedError
from datalabel.formats.base import LABEL_KEYS, Batch, Selection
from datalabel.formats.claims import Claims
from datalabel.formats.voc.header import Common
from datalabel.formats.voc.write import member_path
from datalabel.formats.voc.xml import ILLEGAL

_SUSPECT = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x{fffe}\x{ffff}]"
_SUSPECT_JSON = r"\\[ubf]|[\x{fffe}\x{ffff}]"


def refuse(*selections: Selection) -> None:
    """Refuse selections that would overwrite a file of their own, or hold what XML cannot.

    Raises:
        RefusedError: they would; every pair and text is named.
    """
    faults = Faults()
    claims = Claims(faults)
    for selection in selections:
        _look_through(selection, claims, faults)
    faults.raise_if_any(
        RefusedError, hint="export a selection that leaves one of them out, or to another format"
    )


def refuse_splits(splits: Sequence[Selection]) -> None:
    """Refuse splits that share the name of an image, or have one that a list with a name per line cannot hold.

    Raises:
        RefusedError: as `refuse`.
    """
    refuse(*splits)
    faults = Faults()
    for split in splits:
        for batch in split.batches(LABEL_KEYS):
            names = batch.items.column("name")
            for name in names.filter(pc.match_substring_regex(names, "[\r\n]")).to_pylist():
                faults.add("the name of the image has a line break in it", repr(name))
    faults.raise_if_any(RefusedError, hint="rename the image, or leave it out")


def _look_through(selection: Selection, claims: Claims, faults: Faults) -> None:
    """Note the faults of one selection; `claims` are on its files, and on those before it."""
    own = selection.header is not None
    single = own and not Common.of(selection.header or {}).folder
    for batch in selection.batches(("class", "properties")):
        for item in batch.items.select(["item", "name", "number"]).to_pylist():
            path = "the one file of this source" if single else member_path(item, own)
            claims.claim(path, item["item"], selection.name)
        for text, place in _unspeakable(batch):
            faults.add(f"{text!r} holds a character that XML cannot", place)
        for place in _nameless(batch.labels):
            faults.add("a class without a name cannot be written", place)


def _nameless(labels: pa.Table) -> Iterator[str]:
    blank = pc.equal(pc.utf8_trim_whitespace(labels.column("class")), "")
    yield from labels.column("item").filter(blank).to_pylist()


def _unspeakable(batch: Batch) -> Iterator[tuple[str, str]]:
    """Texts that hold a character that XML has no notation for, and the item they belong to."""
    items, labels = batch.items, batch.labels
    for table, column in ((items, "name"), (labels, "class")):
        found = table.filter(pc.match_substring_regex(table.column(column), _SUSPECT))
        yield from zip(found.column(column).to_pylist(), found.column("item").to_pylist(), strict=True)
    suspect = labels.filter(pc.match_substring_regex(labels.column("properties"), _SUSPECT_JSON))
    rows = zip(suspect.column("properties").to_pylist(), suspect.column("item").to_pylist(), strict=True)
    for text, place in rows:
        if any(ILLEGAL.search(one) for one in _texts(json.loads(text))):
            yield text, place


def _texts(properties: dict[str, Any]) -> Iterator[str]:
    """Texts that would stand in the XML as they are; other values are written as escaped JSON."""
    for name, value in properties.items():
        yield name
        if isinstance(value, str):
            yield value
        else:
            yield json.dumps(value, ensure_ascii=False)
