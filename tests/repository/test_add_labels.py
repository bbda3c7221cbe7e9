"""Adding label sources: identity, the three-way merge, names, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pictures import write_coco, write_image

from datalabel.errors import InputError, RefusedError, UsageError
from datalabel.labels.rows import with_column
from datalabel.repository.repository import Repository
from datalabel.repository.stage import Stage


def rows(repo: Repository, revision: str = "STAGED", set: str = "ground_truth") -> list[dict[str, Any]]:  # noqa: A002
    return list(repo.labels(revision, set).to_arrow().to_pylist())


def reclass(repo: Repository, old: str, new: str) -> None:
    """Change a class in staging, as a fix made here would, without touching any file."""
    project = repo.project
    with project.writing("test") as position:
        stage = Stage.of(project, position)
        labels = project.store.tables.read(stage.labels("ground_truth"))
        names = [new if name == old else name for name in labels.column("class").to_pylist()]
        stage.put_labels("ground_truth", with_column(labels, "class", pa.array(names)))
        stage.save()


def test_labels_keep_their_ids_when_the_tool_renumbers(labelled: Repository) -> None:
    before = {(row["item"], row["x"]): row["id"] for row in rows(labelled)}
    write_coco(
        labelled.root / "labels.json",
        {
            "images/b.jpg": [("cat", 6, 5, 20, 20)],
            "images/a.jpg": [("dog", 20, 20, 8, 8), ("cat", 1, 2, 10, 10), ("cat", 40, 30, 5, 5)],
            "images/c.jpg": [],
        },
        first=900,
    )
    labelled.add()
    changes = [change.to_json() for _, change in labelled.diff().labels()]
    assert [(change["change"], change["item"]) for change in changes] == [
        ("added", "images/a.jpg"),
        ("changed", "images/b.jpg"),
    ]
    assert changes[1]["fields"]["geometry"] == {"iou": pytest.approx(19 / 21, abs=1e-4), "shift": [1.0, 0.0]}
    after = {(row["item"], row["x"]): row["id"] for row in rows(labelled)}
    assert after["images/b.jpg", 6.0] == before["images/b.jpg", 5.0]
    assert after["images/a.jpg", 20.0] == before["images/a.jpg", 20.0]


def test_the_same_adds_give_the_same_ids(tmp_path: Path, labelled: Repository) -> None:
    import datalabel

    with datalabel.init(tmp_path / "other", name="other") as other:
        for name in ("c.jpg", "b.jpg", "a.jpg"):
            write_image(other.root / "images" / name, 99)
        (other.root / "labels.json").write_bytes((labelled.root / "labels.json").read_bytes())
        other.add("labels.json")
        other.add("images")
        assert [row["id"] for row in rows(other)] == [row["id"] for row in rows(labelled)]


def test_a_fresh_export_does_not_undo_what_was_fixed_here(labelled: Repository) -> None:
    reclass(labelled, "dog", "wolf")
    write_coco(
        labelled.root / "labels.json",
        {
            "images/a.jpg": [("cat", 2, 2, 10, 10), ("dog", 20, 20, 8, 8)],
            "images/b.jpg": [("cat", 5, 5, 20, 20)],
            "images/c.jpg": [("cat", 1, 1, 4, 4)],
        },
    )
    labelled.add()
    assert [(row["item"], row["class"], row["x"]) for row in rows(labelled)] == [
        ("images/a.jpg", "cat", 2.0),
        ("images/a.jpg", "wolf", 20.0),
        ("images/b.jpg", "cat", 5.0),
        ("images/c.jpg", "cat", 1.0),
    ]
    assert not labelled.add().changed


def test_a_conflict_stages_nothing_until_it_is_decided(labelled: Repository) -> None:
    reclass(labelled, "dog", "wolf")
    write_coco(
        labelled.root / "labels.json",
        {
            "images/a.jpg": [("cat", 1, 2, 10, 10), ("fox", 20, 20, 8, 8)],
            "images/b.jpg": [("cat", 5, 5, 20, 20)],
            "images/c.jpg": [],
        },
    )
    done = labelled.add()
    assert done.has_conflicts
    assert not done.changed
    (conflict,) = done.labels[0].conflicts
    assert (conflict.field, conflict.base, conflict.ours, conflict.theirs) == ("class", "dog", "wolf", "fox")
    assert labelled.add(prefer="ours").changed
    assert {row["class"] for row in rows(labelled)} == {"cat", "wolf"}
    assert not labelled.add().changed


def test_theirs_can_be_preferred(labelled: Repository) -> None:
    reclass(labelled, "dog", "wolf")
    text = (labelled.root / "labels.json").read_text().replace('"dog"', '"fox"')
    (labelled.root / "labels.json").write_text(text)
    labelled.add(prefer="theirs")
    assert {row["class"] for row in rows(labelled)} == {"cat", "fox"}


def test_a_source_is_the_authority_on_what_came_from_it(labelled: Repository) -> None:
    write_coco(labelled.root / "labels.json", {"images/a.jpg": [("cat", 1, 2, 10, 10)]})
    labelled.add()
    assert [row["item"] for row in rows(labelled)] == ["images/a.jpg"]
    assert labelled.items().num_rows == 3


def test_a_partial_source_speaks_only_for_what_it_names(labelled: Repository) -> None:
    write_coco(labelled.root / "labels.json", {"images/a.jpg": [("cat", 1, 2, 10, 10)]})
    labelled.add("labels.json", partial=True)
    assert [row["item"] for row in rows(labelled)] == ["images/a.jpg", "images/b.jpg"]


def test_a_second_source_of_the_same_items_is_refused(labelled: Repository) -> None:
    write_coco(labelled.root / "march.json", {"images/a.jpg": [("cat", 1, 2, 11, 10)]})
    before = labelled.project.store.state.read()
    with pytest.raises(
        RefusedError, match=r"march\.json: 1 of its items are in 'ground_truth' from labels\.json"
    ) as e:
        labelled.add("march.json")
    assert e.value.hint is not None
    assert "--replaces labels.json" in e.value.hint
    assert labelled.project.store.state.read() == before


def test_a_newer_export_replaces_the_older(labelled: Repository) -> None:
    ids = {row["x"]: row["id"] for row in rows(labelled)}
    write_coco(labelled.root / "march.json", {"images/a.jpg": [("cat", 2, 2, 10, 10), ("dog", 20, 20, 8, 8)]})
    labelled.add("march.json", replaces="labels.json")
    after = rows(labelled)
    assert {row["source"] for row in after} == {"march.json"}
    assert [row["id"] for row in after] == [ids[1.0], ids[20.0]]
    assert "labels.json" not in labelled.view().tree.sources
    assert not labelled.add("march.json").changed


def test_two_sources_can_count_beside_each_other(labelled: Repository) -> None:
    write_coco(labelled.root / "more.json", {"images/a.jpg": [("cat", 1, 2, 10, 10)]})
    labelled.add("more.json", beside=True)
    assert len(rows(labelled)) == 4
    write_coco(labelled.root / "ada.json", {"images/a.jpg": [("cat", 1, 2, 10, 10)]})
    with pytest.raises(RefusedError):
        labelled.add("ada.json", annotator="ada")


def test_another_annotator_may_label_the_same_items(repo: Repository) -> None:
    for name in ("ada", "bob", "again"):
        write_coco(repo.root / f"{name}.json", {"a.jpg": [("cat", 1, 2, 10, 10)]})
    repo.add("ada.json", annotator="ada")
    repo.add("bob.json", annotator="bob")
    assert [(row["source"], row["annotator"]) for row in rows(repo)] == [
        ("ada.json", "ada"),
        ("bob.json", "bob"),
    ]
    with pytest.raises(RefusedError, match=r"in 'ground_truth' from ada\.json already"):
        repo.add("again.json", annotator="ada")


def test_replaces_names_a_known_source(labelled: Repository) -> None:
    write_coco(labelled.root / "march.json", {"images/a.jpg": []})
    with pytest.raises(InputError, match=r"no source 'april\.json' to replace"):
        labelled.add("march.json", replaces="april.json")
    with pytest.raises(UsageError, match="exclude each other"):
        labelled.add("march.json", replaces="labels.json", beside=True)


@pytest.mark.parametrize(
    ("name", "images", "key"),
    [
        ("a.jpg", None, "images/a.jpg"),
        ("images/a.jpg", None, "images/a.jpg"),
        ("../images/a.jpg", None, "images/a.jpg"),
        ("/home/someone/data/a.jpg", None, "images/a.jpg"),
        ("C:\\data\\a.jpg", None, "images/a.jpg"),
        ("never.jpg", None, "never.jpg"),
        ("never.jpg", "images", "images/never.jpg"),
        ("../../../etc/passwd", None, "passwd"),
        ("sp ace #1 'q'.jpg", None, "sp ace #1 'q'.jpg"),
        ("new\nline.jpg", None, "new\nline.jpg"),
        ("e\u0301.jpg", None, "\u00e9.jpg"),
    ],
)
def test_names_are_resolved_to_items(repo: Repository, name: str, images: str | None, key: str) -> None:
    write_image(repo.root / "images" / "a.jpg")
    write_coco(repo.root / "labels" / "l.json", {name: [("cat", 1, 1, 2, 2)]})
    repo.add("images")
    repo.add("labels/l.json", images=None if images is None else str(repo.root / images))
    assert [row["item"] for row in rows(repo)] == [key]


def test_an_ambiguous_name_lists_the_candidates(repo: Repository) -> None:
    for folder in ("one", "two"):
        write_image(repo.root / folder / "a.jpg", len(folder) + ord(folder[0]))
    write_coco(repo.root / "labels" / "l.json", {"a.jpg": [("cat", 1, 1, 2, 2)]})
    repo.add("one", "two")
    with pytest.raises(InputError, match=r"may be any of 2: one/a\.jpg, two/a\.jpg"):
        repo.add("labels/l.json")


@pytest.mark.parametrize("name", [".git/hooks/pre-commit", ".DLABEL/x.jpg", "a/.git\u200b/b.jpg", "x" * 1100])
def test_a_name_that_no_item_may_have_is_refused(repo: Repository, name: str) -> None:
    write_coco(repo.root / "l.json", {name: [("cat", 1, 1, 2, 2)]})
    with pytest.raises(InputError, match="the image name"):
        repo.add("l.json")
    assert not repo.view().tree.sets


def test_labels_wait_for_their_images(repo: Repository) -> None:
    write_coco(repo.root / "labels.json", {"a.jpg": [("cat", 1, 1, 2, 2)]}, size=(640, 480))
    assert repo.add("labels.json").labels[0].awaited == 1
    (waiting,) = repo.items().to_pylist()
    assert (waiting["content"], waiting["width"], waiting["height"]) == (None, 640, 480)
    write_image(repo.root / "photos" / "a.jpg")
    done = repo.add("photos")
    assert done.images.joined == (("a.jpg", "photos/a.jpg"),)
    (item,) = repo.items().to_pylist()
    assert (item["item"], item["width"]) == ("photos/a.jpg", 64)
    assert [row["item"] for row in rows(repo)] == ["photos/a.jpg"]
    assert not repo.add().changed


def test_an_item_key_names_images_whose_files_move(repo: Repository) -> None:
    document = json.loads(write_coco(repo.root / "l.json", {"x/1.jpg": [("cat", 1, 1, 2, 2)]}).read_text())
    document["images"][0]["frame"] = "frame-7"
    (repo.root / "l.json").write_text(json.dumps(document))
    repo.add("l.json", item_key="frame")
    document["images"][0]["file_name"] = "y/2.jpg"
    (repo.root / "l.json").write_text(json.dumps(document))
    repo.add()
    assert [row["item"] for row in rows(repo)] == ["frame-7"]


def test_a_file_outside_the_project_needs_a_name(tmp_path: Path, repo: Repository) -> None:
    outside = write_coco(tmp_path / "elsewhere.json", {"a.jpg": [("cat", 1, 1, 2, 2)]})
    with pytest.raises(InputError, match="outside the project"):
        repo.add(outside)
    repo.add(outside, name="elsewhere")
    assert repo.view().tree.sources["elsewhere"].path is None
    assert repo.status().unstaged == ()
    write_coco(repo.root / "mine.json", {"b.jpg": [("cat", 1, 1, 2, 2)]})
    repo.add("mine.json")
    with pytest.raises(InputError, match=r"mine\.json: is the name of what lies at mine\.json"):
        repo.add(outside, name="mine.json")


def test_a_vanished_source_is_reported_and_keeps_its_labels(labelled: Repository) -> None:
    (labelled.root / "labels.json").unlink()
    assert ("labels.json", "deleted") in labelled.status().unstaged
    assert labelled.add().missing == ("labels.json",)
    assert len(rows(labelled)) == 3


def test_sources_must_not_overlap(repo: Repository, shared_data: Path) -> None:
    xml = (shared_data / "bccd" / "BCCD" / "Annotations" / "BloodImage_00001.xml").read_bytes()
    for folder in ("voc/a", "voc/b"):
        (repo.root / folder).mkdir(parents=True)
    (repo.root / "voc/a/1.xml").write_bytes(xml)
    repo.add("voc/a")
    (repo.root / "voc/b/2.xml").write_bytes(xml.replace(b"BloodImage_00001", b"BloodImage_00002"))
    with pytest.raises(InputError, match="must not overlap"):
        repo.add("voc", format="voc")


def test_the_ids_of_a_set_are_unique_within_an_item(labelled: Repository) -> None:
    write_coco(labelled.root / "labels.json", {"images/a.jpg": [("cat", 1, 2, 10, 10)] * 40})
    labelled.add()
    ids = np.array([row["id"] for row in rows(labelled)])
    assert len(np.unique(ids)) == 40


def test_images_that_came_to_one_number_are_written_with_two(repo: Repository) -> None:
    write_coco(repo.root / "l.json", {"a.jpg": [("cat", 1, 1, 2, 2)], "b.jpg": [("cat", 3, 3, 4, 4)]})
    repo.add("l.json")
    repo.commit("both")
    write_coco(repo.root / "l.json", {"b.jpg": [("cat", 3, 3, 5, 5)]})
    repo.add("l.json", partial=True)
    repo.export("coco", "out", revision="STAGED")
    written = json.loads((repo.root / "out" / "l.json").read_text())
    names = {image["id"]: image["file_name"] for image in written["images"]}
    assert sorted(names.values()) == ["a.jpg", "b.jpg"]
    drawn = {names[one["image_id"]]: one["bbox"] for one in written["annotations"]}
    assert drawn == {"a.jpg": [1, 1, 2, 2], "b.jpg": [3, 3, 5, 5]}


def test_a_part_of_a_source_leaves_what_it_says_of_itself(repo: Repository) -> None:
    path = write_coco(repo.root / "l.json", {"a.jpg": [("cat", 1, 1, 2, 2)], "b.jpg": [("dog", 3, 3, 4, 4)]})
    document = json.loads(path.read_text())
    document["info"] = {"year": 2026}
    for category in document["categories"]:
        category |= {"supercategory": "animal", "keypoints": ["nose", "tail"], "skeleton": [[1, 2]]}
    path.write_text(json.dumps(document))
    repo.add("l.json")
    write_coco(path, {"b.jpg": [("dog", 3, 3, 5, 5)]})
    repo.add("l.json", partial=True)
    for folder, where in (("as-it-came", None), ("chosen", "w > 0")):
        repo.export("coco", folder, revision="STAGED", where=where)
        written = next(one for one in (repo.root / folder).iterdir() if one.name != "dlabel.json")
        found = json.loads(written.read_text())
        assert found["info"] == {"year": 2026}
        assert [
            {name: value for name, value in one.items() if name != "id"} for one in found["categories"]
        ] == [{name: value for name, value in one.items() if name != "id"} for one in document["categories"]]


def test_a_spec_is_inferred_with_the_points_that_sources_name(repo: Repository) -> None:
    path = write_coco(repo.root / "l.json", {"a.jpg": [("man", 1, 1, 9, 9)]})
    document = json.loads(path.read_text())
    document["categories"][0] |= {"keypoints": ["nose", "tail"], "skeleton": [[2, 1]]}
    document["annotations"][0] |= {"keypoints": [2, 2, 2, 5, 5, 2], "num_keypoints": 2}
    path.write_text(json.dumps(document))
    repo.add("l.json")
    (repo.root / "dlabel.yaml").write_text(repo.infer_spec())
    repo.add("dlabel.yaml")
    told = repo.view().spec.classes["man"]["keypoints"]
    assert (told.points, told.edges) == (("nose", "tail"), ((1, 0),))
    repo.export("coco", "out", revision="STAGED", where="w > 0")
    written = next(one for one in (repo.root / "out").iterdir() if one.name != "dlabel.json")
    category = json.loads(written.read_text())["categories"][0]
    assert (category["keypoints"], category["skeleton"]) == (["nose", "tail"], [[2, 1]])


def test_the_root_holds_the_spec_and_no_other_folder_does(labelled: Repository) -> None:
    spec = "project_name: test\ndata_spec: {cat: {box: }, dog: {box: }}\n"
    (labelled.root / "dlabel.yaml").write_text(spec)
    assert labelled.add("images").spec is False
    assert labelled.status().spec["changed"] is True
    assert labelled.add(".").spec is True
    assert list(labelled.view().spec.classes) == ["cat", "dog"]
    (labelled.root / "images/dlabel.yaml").write_text("data_spec: {bird: {box: }}\n")
    assert labelled.add(".").spec is False
    with pytest.raises(InputError, match="neither an image nor a label file"):
        labelled.add("images/dlabel.yaml")
