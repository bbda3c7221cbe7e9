"""YAML as data specs are written in it: safe, bounded, by the core rules of YAML 1.2, every node with its place.

PyYAML follows YAML 1.1, where `no`, `on` and `12:30` are not text; here they are. What is read is a tree of
`Node`s; tags other than the core ones, duplicate keys, and documents that unfold without bound are faults.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from datalabel.errors import Faults, InputError

MAX_BYTES = 4 << 20
MAX_NODES = 200_000
"""Nodes after aliases are followed: an alias bomb is refused long before it fills the memory."""
MAX_DEPTH = 40

_CORE = "tag:yaml.org,2002:"
_INT = re.compile(r"[-+]?[0-9]+$|0o[0-7]+$|0x[0-9a-fA-F]+$")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$")
_NULLS = ("", "~", "null", "Null", "NULL")
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_NOT_FINITE = {".inf", ".Inf", ".INF", "+.inf", "-.inf", ".nan", ".NaN", ".NAN"}


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


def read_yaml(data: bytes | str, name: str) -> Node:
    """The one document of a YAML (or JSON) text.

    Raises:
        InputError: it is no UTF-8, no YAML, holds several documents, duplicate keys, unknown tags, or more
            than a spec can reasonably hold.
    """
    text = _decoded(data, name)
    reader = _Reader(name)
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        for event in yaml.parse(text, Loader=loader):
            reader.take(event)
    except yaml.YAMLError as error:
        raise _syntax_error(error, name) from None
    reader.faults.raise_if_any()
    return reader.root or Node({}, Place(name, 1, 1))


def _decoded(data: bytes | str, name: str) -> str:
    if len(data) > MAX_BYTES:
        raise InputError(f"is larger than {MAX_BYTES >> 20} MiB, too large for a data spec", where=name)
    if isinstance(data, str):
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
    return text.removeprefix("\ufeff")


def _syntax_error(error: yaml.YAMLError, name: str) -> InputError:
    mark = getattr(error, "problem_mark", None)
    place = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name
    problem = getattr(error, "problem", None) or str(error).splitlines()[0]
    return InputError(f"is not YAML: {problem}", where=place)


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

    def __init__(self, name: str) -> None:
        self._name = name
        self._open: list[_Open] = []
        self._anchors: dict[str, Node] = {}
        self._size: dict[int, int] = {}
        self._count = 0
        self._documents = 0
        self.faults = Faults()
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
            self.faults.add(f"the tag {_shown(event.tag)} is not allowed in a data spec", str(place))
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
            raise InputError(
                f"the alias *{name} stands for something that is not finished before it", where=str(place)
            )
        self._count += self._size[id(node)]
        return node

    def _measured(self, node: Node, size: int) -> None:
        self._size[id(node)] = size
        self._count += 1
        if size > MAX_NODES or self._count > MAX_NODES:
            hint = "remove the aliases"
            raise InputError("unfolds to more than a data spec can hold", where=str(node.place), hint=hint)

    def _scalar(self, event: Any, place: Place) -> None:
        text = str(event.value)
        if event.tag not in (None, "!", _CORE + "str"):
            self.faults.add(f"the tag {_shown(event.tag)} is not allowed in a data spec", str(place))
        plain = event.style in (None, "") and event.tag is None
        node = Node(_core_value(text) if plain else text, place, text)
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
    if len(text) < 400 and _INT.match(text):
        return int(text, 8 if text.startswith("0o") else 16) if text[:2] in ("0o", "0x") else int(text)
    if text not in _NOT_FINITE and len(text) < 400 and _FLOAT.match(text):
        value = float(text)
        return value if abs(value) != float("inf") else text
    return text


def _shown(tag: str) -> str:
    return tag.replace(_CORE, "!!")
