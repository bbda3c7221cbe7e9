"""Lists of JSON objects as columns of text, and columns of text as JSON objects, in bulk.

A column holds, per object, the text of one field's value, or null where the object lacks the field.
"""

from __future__ import annotations

import functools
import itertools
import operator
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Raw

MAX_FIELDS = 1000
"""More different fields than this are an attack or not a COCO file."""

_ABSENT = Raw()
_SPACES = (b" ", b"\n", b"\r", b"\t")
_OBJECTS = msgspec.json.Decoder(list[dict[str, Raw]])
_ELEMENTS = msgspec.json.Decoder(list[Raw])


class NotObjectsError(Exception):
    """An element of the list is no object, or the objects have too many different fields."""


class Fields:
    """The fields of one list's objects, in an order that suits all; grows with what `split` meets."""

    def __init__(self, names: Sequence[str] = ()) -> None:
        """`names` are those that are known already, in their order."""
        self.names = list(names)
        self._shapes: dict[tuple[str, ...], None] = dict.fromkeys([tuple(names)])
        self._decoder = _decoder_of(tuple(names)) if names else None

    def __reduce__(self) -> tuple[type[Fields], tuple[list[str]]]:
        return Fields, (self.names,)

    @property
    def are_settled(self) -> bool:
        """Whether their order stays until an object has a new one; with names that suit no struct, it may not."""
        return self._decoder is not None

    def split(self, blob: bytes) -> dict[str, pa.StringArray]:
        """A JSON list of objects as one column per known field.

        Raises:
            NotObjectsError: an element is no object, or there are more than `MAX_FIELDS` fields.
        """
        if not self.names:
            self._learn(self._objects(b"[%b]" % b"".join(_ELEMENTS.decode(blob)[:1])))
        try:
            if self._decoder is not None:
                return self._columns(self._decoder.decode(blob))
        except msgspec.ValidationError:
            pass  # one of them has another field
        objects = self._objects(blob)
        self._learn(objects)
        if self._decoder is not None:
            return self._columns(self._decoder.decode(blob))
        return {name: text_column([one.get(name, _ABSENT) for one in objects]) for name in self.names}

    def _objects(self, blob: bytes) -> list[dict[str, Raw]]:
        try:
            return _OBJECTS.decode(blob)
        except msgspec.ValidationError as error:
            raise NotObjectsError(str(error)) from error

    def _learn(self, objects: Sequence[dict[str, Raw]]) -> None:
        shapes = dict.fromkeys(map(tuple, objects))
        names = dict.fromkeys(itertools.chain(self.names, *shapes))
        if len(names) > MAX_FIELDS:
            raise NotObjectsError(f"more than {MAX_FIELDS:,} different fields")
        self._shapes |= dict.fromkeys(itertools.islice(shapes, MAX_FIELDS))
        self.names = merged_order([*self._shapes, *((name,) for name in names)])
        self._decoder = _decoder_of(tuple(self.names))

    def _columns(self, rows: Sequence[Any]) -> dict[str, pa.StringArray]:
        return {
            name: text_column(list(map(operator.attrgetter(attribute), rows)))
            for attribute, name in ((f"f{place}", name) for place, name in enumerate(self.names))
        }


@functools.lru_cache(maxsize=64)
def _decoder_of(names: tuple[str, ...]) -> msgspec.json.Decoder[Any] | None:
    """What reads objects with these fields as structs. None: a struct cannot be given such names. Dicts can, only
    slower."""
    if any(set(name) & {'"', "\\"} or not name.isprintable() for name in names):
        return None
    struct = msgspec.defstruct(
        "Fields",
        [(f"f{place}", Raw, _ABSENT) for place in range(len(names))],
        rename={f"f{place}": name for place, name in enumerate(names)},
        forbid_unknown_fields=True,
        gc=False,
    )
    return msgspec.json.Decoder(list[struct])  # type: ignore[valid-type]


def merged_order(shapes: Iterable[Sequence[str]]) -> list[str]:
    """All names in one order that agrees with the order within every shape, if there is any.

    Where the shapes leave it open, or contradict each other, a name met earlier comes first.
    """
    before: dict[str, set[str]] = {}
    for shape in shapes:
        for place, name in enumerate(shape):
            before.setdefault(name, set()).update(shape[place - 1 : place])
    order: list[str] = []
    while before:
        free = next((name for name, others in before.items() if not others), next(iter(before)))
        order.append(free)
        del before[free]
        for others in before.values():
            others.discard(free)
    return order


