"""A table's manifest: which segments it is made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pyarrow as pa

from datalabel.content import canonical_json
from datalabel.errors import DamagedError
from datalabel.labels.tables import ITEMS, LABELS, MEASURED_LABELS, MENTIONS, SPLITS
from datalabel.store.json_objects import JsonReader
from datalabel.store.segments import DELETED, SegmentRef

TABLE = "table"
SCHEMAS: dict[str, pa.Schema] = {"items": ITEMS, "mentions": MENTIONS, "labels": LABELS, "splits": SPLITS}


@dataclass(frozen=True, slots=True)
class Table:
    """A table's manifest: what it holds (a name in `SCHEMAS`) and its segments, oldest first."""

    holds: str
    segments: tuple[SegmentRef, ...] = ()

    @property
    def schema(self) -> pa.Schema:
        """The columns of its rows."""
        return SCHEMAS[self.holds]

    def together(
        self, batches: Iterable[pa.Table], columns: Sequence[str] | None = None, *, markers: bool = False
    ) -> pa.Table:
        """Batches of these columns in one piece: of none, an empty one."""
        found = list(batches)
        if found:
            return pa.concat_tables(found)
        known = MEASURED_LABELS if self.holds == "labels" else self.schema
        schema = self.schema if columns is None else pa.schema([known.field(name) for name in columns])
        return (schema.append(DELETED) if markers else schema).empty_table()

    def to_bytes(self) -> bytes:
        """As an object of the store."""
        return canonical_json({"holds": self.holds, "segments": [ref.to_json() for ref in self.segments]})

    @classmethod
    def from_bytes(cls, data: bytes) -> Table:
        """Read back, checked.

        Raises:
            DamagedError: it is not what `to_bytes` writes.
        """
        reader = JsonReader(data, TABLE)
        holds, segments = reader.text("holds"), reader.checked(reader.fields.get("segments"), list)
        if holds not in SCHEMAS:
            raise DamagedError("a table object holds something that this program does not know")
        return cls(holds, tuple(SegmentRef.from_json(ref) for ref in segments))
