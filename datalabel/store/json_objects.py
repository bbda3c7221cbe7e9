"""Reading objects that are JSON: trees, commits and snapshots, which a stranger may have made."""

from __future__ import annotations

import json
from typing import Any

from datalabel.content import ObjectId, canonical_json, is_object_id
from datalabel.errors import DamagedError


class JsonReader:
    """Reads the fields of one object and checks each.

    Every method raises `DamagedError` when the object is not what this program writes.
    """

    def __init__(self, data: bytes, kind: str) -> None:
        self._kind = kind
        try:
            self.fields: dict[str, Any] = self.checked(json.loads(data), dict)
            sound = canonical_json(self.fields) == data
        except (ValueError, RecursionError):
            sound = False
        if not sound:
            raise DamagedError(f"a {kind} object is no canonical JSON")

    def checked(self, value: Any, kind: Any) -> Any:
        """The value, if it is of this type (or one of these)."""
        if not isinstance(value, kind):
            raise DamagedError(f"a {self._kind} object has a field of the wrong type")
        return value

    def text(self, name: str) -> str:
        """A field that is text."""
        return str(self.checked(self.fields.get(name), str))

    def mapping(self, name: str) -> dict[str, Any]:
        """A field that is an object."""
        return dict(self.checked(self.fields.get(name), dict))

    def id_of(self, value: Any) -> ObjectId:
        """A value that is an object id."""
        if not is_object_id(value):
            raise DamagedError(f"a {self._kind} object names something that is no object id")
        return ObjectId(value)

    def optional_id(self, name: str) -> ObjectId | None:
        """A field that is an object id or null."""
        value = self.fields.get(name)
        return None if value is None else self.id_of(value)
