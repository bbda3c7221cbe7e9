"""`snapshot` and `export` as they are typed: what is printed, and how wrong input is refused."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from pictures import commit_labels, write_coco, write_image
from terminals import Desk, Terminal

import datalabel
from datalabel.repository.repository import Repository


@pytest.fixture
def committed(desk: Desk) -> Terminal:
    with datalabel.init(desk.folder, name="pets") as repo:
        commit_labels(repo, {f"images/{n:02}.png": [("cat", n, 1, 9, 9)] * (n % 3) for n in range(20)})
    return desk


def test_a_session(committed: Terminal) -> None:
    create = committed.dlabel(
        "snapshot", "create", "exp-1", "--split", "train=0.7,val=0.3", "--note", "baseline"
    )
    assert create.out.splitlines()[:3] == [
        "exp-1  20 items, 19 labels  ground_truth",
        "  train  15 items  75.0 %  16 labels",
        "  val     5 items  25.0 %   3 labels",
    ]
    listed = committed.dlabel("snapshot", "list")
    assert "20 items  19 labels  train 15  val 5  baseline" in listed.out
    shown = committed.dlabel("snapshot", "show", "exp-1")
    assert "split    train=0.7,val=0.3" in shown.out
    assert "note     baseline" in shown.out
    assert committed.dlabel("snapshot", "verify", "exp-1").out == "exp-1: 20 items checked, all as recorded\n"
    committed.dlabel("snapshot", "create", "exp-2", "--from", "exp-1", "--where", "item < 'images/10'")
    assert committed.dlabel("snapshot", "diff", "exp-1", "exp-2").out == SESSION_DIFF
    deleted = committed.dlabel("snapshot", "delete", "exp-2", "--dry-run")
    assert deleted.out == "Would delete the snapshot exp-2; commits and labels stay as they are\n"
    committed.dlabel("snapshot", "delete", "exp-2")
    assert [one["name"] for one in json.loads(committed.dlabel("snapshot", "list", "--json").out)] == [
        "exp-1"
    ]


SESSION_DIFF = """\
items
  removed                 10
  moved to another split   0
ground_truth
  added     0
  removed  10
  changed   0
