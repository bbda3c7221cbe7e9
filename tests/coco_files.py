"""Small COCO files for tests: built as JSON, read, written and compared by value."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from selections import InMemorySelection

from datalabel.errors import InputError
from datalabel.formats.base import Before, Read, Selection, SourceFiles
from datalabel.formats.coco import FORMAT


@dataclass
class Context:
    """What a reader may ask about the project around it."""

    annotator: str | None = None
    item_key: str | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    known: Sequence[Mapping[str, Any]] = ()
    last: Read | None = None

    def size_of(self, name: str) -> tuple[int, int] | None:  # noqa: ARG002
        return None

    def names_by_number(self) -> Mapping[str, Sequence[str]]:
        return {number: [name] for number, name in self.names.items()}

    def categories(self) -> Sequence[Mapping[str, Any]]:
        return self.known

    def unclear_categories(self) -> Mapping[str, str]:
        return {}

    def before(self, rules: int) -> Before:
        wordings = self.last.wordings if self.last else None
        return Before(wordings.texts) if wordings and wordings.rules == rules else Before()


def document(*annotations: Mapping[str, Any] | str, **top: Any) -> dict[str, Any]:
    """A file of two images and two classes; each annotation is completed with an id, image and category."""
    usual = {"image_id": 1, "category_id": 7}
    rows = [{"id": place + 1, **usual, **dict(one)} for place, one in enumerate(annotations)]  # type: ignore[arg-type]
    images = [
        {"id": 1, "file_name": "a.jpg", "width": 20, "height": 10},
        {"id": 2, "file_name": "b.jpg", "width": 20, "height": 10},
    ]
    categories = [{"id": 7, "name": "cat"}, {"id": 0, "name": "dog"}]
    return {"images": images, "annotations": rows, "categories": categories, **top}


def read(path: Path, value: Any, context: Context | None = None) -> Read:
    """What the format reads from this JSON value (or these bytes) in a file."""
    path.write_bytes(value if isinstance(value, bytes) else json.dumps(value).encode())
    return FORMAT.read(SourceFiles("labels.json", path), context or Context())


def faults(path: Path, value: Any, context: Context | None = None) -> list[str]:
    """The faults with which the format refuses a file; none when it reads it."""
    try:
        read(path, value, context)
    except InputError as error:
        return [str(fault) for fault in error.faults]
    return []


def written(selection: Selection) -> bytes:
    """The one file that the format writes."""
    (file,) = FORMAT.write(selection)
    return b"".join(file.chunks)


def again(path: Path, value: Any, context: Context | None = None) -> Any:
    """A file read and written once more, parsed."""
    found = read(path, value, context)
    annotator = context.annotator if context else None
    return json.loads(written(InMemorySelection.from_read(found, annotator=annotator)))


def unordered(value: Any) -> Any:
    """A parsed file with its lists of objects in an order of their own, numbers compared by value."""
    if isinstance(value, list):
        return sorted(value, key=lambda one: json.dumps(_floats(one), sort_keys=True))
    return {key: unordered(one) if isinstance(one, list) else one for key, one in value.items()}


def _floats(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _floats(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_floats(one) for one in value]
    return float(value) if isinstance(value, int) and abs(value) < 2**53 else value
