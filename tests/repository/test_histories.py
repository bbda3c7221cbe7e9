"""Things done one after the other: nothing of what was decided before is lost, comes back, or lands elsewhere."""

from __future__ import annotations

import json
import shutil
import sys
from typing import Any

import pytest
from histories import CAT, DOG, A, B, C, begin, cats_become_dogs, held, said
from pictures import write_image

from datalabel.errors import DamagedError, InputError, RefusedError, UsageError
from datalabel.repository.repository import Repository


@pytest.mark.parametrize("forgotten", [True, False])
def test_the_last_label_goes_however_many_segments_were_folded(repo: Repository, forgotten: bool) -> None:
    begin(repo, {A: [CAT]}, [A])
    for step in range(1, 15):
        said(repo, {A: [("cat", 1.0 + step, 1.0, 10.0, 10.0)]})
        repo.commit(f"{step}", all_sources=True)
    if forgotten:
        repo.rm("labels.json")
    else:
        said(repo, {A: []})
        repo.add("labels.json")
    assert held(repo) == []
    repo.commit("empty")
    assert held(repo, "HEAD") == []
    said(repo, {A: [DOG]})
    repo.add("labels.json")
    assert held(repo) == [(A, "dog", 5.0)]


def test_a_file_in_the_place_of_a_moved_one_is_another_source(repo: Repository) -> None:
    begin(repo, {A: [CAT]})
    repo.mv("labels.json", "old.json")
    said(repo, {B: [DOG]})
    repo.add("labels.json")
    assert held(repo) == [(A, "cat", 1.0), (B, "dog", 5.0)]
    assert {source.path for source in repo.view().tree.sources.values()} == {"old.json", "labels.json"}
    said(repo, {B: [CAT]})
    repo.add()
    assert held(repo) == [(A, "cat", 1.0), (B, "cat", 1.0)]
    assert repo.status().unstaged == ()


def test_what_is_changed_back_after_a_restore_is_a_change(repo: Repository) -> None:
    begin(repo, {A: [CAT], B: [CAT]})
    cats_become_dogs(repo)
    repo.commit("dogs")
    repo.restore("labels.json")
    said(repo, {A: [("dog", 1.0, 1.0, 10.0, 10.0)], B: [("dog", 7.0, 1.0, 10.0, 10.0)]})
    repo.add("labels.json")
    assert held(repo) == [(A, "dog", 1.0), (B, "dog", 7.0)]
    said(repo, {A: [CAT], B: [("dog", 7.0, 1.0, 10.0, 10.0)]})
    repo.add("labels.json")
    assert held(repo) == [(A, "cat", 1.0), (B, "dog", 7.0)]


def test_a_file_that_nobody_wrote_again_still_does_not_undo_a_migration(repo: Repository) -> None:
    begin(repo, {A: [CAT], B: [CAT]})
    cats_become_dogs(repo)
    repo.commit("dogs")
    said(repo, {A: [CAT], B: [("cat", 7.0, 1.0, 10.0, 10.0)]})
    repo.add("labels.json")
    assert held(repo) == [(A, "dog", 1.0), (B, "dog", 7.0)]


def test_a_folder_does_not_move_over_items_whose_files_are_gone(repo: Repository) -> None:
    begin(repo, {"x/1.png": [CAT], "y/1.png": [DOG]}, ["x/1.png", "y/1.png"])
    shutil.rmtree(repo.root / "y")
    with pytest.raises(InputError, match="is tracked already"):
        repo.mv("x", "y")
    assert held(repo) == [("x/1.png", "cat", 1.0), ("y/1.png", "dog", 5.0)]
    assert (repo.root / "x/1.png").exists()


@pytest.mark.parametrize("image_came", [True, False])
def test_labels_that_are_kept_keep_their_item_and_its_mention(repo: Repository, image_came: bool) -> None:
    images = [A, B] if image_came else [A]
    begin(repo, {A: [CAT], B: [CAT]}, images)
    cats_become_dogs(repo)
    said(repo, {A: [CAT]})
    repo.add("labels.json", prefer="ours")
    assert held(repo) == [(A, "dog", 1.0), (B, "dog", 1.0)]
    assert repo.stats().sets["ground_truth"].labels == 2
    repo.restore("labels.json")
    assert len(json.loads((repo.root / "labels.json").read_text())["annotations"]) == 2
    assert repo.status().unstaged == ()


def test_a_removed_item_does_not_come_back_with_a_file_that_says_the_same_of_it(repo: Repository) -> None:
    begin(repo, {A: [CAT], B: [DOG]})
    repo.rm(A)
    said(repo, {A: [CAT], B: [("dog", 6.0, 5.0, 10.0, 10.0)]})
    repo.add("labels.json")
    assert held(repo) == [(B, "dog", 6.0)]
    assert repo.items().column("item").to_pylist() == [B]


