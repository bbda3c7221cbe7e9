"""Two commands at once: one waits or is told who is busy, and neither undoes what the other did."""

from __future__ import annotations

import os
import platform
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from faults.harness import COUNT, KILL, KILLED, Faulty, Scratch
from faults.reading import read_everything, standing
from pictures import write_coco, write_image

from datalabel.repository.project import Project

ROUNDS = 2


@pytest.fixture(scope="module")
def three(faulty: Faulty, shim: Path, scratch: Scratch) -> Iterator[list[Faulty]]:
    """Three terminals."""
    faulty.run(scratch.mktemp("nowhere"), ["status"])
    with (
        Faulty(shim, scratch.mktemp("terminal")) as second,
        Faulty(shim, scratch.mktemp("terminal")) as third,
    ):
        yield [faulty, second, third]


def sources_of(folder: Path) -> set[str]:
    """The sources in staging."""
    store = Project(folder).store
    try:
        staging = store.state.read().staging
        assert staging
        return set(store.history.tree(staging).sources)
    finally:
        store.close()


def more(folder: Path, number: int) -> str:
    """A new label file for new images; its name."""
    images = {}
    for shade in range(3):
        name = f"images/{number}-{shade}.jpg"
        write_image(folder / name, number * 10 + shade)
        images[name] = [("cat", 1.0 + shade, 2.0, 10.0, 10.0)]
    write_coco(folder / f"more-{number}.json", images)
    return f"more-{number}.json"


def rounds(three: list[Faulty], folder: Path, count: int) -> set[str]:
    """Three terminals add and commit something each, again and again; the sources that were added, or were there."""
    wanted = set(sources_of(folder))
    for turn in range(count):
        names = [more(folder, turn * 3 + number) for number in range(3)]
        pairs = zip(three, names, strict=True)
        running = [one.start(folder, "add", name, "images", "--wait", "60") for one, name in pairs]
        for one in running:
            done = one.wait()
            assert done.status == 0, done
        wanted |= set(names)
        assert sources_of(folder) == wanted
        running = [one.start(folder, "commit", "-m", f"{turn}", "--wait", "60") for one in three]
        assert [one.wait().status for one in running] == [0, 0, 0]
    return wanted


def messages_of(folder: Path) -> list[str]:
    """What the commits say, newest first."""
    return [message for _, message in standing(folder).commits]


def labelled_by(folder: Path) -> set[str]:
    """The sources of the labels in the newest commit."""
    last = read_everything(folder, staged=False)[standing(folder).commits[0][0]]
    return {row["source"] for row in last["set ground_truth"]}


def test_those_who_wait_lose_nothing(three: list[Faulty], committed: Path, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    shutil.copytree(committed, folder)
    wanted = rounds(three, folder, 1)
    assert sources_of(folder) == wanted
    assert messages_of(folder) == ["0", "first"]
    assert labelled_by(folder) == wanted - {"images"}


@pytest.mark.slow
def test_those_who_wait_lose_nothing_many_times(three: list[Faulty], committed: Path, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    shutil.copytree(committed, folder)
    wanted = rounds(three, folder, 40)
    assert sources_of(folder) == wanted
    assert messages_of(folder) == [*(str(turn) for turn in reversed(range(40))), "first"]
    assert labelled_by(folder) == wanted - {"images"}


def test_those_who_do_not_wait_are_told_who_is_busy(
    three: list[Faulty], committed: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "project"
    shutil.copytree(committed, folder)
    wanted = set(sources_of(folder))
    refused = 0
    for turn in range(ROUNDS):
        names = [more(folder, turn * 3 + number) for number in range(3)]
        running = [one.start(folder, "add", name, "images") for one, name in zip(three, names, strict=True)]
        for one, name in zip(running, names, strict=True):
            done = one.wait()
            if done.status == 0:
                wanted.add(name)
            else:
                assert done.status == 5, done
                assert "`dlabel add`" in done.text or "another command" in done.text, done
                refused += 1
        assert sources_of(folder) == wanted
    read_everything(folder)
    assert refused


def test_the_dead_are_taken_over(faulty: Faulty, edited: Path, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    shutil.copytree(edited, folder)
    count = faulty.run(folder, ["restore", "--staged", "--dry-run"], COUNT).count
    assert faulty.run(folder, ["add"], KILL, count).status == KILLED
    with sqlite3.connect(folder / ".dlabel/state.db") as db:
        assert db.execute("SELECT command FROM writer").fetchone() == ("dlabel add",)
    db.close()
    faulty.well(folder, "add")


HOLDER = """\
import fcntl, os, sys, time
fcntl.flock(os.open(sys.argv[1], os.O_RDONLY), fcntl.LOCK_EX)
print(flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("host", [platform.node(), "elsewhere"])
def test_the_living_are_not_wherever_they_run(
    host: str, faulty: Faulty, edited: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "project"
    shutil.copytree(edited, folder)
    command = [sys.executable, "-c", HOLDER, str(folder / ".dlabel")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as stopped:
        assert stopped.stdout is not None
        stopped.stdout.readline()
        os.kill(stopped.pid, signal.SIGSTOP)
        try:
            with sqlite3.connect(folder / ".dlabel/state.db") as db:
                row = (1, stopped.pid, host, "dlabel add", "2026-01-01T00:00:00Z", "")
                db.execute("INSERT OR REPLACE INTO writer VALUES (?, ?, ?, ?, ?, ?)", row)
            db.close()
            done = faulty.run(folder, ["add", "--wait", "0.3"])
            assert done.status == 5
            assert f"`dlabel add` (process {stopped.pid} on {host}" in done.text
            faulty.well(folder, "status")
        finally:
            stopped.kill()
    faulty.well(folder, "add")
