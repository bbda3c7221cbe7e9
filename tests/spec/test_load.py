"""Loading specs: the design's example, the slides, inheritance, and every fault with its place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from spec_texts import faults_of, load

from datalabel.errors import InputError
from datalabel.spec.canonical import canonical_spec, spec_from_canonical
from datalabel.spec.grammar import grammar
from datalabel.spec.load import LoadedSpec, load_file, load_spec
from datalabel.spec.model import Region
from datalabel.spec.templates import find_template, list_templates

POTATOES = """\
project_name: potato_detect_13
extends: [detection/box, ./base.yaml]
remove: [data_spec.rotten.box]
defaults:
  box: {conditions: {min_width: 8, min_height: 8}}
data_spec:
  best_potato:
    polygon:
      color: "#2e7d32"
      properties:
        direction: {options: [up, down, left, right], required: true}
        defects:   {options: [scab, cut, {green: [light, dark]}], multiple: true}
        length_mm: {type: number, minimum: 0}
        note:      {type: text, pattern: "^[A-Z].*"}
      conditions:
        min_area: 400
        max_points: 200
        inside: belt
        per_image: [0, 50]
        max_overlap: 0.8
  good_potato: {}
  bad_potato:
    box: {color: black}
  wet_floor:
    category: {}
image:
  roi:
    belt: {pixels: [100, 200, 1820, 900]}
    centre: {relative: [0.1, 0.1, 0.9, 0.9]}
    drop_zone: {pixels: [[0, 0], [10, 0], [10, 10]]}
  properties:
    site: {options: [A, B, C], required: true}
    lighting: {options: [day, night]}
  conditions: {min_width: 640, min_height: 480, formats: [jpeg, png]}
workflow:
  states: [WORKING, SUBMITTED, REVIEWED, SKIPPED]
  transitions:
    WORKING: [SUBMITTED, SKIPPED]
    SUBMITTED: [REVIEWED, WORKING]
    REVIEWED: [WORKING]
    SKIPPED: [WORKING]
check:
  ignore: [B201]
  severity: {G104: error}
quality:
  labels_per_class: 200
  agreement: 0.8
  error_rate: 0.02
"""

SLIDES = (
    """\
project_name: potato_detect_1            # a first project
data_spec:
  good_potato: {box: {color: red, condition: …}}
  bad_potato:  {box: }
""",
    """\
project_name: potato_detect_2            # the next one: another geometry, the rest again
data_spec:
  good_potato: {polygon: {color: red, condition: …}}
  bad_potato:  {box: }
""",
    """\
project_name: potato_detect_13
data_spec:
  best_potato: {polygon: {direction: {options: …}}}
  good_potato: {}
  normal_potato: {}
  bad_potato: {}
