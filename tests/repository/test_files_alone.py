"""`check PATH` without a project reads what `add PATH` would read, and sees the images that it would see."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from pictures import coco, write_image
from terminals import Desk

import datalabel
from datalabel.errors import InputError
from datalabel.files import Entry
from datalabel.repository.check.label_files import AskedFiles, read_alone
from datalabel.repository.working_tree import WorkingTree

BOX = "0 0.5 0.5 0.25 0.5\n"
COCO = json.dumps(coco({"images/a.png": [("cat", 1, 2, 10, 10)]}))
VOC = (
    "<annotation><filename>a.png</filename><size><width>64</width><height>48</height><depth>3</depth></size>"
    "<object><name>cat</name><bndbox><xmin>1</xmin><ymin>2</ymin><xmax>9</xmax><ymax>9</ymax></bndbox></object>"
    "</annotation>"
)
LAYOUTS: Mapping[str, Mapping[str, str]] = {
    "one file": {"labels.json": COCO, "images/a.png": ""},
    "names only": {"data.yaml": "names: [cat]\n", "labels/a.txt": BOX, "images/a.png": ""},
    "two sets": {
        "one/data.yaml": "names: [cat]\n",
        "one/labels/a.txt": BOX,
        "one/images/a.png": "",
        "two/data.yaml": "names: [dog]\n",
        "two/labels/a.txt": BOX,
        "two/images/a.png": "",
    },
    "a set beside": {
        "data.yaml": "names: [cat]\n",
        "labels/b.txt": BOX,
        "images/b.png": "",
        "old/labels.json": COCO,
    },
    "VOC in folders": {
        "train/Annotations/a.xml": VOC,
        "train/JPEGImages/a.png": "",
        "val/Annotations/b.xml": VOC.replace("a.png", "b.png"),
    },
    "Darknet": {"obj.names": "cat\n", "train.txt": "obj/a.png\n", "obj/a.txt": BOX, "obj/a.png": ""},
    "ignored": {".dlabelignore": "old/\n", "labels.json": COCO, "old/labels.json": COCO},
    "exported": {"labels.json": COCO, "out/dlabel.json": "{}", "out/labels.json": COCO},
    "a baseline": {"labels.json": COCO, "check.baseline.json": '{"images": [], "annotations": []}'},
    "other JSON": {"labels.json": COCO, "package.json": "{}", "tool.json": '{"a": 1}'},
    "no classes": {"labels.json": COCO, "set/labels/a.txt": BOX},
}
"""Files and what they hold; images are drawn."""


def write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".png":
            write_image(path, len(name))
        else:
            path.write_text(text)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_folder_holds_the_same_sources_with_and_without_a_project(tmp_path: Path, layout: str) -> None:
    write(tmp_path, LAYOUTS[layout])
    alone = read_alone(AskedFiles([tmp_path], tmp_path))
    with datalabel.init(tmp_path) as repo:
        added = repo.add(".")
        labels = repo.labels().to_arrow().select(["class", "x", "y", "w", "h"]).to_pylist()
    names = {path: Path(path).relative_to(tmp_path).as_posix() for path in alone.sources}
    assert sorted(names.values()) == sorted(one.source for one in added.labels)
    assert not {fault.where for fault in added.unrecognised} & {"data.yaml", "one/data.yaml", "two/data.yaml"}
    assert sorted(fault.what for fault in alone.unrecognised.values()) == sorted(
        fault.what for fault in added.unrecognised
    )
    read = [row for one in alone.sources.values() for row in one.labels.select(list(labels[0])).to_pylist()]
    assert sorted(map(str, read)) == sorted(map(str, labels))


@pytest.mark.parametrize("layout", ["names only", "two sets", "VOC in folders", "one file"])
def test_images_are_found_around_the_labels(tmp_path: Path, layout: str) -> None:
    files = LAYOUTS[layout]
    write(tmp_path, files)
    images = {
        str(path.relative_to(tmp_path))
        for one in read_alone(AskedFiles([tmp_path], tmp_path)).sources.values()
        for path in one.image_paths().values()
    }
    expected = {
        "two sets": {"one/images/a.png", "two/images/a.png"},
        "VOC in folders": {"train/JPEGImages/a.png"},
    }
    assert images == expected.get(layout, {"images/a.png"})


def test_members_of_one_set_are_read_with_it_and_once(tmp_path: Path) -> None:
    write(tmp_path, {**LAYOUTS["names only"], "labels/b.txt": BOX, "images/b.png": ""})
    paths = [tmp_path / "labels/a.txt", tmp_path / "labels/b.txt", tmp_path]
    (read,) = read_alone(AskedFiles(paths, tmp_path)).sources.values()
    assert (read.name, read.mentions.num_rows) == (str(tmp_path), 2)


def test_many_files_are_looked_for_and_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {**LAYOUTS["VOC in folders"], **LAYOUTS["names only"]})
    for number in range(9):
        (tmp_path / f"labels/{number}.txt").write_text("")
        (tmp_path / f"train/Annotations/{number}.xml").write_text(VOC)
    walks: list[str] = []
    walk = WorkingTree.walk

    def counted(tree: WorkingTree, key: str = ".") -> Iterator[tuple[str, str, Entry]]:
        walks.append(key)
        return walk(tree, key)

    monkeypatch.setattr(WorkingTree, "walk", counted)
    paths = [*sorted(tmp_path.rglob("*.txt")), *sorted(tmp_path.rglob("*.xml"))]
    alone = read_alone(AskedFiles(paths, tmp_path, size=(64, 48)))
    assert len(alone.sources) == 12
    assert sum(len(one.image_paths()) for one in alone.sources.values()) == 11
    assert sorted(walks) == [".", ".", "train/Annotations", "train/JPEGImages", "val/Annotations"]


def test_a_folder_elsewhere_is_read_by_its_own_rules(tmp_path: Path) -> None:
    write(tmp_path / "there", LAYOUTS["ignored"])
    (tmp_path / "here").mkdir()
    (tmp_path / "here/.dlabelignore").write_text("*.json\n")
    alone = read_alone(AskedFiles([tmp_path / "there"], tmp_path / "here"))
    assert list(alone.sources) == [str(tmp_path / "there/labels.json")]


@pytest.mark.parametrize("name", ["nothing", "notes.md", "images"])
def test_what_holds_no_labels_is_refused(tmp_path: Path, name: str) -> None:
    write(tmp_path, {"nothing/notes.md": "none", "notes.md": "none", "images/a.png": ""})
    with pytest.raises(InputError, match=r"holds no|is neither"):
        read_alone(AskedFiles([tmp_path / name], tmp_path))


def test_what_was_not_checked_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, LAYOUTS["other JSON"])
    desk = Desk(tmp_path, capsys)
    told = "not checked, not recognised as labels: package.json, tool.json"
    assert told in desk.dlabel("check", ".").out.splitlines()
    assert told in desk.dlabel("check", ".", "--format", "markdown").out
    assert json.loads(desk.dlabel("check", ".", "--json").out)["unrecognised"] == [
        "package.json",
        "tool.json",
    ]


def test_fractions_without_images_take_a_size(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "labels").mkdir()
    (tmp_path / "data.yaml").write_text("names: [cat]\n")
    (tmp_path / "labels/a.txt").write_text("0 0.5 0.5 1.5 0.5\n")
    desk = Desk(tmp_path, capsys)
    refused = desk.dlabel("check", ".")
    assert (refused.status, "--size WxH" in refused.err) == (3, True)
    sized = desk.dlabel("check", ".", "--size", "64x48", "--select", "G104", "--json")
    assert [one["item"] for one in json.loads(sized.out)["findings"]] == ["images/a"]
    assert desk.dlabel("check", ".", "--size", "64").status == 2
    assert "--size goes with label files" in desk.dlabel("check", "--size", "64x48").err


@pytest.mark.parametrize(
    ("typed", "meant"), [("train.jsn", "train.json"), ("lables", "labels"), ("labels/coc.json", "coco.json")]
)
def test_a_mistyped_path_is_told_the_nearest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], typed: str, meant: str
) -> None:
    write(tmp_path, {"train.json": COCO, "labels/coco.json": COCO})
    desk = Desk(tmp_path, capsys)
    for project in (False, True):
        if project:
            desk.dlabel("init")
        refused = desk.dlabel("check", typed)
        assert (refused.status, f"hint: did you mean {meant}?" in refused.err) == (3, True)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        (
            "labels/b.json",
            f"<<<<<<< HEAD\n{COCO}\n=======\n{COCO}\n>>>>>>> theirs\n",
            "merge that was not finished",
        ),
        ("labels/b.json", "", "is empty"),
        ("labels/b.json", " images: []\n", "is no JSON"),
        ("labels/b.json", "{", "is no whole JSON: it breaks off after 1 byte, in line 1"),
        (
            "labels/b.json",
            '{"info": {"description": "x"},\n',
            "is no whole JSON: it breaks off .*, in line 2",
        ),
        ("labels/b.json", '[{"image_id": 1, "sco', "is no whole JSON"),
        ("labels/b.json", '{"notes": [' + '"long", ' * (1 << 18), "is no whole JSON"),
        ("voc/b.xml", "nothing\n", "is no XML"),
    ],
)
def test_a_file_that_is_broken_from_its_first_byte_on_is_not_passed_over(
    tmp_path: Path, name: str, text: str, said: str
) -> None:
    write(tmp_path, {"labels/a.json": COCO, "images/a.png": "", "labels/notes.json": '{"note": 1}'})
    assert len(read_alone(AskedFiles([tmp_path], tmp_path)).sources) == 1
    write(tmp_path, {name: text})
    with pytest.raises(InputError, match=f"{name}: .*{said}"):
        read_alone(AskedFiles([tmp_path], tmp_path))


@pytest.mark.parametrize(
    "text",
    [
        '{"a": [NaN]}',
        '{"a": 1}\n{"b": 2}\n',
        '{"a": 1, // one\n}',
        "[]",
        '{"a": [' + "1, " * (1 << 19) + "1]} \n",
    ],
    ids=["NaN", "lines", "comments", "empty", "large"],
)
def test_json_of_another_sort_is_not_taken_for_broken(tmp_path: Path, text: str) -> None:
    write(tmp_path, {"labels/a.json": COCO, "images/a.png": "", "labels/other.json": text})
    found = read_alone(AskedFiles([tmp_path], tmp_path))
    assert [Path(where).name for where in found.unrecognised] == ["other.json"]


def test_of_some_files_only_their_part_of_a_baseline_is_told_stale(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = Desk(tmp_path, capsys)
    for name in "ab":
        boxes = {f"images/{name}.png": [("cat", 1, 2, 0, 0)]}
        write(tmp_path, {f"{name}.json": json.dumps(coco(boxes)), f"images/{name}.png": ""})
    known = ["--select", "G101", "--baseline", "known.json"]
    assert desk.dlabel("check", "a.json", "b.json", *known, "--write-baseline").status == 0
    write(tmp_path, {"b.json": json.dumps(coco({"images/b.png": []}))})
    assert "no longer" not in desk.dlabel("check", "a.json", *known).out
    told = desk.dlabel("check", "b.json", *known).out
    assert "1 finding of the baseline no longer occurs: G101 images/b.png" in told


SPEC = """\
data_spec:
  cat: {box: {conditions: {per_image: [1, 1]}}}
  dog: {box: {conditions: {per_image: [1, 2]}}}
