"""A document is one page: its Markdown as HTML, text from data as text, no style or script but its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from page_worlds import HOSTILE, Elements

from datalabel.errors import RefusedError
from datalabel.report.document import document_html, write_document
from datalabel.report.html import BEGINNING
from datalabel.report.markdown import bullets, heading, table, text

LINKS = "[a](https://e.vil) ![b](https://e.vil/b.png) <https://e.vil> <b>c</b> &lt;d [e]: https://e.vil"


def document(name: str) -> str:
    return "\n".join(
        [
            heading(1, text(name)),
            bullets([text(name), f"**{text(name)}**"]),
            table(("class", "labels"), [[text(name), "1,234"]], right=[1]),
        ]
    )


def cells(page: bytes) -> list[tuple[str, str | None]]:
    return [(tag, attributes.get("class")) for tag, attributes in Elements(page).tags if tag in ("th", "td")]


def test_numbers_end_flush_by_a_class_and_nothing_has_a_style_of_its_own() -> None:
    page = document_html("cats", document("cats"))
    assert cells(page) == [("th", None), ("th", "number"), ("td", None), ("td", "number")]
    assert not any("style" in attributes for _, attributes in Elements(page).tags)
    assert page == document_html("cats", document("cats"))


@given(
    st.one_of(
        st.sampled_from(
            [HOSTILE, LINKS, "&#8203;", "a|b", "-", "- a", "+", "---", "1. a", "1)", "12345678-"]
        ),
        st.text(min_size=1),
    )
)
def test_text_from_data_makes_no_element(name: str) -> None:
    plain, hostile = (Elements(document_html(one, document(one))) for one in ("cats", name))
    assert [tag for tag, _ in hostile.tags] == [tag for tag, _ in plain.tags]


def test_hostile_text_is_shown_as_it_is() -> None:
    page = Elements(document_html(HOSTILE, document(HOSTILE)))
    assert "".join(page.inside["h1"]) == HOSTILE


def test_markdown_brings_no_link_picture_or_element() -> None:
    page = document_html("links", f"# links\n\n{LINKS}\n\n<script>alert(1)</script>\n")
    tags = [tag for tag, _ in Elements(page).tags]
    assert not {"a", "img", "b", "script"} & set(tags)
    assert b"&lt;script&gt;" in page


def test_a_page_of_ours_is_replaced_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    write_document("one", "# one\n", path)
    write_document("two", "# two\n", path)
    assert path.read_bytes() == document_html("two", "# two\n")
    assert path.read_bytes().startswith(BEGINNING)
    path.write_text("mine")
    with pytest.raises(RefusedError, match="not written by dlabel"):
        write_document("three", "# three\n", path)
    assert path.read_text() == "mine"
