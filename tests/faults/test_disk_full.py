"""No space, no permission, no more open files: a clear message, and nothing half-written is referenced."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from faults.changes import every, performed, struck
from faults.harness import FULL, Faulty, Outcome
from faults.reading import FINISH, difference, read_everything, standing

COMMANDS: dict[str, tuple[str, list[str]]] = {
    "add": ("edited", ["add"]),
    "commit": ("staged", ["commit", "-m", "second"]),
    "commit of all": ("edited", ["commit", "-a", "-m", "second"]),
    "restore": ("twice", ["restore", "--from", "HEAD~1", "images", "labels.json", "dlabel.yaml"]),
    "snapshot": ("twice", ["snapshot", "create", "new"]),
    "export": ("twice", ["export", "HEAD", "-f", "coco", "-o", "out", "--images", "copy"]),
    "mv": ("twice", ["mv", "images", "pictures"]),
}


def unclear(done: Outcome, *words: str) -> str | None:
    """What is missing from a refusal, or None when it is as it should be."""
    if done.status != 3:
        return f"exit status {done.status}: {done.text}"
    if "Traceback" in done.text or "fault in dlabel" in done.text:
        return done.text
    return None if any(word in done.text for word in words) else f"does not say why: {done.text}"


def faults_of(
    faulty: Faulty, start: Path, arguments: list[str], scratch: Path, *, step: int, offset: int
) -> list[str]:
    """What was wrong when the disk was full from every `step`-th change on."""
    whole, count = performed(faulty, start, arguments, scratch)
    before, after = standing(start), standing(whole)
    wrong = []
    moments = every(step, count, offset)
    for at, folder, done in struck(faulty, start, arguments, scratch, FULL, moments):
        try:
            # What the disk had no space for may be what can be done without (the cache, the farewell).
            complaint = (
                unclear(done, "No space left", "disk is full", "unable to open") if done.status else None
            )
            assert complaint is None, complaint
            read_everything(folder)
            faulty.well(folder, "status")
            faulty.well(folder, *FINISH)
            held = standing(folder)
            assert any(not difference(held, end) for end in (before, after)), difference(held, before)
            if not difference(held, before):
                faulty.well(folder, *arguments)
            assert difference(standing(folder), after) == {}
        except Exception as error:  # noqa: BLE001 - all that is wrong is told at once
            wrong.append(f"{at} of {count}: {type(error).__name__}: {str(error)[:600]}")
    return wrong


@pytest.mark.parametrize("name", COMMANDS)
def test_a_full_disk_is_told_and_nothing_is_half_done(
    name: str, faulty: Faulty, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    start, arguments = COMMANDS[name]
    folder, offset = request.getfixturevalue(start), list(COMMANDS).index(name) * 3
    assert faults_of(faulty, folder, arguments, tmp_path, step=61, offset=offset) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_a_full_disk_at_many_moments(
    name: str, faulty: Faulty, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    start, arguments = COMMANDS[name]
    assert faults_of(faulty, request.getfixturevalue(start), arguments, tmp_path, step=4, offset=0) == []


# Each command needs more than the first of these limits; those that follow end some of them later, or not at all.
FILES = [8, 12, 16, 24]
MEMORY = [4, 16, 32, 64]


@pytest.mark.parametrize("limit", FILES)
@pytest.mark.parametrize("name", COMMANDS)
def test_too_many_open_files_are_told(
    name: str, limit: int, faulty: Faulty, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    start, arguments = COMMANDS[name]
    folder = tmp_path / "project"
    shutil.copytree(request.getfixturevalue(start), folder)
    done = faulty.run(folder, arguments, limits={"RLIMIT_NOFILE": limit})
    assert done.status or limit > FILES[0], done
    if done.status:
        assert unclear(done, "Too many open files", "unable to open") is None, unclear(
            done, "Too many open files"
        )
    read_everything(folder)
    faulty.well(folder, *FINISH)


@pytest.mark.parametrize("more", MEMORY)
@pytest.mark.parametrize("arguments", [["stats"], ["add"], ["check"]], ids=lambda one: one[0])
def test_too_little_memory_is_told_and_is_no_damage(
    arguments: list[str], more: int, faulty: Faulty, edited: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "project"
    shutil.copytree(edited, folder)
    before = standing(folder)
    done = faulty.run(folder, arguments, limits={"RLIMIT_AS": faulty.memory() + (more << 20)})
    assert done.status or more > MEMORY[0], done
    if done.status:
        assert done.status == 3, done
        assert done.text.startswith("error: the system gives this process no more memory or threads\n"), done
        assert difference(standing(folder), before) == {}
    faulty.well(folder, *arguments)


# Permissions

NOBODY = 65534


@pytest.fixture
def locked(twice: Path, tmp_path: Path) -> Path:
    """A project that its user may read and not write."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    folder = tmp_path / "project"
    shutil.copytree(twice, folder)
    for above in [folder, *folder.parents]:
        if above.stat().st_mode & 0o055 != 0o055:
            above.chmod(above.stat().st_mode | 0o055)
    return folder


def test_a_read_only_project_can_be_looked_at(faulty: Faulty, locked: Path) -> None:
    looking = [
        ["status"],
        ["log"],
        ["stats"],
        ["diff", "HEAD~1", "HEAD"],
        ["check", "HEAD"],
        ["snapshot", "list"],
    ]
    for arguments in looking:
        done = faulty.run(locked, arguments, user=NOBODY)
        assert done.status == 0, (arguments, done)
    (locked / ".dlabel/cache.db").unlink()
    for arguments in looking:
        done = faulty.run(locked, arguments, user=NOBODY)
        assert done.status == 0, (arguments, done)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_read_only_project_refuses_to_be_changed_and_says_why(
    name: str, faulty: Faulty, locked: Path
) -> None:
    before = standing(locked)
    done = faulty.run(locked, COMMANDS[name][1], user=NOBODY)
    complaint = unclear(
        done, "Permission denied", "state.db: state.db cannot be used: attempt to write a readonly"
    )
    assert complaint is None, complaint
    assert difference(standing(locked), before) == {}


def test_what_may_not_be_read_is_named(faulty: Faulty, locked: Path) -> None:
    (locked / "images" / "a.jpg").chmod(0o600)
    shutil.rmtree(locked / ".dlabel")
    locked.chmod(0o777)
    faulty.run(locked, ["init", "--name", "x"], user=NOBODY)
    done = faulty.run(locked, ["add", "images"], user=NOBODY)
    assert unclear(done, "images/a.jpg") is None, unclear(done, "images/a.jpg")
    assert "Permission denied" in done.text