"""


@pytest.mark.parametrize("here", [True, False], ids=["images here", "images elsewhere"])
def test_files_that_speak_of_one_image_are_judged_together(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], here: bool
) -> None:
    desk = Desk(tmp_path, capsys)
    cat, dog = ("cat", 1, 2, 10, 10), ("dog", 30, 2, 10, 10)
    files: dict[str, Mapping[str, Any]] = {
        "cats.json": {"images/a.png": [cat], "images/b.png": [cat]},
        "dogs.json": {"images/a.png": [dog], "images/c.png": [dog]},
        "of_ann/labels.json": {"images/a.png": [cat, dog]},
    }
    write(tmp_path, {name: json.dumps(coco(boxes)) for name, boxes in files.items()})
    write(tmp_path, {"spec.yaml": SPEC} | ({"images/a.png": "", "images/b.png": ""} if here else {}))

    def found(*paths: str) -> set[tuple[str, str | None]]:
        told = desk.dlabel("check", *paths, "--spec", "spec.yaml", "--select", "S111,D1", "--json")
        return {(one["item"], one["message"]) for one in json.loads(told.out)["findings"]}

    no = "0 labels of class {} (box); the spec asks for 1 or more"
    parts = {("images/b.png", no.format('"dog"')), ("images/c.png", no.format('"cat"'))}
    assert found("cats.json", "dogs.json") == parts
    # A third file in which the same objects are drawn again may be of another person.
    assert found("cats.json", "dogs.json", "of_ann/labels.json") == parts
    # Where nothing tells that they mean the same image, names in two folders are two images.
    write(tmp_path, {"else/dogs.json": json.dumps(coco({"images/b.png": [dog]}))})
    apart = {("images/b.png", no.format(name)) for name in ('"cat"', '"dog"')}
    both = found("cats.json", "dogs.json", "else/dogs.json")
    assert both == (parts - apart if here else parts | apart)


def test_of_two_files_that_speak_of_one_image_each_may_be_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = Desk(tmp_path, capsys)
    twice = [("cat", 1, 2, 10, 10), ("cat", 1, 2, 10, 10)]
    write(tmp_path, {"images/a.png": "", "right.json": json.dumps(coco({"a.png": [("dog", 1, 2, 10, 10)]}))})
    write(tmp_path, {"wrong.json": json.dumps(coco({"images/a.png": twice}, (63, 48)))})
    for order in (["right.json", "wrong.json"], ["wrong.json", "right.json"]):
        told = json.loads(desk.dlabel("check", *order, "--select", "D,I104", "--json").out)["findings"]
        assert [(one["code"], one["source"]) for one in told] == [("D101", "wrong.json"), ("I104", order[0])]
        assert told[1]["message"] == 'the image is 64×48; "wrong.json" says 63×48'


@pytest.mark.parametrize(
    ("name", "text"), [("a/b.json", "<<<<<<< ours\n"), ("b.json", COCO.replace('"bbox"', '"x": 1, "x"'))]
)
def test_what_is_wrong_is_told_as_people_in_the_folder_write_it(tmp_path: Path, name: str, text: str) -> None:
    write(tmp_path / "here", {name: text})
    path = tmp_path / "here" / name
    for start, begins in (
        (tmp_path / "here", name),
        (tmp_path, f"here/{name}"),
        (tmp_path / "other", str(path)),
    ):
        with pytest.raises(InputError) as caught:
            read_alone(AskedFiles([path], start))
        assert str(caught.value).startswith(f"{begins}: ")
        assert caught.value.hint


RESULTS = json.dumps([{"image_id": 1, "category_id": 1, "bbox": [3, 4, 0, 10], "score": 0.5}])


@pytest.mark.parametrize(
    "paths",
    [["labels.json", "results.json"], ["results.json", "labels.json"], ["."]],
    ids=["after", "before", "folder"],
)
def test_a_list_of_results_is_read_by_what_is_read_with_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], paths: list[str]
) -> None:
    write(tmp_path, {"labels.json": COCO, "results.json": RESULTS, "images/a.png": ""})
    desk = Desk(tmp_path, capsys)
    found = json.loads(desk.dlabel("check", *paths, "--select", "G", "--json").out)
    assert [(one["code"], one["item"]) for one in found["findings"]] == [("G101", "images/a.png")]
    assert "Checked 2 labels on 1 item" in desk.dlabel("check", *paths, "--select", "G").out


def test_results_of_which_nothing_read_with_them_tells_the_images_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = json.dumps(coco({"b.png": [("dog", 1, 2, 10, 10)]}))
    write(tmp_path, {"labels.json": COCO, "other.json": other, "results.json": RESULTS})
    desk = Desk(tmp_path, capsys)
    alone = desk.dlabel("check", "results.json")
    assert (alone.status, "names 1 image by numbers that no other file gives: 1" in alone.err) == (3, True)
    assert "or check both at once" in alone.err
    refused = desk.dlabel("check", ".")
    assert (refused.status, "category 1 is 'cat' in labels.json and 'dog' in other.json" in refused.err) == (
        3,
        True,
    )
