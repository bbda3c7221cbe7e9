"""COCO in and out: what a file says is in columns, and comes back as it was."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from coco_files import Context, again, document, read, unordered, written
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from selections import InMemorySelection

from datalabel.formats.base import READ_LABELS, READ_MENTIONS, VERBATIM
from datalabel.formats.coco import FORMAT
from datalabel.formats.registry import detect_format

REAL = (
    "taco/001_2019-06-09_56bdab8.json.gz",
    "taco/002_2019-06-10_a56f6cb.json.gz",
    "taco/003_2019-06-24_a35e944.json.gz",
    "taco/004_2019-06-26_1e4d24a.json.gz",
    "taco/005_2019-12-19_508da01.json.gz",
    "pedestrians/crowd.json",
    "pedestrians/expert.json",
    "detection_metrics/coco/instances.json",
    "detection_metrics/coco/detections.json",
)
SAME_BYTES = REAL[:2] + REAL[6:]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "labels.json"


@pytest.mark.parametrize("name", REAL)
def test_real_files_come_back_as_they_were(shared_data: Path, path: Path, name: str) -> None:
    file = shared_data / name
    data = gzip.decompress(file.read_bytes()) if name.endswith(".gz") else file.read_bytes()
    path.write_bytes(data)
    assert detect_format(path) is FORMAT
    found = read(path, data)
    selection = InMemorySelection.from_read(found, per_batch=100)
    assert FORMAT.losses(selection) == []
    out = written(selection)
    assert unordered(json.loads(out)) == unordered(json.loads(data))
    assert list(json.loads(out)) == list(json.loads(data))
    if name in SAME_BYTES:
        assert out == data


def test_who_saw_and_who_drew_is_read(shared_data: Path) -> None:
    found = read_shared(shared_data / "pedestrians" / "crowd.json")
    assert (found.mentions.num_rows, found.labels.num_rows) == (703, 5531)
    assert pc.count_distinct(found.labels.column("annotator")).as_py() <= 43
    seen = found.mentions.column("annotators").combine_chunks().flatten()
    assert pc.count_distinct(seen).as_py() == 43


def read_shared(file: Path) -> Any:
    from datalabel.formats.base import SourceFiles

    return FORMAT.read(SourceFiles(file.name, file), Context())


def test_duplicate_numbers_are_named(shared_data: Path, path: Path) -> None:
    found = read(path, gzip.decompress((shared_data / REAL[4]).read_bytes()))
    (remark,) = found.remarks
    assert str(remark) == "labels.json: 2 annotation numbers occur more than once: 309, 4040"


def test_fields_become_columns(path: Path) -> None:
    value = document(
        {
            "id": "x1",
            "bbox": [1, 2.5, 3, 4],
            "segmentation": [[1, 2, 3, 4, 5, 6], [7, 8, 9, 10, 11, 12.25]],
            "score": 0.5,
            "attributes": {"b": 1, "a": [True, None]},
            "annotator": "Zoë",
            "area": 17.5,
            "iscrowd": 0,
        },
        {"category_id": 0, "image_id": 2, "bbox": [0, 0, 1, 1]},
    )
    found = read(path, value)
    assert found.labels.schema == READ_LABELS
    assert found.mentions.schema == READ_MENTIONS
    first, second = found.labels.to_pylist()
    extra = first.pop("extra")
    assert first == {
        "mention": 0,
        "class": "cat",
        "kind": "polygon",
        "x": 1.0,
        "y": 2.5,
        "w": 3.0,
        "h": 4.0,
        "coords": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.25],
        "parts": [3, 3],
        "rle": None,
        "properties": '{"a":[true,null],"b":1}',
        "confidence": 0.5,
        "annotator": "Zoë",
        "source_id": '"x1"',
        "rank": 0,
    }
    assert json.loads(extra) == {"area": 17.5, "iscrowd": 0}
    assert (second["mention"], second["class"], second["kind"], second["source_id"]) == (1, "dog", "box", "2")
    assert again(path, value) == value


@pytest.mark.parametrize(
    ("annotation", "kind", "bounds"),
    [
        ({"segmentation": [[1, 2, 5, 2, 5, 9]]}, "polygon", (1, 2, 4, 7)),
        ({"segmentation": {"size": [10, 20], "counts": [12, 3, 7, 3, 175]}}, "mask", (1, 2, 2, 3)),
        ({"keypoints": [0, 0, 0, 3, 4, 2, 8, 6, 1]}, "keypoints", (3, 4, 5, 2)),
        ({}, "category", (None, None, None, None)),
        ({"bbox": [1, 2, 3, 4], "segmentation": []}, "box", (1, 2, 3, 4)),
        ({"bbox": [1, 2, 3, 4], "segmentation": [[]]}, "box", (1, 2, 3, 4)),
        ({"bbox": [1, 2, 3, 4], "keypoints": []}, "box", (1, 2, 3, 4)),
        (
            {"bbox": [1, 2, 3, 4], "keypoints": [9, 9, 2], "segmentation": [[1, 2, 3, 4, 5, 6]]},
            "keypoints",
            (1, 2, 3, 4),
        ),
    ],
)
def test_the_richest_field_gives_the_kind(
    path: Path, annotation: dict[str, Any], kind: str, bounds: tuple[float, ...]
) -> None:
    found = read(path, document(annotation)).labels
    assert found.column("kind").to_pylist() == [kind]
    assert tuple(found.column(name)[0].as_py() for name in "xywh") == bounds
    mixed = document(annotation, {"bbox": [5, 5, 1, 1], "area": 4}, {"segmentation": [[1, 1, 2, 2, 3, 3]]})
    assert again(path, mixed) == mixed
    assert again(path, document(annotation)) == document(annotation)


def test_equal_numbers_spelled_otherwise_are_one(path: Path) -> None:
    data = json.dumps(document({"bbox": [0, 0, 1, 1]})).replace('"image_id": 1', '"image_id": 1.0')
    data = data.replace('"category_id": 7', '"category_id": 7.0')
    found = read(path, data.encode())
    assert found.labels.column("class").to_pylist() == ["cat"]
    assert again(path, data.encode()) == json.loads(data)


def test_two_categories_of_one_name_keep_their_numbers(path: Path) -> None:
    box = {"bbox": [0, 0, 1, 1]}
    value = document(
        box, {"category_id": 9, **box}, categories=[{"id": 7, "name": "cat"}, {"id": 9, "name": "cat"}]
    )
    found = read(path, value)
    assert found.labels.column("class").to_pylist() == ["cat", "cat"]
    assert [str(one) for one in found.remarks] == [
        "labels.json: category 9 has the name of another category: 'cat'"
    ]
    assert again(path, value) == value


@pytest.mark.parametrize("number", [0, 2**63, 10**25, -5, 'a"b', "ü", 1.5])
def test_numbers_of_any_sort_come_back(path: Path, number: object) -> None:
    value = document(
        {"id": number, "image_id": number, "category_id": number, "bbox": [0, 0, 1, 1]},
        images=[{"id": number, "file_name": "n.jpg"}],
        categories=[{"id": number, "name": "n"}],
        info={"n": number},
    )
    assert again(path, value) == value


@pytest.mark.parametrize(
    "layout",
    [
        {},
        {"separators": (",", ":")},
        {"indent": 1},
        {"indent": 4},
        {"indent": "\t"},
    ],
)
@pytest.mark.parametrize("end", ["", "\n"])
def test_layout_and_order_of_fields_are_kept(path: Path, layout: dict[str, Any], end: str) -> None:
    value: dict[str, Any] = {
        "zeta": {"z": 1, "a": 'two words,\n "x": [1, 2]'},
        "categories": [{"supercategory": "s", "name": "cat", "id": 7}],
        "annotations": [
            {"bbox": [1.5, 2.0, 3.0, 4.0], "id": 3, "image_id": 1, "category_id": 7, "note": "a  b: {c}"},
            {"bbox": [1.0, 2.0, 3.0, 4.0], "id": 4, "image_id": 1, "category_id": 7, "note": None},
        ],
        "images": [
            {"file_name": "a b.jpg", "id": 1, "height": 9, "width": None},
            {"file_name": "c", "id": 2},
        ],
        "more": [],
    }
    text = json.dumps(value, ensure_ascii=False, **layout) + end
    out = written(InMemorySelection.from_read(read(path, text.encode())))
    assert out.decode() == text


def test_empty_lists_come_back(path: Path) -> None:
    values: list[dict[str, Any]] = [
        document(),
        document(images=[], categories=[]),
        {"images": [], "annotations": []},
    ]
    for value in values:
        assert again(path, value) == value


def test_images_keep_every_field_and_unlabelled_ones_stay(path: Path) -> None:
    images = [
        {"id": 5, "file_name": "z.jpg", "width": None, "height": 10.0, "license": 3, "x": {"y": [1]}},
        {"id": 2, "file_name": "a.jpg", "annotators": ["p", "q"]},
        {"id": 1, "file_name": "m.jpg", "annotators": [], "width": 0, "height": "9"},
        {"id": 9, "file_name": "n.jpg", "annotators": "p"},
    ]
    found = read(path, document(images=images))
    assert found.mentions.column("annotators").to_pylist() == [None, ["p", "q"], [], None]
    assert again(path, document(images=images))["images"] == images


def test_the_item_key_names_images(path: Path) -> None:
    images = [{"id": 1, "file_name": "tmp1.jpg", "uid": 77}, {"id": 2, "file_name": "tmp1.jpg", "uid": "u"}]
    value = document({"bbox": [0, 0, 1, 1]}, images=images)
    context = Context(item_key="uid")
    assert read(path, value, context).mentions.column("name").to_pylist() == ["77", "u"]
    assert unordered(again(path, value, context)) == unordered(value)


def test_the_annotator_that_the_user_names_is_not_written(path: Path) -> None:
    value = document({"bbox": [0, 0, 1, 1]}, {"bbox": [0, 0, 1, 1], "annotator": "ann"}, {"annotator": "bob"})
    found = read(path, value, Context(annotator="ann"))
    named = pc.fill_null(found.labels.column("annotator"), "ann")
    labels = found.labels.set_column(found.labels.schema.get_field_index("annotator"), "annotator", named)
    selection = InMemorySelection.from_read(
        type(found)(found.header, found.mentions, labels), annotator="ann"
    )
    assert json.loads(written(selection)) == value


def test_results_take_names_and_classes_from_the_project(path: Path) -> None:
    results = [
        {"image_id": 5, "category_id": 7, "bbox": [0, 0, 1, 1], "score": 0.5},
        {"image_id": 4, "category_id": 7, "segmentation": {"size": [2, 2], "counts": "13"}, "score": 1},
    ]
    path.write_text(json.dumps(results))
    assert detect_format(path) is FORMAT
    context = Context(names={"5": "e.jpg", "4": "d.jpg"}, known=[{"id": 7, "name": "cat"}])
    found = read(path, results, context)
    assert found.mentions.column("name").to_pylist() == ["e.jpg", "d.jpg"]
    assert found.labels.column("source_id").null_count == 2
    assert again(path, results, context) == results


def test_a_kept_notation_gives_way_to_changed_columns(path: Path) -> None:
    value = document(
        {"bbox": [0, 0, 1, 1], "area": 1},
        {"bbox": [0, 0, 1, 1], "area": 1},
        {"segmentation": [[1, 1, 2, 2, 3, 1]]},
    )
    found = read(path, value)
    (kept,) = [extra for extra in found.labels.column("extra").to_pylist() if VERBATIM in extra]
    assert json.loads(kept)[VERBATIM] == value["annotations"][2]
    rows = found.labels.to_pylist()
    rows[2]["coords"][0] = 1.5
    changed = type(found)(found.header, found.mentions, pa.Table.from_pylist(rows, READ_LABELS))
    out = json.loads(written(InMemorySelection.from_read(changed)))
    assert out["annotations"][2]["segmentation"] == [[1.5, 1, 2, 2, 3, 1]]
    assert out["annotations"][2]["bbox"] == [1, 1, 2, 1]


def test_new_rows_of_a_source_get_fresh_numbers(path: Path) -> None:
    found = read(path, document({"id": 41, "bbox": [0, 0, 1, 1], "area": 1, "iscrowd": 0}))
    source = InMemorySelection.from_read(found)
    new = {
        "item": "c.jpg",
        "id": 99,
        "class": "bird",
        "kind": "box",
        "x": 1,
        "y": 1,
        "w": 2,
        "h": 3,
        "rank": 0,
    }
    labels = pa.concat_tables([source.labels, pa.Table.from_pylist([new], source.labels.schema)])
    item = pa.Table.from_pylist(
        [{"item": "c.jpg", "name": "c.jpg", "width": 4, "height": 5}], source.items.schema
    )
    selection = InMemorySelection.of(
        pa.concat_tables([source.items, item]), labels, header=found.header, name="x.json"
    )
    (file,) = FORMAT.write(selection)
    out = json.loads(b"".join(file.chunks))
    assert file.path == "x.json"
    assert out["images"][2] == {"id": 3, "file_name": "c.jpg", "width": 4, "height": 5}
    assert out["categories"][2] == {"id": 8, "name": "bird"}
    assert out["annotations"][1] == {
        "id": 42,
        "image_id": 3,
        "category_id": 8,
        "bbox": [1, 1, 2, 3],
        "area": 6,
        "iscrowd": 0,
    }


NUMBERS = st.one_of(
    st.integers(-(2**60), 2**60),
    st.floats(allow_nan=False, allow_infinity=False),
    st.decimals(-1000, 1000, places=2).map(float),
)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
POINTS = st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=4).map(
    lambda points: [number for point in points for number in point]
)
ANNOTATION = st.fixed_dictionaries(
    {"image_id": st.sampled_from([1, 2, "x"]), "category_id": st.sampled_from([7, 0])},
    optional={
        "id": st.one_of(st.integers(-3, 2**70), st.text(max_size=3)),
        "bbox": st.none() | st.lists(NUMBERS, min_size=4, max_size=4),
        "segmentation": st.one_of(
            st.none(),
            st.lists(st.one_of(POINTS, st.just([])), max_size=3),
            st.just({"size": [10, 20], "counts": [100, 100]}),
            st.just({"counts": "T3T3", "size": [10, 20]}),
            st.just({"counts": "T3T3", "size": [10, 20], "more": 1}),
        ),
        "keypoints": st.none() | st.lists(NUMBERS, min_size=3, max_size=3) | st.just([]),
        "score": st.none() | NUMBERS | st.text(max_size=3),
        "attributes": JSON,
        "annotator": st.text(max_size=4) | st.none(),
        "area": st.none() | NUMBERS,
        "iscrowd": st.sampled_from([0, 1, True]),
        "num_keypoints": NUMBERS,
        VERBATIM: JSON,
        'odd "name"': JSON,
        "other": JSON,
    },
)


@settings(max_examples=75, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(ANNOTATION, max_size=5),
    top=st.dictionaries(st.text(max_size=5), JSON, max_size=2),
    per_batch=st.integers(1, 3),
)
def test_whatever_a_file_says_comes_back(
    tmp_path: Path, rows: list[dict[str, Any]], top: dict[str, Any], per_batch: int
) -> None:
    images = [{"id": one, "file_name": f"{one}.jpg", "width": 20, "height": 10} for one in (1, 2, "x")]
    value = {**top, **document(images=images), "annotations": rows}
    found = read(tmp_path / "x.json", value)
    out = json.loads(written(InMemorySelection.from_read(found, per_batch=per_batch)))
    assert unordered(out) == unordered(value)
