"""What some sources say of the numbers by which others name images and classes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from datalabel.errors import InputError


def categories_of(headers: Iterable[tuple[str, Mapping[str, Any]]], asking: str) -> list[Mapping[str, Any]]:
    """The categories in the headers of sources, each once, for the source `asking`.

    Raises:
        InputError: two of them give one number to two classes.
    """
    known: dict[str, tuple[str, Mapping[str, Any]]] = {}
    for name, header in headers:
        for one in header.get("categories") or ():
            first, other = known.setdefault(json.dumps(one.get("id")), (name, one))
            if other.get("name") != one.get("name"):
                raise InputError(
                    f"category {one.get('id')} is {other.get('name')!r} in {first} and {one.get('name')!r} "
                    f"in {name}, and a list of results names classes by number only",
                    where=asking,
                    hint="give the classes of both files numbers of their own",
                )
    return [one for _, one in known.values()]
