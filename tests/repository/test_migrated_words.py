"""Which words a file is in: those of before a migration, those that it was written back in, or some of either."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from pictures import write_image

from datalabel.repository.add.labels import LabelsAdded
from datalabel.repository.repository import Repository

Boxes = list[tuple[str, int]]
Held = list[tuple[str, int, str]]


def say(repo: Repository, classes: str, **boxes: Boxes) -> None:
    """What the tool writes: for each image its labels, by class and left bound; classes are letters."""
    names = list(boxes)
    labels = [(names.index(key), *box) for key, some in boxes.items() for box in some]
    document: dict[str, Any] = {
        "images": [
            {"id": number, "file_name": f"{key}.png", "width": 64, "height": 48}
            for number, key in enumerate(names)
        ],
        "categories": [{"id": number, "name": name} for number, name in enumerate(classes, 1)],
        "annotations": [
            {"id": number, "image_id": image, "category_id": classes.index(name) + 1, "bbox": [x, 2, 4, 4]}
            for number, (image, name, x) in enumerate(labels)
        ],
    }
    (repo.root / "l.json").write_text(json.dumps(document))


def add(repo: Repository, *, partial: bool = False) -> LabelsAdded:
    """Add the file, with no conflict."""
    (added,) = repo.add("l.json", partial=partial).labels
    assert added.conflicts == ()
    return added


def migrate(repo: Repository, steps: str) -> None:
    (repo.root / "map.yaml").write_text(f"steps: [{steps}]\n")
    repo.migrate("map.yaml", allow_unmapped=True)


def held(repo: Repository) -> Held:
    """Image, left bound and class of every label."""
    rows = repo.labels().to_arrow().to_pylist()
    return sorted((row["item"][0], int(row["x"]), row["class"]) for row in rows)


ON_I: Boxes = [("a", 1), ("b", 20)]
ON_J: Boxes = [("a", 1), ("c", 20)]
SWAP = "{rename: {a: b, b: a}}"
SWAPPED: Held = [("i", 1, "b"), ("i", 20, "a"), ("j", 1, "b"), ("j", 20, "c")]


@pytest.fixture
def project(repo: Repository) -> Repository:
    (repo.root / "dlabel.yaml").write_text("project_name: p\n")
    for number, key in enumerate("ij"):
        write_image(repo.root / f"{key}.png", number)
    say(repo, "abcd", i=ON_I, j=ON_J)
    repo.add(".")
    repo.commit("first")
    return repo


@pytest.mark.parametrize("is_read", [True, False])
def test_a_file_that_was_written_back_goes_on_in_its_words_after_the_next_migration(
    project: Repository, is_read: bool
) -> None:
    migrate(project, "{rename: {a: x}}")
    project.restore("l.json")
    if is_read:
        say(project, "xbcd", i=[("x", 1), ("b", 20)], j=[("x", 1), ("c", 30)])
        add(project)
    migrate(project, "{rename: {x: y, c: z}}")
    say(project, "xbcd", i=[("x", 1), ("b", 20), ("x", 40)], j=[("x", 1)])
    add(project)
    assert held(project) == [("i", 1, "y"), ("i", 20, "b"), ("i", 40, "y"), ("j", 1, "y")]


def test_a_part_of_a_file_that_was_written_back_is_in_its_words(project: Repository) -> None:
    migrate(project, SWAP)
    project.restore("l.json")
    for left in (40, 50):
        say(project, "bacd", i=[("b", 1), ("a", 20), ("c", left)])
        add(project, partial=True)
        assert held(project) == sorted([*SWAPPED, ("i", left, "c")])
    say(project, "bacd", i=[("b", 1), ("a", 20)], j=[("b", 1), ("c", 20)])
    add(project)
    assert held(project) == SWAPPED


@pytest.mark.parametrize("committed", [True, False])
def test_an_image_that_comes_back_has_labels_in_the_words_from_here(
    project: Repository, committed: bool
) -> None:
    migrate(project, SWAP)
    project.commit("swapped")
    project.restore("l.json")
    project.rm("i.png")
    if committed:
        project.commit("removed")
    project.add("i.png")
    assert held(project) == SWAPPED


def test_an_image_that_comes_back_after_a_name_came_back_has_it(project: Repository) -> None:
    migrate(project, "{rename: {a: x}}")
    project.commit("renamed")
    project.rm("i.png")
    migrate(project, "{rename: {x: a}}")
    project.add("i.png")
    assert held(project) == [("i", 1, "a"), ("i", 20, "b"), ("j", 1, "a"), ("j", 20, "c")]


@pytest.mark.parametrize("target", ["x", "c"])
def test_a_class_that_a_file_leaves_out_once_keeps_its_name(project: Repository, target: str) -> None:
    migrate(project, f"{{rename: {{b: {target}}}}}")
    say(project, "ad", i=[("a", 1)], j=[("a", 1)])
    add(project)
    say(project, "abcd", i=ON_I, j=ON_J)
    assert add(project).called == {"b": target}
    assert held(project) == [("i", 1, "a"), ("i", 20, target), ("j", 1, "a"), ("j", 20, "c")]


def test_a_class_that_the_tool_renames_as_here_is_the_same(project: Repository) -> None:
    migrate(project, "{rename: {a: x}}")
    say(project, "xbcd", i=[("b", 20)], j=[("x", 1), ("c", 20)])
    assert add(project).called == {}
    assert held(project) == [("i", 20, "b"), ("j", 1, "x"), ("j", 20, "c")]


def test_labels_that_keep_the_old_word_beside_the_new_one_are_the_same(project: Repository) -> None:
    migrate(project, "{rename: {a: x}}")
    say(project, "abcdx", i=[("a", 1), ("b", 30), ("a", 40), ("x", 50)], j=ON_J)
    add(project)
    assert held(project)[:4] == [("i", 1, "x"), ("i", 30, "b"), ("i", 40, "a"), ("i", 50, "x")]


def test_a_class_that_came_with_a_part_is_renamed_too(project: Repository) -> None:
    say(project, "abcdn", j=[*ON_J, ("n", 40)])
    add(project, partial=True)
    migrate(project, "{rename: {n: m}}")
    say(project, "abcdn", i=ON_I, j=ON_J)
    add(project)
    assert held(project) == [("i", 1, "a"), ("i", 20, "b"), ("j", 1, "a"), ("j", 20, "c")]


def test_a_file_in_the_old_words_is_read_as_often_as_it_comes(project: Repository) -> None:
    migrate(project, SWAP)
    for left in (40, 50, 60):
        say(project, "bacd"[::-1], i=[*ON_I, ("b", left)], j=ON_J)
        add(project)
        assert held(project) == sorted([*SWAPPED, ("i", left, "a")])
        project.commit(f"{left}")
        assert project.status().clean
    out = project.export("coco", "out").folder / "l.json"
    written = json.loads(out.read_text())
    names = {one["id"]: one["name"] for one in written["categories"]}
    assert sorted(names[one["category_id"]] for one in written["annotations"]) == ["a", "a", "b", "b", "c"]


def test_a_map_that_speaks_of_words_from_here_has_nothing_to_do_again(project: Repository) -> None:
    migrate(project, "{rename: {c: x}}")
    migrate(project, "{rename: {x: y, b: y}}")
    project.commit("renamed")
    migrate(project, "{rename: {x: y, b: y}}")
    assert not project.status().has_staged
    assert project.view().tree.sources["l.json"].names == {"b": "y", "c": "y"}


def test_yolo_names_no_class_twice(repo: Repository) -> None:
    (repo.root / "dlabel.yaml").write_text("project_name: p\n")
    write_image(repo.root / "set/images/i.jpg")
    (repo.root / "set/labels").mkdir()
    (repo.root / "set/labels/i.txt").write_text("0 0.5 0.5 0.1 0.1\n")
    (repo.root / "set/data.yaml").write_text("names: [a, b, c]\n")
    repo.add(".")
    repo.commit("first")
    migrate(repo, "{rename: {a: b, b: c}}")
    repo.commit("shifted")
    said = yaml.safe_load((repo.export("yolo", "out").folder / "data.yaml").read_text())
    assert said["names"] == {0: "b", 1: "b (unused)", 2: "c"}
