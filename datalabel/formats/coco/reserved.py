"""Numbers of categories besides those that a file has. Lists of results may name classes by them, so nothing else
gets them.

They stand in the header as `reserved`: objects with `id`, `name` (the class as it is called here; null: none is left
of it) and `was` (what the file called it).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from datalabel.formats.base import ClassNumber

_RESERVED = "reserved"


def class_numbers(header: Mapping[str, Any]) -> list[ClassNumber]:
    """The numbers of the file's categories, then the reserved ones."""
    found = [
        ClassNumber(_text(one["id"]), one["name"], one["name"], in_file=True, fields=one)
        for one in header.get("categories") or ()
    ]
    return found + [
        ClassNumber(_text(one["id"]), one["name"], one["was"], fields={"id": one["id"]})
        for one in header.get(_RESERVED) or ()
    ]


def with_class_numbers(header: Mapping[str, Any], numbers: Sequence[ClassNumber]) -> Mapping[str, Any]:
    """The header with these numbers reserved, and no others."""
    rest = {key: value for key, value in header.items() if key != _RESERVED}
    rows = [{"id": json.loads(one.number), "name": one.name, "was": one.was} for one in numbers]
    return {**rest, _RESERVED: rows} if rows else rest


def renamed(header: Mapping[str, Any], names: Mapping[str, str | None]) -> Mapping[str, Any]:
    """The header with categories called otherwise; the numbers of those without a name are reserved."""
    kept, gone = [], []
    for one in header.get("categories") or ():
        name = names.get(one["name"], one["name"])
        if name is None:
            gone.append(ClassNumber(_text(one["id"]), None, one["name"]))
        else:
            kept.append({**one, "name": name})
    others = [one for one in class_numbers(header) if not one.in_file]
    return with_class_numbers({**header, "categories": kept}, [*others, *gone])


def numbered(header: Mapping[str, Any]) -> Iterator[tuple[str | None, Any]]:
    """Classes with their numbers, the file's first. A reserved one is that of its class, or of what its class was,
    where the file has no number for it; else of none."""
    in_file = set()
    for one in class_numbers(header):
        number = json.loads(one.number)
        if one.in_file:
            in_file.add(one.name)
            yield one.name, number
        else:
            yield next((name for name in (one.name, one.was) if name and name not in in_file), None), number


def given_numbers(header: Mapping[str, Any]) -> dict[str, Any]:
    """The numbers of classes that have one, but not in the file."""
    in_file = {one.name for one in class_numbers(header) if one.in_file}
    return {name: number for name, number in numbered(header) if name is not None and name not in in_file}


def _text(number: Any) -> str:
    return json.dumps(number, ensure_ascii=False)
