"""Statistics of places, overlap, splits and groups: true on drawn tables, and merged parts equal the whole."""

from __future__ import annotations

import json
import time
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rows import rows_of

from datalabel.errors import InputError, UsageError
from datalabel.labels.overlap import nearest_overlaps
from datalabel.labels.stats import GROUPS, SetStats, StatsBuilder
from datalabel.labels.stats.groups import grouping_of
from datalabel.labels.stats.properties import CELLS, PropertyPairs
from datalabel.labels.tables import ITEMS, LABELS, table_of

ITEM_ROWS: list[dict[str, Any]] = [
    {"item": "a", "width": 160, "height": 90, "state": "REVIEWED", "properties": '{"site":"north"}'},
    {"item": "b", "width": 90, "height": 160, "orientation": 6, "properties": '{"site":"south"}'},
    {"item": "c", "width": 160, "height": 90, "state": "WORKING"},
]
"""Image b is stored upright and shown lying: all three are shown as 160×90."""


def box(item: str, name: str, x: float, y: float, w: float, h: float, **more: Any) -> dict[str, Any]:
    return {"item": item, "class": name, "kind": "box", "x": x, "y": y, "w": w, "h": h, **more}


LABEL_ROWS = [
    box("a", "cat", 0, 0, 10, 10, annotator="ann", confidence=0.97),
    box("a", "cat", 0, 0, 10, 8, annotator="ann", confidence=0.02),
    box("a", "dog", 100, 40, 60, 20, annotator="bob"),
    box("b", "dog", 150, 80, 10, 10, properties='{"site":"east","night":true}'),
    box("b", "dog", 300, 0, 10, 20, properties='{"night":true,"weather":"dry"}'),
]


def counted(
    items: list[dict[str, Any]],
    labels: list[dict[str, Any]],
    splits: list[str | None] | None = None,
    by: str = "",
) -> SetStats:
    builder = StatsBuilder(by=grouping_of(by) if by else None)
    table = None if splits is None else pa.array(splits, pa.string())
    builder.add("ground_truth", rows_of(items, ITEMS), rows_of(labels, LABELS), table)
    return builder.result().sets["ground_truth"]


def test_centres_are_counted_on_the_image_as_it_is_shown() -> None:
    found = counted(ITEM_ROWS, LABEL_ROWS).position
    filled = {
        (row, column): count
        for row, cells in enumerate(found.grid)
        for column, count in enumerate(cells)
        if count
    }
    assert filled == {(0, 0): 2, (5, 13): 1, (8, 15): 1}
    assert (found.placed, found.outside, found.unknown) == (4, 1, 0)


def test_labels_at_the_border_are_counted_by_side() -> None:
    found = counted(ITEM_ROWS, LABEL_ROWS).border
    assert (found.labels, found.touching) == (5, 5)
    assert (found.left, found.top, found.right, found.bottom) == (2, 3, 3, 1)
    inside = counted(ITEM_ROWS, [box("a", "cat", 1.5, 1.5, 157, 87)]).border
    assert (inside.labels, inside.touching) == (1, 0)
    unknown = counted([{"item": "a"}], [box("a", "cat", 0, 0, 1, 1)])
    assert (unknown.border.labels, unknown.position.unknown) == (0, 1)


def test_overlap_is_that_with_the_nearest_label_of_the_same_annotator() -> None:
    found = counted(ITEM_ROWS, LABEL_ROWS).overlap
    assert found.labels == 5
    assert (found.same_class.overlapping, found.same_class.over_half) == (2, 2)
    assert found.same_class.histogram == (3, 0, 0, 0, 0, 0, 0, 0, 2, 0)
    others = [box("a", "cat", 0, 0, 9, 9, annotator=who) for who in ("ann", "bob", "cid")]
    assert counted(ITEM_ROWS, others).overlap.any_class.overlapping == 0


def test_aspect_confidence_and_states() -> None:
    found = counted(ITEM_ROWS, LABEL_ROWS)
    assert found.size.aspect is not None
    assert (found.size.aspect.min, found.size.aspect.median, found.size.aspect.max) == (0.5, 1, 3)
    assert (found.confidence_histogram[0], found.confidence_histogram[19]) == (1, 1)
    assert sum(found.confidence_histogram) == 2
    assert dict(found.states) == {"REVIEWED": 1, "WORKING": 1}
    assert {name: dict(one.classes) for name, one in found.annotators.items()} == {
        "ann": {"cat": 2},
        "bob": {"dog": 1},
        "unknown": {"dog": 2},
    }


