"""One spec over another: what is merged, and what `remove` takes away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from datalabel.errors import nearest
from datalabel.spec import vocabulary as words
from datalabel.spec.authored import Report
from datalabel.spec.vocabulary import join
from datalabel.spec.yaml_text import Node

_MOST_PATHS = 2000


def merged(base: Node, over: Node) -> Node:
    """One spec over another: mappings key by key, everything else replaced.

    Classes and kinds are mappings: a class that the lower spec draws as a box and the upper as a polygon may
    be drawn as both.
    """
    if not (base.is_mapping and over.is_mapping):
        return over
    entries = dict(base.entries)
    for key, inner in over.entries.items():
        entries[key] = merged(entries[key], inner) if key in entries else inner
    return Node(entries, over.place, keys={**base.keys, **over.keys})


def without(root: Node, removals: Node | None, report: Report) -> Node:
    """What was inherited, less the dotted paths of `remove`; a path that leads nowhere is a fault."""
    if removals is None:
        return root
    if not removals.is_list:
        report.fault("remove takes a list of dotted paths", removals.place, "remove")
        return root
    for node in removals.items:
        if node.is_mapping or node.is_list:
            report.fault("remove takes dotted paths, such as data_spec.potato.box", node.place, "remove")
            continue
        found = _removed(root, node.text)
        if found is None:
            close = nearest(node.text, _paths(root))
            tail = f"; did you mean {close!r}?" if close else ""
            report.fault(f"nothing was inherited at {node.text!r}{tail}", node.place, "remove")
        else:
            root = found
    return root


def _removed(node: Node, path: str) -> Node | None:
    """The node without what lies at a path, in full or in the short forms; None when there is nothing.

    Names may hold dots: the longest that is there wins.
    """
    entries = node.entries
    spellings = [(key, key) for key in entries]
    spellings += [(short, full) for short, full in words.ALIASES.items() if full in entries]
    for spelling, key in sorted(spellings, key=lambda one: -len(one[0])):
        if path == spelling:
            return replace(node, value={name: inner for name, inner in entries.items() if name != key})
        if path.startswith(spelling + "."):
            inner = _removed(entries[key], path[len(spelling) + 1 :])
            if inner is not None:
                return replace(node, value={**entries, key: inner})
    # A property may be written straight under its kind.
    block = entries.get("properties")
    inner = _removed(block, path) if block is not None else None
    return None if inner is None else replace(node, value={**entries, "properties": inner})


def _paths(root: Node) -> list[str]:
    """Paths that could have been meant."""
    found: list[str] = []
    for path in _walk(root, ""):
        found.append(path)
        if len(found) == _MOST_PATHS:
            break
    return found


def _walk(node: Node, path: str) -> Iterator[str]:
    for key, inner in node.entries.items():
        yield join(path, key)
        yield from _walk(inner, join(path, key))
