"""Renames told by what items were called before, however often a name was used."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from histories import CAT, DOG, A, B, C, begin, held, said
from pictures import Box, write_image

from datalabel.errors import RefusedError
from datalabel.repository.repository import Repository
from datalabel.repository.snapshot.comparing import diff_snapshots


def test_a_removal_after_a_rename_is_a_removal(repo: Repository) -> None:
    begin(repo, {A: [CAT]}, [A])
    repo.mv(A, C)
    repo.commit("moved")
    repo.rm(C)
    repo.commit("removed")
    assert [(one.key, one.change) for one in repo.diff("HEAD~2", "HEAD").items] == [(A, "removed")]
    assert [(one.key, one.change) for one in repo.diff("HEAD~1", "HEAD").items] == [(C, "removed")]
    assert [(one.key, one.change) for one in repo.diff("HEAD~2", "HEAD~1").items] == [(C, "renamed")]


Moves = Sequence[tuple[str, str]]


@pytest.mark.parametrize(
    ("moves", "renamed"),
    [
        ([(B, C), (A, B)], {B: C, A: B}),
        ([(A, C), (C, "d.png")], {A: "d.png"}),
        ([(A, C), (B, A), (C, B)], {A: B, B: A}),
        ([(A, C), (C, A)], {}),
        ([(B, C), (A, B), (B, A), (C, B)], {}),
        ([(A, C), (C, "d.png"), (B, C)], {A: "d.png", B: C}),
    ],
)
def test_a_rename_is_known_when_its_old_name_is_used_again(
    repo: Repository, moves: Moves, renamed: dict[str, str]
) -> None:
    begin(repo, {A: [CAT], B: [DOG]})
    for old, new in moves:
        repo.mv(old, new)
    difference = repo.diff()
    assert difference.renames == renamed
    assert {one.change for one in difference.items} <= {"renamed"}
    assert difference.summary()["sets"] == {}
    assert repo.status().has_staged == bool(renamed)
    back = repo.diff("STAGED", "HEAD")
    assert back.renames == {new: old for old, new in renamed.items()}
    assert ({one.change for one in back.items} <= {"renamed"}, back.summary()["sets"]) == (True, {})
    repo.commit("moved") if renamed else None
    repo.restore(revision="HEAD", staged=True) if renamed else None
    assert not repo.status().has_staged


def test_a_new_image_under_a_name_that_moved_away_is_new(repo: Repository) -> None:
    begin(repo, {A: [CAT], B: [DOG]})
    repo.mv(A, C)
    write_image(repo.root / A, 9)
    said(repo, {A: [DOG, CAT]}, "more.json")
    repo.add(A, "more.json")
    found = repo.diff()
    assert [(one.key, one.change) for one in found.items] == [(A, "added"), (C, "renamed")]
    counts = found.summary()["sets"]["ground_truth"]
    assert (counts["added"], counts["removed"], counts["changed"]) == (2, 0, 0)
    (narrowed,) = repo.diff("HEAD", "STAGED", [A]).compared("ground_truth")
    assert (len(narrowed.added), len(narrowed.removed)) == (2, 0)
    repo.commit("moved")
    write_image(repo.root / A, 8)
    repo.add(A)
    assert [(one.key, one.change) for one in repo.diff().items] == [(A, "replaced")]


def test_the_way_back_is_the_way_there_read_backwards(repo: Repository) -> None:
    begin(repo, {A: [CAT], B: [DOG]})
    repo.mv(A, C)
    write_image(repo.root / A, 9)
    said(repo, {A: [DOG, CAT]}, "more.json")
    repo.add(A, "more.json")
    repo.commit("another")
    back = repo.diff("HEAD", "HEAD~1")
    assert [(one.key, one.change, one.old_key) for one in back.items] == [
        (A, "removed", None), (A, "renamed", C),
    ]  # fmt: skip
    counts = back.summary()["sets"]["ground_truth"]
    assert (counts["added"], counts["removed"], counts["changed"]) == (0, 2, 0)


def test_of_trees_that_went_apart_either_tells_of_its_own_renames(repo: Repository) -> None:
    begin(repo, {A: [CAT], B: [DOG]})
    repo.mv(A, C)
    repo.commit("moved")
    repo.restore(".", revision="HEAD~1")
    repo.mv(B, "d.png")
    repo.commit("went apart")
    for old, new, renamed in (("HEAD~1", "HEAD", {C: A, B: "d.png"}), ("HEAD", "HEAD~1", {A: C, "d.png": B})):
        assert repo.diff(old, new).renames == renamed
        assert repo.diff(old, new).summary()["sets"] == {}


def test_snapshots_know_of_a_rename_in_both_directions(repo: Repository) -> None:
    begin(repo, {A: [CAT], B: [DOG]})
    repo.create_snapshot("old", split="train=0.5,val=0.5")
    repo.mv(A, C)
    repo.commit("moved")
    repo.create_snapshot("new", split="train=0.5,val=0.5")
    for one, other in (("old", "new"), ("new", "old")):
        found = diff_snapshots(repo.project, one, other)
        assert {word: count for word, count in found.summary["items"].items() if count} == {"renamed": 1}
        assert (found.summary["sets"], found.moved) == ({}, {})


def test_a_trace_older_than_the_item_proves_nothing(repo: Repository) -> None:
    begin(repo, {A: [CAT]}, [A])
    repo.mv(A, B)
    repo.commit("moved")
    write_image(repo.root / A, 9)
    said(repo, {A: [DOG]}, "more.json")
    repo.add(A, "more.json", beside=True)
    repo.commit("another")
    repo.mv(B, C)
    repo.rm(A)
    found = repo.diff()
    assert [(one.key, one.change, one.old_key) for one in found.items] == [
        (A, "removed", None), (C, "renamed", B),
    ]  # fmt: skip
    counts = found.summary()["sets"]["ground_truth"]
    assert (counts["added"], counts["removed"], counts["changed"]) == (0, 1, 0)


@pytest.mark.parametrize("here", [True, False])
def test_an_item_whose_key_was_taken_by_another_is_not_forgotten(repo: Repository, here: bool) -> None:
    if here:
        begin(repo, {A: [CAT], B: [DOG]})
        write_image(repo.root / A, 9)
        repo.add(A)
    else:
        said(repo, {A: [CAT], B: [DOG]})
        repo.add("labels.json")
        repo.commit("images never came")
    repo.mv(A, C)
    repo.mv(B, A)
    found = repo.diff()
    assert found.renames == {A: C, B: A}
    assert found.summary()["sets"] == {}
    assert [one.fields.keys() & {"content"} for one in found.items] == [set(), {"content"} if here else set()]


def test_an_item_whose_way_is_lost_is_removed_though_another_has_its_key(repo: Repository) -> None:
    begin(repo, {A: [CAT], B: [DOG], C: [CAT]}, [A, B, C])
    for old, new in ((C, "d.png"), (A, C), (C, A), (B, C)):
        repo.mv(old, new)
    found = repo.diff()
    assert [(one.key, one.change, one.old_key) for one in found.items] == [
        ("d.png", "added", None), (C, "removed", None), (C, "renamed", B),
    ]  # fmt: skip
    counts = found.summary()["sets"]["ground_truth"]
    assert (counts["added"], counts["removed"]) == (1, 1)
    (picture,) = [one for one in repo.diff_page().pictures if one.key == C]
    assert any("was removed" in note for note in picture.notes)


def test_an_item_comes_back_under_one_key_only(repo: Repository) -> None:
    begin(repo, {A: [CAT, DOG], B: [DOG]})
    before = held(repo)
    repo.mv(A, C)
    for path in (A, "labels.json"):
        with pytest.raises(RefusedError, match=f"{A}: is called {C} now"):
            repo.restore(path, staged=True)
    repo.restore(A, C, "labels.json", staged=True)
    assert held(repo) == before
    assert repo.items().column("item").to_pylist() == [A, B]


def exchanged(repo: Repository) -> None:
    begin(repo, {A: [CAT], B: [DOG]})
    for old, new in ((A, C), (B, A), (C, B)):
        repo.mv(old, new)


@pytest.mark.parametrize("paths", [[A], [B], ["labels.json"], [A, "labels.json"]])
def test_half_an_exchange_is_not_taken_back(repo: Repository, paths: list[str]) -> None:
    exchanged(repo)
    before = held(repo)
    with pytest.raises(RefusedError, match=r"is called .*\.png now"):
        repo.restore(*paths, staged=True)
    assert (held(repo), repo.diff().renames) == (before, {A: B, B: A})


def test_exchanged_items_move_back_with_what_was_said_of_them_since(repo: Repository) -> None:
    exchanged(repo)
    said(repo, {A: [CAT]}, "more.json")
    repo.add("more.json", beside=True)
    repo.restore(A, B, staged=True)
    assert held(repo) == [(A, "cat", 1.0), (B, "cat", 1.0), (B, "dog", 5.0)]
    assert [one.change for one in repo.diff().items] == []
    repo.add("labels.json", "more.json")
    assert held(repo) == [(A, "cat", 1.0), (B, "cat", 1.0), (B, "dog", 5.0)]


@pytest.mark.parametrize("both", [True, False])
def test_whoever_came_to_a_key_leaves_it_with_its_labels(repo: Repository, both: bool) -> None:
    begin(repo, {A: [CAT], B: [DOG]})
    before = held(repo)
    repo.rm(A)
    (repo.root / A).unlink()
    repo.mv(B, A)
    repo.restore(A, *([B] if both else []), staged=True)
    assert held(repo) == (before if both else before[:1])
    assert repo.items().column("item").to_pylist() == ([A, B] if both else [A])


def test_a_new_image_at_an_old_key_leaves_it_with_its_labels(repo: Repository) -> None:
    begin(repo, {A: [CAT], B: [DOG]})
    before, images = held(repo), repo.items().select(["item", "content"])
    repo.mv(A, C)
    write_image(repo.root / A, 9)
    said(repo, {A: [DOG]}, "more.json")
    repo.add(A, "more.json")
    repo.restore(A, C, staged=True)
    assert held(repo) == before
    assert repo.items().select(["item", "content"]) == images


def test_a_new_item_that_staging_loses_takes_its_labels_along(repo: Repository) -> None:
    begin(repo, {A: [CAT], B: [DOG]})
    write_image(repo.root / C, 9)
    said(repo, {A: [CAT], B: [DOG], C: [CAT]})
    repo.add(C, "labels.json")
    repo.restore(C, staged=True)
    assert held(repo) == [(A, "cat", 1.0), (B, "dog", 5.0)]
    assert repo.stats().sets["ground_truth"].labels == 2


def test_an_export_calls_images_as_they_are_called_now(repo: Repository, tmp_path: Path) -> None:
    begin(repo, {A: [CAT], B: [DOG]})
    for old, new in ((A, "images/t.png"), (B, A), ("images/t.png", B)):
        repo.mv(old, new)
    repo.commit("exchanged")
    (name,) = repo.export("coco", tmp_path / "out").files
    document = json.loads((tmp_path / "out" / name).read_bytes())
    names = {one["id"]: one["file_name"] for one in document["images"]}
    classes = {one["id"]: one["name"] for one in document["categories"]}
    found = {names[one["image_id"]]: classes[one["category_id"]] for one in document["annotations"]}
    assert found == {A: "dog", B: "cat"}


@pytest.mark.parametrize("path", ["labels.json", "other.json"])
def test_a_source_is_meant_by_its_path_on_either_side(repo: Repository, path: str) -> None:
    begin(repo, {A: [CAT]}, [A])
    repo.mv("labels.json", "other.json")
    repo.restore(path, staged=True)
    assert repo.view().tree.sources["labels.json"].path == "labels.json"


def test_a_trace_that_head_has_too_keeps_nothing_away(repo: Repository) -> None:
    begin(repo, {A: [CAT], B: [DOG]})
    repo.mv(A, C)
    repo.commit("moved")
    write_image(repo.root / A, 9)
    repo.add(A)
    repo.commit("another")
    for paths in ([A], [A, C], ["."]):
        repo.rm(A)
        repo.restore(*paths, staged=True)
        assert repo.diff().is_empty


def test_a_file_is_written_as_it_came_while_its_names_mean_one_image_each(
    repo: Repository, tmp_path: Path
) -> None:
    train, val = "train/1.png", "val/1.png"
    begin(repo, {train: [CAT], val: [DOG]}, [train, val])
    assert repo.export("coco", tmp_path / "before").files == ("labels.json",)
    repo.mv("train", "old")
    repo.mv("val", "train")
    (name,) = repo.export("coco", tmp_path / "out", revision="STAGED").files
    document = json.loads((tmp_path / "out" / name).read_bytes())
    names = {one["id"]: one["file_name"] for one in document["images"]}
    classes = {one["id"]: one["name"] for one in document["categories"]}
    found = {names[one["image_id"]]: classes[one["category_id"]] for one in document["annotations"]}
    assert found == {"old/1.png": "cat", train: "dog"}


def test_an_item_that_another_tree_calls_otherwise_comes_under_one_key(repo: Repository) -> None:
    begin(repo, {A: [CAT], B: [DOG]})
    repo.mv(A, C)
    repo.commit("moved")
    repo.restore(revision="HEAD~1", staged=True)
    with pytest.raises(RefusedError, match=f"{C}: is called {A} now"):
        repo.restore(C, revision="HEAD", staged=True)
    repo.restore(A, C, revision="HEAD", staged=True)
    assert held(repo) == [(B, "dog", 5.0), (C, "cat", 1.0)]
    assert not repo.status().has_staged


def test_what_a_source_says_of_a_removed_item_does_not_come_to_who_has_its_key(repo: Repository) -> None:
    begin(repo, {A: [CAT], B: [DOG]})
    repo.rm(A, files=True)
    repo.mv(B, A)
    assert [(one.key, one.change) for one in repo.diff().items] == [(A, "removed"), (A, "renamed")]
    with pytest.raises(RefusedError, match=f"{B}: is called {A} now"):
        repo.restore("labels.json", revision="HEAD", staged=True)
    repo.commit("moved")
    repo.restore(A, B, revision="HEAD~1", staged=True)
    assert held(repo) == [(A, "cat", 1.0), (B, "dog", 5.0)]
    assert {(one.key, one.change) for one in repo.diff().items} == {(A, "added"), (B, "renamed")}


def test_what_was_accepted_stays_accepted_under_the_new_key(repo: Repository) -> None:
    begin(repo, {A: [("cat", 60.0, 40.0, 10.0, 10.0)], B: [("cat", 60.0, 40.0, 10.0, 10.0)]})
    repo.accept("G104", A, because="cut by the edge")
    assert [one.item for one in repo.check(select=["G104"]).findings] == [B]
    repo.mv(A, C)
    assert [one.item for one in repo.check(select=["G104"]).findings] == [B]
    assert "cut by the edge" in (repo.root / "dlabel.accepted.yaml").read_text()
    repo.mv("images", "photos")
    assert [one.item for one in repo.check(select=["G104"]).findings] == ["photos/b.png"]


MOVED: tuple[str, float, float, float, float] = ("cat", 2.0, 1.0, 10.0, 10.0)


@pytest.mark.parametrize(
    ("on_a", "on_b", "told"),
    [
        ([CAT, MOVED], [DOG], True),  # as before, and a label more on what was A
        ([DOG, MOVED], [CAT], False),  # as they are called by now
        ([MOVED], [DOG], False),  # nothing that did not change tells
    ],
)
def test_names_that_were_exchanged_mean_what_the_labels_tell_or_nothing(
    repo: Repository, on_a: list[Box], on_b: list[Box], told: bool
) -> None:
    begin(repo, {A: [CAT], B: [DOG]})
    for old, new in ((A, C), (B, A), (C, B)):
        repo.mv(old, new)
    repo.commit("exchanged")
    before = held(repo)
    said(repo, {A: on_a, B: on_b})
    if told:
        repo.add("labels.json")
        assert held(repo) == [(A, "dog", 5.0), (B, "cat", 1.0), (B, "cat", 2.0)]
        return
    with pytest.raises(
        RefusedError, match=f"'{A}' meant {B} when it was last read, and is what {A} is called now"
    ):
        repo.add("labels.json")
    assert held(repo) == before
    repo.rm("labels.json")
    repo.add("labels.json")
    assert held(repo) == sorted((item, *box[:2]) for item, boxes in ((A, on_a), (B, on_b)) for box in boxes)