def test_classes_that_occur_together() -> None:
    labels = [
        box(item, name, 0, 0, 1, 1) for item, names in (("a", "cat dog cat"), ("b", "dog cow cat"), ("c", "dog"))
        for name in names.split()
    ]  # fmt: skip
    found = counted(ITEM_ROWS, labels).together
    assert [(pair.classes, pair.items, pair.share) for pair in found.pairs] == [
        (("dog", "cat"), 2, 1.0),
        (("dog", "cow"), 1, 1.0),
        (("cat", "cow"), 1, 1.0),
    ]
    assert found.classes == ("dog", "cat", "cow")
    assert found.matrix == ((3, 2, 1), (2, 2, 1), (1, 1, 1))
    assert counted(ITEM_ROWS, labels[:1]).together.pairs == ()


def test_too_many_classes_are_not_set_against_each_other() -> None:
    found = counted([{"item": "a"}], [box("a", f"class {number}", 0, 0, 1, 1) for number in range(1025)])
    assert len(found.classes) == 1025
    assert (found.together.pairs, found.together.matrix) == ((), ())


def test_two_properties_side_by_side() -> None:
    labels = [
        box("a", name, 0, 0, 1, 1, properties=json.dumps(properties))
        for name, properties in (
            ("cat", {"night": True, "site": "A", "speed": 1.5}),
            ("dog", {"night": True, "site": "B"}),
            ("dog", {"night": False, "site": "A", "tags": ["x"]}),
            ("dog", {"night": True, "site": "A"}),
        )
    ]
    (cross,) = counted(ITEM_ROWS, labels).cross
    assert cross.properties == ("night", "site")
    assert cross.counts == {"false": {"A": 1}, "true": {"A": 2, "B": 1}}


def test_too_many_pairs_of_values_are_left_out_however_they_come() -> None:
    whole, first, second = PropertyPairs(), PropertyPairs(), PropertyPairs()
    for number in range(CELLS + 1):
        whole.add({"a": number, "b": 0}, 1)
        (first if number % 2 else second).add({"a": number, "b": 0}, 1)
    first.merge(second)
    assert whole.result() == first.result() == ()


def test_splits_are_counted_each_and_together() -> None:
    found = counted(ITEM_ROWS, LABEL_ROWS, ["train", "val", "val"])
    assert {
        name: (one.labels, one.per_item.labelled, one.per_item.empty) for name, one in found.splits.items()
    } == {
        "train": (3, 1, 0),
        "val": (2, 1, 1),
    }
    assert found.splits["val"].classes["dog"].share == 1
    assert dict(found.splits["train"].states) == {"REVIEWED": 1}
    unsplit = counted(ITEM_ROWS, LABEL_ROWS)
    assert {**found.to_json(), "splits": {}} == unsplit.to_json()


def test_an_item_of_no_split_counts_in_the_whole_only() -> None:
    found = counted(ITEM_ROWS, LABEL_ROWS, ["train", None, "train"])
    assert found.labels == 5
    assert {name: one.labels for name, one in found.splits.items()} == {"train": 3}


@pytest.mark.parametrize(
    ("by", "groups"),
    [
        ("class", {"dog": (3, 2, 0), "cat": (2, 1, 0)}),
        ("annotator", {"ann": (2, 1, 0), "unknown": (2, 1, 0), "bob": (1, 1, 0)}),
        ("split", {"train": (3, 1, 0), "val": (2, 1, 1)}),
        ("properties.site", {"north": (3, 1, 0), "east": (1, 1, 0), "south": (1, 1, 0)}),
        ("item.properties.site", {"north": (3, 1, 0), "south": (2, 1, 0), "(none)": (0, 0, 1)}),
        ("properties.night", {"(none)": (3, 1, 0), "true": (2, 1, 0)}),
    ],
)
def test_groups(by: str, groups: dict[str, tuple[int, int, int]]) -> None:
    found = counted(ITEM_ROWS, LABEL_ROWS, ["train", "val", "val"], by).groups
    assert {
        name: (one.labels, one.per_item.labelled, one.per_item.empty) for name, one in found.items()
    } == groups


