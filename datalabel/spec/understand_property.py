"""One property of a spec: its type, its options, its bounds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from datalabel.spec import vocabulary as words
from datalabel.spec.model import Property
from datalabel.spec.values import Values
from datalabel.spec.yaml_text import Node

MAX_TREE = 16


def understand_property(node: Node, path: str, values: Values) -> Property | None:
    """The property that a spelled-out mapping means; None, and a fault, when it means none."""
    options = node.entries.get("options")
    kind: Any = values.word(node, "type", path, words.TYPES)
    if kind is None:
        if "type" in node.entries:
            return None
        kind = "options" if options is not None else "text"
    if (options is not None) != (kind == "options"):
        values.report.fault(
            "has options, so its type is options"
            if options is not None
            else "of the type options needs `options`",
            node.place,
            path,
        )
        return None
    tree = _tree(options, f"{path}.options", values, 0) if options is not None else []
    leaves = tuple(_leaves(tree))
    if options is not None and len(set(leaves)) < len(leaves):
        twice = next(leaf for index, leaf in enumerate(leaves) if leaf in leaves[:index])
        values.report.fault(f"the option {twice!r} stands twice", options.place, f"{path}.options")
    found = Property(
        type=kind,
        options=leaves,
        tree=tuple(tree) if any(isinstance(one, dict) for one in tree) else (),
        multiple=values.flag(node, "multiple", path),
        required=values.flag(node, "required", path),
        minimum=values.number(node, "minimum", path),
        maximum=values.number(node, "maximum", path),
        pattern=_pattern(node, path, values),
        description=values.text(node, "description", path),
    )
    _check_fit(node, found, path, values)
    return found


def _check_fit(node: Node, found: Property, path: str, values: Values) -> None:
    """Settings that say nothing about this type are mistakes."""
    for name, types in (("multiple", ("options",)), ("pattern", ("text",)), ("minimum", ("number", "integer")),
                        ("maximum", ("number", "integer"))):  # fmt: skip
        if name in node.entries and found.type not in types:
            values.report.fault(
                f"{name} goes with {' or '.join(types)}, not {found.type}",
                node.keys.get(name, node.place),
                f"{path}.{name}",
            )
    if found.minimum is not None and found.maximum is not None and found.minimum > found.maximum:
        values.report.fault("minimum is above maximum", node.entries["minimum"].place, f"{path}.minimum")


def _tree(node: Node, path: str, values: Values, depth: int) -> list[Any]:
    """Options as written: texts, and mappings from a name to the options below it."""
    if depth > MAX_TREE or not (node.is_list or node.is_mapping) or not (node.items or node.entries):
        values.report.fault(
            "options are a list of values, which may have lists of values below them", node.place, path
        )
        return []
    if node.is_mapping:
        return [_branch(name, inner, path, values, depth) for name, inner in node.entries.items()]
    tree: list[Any] = []
    for one in node.items:
        if one.value == words.ELLIPSIS:
            values.report.warn("a literal … counts as absent", one.place, path)
        elif one.is_mapping:
            tree += [_branch(name, inner, path, values, depth) for name, inner in one.entries.items()]
        elif one.is_list or (one.value is None and not one.text):
            values.report.fault("an option is a value, or `name: [values]`", one.place, path)
        else:
            tree.append(one.text)
    return tree


def _branch(name: str, node: Node, path: str, values: Values, depth: int) -> Any:
    if node.value is None:
        return name
    return {name: _tree(node, f"{path}.{name}", values, depth + 1)}


def _leaves(tree: list[Any]) -> Iterator[str]:
    for one in tree:
        if isinstance(one, dict):
            for below in one.values():
                yield from _leaves(below)
        else:
            yield one


def _pattern(node: Node, path: str, values: Values) -> str | None:
    found = values.text(node, "pattern", path)
    if found is None:
        return None
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        pc.match_substring_regex(pa.array([""]), found)
    except pa.ArrowInvalid as error:
        text = str(error).rpartition("regular expression: ")[2] or str(error)
        values.report.fault(
            f"the pattern is none of RE2: {text}", node.entries["pattern"].place, f"{path}.pattern"
        )
        return None
    return found
