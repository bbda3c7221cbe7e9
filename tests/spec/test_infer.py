"""Inferred specs: the labels satisfy them, they load without a fault, and they say no more than they must."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pytest
from check_worlds import SHAPES, batch_of, findings, label
from hypothesis import given, settings
from hypothesis import strategies as st

from datalabel.labels.tables import ITEMS, LABELS, table_of
from datalabel.spec.infer import infer_spec
from datalabel.spec.load import load_spec
from datalabel.spec.model import Property, Spec

Rows = Sequence[dict[str, Any]]


def item(key: str = "a.jpg", **cells: Any) -> dict[str, Any]:
    return {"item": key, "width": 640, "height": 480, "format": "jpeg", **cells}


ITEM = item()


def tables(items: Rows, labels: Rows) -> tuple[pa.Table, pa.Table]:
    batch = batch_of(labels, items)
    return batch.items, batch.labels


def inferred(labels: Rows, items: Rows = (ITEM,), name: str = "p") -> tuple[str, Spec]:
    text = infer_spec([tables(items, labels)], name)
    loaded = load_spec(text, name="inferred.yaml")
    assert loaded.warnings == ()
    return text, loaded.spec


def said(**values: Any) -> str:
    return json.dumps(values, ensure_ascii=False)


def test_what_is_written() -> None:
    rows = [
        label("box", properties=said(side="left", length=3, sure=True)),
        label("box", properties=said(side="right", length=4.5)),
        label("keypoints", **{"class": "man"}),
        label("box", item="b.jpg", properties=said(side="left", length=3)),
    ]
    text, _ = inferred(
        rows, [item(properties=said(site="A")), item("b.jpg", format="png", properties=said(site="B"))]
    )
    assert (
        text
        == """\
# Inferred from 4 labels on 2 items.
project_name: p
data_spec:
  cat:
    box:  # 3 labels, 1–2 per image
      properties:
        length: {type: number, minimum: 3, maximum: 4.5, required: true}
        side: {options: [left, right], required: true}
        sure: {type: boolean}
      # conditions: {min_width: 100, max_width: 100, min_height: 50, max_height: 50, min_area: 5000, \
max_area: 5000, per_image: [1, 2]}
  man:
    keypoints:  # 1 label, 0–1 per image
      points: [p1, p2, p3]
      # conditions: {min_width: 20, max_width: 20, min_height: 30, max_height: 30, per_image: [0, 1]}
image:
  properties:
    site: {options: [A, B], required: true}
  conditions:
    formats: [jpeg, png]