def test_a_grouping_that_is_none_is_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError) as error:
        grouping_of("anotator")
    assert error.value.hint == "did you mean annotator?"
    for text, hint in (
        ("propertes.x", "did you mean properties.x?"),
        ("propertys.x.y", "did you mean properties.x.y?"),
        ("item.propertes.x", "did you mean item.properties.x?"),
        ("item.site", "did you mean item.properties.site?"),
        ("label.properties.x", "did you mean properties.x?"),
        ("properties", "did you mean properties.NAME?"),
        ("night", "a property of labels: properties.night"),
        ("site.unit", "a property of labels: properties.site.unit"),
    ):
        with pytest.raises(UsageError) as error:
            grouping_of(text)
        assert error.value.hint == hint
    for text in ("site", "properties.", "item.properties.", ""):
        with pytest.raises(UsageError):
            grouping_of(text)


def test_far_too_many_groups_are_refused() -> None:
    labels = [box("a", f"class {number}", 0, 0, 1, 1) for number in range(2001)]
    with pytest.raises(InputError, match="more than 2,000 values"):
        counted([{"item": "a"}], labels, by="class")


# Overlap


def slow_overlaps(groups: list[int], classes: list[int], corners: Any) -> Any:
    found = np.zeros((len(groups), 2))
    for one in range(len(groups)):
        for other in range(len(groups)):
            if one != other and groups[one] == groups[other]:
                low, high = (
                    np.maximum(corners[one][:2], corners[other][:2]),
                    np.minimum(corners[one][2:], corners[other][2:]),
                )
                shared = np.prod(np.clip(high - low, 0, None))
                sizes = [np.prod(corners[row][2:] - corners[row][:2]) for row in (one, other)]
                iou = shared / (sum(sizes) - shared)
                found[one, 1] = max(found[one, 1], iou)
                if classes[one] == classes[other]:
                    found[one, 0] = max(found[one, 0], iou)
    return found


@settings(max_examples=80)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 2), st.integers(0, 1), st.integers(0, 20), st.integers(0, 20),
            st.integers(1, 12), st.integers(1, 12),
        ),
        max_size=14,
    )
)  # fmt: skip
def test_the_sweep_finds_what_all_pairs_find(boxes: list[tuple[int, ...]]) -> None:
    groups, classes = [one[0] for one in boxes], [one[1] for one in boxes]
    corners = np.array([[x, y, x + w, y + h] for _, _, x, y, w, h in boxes], np.float64).reshape(-1, 4)
    found = nearest_overlaps(np.array(groups, np.int64), np.array(classes, np.int64), corners)
    np.testing.assert_allclose(found, slow_overlaps(groups, classes, corners), rtol=1e-12)


def test_labels_without_sound_bounds_overlap_nothing() -> None:
    inf, nan = np.inf, np.nan
    corners = np.array(
        [
            [0, 0, 9, 9],
            [nan, 0, 9, 9],
            [0, 0, inf, 9],
            [5, 5, 1, 1],
            [0, 0, 0, 9],
            [-1e308, -1e308, 1e308, 1e308],
        ]
    )
    assert not nearest_overlaps(np.zeros(6, np.int64), np.zeros(6, np.int64), corners).any()


def test_ten_thousand_labels_on_one_item_take_a_moment() -> None:
    places = np.random.default_rng(1).uniform(0, 50, (10_000, 2))
    corners = np.concatenate([places, places + 1000], axis=1)
    begun = time.monotonic()
    found = nearest_overlaps(np.zeros(10_000, np.int64), np.arange(10_000, dtype=np.int64), corners)
    assert time.monotonic() - begun < 10
    assert (found[:, 0] == 0).all()
    assert (found[:, 1] > 0.9).all()


# Laws

