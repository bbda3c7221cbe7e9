"""Agreement, by textbook examples and by laws."""

from __future__ import annotations

import json
from typing import Any

import pytest
from agreement_world import agreement, box, coded, labels_of, random_rows, seen_of
from hypothesis import given, settings
from hypothesis import strategies as st

from datalabel.errors import InputError
from datalabel.quality.agreement import AgreementBuilder
from datalabel.quality.results import Agreement

SEEDS = st.integers(0, 10_000)


def two_by_two(both: int, first: int, second: int, neither: int) -> Agreement:
    counts = (both, first, second, neither)
    said = [pair for pair, count in zip(("yy", "yn", "ny", "nn"), counts, strict=True) for _ in range(count)]
    lines = {name: "".join(pair[side] for pair in said) for side, name in enumerate("ab")}
    return agreement(coded(lines))


def test_people_with_many_keypoints_on_an_item_are_compared_by_them() -> None:
    """However many labels an item has, and though no two bounds of single points touch."""
    rows = [
        box(
            "a",
            who,
            at=20.0 * number,
            kind="keypoints",
            coords=[20.0 * number + shift, 1.0, 2.0],
            w=16.0,
            h=16.0,
        )
        for who, shift in (("p", 0.0), ("q", 1.0))
        for number in range(300)
    ]
    found = agreement(rows)
    assert (found.pairs[0].matched, found.pairs[0].recall.value) == (300, 1.0)


# Textbooks


def test_krippendorff_2011_nominal_data_with_missing_values() -> None:
    found = agreement(
        coded(
            {
                "A": "1 2 3 3 2 1 4 1 2 . . .",
                "B": "1 2 3 3 2 2 4 1 2 5 . 3",
                "C": ". 3 3 3 2 3 4 2 2 5 1 .",
                "D": "1 2 3 3 2 4 4 1 2 5 1 .",
            }
        )
    )
    assert found.alpha.value == pytest.approx(0.743, abs=5e-4)
    assert found.class_alpha == found.alpha
    assert found.items == 11, "who is alone with a unit cannot be compared"


@pytest.mark.parametrize(
    ("one", "other", "alpha"),
    [("0100000000", "1110010100", 0.095), ("aabbdcccedda", "babbbccceddd", 0.692)],
)
def test_krippendorff_2011_two_observers(one: str, other: str, alpha: float) -> None:
    assert agreement(coded({"one": one, "other": other})).alpha.value == pytest.approx(alpha, abs=5e-4)


@pytest.mark.parametrize(
    ("table", "kappa"), [((20, 5, 10, 15), 0.4), ((45, 15, 25, 15), 0.1304), ((25, 35, 5, 35), 0.2593)]
)
def test_cohen_kappa_of_known_tables(table: tuple[int, int, int, int], kappa: float) -> None:
    assert two_by_two(*table).pairs[0].kappa.value == pytest.approx(kappa, abs=5e-5)


def test_what_is_not_defined_is_null_in_json() -> None:
    found = agreement(coded({"a": "xxxx", "b": "xxxx"}))
    assert found.alpha.value is None
    assert found.pairs[0].kappa.value is None
    assert found.pairs[0].recall.value == 1.0
    text = json.dumps(found.to_json(), allow_nan=False)
    assert json.loads(text)["alpha"] == {"value": None, "low": None, "high": None}


def test_nothing_to_compare() -> None:
    found = agreement([box("1", "a"), box("2", "b")])
    assert (found.items, found.labels, found.alpha.value) == (0, 0, None)
    assert [one.items for one in found.annotators] == [0, 0]
    assert json.dumps(found.to_json(), allow_nan=False)


# Who saw


def test_who_saw_and_drew_nothing_did_not_draw_it() -> None:
    rows = [box("1", "a"), box("1", "b")]
    alone = agreement(rows, [("1", "c")])
    assert alone.worst[0].missed == 1
    assert alone.worst[0].saw == ("a", "b", "c")
    missed = next(one for one in alone.annotators if one.annotator == "c")
    assert (missed.items, missed.labels, missed.recall.value) == (1, 0, 0.0)
    assert agreement(rows).worst == ()


