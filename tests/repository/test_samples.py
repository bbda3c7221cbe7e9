"""A snapshot opened for training: samples in order, and a dataset that PyTorch's loader takes."""

from __future__ import annotations

import json
import pickle
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from pictures import coco, commit_labels, write_coco
from PIL import Image

from datalabel.errors import InputError
from datalabel.repository.repository import Repository
from datalabel.repository.snapshot.samples import OpenSnapshot, Sample


class Tensor(np.ndarray[Any, Any]):
    """What the stand-in makes of an array."""


@pytest.fixture
def torch(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The real torch where it is installed, else a stand-in with all that the dataset asks of it."""
    try:
        import torch as real
    except ImportError:
        stand_in = ModuleType("torch")
        stand_in.from_numpy = lambda array: array.view(Tensor)  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "torch", stand_in)
        yield stand_in
    else:
        yield real


@pytest.fixture
def snapshot(labelled: Repository) -> OpenSnapshot:
    return labelled.create_snapshot("exp", split="train=0.6,val=0.4")


def test_samples_give_image_and_labels(labelled: Repository) -> None:
    samples = list(labelled.create_snapshot("exp").samples())
    assert [sample.key for sample in samples] == ["images/a.jpg", "images/b.jpg", "images/c.jpg"]
    first = samples[0]
    assert (first.width, first.height, first.split) == (64, 48, None)
    assert [(label.class_name, label.kind, label.bbox) for label in first.labels] == [
        ("cat", "box", (1.0, 2.0, 10.0, 10.0)),
        ("dog", "box", (20.0, 20.0, 8.0, 8.0)),
    ]
    assert first.image is not None
    assert first.image.read_bytes() == (labelled.root / "images/a.jpg").read_bytes()
    assert samples[2].labels == ()


def test_without_a_name_the_only_set_is_meant(labelled: Repository) -> None:
    write_coco(labelled.root / "model.json", {"images/a.jpg": [("cow", 1, 2, 3, 4)]})
    labelled.add("model.json", set="model")
    labelled.commit("guesses")
    for number, (sets, name) in enumerate(((["model", "ground_truth"], "cat"), (["model"], "cow"))):
        opened = labelled.create_snapshot(f"exp-{number}", sets=sets)
        (first, *_), (element, *_) = opened.samples(), opened.torch(transform=lambda sample: sample)
        assert first == element
        assert first.labels[0].class_name == name
    named = labelled.snapshot("exp-0").samples(set="model")
    assert next(named).labels[0].class_name == "cow"


def test_a_field_may_have_an_empty_name(repo: Repository) -> None:
    labels = coco({"a.png": [("cat", 1, 2, 3, 4)]})
    labels["annotations"][0][""] = 5
    commit_labels(repo, labels)
    (sample,) = repo.create_snapshot("s").samples()
    assert sample.labels[0].fields[""] == 5


def test_splits_part_the_samples(snapshot: OpenSnapshot) -> None:
    parts = {split: [sample.key for sample in snapshot.samples(split)] for split in snapshot.splits}
    assert sorted(key for keys in parts.values() for key in keys) == snapshot.keys()
    assert {sample.split for sample in snapshot.samples("val")} == {"val"}


def test_samples_stay_when_the_working_tree_changes(labelled: Repository, snapshot: OpenSnapshot) -> None:
    before = list(snapshot.samples())
    (labelled.root / "images/a.jpg").unlink()
    (labelled.root / "labels.json").unlink()
    assert list(labelled.snapshot("exp").samples()) == before


def test_images_that_are_only_referenced_are_read_where_they_lie(labelled: Repository) -> None:
    (labelled.root / ".dlabel" / "config.yaml").write_text("images: reference\n")
    with Repository.open(labelled.root) as repo:
        for content in repo.items().column("content").to_pylist():
            repo.project.store.objects.path(content).unlink()
        sample = next(iter(repo.create_snapshot("exp").samples()))
        assert sample.image == repo.root / "images/a.jpg"
        Image.new("RGB", (64, 48), "red").save(repo.root / "images/a.jpg")
        with pytest.raises(InputError, match=r"images/a\.jpg: the image on disk is another one by now"):
            list(repo.snapshot("exp").samples())
        (repo.root / "images/a.jpg").unlink()
        assert [sample.image is None for sample in repo.snapshot("exp").samples()] == [True, False, False]


def test_the_dataset_is_as_torchvision_takes_it(labelled: Repository, torch: ModuleType) -> None:
    snapshot = labelled.create_snapshot("exp")
    dataset = snapshot.torch()
    assert len(dataset) == 3
    image, target = dataset[0]
    assert tuple(image.shape) == (3, 48, 64)
    with Image.open(labelled.root / "images/a.jpg") as picture:
        assert np.array_equal(np.asarray(image), np.asarray(picture).transpose(2, 0, 1))
    assert np.asarray(target["boxes"]).tolist() == [[1, 2, 11, 12], [20, 20, 28, 28]]
    assert [snapshot.classes[number - 1] for number in np.asarray(target["labels"]).tolist()] == [
        "cat",
        "dog",
    ]
    assert np.asarray(target["area"]).tolist() == [100, 64]
    assert target["image_id"] == 0
    assert np.asarray(dataset[2][1]["boxes"]).shape == (0, 4)


def test_a_transform_needs_no_torch(snapshot: OpenSnapshot) -> None:
    def name(sample: Sample) -> str:
        return sample.key

    dataset = snapshot.torch("train", transform=name)
    assert [dataset[place] for place in range(len(dataset))] == snapshot.keys("train")


def key_of(sample: Sample) -> str:
    return sample.key


def test_a_dataset_travels_to_another_process(snapshot: OpenSnapshot) -> None:
    dataset = snapshot.torch("train", transform=key_of)
    first = dataset[0]
    copy = pickle.loads(pickle.dumps(dataset))  # noqa: S301 - our own bytes
    assert copy[0] == first


def test_what_is_not_there_is_said(
    labelled: Repository, snapshot: OpenSnapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InputError, match="has no split 'trian'") as caught:
        list(snapshot.samples("trian"))
    assert caught.value.hint == "did you mean 'train'?"
    with pytest.raises(InputError, match="there is no label set 'modle'"):
        snapshot.samples(set="modle").__next__()
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(InputError, match="torch is not installed"):
        snapshot.torch()
    labelled.create_snapshot("whole")
    with pytest.raises(InputError, match="has no split 'train'") as caught:
        labelled.snapshot("whole").keys("train")
    assert caught.value.hint == "it has none"


@pytest.mark.parametrize(("mode", "name"), [("I;16", "a.png"), ("I", "a.tif"), ("F", "a.tif")])
def test_deep_pixels_are_refused_rather_than_cut(
    repo: Repository, torch: ModuleType, mode: str, name: str
) -> None:
    assert torch
    kind = {"I;16": np.uint16, "I": np.int32, "F": np.float32}[mode]
    ramp = np.linspace(0, 65535, 64 * 64).reshape(64, 64).astype(kind)
    Image.fromarray(ramp).save(repo.root / name)
    write_coco(repo.root / "labels.json", {name: [("cat", 1, 1, 9, 9), ("cat", 2, 2, 0, 5)]})
    repo.add(name, "labels.json")
    repo.commit("first")
    snapshot = repo.create_snapshot("s")
    with pytest.raises(InputError, match="more than 8 bits") as refused:
        snapshot.torch()[0]
    assert refused.value.hint is not None
    assert "transform=" in refused.value.hint
    assert snapshot.torch(transform=lambda sample: len(sample.labels))[0] == 2


def test_targets_are_what_torchvision_takes(repo: Repository, torch: ModuleType) -> None:
    assert torch
    commit_labels(repo, {"a.png": [("cat", 1, 1, 9, 9), ("cat", 2, 2, 0, 5)]})
    image, target = repo.create_snapshot("s").torch()[0]
    assert image.shape == (3, 48, 64)
    assert target["boxes"].tolist() == [[1, 1, 10, 10]]
    assert (target["area"].tolist(), target["iscrowd"].tolist(), target["labels"].tolist()) == (
        [81],
        [0],
        [1],
    )


def test_numbers_that_python_does_not_hold_come_as_they_are_written(repo: Repository) -> None:
    labels = coco({"a.png": [("cat", 1, 2, 3, 4)]})
    labels["annotations"][0] |= {"serial": "HUGE", "attributes": {"code": "HUGE"}}
    (repo.root / "labels.json").write_text(json.dumps(labels).replace('"HUGE"', "9" * 5000))
    repo.add("labels.json")
    repo.commit("first")
    (sample,) = repo.create_snapshot("s").samples()
    assert sample.labels[0].fields["serial"] == "9" * 5000
    assert sample.labels[0].fields["attributes"] == {"code": "9" * 5000}
