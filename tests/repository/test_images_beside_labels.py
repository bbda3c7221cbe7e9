"""A folder that holds images and labels: it is a source of both, the first time and ever after."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pictures import write_image

from datalabel.repository.repository import Repository

VOC = (
    "<annotation><filename>{name}.png</filename><size><width>64</width><height>48</height><depth>3</depth></size>"
    "<object><name>cat</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>9</xmax><ymax>9</ymax></bndbox></object>"
    "</annotation>\n"
)


def yolo(folder: Path, name: str, shade: int) -> None:
    write_image(folder / f"images/{name}.png", shade)
    (folder / "labels").mkdir(exist_ok=True)
    (folder / f"labels/{name}.txt").write_text("0 0.5 0.5 0.1 0.2\n")
    (folder / "data.yaml").write_text("names: [cat]\n")


def voc(folder: Path, name: str, shade: int) -> None:
    write_image(folder / f"{name}.png", shade)
    (folder / f"{name}.xml").write_text(VOC.format(name=name))


def labelled(repo: Repository) -> dict[str, bool]:
    """For each item with a label, whether its image is here."""
    here = {row["item"]: row["content"] is not None for row in repo.items("STAGED").to_pylist()}
    return {
        key: here[key] for key in sorted(repo.labels("STAGED").to_arrow(["item"]).column("item").to_pylist())
    }


@pytest.mark.parametrize("how", ["add again", "add what is tracked", "commit"])
@pytest.mark.parametrize(("write", "place"), [(yolo, "."), (yolo, "set"), (voc, "."), (voc, "set")])
def test_new_images_come_with_their_labels(repo: Repository, write: type, place: str, how: str) -> None:
    folder = repo.root / place
    folder.mkdir(exist_ok=True)
    write(folder, "a", 1)
    first = repo.add(place)
    assert first.folders == (place,)
    repo.commit("first")
    write(folder, "b", 2)
    assert not repo.status().untracked
    if how == "commit":
        repo.commit("second", all_sources=True)
    else:
        repo.add(*([place] if how == "add again" else []))
    found = labelled(repo)
    assert len(found) == 2
    assert all(found.values())
    repo.commit("done")
    assert repo.status().clean


def test_images_and_labels_of_one_folder_are_moved_and_forgotten_together(repo: Repository) -> None:
    (repo.root / "set").mkdir()
    voc(repo.root / "set", "a", 1)
    repo.add("set")
    repo.commit("first")
    repo.mv("set", "other")
    assert {source.path for source in repo.view().tree.sources.values()} == {"other"}
    assert labelled(repo) == {"other/a.png": True}
    voc(repo.root / "other", "b", 2)
    repo.add()
    assert labelled(repo) == {"other/a.png": True, "other/b.png": True}
    repo.rm("other")
    assert not repo.view().tree.sources
    assert repo.items("STAGED").num_rows == 0


def test_a_folder_that_was_tracked_for_its_labels_alone_is_for_its_images_when_it_is_named(
    repo: Repository,
) -> None:
    """So it is in a project of an earlier version, and where labels came with `--format`."""
    (repo.root / "set").mkdir()
    voc(repo.root / "set", "a", 1)
    repo.add("set", format="voc")
    assert labelled(repo) == {"set/a.png": False}
    assert repo.add("set").folders == ("set",)
    assert labelled(repo) == {"set/a.png": True}


def test_other_label_files_in_a_known_folder_are_found_when_it_is_named(repo: Repository) -> None:
    (repo.root / "set").mkdir()
    voc(repo.root / "set", "a", 1)
    repo.add("set")
    more = {"images": [], "annotations": [], "categories": [{"id": 1, "name": "cat"}]}
    (repo.root / "set" / "more.json").write_text(json.dumps(more))
    assert [one.source for one in repo.add("set").labels] == ["set/more.json"]
