"""Statistics as a flat list, and two of them against each other."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from datalabel.labels.stats import Stats, StatsBuilder
from datalabel.labels.stats.compare import Change, compare, numbers_of
from datalabel.labels.tables import ITEMS, LABELS, table_of

ROW = st.fixed_dictionaries(
    {
        "class": st.sampled_from(["cat", "dog", "a.b"]),
        "w": st.integers(1, 60).map(float),
        "annotator": st.sampled_from([None, "ann"]),
        "properties": st.sampled_from([None, '{"x":1}', '{"x":2,"x.values":"q"}']),
    }
)
WORLD = st.lists(st.lists(ROW, max_size=3), max_size=4)


def stats_of(world: list[list[dict[str, Any]]], name: str = "HEAD") -> Stats:
    items = [f"{place}" for place in range(len(world))]
    rows = [
        {"kind": "box", "x": 0, "y": 0, "h": 9, "id": place, "item": item, **row}
        for item, every in zip(items, world, strict=True)
        for place, row in enumerate(every)
    ]
    labels = table_of({key: [row.get(key) for row in rows] for key in LABELS.names}, LABELS)
    splits = pa.array(["train" if place % 2 else "val" for place in range(len(world))], pa.string())
    builder = StatsBuilder(name)
    builder.add("ground_truth", table_of({"item": items}, ITEMS), labels, splits)
    return builder.result()


def cat(width: float) -> dict[str, Any]:
    return {"class": "cat", "w": width}


def found(changes: list[Change], section: str, name: str, measure: str) -> tuple[Any, ...] | None:
    for change in changes:
        if (change.part, change.section, change.name, change.measure) == ("", section, name, measure):
            return change.before, change.after, change.delta
    return None


def test_every_number_has_a_place() -> None:
    rows = {
        (one.part, one.section, one.name, one.measure): one.value for one in numbers_of(stats_of([[cat(9)]]))
    }
    assert rows["", "items", "", "items"] == 1
    assert rows["", "labels", "", "labels"] == 1
    assert rows["", "classes", "cat", "share"] == 1
    assert rows["", "kinds", "box", "labels"] == 1
    assert rows["split val", "classes", "cat", "kinds.box"] == 1
    assert rows["", "size", "", "width.median"] == 9


def test_what_only_one_side_counts_was_none_on_the_other() -> None:
    changes = compare(stats_of([[cat(9)]]), stats_of([[cat(9), {"class": "dog", "w": 5}]]))
    assert found(changes, "labels", "", "labels") == (1, 2, 1)
    assert found(changes, "classes", "dog", "labels") == (0, 1, 1)
    assert found(changes, "classes", "dog", "share") == (None, 0.5, None)
    assert found(changes, "classes", "cat", "labels") is None
    assert found(changes, "size", "", "width.median") == (9, 7, -2)


def test_a_value_that_dropped_out_of_a_cut_list_is_not_called_gone() -> None:
    values = [{**cat(9), "properties": f'{{"track":"{number:03}"}}'} for number in range(21)]
    changes = compare(
        stats_of([values[:20]]), stats_of([[{**cat(9), "properties": '{"track":"!"}'}, *values]])
    )
    assert found(changes, "properties", "cat.track", "values.019") == (1, None, None)
    assert found(changes, "properties", "cat.track", "values.!") == (0, 1, 1)


@settings(max_examples=30)
@given(WORLD, WORLD)
def test_the_other_way_round_every_sign_turns(
    before: list[list[dict[str, Any]]], after: list[list[dict[str, Any]]]
) -> None:
    def keyed(changes: list[Change], sign: int) -> set[tuple[Any, ...]]:
        return {
            (one.set, one.part, one.section, one.name, one.measure, *(one.before, one.after)[::sign],
             None if one.delta is None else sign * one.delta)
            for one in changes
        }  # fmt: skip

    old, new = stats_of(before, "A"), stats_of(after, "B")
    there, back = compare(old, new), compare(new, old)
    assert keyed(there, 1) == keyed(back, -1)
    assert len(there) == len(back)
    assert compare(old, old) == []
