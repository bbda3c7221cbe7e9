"""A source that speaks of an item again, after it was removed, restored or forgotten."""

from __future__ import annotations

import json

import pytest
from histories import CAT, DOG, A, B, C, begin, cats_become_dogs, held, said
from pictures import write_image

from datalabel.errors import InputError, RefusedError
from datalabel.repository.repository import Repository


def test_a_source_that_comes_back_from_before_its_removal_is_not_doubled(repo: Repository) -> None:
    begin(repo, {A: [CAT], B: [DOG]})
    repo.rm("labels.json")
    repo.commit("without")
    repo.restore(staged=True, revision="HEAD~1")
    assert held(repo) == [(A, "cat", 1.0), (B, "dog", 5.0)]
    repo.add("labels.json")
    assert held(repo) == [(A, "cat", 1.0), (B, "dog", 5.0)]
    said(repo, {A: [DOG], B: [DOG]})
    repo.add("labels.json")
    assert held(repo) == [(A, "dog", 5.0), (B, "dog", 5.0)]


def test_a_source_is_new_where_staging_is_from_before_it(repo: Repository) -> None:
    write_image(repo.root / A)
    repo.add(A)
    repo.commit("image")
    said(repo, {A: [CAT]})
    repo.add("labels.json")
    repo.commit("labels")
    repo.restore(staged=True, revision="HEAD~1")
    assert held(repo) == []
    repo.add("labels.json")
    assert held(repo) == [(A, "cat", 1.0)]


@pytest.mark.parametrize("changed", [True, False])
def test_what_is_a_source_does_not_replace_another(repo: Repository, changed: bool) -> None:
    begin(repo, {A: [CAT]})
    said(repo, {B: [DOG]}, "more.json")
    repo.add("more.json")
    said(repo, {A: [DOG if changed else CAT]})
    with pytest.raises(RefusedError, match="is a source already"):
        repo.add("labels.json", replaces="more.json")
    assert held(repo) == [(A, "cat", 1.0), (B, "dog", 5.0)]


def test_an_image_that_a_file_names_again_has_its_labels(repo: Repository) -> None:
    begin(repo, {A: [CAT, DOG], B: [DOG]})
    cats_become_dogs(repo)
    said(repo, {B: [DOG]})
    repo.add("labels.json", prefer="ours")
    assert held(repo) == [(A, "dog", 1.0), (B, "dog", 5.0)]
    said(repo, {A: [CAT, DOG], B: [DOG]})
    repo.add("labels.json")
    assert (A, "dog", 5.0) in held(repo)


def test_a_removed_image_stays_away_however_often_the_file_says_the_same(repo: Repository) -> None:
    begin(repo, {A: [CAT], B: [DOG]})
    repo.rm(A)
    for step in range(3):
        said(repo, {A: [CAT], B: [("dog", 6.0 + step, 5.0, 10.0, 10.0)]})
        repo.add("labels.json")
        assert repo.items().column("item").to_pylist() == [B]
        assert held(repo) == [(B, "dog", 6.0 + step)]


def test_labels_that_were_restored_go_when_the_file_drops_them(repo: Repository) -> None:
    begin(repo, {A: [CAT], B: [DOG]})
    repo.rm(A)
    said(repo, {A: [CAT], B: [CAT]})
    repo.add("labels.json")
    repo.commit("removed")
    repo.restore(A, revision="HEAD~1")
    assert held(repo) == [(A, "cat", 1.0), (B, "cat", 1.0)]
    said(repo, {B: [CAT]})
    repo.add("labels.json")
    assert held(repo) == [(B, "cat", 1.0)]


def test_a_file_that_says_what_is_held_stays_as_it_was_spelled(repo: Repository) -> None:
    begin(repo, {A: [CAT], B: [DOG]})
    spelled = (repo.root / "labels.json").read_text().replace("1.0", "1.00", 1)
    (repo.root / "labels.json").write_text(spelled)
    repo.add("labels.json")
    said(repo, {A: [DOG]}, "more.json")
    repo.add("more.json", beside=True)
    repo.restore("labels.json")
    assert (repo.root / "labels.json").read_text() == spelled
    cats_become_dogs(repo)
    repo.restore("labels.json")
    assert (repo.root / "labels.json").read_text() != spelled
    written = json.loads((repo.root / "labels.json").read_text())
    assert {one["category_id"] for one in written["annotations"]} == {2}
    assert repo.status().unstaged == ()


