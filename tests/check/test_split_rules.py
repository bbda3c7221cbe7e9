"""Splits that share what they must not: each case is found once, at the right item, and nothing else is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa
from check_worlds import ITEM, batch_of, label

from datalabel.check import split_rules
from datalabel.check.finding import CheckBatch, Finding, Rule
from datalabel.check.run import run
from datalabel.check.set_rule import columns_of
from datalabel.spec.model import CheckSettings, Spec

RULES = [one for one in vars(split_rules).values() if isinstance(one, Rule)]


def world(
    items: Sequence[dict[str, Any]],
    splits: Sequence[str | None],
    classes: Sequence[str] = ("cat",),
    **more: Any,
) -> CheckBatch:
    """Items with a label of each class, and the split of each."""
    rows = [
        {**ITEM, "item": f"{place}.jpg", "content": f"{place}" * 64, **one} for place, one in enumerate(items)
    ]
    labels = [
        {**label(**{"class": name}), "item": row["item"]} for row in rows for name in row.pop("has", classes)
    ]
    batch = batch_of(labels, rows, more.get("spec"))
    table = batch.items.append_column("split", pa.array(splits, pa.string()))
    if "looks" in more:
        table = table.append_column("look", pa.array(more["looks"], pa.uint64()))
    return replace(batch, items=table)


def found(batch: CheckBatch) -> list[Finding]:
    seen = replace(batch, labels=batch.labels.select(columns_of(RULES)))
    return list(run([seen], RULES, CheckSettings()))


def codes(batch: CheckBatch) -> list[tuple[str, str | None]]:
    return [(one.code, one.item) for one in found(batch)]


def test_sound_splits_have_no_findings() -> None:
    assert codes(world([{}, {}, {}], ["train", "val", "train"])) == []


def test_nothing_is_said_where_nothing_is_split() -> None:
    batch = world([{"content": "a" * 64}, {"content": "a" * 64}], ["train", "val"])
    assert codes(replace(batch, items=batch.items.drop_columns(["split"]))) == []


def test_the_same_image_in_two_splits() -> None:
    same = {"content": "a" * 64}
    batch = world([same, {}, same, same], ["train", "val", "val", "val"])
    assert codes(batch) == [("X101", "2.jpg")]
    assert found(batch)[0].message == (
        'the image is byte for byte that of "0.jpg", which is in the split train; this one is in val'
    )
    assert codes(world([same, same, {}], ["train", None, "val"])) == []
    assert codes(world([same, same, same], ["train", None, "val"])) == [("X101", "2.jpg")]
    assert codes(world([{"content": None}, {"content": None}], ["train", "val"])) == []


def test_images_that_look_the_same_in_two_splits() -> None:
    looks = [0xF0F0F0F0F0F0F0F0, 0xF0F0F0F0F0F0F0F1, 0x0123456789ABCDEF, None]
    assert codes(world([{}] * 4, ["train", "val", "val", "train"], looks=looks)) == [("X102", "1.jpg")]
    assert codes(world([{}] * 4, ["train", "train", "val", "train"], looks=looks)) == []
    assert codes(world([{}] * 4, ["train", "val", "val", "train"])) == []


def test_a_group_in_two_splits() -> None:
    spec = Spec(check=CheckSettings(groups=("site",)))
    items = [
        {"properties": '{"site":"A"}'},
        {"properties": '{"site":"A"}'},
        {"properties": '{"site":"B"}'},
        {},
    ]
    batch = world(items, ["train", "val", "val", "train"], spec=spec)
    assert codes(batch) == [("X103", None)]
    assert found(batch)[0].message == (
        'images with site "A" are in 2 splits: train (first: "0.jpg"), val (first: "1.jpg")'
    )
    assert codes(world(items, ["train", "train", "val", "train"], spec=spec)) == []


def test_a_group_that_no_image_has() -> None:
    spec = Spec(check=CheckSettings(groups=("site", "patient")))
    one = {"properties": '{"site":"A","pat":null}'}
    batch = world([one, {"properties": '{"site":"B"}'}, {}], ["train", "val", None], spec=spec)
    (only,) = found(batch)
    assert (only.code, only.severity, only.set) == ("X105", "warning", None)
    assert only.message == 'no image has the property "patient" that check.groups names'
    assert codes(world([one, {}], [None, None], spec=spec)) == []


def test_a_class_that_a_split_lacks() -> None:
    batch = world([{"has": ("cat", "dog")}, {"has": ("cat",)}, {"has": ("cat",)}], ["train", "val", "test"])
    assert codes(batch) == [("X104", None)]
    assert found(batch)[0].message == 'class "dog" has 1 label, and none in test, val'
