"""A page is one file; text from data stays text in it, and only its own script and style may run."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from page_worlds import HOSTILE, Elements, hostile_page, page_of

from datalabel.errors import InputError, RefusedError
from datalabel.printable import printable
from datalabel.report.html import BEGINNING, embedded_json, page_html, write_page
from datalabel.report.page import NOTHING, Outline, Page, Picture, Shape


def test_hostile_text_makes_no_element() -> None:
    plain, hostile = Elements(page_html(hostile_page("harmless"))), Elements(page_html(hostile_page(HOSTILE)))
    assert [tag for tag, _ in hostile.tags] == [tag for tag, _ in plain.tags]
    assert not any(name.startswith("on") for _, attributes in hostile.tags for name in attributes)
    assert hostile.data["names"]["class"] == [HOSTILE]
    assert hostile.data["pictures"][0]["key"] == HOSTILE
    assert hostile.inside["h1"] == [HOSTILE]


def test_nothing_runs_or_loads_but_what_the_policy_names() -> None:
    page = Elements(page_html(hostile_page(HOSTILE)))
    policy = next(
        attributes["content"]
        for tag, attributes in page.tags
        if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy is not None
    assert policy.startswith("default-src 'none'; img-src data:; ")
    assert "unsafe" not in policy
    for text in (page.inside["style"][0], page.inside["script"][-1]):
        assert f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" in policy
    assert not any({"src", "href", "style"} & attributes.keys() for _, attributes in page.tags)


def test_the_scripts_never_read_markup_from_data() -> None:
    script = Elements(page_html(page_of([]))).inside["script"][-1]
    for word in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "Function(",
        "fetch(",
    ):
        assert word not in script


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON)
def test_embedded_json_is_the_value_in_letters_that_html_does_not_read(value: Any) -> None:
    text = embedded_json(value)
    assert json.loads(text) == value
    assert text.isascii()
    assert not set(text) & set("<>&")


def test_what_cannot_be_printed_is_shown_escaped() -> None:
    assert printable("a\u202eb\x00\n\ud800") == r"a\u202eb\x00\n\ud800"
    page = Elements(page_html(hostile_page("gpj.\u202eexe\ud800")))
    assert page.inside["h1"] == [r"gpj.\u202eexe\ud800"]


def test_the_same_page_gives_the_same_bytes() -> None:
    assert page_html(hostile_page(HOSTILE)) == page_html(hostile_page(HOSTILE))


def test_an_empty_page_is_a_page() -> None:
    page = Elements(page_html(Page("nothing", "", (), (), ())))
    assert page.data["pictures"] == []
    assert page.inside["h1"] == ["nothing"]


@pytest.mark.parametrize(
    ("outline", "drawing"),
    [
        (NOTHING, None),
        (Outline(rings=[[0, 0, 10.25, 0, 10, 5]]), ["M0 0L10.2 0L10 5Z", "", [0, 0, 10.2, 5]]),
        (Outline(lines=[[1, 2, 3, 4]], points=[5, 6]), ["M1 2L3 4", "M5 6h0", [1, 2, 5, 6]]),
        (Outline(rings=[[5, 6, 5, 6, 5, 6, 5, 6]]), ["M5 6L5 6L5 6L5 6Z", "M5 6h0", [5, 6, 5, 6]]),
        (Outline(rings=[[0, 0, float("nan"), 1]]), None),
        (Outline(rings=[[0, float("inf"), 1, 1]]), None),
        (Outline(lines=[[-1e300, 0, 1e300, 1]]), ["M-1000000 0L1000000 1", "", [-1e6, 0, 1e6, 1]]),
    ],
)
def test_outlines_become_paths_of_finite_numbers(outline: Outline, drawing: Any) -> None:
    shape = Shape("added", "cat", "polygon", "ground_truth", "1", outline)
    page = Elements(page_html(page_of([Picture("a.jpg", 9, 9, None, [shape])])))
    assert page.data["pictures"][0]["shapes"][0][6] == drawing


def test_a_page_replaces_a_page_and_nothing_else(tmp_path: Path) -> None:
    path, labels = tmp_path / "page.html", tmp_path / "labels.json"
    write_page(page_of([]), path)
    write_page(hostile_page("again"), path)
    assert path.read_bytes() == page_html(hostile_page("again"))
    assert path.read_bytes().startswith(BEGINNING)
    labels.write_text("{}")
    with pytest.raises(RefusedError, match="not written by dlabel"):
        write_page(page_of([]), labels)
    with pytest.raises(RefusedError, match="not written by dlabel"):
        write_page(page_of([]), tmp_path)
    with pytest.raises(InputError, match="no such folder"):
        write_page(page_of([]), tmp_path / "none" / "page.html")
    assert labels.read_text() == "{}"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["labels.json", "page.html"]
