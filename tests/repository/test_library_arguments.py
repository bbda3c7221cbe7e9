"""The library tells of wrong arguments in its own words, before anything changes; and it may be asked by threads."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np
import pytest
from pictures import commit_labels, write_coco

import datalabel
from datalabel.errors import InputError, UsageError
from datalabel.repository import keywords
from datalabel.repository.add.adding import AddOptions
from datalabel.repository.check.checking import CheckOptions
from datalabel.repository.export.exporting import ExportOptions
from datalabel.repository.pages.page_pictures import PageOptions
from datalabel.repository.report.agreeing import AgreementOptions
from datalabel.repository.repository import Repository
from datalabel.repository.snapshot.splitting import SnapshotOptions
from datalabel.version import version

WRONG: dict[str, Callable[[Repository], object]] = {
    "there is no option replce=": lambda repo: repo.add("x", replce="y"),  # type: ignore[call-arg]
    "size= takes a text or None, not (640, 480)": lambda repo: repo.add("x", size=(640, 480)),  # type: ignore[arg-type]
    "a path is a text or a Path, not ['a', 'b']": lambda repo: repo.add(["a", "b"]),  # type: ignore[arg-type]
    "a path is a text or a Path, not None": lambda repo: repo.restore(None),  # type: ignore[arg-type]
    "images= takes 'none' or 'copy' or 'link', not None": lambda repo: repo.export("coco", "o", images=None),  # type: ignore[arg-type]
    "images= takes 'none' or 'copy' or 'link', not 'x'": lambda repo: repo.export("coco", "o", images="x"),  # type: ignore[arg-type]
    "split= takes a list of texts, not 'train'": lambda repo: repo.export("coco", "o", split="train"),
    "note= takes a text, not None": lambda repo: repo.create_snapshot("s", note=None),  # type: ignore[arg-type]
    "seed= takes a whole number or None, not 'abc'": lambda repo: repo.create_snapshot("s", seed="abc"),  # type: ignore[arg-type]
    "seed= takes a whole number or None, not 1.5": lambda repo: repo.create_snapshot("s", seed=1.5),  # type: ignore[arg-type]
    "drop_empty= takes True or False": lambda repo: repo.create_snapshot("s", drop_empty="no"),  # type: ignore[arg-type]
    "None cannot name a snapshot": lambda repo: repo.create_snapshot(None),  # type: ignore[arg-type]
    "select= takes a list of texts, not 'G101'": lambda repo: repo.check(select="G101"),
    "severity= takes 'error' or": lambda repo: repo.check(severity={"G101": "fatal"}),  # type: ignore[dict-item]
    "sets= takes two texts or None": lambda repo: repo.check(sets=("ground_truth",)),  # type: ignore[arg-type]
    "paths= takes a list of paths": lambda repo: repo.check("HEAD", paths="images/a.jpg"),
    "paths= takes a list of": lambda repo: repo.diff(paths="images/a.jpg"),
    "items= takes a list of keys": lambda repo: list(repo.labels().batches(items="images/a.jpg")),
    "iou= takes a number, not None": lambda repo: repo.agreement(iou=None),  # type: ignore[arg-type]
    "by= takes one way to group": lambda repo: repo.stats(by=["class"]),  # type: ignore[arg-type]
    "a revision is a text, not None": lambda repo: list(repo.log(None)),  # type: ignore[arg-type]
    "a revision is a text, not 3": lambda repo: repo.snapshot(3),  # type: ignore[arg-type]
    "limit= takes a number of commits, not -1": lambda repo: repo.log(limit=-1),
    "limit= takes a number of commits, not 1.5": lambda repo: repo.log(limit=1.5),  # type: ignore[arg-type]
    "a path is a text or a Path, not 3": lambda repo: repo.diff(paths=[3]),  # type: ignore[list-item]
    "a path is a text or a Path, not 4": lambda repo: repo.mv("images/a.jpg", 4),  # type: ignore[arg-type]
    "a path is a text or a Path, not 5": lambda repo: repo.migrate(5),  # type: ignore[arg-type]
    "a path is a text or a Path, not 6": lambda repo: repo.export("coco", 6),  # type: ignore[arg-type]
    "a path is a text or a Path, not 7": lambda repo: repo.check(baseline=7),  # type: ignore[arg-type]
    "seed= takes a whole number or None, not '?'": lambda repo: repo.create_snapshot("s", seed="\udcff"),  # type: ignore[arg-type]
    "an age in days is not ''": lambda repo: repo.gc(older_than=""),  # type: ignore[arg-type]
    "an age in days is not inf": lambda repo: repo.gc(older_than=float("inf")),
    "a commit needs a message": lambda repo: repo.commit(None),  # type: ignore[arg-type]
}

OPTIONS = [
    (keywords.Add, AddOptions),
    (keywords.Agreement, AgreementOptions),
    (keywords.Check, CheckOptions),
    (keywords.Export, ExportOptions),
    (keywords.Page, PageOptions),
    (keywords.Snapshot, SnapshotOptions),
]


@pytest.mark.parametrize("words", WRONG)
def test_a_wrong_argument_is_named(labelled: Repository, words: str) -> None:
    before = [entry.id for entry in labelled.log()]
    with pytest.raises(UsageError) as refused:
        WRONG[words](labelled)
    assert words in str(refused.value)
    assert [entry.id for entry in labelled.log()] == before
    assert labelled.snapshots() == []


@pytest.mark.parametrize(("told", "taken"), OPTIONS)
def test_editors_are_told_of_every_option(told: type, taken: type) -> None:
    hints = get_type_hints(taken)
    for name, hint in get_type_hints(told).items():
        unlike = {str(hint).replace("str | pathlib.Path", "str").replace("typing.SupportsIndex", "int")}
        assert unlike == {str(hints[name])}
    assert get_type_hints(told).keys() == hints.keys()


def test_numbers_of_numpy_and_paths_are_taken(labelled: Repository) -> None:
    (labelled.root / "train.txt").write_text("images/a.jpg\nimages/b.jpg\n")
    (labelled.root / "val.txt").write_text("images/c.jpg\n")
    lists = [labelled.root / "train.txt", labelled.root / "val.txt"]
    assert set(labelled.create_snapshot("lists", split_by=lists).splits) == {"train", "val"}
    shares: dict[str, Any] = {"x": np.float32(0.8), "y": 1 - 0.8}
    drawn = labelled.create_snapshot("a", split=shares, seed=np.int64(3))
    assert drawn.record.query["split"] == "x=0.8,y=0.2"
    thirds = labelled.create_snapshot("b", split={"x": 1 / 3, "y": 2 / 3}, seed=5)
    assert thirds.record.query["split"] == "x=1/3,y=2/3"
    with pytest.raises(UsageError, match=r"sum to 0\.9999, not to 1"):
        labelled.create_snapshot("c", split={"x": 0.8, "y": 0.1999})


def test_items_are_meant_by_path_in_any_spelling(repo: Repository) -> None:
    key = "im ages/été.png"
    commit_labels(repo, {key: [("cat", 1, 1, 9, 9)], "im ages/b.png": [("cat", 1, 1, 9, 9)]})
    for one in (key, unicodedata.normalize("NFD", key), Path(key), repo.root / key, f"./{key}"):
        assert repo.check("HEAD", paths=[one]).items == 1
        assert repo.diff("HEAD", "HEAD", [one]).items == []
        assert [rows.num_rows for rows in repo.labels().batches(items=[Path(key), "im ages/none.png"])] == [1]
    assert repo.check("HEAD", paths=["."]).items == repo.check("HEAD", paths=["im ages/"]).items == 2
    with pytest.raises(InputError, match="no item has this name"):
        repo.check("HEAD", paths=["im ages/bb.png"])
    with pytest.raises(InputError, match="labels have no column 'area'"):
        repo.labels("HEAD").to_arrow(["item", "area"])


def test_options_of_agreement_are_keywords_or_an_object(repo: Repository) -> None:
    for name, at in (("ann", 1), ("bob", 4)):
        write_coco(repo.root / f"{name}.json", {"a.png": [("cat", at, 1, 10, 10)]})
        repo.add(f"{name}.json", annotator=name)
    given = repo.agreement(iou=0.9, resamples=10)
    assert given == repo.agreement("STAGED", AgreementOptions(iou=0.9, resamples=10))
    assert given.iou == 0.9


def test_threads_share_a_repository(labelled: Repository) -> None:
    def look(_: int) -> tuple[bool, int, int]:
        found = labelled.labels("HEAD").count()
        return labelled.status().clean, len(list(labelled.log())), found

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(look, range(40))) == {(True, 1, 3)}


def test_threads_share_a_dataset(repo: Repository) -> None:
    boxes = {f"{number:03}.png": [("cat", 1.0, 1.0, 9.0, 9.0)] * (number % 4) for number in range(200)}
    write_coco(repo.root / "labels.json", boxes)
    repo.add("labels.json")
    repo.commit("first")
    data = repo.create_snapshot("s").torch(transform=lambda sample: (sample.key, len(sample.labels)))
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(data.__getitem__, [*range(200)] * 3))
    assert found == [(f"{number:03}.png", number % 4) for number in range(200)] * 3


def test_the_package_says_its_version() -> None:
    assert datalabel.__version__ == version()
    with pytest.raises(AttributeError, match="has no attribute 'versoin'"):
        _ = datalabel.versoin  # type: ignore[attr-defined]


def test_a_project_is_made_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="is a file; a project is made of a folder"):
        datalabel.init(tmp_path / "file")


def test_a_sample_tells_what_only_its_format_knows(repo: Repository) -> None:
    crowd: dict[str, Any] = {"segmentation": {"size": [48, 64], "counts": [96, 40, 2936]}, "iscrowd": 1}
    labels = [
        {"id": 1, "image_id": 1, "category_id": 1, "bbox": [2, 0, 1, 40], "area": 40, **crowd},
        {
            "id": 2,
            "image_id": 1,
            "category_id": 1,
            "bbox": [0, 0, 20, 20],
            "segmentation": [[0, 0, 20, 0, 20, 20]],
        },
    ]
    image = {"id": 1, "file_name": "a.png", "width": 64, "height": 48}
    document = {"images": [image], "annotations": labels, "categories": [{"id": 1, "name": "cat"}]}
    commit_labels(repo, document)
    (sample,) = repo.create_snapshot("s").samples()
    assert [(one.kind, one.area, one.fields.get("iscrowd")) for one in sample.labels] == [
        ("mask", 40.0, 1),
        ("polygon", 200.0, None),
    ]