"""
    )


@pytest.mark.parametrize(
    ("values", "declared"),
    [
        (["a", "b", None], Property("options", ("a", "b"))),
        ([1, 2, 3], Property("integer", minimum=1, maximum=3, required=True)),
        ([1, 2.5, 3], Property("number", minimum=1, maximum=3, required=True)),
        ([True, False, True], Property("boolean", required=True)),
        ([["a"], ["a", "b"], []], Property("options", ("a", "b"), multiple=True, required=True)),
        (["…", "a", "b"], Property("text", required=True)),
        (["no", "12", "null"], Property("options", ("12", "no", "null"), required=True)),
        ([f"text {number}" for number in range(40)], Property("text", required=True)),
    ],
)
def test_the_declaration_follows_the_values(values: list[Any], declared: Property) -> None:
    _, spec = inferred([label(properties=said(p=one)) for one in values])
    assert spec.classes["cat"]["box"].properties == {"p": declared}


@pytest.mark.parametrize("values", [["a", 1], [{"x": 1}, {"x": 2}], [["a"], "a"], [["a", "a"], ["b"]]])
def test_what_no_declaration_covers_is_named(values: list[Any]) -> None:
    text, spec = inferred([label(properties=said(p=one)) for one in values])
    assert "# cannot declare the property p: " in text
    assert spec.classes["cat"]["box"].properties == {}


def test_nothing_gives_a_spec_too() -> None:
    assert infer_spec([], "p") == "# Inferred from 0 labels on 0 items.\nproject_name: p\n"
    assert load_spec(infer_spec([], "no: #x"), name="s").spec.project_name == "no: #x"


def test_batches_add_up() -> None:
    rows = [label(item=f"{number}.jpg", properties=said(n=number % 7)) for number in range(30)]
    items = [item(f"{number}.jpg") for number in range(30)]
    whole = infer_spec([tables(items, rows)], "p")
    pieces = [tables(items[start : start + 7], rows[start : start + 7]) for start in range(0, 30, 7)]
    assert infer_spec(pieces, "p") == whole
    assert "30 labels, 1 per image" in whole


HOSTILE = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    [
        "",
        " ",
        "no",
        "null",
        "~",
        "12:30",
        "1e3",
        "0o7",
        "a: b",
        "a #b",
        "- a",
        "…",
        "<<",
        "#f00",
        "'",
        '"',
        "\\",
        "\n",
        "\t",
        "\x85",
        "\u2028",
        "\ufeff",
        "\x00",
        "\x7f",
        "😀",
        "*a",
        "&a",
        "!a",
        "{",
        "x" * 1100,
        "key: {y: z}",
        "%",
        "@",
    ]
)
VALUE = st.one_of(
    st.none(),
    HOSTILE,
    st.booleans(),
    st.integers(-(10**25), 10**25),
    st.floats(allow_nan=False, allow_infinity=False),
    st.lists(HOSTILE, max_size=3),
    st.dictionaries(HOSTILE, st.integers(), max_size=1),
)
ROW = st.builds(
    lambda kind, name, key, values: label(kind, item=key, properties=said(**values)) | {"class": name},
    st.sampled_from(["box", "polygon", "keypoints", "category"]),
    HOSTILE | st.just("cat"),
    st.sampled_from(["a.jpg", "b.jpg"]),
    st.dictionaries(HOSTILE | st.just("p"), VALUE, max_size=3),
)


@settings(max_examples=150)
@given(
    st.lists(ROW, max_size=6),
    st.dictionaries(HOSTILE, VALUE, max_size=2),
    HOSTILE.filter(lambda name: name != "…"),
)
def test_the_labels_satisfy_what_was_inferred_from_them(
    rows: Rows, values: dict[str, Any], name: str
) -> None:
    rows = sorted(rows, key=lambda row: str(row["item"]))
    items = [item(properties=said(**values)), item("b.jpg", properties=said(**values))]
    _, spec = inferred(rows, items, name)
    assert spec.project_name == name
    assert {(row["class"], row["kind"]) for row in rows} == {
        (a, kind) for a, kinds in spec.classes.items() for kind in kinds
    }
    found = findings(batch_of(rows, items, spec), "S")
    # A property that no declaration covers is left out, and so it counts as unknown.
    assert [
        str(one.message) for one in found if one.code != "S104" and "unknown property" not in one.message
    ] == []


def test_keypoints_are_called_as_their_source_calls_them() -> None:
    rows = [label("keypoints", **{"class": name}) for name in ("man", "dog")]
    skeletons = {"man": (("nose", "left eye", "0"), ((0, 1), (1, 2))), "dog": (("nose", "tail"), ())}
    text = infer_spec([tables([ITEM], rows)], "p", skeletons)
    spec = load_spec(text, name="s").spec
    man, dog = (spec.classes[name]["keypoints"] for name in ("man", "dog"))
    assert (man.points, man.edges) == (("nose", "left eye", "0"), ((0, 1), (1, 2)))
    assert dog.points == ("p1", "p2", "p3"), "its labels have more points than the source has names"


def test_many_values_stay_few_in_memory_and_fast() -> None:
    count = 200_000
    labels = table_of(
        {
            "item": pa.array(["a.jpg"] * count),
            "id": pa.array(range(count), pa.uint64()),
            "class": pa.array(["cat"] * count),
            "kind": pa.array(["box"] * count),
            "properties": pa.array([f'{{"n{place % 3000}":"{place}"}}' for place in range(count)]),
        },
        LABELS,
    )
    items = table_of({"item": ["a.jpg"]}, ITEMS)
    started = time.process_time()
    text = infer_spec([(items, labels)], "p")
    assert time.process_time() - started < 10
    assert "more property names than could be told apart" in text
    assert len(load_spec(text, name="s").spec.classes["cat"]["box"].properties) == 1000


def test_a_property_that_never_has_a_value_is_declared_and_may_be_absent() -> None:
    rows = [label("box", properties='{"note":null}'), label("box", x=100.0)]
    _, spec = inferred(rows)
    declared = spec.classes["cat"]["box"].properties["note"]
    assert (declared.type, declared.required) == ("text", False)
    assert not findings(batch_of(rows, [ITEM], spec), "S")


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(sorted(SHAPES)),
            st.sampled_from(["a.jpg", "b.jpg"]),
            st.tuples(st.floats(0, 500), st.floats(0, 500), st.floats(-5, 140), st.floats(-5, 140)),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_the_labels_keep_to_the_conditions_that_are_offered(
    drawn: list[tuple[str, str, tuple[float, float, float, float]]],
) -> None:
    items = [item("a.jpg"), item("b.jpg")]
    rows = [
        label(kind, item=key, **(dict(zip("xywh", box, strict=True)) if kind == "box" else {}))
        for kind, key, box in sorted(drawn, key=lambda one: one[1])
    ]
    text, _ = inferred(rows, items)
    offered = text.replace("# conditions:", "conditions:")
    assert offered.count("conditions: {") == len({kind for kind, _, _ in drawn})
    spec = load_spec(offered, name="inferred.yaml").spec
    assert findings(batch_of(rows, items, spec), "S") == []
