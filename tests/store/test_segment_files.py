"""Who reads a segment: Arrow itself, which needs no Python object for it."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
from object_stores import local_objects

from datalabel.content import ObjectId
from datalabel.store.objects import LocalObjects
from datalabel.store.segments import Segment, write_segment

SCHEMA = pa.schema([pa.field("item", pa.string(), nullable=False), pa.field("count", pa.int64())])


class Watched(LocalObjects):
    """A local store that remembers the files it opened."""

    opened: list[BinaryIO]

    def open(self, name: ObjectId, kind: str = "object") -> BinaryIO:
        file = super().open(name, kind)
        self.opened.append(file)
        return file


def test_arrow_holds_no_file_of_python(tmp_path: Path) -> None:
    """Its threads let go of what they read after the command's last line: with a file of Python's, one process in
    fifty was aborted then."""
    local_objects(tmp_path)
    objects = Watched(tmp_path)
    objects.opened = []
    rows = pa.table({"item": ["a", "b"], "count": [1, 2], "deleted": [False, False]})
    ref = write_segment(objects, SCHEMA, [rows])
    objects.flush()
    with Segment(objects, ref, SCHEMA) as segment:
        assert [file.closed for file in objects.opened] == [True]
        assert segment.read(["count"]).column("count").to_pylist() == [1, 2]
