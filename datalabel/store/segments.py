"""Segments: immutable Parquet files sorted by item key, and the references that tables keep to them.

A segment's rows have the columns of its table and `deleted`: a deleted row is a marker that names an item
which has no rows any more. The reference holds what is needed to trust the file before Parquet is parsed:
its length, and the length and BLAKE3 of its footer.
"""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, BinaryIO, Protocol, Self

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from datalabel.content import ObjectId, canonical_json, hasher, is_object_id
from datalabel.errors import DamagedError, is_shortage
from datalabel.store import hundredths
from datalabel.store.objects import PUT_BACK, ObjectStore
from datalabel.threads import in_order

SEGMENT = "segment"
ROW_GROUP = 4096
"""Rows per row group: small enough that one item is found by reading little."""

SEGMENT_ROWS = 1 << 18
"""Rows per segment, unless it is a fold: what one thread writes, and what is held at a time."""

_WORTH_THREADS = 1 << 13
"""Fewer rows are read before other threads have begun."""

DELETED = pa.field("deleted", pa.bool_(), nullable=False)
_FOLDS = b"dlabel.folds"
_GROUPS = b"dlabel.groups"
_GROUP = "row group"


@dataclass(frozen=True, slots=True)
class SegmentRef:
    """A table's reference to a segment: its id, rows, key range, and the proof of its footer."""

    id: ObjectId
    rows: int
    first: str
    last: str
    size: int
    footer: int
    footer_hash: str

    def to_json(self) -> list[Any]:
        """As in a table object."""
        return [self.id, self.rows, self.first, self.last, self.size, self.footer, self.footer_hash]

    @classmethod
    def from_json(cls, value: Any) -> SegmentRef:
        """Read back, checked.

        Raises:
            DamagedError: it is not what `to_json` writes.
        """
        types = (str, int, str, str, int, int, str)
        if (
            not isinstance(value, list)
            or len(value) != len(types)
            or any(type(cell) is not kind for cell, kind in zip(value, types, strict=True))
            or not is_object_id(value[0])
            or min(value[1], value[4], value[5]) < 0
        ):
            raise DamagedError("a table refers to a segment in a way that cannot be read")
        return cls(ObjectId(value[0]), *value[1:])


class _Hashed(io.RawIOBase):
    """A new file that knows the hash of what was written, of everything and of each piece."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb", buffering=1 << 20)
        self._whole = hasher(SEGMENT)
        self._piece = hasher(_GROUP)

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._whole.update(data)
        self._piece.update(data)
        return self._file.write(data)

    def tell(self) -> int:
        return self._file.tell()

    def close(self) -> None:
        self._file.close()
        super().close()

    def name(self) -> ObjectId:
        """The id of an object with all of this."""
        return ObjectId(self._whole.hexdigest())

    def piece(self) -> list[Any]:
        """Where a piece ends, and the hash of what was written since the last one."""
        ended, self._piece = self._piece, hasher(_GROUP)
        return [self.tell(), ended.hexdigest()]


class Files(Protocol):
    """Of an object store what it takes to write a segment and to read it."""

    def new_temporary(self) -> Path:
        """A path for an unfinished write."""

    def adopt(self, temporary: Path, name: ObjectId) -> None:
        """Take over a finished file."""

    def open(self, name: ObjectId, kind: str = "object") -> BinaryIO:
        """The file as a seekable one."""


class SegmentWriter:
    """Writes one segment from batches that are sorted by item key and come in key order."""

    def __init__(self, objects: Files, schema: pa.Schema, folds: Sequence[SegmentRef] = ()) -> None:
        self._objects = objects
        self._temporary = objects.new_temporary()
        self._rows = 0
        self._first: str | None = None
        self._last = ""
        self._schema = schema.append(DELETED)
        self._file = _Hashed(self._temporary)
        self._groups: list[list[Any]] = []
        self._writer = pq.ParquetWriter(
            pa.PythonFile(self._file, mode="w"),
            hundredths.split_schema(self._schema),
            compression="zstd",
            compression_level=1,
            store_schema=False,
            write_statistics=["item"],
            **hundredths.encodings(self._schema),
        )
        if folds:
            self._writer.add_key_value_metadata({_FOLDS: canonical_json([ref.to_json() for ref in folds])})

    def write(self, rows: pa.Table) -> None:
        """Append rows (some) with the column `deleted`."""
        items = rows.column("item")
        self._first = items[0].as_py() if self._first is None else self._first
        self._last = items[-1].as_py()
        self._rows += rows.num_rows
        rows = rows.cast(self._schema)
        for start in range(0, rows.num_rows, ROW_GROUP):
            group = hundredths.split(rows.slice(start, ROW_GROUP))
            self._writer.write_table(group, row_group_size=ROW_GROUP)
            self._groups.append(self._file.piece())

    def finish(self) -> SegmentRef:
        """Close the file and hand it to the store; it becomes visible with the store's next flush."""
        self._writer.add_key_value_metadata({_GROUPS: canonical_json(self._groups)})
        self._writer.close()
        size = self._file.tell()
        self._file.close()
        with self._temporary.open("rb") as file:
            footer = read_footer(file, size)
        name = self._file.name()
        self._objects.adopt(self._temporary, name)
        footer_hash = hasher("footer")
        footer_hash.update(footer)
        return SegmentRef(
            name, self._rows, self._first or "", self._last, size, len(footer), footer_hash.hexdigest()
        )

    def abandon(self) -> None:
        """Drop the unfinished file."""
        for close in (self._writer.close, self._file.close):
            with contextlib.suppress(OSError):  # the very reason, perhaps, why it stays unfinished
                close()
        self._temporary.unlink(missing_ok=True)