@pytest.mark.parametrize("committed", [True, False])
def test_a_removed_image_that_is_added_again_has_its_labels_again(repo: Repository, committed: bool) -> None:
    begin(repo, {A: [CAT, DOG], B: [DOG]})
    cats_become_dogs(repo)
    said(repo, {A: [CAT, DOG], B: [CAT]})
    repo.add("labels.json")
    repo.commit("whole")
    ids = repo.labels().to_arrow().column("id").to_pylist()
    repo.rm(A)
    if committed:
        repo.commit("removed")
    assert held(repo) == [(B, "cat", 1.0)]
    done = repo.add(A)
    assert done.images.labels_back == 2
    # The last commit that has the image knows what was decided here.
    assert held(repo) == [(A, "dog", 1.0), (A, "dog", 5.0), (B, "cat", 1.0)]
    assert repo.labels().to_arrow().column("id").to_pylist() == ids
    assert not repo.add("labels.json").changed
    said(repo, {A: [CAT], B: [CAT]})
    repo.add("labels.json")
    assert [label[:1] + label[2:] for label in held(repo)] == [(A, 1.0), (B, 1.0)]


def test_what_a_source_said_since_counts_more_than_what_was_decided_before(repo: Repository) -> None:
    begin(repo, {A: [CAT], B: [DOG]})
    cats_become_dogs(repo)
    repo.commit("dogs")
    repo.rm(A)
    repo.commit("removed")
    said(repo, {A: [], B: [DOG]})
    assert not repo.add("labels.json").has_conflicts
    assert repo.add(A).images.labels_back == 0
    assert held(repo) == [(B, "dog", 5.0)]


def test_an_image_added_again_has_what_each_source_says_that_is_left(repo: Repository) -> None:
    begin(repo, {A: [CAT], B: [DOG]})
    said(repo, {A: [DOG]}, "model.json")
    repo.add("model.json", set="model")
    said(repo, {A: [DOG]}, "second.json")
    repo.add("second.json", beside=True)
    repo.rm(A)
    repo.rm("second.json")
    said(repo, {B: [DOG]}, "model.json")
    repo.add("model.json")
    assert repo.add(A).images.labels_back == 1
    assert held(repo) == [(A, "cat", 1.0), (B, "dog", 5.0)]
    assert repo.labels(set="model").to_arrow().num_rows == 1  # of B
    assert repo.add(A).images.labels_back == 0


def test_a_file_that_was_written_stays_unchanged_when_staging_goes_back(repo: Repository) -> None:
    begin(repo, {A: [CAT], B: [DOG]})
    cats_become_dogs(repo)
    repo.commit("dogs")
    repo.restore("labels.json")
    assert repo.status().unstaged == ()
    said(repo, {A: [CAT], B: [CAT]}, "model.json")
    repo.add("model.json", set="model")
    repo.restore(staged=True)
    assert repo.status().unstaged == ()
    assert not repo.add("labels.json").changed
    said(repo, {A: [DOG], B: [DOG]})
    repo.add("labels.json")
    repo.restore(staged=True)
    assert repo.status().unstaged == (("labels.json", "modified"),)


def test_a_format_is_insisted_on_where_a_source_is_known(repo: Repository) -> None:
    begin(repo, {A: [CAT]})
    (repo.root / "labels").mkdir()
    (repo.root / "labels" / "a.xml").write_text(
        "<annotation><filename>a.png</filename><object><name>cat</name>"
        "<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>5</xmax><ymax>5</ymax></bndbox></object></annotation>"
    )
    repo.add("labels", beside=True)
    with pytest.raises(InputError, match="holds no YOLO files"):
        repo.add("labels", format="yolo")


def test_labels_that_are_here_and_in_the_file_are_one(repo: Repository) -> None:
    begin(repo, {A: [CAT, DOG], B: [DOG]})
    old = (repo.root / "labels.json").read_bytes()
    said(repo, {A: [CAT], B: [DOG]})
    repo.commit("without", all_sources=True)
    repo.restore("labels.json", revision="HEAD~1", staged=True)
    (repo.root / "labels.json").write_bytes(old)
    repo.add("labels.json")
    assert held(repo) == [(A, "cat", 1.0), (A, "dog", 5.0), (B, "dog", 5.0)]


