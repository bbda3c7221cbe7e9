"""Properties of images: what label files say of them reaches whoever asks for them, and goes with the files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pictures import coco, in_any_order, write_image
from terminals import Desk

from datalabel.errors import InputError
from datalabel.repository.repository import Repository

A, B, C = "images/a.jpg", "images/b.jpg", "images/c.jpg"
Said = Mapping[str, Any]
SITES = "ABCDEFGHIJKL"


def write(root: Path, said: Mapping[str, Said | None], name: str = "labels.json", **more: Any) -> None:
    """A COCO file with a label on each image; of each it says these attributes."""
    document = coco({key: [("cat", 1, 2, 10, 10 + place)] for place, key in enumerate(said)}, **more)
    for image in document["images"]:
        attributes = said[image["file_name"]]
        image |= {} if attributes is None else {"attributes": attributes}
    (root / name).write_text(json.dumps(document), encoding="utf-8")


def held(repo: Repository, revision: str = "STAGED") -> dict[str, Any]:
    """The properties of every item that has any."""
    rows = repo.items(revision).select(["item", "properties"]).to_pylist()
    return {row["item"]: json.loads(row["properties"]) for row in rows if row["properties"] is not None}


@pytest.fixture
def sites(repo: Repository) -> Repository:
    """Three images of two sites, committed."""
    for number, key in enumerate((A, B, C)):
        write_image(repo.root / key, number)
    write(repo.root, {A: {"site": "A", "lux": 1.50}, B: {"site": "B"}, C: None})
    repo.add("images", "labels.json")
    repo.commit("first")
    return repo


def test_attributes_of_images_are_properties_and_come_back(sites: Repository, tmp_path: Path) -> None:
    assert held(sites) == {A: {"site": "A", "lux": 1.5}, B: {"site": "B"}}
    before = (sites.root / "labels.json").read_bytes()
    (sites.root / "labels.json").unlink()
    sites.restore("labels.json")
    assert in_any_order(json.loads((sites.root / "labels.json").read_bytes())) == in_any_order(
        json.loads(before)
    )
    assert not sites.add().changed


@pytest.mark.parametrize("odd", [{}, [], ["A"], "A", 3, None])
def test_what_is_no_object_stays_a_field_of_the_image(sites: Repository, odd: Any) -> None:
    document = json.loads((sites.root / "labels.json").read_bytes())
    document["images"][0]["attributes"] = odd
    (sites.root / "labels.json").write_text(json.dumps(document))
    sites.add()
    assert held(sites) == {B: {"site": "B"}}
    (sites.root / "labels.json").unlink()
    sites.restore("labels.json")
    assert json.loads((sites.root / "labels.json").read_bytes())["images"][0]["attributes"] == odd


def test_a_name_that_stands_twice_is_refused(sites: Repository) -> None:
    text = (sites.root / "labels.json").read_text()
    (sites.root / "labels.json").write_text(text.replace('{"site": "B"}', '{"site": "B", "site": "A"}'))
    with pytest.raises(InputError) as refused:
        sites.add()
    (fault,) = refused.value.faults
    assert str(fault) == 'labels.json: image 2 of the list: attributes has the field "site" twice'


def test_a_changed_value_is_a_change_of_the_item_and_of_no_label(sites: Repository) -> None:
    write(sites.root, {A: {"site": "B", "lux": 1.5}, B: None, C: {"site": "C"}})
    (added,) = sites.add().labels
    assert (added.changed_items, added.properties) == (0, 3)
    assert [(one.key, one.change, dict(one.fields)) for one in sites.diff().items] == [
        (A, "changed", {"properties": [{"site": "A", "lux": 1.5}, {"site": "B", "lux": 1.5}]}),
        (B, "changed", {"properties": [{"site": "B"}, {}]}),
        (C, "changed", {"properties": [{}, {"site": "C"}]}),
    ]
    assert list(sites.diff().labels()) == []
    sites.commit("other sites")
    assert held(sites, "HEAD") == {A: {"site": "B", "lux": 1.5}, C: {"site": "C"}}
    assert sites.diff("HEAD~1", "HEAD").summary()["items"]["changed"] == 3


def test_files_that_speak_of_one_image_are_put_together(sites: Repository) -> None:
    write(sites.root, {A: {"site": "A", "wet": True}, B: {"site": "C"}, C: {"site": 1.0}}, "more.json")
    (added,) = sites.add("more.json", beside=True).labels
    assert [str(remark) for remark in added.remarks] == [
        (
            "more.json: says properties of 1 item otherwise than other sources, and counts from now on: "
            f'site is "C", "B" in labels.json (first: {B})'
        )
    ]
    assert held(sites) == {A: {"site": "A", "lux": 1.5, "wet": True}, B: {"site": "C"}, C: {"site": 1.0}}
    assert not sites.add().changed
    # Who says something anew is heard; who says nothing of a name any more leaves it to the others.
    write(sites.root, {A: {"lux": None}, B: {"site": "B"}, C: {"site": 1}})
    (added,) = sites.add().labels
    assert added.remarks == ()
    assert held(sites) == {A: {"site": "A", "lux": None, "wet": True}, B: {"site": "C"}, C: {"site": 1}}
    sites.rm("more.json")
    assert held(sites) == {A: {"lux": None}, B: {"site": "B"}, C: {"site": 1}}


def test_what_a_source_gave_goes_with_it_and_comes_back(sites: Repository) -> None:
    sites.rm("labels.json")
    assert held(sites) == {}
    sites.restore("labels.json", staged=True)
    assert held(sites) == held(sites, "HEAD") != {}
    write(sites.root, {A: {"site": "Z"}, B: None, C: None})
    sites.add()
    sites.commit("second")
    sites.restore("labels.json", revision="HEAD~1")
    assert held(sites) == held(sites, "HEAD~1")
    sites.restore(A, revision="HEAD")  # an image brings no word of a file with it
    assert held(sites) == held(sites, "HEAD~1")


def test_images_keep_them_whenever_they_come(repo: Repository) -> None:
    write(repo.root, {A: {"site": "A"}, B: {"site": "B"}})
    repo.add("labels.json")
    assert held(repo) == {A: {"site": "A"}, B: {"site": "B"}}
    write_image(repo.root / A, 1)
    write_image(repo.root / B, 2)
    repo.add("images")
    repo.commit("first")
    write_image(repo.root / A, 3)
    repo.add("images")
    repo.mv(B, "images/z.jpg")
    assert held(repo) == {A: {"site": "A"}, "images/z.jpg": {"site": "B"}}
    repo.rm(A)
    assert held(repo) == {"images/z.jpg": {"site": "B"}}
    repo.add(A)
    assert held(repo) == {A: {"site": "A"}, "images/z.jpg": {"site": "B"}}


def test_part_of_a_file_and_a_file_in_place_of_another(sites: Repository) -> None:
    write(sites.root, {B: {"site": "C"}})
    sites.add("labels.json", partial=True)
    assert held(sites) == {A: {"site": "A", "lux": 1.5}, B: {"site": "C"}}
    write(sites.root, {A: {"site": "A"}, B: {"site": "C"}}, "dated.json")
    (added,) = sites.add("dated.json", replaces="labels.json").labels
    assert (added.remarks, held(sites)) == ((), {A: {"site": "A"}, B: {"site": "C"}})


SPEC = """\
project_name: test
data_spec: {cat: {box: {}}}
image: {properties: {site: {options: [A, B], required: true}, lux: {type: number}}}
check: {groups: [GROUP]}
"""


def codes(repo: Repository, revision: str = "STAGED") -> list[tuple[str, str | None]]:
    found = repo.check(revision, select=["S113", "X103", "X105"]).findings
    return [(one.code, one.item) for one in found]


def test_the_spec_judges_them_and_groups_are_kept_apart(sites: Repository) -> None:
    (sites.root / "dlabel.yaml").write_text(SPEC.replace("GROUP", "site"))
    sites.add()
    assert codes(sites) == [("S113", C)]
    write(sites.root, {A: {"site": "A"}, B: {"site": "B"}, C: {"site": "B"}})
    sites.add()
    assert codes(sites) == []
    sites.commit("sites")
    for name, train in (("apart", [A]), ("mixed", [A, B])):
        for split in ("train", "val"):
            keys = [key for key in (A, B, C) if (key in train) == (split == "train")]
            (sites.root / f"{split}.txt").write_text("\n".join(keys))
        sites.create_snapshot(name, split_by=["train.txt", "val.txt"])
    assert codes(sites, "apart") == []
    assert codes(sites, "mixed") == [("X103", None)]


def test_drawn_splits_keep_groups_together(repo: Repository) -> None:
    (repo.root / "dlabel.yaml").write_text(
        SPEC.replace("GROUP", "site").replace("[A, B]", "[" + ", ".join(SITES) + "]")
    )
    images: dict[str, Said | None] = {
        f"images/{number}.jpg": {"site": SITES[number % 12]} for number in range(36)
    }
    write(repo.root, images)
    repo.add("dlabel.yaml", "labels.json")
    repo.commit("first")

    def splits_by_site(name: str) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for sample in repo.snapshot(name).samples():
            found.setdefault(str((images[sample.key] or {})["site"]), set()).add(str(sample.split))
        return found

    for seed in range(8):
        repo.create_snapshot(f"s{seed}", split={"train": 0.5, "val": 0.5}, seed=seed + 1)
        found = splits_by_site(f"s{seed}")
        assert [len(found[site]) for site in SITES] == [1] * 12
        assert codes(repo, f"s{seed}") == []
    images |= {f"images/new{number}.jpg": {"site": site} for number, site in enumerate(SITES)}
    write(repo.root, images)
    repo.add("labels.json")
    repo.commit("more")
    repo.create_snapshot("later", earlier="s0")
    assert splits_by_site("later") == splits_by_site("s0")
    assert len(list(repo.snapshot("later").samples())) == 48
    only = "item.properties.site = 'A'"
    with pytest.raises(InputError, match=r"would be empty .*; those of one site stay together"):
        repo.create_snapshot("one", split={"train": 0.5, "val": 0.5}, where=only)


@pytest.mark.parametrize(
    ("group", "hint"), [("site", None), ("sites", '; did you mean "site"?'), ("patient", "")]
)
def test_a_group_that_no_image_has_is_no_green_light(sites: Repository, group: str, hint: str | None) -> None:
    (sites.root / "dlabel.yaml").write_text(SPEC.replace("GROUP", group))
    sites.add()
    sites.commit("spec")
    sites.create_snapshot("drawn", split={"train": 0.5, "val": 0.5}, seed=1)
    found = [one for one in sites.check("drawn").findings if one.code == "X105"]
    assert [(one.severity, one.message) for one in found] == (
        [] if hint is None else [
            ("warning", f'no image has the property "{group}" that check.groups names{hint}')
        ]
    )  # fmt: skip


def test_they_choose_and_group(sites: Repository) -> None:
    chosen = sites.create_snapshot("a", where="item.properties.site = 'A'")
    assert [sample.key for sample in sites.snapshot("a").samples()] == [A], chosen
    groups = sites.stats(by="item.properties.site").sets["ground_truth"].groups
    assert {name: one.labels for name, one in groups.items() if name in ("A", "B")} == {"A": 1, "B": 1}


def test_a_set_from_another_format_is_exported_with_them(sites: Repository, tmp_path: Path) -> None:
    sites.export("yolo", tmp_path / "yolo", allow_loss=True)
    (sites.root / "boxes").mkdir()
    for path in (tmp_path / "yolo").rglob("*"):
        if path.is_file() and path.suffix in (".txt", ".yaml"):
            (sites.root / "boxes" / path.name).write_bytes(path.read_bytes())
    lost = [loss.what for loss in sites.export("voc", tmp_path / "voc", allow_loss=True).losses]
    assert "properties of items are not kept" in lost
    assert not any("attributes" in what for what in lost)
    sites.add("boxes", set="second", images="images")
    assert sites.export("coco", tmp_path / "coco", revision="STAGED", set="second").losses == ()
    written = tmp_path / "coco" / "second.json"
    images = json.loads(written.read_bytes())["images"]
    assert {image["file_name"]: image.get("attributes") for image in images} == {
        A: {"lux": 1.5, "site": "A"}, B: {"site": "B"}, C: None,
    }  # fmt: skip


def test_label_files_are_judged_without_a_project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    desk = Desk(tmp_path, capsys)
    write(tmp_path, {A: {"site": "A"}, B: {"site": "Z"}, C: None})
    write(tmp_path, {B: {"lux": "much"}, C: {"site": "B"}}, "more.json")
    (tmp_path / "dlabel.yaml").write_text(SPEC.replace("GROUP", "site"))
    done = desk.dlabel("check", "labels.json", "more.json", "--select", "S113", "--json")
    found = [(one["item"], one["message"]) for one in json.loads(done.out)["findings"]]
    assert [item for item, _ in found] == [B, B], found


def test_what_changed_is_said(sites: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    desk = Desk(sites.root, capsys)
    write(sites.root, {A: {"site": "A", "lux": True}, B: None, C: {"seen": ["x", 1]}})
    said = "labels.json: 3 labels (coco), 0 items changed\n  properties of 3 items\n"
    assert desk.dlabel("add").out == said
    assert desk.dlabel("diff").out == (
        "items\n"
        "  changed  images/a.jpg  lux 1.5 → True\n"
        "  changed  images/b.jpg  site B → none\n"
        "  changed  images/c.jpg  seen none → [x, 1]\n"
        "\n"
        "  items  3 changed\n"
    )
    assert "~3 changed" in desk.dlabel("status").out
    assert desk.dlabel("commit", "-m", "second").status == 0
    assert "items  3 changed" in desk.dlabel("log", "--stat").out
    desk.dlabel("diff", "HEAD~1", "HEAD", "--html", "page.html")
    note = json.dumps('properties: {"site": "B"} → {}').strip('"')
    assert note in (sites.root / "page.html").read_text()


def test_a_mistyped_property_is_named(sites: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    desk = Desk(sites.root, capsys)
    done = desk.dlabel("snapshot", "create", "a", "--where", "item.properties.sit = 'A' OR TRUE")
    assert "no item has a property 'sit'" in done.out + done.err


def test_one_file_made_of_several_has_what_all_of_them_say(sites: Repository, tmp_path: Path) -> None:
    write(sites.root, {A: {"wet": True}, B: {"site": "B"}, C: {"site": "C"}}, "more.json")
    sites.add("more.json", beside=True)
    sites.commit("both")
    sites.create_snapshot("both", split={"all": 1})
    assert sites.export("coco", tmp_path / "out", revision="both").losses == ()
    written = tmp_path / "out" / "annotations" / "instances_all.json"
    images = json.loads(written.read_bytes())["images"]
    assert [image["attributes"] for image in images] == [
        {"lux": 1.5, "site": "A", "wet": True}, {"site": "B"}, {"site": "C"},
    ]  # fmt: skip
    for name in ("labels.json", "more.json"):  # each again says what it said itself
        before = json.loads((sites.root / name).read_bytes())
        (sites.root / name).unlink()
        sites.restore(name)
        assert json.loads((sites.root / name).read_bytes())["images"] == before["images"]
