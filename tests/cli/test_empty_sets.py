"""A set whose files say that there is nothing is a set: a model that finds nothing is held against the others."""

from __future__ import annotations

import json

import pytest
from pictures import write_coco, write_image, write_labels
from terminals import Desk


@pytest.fixture
def project(desk: Desk) -> Desk:
    """A cat, and a network that saw two images and drew nothing."""
    write_labels(desk.folder, {"a.png": [("cat", 1, 2, 10, 10)], "b.png": []})
    write_coco(desk.folder / "net.json", {"a.png": [], "b.png": []})
    labels, net = "add a.png b.png labels.json", "add net.json --set net --model net"
    desk.well("init", labels, net, "commit -m first")
    return desk


def test_what_it_does_not_draw_is_found(project: Desk) -> None:
    done = project.dlabel("check", "--select", "A", "--sets", "ground_truth", "net", "--json")
    assert [(one["code"], one["item"]) for one in json.loads(done.out)["findings"]] == [("A101", "a.png")]
    agreement = json.loads(project.dlabel("agreement", "--sets", "ground_truth", "net", "--json").out)
    assert agreement["sets"] == ["ground_truth", "net"]


def test_it_is_counted_frozen_and_written(project: Desk) -> None:
    sets = json.loads(project.dlabel("stats", "--json").out)["sets"]
    assert [(name, one["labels"]) for name, one in sets.items()] == [("ground_truth", 1), ("net", 0)]
    assert project.dlabel("snapshot", "create", "nothing", "--set", "net").out.startswith(
        "nothing  2 items, 0 labels"
    )
    assert project.dlabel("export", "nothing", "-f", "coco", "-o", "out", "--images", "none").status == 0
    (file,) = (project.folder / "out").rglob("net.json")
    assert [len(json.loads(file.read_text())[part]) for part in ("images", "annotations")] == [2, 0]


def test_that_its_file_comes_and_goes_is_told(project: Desk) -> None:
    begin = "No label, item or rule of the spec differs between HEAD and STAGED.\n"
    write_coco(project.folder / "net2.json", {"a.png": []})
    assert project.dlabel("add", "net2.json", "--set", "net2", "--model", "net2").status == 0
    told = f"{begin}  sources say other fields of 1 item\n  net2.json is tracked from now on\n"
    assert project.dlabel("diff").out == told
    project.well("commit -m second", "rm net2.json")
    assert project.dlabel("diff").out == told.replace("from now on", "no more")


def test_another_name_is_no_set(project: Desk) -> None:
    done = project.dlabel("check", "--sets", "ground_truth", "nett")
    assert (done.status, done.err) == (
        3,
        "error: there is no label set 'nett' at STAGED\nhint: did you mean 'net'?\n",
    )


VERBS = [
    ["status"], ["log"], ["show"], ["diff", "HEAD", "STAGED"], ["check"], ["stats"], ["stats", "--by", "class"],
    ["report"], ["spec", "infer"], ["export", "-f", "coco", "-o", "out"], ["export", "-f", "yolo", "-o", "out"],
    ["export", "-f", "voc", "-o", "out"], ["snapshot", "list"], ["fsck"], ["gc", "--dry-run"],
]  # fmt: skip


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
@pytest.mark.parametrize("holds", ["nothing", "images", "a label file without labels"])
def test_every_verb_works_where_there_is_no_label(desk: Desk, holds: str, verb: list[str]) -> None:
    assert desk.dlabel("init").status == 0
    if holds != "nothing":
        write_image(desk.folder / "a.png")
    if holds == "a label file without labels":
        write_coco(desk.folder / "labels.json", {"a.png": []})
    desk.dlabel("add", ".")
    assert desk.dlabel("commit", "-m", "first").status == 0
    done = desk.dlabel(*verb)
    assert (done.status, done.err) in ((0, ""), (1, "")), done


def test_a_folder_with_labels_that_cannot_be_read_says_what_is_missing(desk: Desk) -> None:
    assert desk.dlabel("init").status == 0
    (desk.folder / "runs").mkdir()
    (desk.folder / "runs/a.txt").write_text("0 0.5 0.5 0.1 0.1\n")
    done = desk.dlabel("add", "runs")
    assert (done.status, done.err) == (
        3,
        "error: runs: holds YOLO labels, but no file that names their classes\nhint: put data.yaml beside them\n",
    )


@pytest.fixture
def results(desk: Desk) -> Desk:
    """Three images with a label each; a network found something on the first of them, another one nothing at all."""
    keys = [f"{name}.png" for name in "abc"]
    write_coco(desk.folder / "labels.json", {key: [("cat", 1, 2, 10, 10)] for key in keys})
    found = {"image_id": 1, "category_id": 1, "bbox": [1, 2, 10, 10], "score": 0.9}
    (desk.folder / "net.json").write_text(json.dumps([found]))
    (desk.folder / "none.json").write_text(" [\n]\n")
    for line in (["init"], ["add", "labels.json"], ["add", "net.json", "--model", "net"]):
        assert desk.dlabel(*line).status == 0
    return desk


def test_what_only_one_of_two_sets_names_is_said(results: Desk) -> None:
    told = results.dlabel("agreement", "--sets", "ground_truth", "net").out
    assert "\n  left out: 2 items with 2 labels of ground_truth, not named by net\n" in told
    assert "--with-unseen NAME counts that.\n" in told
    found = json.loads(results.dlabel("agreement", "--sets", "net", "ground_truth", "--json").out)
    nothing = {"items": 0, "labels": 0}
    assert found["left_out"] == {"net": nothing, "ground_truth": {"items": 2, "labels": 2}}
    assert (found["items"], found["taken_as_empty"]) == (1, {})


def test_a_set_that_saw_all_drew_nothing_where_it_says_nothing(results: Desk) -> None:
    seen = ("--sets", "ground_truth", "net", "--with-unseen")
    told = results.dlabel("agreement", *seen, "net").out
    assert "\n  net: nothing drawn on 2 items that it does not name (--with-unseen)\n" in told
    assert "left out" not in told
    found = json.loads(results.dlabel("agreement", *seen, "net", "--json").out)
    assert (found["items"], found["taken_as_empty"]) == (3, {"net": 2})
    assert found["pairs"][0]["precision"]["value"] == pytest.approx(1 / 3)
    other = json.loads(results.dlabel("agreement", *seen, "ground_truth", "--json").out)
    assert (other["items"], other["left_out"]["ground_truth"]["items"]) == (1, 2)
    for line in ((*seen, "nett"), ("--with-unseen", "net")):
        assert results.dlabel("agreement", *line).status == 2


def test_an_empty_list_is_one_of_results_where_a_model_is_named(results: Desk) -> None:
    refused = results.dlabel("add", "none.json")
    hint = "hint: --format coco says that nothing was found\n"
    assert refused.status == 3
    assert refused.err == f"error: none.json: is an empty list, of what is not told\n{hint}"
    assert results.dlabel("add", "none.json", "--model", "none").status == 0
    nothing = results.dlabel("agreement", "--sets", "ground_truth", "none")
    assert (nothing.status, "hint: --with-unseen NAME" in nothing.err) == (3, True)
    found = results.dlabel("agreement", "--sets", "ground_truth", "none", "--with-unseen", "none", "--json")
    assert json.loads(found.out)["pairs"][0]["precision"]["value"] == 0
