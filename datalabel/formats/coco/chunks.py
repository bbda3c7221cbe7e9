"""The annotations of a file, a chunk at a time: read here, or by processes beside this one where there are many.

A process that comes upon anything that the beginning of the file does not tell, or upon a fault, answers nothing.
From that chunk on, all are read here, one after another: so it makes no difference who read what.
"""

from __future__ import annotations

import itertools
import pickle
import re
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from datalabel.errors import Faults
from datalabel.formats.base import READ_LABELS, READ_MENTIONS
from datalabel.formats.coco.annotations import Chunk, read_chunk
from datalabel.formats.coco.columns import Fields, NotObjectsError
from datalabel.formats.coco.images import Categories, Images
from datalabel.formats.coco.lookup import Lookup
from datalabel.formats.coco.repeated import HINT, repeated
from datalabel.processes import Answering, GoneError, Workers, number_of_workers
from datalabel.threads import in_order

Ints = npt.NDArray[np.int64]

CHUNK_ROWS = 50_000
CHUNK_BYTES = 3 << 20
"""Annotations are decoded so many, or so many bytes of them, at a time."""

MANY = 16
"""From so many chunks on, processes are worth their start."""

_NUMBERS = ("bbox", "segmentation", "keypoints", "area", "score")
_SAMPLE = 2_000
_WRITES = frozenset({"id", "bbox", "area", "iscrowd", "num_keypoints"})


@dataclass(frozen=True, slots=True)
class Piece:
    """Some annotations of a file: where they stand in its list, the positions of their images (−1: none), whether
    the number of the image is spelled otherwise there, and their text as a list."""

    rows: Ints
    mentions: npt.NDArray[np.int32]
    respelled: npt.NDArray[np.bool_]
    text: bytes


@dataclass(slots=True)
class ChunkReader:
    """Reads the annotations of one file, some at a time.

    The first of them tell how it is written: which `fields` they have, which of these every label has (`writes`), and
    in which whole numbers have a fraction (`floats`).
    """

    name: str
    annotator: str | None
    images: Images
    categories: Categories
    faults: Faults
    fields: Fields = field(default_factory=Fields)
    floats: Sequence[str] = ()
    writes: frozenset[str] = frozenset({"id", "bbox", "area", "iscrowd"})

    def read(self, piece: Piece) -> pa.Table:
        """Some annotations as labels; faults are collected.

        Raises:
            NotObjectsError: with the place in the list.
        """
        is_first = not self.fields.names
        try:
            columns = self.fields.split(piece.text)
        except NotObjectsError as error:
            first = int(piece.rows.min()) + 1
            raise NotObjectsError(f"annotations from number {first} of the list: {error}") from error
        if is_first:
            self.floats = _float_fields(columns)
            self.writes = _mostly_there(columns)
        chunk = Chunk(
            name=self.name,
            rows=piece.rows,
            mentions=piece.mentions,
            odd=piece.respelled.copy(),
            texts=columns,
            writes=self.writes,
            annotator=self.annotator,
            faults=self.faults,
            images=self.images,
            categories=self.categories,
        )
        for row, twice in repeated(piece.text, columns):
            chunk.fault(row, str(twice), HINT)
        return read_chunk(chunk, piece.text)

    def read_all(self, rows: Sequence[Ints], piece_of: Callable[[Ints], Piece]) -> Iterator[pa.Table]:
        """The annotations of these rows in their order, when the beginning has been read."""
        number = number_of_workers() if len(rows) >= MANY and self.fields.are_settled else 0
        count = 0
        if number:
            with closing(self._read_beside(number, rows, piece_of)) as tables:
                for table in tables:
                    count += 1
                    yield table
        for some in rows[count:]:
            yield self.read(piece_of(some))

    def _read_beside(
        self, number: int, rows: Sequence[Ints], piece_of: Callable[[Ints], Piece]
    ) -> Generator[pa.Table]:
        """As `read_all`, by so many other processes, as far as they answer."""
        images = replace(self.images, mentions=READ_MENTIONS.empty_table(), lookup=Lookup(()))
        with Workers(f"{__name__}:{beside.__name__}", number) as workers:
            workers.tell(pickle.dumps(replace(self, images=images)))

            def ask(some: Ints) -> memoryview:
                try:
                    return workers.ask(pickle.dumps(piece_of(some)))
                except GoneError:
                    return memoryview(b"")

            answers = in_order(ask, rows, workers=number, waiting=number, stop=workers.stop)
            for answer in itertools.takewhile(len, answers):
                yield pa.ipc.open_stream(pa.py_buffer(answer)).read_all()


def beside(about: memoryview) -> Answering:
    """What reads chunks at the other end. The questions come from the one who started this process."""
    reader: ChunkReader = pickle.loads(about)  # noqa: S301
    known = list(reader.fields.names)

    def answer(question: memoryview) -> bytes:
        try:
            table = reader.read(pickle.loads(question))  # noqa: S301
        except NotObjectsError:
            return b""
        if len(reader.faults) or reader.fields.names != known:
            return b""
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, READ_LABELS) as stream:
            stream.write_table(table)
        return bytes(sink.getvalue())

    return answer


def pieces(rows: Ints, sizes: Ints) -> Iterator[Ints]:
    """Some of the annotations in pieces of bounded size; `sizes` are those of all."""
    start = 0
    ends = np.cumsum(sizes[rows])
    while start < len(rows):
        before = int(ends[start - 1]) if start else 0
        stop = int(np.searchsorted(ends, before + CHUNK_BYTES, "right"))
        stop = min(max(stop, start + 1), start + CHUNK_ROWS)
        yield rows[start:stop]
        start = stop


def _float_fields(columns: Mapping[str, pa.StringArray]) -> list[str]:
    """The fields in which most whole numbers are written with a fraction, judged by the first labels."""
    found = []
    for name in _NUMBERS:
        if name in columns:
            sample = " ".join(text for text in columns[name].slice(0, _SAMPLE).to_pylist() if text)
            fractions = len(re.findall(r"\d\.0+(?![\d.eE])", sample))
            if fractions > len(re.findall(r"(?<![\d.eE+-])-?\d+(?![\d.eE])", sample)):
                found.append(name)
    return found


def _mostly_there(columns: Mapping[str, pa.StringArray]) -> frozenset[str]:
    """The fields that the writer gives every label, since most labels of the file's beginning have them."""
    return frozenset(
        name for name in _WRITES & columns.keys() if columns[name].null_count * 2 < len(columns[name])
    )
