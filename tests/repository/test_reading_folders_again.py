"""A folder of label files most of which are known is read in part; what comes of it is what reading all gives."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from label_folders import FOLDERS, Files, Folder, begin, write, yolo
from pictures import write_image
from remembering import THEN, Bases, do_then, forget, outcome

from datalabel.errors import DlabelError
from datalabel.formats.base import Before, Read
from datalabel.formats.registry import get_format
from datalabel.repository.add.adding import Added
from datalabel.repository.repository import Repository
from datalabel.store.history import Tree

pytestmark = pytest.mark.usefixtures("short_beginnings")

STEP = st.tuples(st.integers(0, 99), st.integers(0, 999), st.sampled_from([*THEN, "resize"]))


def add(repo: Repository, files: Files) -> tuple[Added, Tree, Bases] | list[str]:
    """What adding the folder says, and all that it leads to; or why it cannot be read."""
    write(repo, files)
    try:
        return outcome(repo, repo.add("labels"))
    except DlabelError as error:
        return [str(fault) for fault in error.faults]


def then(repo: Repository, name: str) -> None:
    if name == "resize":
        write_image(repo.root / "04.jpg", 4, size=(128, 48))
        repo.add("04.jpg")
    else:
        do_then(repo, name, "labels")


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda one: one.format)
@settings(max_examples=6)
@given(steps=st.lists(STEP, min_size=1, max_size=6))
def test_what_was_remembered_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, folder: Folder, steps: list[tuple[int, int, str]]
) -> None:
    place, files = tmp_path_factory.mktemp("again"), folder.begun()
    with begin(place / "one" / "p", files) as remembering, begin(place / "two" / "p", files) as forgetful:
        assert add(remembering, files) == add(forgetful, files)
        for number, seed, after in steps:
            before = dict(files)
            folder.edits[number % len(folder.edits)](files, random.Random(seed))  # noqa: S311
            forget(forgetful)
            expected = add(forgetful, files)
            assert add(remembering, files) == expected
            if isinstance(expected, list):
                files = before
            for repo in (remembering, forgetful):
                then(repo, after)


def read_by(monkeypatch: pytest.MonkeyPatch, folder: Folder) -> list[Read]:
    """Everything that the format reads from now on."""
    fmt = get_format(folder.format)
    found: list[Read] = []
    read = type(fmt).read

    def noted(*arguments: Any) -> Read:
        found.append(read(*arguments))
        return found[-1]

    monkeypatch.setattr(type(fmt), "read", noted)
    return found


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda one: one.format)
def test_only_files_that_changed_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: Folder
) -> None:
    files = folder.begun()
    with begin(tmp_path / "p", files) as repo:
        repo.add("labels")
        found = read_by(monkeypatch, folder)
        name = max(files)
        changed = {"voc": files[name].replace("<ymax>20", "<ymax>21", 1), "yolo": "0 0.5 0.5 0.5 0.5\n"}
        files[name] = changed[folder.format]
        write(repo, files)
        added = repo.add("labels")
        (read,) = found
        assert read.wordings is not None
        numbers = read.mentions.column("number").to_pylist()
        opened = [json.loads(numbers[row]) for row in np.flatnonzero(~read.wordings.same)]
        assert name in opened
        assert len(opened) <= 4
        assert set(read.labels.column("mention").to_pylist()) <= set(np.flatnonzero(~read.wordings.same))
        assert added.labels[0].changed_items == 1
        assert added.labels[0].labels == (23 if folder.format == "yolo" else 24)


def test_what_is_remarked_on_is_remarked_on_each_time(tmp_path: Path) -> None:
    files = yolo()
    files["labels/08.txt"] = "0 1.75 0.5 0.1 0.1\n"
    with begin(tmp_path / "p", files) as repo:
        first = repo.add("labels")
        files["labels/05.txt"] = ""
        write(repo, files)
        second = repo.add("labels")
    assert len(first.labels[0].remarks) == 1
    assert first.labels[0].remarks == second.labels[0].remarks


def test_polygons_of_the_other_sort_have_all_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = yolo()
    files["labels/08.txt"] = "0 0.1 0.1 0.5 0.1 0.5 0.5\n"
    with begin(tmp_path / "p", files) as repo:
        repo.add("labels")
        found = read_by(monkeypatch, FOLDERS[0])
        files["labels/10.txt"] = "0 0.1 0.1 0.5 0.1 0.5 0.5 0.9\n"
        write(repo, files)
        with pytest.raises(DlabelError, match="without its partner"):
            repo.add("labels")
        files["labels/10.txt"] = "0 0.1 0.1 0.5 0.1 0.5 0.5\n"
        write(repo, files)
        repo.add("labels")
        (read,) = found
        assert read.wordings is not None
        assert not read.wordings.same.any()


def test_a_beginning_with_polygons_of_the_other_sort_has_all_read(tmp_path: Path) -> None:
    files = yolo()
    files["labels/00.txt"] += "0 0.5 0.5 0.25 0.25 0.5\n"  # scored, too: the spelling is the same
    files["labels/08.txt"] = "0 0.1 0.1 0.5 0.1 0.5 0.5\n"
    with begin(tmp_path / "p", files) as repo:
        repo.add("labels")
        files["labels/00.txt"] += "0 0.5 0.5 0.25 0.5 0.5 0.25 0.5\n"
        write(repo, files)
        with pytest.raises(DlabelError, match="without its partner"):
            repo.add("labels")


def test_without_a_project_nothing_is_known() -> None:
    assert not Before().same(np.array([0, 1], np.uint64)).any()
