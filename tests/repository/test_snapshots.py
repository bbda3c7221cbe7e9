"""Snapshots: what is frozen stays, splits are kept, the digest follows from what labels say."""

from __future__ import annotations

import json
import random
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from pictures import Box, write_coco, write_image

import datalabel
from datalabel.errors import DamagedError, InputError, UsageError
from datalabel.repository.repository import Repository
from datalabel.repository.snapshot.comparing import diff_snapshots
from datalabel.repository.snapshot.snapshots import create_snapshot
from datalabel.repository.snapshot.splitting import SnapshotOptions
from datalabel.repository.snapshot.verifying import verify_snapshot

CLASSES = ("cat", "dog")


def boxes(number: int) -> list[Box]:
    """Labels of the image of this number: none on every fifth."""
    return [(CLASSES[n % 2], n, number % 20, 10, 10) for n in range(number % 5)]


@pytest.fixture
def forty(repo: Repository) -> Repository:
    """Forty images with labels, committed."""
    return fill(repo, range(40))


def fill(repo: Repository, numbers: Any, name: str = "labels.json") -> Repository:
    found = {f"images/{number:02}.png": boxes(number) for number in numbers}
    for number, key in zip(numbers, found, strict=True):
        write_image(repo.root / key, number)
    write_coco(repo.root / name, found)
    repo.add("images", name)
    repo.commit(f"{len(found)} images")
    return repo


def splits(repo: Repository, name: str) -> dict[str, str]:
    opened = repo.snapshot(name)
    return {key: split for split in opened.splits for key in opened.keys(split)}


def test_it_stays_when_the_labels_change(forty: Repository) -> None:
    first = forty.create_snapshot("exp-1", split="train=0.7,val=0.3", note="before")
    before = forty.labels("exp-1").to_arrow()
    write_coco(forty.root / "labels.json", {"images/00.png": [("cow", 1, 1, 5, 5)]})
    forty.add()
    forty.commit("all others gone")
    assert forty.labels("exp-1").to_arrow() == before
    assert forty.labels("HEAD").count() == 1
    assert first.record.counts[""] == {"items": 40, "labels": 80}
    assert first.record.commit == next(iter(forty.log("HEAD~1"))).id
    assert verify_snapshot(forty.project, "exp-1").problems == ()


def test_its_name_works_wherever_a_revision_does(forty: Repository) -> None:
    forty.create_snapshot("exp.1")
    assert forty.stats("exp.1").sets["ground_truth"].labels == 80
    assert forty.check("exp.1").findings == forty.check("HEAD").findings
    assert forty.diff("exp.1", "HEAD").is_empty
    assert [entry.commit.message for entry in forty.log("exp.1")] == ["40 images"]
    forty.export("coco", "out", revision="exp.1")
    assert forty.view("exp.1~0").tree == forty.view("HEAD").tree


def test_splits_stay_as_the_set_grows(forty: Repository) -> None:
    forty.create_snapshot("small", split="train=0.7,val=0.3")
    fill(forty, range(40, 90), "more.json")
    forty.create_snapshot("large", split="train=0.7,val=0.3")
    small, large = splits(forty, "small"), splits(forty, "large")
    assert len(large) == 90
    assert {key: large[key] for key in small} == small
    forty.create_snapshot("other", split="train=0.7,val=0.3", seed=1)
    assert splits(forty, "other") != large


