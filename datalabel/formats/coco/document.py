"""The text of a COCO file: its bytes checked, its top level split, its style noticed."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
from msgspec import Raw

from datalabel.errors import InputError
from datalabel.formats.base import SourceFiles
from datalabel.formats.coco.repeated import HINT, RepeatedError, once
from datalabel.printable import amount

_MEMBER = re.compile(rb'\s*+[{,]?\s*+"((?:[^"\\]|\\.)*+)"\s*+:\s*+(0\s*+)?')
"""The name of a member of an object, and its value where that is a 0."""

RESULTS = "results"
DOCUMENT = "document"


@dataclass(frozen=True, slots=True)
class Style:
    """How a file is laid out: `indent` as `msgspec.json.format` takes it, tabs, a newline at the end."""

    indent: int = -1
    tabs: bool = False
    newline: bool = False


@dataclass(frozen=True, slots=True)
class Document:
    """A COCO file split at its top level; the values are still text."""

    name: str
    shape: str
    top: dict[str, Raw]
    style: Style


def load(source: SourceFiles) -> Document:
    """The file, checked to be UTF-8 and JSON, split at the top level.

    Raises:
        InputError: it is empty, not UTF-8, not JSON, nested too deeply, or neither an object nor a list.
    """
    data = source.path().read_bytes()
    name = source.name
    if not data.strip(b" \t\r\n"):
        raise InputError("is empty" + ("" if data else " (0 bytes)"), where=name)
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or 0 in data[:4]:
        raise InputError("is UTF-16 or UTF-32; JSON is UTF-8", where=name, hint="save it as UTF-8")
    if data.startswith(b"\xef\xbb\xbf"):
        data = data[3:]
    _check_utf8(data, name)
    first = data[:64].lstrip(b" \t\r\n")[:1] or data.lstrip(b" \t\r\n")[:1]
    if first == b"[":
        return Document(name, RESULTS, {"annotations": _split(data, Raw, name)}, _style(data))
    if first == b"{":
        top: dict[str, Raw] = _split(data, dict[str, Raw], name)
        _refuse_twice(data, top, name)
        return Document(name, DOCUMENT, top, _style(data))
    _split(data, Raw, name)
    raise InputError("is not a COCO file: its top level must be an object, or a list of results", where=name)


def _split(data: bytes, type_: Any, name: str) -> Any:
    try:
        return msgspec.json.decode(data, type=type_)
    except RecursionError as error:
        raise InputError("is nested too deeply", where=name) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(_what(error, data), where=name) from error


def broken_off(data: bytes) -> str | None:
    """What is to be said of a text that begins as JSON and ends before it is whole; None of another one, be it JSON
    or not."""
    try:
        msgspec.json.decode(data, type=Raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return _what(error, data) if "truncated" in str(error) else None
    return None


def _refuse_twice(data: bytes, top: dict[str, Raw], name: str) -> None:
    """A field that stands twice at the top level: its first value would be lost without a word.

    Where each value that was found is cut down to a 0, nothing but names and zeros must be left.
    """
    begin, end, left = _address(data), 0, []
    for start, size in sorted((_address(raw) - begin, memoryview(raw).nbytes) for raw in top.values()):
        left += [data[end:start], b"0"]
        end = start + size
    rest = b"".join([*left, data[end:]])
    seen: dict[bytes, None] = {}
    place = 0
    while (member := _MEMBER.match(rest, place)) and member[2] is not None and member[1] not in seen:
        seen[member[1]] = None
        place = member.end()
    if top and (len(seen) != len(top) or rest[place:].strip() != b"}"):
        shown = (member[1] if member else next(reversed(seen)))[:40].decode("utf-8", "replace")
        raise InputError(str(RepeatedError(shown)), where=name, hint=HINT)


def _address(data: bytes | Raw) -> int:
    """Where bytes lie in memory: what is split off a text is a part of it."""
    return int(np.frombuffer(data, np.uint8).__array_interface__["data"][0])


def _what(error: Exception, data: bytes) -> str:
    text = str(error)
    at = re.search(r"\(byte (\d+)\)", text)
    if at is None:
        half = re.search(rb"[^\\](?:\\\\)*\\u[dD][89abAB]..(?!\\u[dD][c-fC-F])", data)
        if half:
            line = data.count(b"\n", 0, half.end()) + 1
            return f"is not JSON: half of a surrogate pair stands alone in line {line:,}"
        lines = data.count(b"\n") + 1
        return f"is no whole JSON: it breaks off after {amount(len(data), 'byte')}, in line {lines:,}"
    byte = int(at[1])
    line = data.count(b"\n", 0, byte) + 1
    column = byte - data.rfind(b"\n", 0, byte)
    seen = re.compile(rb"-?(?:NaN|Infinity)").match(data, byte - (data[byte - 1 : byte] == b"-"))
    if seen:
        return f"is not JSON: {seen[0].decode()} is no number in JSON (line {line:,}, column {column:,})"
    reason = text.removeprefix("JSON is malformed: ").split(" (byte")[0]
    return f"is not JSON: {reason} at line {line:,}, column {column:,} (byte {byte:,})"


def _check_utf8(data: bytes, name: str) -> None:
    offsets = np.array([0, len(data)], np.int64)
    whole = pa.Array.from_buffers(pa.large_string(), 1, [None, pa.py_buffer(offsets), pa.py_buffer(data)])
    try:
        whole.validate(full=True)
    except pa.ArrowInvalid:
        try:
            data.decode()
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            raise InputError(
                f"is not UTF-8 at byte {error.start:,} (line {line:,})", where=name, hint="save it as UTF-8"
            ) from None


def _style(data: bytes) -> Style:
    newline = data.endswith(b"\n")
    start = re.match(rb"\s*[\[{][ \t]*(?:\r?\n([ \t]*))?", data)
    if start is None or start[1] is None:
        spaced = re.match(rb'\s*\[?\s*\{\s*"(?:[^"\\]|\\.){0,999}":[ ]', data)
        return Style(0 if spaced else -1, newline=newline)
    tabs = start[1].startswith(b"\t")
    return Style(len(start[1]) or 1, tabs, newline)


def parse(raw: Raw | bytes | str, where: str) -> Any:
    """A JSON value with its numbers exactly as Python parses them.

    Raises:
        InputError: a number is beyond what can be held, or the value is nested too deeply.
    """
    try:
        text = raw if isinstance(raw, str) else bytes(raw).decode()
        return json.loads(text, parse_float=_finite, object_pairs_hook=once)
    except RepeatedError as error:
        raise InputError(str(error), where=where, hint=HINT) from error
    except RecursionError as error:
        raise InputError("is nested too deeply", where=where) from error
    except ValueError as error:
        raise InputError(f"cannot be kept exactly: {error}", where=where) from error


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"the number {text[:40]} is out of range")
    return number
