"""The images and categories of a COCO file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from datalabel.errors import Faults, InputError
from datalabel.formats.base import READ_MENTIONS, ReadContext
from datalabel.formats.coco.attributes import ATTRIBUTES, taken
from datalabel.formats.coco.columns import Fields, NotObjectsError, first_bytes, objects
from datalabel.formats.coco.lookup import Lookup
from datalabel.formats.coco.repeated import HINT, RepeatedError, repeated
from datalabel.labels.tables import table_of
from datalabel.printable import amount

Ints = npt.NDArray[np.int64]

_SIZE = r"^[1-9][0-9]{0,8}$"


@dataclass(frozen=True, slots=True)
class Images:
    """The images that a file names, in its order; sizes are −1 where the file gives none."""

    mentions: pa.Table
    names: Sequence[str]
    lookup: Lookup
    widths: Ints
    heights: Ints


@dataclass(frozen=True, slots=True)
class Categories:
    """The categories that a file names, in its order.

    `shadowed` says which of them have the name of an earlier one; `points` gives the number of keypoints, −1
    where the category has none. Where they are those of other files, `unclear` has the numbers by which these meant
    what is no class any more, with words for it.
    """

    names: Sequence[str]
    numbers: Sequence[str]
    lookup: Lookup
    shadowed: npt.NDArray[np.bool_]
    points: Ints
    unclear: Mapping[str, str] | None = None


def read_images(blob: bytes, fields: Fields, context: ReadContext, name: str, faults: Faults) -> Images:
    """The images of a file; faults are collected.

    Raises:
        InputError: the list holds something else than objects.
    """
    try:
        columns = fields.split(blob)
    except NotObjectsError as error:
        raise InputError(f"images: {error}", where=name) from error
    for place, twice in repeated(blob, columns):
        faults.add(str(twice), f"{name}: image {place + 1} of the list", HINT)
    size = len(next(iter(columns.values()))) if columns else 0
    nothing = pa.nulls(size, pa.string())
    numbers = columns.pop("id", nothing)
    names = _names(columns, context.item_key, size, name, faults)
    widths, heights = (_taken_size(columns, one, nothing) for one in ("width", "height"))
    texts = [text if text is not None else f"$missing {row}" for row, text in enumerate(numbers.to_pylist())]
    lookup = Lookup(texts)
    _check_numbers(numbers, names, lookup, name, faults)
    _check_names(names, texts, context.item_key, name, faults)
    _check_attributes(columns.get(ATTRIBUTES, nothing), name, faults)
    mentions = table_of(
        {
            "name": pa.array(names, pa.string()),
            "number": numbers,
            "order": np.arange(size, dtype=np.int64),
            "width": widths,
            "height": heights,
            "extra": objects(columns, size),
            "annotators": _annotators(columns.get("annotators", nothing)),
        },
        READ_MENTIONS,
    )
    return Images(mentions, names, lookup, _filled(widths), _filled(heights))


def named_by_number(numbers: Sequence[str], context: ReadContext, name: str, faults: Faults) -> Images:
    """The images of a list of results, which names them by number only, or by a text that is the name of an image."""
    known = {**_named_by_text(numbers, context), **context.names_by_number()}
    missing = [number for number in numbers if number not in known]
    if missing:
        shown = ", ".join(missing[:5]) + (", …" if len(missing) > 5 else "")
        faults.add(
            f"names {amount(len(missing), 'image')} by numbers that no other file gives: {shown}",
            name,
            hint="a list of results names no images: `dlabel add` a file that does first, or check both at once",
        )
    several = [number for number in numbers if len(known.get(number, ())) > 1]
    if several:
        called = " and ".join(known[several[0]][:2])
        faults.add(
            f"names {amount(len(several), 'image')} by numbers that several have: {several[0]} is that of {called}",
            name,
            hint="give the images of the added files numbers of their own",
        )
    names = [known[number][0] if number in known else number for number in numbers]
    for first, second in _twice(names):
        faults.add(
            f"is the image of two numbers: {numbers[first]} and {numbers[second]}",
            f"{name}: {json.dumps(names[first], ensure_ascii=False)}",
            hint="where images got other numbers since the list was added, `dlabel rm` it, and add it as a new one",
        )
    sizes = [context.size_of(one) or (None, None) for one in names]
    mentions = table_of(
        {"name": names, "number": numbers, "order": np.arange(len(names), dtype=np.int64)}, READ_MENTIONS
    )
    widths, heights = (pa.array([size[axis] for size in sizes], pa.int32()) for axis in (0, 1))
    return Images(mentions, names, Lookup(numbers), _filled(widths), _filled(heights))


def _named_by_text(numbers: Sequence[str], context: ReadContext) -> dict[str, Sequence[str]]:
    """The numbers that are texts (Ultralytics writes names without suffix) and mean an image that is known here."""
    texts = {number: json.loads(number) for number in numbers if number.startswith('"')}
    return {number: [text] for number, text in texts.items() if context.size_of(text) is not None}


def read_categories(values: Any, name: str, faults: Faults) -> Categories:
    """The categories of a file, from their parsed JSON; faults are collected."""
    names, numbers, points = [], [], []
    rows: Sequence[Any] = values if isinstance(values, list) else []
    if not isinstance(values, list):
        faults.add("categories is not a list", name)
    for place, row in enumerate(rows):
        where = f"{name}: category {place + 1} of the list"
        if not isinstance(row, dict) or "id" not in row:
            faults.add("is no object with an id", where)
            continue
        where = f"{name}: category {json.dumps(row['id'])}"
        if not isinstance(row.get("name"), str):
            faults.add("has a name that is no text" if "name" in row else "has no name", where)
            continue
        names.append(row["name"])
        numbers.append(json.dumps(row["id"], ensure_ascii=False))
        skeleton = row.get("keypoints")
        points.append(len(skeleton) if isinstance(skeleton, list) else -1)
    lookup = Lookup(numbers)
    for first, second in lookup.twins():
        faults.add(
            f"is there twice: {names[first]!r} and {names[second]!r}", f"{name}: category {numbers[first]}"
        )
    earliest = {one: place for place, one in reversed(list(enumerate(names)))}
    shadowed = [earliest[one] != place for place, one in enumerate(names)]
    return Categories(names, numbers, lookup, np.array(shadowed, np.bool_), np.array(points, np.int64))


def _names(
    columns: dict[str, pa.StringArray], item_key: str | None, size: int, name: str, faults: Faults
) -> list[str]:
    field = item_key or "file_name"
    texts = (columns.get(field) if item_key else columns.pop(field, None)) if field in columns else None
    found = texts.to_pylist() if texts is not None else [None] * size
    try:
        decoded = msgspec.json.decode("[" + ",".join(text or "null" for text in found) + "]")
    except (msgspec.DecodeError, RecursionError) as error:
        raise InputError(f"images: {field}: {error}", where=name) from error
    names = []
    for row, (value, text) in enumerate(zip(decoded, found, strict=True)):
        if isinstance(value, str) and value:
            names.append(value)
        elif item_key and isinstance(value, int | float) and not isinstance(value, bool):
            names.append(str(text))
        else:
            what = f"has no {field}" if text is None else f"{field} is {text[:40]}, not a name"
            faults.add(what, f"{name}: image {row + 1} of the list")
            names.append("")
    return names


def _taken_size(columns: dict[str, pa.StringArray], field: str, nothing: pa.StringArray) -> pa.Int32Array:
    """Sizes that are positive integers; whatever else stands there stays a field of the image."""
    texts = columns.get(field, nothing)
    plain = pc.match_substring_regex(texts, _SIZE)
    null = pa.scalar(None, pa.string())
    if field in columns:
        columns[field] = pc.if_else(pc.fill_null(plain, False), null, texts)
    return pc.cast(pc.if_else(plain, texts, null), pa.int32())


def _filled(sizes: pa.Int32Array) -> Ints:
    return np.asarray(pc.fill_null(sizes, -1).to_numpy(zero_copy_only=False), np.int64)


def _check_numbers(
    numbers: pa.StringArray, names: Sequence[str], lookup: Lookup, name: str, faults: Faults
) -> None:
    kinds = first_bytes(numbers)
    for row in np.flatnonzero(~np.isin(kinds, np.frombuffer(b'0123456789-"', np.uint8))).tolist():
        what = "has no id" if kinds[row] == 0 else "has an id that is neither a number nor a text"
        faults.add(what, f"{name}: image {row + 1} of the list ({json.dumps(names[row])})")
    for first, second in lookup.twins():
        faults.add(
            f"is there twice: {json.dumps(names[first])} and {json.dumps(names[second])}",
            f"{name}: image {numbers[first].as_py()}",
        )


def _check_names(
    names: Sequence[str], numbers: Sequence[str], item_key: str | None, name: str, faults: Faults
) -> None:
    for before, row in _twice(names):
        faults.add(
            f"is the {item_key or 'file_name'} of two images: {numbers[before]} and {numbers[row]}",
            f"{name}: {json.dumps(names[row], ensure_ascii=False)}",
            hint="--item-key FIELD names a field that tells the images apart",
        )


def _twice(names: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Where a name stands first, and again."""
    first: dict[str, int] = {}
    for row, one in enumerate(names):
        before = first.setdefault(one, row)
        if before != row and one:
            yield before, row


def _check_attributes(texts: pa.StringArray, name: str, faults: Faults) -> None:
    """They stay a field of the image, which `Capabilities.item_properties` names; but no name may be lost of them."""
    encoded = texts.dictionary_encode()
    for code, text in enumerate(encoded.dictionary.to_pylist()):
        try:
            taken(text)
        except RepeatedError as error:
            for row in np.flatnonzero(pc.fill_null(pc.equal(encoded.indices, code), False)).tolist():
                faults.add(f"{ATTRIBUTES} {error}", f"{name}: image {row + 1} of the list", HINT)


def _annotators(texts: pa.StringArray) -> pa.ListArray:
    """Who saw the image, where that is a list of texts; anything else only stays a field of the image."""
    known: dict[str | None, list[str] | None] = {None: None}
    for text in pc.unique(texts).to_pylist():
        if text is not None:
            try:
                known[text] = msgspec.json.decode(text, type=list[str])
            except (msgspec.DecodeError, RecursionError):
                known[text] = None
    return pa.array([known[text] for text in texts.to_pylist()], pa.list_(pa.string()))


def header_categories(context: ReadContext) -> list[Mapping[str, Any]]:
    """The categories that other sources of the project give, for a list of results."""
    return [dict(one) for one in context.categories()]
