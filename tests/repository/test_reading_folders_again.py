"""A folder of label files most of which are known is read in part; what comes of it is what reading all gives."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pictures import write_image
from remembering import THEN, Bases, do_then, forget, outcome

import datalabel
from datalabel.errors import DlabelError
from datalabel.formats.base import Before, Read
from datalabel.formats.registry import get_format
from datalabel.formats.voc import read as voc_read
from datalabel.formats.yolo import read as yolo_read
from datalabel.repository.adding import Added
from datalabel.repository.repository import Repository
from datalabel.store.history import Tree

Files = dict[str, str]
Edit = Callable[[Files, random.Random], None]

IMAGES = 12
DATA = "data.yaml"


@pytest.fixture(autouse=True)
def _short_beginnings() -> Iterator[None]:
    """A small folder has more than its beginning."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(yolo_read, "BEGINNING", 60)
        patch.setattr(yolo_read, "CHUNK", 90)
        patch.setattr(voc_read, "SAMPLE", 2)
        yield


def _yolo() -> Files:
    lines = [f"0 0.5 0.5 0.{number + 10} 0.25\n1 0.25 0.5 0.125 0.5\n" for number in range(IMAGES)]
    files = {f"labels/{number:02}.txt": text for number, text in enumerate(lines)}
    return {DATA: "names: [cat, dog]\n", **files}


def _voc() -> Files:
    def box(name: str, left: int) -> str:
        sides = f"<xmin>{left}</xmin><ymin>2</ymin><xmax>{left + 9}</xmax><ymax>20</ymax>"
        return f"  <object><name>{name}</name><bndbox>{sides}</bndbox></object>\n"

    def file(number: int) -> str:
        size = "<size><width>64</width><height>48</height></size>"
        boxes = box("cat", number) + box("dog", number + 5)
        return f"<annotation>\n  <filename>{number:02}.jpg</filename>{size}\n{boxes}</annotation>\n"

    return {f"{number:02}.xml": file(number) for number in range(IMAGES)}


def _one(files: Files, at: random.Random) -> str:
    return at.choice(sorted(name for name in files if name != DATA))


def _changed(old: str, new: str) -> Edit:
    def edit(files: Files, at: random.Random) -> None:
        name = _one(files, at)
        files[name] = files[name].replace(old, new, 1)

    return edit


def _first_changed(old: str, new: str) -> Edit:
    def edit(files: Files, at: random.Random) -> None:
        name = min(name for name in files if name != DATA)
        files[name] = files[name].replace(old, new)

    return edit


def _drop_file(files: Files, at: random.Random) -> None:
    if len(files) > 3:
        del files[_one(files, at)]


def _empty_file(files: Files, at: random.Random) -> None:
    files[_one(files, at)] = ""


def _same_as_another(files: Files, at: random.Random) -> None:
    files[_one(files, at)] = files[_one(files, at)]


def _other_line_ends(files: Files, at: random.Random) -> None:
    name = _one(files, at)
    files[name] = files[name].replace("\r\n", "\n").replace("\n", "\r\n")


def _mostly_other_line_ends(files: Files, at: random.Random) -> None:
    for name in files:
        if at.random() < 0.7:
            files[name] = files[name].replace("\r\n", "\n").replace("\n", "\r\n")


def _other_spelling(files: Files, at: random.Random) -> None:
    for name in sorted(name for name in files if name != DATA)[:3]:
        files[name] = re.sub(r"0\.\d+", lambda found: f"{float(found[0]):.6f}", files[name])


def _exchanged_classes(files: Files, at: random.Random) -> None:
    files[DATA] = "names: [dog, cat]\n"


def _more_classes(files: Files, at: random.Random) -> None:
    files[DATA] = files[DATA] + "\n"


@dataclass(frozen=True)
class Folder:
    """A format, a folder of it, and what may happen to that."""

    format: str
    begun: Callable[[], Files]
    edits: tuple[Edit, ...]


_ANY: tuple[Edit, ...] = (_drop_file, _other_line_ends, _mostly_other_line_ends, _changed("\n", "\n\n"))
FOLDERS = [
    Folder(
        "yolo",
        _yolo,
        (
            *(*_ANY, _empty_file, _same_as_another, _exchanged_classes, _more_classes, _other_spelling),
            *(_changed("0 0.5 ", "0 1.75 "), _changed("1 0.25", "1 0.250"), _first_changed("0.5", "0.50")),
            *(_changed(" 0.25\n", " 0.25 0.5\n"), _changed("1 0.25 0.5 ", "1 0.25 0.5 0.5 0.25 0.75 ")),
            _changed("0.125 0.5\n", "0.125 0.5 0.5 0.75\n1 0.5 0.5 0.25 0.25 0.75 0.25 0.5\n"),
        ),
    ),
    Folder(
        "voc",
        _voc,
        (
            *(
                *_ANY,
                _changed("<xmin>1", "<xmin>0"),
                _changed("<xmin>", "<xmin> "),
                _first_changed("  ", "\t"),
            ),
            _changed("</name>", "</name><pose>Left</pose>"),
            _changed("<filename>", "<folder>all</folder><filename>"),
            _changed("<width>64", "<width>65"),
            _first_changed("</name>", "</name><difficult>0</difficult>"),
        ),
    ),
]
STEP = st.tuples(st.integers(0, 99), st.integers(0, 999), st.sampled_from([*THEN, "resize"]))


def write(repo: Repository, files: Files) -> None:
    folder = repo.root / "labels"
    for path in sorted(folder.rglob("*")) if folder.exists() else ():
        if path.is_file() and path.relative_to(folder).as_posix() not in files:
            path.unlink()
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_bytes() != text.encode():
            path.write_bytes(text.encode())


def add(repo: Repository, files: Files) -> tuple[Added, Tree, Bases] | list[str]:
    """What adding the folder says, and all that it leads to; or why it cannot be read."""
    write(repo, files)
    try:
        return outcome(repo, repo.add("labels"))
    except DlabelError as error:
        return [str(fault) for fault in error.faults]


def begin(folder: Path, files: Files) -> Repository:
    repo = datalabel.init(folder, name="test")
    for number in range(IMAGES):
        write_image(repo.root / f"{number:02}.jpg", number)
    repo.add(*(repo.root / f"{number:02}.jpg" for number in range(IMAGES)))
    write(repo, files)
    return repo


def then(repo: Repository, name: str) -> None:
    if name == "resize":
        write_image(repo.root / "04.jpg", 4, size=(128, 48))
        repo.add("04.jpg")
    else:
        do_then(repo, name, "labels")


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda one: one.format)
@settings(max_examples=15, deadline=None)
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
    files = _yolo()
    files["labels/08.txt"] = "0 1.75 0.5 0.1 0.1\n"
    with begin(tmp_path / "p", files) as repo:
        first = repo.add("labels")
        files["labels/05.txt"] = ""
        write(repo, files)
        second = repo.add("labels")
    assert len(first.labels[0].remarks) == 1
    assert first.labels[0].remarks == second.labels[0].remarks


def test_polygons_of_the_other_sort_have_all_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = _yolo()
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
    files = _yolo()
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
