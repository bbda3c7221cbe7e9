"""Fields that only the format of a source knows: each is named, with how often it is lost."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from datalabel.repository.repository import Repository

NUMBERS: list[dict[str, Any]] = [{"area": 1.5}, {"area": 22, "rank": -3e-9}, {"area": None, "rank": True}]
ODD_NAMES: list[dict[str, Any]] = [{"score%": 12.5, "": 3}, {"score%": 0.25}, {"a b": 7, "é": 8}]
DIGITS: list[dict[str, Any]] = [{"x1": 1}, {"x2": 1}, {"x1": 10.5, "x2": 2}]
SILENT: list[dict[str, Any]] = [
    {"iscrowd": 0, "segmentation": [], "area": 1, "of": {"iscrowd": 1}},
    {"area": 2, "iscrowd": 1, "segmentation": [], "of": {"iscrowd": 0, "by": ""}},
    {"area": 0, "iscrowd": 0, "rings": [[]], "of": {}},
    {"area": 0, "rings": [], "note": "", "of": {"n": {}, "by": None}},
]
TEXTS: list[dict[str, Any]] = [{"when": "2013-11-14 11:18"}, {"when": 'at "9"', "n": 1}, {"n": {"m": [1, 2]}}]
ALL = [*NUMBERS, *ODD_NAMES, *DIGITS, *SILENT, *TEXTS]


def coco(extras: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A file with a label for each of these, which are further fields of it; the image has the first one's."""
    box = {"image_id": 1, "category_id": 1, "bbox": [1, 1, 2, 2]}
    return {
        "images": [{"id": 1, "file_name": "a.jpg", "width": 10, "height": 10, **extras[0]}],
        "categories": [{"id": 1, "name": "cat"}],
        "annotations": [{"id": place, **box, **extra} for place, extra in enumerate(extras)],
    }


def lost(repo: Repository, folder: Path, extras: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """What an export to VOC says it loses of these fields (see `coco`)."""
    (repo.root / "labels.json").write_text(json.dumps(coco(extras)), encoding="utf-8")
    repo.add("labels.json")
    losses = repo.export("voc", folder / "out", revision="STAGED", allow_loss=True).losses
    named = (
        (re.fullmatch(r"(.*) \(a field of the source's format\) is not kept", one.what), one)
        for one in losses
    )
    return {match[1]: one.count for match, one in named if match}


def members(extra: Mapping[str, Any]) -> list[str]:
    """The fields that say something, and those of objects one by one."""
    nested = [(name, value if isinstance(value, dict) else {"": value}) for name, value in extra.items()]
    return [
        f"{name}.{inner}".removesuffix(".")
        for name, fields in nested
        for inner, value in fields.items()
        if value not in (None, "", [], {}) and ("iscrowd" not in (name, inner) or value)
    ]


def test_what_coco_files_agree_on_is_kept_in_one_of_them_all(repo: Repository, tmp_path: Path) -> None:
    kinds = {"supercategory": "animal", "hue": 1}
    for name, image, said in (
        ("a.json", "a.jpg", {"info": {"year": 2026}, "licenses": [{"id": 1}], "scenes": [7]}),
        ("b.json", "b.jpg", {"info": {"year": 2026}, "licenses": []}),
    ):
        whole = {**said, **coco([{}])}
        whole["images"][0]["file_name"] = image
        whole["categories"][0] |= kinds
        (repo.root / name).write_text(json.dumps(whole))
        kinds = {"supercategory": "animal", "hue": True}
        repo.add(name)
    repo.commit("two files")
    repo.create_snapshot("both", split={"all": 1})
    losses = repo.export("coco", tmp_path / "out", revision="both", allow_loss=True).losses
    assert {one.what.partition(" (")[0]: one.count for one in losses} == {
        "licenses of the file": 1, "scenes of the file": 1, "hue of the category": 2,
    }  # fmt: skip
    written = json.loads((tmp_path / "out" / "annotations" / "instances_all.json").read_bytes())
    assert list(written) == ["info", "images", "annotations", "categories"]
    assert written["info"] == {"year": 2026}
    assert written["categories"] == [{"id": 1, "name": "cat", "supercategory": "animal"}]


@pytest.mark.parametrize("extras", [NUMBERS, ODD_NAMES, DIGITS, SILENT, TEXTS, ALL])
def test_every_field_that_says_something_is_counted_whatever_it_is_called(
    extras: list[dict[str, Any]], repo: Repository, tmp_path_factory: pytest.TempPathFactory
) -> None:
    names = [name for extra in extras for name in members(extra)]
    of_image = {f"{name} of the image": 1 for name in members(extras[0])}
    wanted = {name: names.count(name) for name in names} | of_image
    assert lost(repo, tmp_path_factory.mktemp("elsewhere"), extras) == wanted


def test_members_that_are_numbered_count_as_their_object_once_per_label(
    repo: Repository, tmp_path_factory: pytest.TempPathFactory
) -> None:
    polygon = {f"{side}{number}": number for number in range(1, 12) for side in "xy"}
    extras: list[dict[str, Any]] = [
        {"polygon": polygon},
        {"polygon": {**polygon, "by": "me"}},
        {"info": {"md5": 1}},
    ]
    assert lost(repo, tmp_path_factory.mktemp("elsewhere"), extras) == {
        "polygon": 2, "polygon.by": 1, "info.md5": 1, "polygon of the image": 1,
    }  # fmt: skip


def test_polygons_of_voc_are_lost_one_by_one(
    repo: Repository, tmp_path_factory: pytest.TempPathFactory
) -> None:
    objects = "".join(
        "<object><name>cat</name><pose/><bndbox><ymin>1</ymin><xmin>1</xmin><xmax>9</xmax><ymax>9</ymax></bndbox>"
        f"<polygon>{''.join(f'<x{n}>1</x{n}><y{n}>{n}</y{n}>' for n in range(1, points))}</polygon></object>"
        for points in (4, 5, 12)
    )
    size = "<size><depth>3</depth><height>10</height><width>10</width></size>"
    path = repo.root / "labels" / "a.xml"
    path.parent.mkdir()
    path.write_text(f"<annotation><filename> a.jpg </filename>{size}{objects}</annotation>")
    repo.add("labels")
    out = tmp_path_factory.mktemp("elsewhere") / "out"
    losses = repo.export("coco", out, revision="STAGED", allow_loss=True).losses
    assert {one.what.partition(" (")[0]: one.count for one in losses} == {
        "polygon": 3, "size.depth of the image": 1,
    }  # fmt: skip


def test_a_number_larger_than_python_holds_is_a_field_like_any_other(
    repo: Repository, tmp_path_factory: pytest.TempPathFactory
) -> None:
    text = json.dumps(coco([{"serial": 0, "attributes": {"n": 0}}]))
    (repo.root / "labels.json").write_text(
        text.replace('"serial": 0', f'"serial": {"1" * 5000}').replace('"n": 0', f'"n": -{"1" * 400}')
    )
    repo.add("labels.json")
    out = tmp_path_factory.mktemp("elsewhere") / "out"
    losses = repo.export("voc", out, revision="STAGED", allow_loss=True).losses
    assert "serial (a field of the source's format) is not kept" in [one.what for one in losses]
    repo.commit("first")
    for where, labels in (("properties.n < 0", 1), ("properties.n > 0", 0)):
        made = repo.create_snapshot(f"exp{labels}", where=where)
        assert made.record.counts[""]["labels"] == labels
