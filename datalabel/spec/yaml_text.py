"""YAML as data specs are written in it: safe, bounded, by the core rules of YAML 1.2, every node with its place.

PyYAML follows YAML 1.1, where `no`, `on` and `12:30` are not text; here they are. What is read is a tree of
`Node`s; tags other than the core ones, duplicate keys, and documents that unfold without bound are faults.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from datalabel.errors import Faults, InputError

MAX_BYTES = 4 << 20
MAX_NODES = 500_000
"""Nodes after aliases are followed: an alias bomb is refused long before it fills the memory."""
MAX_DEPTH = 40

_CORE = "tag:yaml.org,2002:"
_LONGEST_NUMBER = 200
"""Digits; a longer one stays text, since no float could hold it."""
_INT = re.compile(r"[-+]?[0-9]+$|0o[0-7]+$|0x[0-9a-fA-F]+$")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$")
_NULLS = ("", "~", "null", "Null", "NULL")
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
LINE_END = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
"""What YAML counts as the end of a line."""
_COLOR_COMMENT = re.compile(r":\s+(#(?:[0-9a-fA-F]{6}|[0-9a-fA-F]{3}))\b")
_SURROGATES = re.compile(r"\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands: a file, and a line and column counted from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Node:
    """One value and its place. A mapping holds nodes by key, and the place of each key."""

    value: str | int | float | bool | Sequence[Node] | Mapping[str, Node] | None
    place: Place
    text: str = ""
    """A scalar as it was written."""
    keys: Mapping[str, Place] = field(default_factory=dict)
    plain: bool = False
    """Whether a scalar was written without quotes."""

    @property
    def is_mapping(self) -> bool:
        """Whether this is a mapping."""
        return isinstance(self.value, Mapping)

    @property
    def is_list(self) -> bool:
        """Whether this is a list."""
        return isinstance(self.value, list | tuple)

    @property
    def entries(self) -> Mapping[str, Node]:
        """The nodes of a mapping; nothing for any other value."""
        return self.value if isinstance(self.value, Mapping) else {}

    @property
    def items(self) -> Sequence[Node]:
        """The nodes of a list; nothing for any other value."""
        return self.value if isinstance(self.value, list | tuple) else ()


def read_yaml(data: bytes | str, name: str, faults: Faults | None = None) -> Node:
    """The one document of a YAML (or JSON) text.

    Duplicate keys and unknown tags go to `faults` where given (the first of equal keys counts, a tag is
    overlooked), so that they can be reported together with what else is wrong.

    Raises:
        InputError: it is no UTF-8, no YAML, holds several documents, more than `MAX_NODES` values or,
            without `faults`, duplicate keys and unknown tags.
    """
    text = _without_json_escapes(decoded(data, name))
    reader = _Reader(name, Faults() if faults is None else faults)
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        for event in yaml.parse(text, Loader=loader):
            reader.take(event)
    except yaml.YAMLError as error:
        raise _syntax_error(error, name, text) from None
    if faults is None:
        reader.faults.raise_if_any()
    return reader.root or Node({}, Place(name, 1, 1))


def decoded(data: bytes | str, name: str) -> str:
    """The text of a YAML file.

    Raises:
        InputError: it is too large, not UTF-8, or holds what no text does.
    """
    if len(data) > MAX_BYTES:
        raise InputError(f"is larger than {MAX_BYTES >> 20} MiB", where=name)
    if isinstance(data, str):
        if any("\ud800" <= char <= "\udfff" for char in data):
            raise InputError("is not Unicode text (it holds half a surrogate pair)", where=name)
        text = data
    else:
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise InputError("is UTF-16", where=name, hint="save it as UTF-8")
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise InputError(
                f"is not UTF-8 (byte {error.start})", where=name, hint="save it as UTF-8"
            ) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise InputError("holds NUL characters", where=f"{name}:{line}", hint="save it as UTF-8")
    return text.removeprefix("\ufeff")


def _without_json_escapes(text: str) -> str:
    """JSON as YAML reads it: pairs of surrogates become one escape, and tabs spaces. Other text is untouched."""
    if text.lstrip()[:1] not in ("{", "[") or not ("\t" in text or _SURROGATES.search(text)):
        return text
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return text
    return _SURROGATES.sub(_joined, text).replace("\t", " ")


def _joined(pair: re.Match[str]) -> str:
    start = pair.start() - 1
    while start >= 0 and pair.string[start] == "\\":
        start -= 1
    if (pair.start() - start) % 2 == 0:  # the backslash is itself escaped
        return pair[0]
    high, low = int(pair[1], 16), int(pair[2], 16)
    return f"\\U{0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00):08x}"


def _syntax_error(error: yaml.YAMLError, name: str, text: str) -> InputError:
    if isinstance(error, yaml.reader.ReaderError):
        # The error's position counts characters or bytes, as the parser likes; the first such character it is.
        line = text.count("\n", 0, text.find(chr(error.character))) + 1
        return InputError(f"holds the character U+{error.character:04X}, which YAML does not allow",
                          where=f"{name}:{line}", hint="escape it, in double quotes")  # fmt: skip
    mark = getattr(error, "problem_mark", None)
    place = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name
    problem = getattr(error, "problem", None) or str(error).splitlines()[0]
    if "nesting" in problem:  # PyYAML from 6.0.4 on looks ahead only so far
        return InputError("is nested too deeply", where=place)
    # A colour without quotes inside braces swallows the rest of its line, and the error appears further down.
    colors = [
        found for line in LINE_END.split(text)[: mark.line + 1] if (found := _COLOR_COMMENT.search(line))
    ] if mark else []  # fmt: skip
    hint = f'an unquoted # begins a comment in YAML: write "{colors[-1][1]}"' if colors else None
    return InputError(f"is not YAML: {problem}", where=place, hint=hint)


@dataclass(slots=True)
class _Open:
    """A mapping or list whose end has not come yet. `key` is the key that waits for its value."""

    place: Place
    is_mapping: bool
    anchor: str | None
    entries: dict[str, Node] = field(default_factory=dict)
    keys: dict[str, Place] = field(default_factory=dict)
    items: list[Node] = field(default_factory=list)
    key: str | None = None
    waits: bool = False


class _Reader:
    """Builds nodes from the parser's events: without recursion, so that no nesting can exhaust the stack."""

    def __init__(self, name: str, faults: Faults) -> None:
        self._name = name
        self._open: list[_Open] = []
        self._anchors: dict[str, Node] = {}
        self._size: dict[int, int] = {}
        self._count = 0
        self._documents = 0
        self.faults = faults
        self.root: Node | None = None

    def take(self, event: Any) -> None:
        """The next event of the parser."""
        place = Place(self._name, event.start_mark.line + 1, event.start_mark.column + 1)
        if isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise InputError("holds more than one document", where=str(place))
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            self._begin(event, place)
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self._end()
        elif isinstance(event, yaml.AliasEvent):
            self._put(self._aliased(str(event.anchor), place))
        elif isinstance(event, yaml.ScalarEvent):
            self._scalar(event, place)

    def _begin(self, event: Any, place: Place) -> None:
        is_mapping = isinstance(event, yaml.MappingStartEvent)
        expected = (None, "!", _CORE + ("map" if is_mapping else "seq"))
        if event.tag not in expected:
            self.faults.add(f"the tag {_shown(event.tag)} is not allowed here", str(place))
        if len(self._open) >= MAX_DEPTH:
            raise InputError("is nested too deeply", where=str(place))
        self._open.append(_Open(place, is_mapping, event.anchor))

    def _end(self) -> None:
        done = self._open.pop()
        value = done.entries if done.is_mapping else done.items
        node = Node(value, done.place, keys=done.keys)
        children = done.entries.values() if done.is_mapping else done.items
        self._measured(node, 1 + sum(self._size[id(child)] for child in children))
        if done.anchor:
            self._anchors[done.anchor] = node
        self._put(node)

    def _aliased(self, name: str, place: Place) -> Node:
        node = self._anchors.get(name)
        if node is None:
            raise InputError(f"the alias *{name} names nothing that is finished before it", where=str(place))
        self._count += self._size[id(node)]
        return node

    def _measured(self, node: Node, size: int) -> None:
        self._size[id(node)] = size
        self._count += 1
        if size > MAX_NODES or self._count > MAX_NODES:
            hint = "remove the aliases" if self._anchors else None
            raise InputError(f"holds more than {MAX_NODES:,} values", where=str(node.place), hint=hint)

    def _scalar(self, event: Any, place: Place) -> None:
        text = str(event.value)
        if event.tag not in (None, "!", _CORE + "str"):
            self.faults.add(f"the tag {_shown(event.tag)} is not allowed here", str(place))
        plain = event.style in (None, "") and event.tag is None
        node = Node(_core_value(text) if plain else text, place, text, plain=plain)
        self._measured(node, 1)
        if event.anchor:
            self._anchors[event.anchor] = node
        self._put(node)

    def _put(self, node: Node) -> None:
        """A finished node goes where the innermost open one wants it."""
        if not self._open:
            self.root = node
            return
        around = self._open[-1]
        if not around.is_mapping:
            around.items.append(node)
        elif not around.waits:
            around.key, around.waits = self._key(around, node), True
        else:
            if around.key is not None:
                around.entries[around.key] = node
            around.waits = False

    def _key(self, around: _Open, node: Node) -> str | None:
        if node.is_mapping or node.is_list:
            self.faults.add("a key must be text", str(node.place))
            return None
        if node.plain and node.text == "<<":
            self.faults.add("<< is no part of YAML 1.2; use `extends` or `defaults`", str(node.place))
            return None
        if node.text in around.keys:
            first = around.keys[node.text].line
            self.faults.add(f"the key {node.text!r} stands twice (first at line {first})", str(node.place))
            return None
        around.keys[node.text] = node.place
        return node.text


def _core_value(text: str) -> Any:
    """A plain scalar by the core schema of YAML 1.2."""
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if len(text) < _LONGEST_NUMBER and _INT.match(text):
        return int(text, 8 if text.startswith("0o") else 16) if text[:2] in ("0o", "0x") else int(text)
    if len(text) < _LONGEST_NUMBER and _FLOAT.match(text):
        value = float(text)
        return value if abs(value) != float("inf") else text
    return text


def _shown(tag: str) -> str:
    return tag.replace(_CORE, "!!")