def test_naming_the_annotator_later_keeps_ids_and_what_was_changed_here(repo: Repository) -> None:
    begin(repo, {A: [CAT, DOG]})
    ids = repo.labels().to_arrow().column("id").to_pylist()
    cats_become_dogs(repo)
    repo.add("labels.json", annotator="anna")
    rows = repo.labels().to_arrow()
    assert sorted(rows.column("id").to_pylist()) == sorted(ids)
    assert rows.column("annotator").to_pylist() == ["anna", "anna"]
    assert rows.column("class").to_pylist() == ["dog", "dog"]
    summary = repo.diff().summary()["sets"]["ground_truth"]
    assert (summary["added"], summary["removed"], summary["changed"]) == (0, 0, 2)


def test_copies_of_a_new_image_stay_in_the_split_of_the_item_that_it_replaced(repo: Repository) -> None:
    keys = [f"images/{number}.png" for number in range(8)]
    for number, key in enumerate(keys):
        write_image(repo.root / key, number)
    repo.add("images")
    repo.commit("first")
    repo.create_snapshot("one", split="train=0.5,val=0.5", seed=1)
    for number, key in enumerate(keys):
        write_image(repo.root / key, 100 + number)
        shutil.copy(repo.root / key, repo.root / f"images/copy{number}.png")
    repo.add("images")
    repo.commit("second")
    repo.create_snapshot("two", earlier="one")
    found = repo.check("two", select=["X101"])
    assert found.findings == ()


def test_what_is_as_it_was_is_not_staged(repo: Repository) -> None:
    begin(repo, {A: [CAT], B: [DOG]})
    head = repo.project.store.state.read().staging
    said(repo, {A: [CAT], B: [("dog", 6.0, 5.0, 10.0, 10.0)]})
    repo.add("labels.json")
    assert repo.status().has_staged
    said(repo, {A: [CAT], B: [DOG]})
    assert repo.add("labels.json").changed
    assert not repo.status().has_staged
    assert repo.project.store.state.read().staging == head
    repo.mv(A, C)
    repo.mv(C, A)
    repo.rm("labels.json")
    repo.add("labels.json")
    assert repo.project.store.state.read().staging == head
    assert repo.status().unstaged == ()
    assert repo.commit("nothing").id is None
    assert {A, B} == set(repo.items().column("item").to_pylist())


def test_conflicts_that_were_decided_are_staged_and_said(repo: Repository) -> None:
    begin(repo, {A: [CAT], B: [DOG]})
    cats_become_dogs(repo)
    repo.commit("dogs")
    said(repo, {A: [("bird", 1.0, 1.0, 10.0, 10.0)], B: [DOG]})
    (open_,) = repo.add("labels.json").labels
    assert (open_.is_open, len(open_.conflicts)) == (True, 1)
    assert held(repo) == [(A, "dog", 1.0), (B, "dog", 5.0)]
    added = repo.add("labels.json", prefer="theirs")
    (decided,) = added.labels
    assert (decided.is_open, decided.decided, added.has_conflicts) == (False, "theirs", False)
    assert held(repo) == [(A, "bird", 1.0), (B, "dog", 5.0)]


def test_options_that_say_how_a_source_is_read_need_the_source(repo: Repository) -> None:
    begin(repo, {A: [CAT], B: [DOG]})
    said(repo, {A: [CAT]})
    for options in ({"partial": True}, {"annotator": "bob"}, {"set": "other"}, {"replaces": "labels.json"}):
        with pytest.raises(UsageError, match="goes with the path of a source"):
            repo.add(**options)
    said(repo, {A: [CAT]}, "part.json")
    with pytest.raises(UsageError, match="exclude each other"):
        repo.add("part.json", replaces="labels.json", partial=True)
    assert held(repo) == [(A, "cat", 1.0), (B, "dog", 5.0)]


def test_the_commits_of_a_range(repo: Repository) -> None:
    begin(repo, {A: [CAT]}, [A])
    for step in (2.0, 3.0, 4.0):
        said(repo, {A: [("cat", step, 1.0, 10.0, 10.0)]})
        repo.commit(f"{step}", all_sources=True)
    assert [one.commit.message for one in repo.log("HEAD~2..HEAD")] == ["4.0", "3.0"]
    assert [one.commit.message for one in repo.log("HEAD~2..")] == ["4.0", "3.0"]
    assert [one.commit.message for one in repo.log("HEAD~2..", limit=1)] == ["4.0"]
    assert list(repo.log("HEAD..HEAD~2")) == []
    with pytest.raises(InputError, match="STAGED is not a commit"):
        list(repo.log("STAGED"))


def test_the_last_commits_are_told_without_the_first(repo: Repository) -> None:
    begin(repo, {A: [CAT]}, [A])
    for step in (2.0, 3.0):
        said(repo, {A: [("cat", step, 1.0, 10.0, 10.0)]})
        repo.commit(f"{step}", all_sources=True)
    first = [*repo.log()][-1].id
    (repo.root / f".dlabel/objects/{first[:2]}/{first[2:]}").unlink()
    assert [one.commit.message for one in repo.log(limit=2)] == ["3.0", "2.0"]
    with pytest.raises(DamagedError, match=first[:12]):
        list(repo.log())


