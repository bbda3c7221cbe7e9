"""Lists of results, as models write them: they name images and classes of files that were added before."""

from __future__ import annotations

import json

import pytest
from pictures import Box, coco, write_coco, write_image

import datalabel
from datalabel.errors import InputError
from datalabel.repository.repository import Repository


def test_results_may_name_images_as_ultralytics_does(labelled: Repository) -> None:
    key = labelled.items().column("item")[0].as_py()
    stem = key.rpartition("/")[2].partition(".")[0]
    result = {
        "image_id": stem,
        "file_name": f"{stem}.jpg",
        "category_id": 1,
        "bbox": [1, 2, 3, 4],
        "score": 0.5,
    }
    path = labelled.root / "predictions.json"
    path.write_text(json.dumps([result]))
    labelled.add("predictions.json", model="net")
    (row,) = labelled.labels(set="net").to_arrow().to_pylist()
    assert (row["item"], row["confidence"]) == (key, 0.5)
    written = labelled.export("coco", "out", revision="STAGED", set="net").folder / "predictions.json"
    assert json.loads(written.read_text()) == [{**result, "annotator": "net"}]
    path.write_text(json.dumps([result, {**result, "image_id": "elsewhere"}]))
    with pytest.raises(InputError, match='names 1 image by numbers that no other file gives: "elsewhere"'):
        labelled.add("predictions.json", model="net")


@pytest.mark.parametrize(
    ("second", "words"),
    [
        ({"b.jpg": [("cat", 1, 1, 2, 2)]}, "1 is that of a.jpg and b.jpg"),
        ({"a.jpg": [("dog", 1, 1, 2, 2)]}, "category 1 is 'cat' in train.json and 'dog' in val.json"),
    ],
)
def test_results_whose_numbers_mean_several_things_are_refused(
    repo: Repository, second: dict[str, list[Box]], words: str
) -> None:
    write_coco(repo.root / "train.json", {"a.jpg": [("cat", 1, 1, 2, 2)]})
    write_coco(repo.root / "val.json", second)
    repo.add("train.json")
    repo.add("val.json", beside=True)
    (repo.root / "results.json").write_text(
        json.dumps([{"image_id": 1, "category_id": 1, "bbox": [1, 1, 2, 2], "score": 0.5}])
    )
    before = repo.project.store.state.read()
    with pytest.raises(InputError, match=words) as refused:
        repo.add("results.json", model="detector")
    assert refused.value.hint is not None
    assert repo.project.store.state.read() == before


def test_a_set_of_a_model_stands_apart(labelled: Repository) -> None:
    document = json.loads((labelled.root / "labels.json").read_text())
    results = [
        {"image_id": 1, "category_id": 1, "bbox": [1, 2, 10, 11], "score": 0.875},
        {"image_id": 2, "category_id": 2, "bbox": [5, 5, 20, 20], "score": 0.25},
    ]
    assert document["images"][0]["file_name"] == "images/a.jpg"
    (labelled.root / "results.json").write_text(json.dumps(results))
    labelled.add("results.json", model="detector")
    assert [
        (row["item"], row["class"], row["confidence"], row["annotator"])
        for row in labelled.labels(set="detector").to_arrow().to_pylist()
    ] == [
        ("images/a.jpg", "cat", 0.875, "detector"),
        ("images/b.jpg", "dog", 0.25, "detector"),
    ]
    assert labelled.labels().to_arrow().num_rows == 3


def test_results_of_an_export_mean_the_images_of_the_project(repo: Repository) -> None:
    names = [f"images/{number}.png" for number in range(12)]
    document = coco({name: [("cat", place, 1, 9, 9)] for place, name in enumerate(names)})
    for number, image in enumerate(document["images"]):
        write_image(repo.root / image["file_name"], number)
        image["id"] = document["annotations"][number]["image_id"] = 900 - 7 * number
    document["categories"] = [{"id": 17, "name": "dog"}, {"id": 23, "name": "cat"}]
    for annotation in document["annotations"]:
        annotation["category_id"] = 23
    (repo.root / "labels.json").write_text(json.dumps(document))
    repo.add("images", "labels.json")
    repo.commit("first")
    repo.create_snapshot("exp", split={"train": 0.5, "val": 0.5})
    done = repo.export("coco", "training", revision="exp", images="copy")
    written = json.loads((done.folder / "annotations" / "instances_val.json").read_text())
    assert 0 < len(written["images"]) < len(names)
    results = [{**one, "score": 1.0} for one in written["annotations"]]
    (repo.root / "results.json").write_text(json.dumps(results))
    repo.add("results.json", model="net")
    truth = {(row["item"], row["class"], row["x"]) for row in repo.labels().to_arrow().to_pylist()}
    found = repo.labels(set="net").to_arrow().to_pylist()
    assert len(found) == len(written["images"])
    assert {(row["item"], row["class"], row["x"]) for row in found} <= truth


def test_numbers_that_several_files_give_are_given_once(repo: Repository) -> None:
    for name, image, word in (("a", "x.png", "cat"), ("b", "y.png", "dog")):
        write_coco(repo.root / f"{name}.json", {image: [(word, 1, 1, 9, 9)]})
        repo.add(f"{name}.json", beside=True)
    repo.commit("first")
    repo.create_snapshot("exp")
    done = repo.export("coco", "out", revision="exp", drop_empty=True)
    written = json.loads((done.folder / "ground_truth.json").read_text())
    assert [(one["id"], one["file_name"]) for one in written["images"]] == [(1, "x.png"), (2, "y.png")]
    assert written["categories"] == [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}]
    assert [(one["image_id"], one["category_id"]) for one in written["annotations"]] == [(1, 1), (2, 2)]


def test_who_has_seen_an_image_is_in_the_files_of_annotators(repo: Repository) -> None:
    for name, drawn in (("ann", 3), ("bob", 1)):
        images = {f"{place}.png": [("cat", 1, 1, 9, 9)] * (place < drawn) for place in range(5)}
        write_coco(repo.root / f"{name}.json", images)
        repo.add(f"{name}.json", annotator=name)
    repo.commit("first")
    before = repo.agreement("HEAD")
    written = repo.export("coco", "out").folder
    with datalabel.init(repo.root.with_name("again"), name="again") as again:
        for name in ("ann", "bob"):
            (again.root / f"{name}.json").write_bytes((written / f"{name}.json").read_bytes())
            again.add(f"{name}.json", beside=True)
        after = again.agreement()
    assert (after.items, after.labels, after.alpha) == (before.items, before.labels, before.alpha)
    assert after.items == 5