""",
)


@pytest.fixture
def potatoes(tmp_path: Path) -> LoadedSpec:
    (tmp_path / "base.yaml").write_text(
        "data_spec: {rotten: {box: {}, polygon: {}}, bad_potato: {box: {color: red}}}\n"
    )
    return load(POTATOES, tmp_path)


def test_the_example_of_the_design(potatoes: LoadedSpec) -> None:
    spec = potatoes.spec
    assert list(spec.classes) == ["rotten", "bad_potato", "best_potato", "good_potato", "wet_floor"]
    assert list(spec.classes["rotten"]) == ["polygon"]
    assert spec.classes["bad_potato"]["box"].color == "#000000"
    assert spec.classes["bad_potato"]["box"].conditions.min_width == 8
    assert list(spec.classes["good_potato"]) == ["box"]
    best = spec.classes["best_potato"]["polygon"]
    assert best.properties["defects"].options == ("scab", "cut", "light", "dark")
    assert best.properties["defects"].multiple
    assert best.properties["direction"].required
    assert best.properties["length_mm"].type == "number"
    assert (best.conditions.inside, best.conditions.per_image, best.conditions.max_overlap) == (
        "belt",
        (0, 50),
        0.8,
    )
    assert spec.regions["belt"] == Region(((100, 200), (1820, 200), (1820, 900), (100, 900)))
    assert spec.regions["centre"].relative
    assert spec.item_properties["site"].required
    assert spec.image.formats == ("jpeg", "png")
    assert spec.check.severity == {"G104": "error"}
    assert spec.quality.labels_per_class == 200
    assert potatoes.templates == ("detection/box", "./base.yaml")


@pytest.mark.parametrize("text", SLIDES)
def test_the_slides_are_valid_as_they_stand(text: str) -> None:
    loaded = load(text)
    assert len(loaded.spec.classes) in (2, 4)
    assert all("…" in fault.what for fault in loaded.warnings)
    assert len(loaded.warnings) == 1


def test_the_slides_mean_what_they_say() -> None:
    direction = "data_spec: {p: {polygon: {d: {options: [a, b]}}}}"
    first, second, last = (load(text).spec for text in (*SLIDES[:2], direction))
    assert list(first.classes["good_potato"]) == ["box"]
    assert list(second.classes["good_potato"]) == ["polygon"]
    assert last.classes["p"]["polygon"].properties["d"].options == ("a", "b")


def test_words_are_taken_as_written() -> None:
    spec = load(
        "data_spec: {no: {box: {size: {options: [on, 12:30, 007, 1.50, null, true]}}}, 12: {box: }}"
    ).spec
    assert list(spec.classes) == ["no", "12"]
    assert spec.classes["no"]["box"].properties["size"].options == (
        "on",
        "12:30",
        "007",
        "1.50",
        "null",
        "true",
    )


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("data_spec: {a: {box: {colour: red}}}", "1:23 data_spec.a.box.colour: unknown key 'colour'; did you"),
        ("data_spec:\n  a:\n    boxx: {}", "3:5 data_spec.a.boxx: unknown key 'boxx'; did you mean 'box'?"),
        ("dataspec: {}", "1:1 dataspec: unknown key 'dataspec'; did you mean 'data_spec'?"),
        ("data_spec: {a: {box: {color: rde}}}", "1:30 data_spec.a.box.color: 'rde' is no colour; did you mean red?"),
        ("data_spec:\n  a:\n    box:\n      color: #2e7d32\n", "4:7 data_spec.a.box.color: an unquoted # begins"),
        ("data_spec: {a: {box: {conditions: {min_width: x}}}}", "must be a number, not 'x'"),
        ("data_spec: {a: {box: {conditions: {min_width: 9, max_width: 3}}}}", "min_width 9 is above max_width 3"),
        ("data_spec: {a: {box: {conditions: {inside: belt}}}}", "there is no region 'belt'"),
        ("data_spec: {a: {box: {conditions: {per_image: [3, 1]}}}}", "two whole numbers in order"),
        ("data_spec: {a: {box: {conditions: {max_overlap: 3}}}}", "must be from 0 to 1, not 3"),
        ("data_spec: {a: {box: {p: {options: []}}}}", "options are a list of values"),
        ("data_spec: {a: {box: {p: {options: [x, x]}}}}", "the option 'x' stands twice"),
        ("data_spec: {a: {box: {p: {type: strng}}}}", "'strng' is none of options, number"),
        ("data_spec: {a: {box: {p: {type: options}}}}", "of the type options needs `options`"),
        ("data_spec: {a: {box: {p: {type: text, pattern: '('}}}}", "the pattern is none of RE2"),
        ("data_spec: {a: {box: {p: {type: text, minimum: 3}}}}", "minimum goes with number or integer, not text"),
        ("data_spec: {a: {box: {points: [x]}}}", "only keypoints have points"),
        ("data_spec: {a: {keypoints: {points: [x, y], edges: [[x, z]]}}}", "there is no point 'z'"),
        ("data_spec: {a: {keypoints: {points: [x, ''], edges: [[x, {}]]}}}", "edges takes pairs of points"),
        ("defaults: {keypoints: {edges: 0}}", "defaults.keypoints.edges: edges takes a list of pairs"),
        ("defaults: {keypoints: {symmetric: [[x]]}}", "symmetric takes pairs of points"),
        ("data_spec: {a: 3}", "must be a mapping"),
        ("data_spec: [a]", "must be a mapping"),
        ("- a", "a data spec is a mapping"),
        ("image: {roi: {belt: [1, 2]}}", "at least three corners"),
        ("image: {roi: {belt: {relative: [0, 0, 1, 2]}}}", "lies within 0 and 1"),
        ("workflow: {states: [A], transitions: {A: [B]}}", "there is no state 'B'"),
        ("check: {on_commit: yes}", "'yes' is none of error, warning, never"),
        ("extends: [detection/bax]", "there is no template 'detection/bax'"),
        ("extends: [./nowhere.yaml]", "there is no file './nowhere.yaml'"),
        ("extends: [../../etc/passwd]", "there is no"),
        ("remove: [data_spec.x]", "nothing was inherited at 'data_spec.x'"),
        ("a: 1\na: 2", "the key 'a' stands twice (first at line 1)"),
        ("a: !!python/object/apply:os.system [x]", "the tag !!python/object/apply:os.system is not allowed"),
        ("a: [", "is not YAML"),
        ("a: 1\n---\nb: 1", "more than one document"),
        ("[" * 50_000, "nested too deeply"),
    ],
)  # fmt: skip
def test_each_fault_has_its_place(text: str, fault: str) -> None:
    found = faults_of(text)
    assert any(fault in one for one in found), found
    assert all(one.startswith("dlabel.yaml") for one in found)


def test_all_faults_are_reported_in_one_go() -> None:
    text = "data_spec:\n  a:\n    box: {colour: red}\n  b:\n    bax: {}\n"
    text += "image: {conditions: {min_width: no}}\nfoo: 1\n"
    assert [one.split(" ")[0] for one in faults_of(text)] == [
        "dlabel.yaml:3:11", "dlabel.yaml:5:5", "dlabel.yaml:7:1", "dlabel.yaml:6:33",
    ]  # fmt: skip


def test_an_alias_bomb_is_refused() -> None:
    levels = [
        f"{chr(98 + level)}: &{chr(98 + level)} [{','.join(['*' + chr(97 + level)] * 9)}]"
        for level in range(12)
    ]
    assert "holds more than 500,000 values" in faults_of("\n".join(["a: &a [x, x, x]", *levels]))[0]


def test_specs_that_extend_themselves_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("extends: ./b.yaml\n")
    (tmp_path / "b.yaml").write_text("extends: ./a.yaml\n")
    with pytest.raises(InputError, match="extends itself"):
        load_file(tmp_path / "a.yaml")
    for number in range(20):
        (tmp_path / f"{number}.yaml").write_text(f"extends: ./{number + 1}.yaml\n")
    (tmp_path / "20.yaml").write_text("")
    with pytest.raises(InputError, match="more than 16 deep"):
        load_file(tmp_path / "0.yaml")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("é".encode("utf-16"), "UTF-16"),
        (b"\xff\xfe\xfd", "UTF-16"),
        (b"a: \xe9", "not UTF-8"),
        (b" " * (5 << 20), "too large"),
    ],
)
def test_what_is_no_utf8_is_refused(tmp_path: Path, data: bytes, words: str) -> None:
    (tmp_path / "dlabel.yaml").write_bytes(data)
    with pytest.raises(InputError, match=words):
        load_file(tmp_path / "dlabel.yaml")


def test_bom_crlf_and_json_are_fine() -> None:
    expected = load("data_spec: {a: {box: {color: red}}}").canonical
    assert (
        load_spec(b"\xef\xbb\xbfdata_spec:\r\n  a:\r\n    box: {color: '#F00'}\r\n", name="x").canonical
        == expected
    )
    assert load('{"data_spec": {"a": {"box": {"color": "#ff0000"}}}}').canonical == expected


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "---\n", "null\n", "{}"])
def test_an_empty_spec_says_nothing(text: str) -> None:
    assert load(text).canonical == b"{}"


def test_later_templates_win_and_classes_merge(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text("data_spec: {a: {box: {color: red}}, b: {box: }}\n")
    (tmp_path / "two.yaml").write_text("data_spec: {a: {box: {color: blue}}}\n")
    spec = load("extends: [./one.yaml, ./two.yaml]\ndata_spec: {a: {polygon: }}", tmp_path).spec
    assert spec.classes["a"]["box"].color == "#0000ff"
    assert list(spec.classes["a"]) == ["box", "polygon"]


@pytest.mark.parametrize("name", [one.name for one in list_templates()])
def test_every_template_loads_and_fits_the_schema(name: str) -> None:
    path = find_template(name)
    assert load_file(path).warnings == ()
    jsonschema.validate(yaml.safe_load(path.read_text()), grammar())


def test_the_templates_are_those_promised() -> None:
    assert {one.name for one in list_templates()} == {
        "detection/box", "detection/polygon", "detection/rotated_box", "keypoints/person", "classification", "potato",
    }  # fmt: skip
    assert all(one.title for one in list_templates())


def test_a_template_of_ones_own_hides_a_shipped_one(tmp_path: Path) -> None:
    (tmp_path / "potato.yaml").write_text("# Mine\n")
    mine = {one.name: one for one in list_templates(tmp_path)}["potato"]
    assert (mine.title, mine.origin) == ("Mine", "yours")
    assert find_template("potato", tmp_path) == tmp_path / "potato.yaml"


@pytest.mark.parametrize("text", [POTATOES, *SLIDES])
def test_the_schema_accepts_what_the_loader_accepts(text: str) -> None:
    jsonschema.validate(yaml.safe_load(text), grammar())
    jsonschema.Draft202012Validator.check_schema(grammar())


@pytest.mark.parametrize(
    "text",
    ["dataspec: {}", "data_spec: {a: {bax: }}", "data_spec: {a: {box: {colour: red}}}", "quality: {x: 1}"],
)
def test_the_schema_refuses_unknown_words(text: str) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(yaml.safe_load(text), grammar())


def test_canonical_forms_are_read_back(potatoes: LoadedSpec) -> None:
    assert spec_from_canonical(potatoes.canonical) == potatoes.spec
    assert json.loads(load("project_name: x").canonical) == {"project_name": "x"}


names = st.text(min_size=1, max_size=8).filter(lambda text: text.isprintable())
properties = st.one_of(
    st.fixed_dictionaries(
        {"options": st.lists(names, min_size=1, max_size=4, unique=True)},
        optional={"required": st.booleans()},
    ),
    st.fixed_dictionaries(
        {"type": st.sampled_from(["number", "integer"])}, optional={"minimum": st.integers(-9, 9)}
    ),
)
kinds = st.fixed_dictionaries(
    {},
    optional={
        "color": st.sampled_from(["red", "#abc", "#A1B2C3"]),
        "properties": st.dictionaries(names, properties, max_size=3),
        "conditions": st.fixed_dictionaries(
            {}, optional={"min_area": st.integers(0, 99), "max_overlap": st.floats(0, 1)}
        ),
    },
)
specs = st.fixed_dictionaries(
    {
        "data_spec": st.dictionaries(
            names, st.dictionaries(st.sampled_from(["box", "polygon"]), kinds, max_size=2), max_size=4
        )
    }
)


@settings(max_examples=60)
@given(specs)
def test_spelling_does_not_matter_and_nothing_is_lost(spec: dict[str, Any]) -> None:
    plain = load(json.dumps(spec, ensure_ascii=False))
    assert spec_from_canonical(plain.canonical) == plain.spec
    assert canonical_spec(plain.spec) == plain.canonical
    flow = yaml.safe_dump(
        spec, default_flow_style=False, allow_unicode=True, sort_keys=False, default_style='"'
    )
    quoted = {str(key): value for key, value in yaml.safe_load(flow).items()}
    assert load(json.dumps(quoted, indent=3, ensure_ascii=False)).canonical == plain.canonical
