"""A text written as a YAML scalar is that text again, for readers of YAML 1.1 and 1.2."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from datalabel.spec.yaml_scalar import quoted
from datalabel.spec.yaml_text import read_yaml

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)


@given(TEXTS)
@example("off")
@example("None")
@example("1e3")
@example("12:30")
@example("a: b")
@example("a #b")
@example("a -b")
@example("\x85\u2028\ufeff")
def test_every_text_comes_back(text: str) -> None:
    document = f"names: [{quoted(text)}]\n{quoted(text + 'x')}: 1\n"
    assert document.count("\n") == len(document.splitlines()) == 2
    assert yaml.safe_load(document) == {"names": [text], text + "x": 1}
    root = read_yaml(document, "here")
    assert [one.value for one in root.entries["names"].items] == [text]


@pytest.mark.parametrize("text", ["cat", "images/train", "traffic light", "_x", "a-b"])
def test_what_nobody_can_misread_stays_plain(text: str) -> None:
    assert quoted(text) == text