def read_footer(file: BinaryIO, size: int) -> bytes:
    """The metadata of a Parquet file with its length and the closing magic.

    Raises:
        ValueError: the file does not end like one.
    """
    file.seek(max(size - 8, 0))
    tail = file.read(8)
    length = int.from_bytes(tail[:4], "little") + 8
    if tail[4:] != b"PAR1" or length > size:
        raise ValueError("does not end like a Parquet file")
    file.seek(size - length)
    return file.read(length)


class Segment:
    """An open segment. What is read of it is verified first: the footer, and each row group before it is parsed."""

    def __init__(self, objects: Files, ref: SegmentRef, schema: pa.Schema) -> None:
        self.ref = ref
        self._lying = hundredths.split_schema(schema.append(DELETED))
        self._file = _natively(objects.open(ref.id, SEGMENT))
        try:
            self._trust_footer()
            with self._damage():
                self._parquet = pq.ParquetFile(self._file, page_checksum_verification=True)
            if self._parquet.metadata.num_rows != ref.rows:
                raise self.damaged("has another number of rows than its table says")
        except BaseException:
            self._file.close()
            raise
        self._bounds: list[tuple[str, str]] | None = None
        self._trusted: set[int] = set()
        self._last_read: dict[tuple[int | str, ...], pa.Table] = {}

    def _trust_footer(self) -> None:
        self._file.seek(0, 2)
        if self._file.tell() != self.ref.size:
            raise self.damaged(f"has {self._file.tell():,} bytes instead of {self.ref.size:,}")
        running = hasher("footer")
        try:
            running.update(read_footer(self._file, self.ref.size))
        except ValueError as error:
            raise self.damaged(str(error)) from None
        if running.hexdigest() != self.ref.footer_hash:
            raise self.damaged("has a damaged footer")
        self._file.seek(0)
        if self._file.read(4) != b"PAR1":
            raise self.damaged("does not begin like a Parquet file")
        self._file.seek(0)

    def damaged(self, what: str) -> DamagedError:
        """The error that says what is wrong with this segment."""
        return DamagedError(f"the segment {self.ref.id[:12]}… {what}", hint=PUT_BACK)

    def _damage(self) -> _DamageGuard:
        return _DamageGuard(self)

    @property
    def folds(self) -> list[SegmentRef]:
        """The segments that this one replaces, oldest first; empty when it is no fold."""
        metadata = self._parquet.metadata.metadata or {}
        if _FOLDS not in metadata:
            return []
        try:
            values = msgspec.json.decode(metadata[_FOLDS], type=list[Any])
        except (msgspec.DecodeError, RecursionError):
            raise self.damaged("does not say which segments it replaces") from None
        return [SegmentRef.from_json(value) for value in values]

    def bounds(self) -> list[tuple[str, str]]:
        """The first and last key of each row group."""
        if self._bounds is None:
            metadata = self._parquet.metadata
            self._bounds = []
            for index in range(metadata.num_row_groups):
                statistics = metadata.row_group(index).column(0).statistics
                if statistics is None or not statistics.has_min_max:
                    raise self.damaged("does not say which keys its row groups hold")
                self._bounds.append((statistics.min, statistics.max))
        return self._bounds

    def starts(self) -> Iterator[tuple[str, int]]:
        """The first key of each row group, and how many rows it has."""
        metadata = self._parquet.metadata
        for index, (first, _) in enumerate(self.bounds()):
            yield first, metadata.row_group(index).num_rows

    def read(
        self, columns: Sequence[str], groups: Sequence[int] | None = None, *, joined: bool = True
    ) -> pa.Table:
        """Columns of some row groups (all: None), in the types of the table's schema. Who drops most of the rows
        joins the others himself (`hundredths.joined`)."""
        chosen = list(range(self._parquet.num_row_groups) if groups is None else groups)
        with self._damage():
            names = hundredths.to_read(columns, self._stored)
            self._trust_groups(chosen)
            threads = self.ref.rows >= _WORTH_THREADS
            table = self._parquet.read_row_groups(chosen, columns=names, use_threads=threads).select(names)
            table = table.cast(pa.schema([self._lying.field(name) for name in names]))
            return hundredths.joined(table) if joined else table

    def read_on(self, columns: Sequence[str], groups: Sequence[int], *, more: bool) -> pa.Table:
        """As `read`, not `joined`. Where there is `more` to come, the last row group is kept, since the next range
        begins in it."""
        if not groups:
            return self.read(columns, groups, joined=False)
        known = self._last_read.get((groups[0], *columns))
        rest = groups if known is None else groups[1:]
        parts = [] if known is None else [known]
        if rest:
            parts.append(self.read(columns, rest, joined=False))
            size = self._parquet.metadata.row_group(rest[-1]).num_rows
            self._last_read = {(rest[-1], *columns): parts[-1].slice(len(parts[-1]) - size)}
        if not more:
            self._last_read = {}
        return pa.concat_tables(parts)

    @cached_property
    def _stored(self) -> list[str]:
        """The columns of the file."""
        return list(self._parquet.schema_arrow.names)

    def _trust_groups(self, chosen: Iterable[int]) -> None:
        for group in chosen if self._groups else ():
            if group not in self._trusted:
                begin = self._groups[group - 1][0] if group else 0
                end, expected = self._groups[group]
                self._file.seek(begin)
                found = hasher(_GROUP)
                found.update(self._file.read(max(end - begin, 0)))
                if found.hexdigest() != expected:
                    raise self.damaged(f"is damaged between its bytes {begin:,} and {end:,}")
                self._trusted.add(group)

    @cached_property
    def _groups(self) -> list[tuple[int, str]]:
        """For each row group where it ends and its hash; empty in early segments, of which only the pages carry
        checksums."""
        text = (self._parquet.metadata.metadata or {}).get(_GROUPS)
        try:
            found = msgspec.json.decode(text, type=list[tuple[int, str]]) if text else []
        except msgspec.DecodeError:
            found = [(0, "")]
        if found and len(found) != self._parquet.num_row_groups:
            raise self.damaged("does not say where its row groups end")
        return found

    def keys(self) -> pa.Array:
        """Every item that this segment names, once."""
        return pc.unique(self.read(["item"]).column("item"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Release the file."""
        self._file.close()


def _natively(file: BinaryIO) -> pa.NativeFile:
    """The same file, read by Arrow itself. Its threads may still let go of what they read when Python ends, and would
    abort the process if that were Python's."""
    with file:
        if isinstance(name := getattr(file, "name", None), str | os.PathLike):
            return pa.OSFile(os.fsencode(name))  # bytes: a folder above may have a name that is no Unicode
        return pa.BufferReader(file.read())


class _DamageGuard:
    """Turns what Parquet raises on damaged bytes into our error."""

    def __init__(self, segment: Segment) -> None:
        self._segment = segment

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if isinstance(error, pa.ArrowException | OSError | KeyError) and not is_shortage(error):
            text = str(error).partition("\n")[0][:120] or type(error).__name__
            raise self._segment.damaged(f"cannot be read ({text})") from error


def write_segments(objects: ObjectStore, schema: pa.Schema, batches: Iterable[pa.Table]) -> list[SegmentRef]:
    """Write batches (with `deleted`, in key order, items unsplit) as segments of about `SEGMENT_ROWS` rows, two
    at a time."""
    parts: list[list[pa.Table]] = []
    for batch in batches:
        if not parts or sum(one.num_rows for one in parts[-1]) + batch.num_rows > SEGMENT_ROWS:
            parts.append([])
        parts[-1].append(batch)
    if len(parts) < 2:
        return [write_segment(objects, schema, part) for part in parts]
    return list(in_order(partial(write_segment, objects, schema), parts))


def write_segment(
    objects: ObjectStore, schema: pa.Schema, batches: Iterable[pa.Table], folds: Sequence[SegmentRef] = ()
) -> SegmentRef:
    """Write batches as one segment; `folds` names those that it replaces."""
    writer = SegmentWriter(objects, schema, folds)
    try:
        for batch in batches:
            writer.write(batch)
        return writer.finish()
    except BaseException:
        writer.abandon()
        raise
