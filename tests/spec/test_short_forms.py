"""Short forms and slips of the pen: what is understood, what is warned of, what is a fault and where."""

from __future__ import annotations

import pytest
from spec_texts import faults_of, load


@pytest.mark.parametrize(
    ("short", "full"),
    [
        (
            "data_spec: {a: {box: {condition: {min_width: 3}}}}",
            "data_spec: {a: {box: {conditions: {min_width: 3}}}}",
        ),
        (
            "data_spec: {a: {box: {p: {type: text}}}}",
            "data_spec: {a: {box: {properties: {p: {type: text}}}}}",
        ),
        (
            "data_spec: {a: {box: {p: {options: [x]}, properties: {q: }}}}",
            "data_spec: {a: {box: {properties: {p: {options: [x], type: options}, q: {type: text}}}}}",
        ),
        ("data_spec: {a: {box: {color: RED}}}", 'data_spec: {a: {box: {color: "#F00"}}}'),
        ("data_spec: {a: {box: , mask: ~}, b: }", "data_spec: {a: {box: {}, mask: {}}, b: {}}"),
        ("image: {roi: {r: [1, 2, 3, 4]}}", "image: {roi: {r: {pixels: [[1, 2], [3, 2], [3, 4], [1, 4]]}}}"),
        ("image: {conditions: {formats: JPG}}", "image: {conditions: {formats: [jpeg]}}"),
        ("image: {condition: {min_width: 0x10}}", "image: {conditions: {min_width: 16}}"),
        (
            "data_spec: {a: {box: {conditions: {per_image: 2}}}}",
            "data_spec: {a: {box: {conditions: {per_image: [2, 2]}}}}",
        ),
        (
            "data_spec: {a: {box: {conditions: {min_width: 3.0}}}}",
            "data_spec: {a: {box: {conditions: {min_width: 3}}}}",
        ),
        ("data_spec: {a: {box: {color:    # not decided\n }}}", "data_spec: {a: {box: }}"),
        (
            "data_spec: {a: {keypoints: {points: [n, e], edges: [[n, e]]}}}",
            "data_spec: {a: {keypoints: {points: [n, e], edges: [[0, 1]]}}}",
        ),
        (
            "workflow: {states: [A, B], transitions: {A: B, B: }}",
            "workflow: {states: [A, B], transitions: {A: [B], B: []}}",
        ),
        (
            "defaults: {box: {color: red}}\ndata_spec: {a: &x {box: }, b: *x}",
            "data_spec: {a: {box: {color: red}}, b: {box: {color: red}}}",
        ),
        ("", "{}"),
    ],
)
def test_short_and_full_are_one_spec(short: str, full: str) -> None:
    assert load(short).canonical == load(full).canonical
    assert load(short).warnings == ()


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("data_spec: …", "dlabel.yaml:1:12 data_spec"),
        ("data_spec: {a: …}", "dlabel.yaml:1:16 data_spec.a"),
        (
            "data_spec: {a: {box: {p: {options: [x, …]}}}}",
            "dlabel.yaml:1:40 data_spec.a.box.properties.p.options",
        ),
        ("image: {conditions: {formats: [png, …]}}", "dlabel.yaml:1:37 image.conditions.formats"),
        ("image: {roi: {belt: …}}", "dlabel.yaml:1:21 image.roi.belt"),
        ("check: {severity: {G104: …}}", "dlabel.yaml:1:26 check.severity.G104"),
        ("extends: […]", "dlabel.yaml:1:11 extends"),
    ],
)
def test_an_ellipsis_counts_as_absent_and_is_warned_of(text: str, place: str) -> None:
    (warning,) = load(text).warnings
    assert str(warning) == f"{place}: a literal … counts as absent"
    assert "…".encode() not in load(text).canonical


def test_a_format_that_looks_misspelt_is_warned_of() -> None:
    (warning,) = load("image: {conditions: {formats: [jpge, fits]}}").warnings
    assert "did you mean 'jpeg'?" in str(warning)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("workflow: {transitions: 3}", "1:25 workflow.transitions: must be a mapping"),
        ("check: {severity: high}", "1:19 check.severity: must be a mapping"),
        ("image: {roi: [1, 2, 3, 4]}", "1:14 image.roi: must be a mapping"),
        ("image: {roi: {a: {pixel: [1, 2, 3, 4]}}}", "1:18 image.roi.a: a region is"),
        ("image: {roi: {a: [5, 5, 5, 9]}}", "1:18 image.roi.a: a region is"),
        ("workflow: {states: []}", "1:20 workflow.states: states are one or more different names"),
        ("workflow: {states: [A, A]}", "1:20 workflow.states: states are one or more different names"),
        (
            "workflow: {transitions: {WORKIN: []}}",
            "1:26 workflow.transitions.WORKIN: there is no state 'WORKIN'; did",
        ),
        (
            "data_spec: {a: {box: {p: {type: text}, properties: {p: }}}}",
            "1:23 data_spec.a.box.p: the property 'p'",
        ),
        (
            "data_spec: {a: {box: {condition: {}, conditions: {}}}}",
            "1:38 data_spec.a.box.conditions: condition and conditions say the same; keep one",
        ),
        ("data_spec: {a: {box: {p: {options:\n - x\n -\n}}}}", "is not YAML"),
        (
            "data_spec:\n a:\n  box:\n   p:\n    options:\n    - x\n    -\n",
            "7:6 data_spec.a.box.properties.p.options: an",
        ),
        (
            "image:\n conditions:\n  formats:\n  - png\n  -\n",
            "4:3 image.conditions.formats: has an entry without",
        ),
        (
            "data_spec: {a: {box: {p: {type: number, multiple: true}}}}",
            "1:41 data_spec.a.box.properties.p.multiple",
        ),
        (
            "data_spec: {a: {box: {p: {type: number, minimum: 2, maximum: 1}}}}",
            "1:50 data_spec.a.box.properties.p.min",
        ),
        (
            "data_spec: {a: {keypoints: {points: [x, x]}}}",
            "1:37 data_spec.a.keypoints.points: two points have",
        ),
        ("data_spec: {a: {keypoints: {points: [x, y], edges: [[x, y, x]]}}}", "edges takes pairs of points"),
        ("data_spec: {a: {keypoints: {points: [x, y], symmetric: x}}}", "symmetric takes a list of pairs"),
        ("data_spec: {a: {box: {color: [red]}}}", "1:30 data_spec.a.box.color: must be text"),
        ("data_spec: {a: {box: {conditions: {min_points: 1.5}}}}", "must be a whole number, not 1.5"),
        ("image: {conditions: {min_width: true}}", "must be a number, not true"),
        ("quality: {agreement: 1.01}", "1:22 quality.agreement: must be from 0 to 1, not 1.01"),
        (
            "quality: {labels_per_class: " + "9" * 399 + "}",
            "1:29 quality.labels_per_class: must be a number, not '999",
        ),
        ("image: {roi: {a: [0, 0, 1, " + "9" * 399 + "]}}", "1:18 image.roi.a: a region is"),
    ],
)
def test_slips_are_faults_at_their_place(text: str, fault: str) -> None:
    found = faults_of(text)[0]
    assert found.startswith("dlabel.yaml:")
    assert fault in found
    assert len(found) < 300


def test_faults_beyond_counting_are_summed_up() -> None:
    text = "data_spec: {" + ", ".join(f"c{number}: 3" for number in range(500)) + "}"
    found = faults_of(text)
    assert len(found) == 21
    assert "480 more" in found[-1]
