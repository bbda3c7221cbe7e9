"""Choosing rules, running them in order, and writing what they find."""

from __future__ import annotations

import gc
import json
import re
import weakref
from typing import Any

import pytest
from check_worlds import ITEM, batch_of, findings, label, places
from hypothesis import given, settings
from hypothesis import strategies as st

from datalabel.check.finding import CheckBatch, Severity
from datalabel.check.registry import RULES, select
from datalabel.check.rule import Hit, OnLabel, rule
from datalabel.check.run import run
from datalabel.check.writers import counts, document, grouped
from datalabel.errors import UsageError
from datalabel.spec.model import CheckSettings, Conditions, ImageConditions, LabelType, Property, Region, Spec

FAULTY = [label(x=-1.0), label(w=0.0), label(x=-3.0, y=200.0), label(x=900.0)]


def test_codes_and_names_are_unique_and_every_rule_explains_itself() -> None:
    assert list(RULES) == sorted(RULES)
    assert len({one.name for one in RULES.values()}) == len(RULES)
    for code, one in RULES.items():
        assert one.code == code
        assert re.fullmatch(r"[SGIDABX]1\d\d", code)
        assert len(one.explanation) > 40


def test_rules_are_chosen_by_code_and_by_beginning() -> None:
    assert [one.code for one in select(["G104", "s101"])] == ["G104", "S101"]
    assert {one.code[0] for one in select(["G"])} == {"G"}
    assert len(select()) == len(RULES)
    assert "G104" not in {one.code for one in select(["G"], ["G10"])}


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [("G197", "did you mean"), ("zero-siz", "G101"), ("ZZZ", "the rules are"), ("", "the rules are")],
)
def test_an_unknown_code_is_refused_with_the_nearest(wrong: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        select([wrong])
    assert repr(wrong) in str(caught.value)
    assert hint in (caught.value.hint or "")


def test_findings_come_by_item_code_and_label() -> None:
    items = [{**ITEM, "item": key} for key in ("a.jpg", "b.jpg")]
    labels = [*FAULTY, {**label(w=0.0), "item": "b.jpg"}]
    assert places(findings(batch_of(labels, items))) == [
        ("G101", "a.jpg", 2),
        ("G104", "a.jpg", 1),
        ("G104", "a.jpg", 3),
        ("G105", "a.jpg", 4),
        ("G101", "b.jpg", 5),
    ]


def test_settings_of_the_spec_ignore_and_weigh() -> None:
    batch = batch_of(FAULTY)
    told = CheckSettings(ignore=("G101", "B201"), severity={"G1": "info", "G104": "error"})
    found = list(run([batch], select(), told))
    assert [(one.code, one.severity) for one in found] == [
        ("G104", Severity.ERROR),
        ("G104", Severity.ERROR),
        ("G105", Severity.INFO),
    ]


def test_an_item_is_reported_once_whatever_sets_look_at_it() -> None:
    spec = Spec(image=ImageConditions(min_width=1000))
    batches = [batch_of([label(w=0.0)], spec=spec, set_name=name) for name in ("ground_truth", "model")]
    found = list(run(batches, select(), CheckSettings()))
    assert [(one.code, one.set) for one in found] == [
        ("G101", "ground_truth"),
        ("S114", None),
        ("G101", "model"),
    ]


def test_a_rule_is_one_function() -> None:
    @rule("G199", "too-blue", Severity.INFO)
    def too_blue(batch: CheckBatch) -> list[Hit]:
        """Blue things are suspicious."""
        return [OnLabel(row, "blue") for row in range(batch.labels.num_rows)]

    assert too_blue.explanation == "Blue things are suspicious."
    found = list(run([batch_of([label()])], [too_blue], CheckSettings()))
    assert [(one.code, one.rule, one.severity, one.label) for one in found] == [
        ("G199", "too-blue", Severity.INFO, "0000000000000001")
    ]


def test_the_document_has_the_shape_that_scripts_rely_on() -> None:
    written = document("HEAD", findings(batch_of(FAULTY)))
    assert json.loads(json.dumps(written)) == written
    assert list(written) == ["revision", "findings", "counts"]
    assert written["counts"] == {"error": 2, "warning": 2, "info": 0}
    assert list(written["findings"][0]) == [
        "code",
        "rule",
        "severity",
        "set",
        "item",
        "label",
        "other",
        "message",
        "fix",
        "source",
        "number",
    ]


def test_groups_are_counted_worst_first() -> None:
    found = findings(batch_of(FAULTY))
    groups = grouped(found, first=1)
    assert [(one.code, one.count, one.items, len(one.first)) for one in groups] == [
        ("G101", 1, 1, 1),
        ("G105", 1, 1, 1),
        ("G104", 2, 1, 1),
    ]
    assert counts([]) == {"error": 0, "warning": 0, "info": 0}


# Whatever the tables hold

NUMBER = st.one_of(
    st.none(),
    st.sampled_from([0.0, -0.0, 1e308, -1e308, 5e-324, float("nan"), float("inf")]),
    st.floats(-900, 900),
)
TEXT = st.one_of(
    st.none(), st.text(max_size=4), st.sampled_from(['{"a":1}', "{", "[]", '{"a":NaN}', "[" * 5000])
)
LABEL = st.fixed_dictionaries(
    {
        "item": st.sampled_from(["a.jpg", "b.jpg", "nowhere"]),
        "class": st.sampled_from(["cat", "dog", "", "\x00"]),
        "kind": st.sampled_from(
            ["box", "rotated_box", "polygon", "polyline", "keypoints", "category", "cube"]
        ),
        **dict.fromkeys("xywh", NUMBER),
        "coords": st.one_of(st.none(), st.lists(NUMBER, max_size=13)),
        "parts": st.one_of(st.none(), st.lists(st.integers(-5, 5), max_size=3)),
        "properties": TEXT,
        "annotator": st.sampled_from([None, "ann"]),
    }
)
SIDE = st.one_of(st.none(), st.integers(-1, 2**31 - 1))
ITEM_CELLS = st.fixed_dictionaries(
    {
        "width": SIDE,
        "height": SIDE,
        "orientation": st.sampled_from([None, 1, 6]),
        "format": st.sampled_from([None, "jpeg", ""]),
        "properties": TEXT,
    }
)
STRICT = Conditions(
    min_width=3, max_width=9, min_height=3, max_height=9, min_area=9, max_area=50, min_aspect=0.5, max_aspect=2,
    min_points=3, max_points=4, inside="belt", per_image=(1, 2), max_overlap=0.3,
)  # fmt: skip
KINDS = ("box", "rotated_box", "polygon", "polyline", "keypoints")
STRICT_SPEC = Spec(
    classes={
        "cat": {kind: LabelType(conditions=STRICT, points=("a", "b")) for kind in KINDS},
        "dog": {"box": LabelType(conditions=STRICT, properties={"b": Property("integer", required=True)})},
    },
    regions={"belt": Region(((0.1, 0.1), (0.9, 0.1), (0.9, 0.9)), relative=True)},
    item_properties={"b": Property("integer", required=True)},
    image=ImageConditions(min_width=10, max_height=10, formats=("png",)),
)


@settings(max_examples=60)
@given(st.lists(LABEL, max_size=12), st.tuples(ITEM_CELLS, ITEM_CELLS))
def test_no_table_makes_a_rule_crash(labels: list[dict[str, Any]], cells: tuple[dict[str, Any], ...]) -> None:
    items = [{**one, "item": key} for key, one in zip(("a.jpg", "b.jpg"), cells, strict=True)]
    batch = batch_of(labels, items, STRICT_SPEC)
    found = findings(batch)
    assert found == findings(batch_of(labels, items, STRICT_SPEC))
    assert all(one.item in ("a.jpg", "b.jpg", "nowhere", None) and one.message for one in found)
    json.dumps(document(None, found))
    assert batch.labels.num_rows == len(labels)


def test_a_batch_that_was_judged_holds_no_memory() -> None:
    batch = batch_of([*FAULTY, label("polygon", coords=[-20.0, 10.0, 10.0, -20.0, -20.0, -20.0], parts=[3])])
    assert {one.code for one in findings(batch)} >= {"G101", "G104", "G105"}
    kept = weakref.ref(batch), weakref.ref(batch.columns)
    gc.disable()
    try:
        del batch
        # At once, and not with the next collection of garbage: a project has many batches, each with its outlines.
        assert [one() for one in kept] == [None, None]
    finally:
        gc.enable()
