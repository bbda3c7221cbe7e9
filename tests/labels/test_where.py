"""`--where`: which items and labels an expression chooses."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from where_world import (
    ITEM_ROWS,
    ITEM_TABLE,
    LABEL_ROWS,
    LABEL_TABLE,
    PROPERTIES,
    chosen_items,
    chosen_labels,
    labels_where,
)

from datalabel.labels.tables import ITEMS, LABELS, label_id_text, table_of
from datalabel.labels.where import COLUMNS, parse_where

# Items and labels


def test_item_columns_choose_items_and_their_labels() -> None:
    assert chosen_items("width > 600") == ["a.jpg", "b/ä.jpg"]
    assert chosen_labels("width > 600") == labels_where(lambda row: row["item"] in ("a.jpg", "b/ä.jpg"))


def test_label_columns_choose_labels_and_leave_every_item() -> None:
    assert chosen_items("class = 'car'") == [row["item"] for row in ITEM_ROWS]
    assert chosen_labels("class = 'car'") == labels_where(lambda row: row["class"] == "car")


def test_terms_joined_by_and_are_told_apart_even_in_brackets() -> None:
    text = "(class = 'car' AND (state = 'done' AND w > 1))"
    assert chosen_items(text) == ["a.jpg", "z.jpg"]
    assert chosen_labels(text) == labels_where(
        lambda row: row["class"] == "car" and row["item"] == "a.jpg" and (row["w"] or 0) > 1
    )


def test_a_term_about_both_chooses_labels() -> None:
    assert chosen_items("width = 640 OR class = 'car'") == [row["item"] for row in ITEM_ROWS]
    assert chosen_labels("width = 640 OR class = 'car'") == labels_where(
        lambda row: row["item"] == "a.jpg" or row["class"] == "car"
    )


def test_labels_of_absent_items_are_not_chosen() -> None:
    where = parse_where("w > 1")
    few = ITEM_TABLE.filter(pa.array([True, False, False, False]))
    mask = where.labels(LABEL_TABLE, few).to_pylist()
    assert (
        [row["item"] for row, held in zip(LABEL_ROWS, mask, strict=True) if held].count("a.jpg")
        == sum(mask)
        > 0
    )


def test_an_ambiguous_name_is_the_labels_unless_item_stands_before_it() -> None:
    assert chosen_items("item.properties.site = 'A'") == ["a.jpg"]
    assert chosen_items("properties.site = 'A'") == [row["item"] for row in ITEM_ROWS]
    assert chosen_labels("properties.site = 'A'") == []
    assert chosen_labels("label.properties.b = 'cut' AND label.class = 'car'") == labels_where(
        lambda row: row["properties"] in (PROPERTIES[2], PROPERTIES[4]) and row["class"] == "car"
    )


@pytest.mark.parametrize("name", ["item", "key", "item.item", "item.key"])
def test_the_key_has_two_names(name: str) -> None:
    assert chosen_items(f"{name} LIKE 'b/%'") == ["b/ä.jpg", "b/c_1.jpg"]


def test_the_columns_that_are_needed_are_named() -> None:
    where = parse_where("aspect > 4 AND width < 9 OR item.properties.n = 1 AND properties.a = 2")
    assert where.label_columns == ("item", "w", "h", "properties")
    assert where.chooses_labels
    assert not parse_where("key = 'a' AND TRUE").chooses_labels


def test_every_documented_column_can_be_used() -> None:
    for column in COLUMNS:
        name = f"{column.side}.{column.name}" + (".x" if column.name == "properties" else "")
        where = parse_where(f"{name} IS NULL")
        assert set(where.label_columns) <= set(LABELS.names)
        assert len(where.labels(LABEL_TABLE, ITEM_TABLE)) == LABEL_TABLE.num_rows
        assert len(where.items(ITEM_TABLE)) == ITEM_TABLE.num_rows


def test_tables_without_rows_and_in_pieces() -> None:
    where = parse_where("class = 'car' AND properties.a = 1 AND id != '' AND width IN (640)")
    assert len(where.labels(LABEL_TABLE.slice(0, 0), ITEM_TABLE.slice(0, 0))) == 0
    assert len(where.items(ITEMS.empty_table())) == 0
    assert len(where.labels(LABELS.empty_table(), ITEMS.empty_table())) == 0
    pieces = pa.concat_tables([LABEL_TABLE.slice(start, 7) for start in range(0, 72, 7)])
    text = "class != 'car' AND (properties.a = 1 OR area > 1 OR width > 700) AND id > '4'"
    assert chosen_labels(text, pieces) == chosen_labels(text) != []


def test_ids_are_spoken_of_as_they_are_printed() -> None:
    wanted = label_id_text(LABEL_ROWS[5]["id"])
    assert chosen_labels(f"id = '{wanted}'") == labels_where(lambda row: label_id_text(row["id"]) == wanted)
    ordered = chosen_labels("id < '7fffffffffffffff'")
    assert ordered == labels_where(lambda row: row["id"] < 0x7FFFFFFFFFFFFFFF)


def test_area_and_aspect_are_computed() -> None:
    assert chosen_labels("area = 40 AND aspect = 2.5") == labels_where(
        lambda row: (row["w"], row["h"]) == (10, 4)
    )
    flat = labels_where(lambda row: None in (row["w"], row["h"]) or row["h"] == 0)
    assert chosen_labels("aspect IS NULL") == chosen_labels("w / h IS NULL") == flat


# Properties


@pytest.mark.parametrize(
    ("text", "positions"),
    [
        ("properties.a = 1", {2, 4}),
        ("properties.a = '1'", {3}),
        ("properties.a = FALSE", {8}),
        ("NOT properties.a", {5, 8}),  # an empty list has no member that is TRUE
        ("properties.b", {3}),
        ("properties.b = 'cut'", {2, 4}),
        ("properties.b != 'cut'", {7}),  # in 5 the other members leave it open
        ("properties.b ILIKE 'cut'", {2, 4, 7}),
        ("properties.b IN ('rot', 'x')", {4, 5}),
        ("properties.a BETWEEN 2 AND 3", {4}),
        ("properties.a > 1e20", {7}),
        ("properties.a IS NULL", {0, 1}),
        ("properties.b IS NOT NULL", {2, 3, 4, 5, 7, 8}),
        ("properties.a.deep = 0", {6}),
        ("properties.a.deep IN (0)", {6}),
        ("properties.a.deep.er IS NULL", set(range(9))),
        ("properties.a.list = 1", set()),
        ("properties.\"my key\" = 'x'", {6}),
        ("properties.a = properties.a", {2, 3, 7, 8}),  # lists are compared with constants only
        ("properties.a + 1 = 2", {2}),
        ("- properties.a < 0", {2, 7}),
        ("1 = properties.a", {2, 4}),
        ("properties.a = 3 - 2", {2, 4}),
    ],
)
def test_properties_are_compared_by_their_own_type(text: str, positions: set[int]) -> None:
    wanted = [PROPERTIES[position] for position in sorted(positions)]
    assert chosen_labels(text) == labels_where(lambda row: row["properties"] in wanted)


def test_odd_names_of_properties() -> None:
    names = ["in", "null", "select", "Order", "größe", "a.b", 'say "x"', "it's", "--", "名", ""]
    one = table_of(
        {"item": ["a.jpg"], "id": [1], "class": ["x"], "kind": ["box"],
         "properties": [json.dumps(dict.fromkeys(names, 1))]}, LABELS,
    )  # fmt: skip
    for name in names:
        spelled = '"' + name.replace('"', '""') + '"'
        assert chosen_labels(f"properties.{spelled} = 1", one) == [0], name
        if re.fullmatch(r"\w+", name):
            assert chosen_labels(f"properties.{name} = 1", one) == [0], name


def test_hostile_properties_are_passed_over() -> None:
    texts = [
        "[" * 100_000,
        '{"a": 1' + "0" * 5000 + "}",
        '{"a": "\\ud800"}',
        '{"a": NaN}',
        "[1]",
        "nonsense",
        "",
    ]
    rows = len(texts)
    many = table_of(
        {"item": ["a.jpg"] * rows, "id": range(rows), "class": ["x"] * rows, "kind": ["box"] * rows,
         "properties": texts}, LABELS,
    )  # fmt: skip
    assert chosen_labels("properties.a = '?'", many) == [2]
    assert chosen_labels("properties.a = 1", many) == []


# Texts and patterns


SPOKEN = {"a", "ab", "a\nb", "a.b", "a%b", "a\\b", "aäb", "bab"}


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ("'a%'", SPOKEN - {"bab"}),
        ("'a_b'", {"a\nb", "a.b", "a%b", "a\\b", "aäb"}),
        ("'A%'", set()),
        ("'a.b'", {"a.b"}),
        ("'a!%b' ESCAPE '!'", {"a%b"}),
        ("'a%%b' ESCAPE '%'", {"a%b"}),
        ("'a\\b'", {"a\\b"}),
        ("'%'", SPOKEN),
        ("''", set()),
        ("'%ä%'", {"aäb"}),
    ],
)
def test_like(pattern: str, matches: set[str]) -> None:
    items = table_of({"item": sorted(SPOKEN)}, ITEMS)
    for word, wanted in (("LIKE", matches), ("NOT LIKE", SPOKEN - matches)):
        found = items.filter(parse_where(f"item {word} {pattern}").items(items))
        assert set(found.column("item").to_pylist()) == wanted


@given(st.text(alphabet="aA%_!.ä\n"), st.text(alphabet="aA%_.ä\n", max_size=6), st.booleans())
def test_like_agrees_with_a_plain_matcher(text: str, pattern: str, ignore_case: bool) -> None:
    def matches(rest: str, left: str) -> bool:
        if not left:
            return not rest
        if left[0] == "%":
            return any(matches(rest[start:], left[1:]) for start in range(len(rest) + 1))
        return bool(rest) and left[0] in ("_", rest[0]) and matches(rest[1:], left[1:])

    items = table_of({"item": [text]}, ITEMS)
    word = "ILIKE" if ignore_case else "LIKE"
    fold = str.lower if ignore_case else str
    found = parse_where(f"item {word} '{pattern}'").items(items).to_pylist()
    assert found == [matches(fold(text), fold(pattern))]


@given(st.text())
def test_any_text_can_be_written(text: str) -> None:
    items = table_of({"item": [text, text + "'"]}, ITEMS)
    where = parse_where("item = '" + text.replace("'", "''") + "'")
    assert where.items(items).to_pylist() == [True, False]
    assert parse_where(where.canonical).terms == where.terms


def test_the_canonical_text_is_the_same_for_the_same_expression() -> None:
    texts = [
        "key='a' and not (w<>2)",
        "(item = 'a') AND (NOT w != 2.0) -- why",
        "item.item='a' AND NOT \"w\" != 2e0",
    ]
    assert {parse_where(text).canonical for text in texts} == {"item = 'a' AND NOT w != 2"}


@pytest.mark.parametrize(
    "text",
    [
        "10 - 2 - 2 = 6", "8 / 2 / 2 = 2", "2 + 3 * 4 = 14", "(2 + 3) * 4 = 20", "2 - (3 - 4) = 3",
        "12 / (2 * 3) = 2", "2 - -3 = 5", "- - 2 = 2", "-(2 + 3) = -5", "1 / 2 = 0.5",
        "-width + width = 0", "- -width = width",
    ],
)  # fmt: skip
def test_arithmetic_is_read_as_everywhere(text: str) -> None:
    for spelled in (text, parse_where(text).canonical):
        assert parse_where(spelled).items(ITEM_TABLE.slice(0, 1)).to_pylist() == [True]


def test_importing_the_module_does_not_import_the_parser() -> None:
    code = "import sys, datalabel.labels.where; sys.exit('sqlglot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
