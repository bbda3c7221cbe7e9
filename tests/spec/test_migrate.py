"""Migration maps: how they are read, what each step makes of labels, and what is refused."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from check_worlds import SHAPES, label
from hypothesis import given, settings
from hypothesis import strategies as st
from rows import rows_of

from datalabel.labels import geometry
from datalabel.labels.tables import LABELS
from datalabel.spec.authored import Report
from datalabel.spec.load import load_spec
from datalabel.spec.migrate import Outcome, apply_step
from datalabel.spec.migration import Migration, Step, names_after, words_of
from datalabel.spec.migration_file import read_migration
from datalabel.spec.migration_names import check_names
from datalabel.spec.redraw import CONVERSIONS


def read(text: str) -> tuple[Migration, list[str]]:
    """A map, and what is wrong with it."""
    report = Report()
    found = read_migration(text, "map.yaml", report)
    return found, told(report)


def told(report: Report) -> list[str]:
    try:
        report.faults.raise_if_any()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is shown
        return str(error).splitlines()
    return []


def step(text: str) -> Step:
    found, faults = read(f"steps: [{text}]")
    assert faults == []
    return found.steps[0]


def table(*rows: dict[str, Any]) -> pa.Table:
    return rows_of([{"rank": number, **row} for number, row in enumerate(rows, 1)], LABELS)


def valued(*values: Any, name: str = "p", **cells: Any) -> pa.Table:
    """Labels with these values of one property."""
    return table(*(label(properties=json.dumps({name: value}), **cells) for value in values))


def properties(labels: pa.Table) -> list[Any]:
    return [json.loads(text) if text else None for text in labels.column("properties").to_pylist()]


def classes(labels: pa.Table) -> list[str]:
    return [str(name) for name in labels.column("class").to_pylist()]


def named(*names: str) -> pa.Table:
    return table(*(label(**{"class": name}) for name in names))


# The file


def test_the_example_in_the_documentation_is_a_map() -> None:
    grammar = sys.modules[read_migration.__module__].__doc__
    assert grammar is not None
    example = "\n".join(line for line in grammar.splitlines() if line.startswith("    "))
    found, faults = read(example)
    assert faults == []
    assert str(found.spec) == "potato-2.yaml"
    assert [words_of(one) for one in found.steps] == [
        "rename bad_potato → rotten, green_potato → rotten",
        "split potato by size: small → small_potato, large → large_potato, else potato",
        "redraw rotten from polygon to box",
        "rename properties of rotten: colour → color",
        "map direction of small_potato: u → up, d → down, unclear → nothing",
        "delete properties of small_potato, large_potato: size",
        "delete smudge",
    ]


ONE = (
    "a step is one of rename, split, redraw, rename_properties, map_options, delete_properties, delete, "
    "with what it does"
)


def test_every_fault_is_told_at_once_with_its_place() -> None:
    _, faults = read(
        """\
spec: [a]
stepps: 3
steps:
  - renam: {a: b}
  - rename: [a]
  - split: {class: a, by: b}
  - redraw: {class: a, from: mask, to: polygon}
  - redraw: {from: boxx, to: box}
  - rename_properties: {class: {}, names: {a: [b]}}
  - map_options: {property: p, values: }
  - delete: [null]
  - {rename: {a: b}, delete: c}
  - 5
"""
    )
    assert faults == [
        "map.yaml:2:1 stepps: unknown key 'stepps'; did you mean 'steps'?",
        "map.yaml:1:7 spec: takes a name",
        "map.yaml:4:5 steps[1].renam: unknown key 'renam'; did you mean 'rename'?",
        "map.yaml:5:13 steps[2].rename: takes a mapping from old names to new ones",
        "map.yaml:6:12 steps[3].split: lacks into",
        "map.yaml:7:40 steps[4].redraw.to: a mask cannot be computed into a polygon; it can become box",
        "map.yaml:8:20 steps[5].redraw.from: 'boxx' is no kind; did you mean 'box'?",
        "map.yaml:9:32 steps[6].rename_properties.class: takes a name or a list of names",
        "map.yaml:9:47 steps[6].rename_properties.names.a: takes a name",
        "map.yaml:10:40 steps[7].map_options.values: takes a mapping from old names to new ones",
        "map.yaml:11:13 steps[8].delete: takes a name or a list of names",
        f"map.yaml:12:5 steps[9]: {ONE}",
        f"map.yaml:13:5 steps[10]: {ONE}",
    ]


@pytest.mark.parametrize("text", ["", "[]", "steps: []", "steps: {rename: {a: b}}", "5", "{}"])
def test_a_map_without_steps_is_a_fault(text: str) -> None:
    found, faults = read(text)
    assert found.steps == ()
    assert len(faults) == 1


AFTER = """
data_spec:
  rotten: {box: {direction: {options: [up, down]}}}
  good: {polygon: }
