"""Damaged objects: the first read that touches one says which and what it is, and nothing wrong is ever read."""

from __future__ import annotations

import itertools
import json
import random
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from faults.harness import Faulty, Outcome, Scratch

from datalabel.content import BLOB, object_id
from datalabel.store.history import COMMIT, HEADER, SPEC, TREE
from datalabel.store.segments import SEGMENT
from datalabel.store.snapshots import SNAPSHOT
from datalabel.store.table import TABLE

KINDS = (BLOB, SEGMENT, HEADER, TABLE, TREE, COMMIT, SPEC, SNAPSHOT)


def flipped(data: bytes, bit: int) -> bytes:
    """The same with one bit turned."""
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


DAMAGES: dict[str, Callable[[bytes], bytes | None]] = {
    "first bit flipped": lambda data: flipped(data, 0),
    "middle bit flipped": lambda data: flipped(data, len(data) * 4),
    "last bit flipped": lambda data: flipped(data, len(data) * 8 - 1),
    "cut": lambda data: data[: len(data) // 2],
    "last byte cut": lambda data: data[:-1],
    "longer": lambda data: data + b"\0",
    "emptied": lambda _: b"",
    "removed": lambda _: None,
}


@pytest.fixture(scope="session")
def store(twice: Path, scratch: Scratch) -> Path:
    """A project whose objects are damaged and repaired again."""
    folder = scratch.mktemp("damaged") / "project"
    shutil.copytree(twice, folder)
    return folder


def objects_of(folder: Path) -> dict[str, list[Path]]:
    """The files of the store by the kind of object that their names prove."""
    found: dict[str, list[Path]] = {kind: [] for kind in KINDS}
    for path in sorted((folder / ".dlabel/objects").glob("*/*")):
        data = path.read_bytes()
        kinds = [kind for kind in KINDS if object_id(kind, data) == path.parent.name + path.name]
        assert len(kinds) == 1, path
        found[kinds[0]].append(path)
    return found


@contextmanager
def holding(path: Path, data: bytes | None) -> Iterator[None]:
    """A file that holds something else (None: that is missing) for a while."""
    sound = path.read_bytes()
    path.unlink()
    if data is not None:
        path.write_bytes(data)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        path.write_bytes(sound)


def noticed(done: Outcome, path: Path, kind: str) -> bool:
    """Whether a command said which object is damaged, and what it holds."""
    name = (path.parent.name + path.name)[:12]
    return done.status == 4 and name in done.text and kind in done.text


def needed(faulty: Faulty, folder: Path, *, of_each: int | None = None) -> list[tuple[str, Path]]:
    """The objects that reading everything touches (so many of each kind); no revision needs the others."""
    found: list[tuple[str, Path]] = []
    for kind, paths in objects_of(folder).items():
        touched = (path for path in paths if is_needed(faulty, folder, path))
        found += [(kind, path) for path in itertools.islice(touched, of_each)]
    assert {kind for kind, _ in found} == set(KINDS)
    return found


def is_needed(faulty: Faulty, folder: Path, path: Path) -> bool:
    """Whether reading everything fails without an object."""
    with holding(path, None):
        return faulty.run(folder, ["probe"]).status != 0


def complaints(
    faulty: Faulty, folder: Path, command: str, cases: Sequence[tuple[str, Path, str, bytes | None]]
) -> list[str]:
    """The damages that a command did not notice as it should."""
    wrong = []
    for kind, path, damage, data in cases:
        with holding(path, data):
            done = faulty.run(folder, [command])
        if not noticed(done, path, kind):
            wrong.append(f"{kind} {path.parent.name}{path.name[:10]} {damage}: {done}")
    assert faulty.run(folder, [command]).status == 0
    return wrong


def damages(objects: Sequence[tuple[str, Path]]) -> list[tuple[str, Path, str, bytes | None]]:
    """Every damage of every object, and each replaced by an object of every other kind."""
    cases = []
    one_of_each = {kind: path.read_bytes() for kind, path in objects}
    for kind, path in objects:
        data = path.read_bytes()
        cases += [(kind, path, name, damage(data)) for name, damage in DAMAGES.items()]
        cases += [
            (kind, path, f"a {other} instead", foreign)
            for other, foreign in one_of_each.items()
            if other != kind
        ]
    return cases


READERS = ["probe", "fsck"]


@pytest.mark.parametrize("command", READERS)
def test_damage_to_an_object_of_each_kind_is_named(command: str, faulty: Faulty, store: Path) -> None:
    cases = damages(needed(faulty, store, of_each=1))
    random.Random(4).shuffle(cases)  # noqa: S311
    assert complaints(faulty, store, command, cases[:24]) == []


@pytest.mark.slow
@pytest.mark.parametrize("command", READERS)
def test_every_damage_to_every_object_is_named(command: str, faulty: Faulty, store: Path) -> None:
    assert complaints(faulty, store, command, damages(needed(faulty, store))) == []


def test_everything_that_is_damaged_is_named_at_once(faulty: Faulty, twice: Path, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    shutil.copytree(twice, folder)
    objects = objects_of(folder)
    spoilt = [path for kind in (BLOB, HEADER, SPEC) for path in objects[kind]]
    for path in spoilt:
        path.chmod(0o644)
        path.write_bytes(flipped(path.read_bytes(), 0))
    done = faulty.run(folder, ["fsck", "--json"])
    found = json.loads(done.text)
    named, ids = {one["id"] for one in found["broken"]}, {path.parent.name + path.name for path in spoilt}
    assert done.status == 4
    assert named <= ids
    assert len(ids - named) <= found["unused"]["objects"] < len(named)


COMMANDS: dict[str, list[list[str]]] = {
    BLOB: [
        ["export", "HEAD", "-f", "coco", "-o", "out", "--images", "copy"],
        ["restore", "--from", "HEAD~1", "images"],
    ],
    SEGMENT: [
        ["stats", "HEAD"],
        ["check", "HEAD"],
        ["diff", "HEAD~1", "HEAD"],
        ["export", "-f", "yolo", "-o", "out"],
    ],
    HEADER: [["export", "HEAD", "-f", "coco", "-o", "out"]],
    TABLE: [["stats", "HEAD"], ["show", "HEAD"], ["report", "HEAD"]],
    TREE: [["stats", "HEAD"], ["show", "HEAD"]],
    COMMIT: [["log"], ["show", "HEAD"], ["stats", "HEAD"]],
    SPEC: [["check", "HEAD"], ["spec", "show", "HEAD"]],
    SNAPSHOT: [
        ["snapshot", "list"],
        ["snapshot", "show", "kept"],
        ["export", "kept", "-f", "coco", "-o", "out"],
    ],
}


@pytest.mark.parametrize("kind", KINDS)
def test_commands_say_what_is_damaged_and_go_no_further(
    kind: str, faulty: Faulty, twice: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "project"
    shutil.copytree(twice, folder)
    for path in objects_of(folder)[kind]:
        path.chmod(0o644)
        path.write_bytes(flipped(path.read_bytes(), 0))
    for arguments in COMMANDS[kind]:
        done = faulty.run(folder, arguments)
        assert done.status == 4, (arguments, done)
        assert kind in done.text
        assert not (folder / "out").exists()


# The databases


def random_damages(data: bytes, count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """Bits turned, pages blanked, the end cut off."""
    drawn = random.Random(seed)  # noqa: S311
    yield "emptied", b""
    yield "cut", data[: len(data) // 2]
    yield "other words", b"no database at all" * 100
    for _ in range(count):
        place = drawn.randrange(len(data))
        yield f"bit flipped in byte {place}", flipped(data, place * 8 + drawn.randrange(8))
        page = drawn.randrange(max(len(data) // 4096, 1)) * 4096
        yield f"page at {page} blanked", data[:page] + bytes(4096) + data[page + 4096 :]


def looks(faulty: Faulty, folder: Path, commands: str = "status stats log") -> list[str]:
    """What commands that only look say."""
    done = [faulty.run(folder, [word]) for word in commands.split()]
    return [f"{one.status} {one.text}" for one in done]


COUNTS = [4, pytest.param(100, marks=pytest.mark.slow)]


@pytest.mark.parametrize("count", COUNTS)
def test_a_damaged_cache_costs_time_and_not_truth(
    count: int, faulty: Faulty, edited: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "project"
    shutil.copytree(edited, folder)
    cache = folder / ".dlabel/cache.db"
    sound, wanted = cache.read_bytes(), looks(faulty, folder)
    for name, data in random_damages(sound, count, seed=6):
        cache.write_bytes(data)
        assert looks(faulty, folder) == wanted, name


@pytest.mark.parametrize("count", COUNTS)
def test_damaged_measures_cost_time_and_not_truth(
    count: int, faulty: Faulty, twice: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "project"
    shutil.copytree(twice, folder)
    wanted = looks(faulty, folder, "check stats")
    files = {path: path.read_bytes() for path in (folder / ".dlabel/measures").rglob("*") if path.is_file()}
    assert files
    for path, sound in files.items():
        for name, data in random_damages(sound, count, seed=8):
            path.unlink(missing_ok=True)  # it is read-only, and made again when it was noticed
            path.write_bytes(data)
            assert looks(faulty, folder, "check stats") == wanted, f"{path.name}: {name}"


@pytest.mark.parametrize("count", COUNTS)
def test_a_damaged_state_is_said_to_be_damaged(
    count: int, faulty: Faulty, twice: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "project"
    shutil.copytree(twice, folder)
    state = folder / ".dlabel/state.db"
    commands = "status stats log fsck"
    sound, wanted = state.read_bytes(), looks(faulty, folder, commands)
    for name, data in random_damages(sound, count, seed=7):
        state.write_bytes(data)
        for found, expected in zip(looks(faulty, folder, commands), wanted, strict=True):
            assert found == expected or found.startswith("4 "), name
