"""Reading a folder in part, where what is read together, or meanwhile, must not matter."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from label_folders import FOLDERS, Files, Folder, begin, short_beginnings, write, yolo
from remembering import forget, outcome

from datalabel.errors import DlabelError
from datalabel.repository import adding
from datalabel.repository.digests import contents_of
from datalabel.repository.repository import Repository


@pytest.fixture(autouse=True)
def _short() -> Iterator[None]:
    with short_beginnings():
        yield


def both(place: Path, files: Files, scene: Callable[[Repository, Callable[[], object]], object]) -> object:
    """What a scene leads to with what is remembered, where it is the same without."""
    outcomes = []
    for name in ("one", "two"):
        with begin(place / name / "p", dict(files)) as repo:

            def forgotten(repo: Repository = repo, forgetful: bool = name == "two") -> None:
                if forgetful:
                    forget(repo)

            outcomes.append(scene(repo, forgotten))
    assert outcomes[0] == outcomes[1]
    return outcomes[0]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda one: one.format)
def test_two_items_that_one_file_has_named_are_told_apart(tmp_path: Path, folder: Folder) -> None:
    files = folder.begun()
    name = sorted(files)[5]

    def scene(repo: Repository, forgotten: Callable[[], object]) -> object:
        repo.add("labels")
        repo.rm(f"{Path(name).stem}.jpg")
        (repo.root / "sub").mkdir()
        (repo.root / f"{Path(name).stem}.jpg").rename(repo.root / "sub" / f"{Path(name).stem}.jpg")
        repo.add("sub")
        said = {**files, name: files[name].replace("\n", "\n\n", 1).replace("64", "65")}
        write(repo, said)
        repo.add("labels", partial=True)
        last = max(files)
        write(repo, {**said, last: said[last].replace("2", "3", 1)})
        forgotten()
        return outcome(repo, repo.add("labels"))

    both(tmp_path, files, scene)


def test_a_file_that_is_saved_while_it_is_read_is_not_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in FOLDERS:
        files = folder.begun()
        *_, other, _, last = sorted(files)

        def scene(
            repo: Repository,
            forgotten: Callable[[], object],
            files: Files = files,
            last: str = last,
            other: str = other,
        ) -> object:
            edited = {**files, last: files[last].replace("0", "1", 1)}

            def hashed(*arguments: Any) -> dict[str, str]:
                found = contents_of(*arguments)
                write(repo, edited)
                return found

            with monkeypatch.context() as patch:
                patch.setattr(adding, "contents_of", hashed)
                repo.add("labels")
            write(repo, {**files, other: files[other].replace("2", "3", 1)})
            forgotten()
            return outcome(repo, repo.add("labels"))

        both(tmp_path / folder.format, files, scene)


def test_faults_come_in_the_order_of_files_and_lines(tmp_path: Path) -> None:
    files = yolo()

    def scene(repo: Repository, forgotten: Callable[[], object]) -> object:
        repo.add("labels")
        (repo.root / "labels" / "labels" / "11.txt").write_bytes(b"0 .5 .5 .5 .5 \xff\n")
        (repo.root / "labels" / "labels" / "05.txt").write_text("0 0.5 0.5 0.25 nan\nx\n")
        forgotten()
        with pytest.raises(DlabelError) as caught:
            repo.add("labels")
        return [fault.where for fault in caught.value.faults]

    places = ["labels/labels/05.txt:1", "labels/labels/05.txt:2", "labels/labels/11.txt"]
    assert both(tmp_path, files, scene) == places