def text_column(raws: Sequence[Any]) -> pa.StringArray:
    """Texts of JSON values (bytes-like), without their white space, as strings; an empty text is null."""
    blob = b"".join(raws)
    if any(space in blob for space in _SPACES):
        raws = [_compact(bytes(raw)) for raw in raws]
        blob = b"".join(raws)
    lengths = np.fromiter(map(len, raws), np.int64, count=len(raws))
    return strings(blob, lengths, valid=lengths > 0)


def _compact(text: bytes) -> bytes:
    if b'"' not in text:
        return text.translate(None, b" \n\r\t")
    return bytes(msgspec.json.format(text, indent=-1)) if text[:1] in (b"[", b"{") else text


def strings(
    blob: bytes, lengths: npt.NDArray[np.int64], valid: npt.NDArray[np.bool_] | None = None
) -> pa.StringArray:
    """UTF-8 text cut into pieces of the given lengths (bytes).

    Raises:
        OverflowError: the text is longer than an Arrow string array holds (2 GiB).
    """
    offsets = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    if offsets[-1] > np.iinfo(np.int32).max:
        raise OverflowError("text beyond 2 GiB in one piece")
    mask = None if valid is None or valid.all() else pa.py_buffer(np.packbits(valid, bitorder="little"))
    buffers = [mask, pa.py_buffer(offsets.astype(np.int32)), pa.py_buffer(blob)]
    return pa.Array.from_buffers(pa.string(), len(lengths), buffers)


def text_of(texts: pa.StringArray) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """The bytes of an array of strings end to end, not copied, and the offset of each (one more than there are)."""
    if texts.null_count:
        texts = texts.fill_null("")
    offsets = np.frombuffer(texts.buffers()[1], np.int32)[texts.offset : texts.offset + len(texts) + 1]
    data = texts.buffers()[2]
    text = np.zeros(0, np.uint8) if data is None else np.frombuffer(data, np.uint8)
    return text[int(offsets[0]) : int(offsets[-1])], offsets.astype(np.int64) - int(offsets[0])


def json_list(texts: Iterable[str | None] | pa.StringArray) -> bytes:
    """Texts of JSON values as the text of a JSON list (null as `null`)."""
    column = texts if isinstance(texts, pa.Array) else pa.array(list(texts), pa.string())
    whole = pa.ListArray.from_arrays(pa.array([0, len(column)], pa.int32()), column.fill_null("null"))
    text, _ = text_of(pc.binary_join(whole, ","))
    return b"".join([b"[", text.data, b"]"])


def list_of(raws: Sequence[Raw]) -> bytes:
    """Texts of JSON values, one or more, as the text of a JSON list; each is copied once."""
    pieces: list[Raw | bytes] = list(raws)
    pieces[0] = b"[" + bytes(pieces[0])
    pieces[-1] = bytes(pieces[-1]) + b"]"
    return b",".join(pieces)


def objects(fields: Mapping[str, pa.StringArray], size: int, *, after: str = "") -> pa.StringArray:
    """JSON objects from columns, in the order of the mapping; a null means that the field is absent. `after` stands
    after each."""
    told = {name: column for name, column in fields.items() if column.null_count < size}
    if not told:
        return pa.array([f"{{}}{after}"] * size, pa.string())
    pieces: list[Any] = ["{"]
    for name, column in told.items():
        key = f",{msgspec.json.encode(name).decode()}:"
        # Without nulls, a field is joined with all others in one go.
        pieces += [pc.binary_join_element_wise(key, column, "")] if column.null_count else [key, column]
    pieces.append(f"}}{after}")
    first = next(iter(told.values()))
    if not first.null_count:
        pieces[:2] = [f"{{{pieces[1][1:]}"]
    joined = pc.binary_join_element_wise(*pieces, "", null_handling="skip")
    return pc.replace_substring(joined, "{,", "{", max_replacements=1) if first.null_count else joined


def decoded_strings(texts: pa.StringArray) -> pa.StringArray:
    """Texts of JSON strings as the strings themselves; null stays null.

    Works on distinct texts, so it is cheap where values repeat.
    """
    encoded = texts.dictionary_encode()
    words = msgspec.json.decode(json_list(encoded.dictionary), type=list[str])
    return pa.array(words, pa.string()).take(encoded.indices)


def encoded_strings(words: pa.StringArray) -> pa.StringArray:
    """Strings as texts of JSON strings; null stays null."""
    encoded = words.dictionary_encode()
    texts = [msgspec.json.encode(word).decode() for word in encoded.dictionary.to_pylist()]
    return pa.array(texts, pa.string()).take(encoded.indices)


def first_bytes(texts: pa.StringArray) -> npt.NDArray[np.uint8]:
    """The first byte of each text; 0 for null."""
    text, offsets = text_of(texts)
    first = np.zeros(len(texts), np.uint8)
    filled = offsets[1:] > offsets[:-1]
    first[filled] = text[offsets[:-1][filled]]
    return first