def test_a_column_that_labels_do_not_have_is_named(repo: Repository) -> None:
    begin(repo, {A: [CAT]}, [A])
    with pytest.raises(InputError, match="labels have no column 'klass'") as refused:
        repo.labels().to_arrow(["item", "klass"])
    assert refused.value.hint == "did you mean class?"
    assert repo.labels().to_arrow(["item"]).num_rows == 1


def test_what_is_no_revision_no_set_and_not_installed_is_said(
    repo: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(repo, {A: [CAT]}, [A])
    number: Any = 3
    with pytest.raises(UsageError, match="a revision is a text, not 3"):
        repo.labels(number)
    with pytest.raises(InputError, match="there is no label set 3 at HEAD"):
        repo.labels("HEAD", set=number)
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(InputError, match="pandas is not installed") as refused:
        repo.labels("HEAD").to_pandas()
    assert refused.value.hint == "pip install '.[pandas]', or take to_arrow()"


def test_the_spec_is_not_renamed(repo: Repository) -> None:
    with pytest.raises(RefusedError, match="the spec has one name only"):
        repo.mv("dlabel.yaml", "spec.yaml")
    assert (repo.root / "dlabel.yaml").exists()


def test_a_removed_item_is_restored_with_its_labels(repo: Repository) -> None:
    begin(repo, {A: [CAT], B: [DOG]})
    head = repo.project.store.state.read().staging
    repo.rm(A)
    assert held(repo) == [(B, "dog", 5.0)]
    repo.restore(A, staged=True)
    assert held(repo) == [(A, "cat", 1.0), (B, "dog", 5.0)]
    assert repo.project.store.state.read().staging == head
    repo.rm(A)
    repo.rm("labels.json")
    repo.restore(A, revision="HEAD")
    assert held(repo) == []
    assert repo.items().column("item").to_pylist() == [A, B]


def test_what_is_tracked_is_not_ignored(repo: Repository) -> None:
    begin(repo, {A: [CAT], B: [DOG]})
    (repo.root / ".dlabelignore").write_text("images/\nlabels.json\n")
    assert repo.status().unstaged == ()
    assert not repo.add().changed
    said(repo, {A: [CAT], B: [CAT]})
    write_image(repo.root / A, 77)
    assert repo.status().unstaged == ((A, "modified"), ("labels.json", "modified"))
    repo.add()
    assert held(repo) == [(A, "cat", 1.0), (B, "cat", 1.0)]
    (repo.root / A).unlink()
    assert repo.status().unstaged == ((A, "deleted"),)


def test_a_source_that_was_restored_away_is_added_whole(repo: Repository) -> None:
    begin(repo, {}, [A, B])
    said(repo, {A: [CAT], B: [DOG]}, "second.json")
    repo.add("second.json")
    repo.commit("second")
    before = held(repo)
    repo.restore("second.json", revision="HEAD~1")
    assert held(repo) == []
    assert repo.add("second.json").labels[0].changed_items == 2
    assert held(repo) == before


def test_what_a_source_said_in_another_set_is_not_its_base(repo: Repository) -> None:
    begin(repo, {}, [A, B])
    said(repo, {A: [CAT], B: [DOG, CAT]}, "second.json")
    for name in ("one", "two"):
        repo.add("second.json", set=name)
        repo.commit(name)
        if name == "one":
            repo.rm("second.json")
    repo.restore(revision="HEAD~1", staged=True)
    said(repo, {A: [CAT], B: [DOG]}, "second.json")
    added = repo.add("second.json").labels[0]
    assert (added.set, added.labels, added.changed_items) == ("one", 2, 1)
    assert repo.labels("STAGED", set="one").count() == 2


def test_an_image_that_was_renamed_keeps_labels_that_are_read_with_it(repo: Repository) -> None:
    begin(repo, {"a.png": [CAT], "b.png": [DOG]}, ["images/a.png", "images/b.png"])
    (repo.root / "z").mkdir()
    (repo.root / "images" / "a.png").rename(repo.root / "z" / "a.png")
    said(repo, {"a.png": [CAT], "b.png": [CAT]})
    added = repo.add(".")
    assert added.images.renamed == (("images/a.png", "z/a.png"),)
    assert [key for key, *_ in held(repo)] == ["images/b.png", "z/a.png"]
    assert added.labels[0].awaited == 0


def test_a_label_file_that_may_not_be_read_is_named(repo: Repository) -> None:
    outside = repo.root.parent / "outside"
    outside.mkdir()
    with pytest.raises(InputError, match=r"outside: cannot be read: Is a directory"):
        repo.add(outside, name="theirs", format="voc")
