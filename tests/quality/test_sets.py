"""Two sets, each as if it were one annotator."""

from __future__ import annotations

import pytest
from agreement_world import Row, box, labels_of, seen_of

from datalabel.quality.results import Agreement
from datalabel.quality.sets import SetsBuilder
from datalabel.quality.sides import Side

Said = tuple[list[Row], list[tuple[str, str]]]


def between(first: Said, second: Said) -> Agreement:
    builder = SetsBuilder("crowd", "expert", resamples=50)
    sides = [Side(labels_of(rows), seen_of([*seen, *((row["item"], row["annotator"]) for row in rows)]))
             for rows, seen in (first, second)]  # fmt: skip
    builder.add(*sides)
    return builder.result()


def test_one_annotator_each_is_just_the_two_compared() -> None:
    found = between(
        ([box("1", "model", "cat"), box("2", "model", "dog")], []),
        ([box("1", "ann", "cat"), box("2", "ann", "cat"), box("2", "ann", "cat", 50)], [("3", "ann")]),
    )
    assert found.compared == ("crowd", "expert")
    assert found.items == 2, "the third item was seen by one set only"
    assert (found.pairs[0].first, found.pairs[0].labels, found.pairs[0].matched) == ("crowd", (2, 3), 2)
    assert found.judged == ()
    assert [(one.first, one.second, one.count) for one in found.confusion] == [
        (None, "cat", 1), ("dog", "cat", 1),
    ]  # fmt: skip


def test_a_set_of_several_speaks_with_what_at_least_half_of_them_drew() -> None:
    crowd = [
        box("1", "w1", "cat", 0), box("1", "w2", "dog", 1), box("1", "w3", "cat", 1.5),
        box("1", "w1", "cat", 60),
    ]  # fmt: skip
    found = between((crowd, [("1", "w4")]), ([box("1", "ann", "cat", 1)], []))
    assert found.pairs[0].labels == (1, 1), "what one of four drew does not count"
    spoken = found.pairs[0].mean_iou.value
    assert spoken == pytest.approx(9.5 / 10.5), "of the two that say cat, the one nearer to the others"
    assert found.class_alpha.value is None
    assert found.confusion == ()


def test_annotators_are_judged_by_the_other_set_and_by_their_peers() -> None:
    items = [f"{number:02}" for number in range(20)]
    skill = {"good": 20, "fair": 14, "poor": 5, "also": 20}
    crowd = [box(item, who) for who, drew in skill.items() for item in items[:drew]]
    seen = [(item, who) for item in items for who in skill]
    found = between((crowd, seen), ([box(item, "ann", at=1) for item in items], []))
    judged = found.judged[0]
    assert (judged.set_name, judged.against) == ("crowd", "expert")
    assert [one.annotator for one in judged.annotators] == ["poor", "fair", "also", "good"]
    assert judged.annotators[0].recall.value == 5 / 20
    assert judged.annotators[0].recall_by_peers.value == 5 / 20
    assert judged.annotators[0].precision.value == 1.0
    assert judged.correlation == pytest.approx(1.0)
    assert judged.ranked == 4


def test_too_few_to_be_ranked() -> None:
    crowd = [box("1", who) for who in "abc"]
    judged = between((crowd, []), ([box("1", "ann")], [])).judged[0]
    assert (judged.correlation, judged.ranked, len(judged.annotators)) == (None, 0, 3)
