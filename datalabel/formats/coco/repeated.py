"""Fields that stand twice in one object. JSON leaves open what that means, and readers take one of the two values;
here neither is lost without a word."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
import pyarrow as pa
from msgspec import Raw

HINT = "join the two, or take one away"
_RAWS = msgspec.json.Decoder(list[Raw])


class RepeatedError(ValueError):
    """A field stands twice in an object."""

    def __init__(self, field: str) -> None:
        super().__init__(f'has the field "{field}" twice')


def once(members: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """The members of an object as a dict (an `object_pairs_hook`).

    Raises:
        RepeatedError: two of them have one name.
    """
    found = dict(members)
    if len(found) < len(members):
        raise RepeatedError(_first_repeated([name for name, _ in members]))
    return found


def repeated(blob: bytes, columns: Mapping[str, pa.StringArray]) -> Iterator[tuple[int, RepeatedError]]:
    """The objects of a JSON list in which a field stands twice, by their places; `columns` is what the list was split
    into.

    Where no field does, columns and list are equally long, but for white space and for names and objects that could
    be written shorter. So in nearly all lists no object is looked at.
    """
    least = _least_size(columns)
    if len(blob) == least or len(msgspec.json.format(blob, indent=-1)) == least:
        return
    for place, raw in enumerate(_RAWS.decode(blob)):
        # Numbers are not made: one may have more digits than Python takes.
        members = json.loads(bytes(raw), object_pairs_hook=list, parse_int=str, parse_float=str)
        names = [name for name, _ in members]
        if len(set(names)) < len(names):
            yield place, RepeatedError(_first_repeated(names))


def _first_repeated(names: Sequence[str]) -> str:
    return next(name for name, count in Counter(names).items() if count > 1)


def _least_size(columns: Mapping[str, pa.StringArray]) -> int:
    """The bytes of the shortest list of the objects that have these fields, if each has one at least."""
    objects = max(map(len, columns.values()), default=0)
    # Brackets and the commas between objects; two braces for each, less the comma that its last field has not.
    size = 2 + max(objects - 1, 0) + objects
    for name, column in columns.items():
        key = len(json.dumps(name, ensure_ascii=False).encode())
        offsets = pa.Array.from_buffers(pa.int32(), len(column) + 1, [None, column.buffers()[1]])
        size += offsets[-1].as_py() - offsets[0].as_py()
        size += (len(column) - column.null_count) * (key + len(":,"))
    return size