dlabel diff exp-1 exp-2 shows the labels
"""


def test_the_json_that_scripts_rely_on(committed: Terminal) -> None:
    done = committed.dlabel(
        "snapshot",
        "create",
        "exp",
        "--split",
        "train=0.7,val=0.3",
        "--seed",
        "3",
        "--where",
        "w > 1",
        "--json",
    )
    found = json.loads(done.out)
    assert found.keys() >= {"name", "commit", "query", "splits", "sets", "seed", "digest", "created"}
    assert (found["query"], found["seed"], found["sets"]) == ("w > 1", 3, ["ground_truth"])
    assert sum(part["items"] for part in found["splits"].values()) == found["items"] == 20
    assert sum(part["labels"] for part in found["splits"].values()) == found["labels"] == 19


def test_an_export_for_training_and_its_manifest(committed: Terminal) -> None:
    committed.dlabel("snapshot", "create", "exp", "--split", "train=0.7,val=0.3")
    export = ["export", "exp", "-f", "coco", "--images", "copy", "--allow-loss"]
    done = committed.dlabel(*export, "-o", "out")
    assert "  splits: train, val\n  20 images\n" in done.out
    again = committed.dlabel(*export, "-o", "again", "--json")
    assert json.loads(again.out)["images"] == 20
    folders = committed.folder / "out", committed.folder / "again"
    one, other = ({path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
                  for folder in folders)  # fmt: skip
    assert one == other
    assert committed.dlabel("snapshot", "verify", "out").status == 0
    (folders[0] / "annotations" / "instances_val.json").write_text("{}")
    (folders[0] / "train" / "labels.cache").touch()
    changed = committed.dlabel("snapshot", "verify", "out")
    assert changed.status == 1
    assert "error annotations/instances_val.json: has changed" in changed.out
    assert "files that are not in the manifest: 1 (first: train/labels.cache)" in changed.out
    assert "Nothing to commit, working tree clean" in committed.dlabel("status").out


def test_a_manifest_of_another_digest_is_not_of_this_snapshot(committed: Terminal) -> None:
    digest = json.loads(committed.dlabel("snapshot", "create", "exp", "--json").out)["digest"]
    committed.dlabel("export", "exp", "-f", "coco", "-o", "out", "--allow-loss")
    assert committed.dlabel("snapshot", "verify", "out").status == 0
    manifest = committed.folder / "out" / "dlabel.json"
    manifest.write_text(manifest.read_text().replace(digest, "0" * len(digest)))
    done = committed.dlabel("snapshot", "verify", "out")
    assert done.status == 1
    assert f"'exp' of this project has the digest {digest}, not {'0' * len(digest)}" in done.out


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["snapshot", "create", "a/b"], 2, "'a/b' cannot name a snapshot"),
        (["snapshot", "create", "main"], 3, "'main' names a branch already"),
        (["snapshot", "create", "x", "--split", "a=0.5,b=0.6"], 2, "sum to 1.1"),
        (["snapshot", "create", "x", "--where", "clss = 'cat'"], 2, "did you mean class"),
        (["snapshot", "create", "x", "--where", "class = cat'"], 2, "--where"),
        (["snapshot", "create", "x", "--where", "w > 'a'"], 2, "cannot be compared"),
        (["snapshot", "create", "x", "--where", "exists(select 1)"], 2, "--where"),
        (["snapshot", "create", "x", "--split-by", "nope.txt"], 3, "no such file"),
        (["snapshot", "create", "x", "STAGED"], 3, "STAGED is not a commit"),
        (["snapshot", "create", "exp"], 3, "there is a snapshot 'exp' already"),
        (["snapshot", "show", "exq"], 3, "did you mean 'exp'?"),
        (["snapshot", "verify", "images"], 3, "has no dlabel.json"),
        (["snapshot", "verify", "bad"], 3, "is no manifest of an export"),
        (["snapshot", "delete", "exq"], 3, "there is no snapshot 'exq'"),
        (["export", "exp", "-f", "coco", "-o", "o", "--split", "trian"], 3, "did you mean train?"),
        (["export", "HEAD", "-f", "coco", "-o", "o", "--split", "train"], 3, "HEAD has no splits"),
        (["export", "exp", "-f", "coco", "-o", "o", "--images", "move"], 2, "move"),
        (["export", "exp", "-f", "coco", "-o", "images"], 3, "is not an empty folder"),
        (["snapshot", "frobnicate"], 2, "frobnicate"),
    ],
)  # fmt: skip
def test_wrong_input(committed: Terminal, arguments: Sequence[str], status: int, said: str) -> None:
    with Repository.open(committed.folder) as repo:
        repo.create_snapshot("exp", split="train=0.7,val=0.3")
    bad = committed.folder / "bad" / "dlabel.json"
    bad.parent.mkdir()
    bad.write_text('{"files": {"../x": {"blake3": 1}}}')
    done = committed.dlabel(*arguments)
    assert done.status == status, done.err
    assert said in done.err
    assert "Traceback" not in done.err


def test_a_manifest_of_a_stranger_reads_nothing_outside(committed: Terminal) -> None:
    bad = committed.folder / "bad" / "dlabel.json"
    bad.parent.mkdir()
    bad.write_text('{"files": {"../labels.json": {"blake3": "00"}}}')
    done = committed.dlabel("snapshot", "verify", "bad")
    assert done.status == 3
    assert "../labels.json" in done.err


def test_an_image_that_never_came_or_is_gone(committed: Terminal) -> None:
    write_coco(committed.folder / "more.json", {"images/99.png": [("cat", 1, 1, 5, 5)]})
    committed.dlabel("add", "more.json")
    committed.dlabel("commit", "-m", "second")
    done = committed.dlabel("export", "HEAD", "-f", "coco", "-o", "o", "--images", "copy", "--allow-loss")
    assert (done.status, "images/99.png: the image never came" in done.err) == (3, True)
    assert not (committed.folder / "o").exists()
    objects = sorted((committed.folder / ".dlabel" / "objects").rglob("*"))
    for path in objects:
        if path.is_file() and path.read_bytes().startswith(b"\x89PNG"):
            path.unlink()
    done = committed.dlabel("export", "HEAD~1", "-f", "coco", "-o", "o", "--images", "link", "--allow-loss")
    assert (done.status, "are not here" in done.err) == (3, True)
    assert sorted(path.name for path in committed.folder.iterdir() if path.name.startswith(".o")) == []


def test_links_are_read_only_and_into_the_store(committed: Terminal) -> None:
    done = committed.dlabel("export", "HEAD", "-f", "coco", "-o", "o", "--images", "link", "--allow-loss")
    assert done.status == 0, done.err
    (linked,) = (path for path in (committed.folder / "o").rglob("00.png"))
    assert linked.stat().st_nlink == 2
    assert linked.stat().st_mode & 0o222 == 0
    assert linked.read_bytes() == (committed.folder / "images/00.png").read_bytes()


def test_a_filter_that_no_label_meets_is_said(committed: Terminal) -> None:
    done = committed.dlabel("snapshot", "create", "none", "--where", "properties.nope = 1")
    assert (done.status, "no label is like that" in done.out) == (0, True)
    assert "no label is like that" not in committed.dlabel("snapshot", "create", "all").out


def test_names_in_a_filter_that_nothing_has_are_told_even_where_labels_are_left(committed: Terminal) -> None:
    path = committed.folder / "labels.json"
    said = json.loads(path.read_bytes())
    said["annotations"][0]["attributes"] = {"occluded": True, "where": {"x": None}}
    path.write_text(json.dumps(said))
    committed.dlabel("add", "labels.json", "--annotator", "ann")
    committed.dlabel("commit", "-m", "second")
    doubts = {
        "properties.ocluded IS NULL": "no label has a property 'ocluded'; did you mean 'occluded'?",
        "annotator != 'anne'": "no label is by 'anne'; did you mean 'ann'?",
        "properties.where.y IS NULL": "no label has a property 'where.y'; dlabel stats tells what there is",
        "item.properties.site IS NULL": "no item has a property 'site'; dlabel stats tells what there is",
        "w > 1 OR properties.occluded OR properties.where.x = 1 OR annotator = 'ann'": None,
    }
    for number, (where, doubt) in enumerate(doubts.items()):
        options = ["--where", where]
        done = committed.dlabel("snapshot", "create", f"exp-{number}", *options)
        exported = committed.dlabel("export", "-f", "coco", "-o", f"out-{number}", "--allow-loss", *options)
        for one in (done, exported):
            assert (one.status, "no label is like that" in one.out) == (0, False)
            assert [line for line in one.out.splitlines() if "--where" in line] == (
                [f"  --where: {doubt}"] if doubt else []
            )
    more = ["snapshot", "create", "as-json", "--where", "annotator != 'bob'", "--json"]
    assert json.loads(committed.dlabel(*more).out)["warnings"] == ["--where: no label is by 'bob'"]


def test_the_only_set_of_a_snapshot_is_the_one_that_is_exported(committed: Terminal) -> None:
    committed.dlabel("add", "labels.json", "--as", "model.json", "--set", "model")
    committed.dlabel("commit", "-m", "second")
    committed.dlabel("snapshot", "create", "guessed", "--set", "model")
    done = committed.dlabel("export", "guessed", "-f", "coco", "-o", "guessed", "--allow-loss")
    assert done.status == 0, done.err
    assert json.loads((committed.folder / "guessed/dlabel.json").read_bytes())["set"] == "model"
    committed.dlabel("snapshot", "create", "both", "--set", "model", "--set", "ground_truth")
    for revision in ("both", "HEAD"):
        assert committed.dlabel("export", revision, "-f", "coco", "-o", revision, "--allow-loss").status == 0
        assert json.loads((committed.folder / revision / "dlabel.json").read_bytes())["set"] == "ground_truth"
    done = committed.dlabel("export", "guessed", "-f", "coco", "-o", "no", "--set", "ground_truth")
    assert (done.status, "there is no label set 'ground_truth' at guessed" in done.err) == (3, True)


def test_a_path_that_is_no_item_is_not_called_unchanged(committed: Terminal) -> None:
    for command in (["diff", "HEAD", "STAGED"], ["show", "HEAD"]):
        done = committed.dlabel(*command, "--", "labels.json")
        assert (done.status, "labels.json: no item has this name" in done.err) == (3, True)
        assert committed.dlabel(*command, "--", "images").status == 0


def test_images_that_no_label_file_names_are_counted(committed: Terminal) -> None:
    write_image(committed.folder / "images/new.png", 99)
    committed.dlabel("add", "images")
    committed.dlabel("commit", "-m", "an image")
    done = committed.dlabel("snapshot", "create", "exp")
    assert "  left out: 1 item that no label file names (first: images/new.png); --with-unseen" in done.out
    assert committed.dlabel("snapshot", "create", "all", "--with-unseen").out.startswith("all  21 items")
    for name, count in (("exp", 20), ("all", 21)):
        committed.dlabel("export", name, "-f", "yolo", "-o", name, "--allow-loss")
        assert len(list((committed.folder / name).rglob("labels/**/*.txt"))) == count
