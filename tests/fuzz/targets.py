"""What is fuzzed: readers of hostile bytes, each with sound inputs to begin from."""

from __future__ import annotations

import contextlib
import io
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from format_round_trip import KnownItems, files_of, on_disk, read_folder
from label_strategies import example
from object_stores import local_objects
from PIL import Image
from where_world import ITEM_TABLE, LABEL_TABLE

from datalabel.check.accepted import Acceptance, read_accepted, to_text
from datalabel.check.baseline import Baseline, read_baseline
from datalabel.check.finding import Mark
from datalabel.content import object_id
from datalabel.errors import DlabelError
from datalabel.formats.base import Format
from datalabel.formats.registry import get_format
from datalabel.labels.tables import LABELS, table_of
from datalabel.labels.where import parse_where
from datalabel.looks import look_at
from datalabel.repository.config import load_config
from datalabel.spec.authored import Report
from datalabel.spec.load import load_spec
from datalabel.spec.migration_file import read_migration
from datalabel.store.history import Commit, Source, Tree
from datalabel.store.snapshots import Snapshot
from datalabel.store.state import Base, Rename, State
from datalabel.store.table import Table
from datalabel.store.tables import Tables

Reader = Callable[[bytes], None]
SPECS = Path(__file__).resolve().parents[2] / "specs"


@dataclass(frozen=True, slots=True)
class Target:
    """Sound inputs, and what reads one; `open` gives it for as long as it is needed."""

    seeds: Sequence[bytes]
    open: Callable[[Path], Reader]


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


def of_bytes(read: Callable[[bytes], object]) -> Callable[[Path], Reader]:
    """A reader that needs no folder, and whose answer is taken as it comes."""

    def reader(data: bytes) -> None:
        with only_ours():
            read(data)

    return lambda _: reader


def _read_map(data: bytes) -> None:
    report = Report()
    read_migration(data, "map.yaml", report)
    report.faults.raise_if_any()


def _where_reader(_: Path) -> Reader:
    def read(data: bytes) -> None:
        with only_ours():
            where = parse_where(data.decode("utf-8", "replace"))
            assert parse_where(where.canonical).terms == where.terms
            where.labels(LABEL_TABLE, ITEM_TABLE)

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


def _table() -> Table:
    with tempfile.TemporaryDirectory() as folder:
        return Tables(local_objects(Path(folder))).append(Table("labels"), ROWS)


def _segment() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        _segment_reader(Path(folder))
        (path,) = (Path(folder) / "objects").glob("*/*")
        return path.read_bytes()


def _config_reader(folder: Path) -> Reader:
    path = folder / "config.yaml"

    def read(data: bytes) -> None:
        path.write_bytes(data)
        with only_ours():
            load_config(path)

    return read


NAMES = [object_id("blob", str(number).encode()) for number in range(6)]


def _state() -> bytes:
    """A database with something in every table."""
    with tempfile.TemporaryDirectory() as folder:
        state = State.create(Path(folder) / "state.db")
        with state.writing("dlabel add"):
            position = state.read().with_base("labels.json", Base(NAMES[1], NAMES[2]))
            start, new = state.read(), replace(position, staging=NAMES[0])
            state.stage(start, new, [Rename(".dlabel/tmp/1", "labels.json")])
            state.move_branch(new, replace(new, head=NAMES[3]), "me", "commit: first")
            state.set_ref("snapshots/kept", None, NAMES[4], "me", "snapshot create")
            held = (Path(folder) / "state.db").read_bytes()
        state.close()
        return held


def _state_reader(folder: Path) -> Reader:
    path = folder / "state.db"

    def read(data: bytes) -> None:
        path.write_bytes(data)
        state = State(path)
        for look in (state.read, state.refs, state.journal):
            with only_ours():
                look()
        with only_ours(), state.writing("dlabel add"):
            pass
        state.close()

    return read


SOURCE = Source("coco", "l.json", "a", "me", NAMES[5], {"item_key": "basename"})
COUNTS = {"": {"items": 1, "labels": 2}, "train": {"items": 1, "labels": 2}}
OBJECTS = (
    Tree(NAMES[0], NAMES[1], NAMES[2], NAMES[3], {"a": NAMES[4]}, {"l": SOURCE}),
    Commit(NAMES[0], (NAMES[1],), "main", "me", "2026-01-01T00:00:00Z", "why", {"items": 1}, {"dirty": True}),
    Snapshot("kept", NAMES[0], NAMES[1], NAMES[2], "d", ["a"], {"seed": 1}, COUNTS, "", "me", "now", None),
    _table(),
)


def _read_object(data: bytes) -> None:
    """Whatever object it was made from: every kind is tried, since one may stand where another should."""
    for kind in (Tree, Commit, Snapshot, Table):
        with only_ours():
            read = kind.from_bytes(data)
            assert kind.from_bytes(read.to_bytes()) == read


def _images() -> list[bytes]:
    found = []
    for name in ("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF", "PPM", "JPEG2000"):
        out = io.BytesIO()
        Image.linear_gradient("L").resize((24, 16)).convert("RGB").save(out, name)
        found.append(out.getvalue())
    return found


MAPS = (
    b"""spec: next.yaml
steps:
  - rename: {bad: rotten, green: rotten}
  - delete: [smudge]
""",
    b"""steps:
  - split: {class: potato, by: size, into: {small: s, large: l}, else: potato}
  - redraw: {class: rotten, from: polygon, to: box}
""",
    b"""steps:
  - rename_properties: {class: [a, b], names: {colour: color}}
  - map_options: {class: a, property: direction, values: {u: up, unclear: null}}
  - delete_properties: {names: [size]}
""",
)
SETTINGS = (
    b"user: Ada <ada@example.org>\nimages: reference\nroots:\n  far: /data/far\n  near: /data/near\n",
)
ACCEPTED = to_text(
    [
        Acceptance("G101", "images/a.jpg", "it is a stump", "ground_truth", "0" * 16, "f" * 16, "Ada <a@b>"),
        Acceptance("I101", "images/b.jpg", "grey: on purpose"),
    ]
).encode()
FOUND = {
    Mark("G101", "ground_truth", "a.jpg", "0" * 16, "no area"): 1,
    Mark("I101", "", "b.jpg", "", "grey"): 3,
}
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
        "spec": lambda: Target(
            [path.read_bytes() for path in sorted(SPECS.rglob("*.yaml"))],
            of_bytes(lambda data: load_spec(data, name="dlabel.yaml")),
        ),
        "map": lambda: Target(MAPS, of_bytes(_read_map)),
        "accepted": lambda: Target([ACCEPTED], of_bytes(lambda data: read_accepted(data, "accepted"))),
        "baseline": lambda: Target(
            [Baseline("small", Counter(FOUND)).to_bytes()],
            of_bytes(lambda data: read_baseline(data, "baseline")),
        ),
        "config": lambda: Target(SETTINGS, _config_reader),
        "where": lambda: Target(EXPRESSIONS, _where_reader),
        "segment": lambda: Target([_segment()], _segment_reader),
        "object": lambda: Target([one.to_bytes() for one in OBJECTS], of_bytes(_read_object)),
        "state": lambda: Target([_state()], _state_reader),
        "image": lambda: Target(_images(), of_bytes(lambda data: look_at(data, name="a.jpg"))),
    }
