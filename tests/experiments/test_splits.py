"""Splits: drawn from content and seed alone, or taken from lists; what cannot be split is refused."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datalabel.errors import UsageError
from datalabel.experiments.splits import Ratios, published, without_unions

CONTENTS = st.lists(st.text("0123456789abcdef", min_size=1, max_size=6), unique=True, max_size=50)


@pytest.mark.parametrize(
    ("text", "shares"),
    [
        ("train=0.8,val=0.2", {"train": Fraction(4, 5), "val": Fraction(1, 5)}),
        ("train=0.1,val=0.2,test=0.7", {"train": "1/10", "val": "1/5", "test": "7/10"}),
        (" train = 80% , val=20% ", {"train": Fraction(4, 5), "val": Fraction(1, 5)}),
        ("a=1/3,b=2/3", {"a": Fraction(1, 3), "b": Fraction(2, 3)}),
        ("all=1", {"all": Fraction(1)}),
    ],
)
def test_shares_are_exact(text: str, shares: dict[str, Fraction | str]) -> None:
    ratios = Ratios.parse(text)
    assert ratios.shares == {name: Fraction(share) for name, share in shares.items()}
    assert Ratios.parse(str(ratios)) == ratios


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("train=0.8,val=0.3", "sum to 1.1, not to 1"),
        ("train=0.8", "sum to 0.8"),
        ("train=0.5,train=0.5", "given twice"),
        ("train", "is no number"),
        ("", "cannot name a split"),
        ("../x=1", "cannot name a split"),
        ("train=nan", "is no number"),
        ("train=1e99999999,val=0.2", "is no number"),
        ("train=1e400", "must lie above 0"),
        ("train=1/0", "is no number"),
        ("train=0,val=1", "must lie above 0"),
        ("train=-0.2,val=1.2", "must lie above 0"),
    ],
)
def test_shares_that_cannot_be(text: str, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        Ratios.parse(text)


@given(CONTENTS, CONTENTS, st.integers(0, 5))
def test_a_content_keeps_its_split_whatever_else_there_is(
    some: list[str], more: list[str], seed: int
) -> None:
    ratios = Ratios.parse("train=0.7,val=0.2,test=0.1")
    alone = dict(zip(some, ratios.assign(some, seed), strict=True))
    every = sorted({*some, *more})
    together = dict(zip(every, ratios.assign(every, seed), strict=True))
    assert {key: together[key] for key in alone} == alone


def test_shares_are_met_and_seeds_differ() -> None:
    contents = [f"content {number}" for number in range(20_000)]
    ratios = Ratios.parse("train=0.7,val=0.2,test=0.1")
    first, second = ratios.assign(contents, 0), ratios.assign(contents, 1)
    for name, share in ratios.shares.items():
        assert first.count(name) / len(contents) == pytest.approx(float(share), abs=0.01)
    same = sum(one == other for one, other in zip(first, second, strict=True)) / len(contents)
    assert same == pytest.approx(0.7**2 + 0.2**2 + 0.1**2, abs=0.02)


def test_lists_decide_and_what_they_share_is_in_none() -> None:
    contents = {"a": "1", "b": "2", "c": "3", "same as a": "1", "d": "4"}
    found = published({"train": ["a", "b"], "val": ["c", "b", "gone"]}, contents)
    assert found.splits == {"a": "train", "c": "val", "same as a": "train"}
    assert found.bridging == {"b": ("train", "val")}
    assert found.unnamed == ("d",)


def test_identical_images_in_two_lists_are_in_none() -> None:
    found = published({"train": ["a"], "val": ["b"]}, {"a": "1", "b": "1"})
    assert found.splits == {}
    assert set(found.bridging) == {"a", "b"}


def test_lists_that_put_others_together_say_nothing_new() -> None:
    lists = {"train": ["a"], "val": ["b", "c"], "trainval": ["a", "b", "c"], "test": ["d"]}
    assert set(without_unions(lists)) == {"train", "val", "test"}
    overlapping = {"train": ["a", "b"], "val": ["b"]}
    assert without_unions(overlapping) == overlapping
