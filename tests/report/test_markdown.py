"""Escaping and tables: what a Markdown reader makes of them is what was put in."""

from __future__ import annotations

import csv
import io
from itertools import pairwise

from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from datalabel.report.csv_text import csv_of
from datalabel.report.markdown import bullets, heading, table, text

READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])

ODD = st.one_of(
    st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]), max_size=20),
    st.text(st.sampled_from("|`*_~<>[]()!#&;:@\\.+-=1a /w"), max_size=24),
).filter(str.isprintable)


def read(document: str, *opens: str) -> list[str]:
    """The texts inside of these elements."""
    return [
        "".join(child.content for child in token.children or ()).replace("\u200b", "")
        for before, token in pairwise(READER.parse(document))
        if before.type in opens
    ]


@settings(max_examples=150)
@given(ODD)
@example("&amp; &#35; \\| a_b_c _d_ http://x www.x.y a@b.c #1 :cat: GH-12")
@example("a  b ")
@example(" ")
def test_text_is_read_as_it_was_written(words: str) -> None:
    assert read(f"x {text(words)} y\n", "paragraph_open") == [f"x {words} y"]
    if words.strip():
        assert read(table(("head",), [(text(words),)]), "td_open") == [words]
        assert read(heading(2, text(words)), "heading_open") == [words]


def test_names_that_are_plain_stay_readable() -> None:
    assert text("batch_1/BloodImage_00338.jpg") == "batch_1/BloodImage_00338.jpg"
    assert text("line\nfeed\x1b[31m\u202e") == "line\\\\nfeed\\\\x1b\\[31m\\\\u202e"


def test_tables_are_aligned_as_text_too() -> None:
    assert table(("class", "labels"), [("cat", "1,000"), ("dog", "2")], right=(1,)) == (
        "| class | labels |\n| ----- | -----: |\n| cat   |  1,000 |\n| dog   |      2 |\n"
    )
    assert bullets(["one", "two"]) == "- one\n- two\n"


@settings(max_examples=60)
@given(st.lists(st.tuples(ODD, st.one_of(st.none(), st.integers())), max_size=5))
def test_csv_parses_back(rows: list[tuple[str, int | None]]) -> None:
    found = list(csv.reader(io.StringIO(csv_of(("name", "value"), rows))))
    assert found == [
        ["name", "value"],
        *([spelled(name), "" if value is None else str(value)] for name, value in rows),
    ]


def spelled(name: str) -> str:
    """As no spreadsheet computes it."""
    return f"'{name}" if name[:1] in ("=", "+", "-", "@") else name


def test_csv_holds_no_formulas() -> None:
    rows = [('=HYPERLINK("http://x")', -1), ("@octocat", 2.5), ("-", None), ("a=b", 1)]
    assert [row[0] for row in csv.reader(io.StringIO(csv_of(("name", "value"), rows)))] == [
        "name", "'=HYPERLINK(\"http://x\")", "'@octocat", "'-", "a=b",
    ]  # fmt: skip


def test_csv_carries_no_control_characters() -> None:
    assert csv_of(("name",), [("a\x1b[31m\nb",)]) == "name\na\\x1b[31m\\nb\n"