SIDE = st.one_of(st.none(), st.integers(1, 400))
NUMBER = st.one_of(
    st.integers(-20, 400).map(float), st.sampled_from([np.nan, np.inf, -np.inf, 1e308, -1e308])
)
PLACE = st.one_of(st.none(), NUMBER)
PROPERTIES = st.one_of(
    st.none(),
    st.fixed_dictionaries(
        {}, optional={"a": st.integers(0, 2), "b": st.booleans(), "c": st.sampled_from(["x", "y"])}
    ).map(json.dumps),
)
LABEL = st.fixed_dictionaries(
    {
        "class": st.sampled_from(["cat", "dog", "cow"]),
        "kind": st.sampled_from(["box", "polygon", "category", "keypoints"]),
        **dict.fromkeys("xywh", PLACE),
        "coords": st.one_of(st.none(), st.lists(NUMBER, min_size=6, max_size=6)),
        "properties": PROPERTIES,
        "annotator": st.sampled_from([None, "ann"]),
        "confidence": st.one_of(st.none(), st.floats(-0.5, 1.5)),
    }
)
ITEM = st.fixed_dictionaries(
    {
        "width": SIDE,
        "height": SIDE,
        "orientation": st.sampled_from([None, 1, 6]),
        "state": st.sampled_from([None, "WORKING"]),
        "properties": PROPERTIES,
        "seen": st.booleans(),
    }
)
SPLIT = st.sampled_from(["train", "val", None])
WORLD = st.lists(st.tuples(ITEM, st.lists(LABEL, max_size=5), SPLIT), max_size=7)
World = list[tuple[dict[str, Any], list[dict[str, Any]], str | None]]
BY = st.sampled_from(["class", "annotator", "split", "properties.a", "item.properties.c"])


def builder_of(world: World, by: str, first: int = 0) -> StatsBuilder:
    builder = StatsBuilder(by=grouping_of(by))
    keys = [f"{place:03}" for place in range(first, first + len(world))]
    items = [{**item, "item": key} for key, (item, _, _) in zip(keys, world, strict=True)]
    labels = [
        {**label, "item": key} for key, (_, every, _) in zip(keys, world, strict=True) for label in every
    ]
    splits = pa.array([split for _, _, split in world], pa.string())
    seen = pa.array([item["seen"] for item, _, _ in world], pa.bool_())
    builder.add("model", rows_of(items, ITEMS).append_column("seen", seen), rows_of(labels, LABELS), splits)
    return builder


@settings(max_examples=30)
@given(WORLD, st.integers(0, 7), BY)
def test_merged_parts_equal_the_whole(world: World, cut: int, by: str) -> None:
    merged = builder_of(world[cut:], by, cut)
    merged.merge(builder_of(world[:cut], by))
    assert merged.result() == builder_of(world, by).result()
    json.dumps(merged.result().to_json(), allow_nan=False)


@settings(max_examples=30)
@given(WORLD, BY)
def test_the_parts_add_up(world: World, by: str) -> None:
    found = builder_of(world, by).result().sets["model"]
    split = [name for _, _, name in world]
    for name, part in found.splits.items():
        assert part.per_item.labelled + part.per_item.empty + part.per_item.unseen == split.count(name)
    assert found.per_item.labelled == sum(bool(labels) for _, labels, _ in world)
    assert found.per_item.empty == sum(item["seen"] and not labels for item, labels, _ in world)
    if by != "split":
        assert sum(one.labels for one in found.groups.values()) == found.labels
    assert found.border.labels == found.position.placed + found.position.outside
    assert found.overlap.any_class.over_half <= found.overlap.any_class.overlapping <= found.overlap.labels
    assert found.overlap.same_class.over_half <= found.overlap.any_class.over_half


def test_too_many_groups_are_refused_when_parts_come_together() -> None:
    def part(first: int) -> StatsBuilder:
        builder = StatsBuilder(by=grouping_of("annotator"))
        names = [f"annotator {number}" for number in range(first, first + GROUPS * 2 // 3)]
        rows = {"item": ["a"] * len(names), "class": ["x"] * len(names), "kind": ["category"] * len(names)}
        labels = table_of({**rows, "id": np.arange(len(names)), "annotator": names}, LABELS)
        builder.add("ground_truth", table_of({"item": ["a"]}, ITEMS), labels)
        return builder

    whole = part(0)
    with pytest.raises(InputError, match="more than 2,000 values"):
        whole.merge(part(GROUPS))