def test_a_rename_that_is_taken_back_in_staging_doubles_nothing(repo: Repository) -> None:
    begin(repo, {A: [CAT, DOG], B: [DOG]})
    repo.mv(A, C)
    repo.commit("moved")
    repo.restore(revision="HEAD~1", staged=True)
    said(repo, {A: [CAT, DOG], B: [CAT]})
    repo.add("labels.json")
    assert held(repo) == [(A, "cat", 1.0), (A, "dog", 5.0), (B, "cat", 1.0)]


@pytest.mark.parametrize("committed", [True, False])
def test_a_base_calls_items_as_staging_does_when_a_rename_is_taken_back(
    repo: Repository, committed: bool
) -> None:
    begin(repo, {A: [CAT, DOG], B: [DOG]})
    repo.mv(A, C)
    if committed:
        repo.commit("moved")
        repo.restore(revision="HEAD~1", staged=True)
    else:
        repo.rm(C)
        repo.restore(A, staged=True)
    said(repo, {A: [("cow", *CAT[1:])], B: [DOG]})
    repo.add("labels.json")
    assert held(repo) == [(A, "cow", 1.0), (B, "dog", 5.0)]


@pytest.mark.parametrize("move", [True, False])
def test_a_removed_item_stays_away_when_images_are_numbered_anew(repo: Repository, move: bool) -> None:
    begin(repo, {A: [CAT, DOG], B: [DOG]})
    if move:
        repo.mv(A, C)
    repo.rm(C if move else A)
    for images in ({B: [DOG], A: [CAT, DOG]}, {"new.png": [DOG], A: [CAT, DOG], B: [CAT]}):
        said(repo, images)
        repo.add("labels.json")
        assert set(repo.items().column("item").to_pylist()) == images.keys() - {A}
    assert held(repo) == [(B, "cat", 1.0), ("new.png", "dog", 5.0)]
    said(repo, {A: [CAT], B: [CAT], "new.png": [DOG, CAT]})
    repo.add("labels.json")
    assert {item for item, _, _ in held(repo)} == {B, "new.png"}


def test_what_a_source_says_of_a_removed_image_stays_unsaid_when_another_brings_it_back(
    repo: Repository,
) -> None:
    begin(repo, {A: [CAT], B: [DOG]})
    repo.rm(A)
    said(repo, {A: [CAT]}, "model.json")
    repo.add("model.json", set="model")
    for step in range(2):
        said(repo, {A: [CAT], B: [("dog", 6.0 + step, 5.0, 10.0, 10.0)]})
        repo.add("labels.json")
        mentions = repo.view().mentions_of("labels.json", ["item"])
        assert mentions.column("item").to_pylist() == [B]
    assert held(repo) == [(B, "dog", 7.0)]


def test_what_was_decided_here_comes_back_with_an_image_that_head_has(repo: Repository) -> None:
    begin(repo, {A: [CAT], B: [DOG]})
    cats_become_dogs(repo)
    repo.commit("dogs")
    repo.rm(A)
    repo.add(A)
    assert repo.diff().is_empty
    assert held(repo) == [(A, "dog", 1.0), (B, "dog", 5.0)]


def test_an_image_that_another_source_waited_for_has_what_every_source_says(repo: Repository) -> None:
    begin(repo, {A: [CAT], B: [DOG]})
    repo.rm(A)
    said(repo, {A: [DOG]}, "model.json")
    repo.add("model.json", set="model")
    assert repo.add(A).images.labels_back == 1
    assert held(repo) == [(A, "cat", 1.0), (B, "dog", 5.0)]


def test_images_that_moved_by_hand_are_meant_by_their_old_names(repo: Repository) -> None:
    begin(repo, {A: [CAT], B: [DOG]})
    repo.rm("images")
    (repo.root / "images").rename(repo.root / "pictures")
    repo.add("pictures")
    said(repo, {A: [CAT], B: [DOG, CAT]})
    repo.add("labels.json")
    assert held(repo) == [
        ("pictures/a.png", "cat", 1.0),
        ("pictures/b.png", "cat", 1.0),
        ("pictures/b.png", "dog", 5.0),
    ]
    assert repo.items().column("item").to_pylist() == ["pictures/a.png", "pictures/b.png"]


def test_a_new_image_under_a_name_that_was_moved_and_removed_has_its_labels(repo: Repository) -> None:
    begin(repo, {A: [CAT], B: [DOG]})
    repo.mv(A, C)
    repo.rm(C)
    write_image(repo.root / A, 9)
    repo.add(A)
    said(repo, {A: [DOG], B: [DOG]})
    repo.add("labels.json")
    assert held(repo) == [(A, "dog", 5.0), (B, "dog", 5.0)]