def test_agreeing_that_there_is_nothing_is_agreement() -> None:
    rows = [box("1", "a"), box("2", "b")]
    differing = agreement(rows, [("1", "b"), ("2", "a")])
    empty = [(str(item), who) for item in range(3, 23) for who in "ab"]
    with_empty = agreement(rows, [("1", "b"), ("2", "a"), *empty])
    assert differing.alpha.value is not None
    assert differing.alpha.value < 0
    assert with_empty.alpha.value is not None
    assert with_empty.alpha.value > differing.alpha.value
    assert with_empty.items == 22


# Location first


def test_labels_are_paired_by_location_whatever_their_class() -> None:
    rows = [
        box("1", "a", "cat", 0), box("1", "a", "dog", 4),
        box("1", "b", "dog", 0.5), box("1", "b", "cat", 4.5),
    ]  # fmt: skip
    found = agreement(rows)
    assert found.pairs[0].matched == 2
    assert [(one.first, one.second, one.count) for one in found.confusion] == [("cat", "dog", 2)]
    assert found.pairs[0].kappa.value == -1.0


def test_between_equal_overlaps_the_class_decides() -> None:
    rows = [box("1", "a", "cat"), box("1", "a", "dog"), box("1", "b", "dog"), box("1", "b", "cat")]
    assert agreement(rows).pairs[0].kappa.value == 1.0


def test_an_object_has_one_label_of_each_annotator() -> None:
    chain = [box("1", "a", at=0), box("1", "b", at=2), box("1", "c", at=4), box("1", "a", at=6)]
    found = agreement([*chain, box("1", "d", at=30)])
    labels = found.worst[0].labels
    for number in range(found.worst[0].objects):
        drawn = [one.annotator for one in labels if one.object == number]
        assert len(drawn) == len(set(drawn)) > 0
    assert found.worst[0].objects == 3


def test_thresholds_are_applied_each_for_itself() -> None:
    # At 0.5 the sum of two is best; at 0.75 only the exact pair is left, and must be found.
    rows = [box("1", "a", at=0), box("1", "a", at=3), box("1", "b", at=0), box("1", "b", at=-3)]
    assert agreement(rows, iou=0.75).pairs[0].matched == 1
    assert agreement(rows, iou=0.5).pairs[0].matched == 2


def test_a_threshold_that_is_met_exactly_is_met_on_decimal_coordinates_too() -> None:
    """Edges are sums: of these the overlap is one half, and comes out as 0.4999999999999997."""
    whole: dict[str, Any] = {"x": 418.79, "y": 222.58, "w": 132.04}
    rows = [box("1", "a", **whole, h=26.7), box("1", "b", **whole, h=53.4)]
    assert agreement(rows, iou=0.5).pairs[0].matched == 1
    assert agreement(rows, iou=0.500001).pairs[0].matched == 0


def test_recall_and_precision_of_the_first_against_the_second() -> None:
    rows = [box("1", "a", at=0), box("1", "b", at=0), box("1", "b", at=50), box("1", "b", at=90)]
    pair = agreement(rows).pairs[0]
    assert (pair.first, pair.second, pair.labels) == ("a", "b", (1, 3))
    assert pair.recall.value == pytest.approx(1 / 3)
    assert pair.precision.value == 1.0


def test_keypoints_are_paired_by_their_similarity() -> None:
    points: dict[str, Any] = {"kind": "keypoints", "y": 0.0, "w": 100.0, "h": 100.0}
    near = box("1", "a", coords=[0.0, 0, 2, 100, 100, 2], **points)
    also = box("1", "b", coords=[2.0, 1, 2, 99, 100, 2], **points)
    crossed = box("2", "a", coords=[0.0, 0, 2, 100, 100, 2], **points)
    other = box("2", "b", coords=[100.0, 100, 2, 0, 0, 2], **points)
    found = agreement([near, also, crossed, other])
    assert found.pairs[0].matched == 1, "the same bounds, and other points"


# Properties


def test_kappa_and_alpha_of_a_property() -> None:
    said = ["yy"] * 20 + ["yn"] * 5 + ["ny"] * 10 + ["nn"] * 15
    rows = [
        box(f"{place:02}", who, properties=json.dumps({"wet": pair[side] == "y"}))
        for place, pair in enumerate(said)
        for side, who in enumerate("ab")
    ]
    found = agreement([*rows, box("99", "a", properties='{"wet":true}'), box("99", "b")])
    assert found.pairs[0].properties["wet"].value == pytest.approx(0.4)
    whole = agreement(coded({who: "".join(pair[side] for pair in said) for side, who in enumerate("ab")}))
    assert [name for name, _ in found.properties] == ["wet"]
    assert found.properties[0][1].value == pytest.approx(whole.alpha.value)