def test_identical_images_are_never_parted(repo: Repository) -> None:
    for number in range(60):
        write_image(repo.root / "images" / f"{number}.png", number // 3)
    repo.add("images")
    repo.commit("three of each")
    repo.create_snapshot("exp", split="train=0.5,val=0.5")
    found = splits(repo, "exp")
    for number in range(0, 60, 3):
        assert len({found[f"images/{number + one}.png"] for one in range(3)}) == 1


def test_the_split_of_an_earlier_snapshot_wins(forty: Repository) -> None:
    forty.create_snapshot("old", split="train=0.5,val=0.5", seed=7)
    forty.mv("images/03.png", "images/moved.png")
    fill(forty, range(40, 60), "more.json")
    forty.create_snapshot("new", earlier="old")
    old, new = splits(forty, "old"), splits(forty, "new")
    assert new["images/moved.png"] == old["images/03.png"]
    assert {key: new[key] for key in old if key in new} == {key: old[key] for key in old if key in new}
    assert forty.snapshot("new").record.query["seed"] == 7
    forty.create_snapshot("fresh", split="train=0.5,val=0.5", seed=7)
    assert {key: new[key] for key in new if key not in old} == {
        key: value for key, value in splits(forty, "fresh").items() if key not in old
    }


def test_an_image_between_two_earlier_splits_is_left_out_and_named(forty: Repository) -> None:
    forty.create_snapshot("old", split="train=0.5,val=0.5")
    old = splits(forty, "old")
    one = next(key for key in old if old[key] == "train")
    other = next(key for key in old if old[key] == "val")
    shutil.copy(forty.root / other, forty.root / one)
    forty.add("images")
    forty.commit("one became the other")
    done = forty.create_snapshot("new", earlier="old").created
    assert done is not None
    assert done.bridging == {one: ("train", "val")}
    assert one not in splits(forty, "new")
    assert forty.snapshot("new").created is None
    assert done.snapshot.counts[""]["items"] == 39


def test_published_lists_decide(forty: Repository) -> None:
    lists = forty.root / "ImageSets" / "Main"
    lists.mkdir(parents=True)
    names = [f"{number:02}" for number in range(40)]
    for name, part in {"train": names[:20], "val": names[20:30], "trainval": names[:30]}.items():
        (lists / f"{name}.txt").write_text("".join(f"{one}\n" for one in part))
    done = create_snapshot(forty.project, "exp", "HEAD", SnapshotOptions(split_by=["ImageSets"]))
    assert {name: counts["items"] for name, counts in done.snapshot.counts.items()} == {
        "": 30, "train": 20, "val": 10,
    }  # fmt: skip
    assert len(done.unnamed) == 10
    (lists / "val.txt").write_text("19\n20\n")
    files = ["ImageSets/Main/train.txt", "v=ImageSets/Main/val.txt"]
    done = create_snapshot(forty.project, "cut", "HEAD", SnapshotOptions(split_by=files))
    assert done.bridging == {"images/19.png": ("train", "v")}
    assert set(splits(forty, "cut").values()) == {"train", "v"}


def test_a_name_is_taken_whole_before_a_flag_is_taken_off(repo: Repository) -> None:
    names = ("cell.png", "cell 0.png", "cell 1.png", "#3.png", "a.png")
    for seed, name in enumerate(names):
        write_image(repo.root / name, seed)
    repo.add(".")
    repo.commit("images")
    (repo.root / "train.txt").write_text("# VOC's list of a class\ncell 0\ncell 1 -1\n#3\nno 1\nnever.png\n")
    (repo.root / "val.txt").write_text("a  1\ncell\n")
    done = create_snapshot(repo.project, "exp", "HEAD", SnapshotOptions(split_by=["train.txt", "val.txt"]))
    train = dict.fromkeys(("cell 0.png", "cell 1.png", "#3.png"), "train")
    assert splits(repo, "exp") == train | {"a.png": "val", "cell.png": "val"}
    assert done.unknown == {"train": ["no 1", "never.png"]}


def test_sources_and_label_files_may_be_the_splits(forty: Repository) -> None:
    fill(forty, range(40, 50), "instances_val2017.json")
    by_source = create_snapshot(forty.project, "a", "HEAD", SnapshotOptions(split_by=["source"]))
    assert by_source.snapshot.counts["labels"]["items"] == 40
    assert by_source.snapshot.counts["val"]["items"] == 10
    by_file = ["train=labels.json", "instances_val2017.json"]
    create_snapshot(forty.project, "b", "HEAD", SnapshotOptions(split_by=by_file))
    assert splits(forty, "b") == {
        key: split.replace("labels", "train") for key, split in splits(forty, "a").items()
    }


def test_the_split_of_a_source_that_is_the_whole_project_has_a_name(forty: Repository) -> None:
    for name in ("images/00", "images/01"):
        (forty.root / "labels" / f"{name}.txt").parent.mkdir(parents=True, exist_ok=True)
        (forty.root / "labels" / f"{name}.txt").write_text("0 0.5 0.5 0.2 0.2\n")
    (forty.root / "data.yaml").write_text("names: [cat]\n")
    forty.rm("labels.json")
    (forty.root / "labels.json").unlink()
    write_coco(forty.root / "val.json", {"images/03.png": boxes(3)})
    forty.add(".")
    forty.commit("a source at the root")
    assert {source.path for source in forty.view().tree.sources.values() if source.set} == {".", "val.json"}
    create_snapshot(forty.project, "exp", "HEAD", SnapshotOptions(split_by=["source"]))
    assert splits(forty, "exp") == {"images/00.png": "root", "images/01.png": "root", "images/03.png": "val"}


def test_the_lists_of_a_data_yaml(forty: Repository) -> None:
    (forty.root / "val.txt").write_text("./images/05.png\nimages/06.png\n")
    (forty.root / "train.txt").write_text("images/07.png\n")
    (forty.root / "data.yaml").write_text("train: [train.txt]\nval: val.txt\nnames: [cat, dog]\n")
    create_snapshot(forty.project, "exp", "HEAD", SnapshotOptions(split_by=["data.yaml"]))
    assert splits(forty, "exp") == {"images/05.png": "val", "images/06.png": "val", "images/07.png": "train"}
    (forty.root / "2012_07").write_text((forty.root / "train.txt").read_text())
    (forty.root / "data.yaml").write_text("train: 2012_07\nval:\ntest: []\n")
    create_snapshot(forty.project, "a-path", "HEAD", SnapshotOptions(split_by=["data.yaml"]))
    assert splits(forty, "a-path") == {"images/07.png": "train"}
    (forty.root / "data.yaml").write_text("train: images\nval: val.txt\n")
    with pytest.raises(InputError, match=r"'val' would be empty .*2 of them in two splits"):
        forty.create_snapshot("again", split_by=["data.yaml"])


@pytest.mark.parametrize(
    ("where", "drop_empty", "items", "labels"),
    [
        ("class = 'dog'", False, 40, 32),
        ("class = 'dog'", True, 24, 32),
        ("item LIKE 'images/0%'", False, 10, 20),
        ("item LIKE 'images/0%' AND class = 'dog'", True, 6, 8),
        ("class = 'cat' OR class = 'dog'", False, 40, 80),
    ],
)
def test_where_chooses_items_and_labels(
    forty: Repository, where: str, drop_empty: bool, items: int, labels: int
) -> None:
    opened = forty.create_snapshot("exp", where=where, drop_empty=drop_empty)
    assert opened.record.counts[""] == {"items": items, "labels": labels}
    assert forty.labels("exp").count() == labels
    assert sum(len(sample.labels) for sample in opened.samples()) == labels
    forty.export("coco", "out", revision="exp")
    written = json.loads((forty.root / "out" / "labels.json").read_bytes())
    assert (len(written["images"]), len(written["annotations"])) == (items, labels)
    assert verify_snapshot(forty.project, "exp").problems == ()


def test_the_digest_follows_from_what_labels_say(tmp_path: Path) -> None:
    digests = set()
    for order in range(4):
        numbers = list(range(30))
        random.Random(order).shuffle(numbers)  # noqa: S311 - an order of adding
        with datalabel.init(tmp_path / str(order), name="test") as repo:
            for start in range(0, 30, 30 // (order + 1)):
                fill(repo, numbers[start : start + 30 // (order + 1)], f"{order}-{start}.json")
            repo.create_snapshot("exp", split="train=0.6,val=0.4")
            digests.add(repo.snapshot("exp").record.digest)
    assert len(digests) == 1


def test_a_folded_store_has_the_same_digest(forty: Repository) -> None:
    forty.create_snapshot("before", split="train=0.6,val=0.4")
    for round_ in range(40):
        write_coco(forty.root / "extra.json", {f"images/{40 + round_}.png": [("cat", 1, 1, 5, round_ + 1)]})
        forty.add("extra.json")
        forty.commit("one more")
    (forty.root / "extra.json").unlink()
    forty.rm("extra.json")
    forty.commit("as before")
    forty.create_snapshot("after", split="train=0.6,val=0.4")
    assert forty.view("before").tree != forty.view("after").tree
    assert forty.snapshot("before").record.digest == forty.snapshot("after").record.digest
    assert diff_snapshots(forty.project, "before", "after").is_empty


def test_images_that_nobody_spoke_of_are_no_negatives(repo: Repository) -> None:
    for number in range(6):
        write_image(repo.root / f"images/{number}.png", number)
    write_coco(repo.root / "truth.json", {"images/0.png": [("cat", 1, 1, 5, 5)], "images/1.png": []})
    said = {f"images/{number}.png": [("cat", 1, 1, 5, 5)] * (number == 2) for number in range(3)}
    write_coco(repo.root / "expert.json", said)
    repo.add("images", "truth.json")
    repo.add("expert.json", set="expert")
    repo.commit("two sets")
    keys = [f"images/{number}.png" for number in range(6)]
    for sets, seen in ((["ground_truth"], 2), (["expert"], 3), (["expert", "ground_truth"], 3)):
        created = repo.create_snapshot("-".join(sets), sets=sets)
        assert created.keys() == keys[:seen]
        assert created.created is not None
        assert list(created.created.unseen) == keys[seen:]
    assert repo.create_snapshot("all", with_unseen=True).keys() == keys


def test_where_nothing_is_labelled_yet_all_images_are_selected(repo: Repository) -> None:
    write_image(repo.root / "images/a.png")
    repo.add("images")
    repo.commit("images")
    assert repo.create_snapshot("pool").keys() == ["images/a.png"]


def test_what_differs_between_two(forty: Repository) -> None:
    forty.create_snapshot("a", split="train=0.6,val=0.4")
    forty.create_snapshot("b", split={"train": 0.4, "val": 0.6}, where="class = 'cat'")
    found = forty.snapshot("a").diff("b")
    assert found.summary["sets"]["ground_truth"]["removed"] == 32
    assert set(found.moved.values()) == {("train", "val")}
    assert found.moved.keys() == {
        key for key, split in splits(forty, "a").items() if splits(forty, "b")[key] != split
    }


@pytest.mark.parametrize("name", ["a/b", "..", "a..b", ".hidden", "-x", "", "x.lock", "a b", "é", "x" * 101])
def test_names_that_cannot_be(forty: Repository, name: str) -> None:
    with pytest.raises(UsageError, match="cannot name a snapshot"):
        forty.create_snapshot(name)


def test_names_that_are_taken(forty: Repository) -> None:
    forty.create_snapshot("exp")
    with pytest.raises(InputError, match="there is a snapshot 'exp' already"):
        forty.create_snapshot("exp")
    for name, complaint in (
        ("main", "names a branch already"),
        ("HEAD", "is reserved"),
        ("STAGED", "is reserved"),
    ):
        with pytest.raises(InputError, match=complaint):
            forty.create_snapshot(name)
    with pytest.raises(InputError, match="is a branch, not a snapshot"):
        forty.snapshot("main")
    with pytest.raises(InputError, match="no snapshot 'exq'") as caught:
        forty.snapshot("exq")
    assert caught.value.hint == "did you mean 'exp'?"


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"split": "train=0.8,val=0.3"}, "sum to 1.1"),
        ({"split": "train=0.9999,val=0.0001"}, "'val' would be empty"),
        ({"seed": 3}, "--seed needs --split"),
        ({"split": "a=1", "split_by": ["source"]}, "--split-by takes published splits as they are"),
        ({"split_by": ["source"]}, "needs label sources for more than one split"),
        ({"split_by": ["none.txt"]}, "no such file"),
        ({"split_by": ["wrong.txt"]}, "none of the 2 names in it is an item here"),
        ({"split_by": ["binary.txt"]}, "cannot be read as text"),
        ({"split_by": ["bomb.yaml"]}, "names no train, val or test|neither a path nor a list"),
        ({"earlier": "never"}, "there is no snapshot 'never'"),
        ({"earlier": "unsplit"}, "has no splits"),
        ({"sets": ["modle"]}, "there is no label set 'modle'"),
        ({"where": "w > 1e9", "drop_empty": True}, "nothing is selected"),
        ({"where": "item.properties.sit = 'D'"}, "(?s)no item has a property 'sit'.*nothing is selected"),
        ({"where": "class = 'cow'"}, "no label is of class 'cow'"),
        ({"where": "w > 1 AND NOT class IN ('cat', 'Cta')"}, "did you mean 'cat'"),
    ],
)
def test_what_cannot_be_frozen(forty: Repository, options: dict[str, Any], complaint: str) -> None:
    (forty.root / "wrong.txt").write_text("no\nnever\n")
    (forty.root / "binary.txt").write_bytes(b"\xff\xfe\x00")
    (forty.root / "bomb.yaml").write_text("a: &a [x,x]\nb: &b [*a,*a]\ntrain: [*b,*b]\n")
    forty.create_snapshot("unsplit")
    before = forty.project.store.state.refs()
    with pytest.raises((InputError, UsageError)) as refused:
        forty.create_snapshot("exp", **options)
    hints = [fault.hint for fault in refused.value.faults]
    assert re.search(complaint, f"{refused.value} {hints}")
    assert forty.project.store.state.refs() == before


