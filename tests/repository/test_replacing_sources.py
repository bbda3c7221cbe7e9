"""A file in place of another, and what comes back after it: no label twice, nothing of the old file's record lost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from histories import CAT, DOG, A, B, C, begin, held, said
from pictures import write_coco, write_image

from datalabel.errors import InputError, RefusedError
from datalabel.repository.repository import Repository


def test_it_inherits_set_annotator_and_options(repo: Repository) -> None:
    begin(repo, {A: [CAT], B: [DOG]})
    said(repo, {"x.png": [CAT]}, "model.json")
    repo.add("model.json", model="resnet", size="64x48")
    said(repo, {"x.png": [CAT, DOG]}, "later.json")
    repo.add("later.json", replaces="model.json")
    later = repo.view().tree.sources["later.json"]
    assert (later.set, later.annotator, later.options) == ("resnet", "resnet", {"size": "64x48"})
    labels = repo.labels(set="resnet").to_arrow()
    assert set(labels.column("source").to_pylist()) == {"later.json"}
    assert set(labels.column("annotator").to_pylist()) == {"resnet"}
    assert held(repo) == [(A, "cat", 1.0), (B, "dog", 5.0)]
    said(repo, {"x.png": [CAT]}, "last.json")
    with pytest.raises(InputError, match=r"later\.json: belongs to the set 'resnet' already"):
        repo.add("last.json", replaces="later.json", set="other")


def test_what_was_replaced_comes_back_alone_or_not_at_all(repo: Repository) -> None:
    begin(repo, {A: [CAT, DOG], B: [DOG]})
    said(repo, {A: [CAT, DOG], B: [CAT]}, "later.json")
    repo.add("later.json", replaces="labels.json")
    repo.commit("later")
    with pytest.raises(RefusedError, match=r"its labels are those of later\.json now"):
        repo.restore("labels.json", revision="HEAD~1", staged=True)
    assert len(held(repo)) == 3
    repo.restore("labels.json", "later.json", revision="HEAD~1", staged=True)
    assert held(repo) == [(A, "cat", 1.0), (A, "dog", 5.0), (B, "dog", 5.0)]
    assert sorted(repo.view().tree.sources) == ["labels.json"]


@pytest.mark.parametrize("everything", [True, False])
def test_a_partial_source_stays_one_when_all_that_changed_is_added(
    repo: Repository, everything: bool
) -> None:
    begin(repo, {A: [CAT], B: [DOG]})
    said(repo, {B: [CAT]})
    repo.add("labels.json", partial=True)
    repo.commit("partial")
    assert repo.restore("labels.json").written == ("labels.json",)  # the file was not all of it
    said(repo, {B: [DOG]})
    repo.commit("more", all_sources=True) if everything else repo.add()
    assert held(repo) == [(A, "cat", 1.0), (B, "dog", 5.0)]
    repo.add("labels.json")  # it speaks for all, now that nobody says otherwise
    assert held(repo) == [(B, "dog", 5.0)]


def test_an_export_says_who_drew_what_was_added_under_a_name(repo: Repository, tmp_path: Path) -> None:
    begin(repo, {A: [CAT], B: [DOG]})
    said(repo, {A: [CAT], B: [DOG]}, "bob.json")
    repo.add("bob.json", annotator="bob", set="bob")
    whole = repo.export("coco", tmp_path / "whole", revision="STAGED", set="bob")
    assert not whole.losses
    document = json.loads((tmp_path / "whole" / "bob.json").read_bytes())
    assert [one["annotator"] for one in document["annotations"]] == ["bob", "bob"]
    (repo.root / "bob.json").unlink()
    repo.restore("bob.json")  # what the user said when it was added, the file never said
    assert b"annotator" not in (repo.root / "bob.json").read_bytes()


def test_a_partial_source_stays_one_when_its_folder_is_added(repo: Repository) -> None:
    begin(repo, {A: [CAT], B: [DOG]})
    said(repo, {B: [DOG]})
    repo.add("labels.json", partial=True)
    write_image(repo.root / C, 9)
    repo.add(".")
    assert held(repo) == [(A, "cat", 1.0), (B, "dog", 5.0)]


def test_a_source_that_comes_back_lies_alone_and_in_one_set(repo: Repository) -> None:
    begin(repo, {A: [CAT], B: [DOG]})
    repo.rm("labels.json")
    repo.add("labels.json", set="model")
    repo.restore("labels.json", staged=True)
    assert held(repo) == [(A, "cat", 1.0), (B, "dog", 5.0)]
    assert set(repo.view().tree.sets) == {"ground_truth"}
    repo.mv("labels.json", "moved.json")
    said(repo, {B: [CAT]})
    repo.add("labels.json", beside=True)
    with pytest.raises(
        RefusedError, match=r"would lie at labels\.json, where 'labels\.json \(2\)' lies by now"
    ):
        repo.restore("moved.json", staged=True)
    repo.rm("labels.json")
    assert repo.view().tree.sources["labels.json"].path == "moved.json"
    assert sorted(repo.view().tree.sources) == ["labels.json"]


def test_who_drew_both_may_be_said_afterwards(repo: Repository) -> None:
    write_image(repo.root / "images/a.png", 1)
    for name, left in (("one.json", 1), ("two.json", 2)):
        write_coco(repo.root / name, {"images/a.png": [("cat", left, 1, 10, 10)]})
    repo.add("images", "one.json")
    with pytest.raises(RefusedError) as refused:
        repo.add("two.json", annotator="bob")
    assert "first dlabel add one.json --annotator NAME, then this with --annotator NAME" in str(
        refused.value.hint
    )
    repo.add("one.json", annotator="ann")
    repo.add("two.json", annotator="bob")
    assert sorted(repo.labels().to_arrow().column("annotator").to_pylist()) == ["ann", "bob"]
