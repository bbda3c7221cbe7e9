"""Power lost at any moment: with only what was synced, the store opens, and what it names is whole."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from faults.disk import Disk, Event, events
from faults.harness import LOG, Faulty, Scratch
from faults.reading import FINISH, Standing, difference, read_everything, standing

COMMANDS: dict[str, tuple[str, list[str]]] = {
    "add": ("edited", ["add"]),
    "commit": ("staged", ["commit", "-m", "second"]),
    "commit of all": ("edited", ["commit", "-a", "-m", "second"]),
    "restore": ("twice", ["restore", "--from", "HEAD~1", "images", "labels.json", "dlabel.yaml"]),
    "restore to new folders": ("emptied", ["restore", "images", "labels.json"]),
    "snapshot": ("twice", ["snapshot", "create", "new", "--split", "train=0.5,val=0.5"]),
    "rm": ("twice", ["rm", "--files", "images/d.jpg"]),
    "mv": ("twice", ["mv", "images", "deep/er/pictures"]),
}


@pytest.fixture(scope="session")
def emptied(twice: Path, scratch: Scratch) -> Path:
    """As `twice`, and the working tree is gone."""
    folder = scratch.mktemp("emptied") / "project"
    shutil.copytree(twice, folder)
    shutil.rmtree(folder / "images")
    (folder / "labels.json").unlink()
    return folder


def logged(faulty: Faulty, folder: Path, scratch: Path, *commands: Sequence[str]) -> list[Event]:
    """Everything that commands did, one after the other."""
    found: list[Event] = []
    for number, arguments in enumerate(commands):
        log = scratch / f"log-{number}"
        done = faulty.run(folder, arguments, LOG, log=log)
        assert done.status == 0, done
        found += events(log)
    return found


def crashes(
    start: Path, root: Path, log: Sequence[Event], scratch: Path, *, step: int, mixtures: int
) -> Iterator[tuple[str, Path]]:
    """What the disk may hold after crashes: at every `step`-th moment, and after the last one."""
    disk = Disk(start)
    there = str(root)
    for number, event in enumerate(log, 1):
        here = [name.replace(there, str(start), 1) for name in (event.path, event.other)]
        disk.play(replace(event, path=here[0], other=here[1]))
        if number % step and number != len(log):
            continue
        for mixture in range(mixtures + 1):
            folder = scratch / f"{number}-{mixture}"
            folder.mkdir()
            drawn = random.Random(number * 100 + mixture)  # noqa: S311
            disk.crash(folder, drawn if mixture else None)
            yield f"after {number} of {len(log)}, {event.what} {event.path}, mixture {mixture}", folder
            shutil.rmtree(folder)


def store_differs(found: Standing, wanted: Standing) -> dict[str, object]:
    """What differs of where the store stands."""
    return difference(replace(found, files=()), replace(wanted, files=()))


def faults_of(
    faulty: Faulty, start: Path, arguments: Sequence[str], scratch: Path, *, step: int, mixtures: int
) -> list[str]:
    """What was wrong after the power went at every `step`-th moment."""
    root = scratch / "project"
    shutil.copytree(start, root)
    log = logged(faulty, root, scratch, arguments)
    before, after = standing(start), standing(root)
    wrong = []
    for name, folder in crashes(start, root, log, scratch, step=step, mixtures=mixtures):
        try:
            held = standing(folder)
            ends = [stand for stand in (before, after) if not store_differs(held, stand)]
            assert ends, store_differs(held, after)
            if ", mixture 0" in name and f"after {len(log)} " in name:
                assert after in ends, "what was done is not durable"
            read_everything(folder)
            faulty.well(folder, "status")
            faulty.well(folder, *FINISH)
            held = standing(folder)
            assert any(not difference(held, stand) for stand in ends), difference(held, ends[-1])
        except Exception as error:  # noqa: BLE001 - all that is wrong is told at once
            wrong.append(f"{name}: {type(error).__name__}: {str(error)[:800]}")
    return wrong


@pytest.mark.parametrize("name", COMMANDS)
def test_what_was_synced_is_a_whole_store(
    name: str, faulty: Faulty, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    start, arguments = COMMANDS[name]
    folder = request.getfixturevalue(start)
    assert faults_of(faulty, folder, arguments, tmp_path, step=61, mixtures=1) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_what_was_synced_is_a_whole_store_at_every_moment(
    name: str, faulty: Faulty, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    start, arguments = COMMANDS[name]
    folder = request.getfixturevalue(start)
    assert faults_of(faulty, folder, arguments, tmp_path, step=3, mixtures=1) == []


def test_a_new_project_is_durable_from_its_first_commit_on(
    faulty: Faulty, edited: Path, tmp_path: Path
) -> None:
    start, root = tmp_path / "start", tmp_path / "project"
    shutil.copytree(edited, start, ignore=shutil.ignore_patterns(".dlabel", "dlabel.yaml"))
    shutil.copytree(start, root)
    log = logged(
        faulty,
        root,
        tmp_path,
        ["init", "--name", "x"],
        ["add", "images", "labels.json"],
        ["commit", "-m", "first"],
    )
    for _, folder in crashes(start, root, log, tmp_path, step=len(log), mixtures=0):
        assert standing(folder).commits == standing(root).commits
        read_everything(folder)
