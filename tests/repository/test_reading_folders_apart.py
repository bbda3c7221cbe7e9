"""Reading a folder in part, where what is read together, or meanwhile, must not matter."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from label_folders import FOLDERS, Files, Folder, begin, write, yolo
from remembering import forget, outcome

from datalabel.errors import DlabelError
from datalabel.repository.add import adding
from datalabel.repository.add.digests import contents_of
from datalabel.repository.repository import Repository

pytestmark = pytest.mark.usefixtures("short_beginnings")

Said = list[dict[str, Any]]
Scene = Callable[[Repository, Callable[[], object]], tuple[Said, object]]


def both(place: Path, files: Files, scene: Scene) -> Said:
    """What a scene finds with what is remembered, where that and all that it leads to is the same without."""
    outcomes = []
    for name in ("one", "two"):
        with begin(place / name / "p", dict(files)) as repo:

            def forgotten(repo: Repository = repo, forgetful: bool = name == "two") -> None:
                if forgetful:
                    forget(repo)

            outcomes.append(scene(repo, forgotten))
    assert outcomes[0] == outcomes[1]
    return outcomes[0][0]


def labels_of(repo: Repository, item: str) -> Said:
    """What is staged of an item's labels."""
    rows = repo.labels("STAGED").to_arrow(["item", "class", "x", "y", "w", "h"]).to_pylist()
    return [row for row in rows if row["item"] == item]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda one: one.format)
def test_two_items_that_one_file_has_named_are_told_apart(tmp_path: Path, folder: Folder) -> None:
    files = folder.begun()
    name = sorted(files)[5]
    image = f"{Path(name).stem}.jpg"

    def scene(repo: Repository, forgotten: Callable[[], object]) -> tuple[Said, object]:
        repo.add("labels")
        repo.rm(image)
        (repo.root / "sub").mkdir()
        (repo.root / image).rename(repo.root / "sub" / image)
        repo.add("sub")
        said = {**files, name: files[name].replace("\n", "\n\n", 1).replace("64", "65")}
        write(repo, said)
        repo.add("labels", partial=True)
        last = max(files)
        write(repo, {**said, last: said[last].replace("2", "3", 1)})
        forgotten()
        found = outcome(repo, repo.add("labels"))
        mentions = repo.view("STAGED").mentions_of("labels").select(["item", "width", "extra"]).to_pylist()
        return [row for row in mentions if row["item"] == f"sub/{image}"], found

    (mention,) = both(tmp_path, files, scene)
    if folder.format == "voc":
        assert mention["width"] == 65
    else:
        assert mention["extra"] == '{"$blanks": [[1, ""]]}'


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda one: one.format)
def test_a_file_that_is_saved_while_it_is_read_is_not_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: Folder
) -> None:
    files = folder.begun()
    *_, other, _, last = sorted(files)
    image = f"{Path(last).stem}.jpg"

    def scene(repo: Repository, forgotten: Callable[[], object]) -> tuple[Said, object]:
        def saved_after_hashing(*arguments: Any) -> dict[str, str]:
            found = contents_of(*arguments)
            write(repo, {**files, last: files[last].replace("0", "1", 1)})
            return found

        with monkeypatch.context() as patch:
            patch.setattr(adding, "contents_of", saved_after_hashing)
            repo.add("labels")
        assert labels_of(repo, image) != expected
        write(repo, {**files, other: files[other].replace("2", "3", 1)})
        forgotten()
        found = outcome(repo, repo.add("labels"))
        return labels_of(repo, image), found

    with begin(tmp_path / "fresh" / "p", files) as fresh:
        fresh.add("labels")
        expected = labels_of(fresh, image)
    assert len(expected) == 2
    assert both(tmp_path, files, scene) == expected


def test_faults_come_in_the_order_of_files_and_lines(tmp_path: Path) -> None:
    files = yolo()

    def scene(repo: Repository, forgotten: Callable[[], object]) -> tuple[Said, object]:
        repo.add("labels")
        (repo.root / "labels" / "labels" / "11.txt").write_bytes(b"0 .5 .5 .5 .5 \xff\n")
        (repo.root / "labels" / "labels" / "05.txt").write_text("0 0.5 0.5 0.25 nan\nx\n")
        forgotten()
        with pytest.raises(DlabelError) as caught:
            repo.add("labels")
        return [{"where": fault.where} for fault in caught.value.faults], None

    places = ["labels/labels/05.txt:1", "labels/labels/05.txt:2", "labels/labels/11.txt"]
    assert [one["where"] for one in both(tmp_path, files, scene)] == places
