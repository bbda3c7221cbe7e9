"""What was measured on the segments of label sets, in files beside them: `measures/<version>/ab/…`.

Whatever lies here can be measured again, and may be deleted at any time. So nothing is synced, and a file that is not
what it should be counts as absent. A file's name is the id of its segment and the proof of its footer; it is written
like a segment, and its rows and row groups are those of the segment.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

from datalabel.content import ObjectId
from datalabel.errors import DamagedError
from datalabel.labels.tables import LABELS, LEFT_OUT, MEASURES, MEASURES_VERSION
from datalabel.store.objects import ObjectStore
from datalabel.store.runs import Runs
from datalabel.store.segments import DELETED, Segment, SegmentRef, SegmentWriter
from datalabel.threads import in_order

PLAIN = "plain"
"""The column to ask for to get outlines without those of plain labels."""

GROUPS = 4
"""Row groups that are measured at a time: so much stays near the processor."""

BESIDE = pa.schema([LABELS.field("item"), *MEASURES, *(LABELS.field(name) for name in LEFT_OUT)])
"""The columns of these files, without `deleted`."""

_BESIDE = {*MEASURES.names, *LEFT_OUT}

Measure = Callable[[pa.Table], pa.Table]
"""From labels, all of an item together, to their `MEASURES` and `LEFT_OUT`."""


class Measures:
    """What was measured on the segments of one store."""

    def __init__(self, folder: Path, objects: ObjectStore) -> None:
        self._folder = folder / str(MEASURES_VERSION)
        self._objects = objects

    def of(self, ref: SegmentRef) -> Segment | None:
        """The measures of a segment, open; None where there are none."""
        for path in self._paths(ref):
            with contextlib.suppress(DamagedError, OSError, ValueError):
                _, footer, proof = path.name.split("-")
                beside = replace(ref, size=path.stat().st_size, footer=int(footer), footer_hash=proof)
                return Segment(_File(path), beside, BESIDE)
            self.forget(ref)
        return None

    def forget(self, ref: SegmentRef) -> None:
        """Drop what was measured on a segment."""
        for path in self._paths(ref):
            with contextlib.suppress(OSError):
                path.unlink()

    def keep_only(self, segments: Collection[str]) -> None:
        """Drop what was measured on any other segment than these (by id)."""
        for path in [] if self._leads_elsewhere() else self._folder.glob("??/*-*-*"):
            if (
                not path.parent.is_symlink()
                and path.parent.name + path.name.partition("-")[0] not in segments
            ):
                with contextlib.suppress(OSError):
                    path.unlink()

    def has(self, ref: SegmentRef) -> bool:
        """Whether a segment was measured."""
        return bool(self._paths(ref))

    def add(self, segment: Segment, columns: Sequence[str], measure: Measure) -> None:
        """Measure a segment by these columns; what belongs to segments that it replaces goes.

        Raises:
            OSError: there is no room for it, or no permission.
        """
        self._write(segment, columns, measure)
        for replaced in segment.folds:
            self.forget(replaced)

    def _paths(self, ref: SegmentRef) -> list[Path]:
        folder = self._folder / ref.id[:2]
        return sorted(folder.glob(f"{ref.id[2:]}-*")) if folder.is_dir() else []

    def _write(self, segment: Segment, columns: Sequence[str], measure: Measure) -> None:
        folder = self._folder / segment.ref.id[:2]
        self._make_room(folder)
        file = _File(self._objects.new_temporary())
        writer = SegmentWriter(file, BESIDE)
        try:
            for rows in _grouped(segment, columns, measure):
                writer.write(rows)
            ref = writer.finish()
        except BaseException:
            writer.abandon()
            raise
        file.path.replace(folder / f"{segment.ref.id[2:]}-{ref.footer}-{ref.footer_hash}")

    def _leads_elsewhere(self) -> bool:
        return self._folder.parent.is_symlink() or self._folder.is_symlink()

    def _make_room(self, folder: Path) -> None:
        """Make a folder of this version; what other versions left goes."""
        if self._leads_elsewhere() or folder.is_symlink():
            raise NotADirectoryError(f"{folder} leads elsewhere")
        if not self._folder.is_dir():
            for old in self._folder.parent.glob("*"):
                shutil.rmtree(old, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)


class _File:
    """One file in place of an object store: what is written like a segment goes there, and is read from there."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def new_temporary(self) -> Path:
        """The file."""
        return self.path

    def adopt(self, temporary: Path, name: ObjectId) -> None:
        """It is where it should be."""

    def open(self, name: ObjectId, kind: str = "object") -> BinaryIO:  # noqa: ARG002
        """The file, whatever its name."""
        return self.path.open("rb")


