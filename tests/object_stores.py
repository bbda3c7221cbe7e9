"""Object stores for tests: the local one in a folder, and one in memory that is too simple to be wrong."""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from datalabel.content import ObjectId, object_id
from datalabel.store.objects import LocalObjects, missing, verified


class MemoryObjects:
    """Objects in a dictionary."""

    def __init__(self) -> None:
        self.kept: dict[ObjectId, bytes] = {}

    def put(self, kind: str, data: bytes) -> ObjectId:
        name = object_id(kind, data)
        self.kept[name] = data
        return name

    def new_temporary(self) -> Path:
        descriptor, path = tempfile.mkstemp()
        os.close(descriptor)
        return Path(path)

    def adopt(self, temporary: Path, name: ObjectId) -> None:
        self.kept[name] = temporary.read_bytes()
        temporary.unlink()

    def flush(self) -> None:
        return None

    def get(self, kind: str, name: ObjectId) -> bytes:
        with self.open(name, kind) as file:
            return verified(kind, name, file.read())

    def open(self, name: ObjectId, kind: str = "object") -> BinaryIO:
        if name not in self.kept:
            raise missing(name, kind)
        return io.BytesIO(self.kept[name])

    def has(self, name: ObjectId) -> bool:
        return name in self.kept

    def ids(self) -> Iterator[ObjectId]:
        yield from sorted(self.kept)

    def delete(self, name: ObjectId) -> None:
        self.kept.pop(name, None)


def local_objects(folder: Path) -> LocalObjects:
    """A local store in an empty folder."""
    for name in ("objects", "tmp"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    return LocalObjects(folder)
