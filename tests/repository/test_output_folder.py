"""A folder that is written whole: nothing in it is written twice, and a failure leaves nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pictures import write_coco, write_image, write_labels

from datalabel.content import BLOB, ObjectId, object_id
from datalabel.errors import InputError
from datalabel.formats.base import OutputFile
from datalabel.repository.export.output_folder import ImageMode, OutputFolder
from datalabel.repository.repository import Repository


@pytest.mark.parametrize("second", ["a/b.txt", "a/b.txt/c.txt"])
@pytest.mark.parametrize("lazily", [False, True])
def test_a_file_is_written_once(second: str, lazily: bool, tmp_path: Path) -> None:
    texts = [b"one", b"", b"two"]
    files = [OutputFile("a/b.txt", iter(texts) if lazily else texts), OutputFile(second, (b"other",))]
    with OutputFolder(tmp_path / "out") as output, pytest.raises(InputError, match="the same file"):
        output.write_all(files)
    assert list(tmp_path.iterdir()) == []


def test_files_are_told_in_their_order_however_they_were_written(tmp_path: Path) -> None:
    names = [f"{place * 7 % 1000}/{place}.txt" for place in range(1000)]
    files = [
        OutputFile(name, iter([name.encode()]) if place % 300 == 2 else (name.encode(),))
        for place, name in enumerate(names)
    ]
    with OutputFolder(tmp_path / "out") as output:
        output.write_all(files)
        output.finish({})
        assert list(output.files) == names
    for name in names:
        assert (tmp_path / "out" / name).read_text() == name
        assert output.files[name] == {"bytes": len(name), "blake3": object_id(BLOB, name.encode())}


@pytest.mark.parametrize("mode", ["copy", "link"])
def test_an_image_is_put_once(mode: ImageMode, repo: Repository, tmp_path: Path) -> None:
    write_image(repo.root / "a.jpg", 1)
    repo.add("a.jpg")
    content = ObjectId(repo.items().column("content")[0].as_py())
    folder = tmp_path / "out" / "deep"
    with OutputFolder(folder) as output:
        output.put_image(repo.project, "a.jpg", content, "images/a.jpg", mode)
        with pytest.raises(InputError, match="the same file"):
            output.put_image(repo.project, "a.jpg", content, "images/a.jpg", mode)
    assert not folder.parent.exists()


def test_what_was_written_is_told_by_the_manifest(tmp_path: Path) -> None:
    with OutputFolder(tmp_path / "out") as output:
        output.write_all([OutputFile("a/b.txt", [b"one", b"", b"two"])])
        output.finish({"format": "made up"})
    assert (tmp_path / "out/a/b.txt").read_bytes() == b"onetwo"
    assert output.files["a/b.txt"]["bytes"] == 6
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_what_another_export_is_writing_stays(tmp_path: Path) -> None:
    with OutputFolder(tmp_path / "out") as running:
        running.write_all([OutputFile("a.txt", [b"one"])])
        with OutputFolder(tmp_path / "out"):
            assert len(list(tmp_path.glob(".out.*"))) == 2
        running.finish({})
    assert (tmp_path / "out/a.txt").read_bytes() == b"one"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_files_of_annotators_with_one_name_become_one_output(repo: Repository, tmp_path: Path) -> None:
    write_image(repo.root / "images/a.jpg")
    for name, right in (("anna", 9), ("ben", 12)):
        (repo.root / name).mkdir()
        (repo.root / name / "a.xml").write_text(
            "<annotation><filename>a.jpg</filename><size><width>64</width><height>48</height></size><object>"
            f"<name>cat</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>{right}</xmax><ymax>9</ymax></bndbox></object>"
            "</annotation>"
        )
        repo.add("images", name, annotator=name, beside=name == "ben")
    repo.commit("both")
    both = repo.export("voc", tmp_path / "both", allow_loss=True)
    assert both.files == ("Annotations/images/a.xml",)
    assert (both.folder / both.files[0]).read_text().count("<xmin>") == 2
    one = repo.export("voc", tmp_path / "one", allow_loss=True, where="annotator = 'ben'")
    assert "<xmax>12</xmax>" in (one.folder / one.files[0]).read_text()


def test_labels_lie_beside_images_that_are_called_as_in_the_output(repo: Repository, tmp_path: Path) -> None:
    write_labels(repo.root, {"images/train/a.jpg": [("cat", 1, 2, 10, 10)], "images/b.jpg": []})
    repo.add("images", "labels.json")
    out = repo.export("yolo", tmp_path / "yolo", revision="STAGED", allow_loss=True)
    assert out.files == ("data.yaml", "labels/b.txt", "labels/train/a.txt")
    coco = repo.export("coco", tmp_path / "coco", revision="STAGED", where="class = 'cat'").folder
    assert [one["file_name"] for one in json.loads((coco / "ground_truth.json").read_text())["images"]] == [
        "images/b.jpg",
        "images/train/a.jpg",
    ]


def test_what_a_filter_leaves_out_is_not_told_as_lost(repo: Repository, tmp_path: Path) -> None:
    write_image(repo.root / "images/a.jpg")
    write_image(repo.root / "images/b.jpg", 1)
    write_coco(
        repo.root / "labels.json",
        {"images/a.jpg": [("cat", 1, 2, 10, 10), ("dog", 5, 5, 9, 9)], "images/b.jpg": [("dog", 1, 1, 7, 7)]},
    )
    repo.add("images", "labels.json")
    options: dict[str, Any] = {
        "revision": "STAGED",
        "allow_loss": True,
        "where": "class = 'cat'",
        "drop_empty": True,
    }
    losses = repo.export("yolo", tmp_path / "out", **options).losses
    assert {one.what.partition(" ")[0]: one.count for one in losses} == {"area": 1}


def test_of_two_exports_into_one_folder_the_later_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    with OutputFolder(folder) as first, OutputFolder(folder) as second:
        for output in (first, second):
            output.write_all([OutputFile("a.txt", (b"one",))])
        first.finish({})
        with pytest.raises(InputError, match="is not an empty folder"):
            second.finish({})
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (folder / "a.txt").read_bytes() == b"one"
