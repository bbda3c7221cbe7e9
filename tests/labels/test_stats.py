"""Statistics: true on small tables and on real ones, and the same however the counting is divided."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rows import rows_of

from datalabel.labels.stats import Stats, StatsBuilder
from datalabel.labels.stats.counts import DISTINCT, EXACT, Numbers, Words
from datalabel.labels.stats.properties import PropertyCounts
from datalabel.labels.tables import ITEMS, LABELS

ITEM_ROWS: list[dict[str, Any]] = [
    {"item": "a.jpg", "content": "0" * 64, "bytes": 10, "width": 640, "height": 480, "format": "jpeg"},
    {"item": "b.png", "content": "1" * 64, "bytes": 20, "width": 640, "height": 480, "format": "png"},
    {"item": "c.png", "state": "WORKING", "properties": '{"site":"A"}'},
]
LABEL_ROWS: list[dict[str, Any]] = [
    {"item": "a.jpg", "class": "cat", "kind": "box", "x": 0, "y": 0, "w": 10, "h": 20, "annotator": "ann"},
    {"item": "a.jpg", "class": "cat", "kind": "box", "x": 0, "y": 0, "w": 32, "h": 32, "annotator": "ann"},
    {
        "item": "a.jpg",
        "class": "cat",
        "kind": "polygon",
        "coords": [0, 0, 96, 0, 96, 96, 0, 96],
        "parts": [4],
    },
    {"item": "a.jpg", "class": "dog", "kind": "box", "x": 5, "y": 5, "w": -1, "h": 3, "confidence": 0.5},
    {"item": "b.png", "class": "cat", "kind": "category", "properties": '{"age":3,"tags":["x","y"]}'},
    {"item": "b.png", "class": "cat", "kind": "category", "properties": '{"age":5}', "annotator": "ann"},
]


def stats(items: list[dict[str, Any]], labels: list[dict[str, Any]]) -> Stats:
    builder = StatsBuilder("HEAD")
    builder.add("ground_truth", rows_of(items, ITEMS), rows_of(labels, LABELS))
    return builder.result()


def test_items_are_counted() -> None:
    found = stats(ITEM_ROWS, LABEL_ROWS).items
    assert (found.items, found.images, found.bytes) == (3, 2, 30)
    assert dict(found.formats) == {"jpeg": 1, "png": 1}
    assert dict(found.states) == {"WORKING": 1}
    assert dict(found.sizes) == {"640×480": 2}
    assert found.width is not None
    assert (found.width.count, found.width.min, found.width.max) == (2, 640, 640)
    assert dict(found.properties["site"].values) == {"A": 1}


def test_labels_are_counted_by_class_kind_item_and_annotator() -> None:
    found = stats(ITEM_ROWS, LABEL_ROWS).sets["ground_truth"]
    assert found.labels == 6
    assert list(found.classes) == ["cat", "dog"]
    cat = found.classes["cat"]
    assert (cat.labels, cat.items, dict(cat.kinds)) == (5, 2, {"box": 2, "category": 2, "polygon": 1})
    assert cat.share == pytest.approx(5 / 6)
    assert dict(found.kinds) == {"box": 3, "category": 2, "polygon": 1}
    assert {name: (one.labels, one.items) for name, one in found.annotators.items()} == {
        "ann": (3, 2),
        "unknown": (3, 2),
    }
    assert (found.per_item.labelled, found.per_item.empty) == (2, 1)
    assert dict(found.per_item.histogram) == {0: 1, 2: 1, 4: 1}
    assert found.per_item.distribution is not None
    assert (found.per_item.distribution.median, found.per_item.distribution.mean) == (2, 2)


def test_sizes_are_true_ones_by_the_limits_of_coco() -> None:
    found = stats(ITEM_ROWS, LABEL_ROWS).sets["ground_truth"]
    assert found.size.area.to_json() == {"small": 1, "medium": 1, "large": 1}
    assert found.size.unmeasured == 1
    assert found.size.width is not None
    assert (found.size.width.count, found.size.width.min, found.size.width.median, found.size.width.max) == (
        3,
        10,
        32,
        96,
    )
    assert found.size.side is not None
    assert found.size.side.max == 96
    assert found.classes["cat"].area.large == 1


@pytest.mark.parametrize("x", [0.0, 0.1, 299.86, 1234.567])
def test_a_box_is_as_large_as_it_says_wherever_it_lies(x: float) -> None:
    box = {"item": "a.jpg", "class": "cat", "kind": "box", "x": x, "y": 50.45}
    found = stats(ITEM_ROWS, [{**box, "w": side, "h": side} for side in (32.0, 96.0)])
    assert found.sets["ground_truth"].size.area.to_json() == {"small": 0, "medium": 1, "large": 1}


def test_properties_and_confidence() -> None:
    found = stats(ITEM_ROWS, LABEL_ROWS).sets["ground_truth"]
    age = found.properties["cat"]["age"]
    assert (age.labels, dict(age.values), age.distinct, age.other) == (2, {"3": 1, "5": 1}, 2, 0)
    assert age.numbers is not None
    assert age.numbers.mean == 4
    assert dict(found.properties["cat"]["tags"].values) == {"x": 1, "y": 1}
    assert list(found.properties) == ["cat"]
    assert found.confidence is not None
    assert (found.confidence.count, found.confidence.mean) == (1, 0.5)


def test_items_common_to_several_sets_are_counted_once() -> None:
    builder = StatsBuilder()
    builder.add("ground_truth", rows_of(ITEM_ROWS, ITEMS), rows_of(LABEL_ROWS, LABELS))
    builder.add("model", rows_of(ITEM_ROWS, ITEMS), rows_of([], LABELS))
    found = builder.result()
    assert found.items.items == 3
    assert found.sets["model"].labels == 0
    assert (found.sets["model"].per_item.labelled, found.sets["model"].per_item.empty) == (0, 3)


def test_nothing_at_all() -> None:
    assert StatsBuilder().result().to_json()["items"]["items"] == 0
    alone = StatsBuilder()
    alone.add_items(rows_of(ITEM_ROWS, ITEMS))
    assert alone.result().items.items == 3
    assert dict(alone.result().sets) == {}


def test_the_document_is_json() -> None:
    document = stats(ITEM_ROWS, LABEL_ROWS).to_json()
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert list(document) == ["revision", "items", "sets", "by"]
    assert {"labels", "classes", "kinds", "properties", "size", "per_item", "annotators"} <= document["sets"][
        "ground_truth"
    ].keys()


# Laws

COORDINATE = st.one_of(st.none(), st.floats(width=64), st.integers(-50, 1000).map(float))
PROPERTIES = st.one_of(
    st.none(),
    st.sampled_from(
        ['{"a":1}', '{"a":"1","b":[1,"x",null]}', '{"a":true}', "[]", "no json", '{"c":1e400,"d":NaN}', "{}"]
    ),
    st.dictionaries(
        st.text(max_size=3), st.one_of(st.integers(), st.floats(), st.text(max_size=3)), max_size=3
    ).map(json.dumps),
)
LABEL = st.fixed_dictionaries(
    {
        "class": st.sampled_from(["cat", "dog", ""]),
        "kind": st.sampled_from(
            ["box", "polygon", "rotated_box", "polyline", "keypoints", "mask", "category"]
        ),
        **dict.fromkeys("xywh", COORDINATE),
        "coords": st.one_of(st.none(), st.lists(st.floats(), max_size=9)),
        "properties": PROPERTIES,
        "confidence": COORDINATE,
        "annotator": st.sampled_from([None, "ann", "unknown"]),
    }
)
SIDE = st.one_of(st.none(), st.integers(0, 5000))
WORLD = st.lists(
    st.tuples(
        st.fixed_dictionaries({"width": SIDE, "height": SIDE, "properties": PROPERTIES}),
        st.lists(LABEL, max_size=4),
    ),
    max_size=6,
)


def builder_of(world: list[tuple[dict[str, Any], list[dict[str, Any]]]], first: int = 0) -> StatsBuilder:
    builder = StatsBuilder()
    items = [{**item, "item": f"{first + place:03}"} for place, (item, _) in enumerate(world)]
    labels = [
        {**label, "item": f"{first + place:03}"} for place, (_, every) in enumerate(world) for label in every
    ]
    builder.add("ground_truth", rows_of(items, ITEMS), rows_of(labels, LABELS))
    return builder


@settings(max_examples=60)
@given(WORLD, st.integers(0, 6))
def test_merged_parts_equal_the_whole(
    world: list[tuple[dict[str, Any], list[dict[str, Any]]]], cut: int
) -> None:
    whole = builder_of(world).result()
    merged = builder_of(world[cut:], cut)
    merged.merge(builder_of(world[:cut]))
    assert merged.result() == whole
    json.dumps(whole.to_json(), allow_nan=False)
    found = whole.sets["ground_truth"]
    assert found.labels == sum(len(labels) for _, labels in world)
    assert sum(one.labels for one in found.classes.values()) == found.labels
    assert sum(one.labels for one in found.annotators.values()) == found.labels
    assert found.per_item.labelled + found.per_item.empty == len(world)


@settings(max_examples=60)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=40))
def test_few_numbers_are_summed_up_exactly(values: list[float]) -> None:
    numbers = Numbers()
    numbers.add(np.array(values))
    found = numbers.result()
    assert found is not None
    assert (found.count, found.min, found.max, found.exact) == (len(values), min(values), max(values), True)
    assert found.min <= found.p5 <= found.p25 <= found.median <= found.p75 <= found.p95 <= found.max
    if max(map(abs, values)) < 1e100:
        assert found.mean == pytest.approx(
            math.fsum(values) / len(values), rel=1e-9, abs=1e-9 * max(map(abs, values))
        )
        assert found.median == pytest.approx(float(np.median(values)), rel=1e-12)


def test_many_numbers_are_rounded_alike_however_they_are_divided() -> None:
    values = np.random.default_rng(1).lognormal(3, 2, 3 * EXACT)
    whole = Numbers()
    whole.add(values)
    parts = Numbers()
    for part in np.split(values[::-1], 6):
        one = Numbers()
        one.add(part)
        parts.merge(one)
    found = whole.result()
    assert found is not None
    assert found == parts.result()
    assert not found.exact
    assert (found.min, found.max) == (values.min(), values.max())
    assert found.median == pytest.approx(np.median(values), rel=0.004)
    assert found.p95 == pytest.approx(np.quantile(values, 0.95), rel=0.004)
    assert found.mean == pytest.approx(values.mean(), rel=0.004)


def test_too_many_words_are_only_totalled() -> None:
    words = Words()
    for place in range(DISTINCT + 1):
        words.add(f"word {place}", 2)
    words.add("x" * 10_000)
    assert (words.distinct, words.total, words.top()) == (None, 2 * DISTINCT + 3, {})
    few = Words()
    few.add("b", 2)
    few.add("a", 2)
    few.add("c", 3)
    assert list(few.top().items()) == [("c", 3), ("a", 2), ("b", 2)]
    few.merge(words)
    assert (few.distinct, few.total) == (None, 2 * DISTINCT + 10)


def test_a_thousand_levels_of_properties_are_survived() -> None:
    counts = PropertyCounts()
    counts.add(pa.array(['{"a":' + "[" * 100_000 + "]" * 100_000 + "}", '{"a":"\\ud800"}']))
    assert counts.result()["a"].labels == 1
