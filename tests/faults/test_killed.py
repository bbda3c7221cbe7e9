"""Killed at every write, sync, rename and database statement: the store opens, and the same command finishes."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from faults.changes import every, performed, struck
from faults.conftest import SECOND
from faults.harness import KILL, KILLED, Faulty, Scratch
from faults.reading import FINISH, difference, read_everything, standing
from pictures import write_coco

COMMANDS: dict[str, tuple[str, list[str]]] = {
    "add": ("edited", ["add"]),
    "first add": ("fresh", ["add", "images", "labels.json", "dlabel.yaml"]),
    "commit": ("staged", ["commit", "-m", "second"]),
    "commit of all": ("edited", ["commit", "-a", "-m", "second"]),
    "restore": ("twice", ["restore", "--from", "HEAD~1", "images", "labels.json", "dlabel.yaml"]),
    "snapshot": ("twice", ["snapshot", "create", "new", "--split", "train=0.5,val=0.5"]),
    "export": ("twice", ["export", "HEAD", "-f", "coco", "-o", "out", "--images", "copy"]),
    "rm": ("twice", ["rm", "images/d.jpg"]),
    "mv": ("twice", ["mv", "images", "pictures"]),
    "migrate": ("mapped", ["spec", "migrate", "map.yaml"]),
    "fix": ("doubled", ["check", "--fix"]),
    "gc": ("twice", ["gc", "--older-than", "0"]),
}
STEP = 59
"""The everyday run tries one death in so many, beginning elsewhere for each command."""


@pytest.fixture(scope="session")
def fresh(faulty: Faulty, edited: Path, scratch: Scratch) -> Path:
    """The files of `edited` in a project that has nothing yet."""
    folder = scratch.mktemp("fresh") / "project"
    shutil.copytree(edited, folder, ignore=shutil.ignore_patterns(".dlabel"))
    faulty.well(folder, "init", "--name", "small")
    return folder


@pytest.fixture(scope="session")
def mapped(twice: Path, scratch: Scratch) -> Path:
    """As `twice`, and a map says that cats are called otherwise under the spec afterwards."""
    folder = scratch.mktemp("mapped") / "project"
    shutil.copytree(twice, folder)
    (folder / "map.yaml").write_text("spec: next.yaml\nsteps: [rename: {cat: feline}]\n", encoding="utf-8")
    classes = "".join(f"  {name}: {{box: {{}}}}\n" for name in ("feline", "dog", "bird"))
    (folder / "next.yaml").write_text(f"project_name: small\ndata_spec:\n{classes}", encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def doubled(faulty: Faulty, twice: Path, scratch: Scratch) -> Path:
    """As `twice`; then every label came once more, and was added."""
    folder = scratch.mktemp("doubled") / "project"
    shutil.copytree(twice, folder)
    write_coco(folder / "labels.json", {name: [*labels, *labels] for name, labels in SECOND.items()})
    faulty.well(folder, "add")
    return folder


def deaths(
    faulty: Faulty, start: Path, arguments: Sequence[str], scratch: Path, *, step: int, offset: int = 0
) -> list[str]:
    """What was wrong after the command died at every `step`-th change."""
    whole, count = performed(faulty, start, arguments, scratch)
    wanted, before = standing(whole), read_everything(start, staged=False)
    complaints = []
    moments = every(step, count, offset)
    for at, folder, killed in struck(faulty, start, arguments, scratch, KILL, moments):
        assert killed.status == KILLED, killed
        try:
            recovered(faulty, folder, arguments)
            after = read_everything(folder)
            assert {name: after.get(name) for name in before} == before, "what was committed reads otherwise"
            assert difference(standing(folder), wanted) == {}
            assert list((folder / ".dlabel/tmp").iterdir()) == []
        except Exception as error:  # noqa: BLE001 - all that is wrong is told at once
            complaints.append(f"{at}: {type(error).__name__}: {str(error)[:1500]}")
    return complaints


def recovered(faulty: Faulty, folder: Path, arguments: Sequence[str]) -> None:
    """The next commands after a death: looking at it, the same again, and one that sweeps."""
    looked = faulty.run(folder, ["status"])
    assert looked.status == 0, looked
    assert ".out." not in looked.text, "what a dead export left is taken for data"
    again = faulty.run(folder, arguments)
    # Where it died after its last step, it is told that there is nothing left to do.
    finished = ("already", "is not tracked", "exists", "is not an empty folder", "is not on disk")
    assert again.status == 0 or (again.status == 3 and any(word in again.text for word in finished)), again
    faulty.well(folder, *FINISH)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_killed_command_leaves_a_store_in_which_it_can_be_run_again(
    name: str, faulty: Faulty, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    start, arguments = COMMANDS[name]
    offset = list(COMMANDS).index(name) * 5
    folder = request.getfixturevalue(start)
    assert deaths(faulty, folder, arguments, tmp_path, step=STEP, offset=offset) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_killed_at_every_single_change(
    name: str, faulty: Faulty, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    start, arguments = COMMANDS[name]
    folder = request.getfixturevalue(start)
    assert deaths(faulty, folder, arguments, tmp_path, step=1) == []
