"""What COCO files say of themselves and of their categories, and what of it one file made of several keeps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from datalabel.content import canonical_json
from datalabel.formats.coco.reserved import numbered

if TYPE_CHECKING:
    from datalabel.spec.model import Skeleton

_KEPT = ("info", "licenses")
"""Fields of a file that hold for any part of it. Others may name labels by numbers that are given anew."""

_OWN = {"id", "name"}
"""Fields of a category that say which one it is. Points and edges hold where the spec has no others."""

_NOTHING: tuple[Any, ...] = (None, "", [], {})
"""Values that say nothing."""


@dataclass(frozen=True, slots=True)
class Carried:
    """What a file of several sources has from them: fields of the file, fields and numbers of categories by name; and
    what is lost, since it cannot be kept or the sources do not agree."""

    fields: Mapping[str, Any] = field(default_factory=dict)
    categories: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    numbers: Mapping[str, Any] = field(default_factory=dict)
    lost: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, headers: Sequence[Mapping[str, Any]]) -> Carried:
        """From the headers of the sources."""
        fields = {
            name: said[0]
            for name in _KEPT
            if (said := [fields[name] for fields in map(_fields, headers) if name in fields]) and _agree(said)
        }
        told: dict[str, dict[str, list[Any]]] = {}
        for header in headers:
            for name, key, value in _members(header):
                told.setdefault(key, {}).setdefault(name, []).append(value)
        agreed = {key: by_name for key, by_name in told.items() if all(map(_agree, by_name.values()))}
        categories: dict[str, dict[str, Any]] = {}
        for key, by_name in agreed.items():
            for name, values in by_name.items():
                categories.setdefault(name, {})[key] = values[0]
        counts: Counter[str] = Counter()
        for header in headers:
            counts.update(header_fields(header))
        kept = {*map(_of_file, fields), *map(_of_category, agreed)}
        lost = {what: count for what, count in counts.items() if what not in kept}
        return cls(fields, categories, _numbers(headers), lost)


def header_fields(header: Mapping[str, Any]) -> Counter[str]:
    """The fields of a file and of its categories that no column holds, with how often each says something."""
    counts = Counter(_of_file(name) for name, value in _fields(header).items() if value not in _NOTHING)
    counts.update(_of_category(key) for _, key, value in _members(header) if value not in _NOTHING)
    return counts


def skeleton_of(category: Mapping[str, Any]) -> Skeleton | None:
    """Names and edges of a category's keypoints; None where these are no distinct names."""
    names, pairs = category.get("keypoints"), category.get("skeleton")
    if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
        return None
    if not names or len(set(names)) < len(names):
        return None
    numbers = range(1, len(names) + 1)
    fits = isinstance(pairs, list) and all(
        isinstance(pair, list) and len(pair) == 2 and all(type(end) is int and end in numbers for end in pair)
        for pair in pairs
    )
    edges = [(first - 1, second - 1) for first, second in pairs] if fits and pairs else []
    return tuple(names), tuple(edges)


def _fields(header: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = header.get("fields", {})
    return found


def _members(header: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Name, field and value for every such field of every category."""
    for category in header.get("categories", []):
        for key, value in category.items():
            if key not in _OWN:
                yield category["name"], key, value


def _numbers(headers: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The numbers of classes, where all that name a class give it the same, and no other class has it."""
    told = {(name, canonical_json(number)): number for header in headers for name, number in numbered(header)}
    names, texts = Counter(name for name, _ in told), Counter(text for _, text in told)
    return {
        name: number
        for (name, text), number in told.items()
        if name is not None and names[name] == texts[text] == 1
    }


def _agree(values: Sequence[Any]) -> bool:
    return len({canonical_json(value) for value in values}) == 1


def _of_file(name: str) -> str:
    return f"{name} of the file"


def _of_category(name: str) -> str:
    return f"{name} of the category"
