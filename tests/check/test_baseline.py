"""Baselines: what was known is not complained of, what is new is, and files that are none are refused."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datalabel.check.baseline import Baseline, marks, read_baseline, subtract
from datalabel.check.finding import Finding, Severity
from datalabel.errors import InputError

findings = st.builds(
    Finding,
    code=st.sampled_from(["G101", "G104"]),
    rule=st.just("rule"),
    severity=st.just(Severity.ERROR),
    set=st.none() | st.just("ground_truth"),
    item=st.none() | st.sampled_from(["a.jpg", 'ä"\n.jpg']),
    label=st.none() | st.just("00000000000000ff"),
    message=st.sampled_from(["is 3 px off", "is 4.5 px off", 'has no "class 1"', 'has no "class 2"']),
)


@given(st.lists(findings), st.none() | st.text(), st.none() | st.booleans())
def test_a_baseline_is_read_as_it_was_written(
    every: list[Finding], project: str | None, alone: bool | None
) -> None:
    written = Baseline(project, marks(every), alone)
    assert read_baseline(written.to_bytes(), "b.json") == written
    assert Baseline(project, marks(reversed(every)), alone).to_bytes() == written.to_bytes()
    assert written.to_bytes().count(b"\n") == 6 + (alone is not None) + len(marks(every))


@given(st.lists(findings), st.lists(findings))
def test_new_and_known_and_missing_add_up(known: list[Finding], now: list[Finding]) -> None:
    judged = subtract(now, marks(known))
    assert len(judged.new) + judged.known == len(now)
    assert judged.missing.total() + judged.known == len(known)
    assert marks(judged.new) == marks(now) - marks(known)
    assert subtract(now, marks(now)).new == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is no baseline"),
        ("[]", "is no baseline"),
        ("[" * 100_000, "is no baseline"),
        ('{"baseline": 2, "project": null, "findings": []}', "version 2"),
        ('{"baseline": 1, "project": null, "findings": [{"code": 1, "message": ""}]}', "findings[0]"),
        ('{"baseline": 1, "project": null, "findings": [], "more": 1}', "more"),
        ('{"baseline": 1, "project": null, "findings": [], "of": "files"}', "$.of"),
    ],
)
def test_what_is_no_baseline_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        read_baseline(text.encode(), "b.json")
    assert words in str(caught.value)
    assert caught.value.faults[0].where == "b.json"


def test_counts_below_one_excuse_nothing() -> None:
    row = {"code": "G101", "message": "x", "count": -5}
    text = json.dumps({"baseline": 1, "project": None, "findings": [row]})
    assert not read_baseline(text.encode(), "b.json").marks
