"""What labels are grouped by: their class, annotator or a property."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from datalabel.errors import UsageError, nearest
from datalabel.labels.properties import properties_in
from datalabel.labels.stats.counts import Ints
from datalabel.labels.stats.measures import Measured
from datalabel.labels.stats.properties import word_of

NONE = "(none)"
"""The group of what does not have the property."""

WAYS = ("class", "annotator", "split")
_PROPERTY, _ITEM = "properties.", "item.properties."


@dataclass(frozen=True, slots=True)
class Grouping:
    """One way to group: `class`, `annotator`, `split`, `properties.NAME` or `item.properties.NAME`.

    A property is the label's own; where the label has none of that name, its item's. With `item.` before it,
    only the item's. A list or an object is a value as a whole.
    """

    text: str

    @property
    def property_name(self) -> str | None:
        """The name of the property that is grouped by, if one is."""
        start = _PROPERTY if self.text.startswith(_PROPERTY) else _ITEM
        return self.text.removeprefix(start) if self.text.startswith(start) else None

    @property
    def of_items(self) -> bool:
        """Whether only the items' properties count."""
        return self.text.startswith(_ITEM)


def grouping_of(text: str) -> Grouping:
    """The grouping that a text names.

    Raises:
        UsageError: it names none.
    """
    found = Grouping(text)
    if text in WAYS or found.property_name:
        return found
    ways = f"{', '.join(WAYS)} or {_PROPERTY}NAME"
    raise UsageError(f"labels are grouped by {ways}, not {text!r}", hint=_hint(text))


def _hint(text: str) -> str:
    """What a text means that names no grouping: `clas`, `propertes.site`, `item.site`, `site`."""
    close = nearest(text, WAYS)
    parts = text.split(".")
    begun = next((place for place, part in enumerate(parts[:2]) if nearest(part, ["properties"])), None)
    of_items = len(parts) > 1 and begun != 0 and (begun == 1 or parts[0] == "item") and parts[0] != "label"
    if close is None and (begun is not None or of_items):
        rest = parts[1:] if begun is None else parts[begun + 1 :]
        close = (_ITEM if of_items else _PROPERTY) + (".".join(rest) or "NAME")
    return f"did you mean {close}?" if close else f"a property of labels: {_PROPERTY}{text}"


@dataclass(frozen=True, slots=True)
class Groups:
    """The groups of a batch: their names, and the position of each label's (always one) and of each item's own
    (-1: the item is only in the groups of its labels)."""

    names: list[str]
    labels: Ints
    items: Ints


def groups_of(grouping: Grouping, found: Measured, items: pa.Table) -> Groups:
    """The groups of the labels of a batch, and of its items."""
    nowhere = np.full(items.num_rows, -1)
    if grouping.property_name is None:
        encoded = found.classes if grouping.text == "class" else found.annotators
        return Groups(encoded.words, encoded.codes, nowhere)
    values = _Values(grouping.property_name)
    own = values.codes(items.column("properties")) if "properties" in items.column_names else nowhere
    of_items = np.append(own, -1)[found.item]
    if grouping.of_items:
        own = np.where(own < 0, values.code(NONE), own)
        return Groups(values.names, np.where(of_items < 0, values.code(NONE), of_items), own)
    said = values.codes(found.properties)
    labels = np.where(said < 0, of_items, said)
    return Groups(values.names, np.where(labels < 0, values.code(NONE), labels), own)


class _Values:
    """The values of one property, numbered as they come."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.names: list[str] = []
        self._codes: dict[str, int] = {}

    def code(self, value: str) -> int:
        if value not in self._codes:
            self._codes[value] = len(self.names)
            self.names.append(value)
        return self._codes[value]

    def codes(self, texts: pa.Array | pa.ChunkedArray) -> Ints:
        """For each text (a JSON object) the number of the property's value, -1 where it has none."""
        column = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
        encoded = column.dictionary_encode(null_encoding="encode")
        values = [(properties_in(text) or {}).get(self._name) for text in encoded.dictionary.to_pylist()]
        codes = np.array([-1 if value is None else self.code(word_of(value)) for value in values], np.int64)
        return codes[np.asarray(encoded.indices.to_numpy(zero_copy_only=False)).astype(np.int64)]
