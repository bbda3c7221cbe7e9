"""Specs of other projects, extended at a revision: `extends: ../other#v3`.

This room cannot read a project's store. Who loads a spec says how (`Projects`); what comes back is the other
project's resolved spec, as it was recorded then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datalabel.errors import InputError
from datalabel.spec.canonical import as_json
from datalabel.spec.model import LabelType, Property, Region, Spec
from datalabel.spec.yaml_text import Node, Place, read_yaml

SPEC_FILE = "dlabel.yaml"
MARK = "#"
_MOST = 100
"""So many projects are looked at in search of a circle."""


@dataclass(frozen=True, slots=True)
class ForeignSpec:
    """A project's spec at a revision: the project's root, the spec resolved, and the text of its author."""

    root: Path
    spec: Spec
    text: bytes = b""


Projects = Callable[[Path, str], ForeignSpec]
"""Reads the spec of the project in a folder at a revision. Raises InputError: there is no project, no such
revision, or no spec at it."""


def reference(text: str) -> tuple[str, str] | None:
    """Folder and revision of `FOLDER#REVISION`; None for anything else."""
    folder, mark, revision = text.partition(MARK)
    return (folder, revision) if mark and folder and revision else None


def way_back(found: ForeignSpec, roots: Iterable[Path], projects: Projects) -> list[str] | None:
    """The references along which a project leads back to one of `roots`; None when it leads to none.

    Projects do not extend each other, at whatever revisions: what one says would hang on the order of commits.
    """
    home = set(roots)
    seen: set[Path] = set()
    waiting: list[tuple[ForeignSpec, list[str]]] = [(found, [])]
    while waiting and len(seen) < _MOST:
        one, way = waiting.pop()
        if one.root in home:
            return way
        if one.root in seen:
            continue
        seen.add(one.root)
        for text in _references(one):
            folder, revision = reference(text) or ("", "")
            try:
                waiting.append((projects(one.root / folder, revision), [*way, text]))
            except InputError:
                continue  # it was there when the other project recorded its spec
    return None


def _references(found: ForeignSpec) -> list[str]:
    """The projects that the author of a spec named under `extends`."""
    try:
        listed = read_yaml(found.text, SPEC_FILE).entries.get("extends")
    except InputError:
        return []
    if listed is None:
        return []
    return [one.text for one in listed.items or (listed,) if reference(one.text)]


# A resolved spec as if it had been written


def node_of(spec: Spec, place: Place) -> Node:
    """The tree of a resolved spec, without the project's name; everything stands at one place."""
    said = {
        "data_spec": {
            name: {kind: _looks(one) for kind, one in kinds.items()} for name, kinds in spec.classes.items()
        },
        "image": {
            "roi": {name: _region(one) for name, one in spec.regions.items()},
            "properties": _properties(spec.item_properties),
            "conditions": as_json(spec.image),
        },
        "workflow": as_json(spec.workflow),
        "check": as_json(spec.check),
        "quality": as_json(spec.quality),
    }
    return _node({key: inner for key, inner in said.items() if inner}, place)


def _looks(looks: LabelType) -> dict[str, Any]:
    # Pairs by the points' names: a number might be taken for a name.
    pairs = {
        key: [[looks.points[end] for end in pair] for pair in getattr(looks, key)]
        for key in ("edges", "symmetric")
    }
    said = {**as_json(looks), **{key: found for key, found in pairs.items() if found}}
    return said | ({"properties": _properties(looks.properties)} if looks.properties else {})


def _properties(properties: Mapping[str, Property]) -> dict[str, Any]:
    found = {}
    for name, declared in properties.items():
        said = as_json(declared)
        tree = said.pop("tree", None)
        found[name] = said | ({"options": tree} if tree else {})
    return found


def _region(region: Region) -> dict[str, Any]:
    return {"relative" if region.relative else "pixels": [list(corner) for corner in region.corners]}


def _node(value: Any, place: Place) -> Node:
    if isinstance(value, Mapping):
        entries = {key: _node(inner, place) for key, inner in value.items()}
        return Node(entries, place, keys=dict.fromkeys(entries, place))
    if isinstance(value, list | tuple):
        return Node([_node(inner, place) for inner in value], place)
    if value is None or isinstance(value, bool | int | float):
        text = "" if value is None else str(value).lower() if isinstance(value, bool) else repr(value)
        return Node(value, place, text)
    return Node(value, place, value)