def _grouped(segment: Segment, columns: Sequence[str], measure: Measure) -> Iterator[pa.Table]:
    """The segment's row groups, measured by two threads."""
    schema = BESIDE.append(DELETED)

    def measured(rows: pa.Table) -> pa.Table:
        found = measure(rows)
        for name in ("item", DELETED.name):
            found = found.append_column(name, rows.column(name))
        return found.select(schema.names).cast(schema)

    waiting, coming = schema.empty_table(), in_order(measured, _whole_items(segment, columns))
    for _, size in segment.starts():
        while waiting.num_rows < size:
            waiting = pa.concat_tables([waiting, next(coming)])
        yield waiting.slice(0, size)
        waiting = waiting.slice(size)


def _whole_items(segment: Segment, columns: Sequence[str]) -> Iterator[pa.Table]:
    """All rows, a few row groups at a time; the rows of an item are not split."""
    names = [*columns, DELETED.name]
    rest = segment.read(names, [])
    last = len(segment.bounds())
    for start in range(0, last, GROUPS):
        end = min(start + GROUPS, last)
        rows = pa.concat_tables([rest, segment.read(names, range(start, end))]).combine_chunks()
        whole = rows.num_rows if end == last else int(Runs.of(rows).starts[-1])
        if whole:
            yield rows.slice(0, whole)
        rest = rows.slice(whole)


class MeasuredSegment(Segment):
    """A segment of a label set; what was measured on it is read as if it had these columns."""

    def __init__(
        self, objects: ObjectStore, ref: SegmentRef, schema: pa.Schema, measures: Measures | None
    ) -> None:
        super().__init__(objects, ref, schema)
        self._measures = measures

    def read(
        self, columns: Sequence[str], groups: Sequence[int] | None = None, *, joined: bool = True
    ) -> pa.Table:
        """As of any segment. Where `plain` is among the columns, `MEASURES` may be, too, and `LEFT_OUT` are those of
        the labels that are not plain; of a segment that was not measured `MEASURES` are null."""
        if PLAIN not in columns:
            return super().read(columns, groups, joined=joined)
        beside = self._read_beside([name for name in columns if name in _BESIDE], groups)
        known = set(beside.column_names) if beside else set(MEASURES.names)
        rows = super().read([name for name in columns if name not in known], groups)
        if beside is None:
            beside = pa.table([pa.nulls(rows.num_rows, field.type) for field in MEASURES], schema=MEASURES)
        both = {name: part for part in (rows, beside) for name in part.column_names}
        schema = pa.schema([both[name].field(name) for name in columns])
        return pa.table([both[name].column(name) for name in columns], schema=schema)

    def _read_beside(self, columns: Sequence[str], groups: Sequence[int] | None) -> pa.Table | None:
        """What was measured; None when nothing was, or when that is damaged: then it goes."""
        if self._beside is None or self._measures is None:
            return None
        try:
            return self._beside.read(columns, groups)
        except DamagedError:
            self._close_beside()
            self._measures.forget(self.ref)
            self._beside = None
            return None

    @cached_property
    def _beside(self) -> Segment | None:
        found = self._measures.of(self.ref) if self._measures else None
        if found is not None and list(found.starts()) != list(self.starts()):
            found.close()
            return None
        return found

    def close(self) -> None:
        """Release the files."""
        super().close()
        self._close_beside()

    def _close_beside(self) -> None:
        if beside := self.__dict__.get("_beside"):
            beside.close()
