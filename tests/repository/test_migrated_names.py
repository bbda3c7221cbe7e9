"""Classes that a migration renames are called so in the files that name them, under the numbers they had there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from pictures import coco, commit_labels, write_image

from datalabel.repository.repository import Repository
from datalabel.repository.revisions import view_at
from datalabel.repository.spec.migrating import migrate

BOXES: dict[str, list[Any]] = {
    "images/a.jpg": [("bad", 1, 2, 10, 10), ("green", 20, 20, 8, 8)],
    "images/b.jpg": [("good", 5, 5, 20, 20), ("smudge", 30, 1, 5, 5)],
}
YOLO = {
    "data.yaml": "nc: 3\nnames: [bad, green, good]  # as drawn\ntrain: images\n",
    "obj.names": "bad\ngreen\ngood\n",
    "classes.txt": "\ufeffbad\r\ngreen\r\ngood\r\n",
}


def write_voc(path: Path, *boxes: tuple[str, int, int, int, int]) -> None:
    """An XML that names the image `a.jpg`; boxes are corners."""
    objects = "".join(
        f"<object><name>{name}</name><bndbox><xmin>{x}</xmin><ymin>{y}</ymin><xmax>{right}</xmax>"
        f"<ymax>{bottom}</ymax></bndbox></object>"
        for name, x, y, right, bottom in boxes
    )
    path.parent.mkdir(exist_ok=True)
    path.write_text(
        "<annotation><filename>a.jpg</filename><size><width>64</width><height>48</height></size>"
        f"{objects}</annotation>"
    )


def write(repo: Repository, document: dict[str, Any]) -> None:
    (repo.root / "labels.json").write_text(json.dumps(document))


def document(**more: Any) -> dict[str, Any]:
    """The file, with more said of each category."""
    found = coco(BOXES, **more)
    for one in found["categories"]:
        one["supercategory"] = f"of {one['name']}"
    return found


def run(repo: Repository, steps: str) -> None:
    path = repo.root / "map.yaml"
    path.write_text(f"steps: [{steps}]\n")
    migrate(repo.project, path, allow_unmapped=True)


@pytest.fixture
def project(repo: Repository) -> Repository:
    return commit_labels(repo, document(), "project_name: p\n")


def exported(repo: Repository, out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        (repo.export("coco", out, revision="STAGED").folder / "labels.json").read_text()
    )
    return found


def categories(found: dict[str, Any]) -> list[tuple[int, str, str | None]]:
    return [(one["id"], one["name"], one.get("supercategory")) for one in found["categories"]]


def classes(found: dict[str, Any]) -> list[str]:
    names = {number: name for number, name, _ in categories(found)}
    return sorted(names[one["category_id"]] for one in found["annotations"])


def test_a_renamed_class_keeps_its_number_and_what_is_said_of_it(project: Repository, tmp_path: Path) -> None:
    run(project, "{rename: {bad: rotten}}")
    found = exported(project, tmp_path / "out")
    assert categories(found) == [
        (1, "rotten", "of bad"),
        (2, "good", "of good"),
        (3, "green", "of green"),
        (4, "smudge", "of smudge"),
    ]
    assert classes(found) == ["good", "green", "rotten", "smudge"]
    run(project, "{rename: {rotten: bad}}")
    assert exported(project, tmp_path / "back") == document()
    assert not view_at(project.project, "STAGED").tree.sources["labels.json"].names


def test_a_class_without_labels_is_not_written_and_others_keep_their_numbers(
    project: Repository, tmp_path: Path
) -> None:
    run(project, "{rename: {bad: rotten, green: rotten}}, {delete: smudge}")
    found = exported(project, tmp_path / "out")
    assert categories(found) == [(1, "rotten", "of bad"), (2, "good", "of good")]
    assert classes(found) == ["good", "rotten", "rotten"]
    project.commit("migrated")
    splits = project.export("yolo", tmp_path / "yolo", allow_loss=True)
    assert yaml.safe_load((splits.folder / "data.yaml").read_text())["names"] == {0: "rotten", 1: "good"}


def test_the_next_file_in_the_old_words_is_called_as_here(project: Repository, tmp_path: Path) -> None:
    run(project, "{rename: {bad: rotten, green: rotten}}, {delete: smudge}")
    changed = document(first=50)
    changed["annotations"][2]["bbox"] = [5, 5, 21, 20]
    write(project, changed)
    assert not project.add("labels.json").has_conflicts
    found = exported(project, tmp_path / "out")
    assert categories(found) == [(1, "rotten", "of bad"), (2, "good", "of good")]
    assert classes(found) == ["good", "rotten", "rotten"]
    # A label of a class that was merged into another one is called so too; one of a class that went has its number.
    changed["annotations"].append(
        {**changed["annotations"][0], "id": 99, "category_id": 3, "bbox": [40, 2, 4, 4]}
    )
    write(project, changed)
    changed["annotations"].append(
        {**changed["annotations"][0], "id": 100, "category_id": 4, "bbox": [50, 2, 4, 4]}
    )
    write(project, changed)
    project.add("labels.json")
    found = exported(project, tmp_path / "more")
    assert categories(found) == [(1, "rotten", "of bad"), (2, "good", "of good"), (4, "smudge", "of smudge")]
    assert classes(found) == ["good", "rotten", "rotten", "rotten", "smudge"]


def test_what_a_tool_does_in_the_old_words_is_no_conflict(project: Repository) -> None:
    run(project, "{rename: {bad: rotten, green: unripe}}")
    project.commit("migrated")
    ids = {row["class"]: row["id"] for row in project.labels().to_arrow().to_pylist()}
    changed = document()
    gone, other, moved, _ = changed["annotations"]
    assert [one["category_id"] for one in (gone, other)] == [1, 3]
    changed["annotations"].remove(gone)
    other["category_id"] = 1
    moved["bbox"] = [6, 5, 20, 20]
    changed["annotations"].append({**moved, "id": 50, "category_id": 3, "bbox": [1, 1, 3, 3]})
    write(project, changed)
    (added,) = project.add("labels.json").labels
    assert added.conflicts == ()
    assert added.called == {"bad": "rotten", "green": "unripe"}
    rows = {row["id"]: (row["class"], row["x"]) for row in project.labels().to_arrow().to_pylist()}
    assert rows.pop(ids["unripe"]) == ("rotten", 20)
    assert rows.pop(ids["good"]) == ("good", 6)
    assert rows.pop(ids["smudge"]) == ("smudge", 30)
    assert list(rows.values()) == [("unripe", 1)]
    # The same once more is nothing new; what staging has is as it was.
    write(project, {**changed, "info": {}})
    (added,) = project.add("labels.json").labels
    assert (added.changed_items, added.called) == (0, {})
    # What is taken back in the old words comes back under the new ones.
    write(project, document())
    assert not project.add("labels.json").has_conflicts
    assert sorted(project.labels().to_arrow().column("class").to_pylist()) == [
        "good",
        "rotten",
        "smudge",
        "unripe",
    ]
    assert project.diff("HEAD", "STAGED").summary()["sets"]["ground_truth"]["changed"] == 0


def test_what_was_decided_of_a_label_besides_its_name_is_still_a_conflict(project: Repository) -> None:
    run(project, "{rename: {bad: rotten}}, {redraw: {class: rotten, from: box, to: polygon}}")
    changed = document()
    del changed["annotations"][0]
    write(project, changed)
    (added,) = project.add("labels.json").labels
    assert [(one.field, one.theirs) for one in added.conflicts] == [("label", None)]


def test_a_file_that_has_learned_the_new_word_means_its_own(project: Repository) -> None:
    run(project, "{rename: {bad: rotten}}")
    project.commit("migrated")
    boxes = {**BOXES, "images/b.jpg": [*BOXES["images/b.jpg"], ("bad", 40, 1, 5, 5), ("rotten", 50, 1, 5, 5)]}
    write(project, coco(boxes))
    (added,) = project.add("labels.json").labels
    assert added.called == {}
    held = {(row["class"], row["x"]) for row in project.labels().to_arrow().to_pylist()}
    assert {("rotten", 1), ("bad", 40), ("rotten", 50)} <= held


def test_voc_files_may_go_on_in_the_old_words(repo: Repository) -> None:
    (repo.root / "dlabel.yaml").write_text("project_name: p\n")
    write_image(repo.root / "images/a.jpg", 1)
    xml = repo.root / "xml/a.xml"
    write_voc(xml, ("bad", 1, 2, 11, 12))
    repo.add(".")
    repo.commit("first")
    run(repo, "{rename: {bad: rotten}}")
    repo.commit("migrated")
    write_voc(xml, ("bad", 1, 2, 11, 12), ("bad", 20, 20, 30, 30))
    repo.add("xml")
    assert repo.labels().to_arrow().column("class").to_pylist() == ["rotten", "rotten"]
    # Written back, the files have the new words: an old one is another class then.
    repo.restore("xml")
    assert xml.read_text().count("<name>rotten</name>") == 2
    assert repo.status().unstaged == ()
    write_voc(xml, ("rotten", 1, 2, 11, 12), ("bad", 20, 20, 30, 30))
    repo.add("xml")
    assert sorted(repo.labels().to_arrow().column("class").to_pylist()) == ["bad", "rotten"]


def test_a_word_that_others_were_given_is_translated_too(repo: Repository) -> None:
    (repo.root / "dlabel.yaml").write_text("project_name: p\n")
    xml, first = repo.root / "xml/a.xml", [("b", 1, 2, 6, 9), ("d", 20, 2, 26, 9)]
    write_voc(xml, *first)
    repo.add("dlabel.yaml", "xml")
    repo.commit("first")
    for steps in ("{rename: {d: b}}", "{rename: {b: x}}"):
        run(repo, steps)
        repo.commit(steps)
    write_voc(xml, *first, ("b", 40, 2, 46, 9), ("d", 50, 2, 56, 9))
    (added,) = repo.add("xml").labels
    assert added.conflicts == ()
    assert [row["class"] for row in repo.labels().to_arrow().to_pylist()] == ["x"] * 4


def test_a_file_that_was_written_back_and_changed_speaks_the_new_words(
    project: Repository, tmp_path: Path
) -> None:
    run(project, "{rename: {bad: rotten}}")
    project.commit("migrated")
    project.restore("labels.json")
    written = json.loads((project.root / "labels.json").read_text())
    assert categories(written)[0] == (1, "rotten", "of bad")
    assert project.status().clean
    written["annotations"][0]["bbox"] = [1, 2, 12, 10]
    write(project, written)
    project.add("labels.json")
    assert not view_at(project.project, "STAGED").tree.sources["labels.json"].names
    assert exported(project, tmp_path / "out") == written


def test_a_part_of_the_file_leaves_the_names_as_they_are(project: Repository, tmp_path: Path) -> None:
    run(project, "{rename: {bad: rotten}}")
    part = coco({"images/a.jpg": [("bad", 1, 2, 10, 10), ("green", 20, 20, 9, 8)]})
    write(project, part)
    project.add("labels.json", partial=True)
    found = exported(project, tmp_path / "out")
    assert categories(found)[0] == (1, "rotten", "of bad")
    assert classes(found) == ["good", "green", "rotten", "smudge"]


@pytest.mark.parametrize("names", YOLO)
def test_yolo_keeps_every_number(repo: Repository, tmp_path: Path, names: str) -> None:
    (repo.root / "dlabel.yaml").write_text("project_name: p\n")
    folder = repo.root / "set"
    write_image(folder / "images/a.jpg")
    (folder / "labels").mkdir()
    (folder / "labels/a.txt").write_text("0 0.5 0.5 0.25 0.5\n1 0.25 0.5 0.25 0.5\n2 0.5 0.25 0.25 0.25\n")
    (folder / names).write_text(YOLO[names], newline="")
    repo.add("set")
    run(repo, "{rename: {bad: rotten, green: good}}")
    out = repo.export("yolo", tmp_path / "out", revision="STAGED").folder
    assert (out / "labels/a.txt").read_text().split("\n")[:2] == ["0 0.5 0.5 0.25 0.5", "2 0.25 0.5 0.25 0.5"]
    text = (out / names).read_bytes().decode()
    if names == "data.yaml":
        assert yaml.safe_load(text) == {
            "nc": 3,
            "names": {0: "rotten", 1: "green", 2: "good"},
            "train": "images",
        }
    else:
        assert text == YOLO[names].replace("bad", "rotten")


def test_a_damaged_record_of_names_is_told() -> None:
    from datalabel.errors import DamagedError
    from datalabel.store.history import Source, Tree

    source = Source("coco", "labels.json", "ground_truth", names={"bad": "rotten", "green": None})
    data = Tree(sources={"labels.json": source}).to_bytes()
    assert Tree.from_bytes(data).sources["labels.json"] == source
    with pytest.raises(DamagedError):
        Tree.from_bytes(data.replace(b'"rotten"', b"7"))


def test_old_words_in_a_file_that_had_the_new_ones_are_a_change(project: Repository, tmp_path: Path) -> None:
    run(project, "{rename: {bad: rotten}}")
    project.commit("migrated")
    project.restore("labels.json")
    assert project.status().clean
    assert project.restore("labels.json").written == ()
    write(project, document())
    project.add("labels.json")
    assert exported(project, tmp_path / "out") == document()
    project.commit("as it was")
    assert project.diff("HEAD~2", "HEAD").is_empty


def test_a_part_that_comes_after_the_file_was_written_leaves_the_names_too(
    project: Repository, tmp_path: Path
) -> None:
    run(project, "{rename: {bad: rotten}}")
    project.commit("migrated")
    project.restore("labels.json")
    write(project, coco({"images/a.jpg": [("rotten", 1, 2, 10, 10), ("green", 20, 20, 9, 8)]}))
    project.add("labels.json", partial=True)
    found = exported(project, tmp_path / "out")
    assert categories(found)[0] == (1, "rotten", "of bad")
    assert classes(found) == ["good", "green", "rotten", "smudge"]
