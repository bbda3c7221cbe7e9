"""Pascal VOC with every text on a line of its own, as older versions of `minidom.toprettyxml` wrote it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pictures import write_coco, write_image

from datalabel.repository.repository import Repository

_USUAL = """\
<?xml version="1.0" ?>
<annotation>
\t<folder>VOC2007</folder>
\t<filename>%s</filename>
\t<size>
\t\t<width>64</width>
\t\t<height>48</height>
\t\t<depth>3</depth>
\t</size>
\t<object>
\t\t<name>cat</name>
\t\t<bndbox>
\t\t\t<xmin>1</xmin>
\t\t\t<ymin>2</ymin>
\t\t\t<xmax>11</xmax>
\t\t\t<ymax>22</ymax>
\t\t</bndbox>
\t</object>
</annotation>
"""
PRETTY = re.sub(r"(?m)^(\t*)<(\w+)>([^<\n]+)</\2>$", r"\1<\2>\n\1\t\3\n\1</\2>", _USUAL)
NAMES = ("img1.jpg", "img2.jpg")


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.rglob("*.xml"))}


@pytest.fixture(params=["\n", "\r\n"], ids=["lf", "crlf"])
def project(repo: Repository, request: pytest.FixtureRequest) -> Repository:
    for shade, name in enumerate(NAMES):
        write_image(repo.root / "images" / name, shade)
        path = repo.root / "labels" / name.replace(".jpg", ".xml")
        path.parent.mkdir(exist_ok=True)
        path.write_text(PRETTY % name, newline=request.param)
    repo.add(".")
    repo.commit("first")
    return repo


def test_names_mean_what_they_mean_to_other_readers(project: Repository) -> None:
    said = project.labels().to_arrow().select(["item", "class"]).to_pylist()
    assert said == [{"item": f"images/{name}", "class": "cat"} for name in NAMES]


def test_the_files_come_back_to_the_byte(project: Repository, tmp_path: Path) -> None:
    before = files(project.root / "labels")
    project.export("voc", tmp_path / "out")
    assert files(tmp_path / "out") == before
    for name in before:
        (project.root / "labels" / name).unlink()
    project.restore("labels")
    assert files(project.root / "labels") == before


def test_a_class_that_loses_the_space_around_it_is_the_same(project: Repository) -> None:
    path = project.root / "labels" / "img1.xml"
    text = path.read_text().replace("<name>\n\t\t\tcat\n\t\t</name>", "<name>cat</name>")
    assert "<name>cat</name>" in text
    path.write_text(text)
    project.add("labels")
    changes = [change for _, change in project.diff().labels()]
    assert all("class" not in change.fields for change in changes)


def test_white_space_around_names_is_not_a_field_that_is_lost(project: Repository, tmp_path: Path) -> None:
    losses = project.export("coco", tmp_path / "out", allow_loss=True).losses
    assert not [loss for loss in losses if "name" in loss.what]


def test_a_name_may_have_a_dot_that_begins_no_suffix(repo: Repository) -> None:
    write_coco(repo.root / "l.json", {f"frame.{one}": [("cat", 1, 2, 3, 4)] for one in ("001", "002")})
    repo.add("l.json")
    out = repo.export("voc", "out", revision="STAGED", allow_loss=True).folder
    assert sorted(path.name for path in out.rglob("*.xml")) == ["frame.001.xml", "frame.002.xml"]