def test_numbers_that_are_equal_agree() -> None:
    rows = [
        box("1", "a", properties='{"n": 1}'), box("1", "b", properties='{"n": 1.0}'),
        box("2", "a", properties='{"n": 2}'), box("2", "b", properties='{"n": 2}'),
    ]  # fmt: skip
    assert agreement(rows).properties[0][1].value == 1.0


# Laws


@settings(max_examples=8)
@given(SEEDS)
def test_alpha_without_somebody_is_alpha_of_the_others(seed: int) -> None:
    rows, seen = random_rows(seed, items=4, people="abc", apart=40.0, jitter=0.2)
    for one in agreement(rows, seen, resamples=1).annotators:
        rest = agreement(
            [row for row in rows if row["annotator"] != one.annotator],
            [pair for pair in seen if pair[1] != one.annotator],
            resamples=1,
        )
        assert one.alpha_without.value == pytest.approx(rest.alpha.value)


@settings(max_examples=8)
@given(SEEDS)
def test_batches_do_not_matter(seed: int) -> None:
    rows, seen = random_rows(seed)
    whole = agreement(rows, seen)
    pieces = AgreementBuilder(resamples=50)
    for item in sorted({pair[0] for pair in seen}):
        mine = [{**row, "id": place} for place, row in enumerate(rows, 1) if row["item"] == item]
        pieces.add(labels_of(mine), seen_of(pair for pair in seen if pair[0] == item))
    one, other = whole.to_json(), pieces.result().to_json()
    for part in ("sweep", "annotators", "classes"):
        assert _rounded(one[part]) == _rounded(other[part])
    assert [row["item"] for row in one["worst"]] == [row["item"] for row in other["worst"]]


def _rounded(value: object) -> object:
    return json.loads(json.dumps(value), parse_float=lambda text: round(float(text), 9))


@settings(max_examples=8)
@given(SEEDS)
def test_names_of_people_do_not_matter(seed: int) -> None:
    rows, seen = random_rows(seed)
    turned = dict(zip("abcd", "dcba", strict=True))
    one = agreement(rows, seen)
    other = agreement(
        [{**row, "annotator": turned[row["annotator"]]} for row in rows],
        [(item, turned[who]) for item, who in seen],
    )
    assert other.alpha.value == pytest.approx(one.alpha.value)
    assert other.mean_iou.value == pytest.approx(one.mean_iou.value)


@settings(max_examples=8)
@given(SEEDS)
def test_everything_stays_in_its_bounds(seed: int) -> None:
    rows, seen = random_rows(seed)
    found = agreement(rows, seen)
    shares = [share for one in found.annotators for share in (one.recall, one.precision, one.mean_iou)]
    shares += [share for one in found.pairs for share in (one.recall, one.precision, one.mean_iou)]
    for share in shares:
        assert share.value is None or 0 <= share.value <= 1
        assert share.low is None or share.high is None or share.low <= share.high
    assert sum(len(item.labels) for item in found.worst) <= found.labels <= len(rows)
    for _, alpha in found.sweep:
        assert alpha.value is None or alpha.value <= 1


def test_a_copy_of_oneself_agrees_wholly() -> None:
    rows, _ = random_rows(7, items=20, people="a")
    found = agreement([*rows, *({**row, "annotator": "b"} for row in rows)])
    assert found.alpha.value == 1.0
    assert found.mean_iou.value == 1.0
    assert found.worst == ()


# Limits


def test_too_many_annotators_on_one_item_are_refused() -> None:
    crowd = [("1", f"w{number}") for number in range(1001)]
    with pytest.raises(InputError, match="1,001 annotators saw one item"):
        agreement([box("1", "w0")], crowd)


def test_ten_thousand_labels_on_one_item() -> None:
    rows = [box("1", who, at=20.0 * place) for place in range(5_000) for who in "ab"]
    found = agreement(rows, resamples=1)
    assert found.pairs[0].matched == 5_000
