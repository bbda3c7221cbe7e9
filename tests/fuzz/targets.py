"""What is fuzzed: readers of hostile bytes, each with sound inputs to begin from."""

from __future__ import annotations

import contextlib
import random
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from format_round_trip import KnownItems, files_of, on_disk, read_folder
from label_strategies import example
from object_stores import local_objects

from datalabel.errors import DlabelError
from datalabel.formats.base import Format
from datalabel.formats.registry import get_format
from datalabel.labels.tables import LABELS, table_of
from datalabel.labels.where import parse_where
from datalabel.spec.load import load_spec
from datalabel.store.tables import Table, Tables

Reader = Callable[[bytes], None]
SPECS = Path(__file__).resolve().parents[2] / "specs"


@dataclass(frozen=True, slots=True)
class Target:
    """Sound inputs, and what reads one; `open` gives it for as long as it is needed."""

    seeds: Sequence[bytes]
    open: Callable[[Path], Reader]


# Mutations

TOKENS = (
    b"NaN", b"-1e999", b"1e400", b"18446744073709551616", b"-1", b"0", b"\xff\xfe", b"\0", b"\xed\xa0\x80", b"null",
    b"<!DOCTYPE a [<!ENTITY b 'c'>]>", b"&b;", b"[[[[[[[[", b"{", b"}", b'"', b"'", b"\n", b"&a", b"*a",
    b"<<: *a", b"!!x ", b"../", b"/etc/passwd", b".git/hooks/x", b"true",
    b"[]", b"(", b")", b" AND ", b"%", b"\\", b"\xe2\x80\xae",
)  # fmt: skip
WORD = re.compile(rb"[A-Za-z_]+|-?[0-9.]+|\s+|.", re.DOTALL)


def mutated(data: bytes, drawn: random.Random) -> bytes:
    """A sound input with one to four changes."""
    for _ in range(drawn.randrange(1, 5)):
        data = drawn.choice((_flipped, _cut, _repeated, _replaced, _token))(data, drawn)
    return data[: 1 << 16]


def _piece(data: bytes, drawn: random.Random) -> tuple[int, int]:
    start = drawn.randrange(len(data) + 1)
    return start, min(len(data), start + drawn.randrange(40))


def _flipped(data: bytes, drawn: random.Random) -> bytes:
    if not data:
        return data
    changed = bytearray(data)
    changed[drawn.randrange(len(data))] ^= 1 << drawn.randrange(8)
    return bytes(changed)


def _cut(data: bytes, drawn: random.Random) -> bytes:
    start, end = _piece(data, drawn)
    return data[:start] if drawn.random() < 0.1 else data[:start] + data[end:]


def _repeated(data: bytes, drawn: random.Random) -> bytes:
    start, end = _piece(data, drawn)
    return data[:start] + data[start:end] * drawn.choice((2, 3, 50)) + data[end:]


def _replaced(data: bytes, drawn: random.Random) -> bytes:
    start, end = _piece(data, drawn)
    return data[:start] + drawn.choice(TOKENS) * drawn.choice((1, 1, 1, 300)) + data[end:]


def _token(data: bytes, drawn: random.Random) -> bytes:
    words = WORD.findall(data)
    if not words:
        return drawn.choice(TOKENS)
    words[drawn.randrange(len(words))] = drawn.choice((*TOKENS, drawn.choice(words)))
    return b"".join(words)


# Targets


@contextmanager
def only_ours() -> Iterator[None]:
    """Our errors are what bad input should give; all others escape."""
    with contextlib.suppress(DlabelError):
        yield


def importer(name: str) -> Target:
    """A format's reader, on files that its writer made; one of them is changed."""
    fmt = get_format(name)
    files = files_of(fmt, example(fmt.holds))
    smallest = {path.rpartition(".")[2]: path for path in sorted(files, key=lambda path: -len(files[path]))}
    seeds = [b"\0".join((path.encode(), files[path])) for path in smallest.values()]
    return Target([*seeds, *seeds], lambda folder: _file_reader(fmt, files, folder))


def _file_reader(fmt: Format, files: dict[str, bytes], folder: Path) -> Reader:
    items = KnownItems(example(fmt.holds))
    on_disk(files, folder)

    def read(data: bytes) -> None:
        name, _, text = data.partition(b"\0")
        path = name.decode("utf-8", "replace")
        if path not in files:
            return
        (folder / path).write_bytes(text)
        try:
            with only_ours():
                found = read_folder(fmt, folder, items)
                assert max(found.labels.column("mention").to_pylist(), default=-1) < found.mentions.num_rows
        finally:
            (folder / path).write_bytes(files[path])

    return read


def _spec_reader(_: Path) -> Reader:
    def read(data: bytes) -> None:
        with only_ours():
            load_spec(data, name="dlabel.yaml")

    return read


def _where_reader(_: Path) -> Reader:
    def read(data: bytes) -> None:
        with only_ours():
            where = parse_where(data.decode("utf-8", "replace"))
            assert parse_where(where.canonical).terms == where.terms

    return read


ROWS = table_of(
    {
        "item": [f"images/{number // 3}.jpg" for number in range(30)],
        "id": list(range(30)),
        "class": [f"c{number % 3}" for number in range(30)],
        "kind": ["polygon"] * 30,
        "coords": [[0.0, 1.5, float(number)] for number in range(30)],
    },
    LABELS,
)


def _segment_reader(folder: Path) -> Reader:
    objects = local_objects(folder)
    tables = Tables(objects)
    table = tables.append(Table("labels"), ROWS)
    objects.flush()
    path = objects.path(table.segments[0].id)
    path.chmod(0o644)
    expected = tables.read(table)

    def read(data: bytes) -> None:
        path.write_bytes(data)
        with only_ours():
            assert tables.read(table) == expected, "damage gave other rows"

    return read


def _segment() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        _segment_reader(Path(folder))
        (path,) = (Path(folder) / "objects").glob("*/*")
        return path.read_bytes()


EXPRESSIONS = (
    b"class IN ('cat', 'dog') AND area > 32 * 32 AND NOT crowd",
    b"properties.color = 'red' OR (confidence BETWEEN 0.1 AND 0.9 AND w / h >= 2)",
    b"item LIKE 'images/%!_x' ESCAPE '!' AND properties.occluded IS NOT NULL",
)


def targets() -> dict[str, Callable[[], Target]]:
    """Every target by its name; made when it is asked for."""
    return {
        "coco": lambda: importer("coco"),
        "voc": lambda: importer("voc"),
        "yolo": lambda: importer("yolo"),
        "spec": lambda: Target([path.read_bytes() for path in sorted(SPECS.rglob("*.yaml"))], _spec_reader),
        "where": lambda: Target(EXPRESSIONS, _where_reader),
        "segment": lambda: Target([_segment()], _segment_reader),
    }
