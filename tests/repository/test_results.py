"""Lists of results, as models write them: they name images and classes of files that were added before."""

from __future__ import annotations

import json

import pytest
from pictures import Box, write_coco

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
    with pytest.raises(InputError, match='names 1 image by numbers that no added file knows: "elsewhere"'):
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
