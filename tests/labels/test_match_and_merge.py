"""The laws of the matcher, the three-way merge and the diff, over tables of generated labels."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from datalabel.labels.diff import COUNTED, diff_labels
from datalabel.labels.match import OPTIMAL, STEPS, match, mint_ids
from datalabel.labels.merge import merge
from datalabel.labels.rows import sort_rows, with_column
from datalabel.labels.tables import LABELS, empty

Row = dict[str, Any]

sides = st.integers(0, 40).map(float)
rows = st.builds(
    lambda item, name, x, y, w, h, number, annotator, properties: {
        "item": item, "id": 0, "class": name, "kind": "box", "x": x, "y": y, "w": w + 1, "h": h + 1,
        "source": "s", "source_id": number, "annotator": annotator, "properties": properties,
    },
    st.sampled_from(["a.jpg", "b.jpg"]),
    st.sampled_from(["cat", "dog"]),
    sides, sides, sides, sides,
    st.sampled_from(["1", "2", "3", None]),
    st.sampled_from([None, "ada"]),
    st.sampled_from([None, '{"wet":true}', '{"age":3,"wet":false}']),
)  # fmt: skip
tables = st.lists(rows, max_size=14)


def table(found: list[Row], *, ids: bool = True) -> pa.Table:
    ranked = [{**dict.fromkeys(LABELS.names), **row, "rank": rank} for rank, row in enumerate(found)]
    made = sort_rows(pa.Table.from_pylist(ranked, schema=LABELS), "item", "rank")
    return with_column(made, "id", pa.array(mint_ids(made))) if ids else made


def content(labels: pa.Table) -> list[str]:
    return sorted(str({**row, "rank": None}) for row in labels.to_pylist())


@settings(max_examples=80)
@given(tables, tables)
def test_no_row_is_in_two_pairs_and_pairs_share_their_group(left: list[Row], right: list[Row]) -> None:
    a, b = table(left), table(right)
    pairs = match(a, b, group=("item", "annotator"))
    assert len(set(pairs.left.tolist())) == len(pairs.left) == len(set(pairs.right.tolist()))
    for i, j in zip(pairs.left.tolist(), pairs.right.tolist(), strict=True):
        one, other = a.slice(i, 1).to_pylist()[0], b.slice(j, 1).to_pylist()[0]
        assert (one["item"], one["annotator"]) == (other["item"], other["annotator"])


@settings(max_examples=80)
@given(tables, st.randoms(use_true_random=False))
def test_renumbering_and_reordering_pair_every_row_with_its_equal(
    found: list[Row], chance: random.Random
) -> None:
    shuffled = [
        {**row, "source_id": str(900 + number)} for number, row in enumerate(chance.sample(found, len(found)))
    ]
    a, b = table(found), table(shuffled)
    pairs = match(a, b, group=("item", "annotator"))
    assert len(pairs.left) == len(found)
    assert {STEPS[step] for step in pairs.how.tolist()} <= {"content"}
    strip = {"id": None, "source_id": None, "rank": None}
    for i, j in zip(pairs.left.tolist(), pairs.right.tolist(), strict=True):
        assert a.slice(i, 1).to_pylist()[0] | strip == b.slice(j, 1).to_pylist()[0] | strip


@settings(max_examples=60)
@given(tables, tables)
def test_the_match_is_the_same_from_both_sides(left: list[Row], right: list[Row]) -> None:
    a, b = table(left), table(right)
    there, back = match(a, b), match(b, a)
    assert len(there.left) == len(back.left)


@settings(max_examples=80)
@given(tables)
def test_ids_are_unique_stable_and_never_zero(found: list[Row]) -> None:
    made = table(found)
    pairs = list(zip(made.column("item").to_pylist(), made.column("id").to_pylist(), strict=True))
    assert len(set(pairs)) == len(pairs)
    assert 0 not in made.column("id").to_pylist()
    again = table(found)
    assert again.column("id").equals(made.column("id"))
    more = mint_ids(made, made.select(["item", "id"]))
    taken = list(zip(made.column("item").to_pylist(), more.tolist(), strict=True))
    assert not set(taken) & set(pairs)


def test_overlap_prefers_the_same_class_and_the_best_sum() -> None:
    def box(name: str, x: float) -> Row:
        return {"item": "a", "id": 0, "class": name, "kind": "box", "x": x, "y": 0.0, "w": 10.0, "h": 10.0}

    pairs = match(table([box("cat", 0), box("dog", 2)]), table([box("dog", 1), box("cat", 1.5)]))
    assert list(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True)) == [(0, 1), (1, 0)]
    assert {STEPS[step] for step in pairs.how.tolist()} == {"overlap"}
    assert len(match(table([box("cat", 0)]), table([box("cat", 8)])).left) == 0


def test_a_pile_too_large_for_the_best_sum_is_paired_best_first() -> None:
    def row_of_boxes(start: float) -> pa.Table:
        box = {"item": "a", "id": 0, "class": "cat", "kind": "box", "y": 0.0, "w": 30.0, "h": 10.0}
        return table([{**box, "x": start + 10 * place} for place in range(OPTIMAL + 8)])

    pairs = match(row_of_boxes(0), row_of_boxes(1))  # IoU 0.94 with its own, 0.54 with the next one's
    assert pairs.left.tolist() == pairs.right.tolist() == list(range(OPTIMAL + 8))
    assert {STEPS[step] for step in pairs.how.tolist()} == {"overlap"}


def test_ten_thousand_labels_on_one_item_stay_bounded() -> None:
    chance = np.random.default_rng(7)
    count = 10_000
    corner = chance.uniform(0, 4000, (count, 2))
    columns = {"item": ["a"] * count, "id": np.zeros(count, np.uint64), "class": ["x"] * count,
               "kind": ["box"] * count,
               "x": corner[:, 0], "y": corner[:, 1], "w": np.full(count, 20.0), "h": np.full(count, 20.0),
               "rank": np.arange(count)}  # fmt: skip
    from datalabel.labels.tables import table_of

    left = table_of(columns, LABELS)
    right = table_of(columns | {"x": corner[:, 0] + 1}, LABELS)
    pairs = match(left, right)
    assert len(pairs.left) > 0.99 * count
    piled = table_of(columns | {"x": np.zeros(count), "y": np.zeros(count)}, LABELS).slice(0, 1500)
    shifted = table_of(columns | {"x": np.ones(count), "y": np.zeros(count)}, LABELS).slice(0, 1500)
    assert len(match(piled, shifted).left) == 1500


def changed(labels: pa.Table, chance: random.Random) -> pa.Table:
    """Some rows gone, some of another class, some moved, some new; ids stay."""
    found: list[Row] = []
    for row in labels.to_pylist():
        what = chance.choice(["keep", "keep", "drop", "class", "move"])
        if what == "drop":
            continue
        change = {"class": {"class": "fox"}, "move": {"x": row["x"] + 3}}.get(what, {})
        found.append({**row, **change})
    return pa.Table.from_pylist(found, schema=LABELS) if found else empty(LABELS)


@settings(max_examples=80)
@given(tables, st.randoms(use_true_random=False))
def test_what_one_side_changed_is_taken(found: list[Row], chance: random.Random) -> None:
    base = table(found)
    side = changed(base, chance)
    for merged in (merge(base, side, base), merge(base, base, side), merge(base, side, side)):
        assert merged.conflicts == ()
        assert content(merged.labels) == content(side)


@settings(max_examples=80)
@given(tables, st.randoms(use_true_random=False), st.randoms(use_true_random=False))
def test_both_sides_conflict_alike_and_preference_decides(
    found: list[Row], one: random.Random, other: random.Random
) -> None:
    base = table(found)
    ours, theirs = changed(base, one), changed(base, other)
    here, there = merge(base, ours, theirs), merge(base, theirs, ours)
    assert {(c.item, c.id, c.field) for c in here.conflicts} == {
        (c.item, c.id, c.field) for c in there.conflicts
    }
    if not here.conflicts:
        assert content(here.labels) == content(there.labels)
    mine, yours = merge(base, ours, theirs, prefer="ours"), merge(base, theirs, ours, prefer="theirs")
    assert content(mine.labels) == content(yours.labels)


def test_different_fields_of_one_label_are_merged() -> None:
    base = table([{"item": "a", "id": 0, "class": "cat", "kind": "box", "x": 1.0, "y": 1.0, "w": 5.0, "h": 5.0,
                   "properties": '{"age":1,"wet":true}'}])  # fmt: skip
    (row,) = base.to_pylist()
    ours = pa.Table.from_pylist(
        [{**row, "class": "lynx", "properties": '{"age":2,"wet":true}'}], schema=LABELS
    )
    theirs = pa.Table.from_pylist(
        [{**row, "x": 2.0, "properties": '{"age":1}', "source_id": "77"}], schema=LABELS
    )
    merged = merge(base, ours, theirs)
    assert merged.conflicts == ()
    (result,) = merged.labels.to_pylist()
    assert (result["class"], result["x"], result["properties"], result["source_id"]) == (
        "lynx",
        2.0,
        '{"age":2}',
        "77",
    )


def test_ids_that_both_sides_made_up_are_no_identity() -> None:
    row = {**dict.fromkeys(LABELS.names), "item": "a", "id": 5, "class": "cat", "kind": "box", "x": 1.0, "y": 1.0,
           "w": 5.0, "h": 5.0, "rank": 0}  # fmt: skip
    ours = pa.Table.from_pylist([row], schema=LABELS)
    theirs = pa.Table.from_pylist([{**row, "x": 30.0}], schema=LABELS)
    merged = merge(empty(LABELS), ours, theirs)
    assert merged.conflicts == ()
    assert sorted(merged.labels.column("x").to_pylist()) == [1.0, 30.0]
    assert len(set(merged.labels.column("id").to_pylist())) == 2


@settings(max_examples=80)
@given(tables, st.randoms(use_true_random=False))
def test_the_difference_counts_what_was_done(found: list[Row], chance: random.Random) -> None:
    base = table(found)
    after = changed(base, chance)
    assert diff_labels(base, base).summary() == {**dict.fromkeys(COUNTED, 0), "by_field": {}}
    there, back = diff_labels(base, after).summary(), diff_labels(after, base).summary()
    assert there["removed"] == back["added"] == base.num_rows - after.num_rows
    assert there["changed"] == back["changed"]
    assert len(list(diff_labels(base, after).changes())) == there["removed"] + there["changed"]


@settings(max_examples=80)
@given(tables, st.randoms(use_true_random=False))
def test_labels_that_are_written_otherwise_are_counted_where_nothing_else_differs(
    found: list[Row], chance: random.Random
) -> None:
    base = table(found)
    items = sorted(set(base.column("item").to_pylist()))
    chosen = {item for item in items if chance.random() < 0.5}
    rows = [
        {**row, "source_id": f"{row['source_id']}7"} if row["item"] in chosen else row
        for row in base.to_pylist()
    ]
    renumbered = pa.Table.from_pylist(rows, schema=LABELS)
    counts = {**dict.fromkeys(COUNTED, 0), "rewritten": len(chosen), "by_field": {}}
    assert diff_labels(base, renumbered).summary() == counts
    after = changed(renumbered, chance)
    touched = {change.item for change in diff_labels(base, after).changes()}
    assert diff_labels(base, after).summary()["rewritten"] == len(chosen - touched)