"""


@pytest.mark.parametrize(
    ("steps", "faults", "warnings"),
    [
        ("{rename: {bad: rotten}}", [], []),
        ("{rename: {bad: roten}}", ["the spec afterwards has no class 'roten'; did you mean 'rotten'?"], []),
        ("{rename: {bad: x}}, {rename: {x: rotten}}", [], []),
        ("{rename: {bat: rotten}}", [], ["no label and no spec has a class 'bat'; did you mean 'bad'?"]),
        ("{split: {class: bad, by: p, into: {a: good, b: god}, else: y}}",
         ["the spec afterwards has no class 'god'; did you mean 'good'?",
          "the spec afterwards has no class 'y'"], []),
        ("{redraw: {class: rotten, from: box, to: polygon}}",
         ["the spec afterwards does not draw 'rotten' as polygon"],
         ["no label and no spec has a class 'rotten'"]),
        ("{rename: {bad: rotten}}, {redraw: {class: rotten, from: polygon, to: box}}", [], []),
        ("{rename: {bad: rotten}}, {rename_properties: {class: rotten, names: {dir: directon}}}",
         ["'rotten' has no property 'directon' afterwards; did you mean 'direction'?"], []),
        ("{rename: {bad: rotten}}, {map_options: {class: rotten, property: direction, values: {u: upp, d: null}}}",
         ["'direction' of 'rotten' has no option 'upp' afterwards; did you mean 'up'?"], []),
        ("{delete: bad}, {rename_properties: {names: {a: b}}}", [], []),
    ],
)  # fmt: skip
def test_names_are_held_against_the_spec_afterwards(
    steps: str, faults: list[str], warnings: list[str]
) -> None:
    report = Report()
    migration = read_migration(f"steps: [{steps}]", "map.yaml", report)
    check_names(migration, {"bad", "fine"}, load_spec(AFTER, name="s").spec, report)
    assert [fault.partition(": ")[2] for fault in told(report)] == faults
    assert [fault.what for fault in report.warnings] == warnings


# The steps


def test_renaming_all_at_once_and_merging() -> None:
    done = apply_step(step("{rename: {a: b, b: a, c: a}}"), named("a", "b", "c", "d"))
    assert classes(done.labels) == ["b", "a", "a", "d"]
    assert done.touched.tolist() == [True, True, True, False]
    assert done.counts == {"a → b": 1, "b → a": 1, "c → a": 1}


def test_deleting() -> None:
    done = apply_step(step("{delete: [a, c]}"), named("a", "b", "a"))
    assert classes(done.labels) == ["b"]
    assert (done.touched.tolist(), done.kept.tolist()) == ([True, False, True], [False, True, False])
    assert done.counts == {"a deleted": 2}


def test_splitting_by_a_value() -> None:
    text = "{split: {class: cat, by: p, into: {small: kitten, 3: three, true: yes}%s}}"
    labels = valued("small", 3, 3.0, "3", True, "other", None, ["small"])
    done = apply_step(step(text % ", else: rest"), labels)
    assert classes(done.labels) == ["kitten", "three", "three", "three", "yes", "rest", "rest", "rest"]
    assert done.counts == {"cat → kitten": 1, "cat → three": 3, "cat → yes": 1, "cat → rest": 3}
    done = apply_step(step(text % ""), labels)
    assert classes(done.labels)[5:] == ["cat", "cat", "cat"]
    assert done.left == {"cat: p is none of small, 3, true, and there is no `else`": 3}
    assert done.touched.tolist() == [True] * 5 + [False] * 3


@pytest.mark.parametrize(
    ("text", "before", "after"),
    [
        ("values: {u: up}", ["u", "d", None], ["up", "d", None]),
        ("values: {u: up, d: null}", [["u", "d", "x"], ["d"], []], [["up", "x"], [], []]),
        ("values: {u: up, v: up}", [["u", "v", "up"]], [["up"]]),
        ("values: {3: x}", [3, 3.0, "3", True, [3, True, 1]], ["x", "x", "x", True, ["x", True, 1]]),
    ],
)  # fmt: skip
def test_mapping_options(text: str, before: list[Any], after: list[Any]) -> None:
    done = apply_step(step(f"{{map_options: {{property: p, {text}}}}}"), valued(*before))
    assert [one["p"] for one in properties(done.labels)] == after
    changed = [a != b for a, b in zip(before, after, strict=True)]
    assert done.touched.tolist() == changed


def test_taking_the_only_value_away_leaves_no_properties() -> None:
    done = apply_step(step("{map_options: {class: cat, property: p, values: {u: null}}}"), valued("u", "v"))
    assert done.labels.column("properties").to_pylist() == [None, '{"p": "v"}']
    done = apply_step(step("{delete_properties: {names: p}}"), valued("u", None))
    assert properties(done.labels) == [None, None]


def test_renaming_properties_never_overwrites_another_value() -> None:
    values = [{"a": 1}, {"a": 1, "b": 1}, {"a": 1, "b": 2}, {"a": 1, "b": True}, {"c": 1}]
    labels = table(*(label(properties=json.dumps(one)) for one in values), label(properties="no json"))
    done = apply_step(step("{rename_properties: {names: {a: b}}}"), labels.slice(0, 5))
    assert properties(done.labels) == [{"b": 1}, {"b": 1}, {"a": 1, "b": 2}, {"a": 1, "b": True}, {"c": 1}]
    assert done.left == {"a and b have different values": 2}
    swapped = apply_step(step("{rename_properties: {names: {a: b, b: a}}}"), labels.slice(2, 1))
    assert properties(swapped.labels) == [{"b": 1, "a": 2}]
    unreadable = apply_step(step("{rename_properties: {names: {a: b}}}"), labels.slice(5))
    assert unreadable.labels.equals(labels.slice(5))


def test_only_the_classes_that_are_named() -> None:
    labels = pa.concat_tables([valued("u"), valued("u", **{"class": "dog"})])
    done = apply_step(step("{map_options: {class: dog, property: p, values: {u: up}}}"), labels)
    assert properties(done.labels) == [{"p": "u"}, {"p": "up"}]


# Kinds


@pytest.mark.parametrize(("old", "new"), sorted(CONVERSIONS))
def test_redrawing_keeps_the_place(old: str, new: str) -> None:
    labels = table(label(old), label("category"), label(old, item="b.jpg", **{"class": "dog"}))
    done = apply_step(step(f"{{redraw: {{class: cat, from: {old}, to: {new}}}}}"), labels)
    assert done.labels.column("kind").to_pylist() == [new, "category", old]
    assert done.touched.tolist() == [True, False, False]
    assert done.labels.slice(1).equals(labels.slice(1))
    before, after = (geometry.bounds(one)[0] for one in (labels, done.labels))
    if (old, new) != ("polygon", "rotated_box"):
        assert np.allclose(before, after)
    one = np.zeros(1, np.intp)
    if (old, new) in (("box", "polygon"), ("box", "rotated_box"), ("rotated_box", "polygon")):
        assert geometry.ious(labels, one, done.labels, one)[0] == pytest.approx(1)
    row = done.labels.to_pylist()[0]
    assert (row["coords"] is None) == (new == "box")
    assert row["rle"] is None
    assert [row[name] for name in "xywh"] == pytest.approx(
        [after[0], after[1], after[2] - after[0], after[3] - after[1]]
    ) or old == "rotated_box"


def test_the_smallest_rectangle_around_an_outline() -> None:
    diamond = label("polygon", coords=[10.0, 0, 20, 10, 10, 20, 0, 10], parts=[4])
    done = apply_step(step("{redraw: {from: polygon, to: rotated_box}}"), table(diamond))
    assert geometry.area(done.labels)[0] == pytest.approx(200)
    row = done.labels.to_pylist()[0]
    assert (row["parts"], len(row["coords"])) == ([4], 8)
    assert [row[name] for name in "xywh"] == pytest.approx([0, 0, 20, 20])


@pytest.mark.parametrize(
    ("row", "new"),
    [
        (label("mask", rle=""), "box"),
        (label("polygon", coords=[float("nan"), 1, 2, 3, 4, 5]), "box"),
        (label("polygon", coords=[1.0, 1, 2, 2, 3, 3]), "rotated_box"),
        (label("polygon", coords=[], parts=[]), "rotated_box"),
        (label("keypoints", coords=[1.0, 1, 0]), "box"),
        (label("box", w=-5.0), "polygon"),
        (label("box", w=None), "rotated_box"),
    ],
)
def test_what_cannot_be_redrawn_stays_and_is_left_over(row: dict[str, Any], new: str) -> None:
    labels = table(row, label(row["kind"]))
    done = apply_step(step(f"{{redraw: {{from: {row['kind']}, to: {new}}}}}"), labels)
    assert done.labels.slice(0, 1).drop(["coords"]).equals(labels.slice(0, 1).drop(["coords"]))
    assert done.labels.column("kind").to_pylist() == [row["kind"], new]
    assert done.left == {f"{row['kind']}s without a geometry that could be a {new}": 1}
    assert done.touched.tolist() == [False, True]


# Laws

STEPS = st.sampled_from(
    [
        "{rename: {cat: dog, dog: cat}}",
        "{rename: {cow: cat}}",
        "{delete: [cow]}",
        "{split: {class: cat, by: p, into: {a: dog, 1: cow}}}",
        "{redraw: {from: polygon, to: box}}",
        "{redraw: {class: [cat, cow], from: box, to: rotated_box}}",
        "{rename_properties: {class: dog, names: {p: q}}}",
        "{map_options: {property: p, values: {a: b, 1: null}}}",
        "{delete_properties: {class: cat, names: [q]}}",
    ]
)
ROWS = st.lists(
    st.builds(
        lambda kind, name, item, values: label(kind, item=item, properties=values, **{"class": name}),
        st.sampled_from(sorted(SHAPES)),
        st.sampled_from(["cat", "dog", "cow"]),
        st.sampled_from(["a.jpg", "b.jpg"]),
        st.sampled_from([None, "{}", '{"p":"a"}', '{"p":1,"q":[2]}', '{"p":["a",1]}', "[]", "x"]),
    ),
    max_size=6,
)


@settings(max_examples=150)
@given(STEPS, ROWS, st.integers(0, 6))
def test_steps_keep_ids_and_order_and_do_not_care_for_batches(
    text: str, rows: Sequence[dict[str, Any]], cut: int
) -> None:
    labels, wanted = table(*rows), step(text)
    done = apply_step(wanted, labels)
    assert done.labels.schema.equals(LABELS)
    assert done.labels.column("id").to_pylist() == labels.filter(pa.array(done.kept)).column("id").to_pylist()
    pieces = [apply_step(wanted, part) for part in (labels.slice(0, cut), labels.slice(cut))]
    assert pa.concat_tables([one.labels for one in pieces]).equals(done.labels)
    assert np.concatenate([one.touched for one in pieces]).tolist() == done.touched.tolist()
    assert unchanged(labels, done)


def unchanged(labels: pa.Table, done: Outcome) -> bool:
    """Whether the rows that were not touched are as they were."""
    still = ~done.touched
    return bool(
        done.labels.filter(pa.array(still[done.kept])).equals(labels.filter(pa.array(still & done.kept)))
    )


@pytest.mark.parametrize(
    ("steps", "used", "after"),
    [
        ("{rename: {cat: animal}}", "animal dog", {"cat": "animal"}),
        ("{rename: {cat: dog, dog: cat}}", "cat dog", {"cat": "dog", "dog": "cat"}),
        ("{rename: {cat: a}}, {rename: {a: animal}}", "animal", {"cat": "animal"}),
        ("{rename: {cat: a}}, {rename: {a: cat}}", "cat", {}),
        ("{rename: {cat: animal, dog: animal}}", "animal", {"cat": "animal", "dog": "animal"}),
        ("{rename: {cat: dog}}", "dog", {"cat": "dog", "dog": "dog"}),
        ("{delete: cat}", "dog", {"cat": None}),
        ("{delete: cat}, {rename: {dog: cat}}", "cat", {"cat": None, "dog": "cat"}),
        ("{split: {class: cat, by: age, into: {old: tom, young: kitten}}}", "tom kitten", {"cat": None}),
        ("{split: {class: cat, by: age, into: {old: tom, young: kitten}}}", "cat tom", {}),
        ("{redraw: {class: cat, from: polygon, to: box}}", "cat", {}),
        ("{rename: {bird: cat}}", "cat", {}),
    ],
)
def test_what_classes_are_called_after_the_steps(steps: str, used: str, after: dict[str, str | None]) -> None:
    found, faults = read(f"steps: [{steps}]")
    assert faults == []
    assert names_after({"cat": "cat", "dog": "dog"}, found.steps, set(used.split())) == after