def test_staging_is_no_commit(repo: Repository) -> None:
    with pytest.raises(InputError, match="HEAD is not a commit"):
        repo.create_snapshot("exp")


def test_it_can_be_deleted_and_made_again(forty: Repository) -> None:
    first = forty.create_snapshot("exp").record.digest
    forty.delete_snapshot("exp")
    assert forty.snapshots() == []
    with pytest.raises(InputError, match="there is no snapshot"):
        forty.delete_snapshot("exp")
    assert forty.create_snapshot("exp").record.digest == first


def test_damage_is_noticed(forty: Repository) -> None:
    forty.create_snapshot("exp")
    content = forty.items("exp").column("content")[0].as_py()
    path = forty.project.store.objects.path(content)
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(DamagedError, match="does not hold what its name says"):
        forty.snapshot("exp").verify()
    path.unlink()
    (problem,) = forty.snapshot("exp").verify().problems
    assert problem.endswith("the image's bytes are not here")


def test_splits_follow_images_that_were_renamed_and_saved_again(forty: Repository) -> None:
    forty.create_snapshot("old", split="train=0.5,val=0.5")
    before = splits(forty, "old")
    forty.mv("images", "pictures")
    forty.commit("renamed")
    forty.create_snapshot("drawn", split="train=0.5,val=0.5", seed=7)
    drawn = splits(forty, "drawn")
    other = {f"pictures{key[6:]}" for key, split in before.items() if drawn[f"pictures{key[6:]}"] != split}
    assert other
    assert forty.snapshot("old").diff("drawn").moved.keys() == other
    for number, path in enumerate(sorted((forty.root / "pictures").iterdir())):
        write_image(path, 100 + number)
    forty.add()
    forty.commit("saved again")
    forty.create_snapshot("new", earlier="old")
    assert splits(forty, "new") == {f"pictures{key[6:]}": split for key, split in before.items()}
    assert forty.snapshot("old").diff("new").moved == {}
