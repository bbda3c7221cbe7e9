"""The digest of a selection: it follows from what items and labels say, and from nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from label_strategies import selections
from selections import InMemorySelection

from datalabel.experiments.digest import LABEL_COLUMNS, SelectionDigest, ordered
from datalabel.labels.rows import sort_rows
from datalabel.labels.tables import LABELS, table_of

ITEMS = pa.table({"item": ["a", "b"], "content": ["1", None], "split": ["train", "val"]})
LABEL: dict[str, Any] = {"item": "a", "class": "cat", "kind": "polygon", "x": 0.0, "y": 0.0, "w": 4.0, "h": 4.0,
                         "coords": [0.0, 0.0, 4.0, 0.0, 4.0, 4.0], "parts": [3]}  # fmt: skip


def labels(*rows: dict[str, Any]) -> pa.Table:
    return table_of(
        {name: [row.get(name, 0 if name == "id" else None) for row in rows] for name in LABELS.names}, LABELS
    )


def digest(items: list[pa.Table], *batches: pa.Table, set_name: str = "ground_truth") -> str:
    built = SelectionDigest()
    for batch in items:
        built.add_items(batch)
    for batch in batches:
        built.add_labels(set_name, ordered(batch))
    return built.result()


def test_it_is_the_same_forever() -> None:
    assert (
        digest([ITEMS], labels(LABEL)) == "0015939eef0a2b7be9eb3cb159b51e70c3e86276cbc3cbf2b54cec2c68b8e624"
    )


@settings(max_examples=60)
@given(selections(max_labels=8), st.randoms(use_true_random=False), st.integers(0, 3))
def test_order_within_an_item_and_ends_of_batches_do_not_count(
    selection: InMemorySelection, random: Any, cut: int
) -> None:
    rows = pa.concat_tables(batch.labels for batch in selection.batches())
    order = list(range(rows.num_rows))
    random.shuffle(order)
    shuffled = sort_rows(rows.take(pa.array(order, pa.int64())), "item")
    keys = sorted(set(rows.column("item").to_pylist()))
    before = pa.array(keys[:cut], pa.string())
    mask = np.isin(shuffled.column("item").to_pylist(), before.to_pylist())
    pieces = [shuffled.filter(pa.array(mask)), shuffled.filter(pa.array(~mask))]
    assert digest([ITEMS], rows) == digest([ITEMS.slice(0, 1), ITEMS.slice(1)], *pieces)


@pytest.mark.parametrize(
    ("name", "value"), [("id", 77), ("source", "x.json"), ("source_id", "9"), ("rank", 3), ("extra", "{}")]
)
def test_how_a_label_came_here_does_not_count(name: str, value: Any) -> None:
    assert digest([ITEMS], labels({**LABEL, name: value})) == digest([ITEMS], labels(LABEL))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("class", "dog"),
        ("kind", "polyline"),
        ("w", 5.0),
        ("coords", [0.0, 0.0, 4.0, 0.0, 4.0, 5.0]),
        ("parts", [-3]),
        ("rle", "abc"),
        ("properties", '{"a":1}'),
        ("confidence", 0.5),
        ("annotator", "ann"),
        ("item", "b"),
    ],
)
def test_everything_that_a_label_says_counts(name: str, value: Any) -> None:
    assert digest([ITEMS], labels({**LABEL, name: value})) != digest([ITEMS], labels(LABEL))


def test_what_means_the_same_is_the_same() -> None:
    plain = digest([ITEMS], labels(LABEL))
    assert digest([ITEMS], labels({**LABEL, "x": -0.0, "properties": "{}"})) == plain
    assert digest([ITEMS], labels(LABEL), labels()) == plain


def test_texts_do_not_run_into_each_other() -> None:
    one = digest([pa.table({"item": ["ab", "c"], "content": ["1", "2"], "split": ["x", "y"]})])
    other = digest([pa.table({"item": ["a", "bc"], "content": ["1", "2"], "split": ["x", "y"]})])
    assert one != other


def test_sets_content_and_split_count() -> None:
    plain = digest([ITEMS], labels(LABEL))
    assert digest([ITEMS], labels(LABEL), set_name="model") != plain
    for column, values in (("content", ["2", None]), ("split", ["val", "val"])):
        changed = ITEMS.set_column(ITEMS.schema.get_field_index(column), column, pa.array(values))
        assert digest([changed], labels(LABEL)) != plain


def test_the_columns_that_count_are_those_of_the_design() -> None:
    assert set(LABELS.names) - set(LABEL_COLUMNS) == {"id", "source", "source_id", "rank", "extra"}
