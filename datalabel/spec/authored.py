"""Specs as their authors wrote them: short forms spelled out, one file merged over those that it extends."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from datalabel.errors import Fault, Faults, nearest
from datalabel.spec import vocabulary as words
from datalabel.spec.yaml_text import LINE_END, Node, Place


@dataclass(slots=True)
class Report:
    """The faults and warnings of one spec and of everything that it extends."""

    faults: Faults = field(default_factory=Faults)
    warnings: list[Fault] = field(default_factory=list)
    _told: set[tuple[str, Place]] = field(default_factory=set)

    def fault(self, what: str, place: Place, path: str, hint: str | None = None) -> None:
        """Something that makes the spec unusable. Told once, however many classes inherit it.

        A hint joins the sentence: an error shows one hint only, and every fault needs its own.
        """
        what = f"{what}; {hint}" if hint else what
        if (what, place) in self._told:
            return
        self._told.add((what, place))
        self.faults.add(what, f"{place} {path}" if path else str(place))

    def warn(self, what: str, place: Place, path: str) -> None:
        """Something that the author should know."""
        self.warnings.append(Fault(what, f"{place} {path}" if path else str(place)))


def spelled_out(root: Node, text: str, report: Report) -> Node:
    """The spec with its short forms written in full; unknown keys are faults, `…` and nulls are gone."""
    return _Speller(LINE_END.split(text), report).top(root)


_COLOR = re.compile(r"""["']?color["']?\s*:\s+(#(?:[0-9a-fA-F]{6}|[0-9a-fA-F]{3}))\b""")


class _Speller:
    def __init__(self, lines: list[str], report: Report) -> None:
        self._lines = lines
        self._report = report

    def top(self, root: Node) -> Node:
        if root.value is None:
            return Node({}, root.place)
        if not root.is_mapping:
            self._report.fault("a data spec is a mapping of settings", root.place, "")
            return Node({}, root.place)
        return self._known(root, "", words.TOP, {
            "data_spec": lambda node, path: self._each(node, path, self._kinds),
            "defaults": self._kinds,
            "image": lambda node, path: self._known(node, path, words.IMAGE, {
                "roi": self._settings,
                "properties": lambda inner, below: self._each(inner, below, self._property),
                "conditions": lambda inner, below: self._known(inner, below, words.IMAGE_CONDITIONS, {}),
            }),
            "workflow": lambda node, path: self._known(node, path, words.WORKFLOW,
                                                       {"transitions": self._transitions}),
            "check": lambda node, path: self._known(node, path, words.CHECK, {"severity": self._settings}),
            "quality": lambda node, path: self._known(node, path, words.QUALITY, {}),
        })  # fmt: skip

    def _kinds(self, node: Node, path: str) -> Node:
        return self._each(node, path, self._kind, known=words.KINDS)

    def _kind(self, node: Node, path: str) -> Node:
        if not self._is_mapping(node, path):
            return Node({}, node.place)
        node = self._with_property_block(node, path)
        return self._known(node, path, words.KIND, {
            "properties": lambda inner, below: self._each(inner, below, self._property),
            "conditions": lambda inner, below: self._known(inner, below, words.CONDITIONS, {}),
        })  # fmt: skip

    def _with_property_block(self, node: Node, path: str) -> Node:
        """Properties written straight under the kind, moved to where they belong."""
        loose = {
            key: inner
            for key, inner in node.entries.items()
            if key not in words.KIND and key not in words.ALIASES and {"options", "type"} & set(inner.entries)
        }
        if not loose:
            return node
        block = node.entries.get("properties") or Node({}, node.place)
        if not block.is_mapping:
            return node
        for key in loose.keys() & block.entries.keys():
            self._report.fault(
                f"the property {key!r} stands under `properties` as well",
                node.keys[key],
                words.join(path, key),
            )
        keys = {key: node.keys[key] for key in loose}
        merged = Node({**block.entries, **loose}, block.place, keys={**block.keys, **keys})
        entries = {key: inner for key, inner in node.entries.items() if key not in loose}
        return replace(
            node, value={**entries, "properties": merged}, keys={**node.keys, "properties": block.place}
        )

    def _property(self, node: Node, path: str) -> Node:
        if not self._is_mapping(node, path):
            return Node({}, node.place)
        return self._known(node, path, words.PROPERTY, {})

    def _settings(self, node: Node, path: str) -> Node:
        """A mapping of names to single values; one without a value is as good as absent."""
        found = self._each(node, path, lambda inner, _: inner)
        kept = {key: inner for key, inner in found.entries.items() if inner.entries or not inner.is_mapping}
        return replace(found, value=kept)

    def _transitions(self, node: Node, path: str) -> Node:
        """A state without a value leads nowhere."""
        found = self._each(node, path, lambda inner, _: inner)
        lists = {
            key: inner if inner.entries or not inner.is_mapping else Node([], inner.place)
            for key, inner in found.entries.items()
        }
        return replace(found, value=lists)

    # Mappings

    def _is_mapping(self, node: Node, path: str) -> bool:
        if node.is_mapping or node.value is None or node.value == words.ELLIPSIS:
            return True
        self._report.fault("must be a mapping (or left empty)", node.place, path)
        return False

    def _each(
        self, node: Node, path: str, spell: Callable[[Node, str], Node], known: tuple[str, ...] | None = None
    ) -> Node:
        """A mapping whose keys are names; an empty value is a name with nothing more to say."""
        if not self._is_mapping(node, path):
            return Node({}, node.place)
        entries: dict[str, Node] = {}
        for key, inner in node.entries.items():
            below, place = words.join(path, key), node.keys[key]
            if known is not None and key not in known:
                self._unknown(key, known, place, below)
            elif self._says_nothing(inner, place, below, key):
                entries[key] = Node({}, place)
            else:
                entries[key] = spell(self._listed(inner, below), below)
        return Node(entries, node.place, keys=node.keys)

    def _known(
        self, node: Node, path: str, known: tuple[str, ...], spell: Mapping[str, Callable[[Node, str], Node]]
    ) -> Node:
        """A mapping whose keys are words of the grammar; an empty value is as good as none."""
        if not self._is_mapping(node, path):
            return Node({}, node.place)
        entries: dict[str, Node] = {}
        keys: dict[str, Place] = {}
        for written, inner in node.entries.items():
            key, place = words.ALIASES.get(written, written), node.keys[written]
            below = words.join(path, key)
            if key not in known:
                self._unknown(written, known, place, words.join(path, written))
            elif key in entries:
                same = " and ".join(one for one in node.entries if words.ALIASES.get(one, one) == key)
                self._report.fault(f"{same} say the same; keep one", place, below)
            elif not self._says_nothing(inner, place, below, key):
                entries[key] = spell[key](inner, below) if key in spell else self._listed(inner, below)
                keys[key] = place
        return Node(entries, node.place, keys=keys)

    def _unknown(self, key: str, known: tuple[str, ...], place: Place, path: str) -> None:
        close = nearest(key, known)
        tail = f"; did you mean {close!r}?" if close else f"; here stand {', '.join(known)}"
        self._report.fault(f"unknown key {key!r}{tail}", place, path)

    def _listed(self, node: Node, path: str) -> Node:
        """A list without its `…`; options, which have lists below them, see to their own."""
        if not node.is_list or path.endswith(".options"):
            return node
        for one in node.items:
            if one.value == words.ELLIPSIS:
                self._report.warn("a literal … counts as absent", one.place, path)
        return replace(node, value=[one for one in node.items if one.value != words.ELLIPSIS])

    def _says_nothing(self, node: Node, place: Place, path: str, key: str) -> bool:
        if node.value == words.ELLIPSIS:
            self._report.warn("a literal … counts as absent", node.place, path)
            return True
        if node.value is not None:
            return False
        line = self._lines[place.line - 1] if place.line <= len(self._lines) else ""
        comment = _COLOR.match(line[place.column - 1 :])
        if key == "color" and comment:
            hint = f'write color: "{comment[1]}"'
            self._report.fault(
                "an unquoted # begins a comment in YAML, so there is no colour here", place, path, hint
            )
        return True
