"""Lists of results after a migration: numbers of before and of after, which are never those of another class."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from datalabel.errors import InputError
from datalabel.repository.repository import Repository

CLASSES = ["cat", "dog", "bird"]
SIZES = ["large", "small"]
SPLIT = "{split: {class: bird, by: size, into: {large: big_bird, small: small_bird}}}"
MERGE = "{rename: {dog: animal, bird: animal}}"

Counts = dict[str, int]


def document(images: Sequence[int], classes: Sequence[str] = CLASSES) -> dict[str, Any]:
    """Of each class a small and a large one, an image each."""
    rows = [(name, size) for name in classes for size in SIZES]
    return {
        "images": [{"id": one, "file_name": f"{one}.jpg", "width": 64, "height": 48} for one in images],
        "annotations": [
            {
                "id": row + 1,
                "image_id": images[row % len(images)],
                "category_id": CLASSES.index(name) + 1,
                "bbox": [row, 5, 20, 20],
                "attributes": {"size": size},
            }
            for row, (name, size) in enumerate(rows)
        ],
        "categories": [{"id": number, "name": name} for number, name in enumerate(CLASSES, 1)],
    }


def write(repo: Repository, path: str, value: Any) -> None:
    (repo.root / path).write_text(json.dumps(value))


def read(repo: Repository, path: str = "labels.json") -> Any:
    return json.loads((repo.root / path).read_text())


def numbers(repo: Repository, path: str = "labels.json") -> dict[int, str]:
    """What a file that was written says of its categories."""
    return {one["id"]: one["name"] for one in read(repo, path)["categories"]}


def predict(repo: Repository, classes: Sequence[int], path: str = "results.json", score: float = 0.5) -> None:
    write(
        repo,
        path,
        [{"image_id": 1, "category_id": one, "bbox": [one, 5, 20, 20], "score": score} for one in classes],
    )


def migrate(repo: Repository, steps: str) -> None:
    (repo.root / "map.yaml").write_text(f"steps: [{steps}]\n")
    repo.migrate("map.yaml", allow_unmapped=True)
    repo.commit("migrated")


def classes(repo: Repository, name: str = "net") -> list[tuple[float, str]]:
    """Left bound (the number, by which it was predicted) and class of every label."""
    return sorted((row["x"], row["class"]) for row in repo.labels(set=name).to_arrow().to_pylist())


def again(repo: Repository) -> None:
    """The file is written back, and the tool changes it."""
    repo.restore("labels.json")
    changed = read(repo)
    changed["annotations"][0]["bbox"][0] += 30
    write(repo, "labels.json", changed)
    repo.add("labels.json")
    repo.commit("again")


@pytest.fixture
def project(repo: Repository) -> Repository:
    (repo.root / "dlabel.yaml").write_text("project_name: p\n")
    write(repo, "labels.json", document([1, 2]))
    repo.add("labels.json", "dlabel.yaml")
    repo.commit("first")
    return repo


@pytest.mark.parametrize("is_read_again", [False, True])
@pytest.mark.parametrize(
    ("steps", "called"),
    [
        (MERGE, {1: "cat", 2: "animal", 3: "animal"}),
        ("{rename: {bird: owl}}", {1: "cat", 2: "dog", 3: "owl"}),
        ("{rename: {dog: bird, bird: dog}}", {1: "cat", 2: "bird", 3: "dog"}),
        ("{rename: {bird: dog}}", {1: "cat", 2: "dog", 3: "dog"}),
    ],
)
def test_numbers_of_before_mean_what_became_of_their_classes(
    project: Repository, steps: str, called: Mapping[int, str], is_read_again: bool
) -> None:
    migrate(project, steps)
    if is_read_again:
        again(project)
    predict(project, [1, 2, 3])
    project.add("results.json", model="net")
    assert classes(project) == [(number, name) for number, name in called.items()]
    # As often as it is added, and after the next migration.
    project.commit("results")
    predict(project, [1, 2, 3], score=0.25)
    project.add()
    assert classes(project) == [(number, name) for number, name in called.items()]
    assert project.diff("HEAD", "STAGED").summary()["sets"]["net"]["by_field"] == {"confidence": 3}
    project.commit("scores")
    migrate(project, f"{{rename: {{{called[3]}: beast}}}}")
    predict(project, [1, 2, 3], score=0.75)
    project.add()
    predict(project, [1, 2, 3], "new.json")
    project.add("new.json", model="second")
    after = {number: "beast" if name == called[3] else name for number, name in called.items()}
    assert classes(project) == classes(project, "second") == list(after.items())


@pytest.mark.parametrize("is_read_again", [False, True])
def test_after_a_split_old_numbers_are_refused_and_those_that_were_written_count(
    project: Repository, is_read_again: bool
) -> None:
    migrate(project, SPLIT)
    if is_read_again:
        again(project)
    else:
        project.restore("labels.json")
    assert numbers(project) == {1: "cat", 2: "dog", 4: "big_bird", 5: "small_bird"}
    predict(project, [1, 3])
    before = project.project.store.state.read()
    with pytest.raises(InputError, match=r"is of category 3, which was 'bird' in labels\.json") as refused:
        project.add("results.json", model="net")
    assert "numbers of the classes of today" in str(refused.value.hint)
    assert project.project.store.state.read() == before
    predict(project, [1, 2, 4, 5])
    project.add("results.json", model="net")
    assert classes(project) == [(1, "cat"), (2, "dog"), (4, "big_bird"), (5, "small_bird")]
    predict(project, [6])
    with pytest.raises(InputError, match="is of category 6, which no other file gives"):
        project.add("results.json")


def test_no_class_gets_a_number_that_another_had(project: Repository) -> None:
    migrate(project, SPLIT)
    again(project)
    migrate(project, "{rename: {big_bird: owl}}, {delete: small_bird}")
    again(project)
    assert numbers(project) == {1: "cat", 2: "dog", 4: "owl"}
    migrate(project, "{split: {class: dog, by: size, into: {large: hound, small: puppy}}}")
    project.restore("labels.json")
    assert numbers(project) == {1: "cat", 4: "owl", 6: "hound", 7: "puppy"}
    predict(project, [5])
    with pytest.raises(InputError, match=r"is of category 5, which was 'small_bird' in labels\.json"):
        project.add("results.json", model="net")


def test_files_that_share_numbers_get_the_same_ones(project: Repository) -> None:
    validation = document([8, 9])
    del validation["annotations"][4]  # of birds, only the small one
    write(project, "val.json", validation)
    project.add("val.json")
    project.commit("more")
    migrate(project, SPLIT)
    project.restore("labels.json", "val.json")
    assert numbers(project) == {1: "cat", 2: "dog", 4: "big_bird", 5: "small_bird"}
    assert numbers(project, "val.json") == {1: "cat", 2: "dog", 5: "small_bird"}
    predict(project, [4, 5])
    project.add("results.json", model="net")
    assert classes(project) == [(4, "big_bird"), (5, "small_bird")]


def test_a_class_that_the_tool_took_out_leaves_its_number(project: Repository) -> None:
    changed = document([1, 2], ["cat", "dog"])
    changed["categories"].pop()
    write(project, "labels.json", changed)
    project.add("labels.json")
    project.commit("no birds")
    predict(project, [3])
    with pytest.raises(InputError, match=r"is of category 3, which was 'bird' in labels\.json"):
        project.add("results.json", model="net")
    migrate(project, "{split: {class: dog, by: size, into: {large: hound, small: puppy}}}")
    project.restore("labels.json")
    assert numbers(project) == {1: "cat", 4: "hound", 5: "puppy"}
    # Where it puts it back, that is the file's own.
    write(project, "labels.json", document([1, 2]))
    project.add("labels.json")
    project.add("results.json", model="net")
    assert classes(project) == [(3, "bird")]


def test_a_list_whose_labels_were_split_names_them_by_the_numbers_of_the_file(project: Repository) -> None:
    write(
        project,
        "results.json",
        [
            {
                "image_id": 1,
                "category_id": 3,
                "bbox": [number, 5, 20, 20],
                "score": 0.5,
                "attributes": {"size": size},
            }
            for number, size in ((4, "large"), (5, "small"))
        ],
    )
    project.add("results.json", model="net")
    project.commit("results")
    was = read(project, "results.json")
    migrate(project, SPLIT)
    # In the old words, it goes on to say what it said.
    was[0]["score"] = 0.25
    write(project, "results.json", was)
    project.add()
    assert classes(project) == [(4, "big_bird"), (5, "small_bird")]
    assert project.export("coco", "out", revision="STAGED", set="net").losses == ()
    project.restore("results.json")
    assert [one["category_id"] for one in read(project, "results.json")] == [4, 5]
    for row, score in zip(was, (0.125, 0.375), strict=True):
        row["score"] = score
        row["category_id"] = int(row["bbox"][0])
    write(project, "results.json", was)
    project.add()
    assert classes(project) == [(4, "big_bird"), (5, "small_bird")]


def test_a_word_that_means_another_class_in_each_file_is_read_by_its_number(project: Repository) -> None:
    migrate(project, "{rename: {cat: dog, dog: cat}}")
    other = document([8, 9], ["cat", "dog"])
    for one in (*other["categories"], *other["annotations"]):
        key = "id" if "name" in one else "category_id"
        one[key] += 10
    write(project, "other.json", other)
    project.add("other.json")
    project.commit("another file, in the new words")
    called = [(1, "dog"), (2, "cat"), (3, "bird"), (11, "cat"), (12, "dog")]
    for score in (0.25, 0.75):
        predict(project, [1, 2, 3, 11, 12], score=score)
        project.add("results.json", model="net")
        assert classes(project) == called
        project.commit(f"{score}")
    written = read(project, "results.json")
    (project.root / "results.json").unlink()
    project.restore("results.json")
    assert {(one["bbox"][0], one["category_id"]) for one in read(project, "results.json")} <= {
        (number, other) for number, name in called for other, same in called if same == name
    }
    assert len(written) == len(called)


def test_a_part_of_a_list_is_in_its_words(project: Repository) -> None:
    predict(project, [1])
    project.add("results.json", model="net")
    project.commit("results")
    migrate(project, MERGE)
    for score in (0.25, 0.75):
        predict(project, [1, 2, 3], score=score)
        project.add("results.json", partial=True)
        assert classes(project) == [(1, "cat"), (2, "animal"), (3, "animal")]
    predict(project, [1, 2, 3])
    project.add("results.json")
    assert classes(project) == [(1, "cat"), (2, "animal"), (3, "animal")]


def test_lists_of_several_models_do_not_get_in_each_others_way(project: Repository) -> None:
    migrate(project, SPLIT)
    again(project)
    for number, model in enumerate(("first", "second")):
        predict(project, [1, 4, 5], f"{model}.json", score=number / 2)
        project.add(f"{model}.json", model=model)
        assert classes(project, model) == [(1, "cat"), (4, "big_bird"), (5, "small_bird")]


@pytest.mark.parametrize("is_read_again", [False, True])
def test_an_export_has_the_numbers_of_the_file(project: Repository, is_read_again: bool) -> None:
    write(project, "more.json", {**document([8, 9], ["cat"]), "categories": [{"id": 1, "name": "cat"}]})
    project.add("more.json")
    project.commit("a set of two files")
    migrate(project, SPLIT)
    if is_read_again:
        again(project)
    project.create_snapshot("exp")
    folder = project.export("coco", "out", revision="exp", drop_empty=True).folder
    assert numbers(project, str(folder / "ground_truth.json")) == {
        1: "cat",
        2: "dog",
        4: "big_bird",
        5: "small_bird",
    }
