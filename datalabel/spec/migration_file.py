"""Migration maps as they are written: what becomes of labels that were made under an old spec.

    spec: potato-2.yaml         # the spec afterwards; without this line dlabel.yaml as it lies in the project
    steps:                      # one after the other; each speaks the names that those before it left
      - rename: {bad_potato: rotten, green_potato: rotten}    # two classes that get one name are merged
      - split: {class: potato, by: size, into: {small: small_potato, large: large_potato}, else: potato}
      - redraw: {class: rotten, from: polygon, to: box}
      - rename_properties: {class: rotten, names: {colour: color}}
      - map_options: {class: small_potato, property: direction, values: {u: up, d: down, unclear: null}}
      - delete_properties: {class: [small_potato, large_potato], names: [size]}
      - delete: [smudge]        # the labels of these classes go

Where a step takes `class`, it is a name or a list of names; without it, every class is meant. `null` for an
option takes the value away.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from datalabel.errors import nearest
from datalabel.labels.tables import KINDS
from datalabel.spec.authored import Report
from datalabel.spec.migration import (
    DeleteClasses,
    DeleteProperties,
    MapOptions,
    Migration,
    Name,
    Pairs,
    Redraw,
    RenameClasses,
    RenameProperties,
    SplitClass,
    Step,
)
from datalabel.spec.redraw import CONVERSIONS
from datalabel.spec.vocabulary import join
from datalabel.spec.yaml_text import Node, read_yaml


def read_migration(data: bytes | str, name: str, report: Report) -> Migration:
    """The migration that a map says. Faults go to the report; a faulty step is left out.

    Raises:
        InputError: it is no YAML, or more than a map can hold.
    """
    root = read_yaml(data, name, report.faults)
    return _Reader(report).migration(root)


class _Reader:
    def __init__(self, report: Report) -> None:
        self._report = report
        self._verbs: dict[str, Callable[[Node, str], Step | None]] = {
            "rename": self._rename,
            "split": self._split,
            "redraw": self._redraw,
            "rename_properties": self._rename_properties,
            "map_options": self._map_options,
            "delete_properties": self._delete_properties,
            "delete": self._delete,
        }

    def migration(self, root: Node) -> Migration:
        if not root.is_mapping:
            self._fault("a migration map is a mapping with `steps`", root, "")
            return Migration(())
        self._known(root, "", ("spec", "steps"))
        spec = self._name(root, "spec", "") if "spec" in root.entries else None
        listed = root.entries.get("steps")
        if listed is None or not listed.items:
            self._fault("`steps` is a list of steps, such as `- rename: {old: new}`", listed or root, "steps")
            return Migration((), spec)
        steps = [self._step(one, f"steps[{place}]") for place, one in enumerate(listed.items, 1)]
        return Migration(tuple(one for one in steps if one is not None), spec)

    def _step(self, node: Node, path: str) -> Step | None:
        if not node.is_mapping or len(node.entries) != 1:
            self._fault(f"a step is one of {', '.join(self._verbs)}, with what it does", node, path)
            return None
        verb = next(iter(node.entries))
        if verb not in self._verbs:
            self._known(node, path, tuple(self._verbs))
            return None
        return self._verbs[verb](node.entries[verb], join(path, verb))

    # Steps

    def _rename(self, node: Node, path: str) -> Step | None:
        pairs = self._pairs(node, path)
        return RenameClasses(pairs) if pairs else None

    def _delete(self, node: Node, path: str) -> Step | None:
        names = self._names(node, path)
        return DeleteClasses(names) if names else None

    def _split(self, node: Node, path: str) -> Step | None:
        if not self._settings(node, path, ("class", "by", "into"), ("else",)):
            return None
        name, by = (self._name(node, key, path) for key in ("class", "by"))
        into = self._pairs(node.entries["into"], join(path, "into"))
        rest = self._name(node, "else", path) if "else" in node.entries else None
        if name is None or by is None or not into:
            return None
        return SplitClass(name, by, into, rest)

    def _redraw(self, node: Node, path: str) -> Step | None:
        if not self._settings(node, path, ("from", "to"), ("class",)):
            return None
        classes = self._classes(node, path)
        old, new = (self._kind(node, key, path) for key in ("from", "to"))
        if classes is None or old is None or new is None:
            return None
        if (old.text, new.text) not in CONVERSIONS:
            able = [kind for before, kind in CONVERSIONS if before == old.text]
            told = f"; it can become {' or '.join(able)}" if able else ""
            what = f"a {old} cannot be computed into a {new}{told}"
            self._report.fault(what, new.place, join(path, "to"))
            return None
        return Redraw(classes, old, new)

    def _rename_properties(self, node: Node, path: str) -> Step | None:
        if not self._settings(node, path, ("names",), ("class",)):
            return None
        classes = self._classes(node, path)
        pairs = self._pairs(node.entries["names"], join(path, "names"))
        return RenameProperties(classes, pairs) if classes is not None and pairs else None

    def _delete_properties(self, node: Node, path: str) -> Step | None:
        if not self._settings(node, path, ("names",), ("class",)):
            return None
        classes = self._classes(node, path)
        names = self._names(node.entries["names"], join(path, "names"))
        return DeleteProperties(classes, names) if classes is not None and names else None

    def _map_options(self, node: Node, path: str) -> Step | None:
        if not self._settings(node, path, ("property", "values"), ("class",)):
            return None
        classes, name = self._classes(node, path), self._name(node, "property", path)
        values = node.entries["values"]
        gone = [key for key, inner in values.entries.items() if inner.value is None]
        kept = {key: inner for key, inner in values.entries.items() if key not in gone}
        pairs = self._pairs(Node(kept, values.place, keys=values.keys), join(path, "values")) if kept else ()
        taken = tuple((Name(key, values.keys[key]), None) for key in gone)
        if not values.entries:
            self._pairs(values, join(path, "values"))
        if classes is None or name is None or not (pairs or taken):
            return None
        return MapOptions(classes, name, (*pairs, *taken))

    # Pieces

    def _fault(self, what: str, node: Node, path: str) -> None:
        self._report.fault(what, node.place, path)

    def _known(self, node: Node, path: str, known: Sequence[str]) -> bool:
        unknown = [key for key in node.entries if key not in known]
        for key in unknown:
            close = nearest(key, known)
            tail = f"; did you mean {close!r}?" if close else f"; here stand {', '.join(known)}"
            self._report.fault(f"unknown key {key!r}{tail}", node.keys[key], join(path, key))
        return not unknown

    def _settings(self, node: Node, path: str, needed: Sequence[str], others: Sequence[str]) -> bool:
        """Whether a mapping has all that it needs and nothing unknown."""
        if not node.is_mapping:
            self._fault(f"takes a mapping with {', '.join([*needed, *others])}", node, path)
            return False
        sound = self._known(node, path, (*needed, *others))
        missing = [key for key in needed if key not in node.entries]
        if missing:
            self._fault(f"lacks {' and '.join(missing)}", node, path)
        return sound and not missing

    def _name(self, node: Node, key: str, path: str) -> Name | None:
        inner = node.entries[key]
        if not _is_name(inner):
            self._fault("takes a name", inner, join(path, key))
            return None
        return Name(inner.text, inner.place)

    def _names(self, node: Node, path: str) -> tuple[Name, ...]:
        listed = node.items if node.is_list else (node,)
        if not listed or not all(map(_is_name, listed)):
            self._fault("takes a name or a list of names", node, path)
            return ()
        return tuple(Name(one.text, one.place) for one in listed)

    def _classes(self, node: Node, path: str) -> tuple[Name, ...] | None:
        """The classes that a step is about; empty means every class, None that they are faulty."""
        if "class" not in node.entries:
            return ()
        return self._names(node.entries["class"], join(path, "class")) or None

    def _pairs(self, node: Node, path: str) -> Pairs:
        if not node.entries:
            self._fault("takes a mapping from old names to new ones", node, path)
            return ()
        pairs: list[tuple[Name, Name]] = []
        for key in node.entries:
            new = self._name(node, key, path)
            if new is not None:
                pairs.append((Name(key, node.keys[key]), new))
        return tuple(pairs) if len(pairs) == len(node.entries) else ()

    def _kind(self, node: Node, key: str, path: str) -> Name | None:
        name = self._name(node, key, path)
        if name is None or name.text in KINDS:
            return name
        close = nearest(name.text, KINDS)
        tail = f"; did you mean {close!r}?" if close else f"; the kinds are {', '.join(KINDS)}"
        self._report.fault(f"{name.text!r} is no kind{tail}", name.place, join(path, key))
        return None


def _is_name(node: Node) -> bool:
    """Whether a node is text; words like `no` are taken as written, `null` is nothing."""
    return not (node.is_mapping or node.is_list or node.value is None or not node.text)
