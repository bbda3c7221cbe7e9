"""Acceptances: written and read back, and good only for what was looked at."""

from __future__ import annotations

from typing import Any

import pytest
from check_worlds import batch_of, findings, label
from hypothesis import given
from hypothesis import strategies as st

from datalabel.check.accepted import (
    Acceptance,
    Contents,
    item_contents,
    label_contents,
    read_accepted,
    sift,
    to_text,
)
from datalabel.check.finding import CheckBatch
from datalabel.errors import InputError

words = st.text(min_size=1, max_size=20).filter(lambda text: bool(text.strip()))
acceptances = st.builds(
    Acceptance,
    code=st.sampled_from(["G101", "S105"]),
    item=words | st.just("no: {yes}, # off"),
    because=words | st.just("1e5"),
    set=st.none() | words,
    label=st.none() | st.from_regex(r"[0-9a-f]{16}", fullmatch=True),
    content=st.none() | st.from_regex(r"[0-9a-f]{16}", fullmatch=True),
    by=st.none() | words,
)


@given(st.lists(acceptances, unique_by=lambda one: one.place))
def test_the_file_is_read_as_it_was_written(every: list[Acceptance]) -> None:
    text = to_text(every)
    assert sorted(read_accepted(text.encode(), "f"), key=lambda one: one.place) == sorted(
        every, key=lambda one: one.place
    )
    assert to_text(reversed(every)) == text
    assert len(text.splitlines()) >= 1 + len(every)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{}\n", ""),
        ("", ""),
        ("item: a", "f:1:1: is no list"),
        ("- {item: a, code: G101}", "f:1:3: an acceptance needs because"),
        ("- {item: a, code: G101, because: [x]}", "because takes a text"),
        ("- {item: a, code: G101, because: x, whom: y}", "has no 'whom'"),
        ("- a\n- b", "f:2:3"),
        ("- [", "f"),
    ],
)
def test_faults_are_named_with_their_lines(text: str, words: str) -> None:
    if not words:
        assert read_accepted(text.encode(), "f") == ()
        return
    with pytest.raises(InputError) as caught:
        read_accepted(text.encode(), "f")
    assert words in str(caught.value)


def contents(batch: CheckBatch) -> Contents:
    return Contents(label_contents(batch.set, batch.labels), item_contents(batch.set, batch.labels), {})


def accepted(batch: CheckBatch) -> list[Acceptance]:
    known = contents(batch)
    return [
        Acceptance(one.code, one.item or "", "looked at", one.set, one.label, known.of(one))
        for one in findings(batch, "G104")
    ]


@pytest.mark.parametrize(
    ("change", "holds"),
    [
        ({}, True),
        ({"source_id": "7"}, True),
        ({"confidence": 0.5}, True),
        ({"x": -2.0}, False),
        ({"class": "dog"}, False),
        ({"properties": '{"a":1}'}, False),
    ],
)
@pytest.mark.parametrize("alone", [False, True])
def test_an_acceptance_lapses_when_what_it_is_about_changes(
    change: dict[str, Any], holds: bool, alone: bool
) -> None:
    known = accepted(batch_of([label(x=-1.0)]))
    after = batch_of([label(**{"x": -1.0, **change})])
    sifted = sift(findings(after, "G104"), known, contents(after), alone=alone)
    assert (len(sifted.open), len(sifted.accepted), len(sifted.idle)) == ((0, 1, 0) if holds else (1, 0, 1))


def test_an_acceptance_is_about_one_label_of_one_item_and_rule() -> None:
    before = batch_of([label(x=-1.0)])
    known = accepted(before)
    twice = batch_of([label(x=-1.0), label(x=-1.0)])
    only = findings(twice, "G104")
    assert [one.label for one in sift(only, known, contents(twice)).open] == [only[1].label]
    elsewhere = batch_of([label(x=-1.0)], set_name="model")
    assert len(sift(findings(elsewhere, "G104"), known, contents(elsewhere)).open) == 1


def test_alone_an_item_is_known_by_the_end_of_its_key() -> None:
    batch = batch_of([label(x=-1.0)])
    (one,) = accepted(batch)
    for item, holds in (("images/a.jpg", True), ("a.jpg", True), ("aa.jpg", False), ("images/b.jpg", False)):
        known = [Acceptance(one.code, item, "x", one.set, "ffffffffffffffff", one.content)]
        assert bool(sift(findings(batch, "G104"), known, contents(batch), alone=True).accepted) is holds
        assert not sift(findings(batch, "G104"), known, contents(batch)).accepted
