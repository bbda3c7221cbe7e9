"""A data spec from labels that are there: the tightest readable one that they satisfy, as YAML text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from datalabel.printable import amount
from datalabel.spec.model import Property, Skeleton
from datalabel.spec.observed import ObservedProperties
from datalabel.spec.observed_sizes import ObservedSizes
from datalabel.spec.yaml_scalar import quoted

MOST_POINTS = 1000
"""Keypoint labels with more points than this get no names for them."""

Ints = npt.NDArray[np.int64]


def infer_spec(
    batches: Iterable[tuple[pa.Table, pa.Table]],
    project_name: str,
    skeletons: Mapping[str, Skeleton] = MappingProxyType({}),
) -> str:
    """The spec that these items, each with all its labels of one set, satisfy. One pass, bounded memory.

    Classes and kinds stand in alphabetical order, each with the number of labels in a comment, and in another
    the tightest conditions that all of them keep to, for their author to take or leave. Text with few
    different values becomes options; numbers get the limits that they keep to; what every label of a class
    and kind has is required. What no declaration covers (text beside numbers, nested values) is named in a
    comment. Keypoints get the names and edges that `skeletons` has for their class, where there are as many, else
    placeholders for names.
    """
    seen = _Seen()
    for items, labels in batches:
        seen.add_items(items)
        seen.add_labels(labels)
    return "\n".join(_lines(seen, project_name, skeletons)) + "\n"


# What there is


@dataclass(slots=True)
class _SeenType:
    """The labels of one class and kind; `items` have any, `most` and `least` are per item that has any."""

    labels: int = 0
    items: int = 0
    least: int = 0
    most: int = 0
    properties: ObservedProperties = field(default_factory=ObservedProperties)
    points: set[int] = field(default_factory=set)
    sizes: ObservedSizes = field(default_factory=ObservedSizes)


@dataclass(slots=True)
class _Seen:
    items: int = 0
    formats: set[str] = field(default_factory=set)
    properties: ObservedProperties = field(default_factory=ObservedProperties)
    types: dict[tuple[str, str], _SeenType] = field(default_factory=dict)

    def add_items(self, items: pa.Table) -> None:
        self.items += items.num_rows
        if "format" in items.column_names:
            self.formats.update(filter(None, pc.unique(items.column("format")).to_pylist()))
        if "properties" in items.column_names:
            self.properties.add(_counted(items.column("properties")))

    def add_labels(self, labels: pa.Table) -> None:
        if not labels.num_rows:
            return
        classes, class_codes = _encoded(labels.column("class"))
        kinds, kind_codes = _encoded(labels.column("kind"))
        codes = class_codes * len(kinds) + kind_codes
        _, keys = _encoded(labels.column("item"))
        for code in np.unique(codes).tolist():
            rows = np.flatnonzero(codes == code)
            name, kind = classes[code // len(kinds)], kinds[code % len(kinds)]
            self._add_type(self.types.setdefault((name, kind), _SeenType()), kind, labels, keys, rows)

    def _add_type(
        self, seen: _SeenType, kind: str, labels: pa.Table, keys: Ints, rows: npt.NDArray[np.intp]
    ) -> None:
        _, counts = np.unique(keys[rows], return_counts=True)
        seen.least = min(seen.least or int(counts.min()), int(counts.min()))
        seen.most = max(seen.most, int(counts.max()))
        seen.labels += len(rows)
        seen.items += len(counts)
        drawn = labels.take(pa.array(rows))
        seen.sizes.add(kind, drawn)
        seen.properties.add(_counted(drawn.column("properties")))
        if kind == "keypoints":
            lengths = pc.unique(pc.list_value_length(drawn.column("coords"))).to_pylist()
            seen.points.update((length or 0) // 3 for length in lengths)


def _encoded(column: pa.ChunkedArray) -> tuple[list[str], Ints]:
    """The distinct texts of a column, and for each row the position of its own."""
    encoded = column.combine_chunks().dictionary_encode()
    return encoded.dictionary.to_pylist(), np.asarray(encoded.indices.to_numpy()).astype(np.int64)


def _counted(column: pa.ChunkedArray) -> Iterator[tuple[str | None, int]]:
    counted = column.value_counts()
    return zip(counted.field("values").to_pylist(), counted.field("counts").to_pylist(), strict=True)


# How it is written


def _lines(seen: _Seen, project_name: str, skeletons: Mapping[str, Skeleton]) -> Iterator[str]:
    labels = sum(one.labels for one in seen.types.values())
    yield f"# Inferred from {amount(labels, 'label')} on {amount(seen.items, 'item')}."
    yield f"project_name: {quoted(project_name)}"
    if seen.types:
        yield "data_spec:"
    previous = None
    for (name, kind), one in sorted(seen.types.items()):
        if name != previous:
            yield from _opened(name, 1)
        previous = name
        yield from _type_lines(kind, one, seen.items, skeletons.get(name, ((), ())))
    yield from _image_lines(seen)


def _type_lines(kind: str, one: _SeenType, items: int, skeleton: Skeleton) -> Iterator[str]:
    least = one.least if one.items == items else 0
    spread = f"{least:,}" if least == one.most else f"{least:,}–{one.most:,}"
    comment = f"  # {amount(one.labels, 'label')}, {spread} per image"
    yield f"    {kind}:{comment}"
    yield from _point_lines(one, skeleton)
    yield from _property_lines(one.properties, 3)
    limits = ", ".join([*one.sizes.conditions(), f"per_image: [{least}, {one.most}]"])
    yield f"      # conditions: {{{limits}}}"


def _point_lines(one: _SeenType, skeleton: Skeleton) -> Iterator[str]:
    names, edges = skeleton
    if names and one.points == {len(names)}:
        yield f"      points: [{', '.join(map(quoted, names))}]"
        pairs = (f"[{quoted(names[first])}, {quoted(names[second])}]" for first, second in edges)
        if edges:
            yield f"      edges: [{', '.join(pairs)}]"
    elif len(one.points) == 1 and 0 < max(one.points) <= MOST_POINTS:
        yield f"      points: [{', '.join(f'p{place}' for place in range(1, max(one.points) + 1))}]"
    elif one.points:
        spread = ", ".join(map(str, sorted(one.points)[:8]))
        yield f"      # no names of points: labels have {spread}{', …' if len(one.points) > 8 else ''} points"


def _property_lines(seen: ObservedProperties, depth: int) -> Iterator[str]:
    lines: list[str] = []
    pad = "  " * depth
    for name, declared in seen.declared():
        if isinstance(declared, Property):
            lines += _pair(name, _declaration(declared), depth + 1)
        else:
            yield f"{pad}# cannot declare the property {quoted(name)}: {declared}"
    if seen.many:
        yield f"{pad}# more property names than could be told apart"
    if seen.unreadable:
        yield f"{pad}# {seen.unreadable:,} without readable properties"
    if lines:
        yield f"{pad}properties:"
        yield from lines


def _declaration(declared: Property) -> str:
    if declared.type == "options":
        told = [f"options: [{', '.join(map(quoted, declared.options))}]"]
    else:
        told = [f"type: {declared.type}"]
    told += [
        f"{name}: {_number(limit)}"
        for name, limit in (("minimum", declared.minimum), ("maximum", declared.maximum))
        if limit is not None
    ]
    told += [f"{name}: true" for name in ("multiple", "required") if getattr(declared, name)]
    return "{" + ", ".join(told) + "}"


def _image_lines(seen: _Seen) -> Iterator[str]:
    inner = list(_property_lines(seen.properties, 1))
    if seen.formats:
        inner += ["  conditions:", f"    formats: [{', '.join(map(quoted, sorted(seen.formats)))}]"]
    if any(not line.lstrip().startswith("#") for line in inner):
        yield "image:"
    yield from inner


# Lines of YAML

_LONGEST_KEY = 1000
"""YAML reads no longer keys than 1024 characters on one line without a question mark."""


def _opened(name: str, depth: int) -> Iterator[str]:
    """The line that opens a mapping under a name."""
    return _pair(name, "", depth)


def _pair(name: str, value: str, depth: int) -> Iterator[str]:
    pad, key = "  " * depth, quoted(name)
    if len(key) > _LONGEST_KEY:
        yield f"{pad}? {key}"
        key = ""
    yield f"{pad}{key}: {value}".rstrip()


def _number(value: float) -> str:
    if value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    text = repr(value)
    # Readers of YAML 1.1 take 1e+22 for text.
    return text if "." in text else text.replace("e", ".0e")
