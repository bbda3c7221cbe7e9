"""The verb `agreement`, on projects."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from terminals import Desk

import datalabel
from datalabel.errors import InputError, UsageError
from datalabel.repository.pages.agreement_pictures import page_of_agreement
from datalabel.repository.report.agreeing import AgreementOptions
from datalabel.repository.repository import Repository

Boxes = Sequence[tuple[str, float]]


def write(path: Path, images: Mapping[str, Mapping[str, Boxes]], *, named: bool = True) -> Path:
    """A COCO file: per image and annotator the class and the left edge of their boxes; all of them saw it."""
    names = sorted({name for people in images.values() for boxes in people.values() for name, _ in boxes})
    numbers = {name: place for place, name in enumerate(names, 1)}
    annotations: list[dict[str, Any]] = []
    pictures: list[dict[str, Any]] = []
    for number, (image, people) in enumerate(images.items(), 1):
        seen = {"annotators": list(people)} if named else {}
        pictures.append({"id": number, "file_name": image, "width": 200, "height": 100, **seen})
        annotations += [
            {"id": len(annotations) + place, "image_id": number, "category_id": numbers[name], "iscrowd": 0,
             "area": 100, "bbox": [left, 0, 10, 10], **({"annotator": who} if named else {})}
            for place, (who, name, left) in enumerate(
                ((who, name, left) for who, boxes in people.items() for name, left in boxes), 1
            )
        ]  # fmt: skip
    categories = [{"id": number, "name": name} for name, number in numbers.items()]
    path.write_text(json.dumps({"images": pictures, "annotations": annotations, "categories": categories}))
    return path


@pytest.fixture
def two(repo: Repository) -> Repository:
    """Two people on three images, one of which only one of them labelled, and one that a single person saw."""
    write(
        repo.root / "labels.json",
        {
            "a.jpg": {"ann": [("cat", 0)], "bob": [("cat", 1)]},
            "b.jpg": {"ann": [("cat", 0), ("dog", 50)], "bob": [("dog", 0)]},
            "c.jpg": {"ann": [("cat", 0)], "bob": []},
            "d.jpg": {"ann": [("cat", 0)]},
        },
    )
    repo.add("labels.json")
    return repo


@pytest.mark.parametrize("listed", [None, [], ["p", "q"]])
def test_nobody_is_invented_who_saw_what_others_drew(repo: Repository, listed: list[str] | None) -> None:
    both = [("cat", 0), ("dog", 50)]
    images = {f"{number}.jpg": {"p": both, "q": both} for number in range(5)}
    path = write(repo.root / "labels.json", {**images, "empty.jpg": {}})
    document = json.loads(path.read_text())
    for image in document["images"]:
        del image["annotators"]
        if listed is not None:
            image["annotators"] = listed
    path.write_text(json.dumps(document))
    repo.add("labels.json")
    found = repo.agreement()
    assert (found.compared, found.alpha.value) == (("p", "q"), 1.0)
    assert found.items == (6 if listed else 5), "who saw the empty image is known only where it is said"


def test_whom_a_file_is_attributed_to_saw_what_nobody_else_drew(repo: Repository) -> None:
    drawn: Mapping[str, Mapping[str, Boxes]] = {"a.jpg": {"p": [("cat", 0)]}, "b.jpg": {"p": []}}
    write(repo.root / "signed.json", drawn)
    document = json.loads((repo.root / "signed.json").read_text())
    for image in document["images"]:
        del image["annotators"]
    (repo.root / "signed.json").write_text(json.dumps(document))
    write(repo.root / "other.json", {"a.jpg": {"": [("cat", 0)]}, "b.jpg": {"": [("cat", 0)]}}, named=False)
    repo.add("signed.json", annotator="z")
    repo.add("other.json", annotator="ann", beside=True)
    found = repo.agreement()
    assert found.compared == ("ann", "p", "z")
    seen = {(one.first, one.second): one.items for one in found.pairs}
    assert seen == {("ann", "p"): 1, ("ann", "z"): 1}


def test_annotators_of_a_set(two: Repository) -> None:
    found = two.agreement()
    assert (found.sets, found.compared, found.revision) == (("ground_truth",), ("ann", "bob"), "STAGED")
    assert (found.items, found.labels) == (3, 6)
    pair = found.pairs[0]
    assert (pair.items, pair.labels, pair.matched) == (3, (4, 2), 2)
    assert (pair.recall.value, pair.precision.value) == (1.0, 0.5)
    assert {(one.first, one.second, one.count) for one in found.confusion} == {
        ("cat", None, 1), ("dog", None, 1), ("cat", "dog", 1),
    }  # fmt: skip
    assert [one.item for one in found.worst] == ["b.jpg", "c.jpg"]
    ids = {f"{row['id']:016x}" for row in two.labels().to_arrow().to_pylist()}
    assert {one["id"] for item in found.to_json()["worst"] for one in item["labels"]} <= ids


def test_sources_attributed_as_a_whole(repo: Repository) -> None:
    for who in ("ann", "bob"):
        write(repo.root / f"{who}.json", {"a.jpg": {who: [("cat", 0)]}, "b.jpg": {who: []}}, named=False)
        repo.add(f"{who}.json", annotator=who, beside=True)
    found = repo.agreement()
    assert (found.compared, found.items, found.pairs[0].matched) == (("ann", "bob"), 2, 1)


def test_a_set_against_another(two: Repository) -> None:
    write(two.root / "model.json", {"a.jpg": {"m": [("cat", 0)]}, "d.jpg": {"m": []}}, named=False)
    two.add("model.json", set="model")
    found = two.agreement(options=AgreementOptions(sets=("model", "ground_truth")))
    assert found.compared == found.sets == ("model", "ground_truth")
    assert (found.items, found.pairs[0].labels, found.pairs[0].matched) == (2, (1, 2), 1)
    assert [one.set_name for one in found.judged] == ["ground_truth"]


def test_that_the_majority_of_a_set_is_compared_is_said(
    two: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    write(two.root / "model.json", {"a.jpg": {"m": [("cat", 0)]}, "d.jpg": {"m": []}}, named=False)
    two.add("model.json", set="model")
    desk = Desk(two.root, capsys)
    told = "\n  ground_truth: what half or more drew, on 1 item that several saw\n"
    done = desk.dlabel("agreement", "--sets", "model", "ground_truth")
    assert told in done.out
    assert "model: what" not in done.out
    assert "what half or more" not in desk.dlabel("agreement").out
    document = json.loads(desk.dlabel("agreement", "--sets", "model", "ground_truth", "--json").out)
    assert document["majority"] == {"model": 0, "ground_truth": 1}, (
        "b.jpg is in one set only, d.jpg had one annotator"
    )
    assert json.loads(desk.dlabel("agreement", "--json").out)["majority"] == {}
    page = page_of_agreement(
        two.project, two.view(), two.agreement(options=AgreementOptions(sets=("model", "ground_truth")))
    )
    (note,) = (one for one in page.notes if "half or more" in one)
    assert note.startswith("ground_truth: on 1 of 2 items several of its annotators saw the image; ")


def test_fewer_than_two_are_named(repo: Repository) -> None:
    write(repo.root / "labels.json", {"a.jpg": {"ann": [("cat", 0)]}})
    repo.add("labels.json")
    with pytest.raises(InputError, match="only ann worked on it") as caught:
        repo.agreement()
    assert caught.value.hint is not None
    assert "--annotator" in caught.value.hint
    write(repo.root / "more.json", {"b.jpg": {"bob": [("cat", 0)]}})
    repo.add("more.json")
    with pytest.raises(InputError, match=r"no item .* was seen by two annotators; 2 worked on it: ann, bob"):
        repo.agreement()


def test_an_empty_project_has_nobody(repo: Repository) -> None:
    with pytest.raises(InputError, match="nobody worked on it"):
        repo.agreement()


@pytest.mark.parametrize("iou", [0.0, 1.0, -1.0, float("nan"), float("inf")])
def test_thresholds_that_make_no_sense(two: Repository, iou: float) -> None:
    with pytest.raises(UsageError, match="above 0 and below 1"):
        two.agreement(options=AgreementOptions(iou=iou))


def test_sets_that_make_no_sense(two: Repository) -> None:
    with pytest.raises(InputError, match="no label set 'ground_trut'") as caught:
        two.agreement(options=AgreementOptions(sets=("ground_trut", "ground_truth")))
    assert caught.value.hint == "did you mean 'ground_truth'?"
    with pytest.raises(UsageError, match="not with itself"):
        two.agreement(options=AgreementOptions(sets=("ground_truth", "ground_truth")))


# The command


def test_the_command(two: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    desk = Desk(two.root, capsys)
    done = desk.dlabel("agreement")
    assert done.status == 0
    assert "2 annotators of ground_truth at STAGED: 6 labels on 3 items" in done.out
    assert max(map(len, done.out.splitlines())) <= 80
    document = json.loads(desk.dlabel("agreement", "--json").out)
    assert document["pairs"][0]["recall"]["value"] == 1.0


@pytest.mark.parametrize(
    ("people", "classes", "warned"),
    [("ab", ["cat"], True), ("abc", ["cat"], False), ("ab", ["cat", "dog"], False)],
)
def test_alpha_of_two_people_and_one_class_is_not_to_be_trusted(
    repo: Repository, people: str, classes: list[str], warned: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    boxes = [(name, 50.0 * place) for place, name in enumerate(classes)]
    write(
        repo.root / "labels.json", {"a.jpg": dict.fromkeys(people, boxes), "b.jpg": dict.fromkeys(people, ())}
    )
    repo.add("labels.json")
    done = Desk(repo.root, capsys).dlabel("agreement")
    assert done.status == 0
    assert ("one class, alpha depends on the empty items alone: look at recall" in done.out) is warned


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["--sets", "a", "b", "--annotators"], 2, "--sets compares sets"),
        (["--iou", "1.5"], 2, "above 0 and below 1"),
        (["--sets", "a", "b"], 3, "no label set 'a'"),
        (["nowhere"], 3, "nowhere"),
    ],
)
def test_bad_input(
    two: Repository, arguments: list[str], status: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    done = Desk(two.root, capsys).dlabel("agreement", *arguments)
    assert (done.status, done.out) == (status, "")
    assert words in done.err


# Real people


@pytest.fixture(scope="module")
def pedestrians(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repository]:
    folder = tmp_path_factory.mktemp("pedestrians")
    for name in ("crowd.json", "expert.json"):
        shutil.copy(shared_data / "pedestrians" / name, folder / name)
    with datalabel.init(folder, name="pedestrians") as repository:
        repository.add("crowd.json", set="crowd")
        repository.add("expert.json", set="expert")
        yield repository


def test_a_set_lacks_labels_only_where_it_was_asked(pedestrians: Repository) -> None:
    counts = {name: one.per_item for name, one in pedestrians.stats("STAGED").sets.items()}
    assert {name: (one.labelled, one.empty, one.unseen) for name, one in counts.items()} == {
        "crowd": (600, 103, 0),
        "expert": (389, 74, 240),
    }


def test_the_crowd_says_who_misses_most(pedestrians: Repository) -> None:
    found = pedestrians.agreement(options=AgreementOptions(set_name="crowd", resamples=100))
    assert (found.items, found.labels, len(found.annotators)) == (703, 5531, 43)
    assert found.annotators[0].annotator == "w25"
    assert found.alpha.value is not None
    assert 0.6 < found.alpha.value < 0.8
    without = found.annotators[0].alpha_without.value
    assert without is not None
    assert without > found.alpha.value


def test_experts_agree_about_who_misses_most(pedestrians: Repository) -> None:
    found = pedestrians.agreement(options=AgreementOptions(sets=("crowd", "expert"), resamples=100))
    assert found.items == 463
    assert dict(found.majority) == {"crowd": 463, "expert": 0}
    judged = found.judged[0]
    assert {"w25", "w23"} <= {one.annotator for one in judged.annotators[:5]}
    assert judged.correlation is not None
    assert judged.correlation > 0.6
