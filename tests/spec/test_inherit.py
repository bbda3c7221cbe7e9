"""What one spec takes over from others, and what goes wrong on the way."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from spec_texts import faults_of, load

from datalabel.errors import InputError
from datalabel.spec.load import load_file, load_spec

BASE = "data_spec: {a: {box: {direction: {options: [x]}, condition: {min_width: 3}}}, a.b: {box: }}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "base.yaml").write_text(BASE)
    return tmp_path


def test_a_class_has_the_kinds_of_all_specs_that_give_it_any(folder: Path) -> None:
    spec = load("extends: ./base.yaml\ndata_spec: {a: {polygon: }}\n", folder).spec
    assert list(spec.classes["a"]) == ["box", "polygon"]
    narrowed = load(
        "extends: ./base.yaml\nremove: [data_spec.a.box]\ndata_spec: {a: {polygon: }}\n", folder
    ).spec
    assert list(narrowed.classes["a"]) == ["polygon"]


def test_settings_of_a_kind_stay_with_that_kind(folder: Path) -> None:
    text = "defaults: {box: {color: red}, polygon: {color: blue}}\ndata_spec: {a: {box: , polygon: , mask: }, b: }\n"
    classes = load(text, folder).spec.classes
    assert {kind: one.color for kind, one in classes["a"].items()} == {
        "box": "#ff0000",
        "polygon": "#0000ff",
        "mask": None,
    }
    assert list(classes["b"]) == ["box", "polygon"]


@pytest.mark.parametrize(
    "path",
    [
        "data_spec.a.box.direction",
        "data_spec.a.box.properties.direction",
    ],
)
def test_remove_takes_paths_in_full_and_in_short(path: str, folder: Path) -> None:
    spec = load(f"extends: ./base.yaml\nremove: [{path}]\n", folder).spec
    assert spec.classes["a"]["box"].properties == {}
    assert spec.classes["a"]["box"].conditions.min_width == 3


def test_remove_takes_aliases_and_names_with_dots(folder: Path) -> None:
    text = "extends: ./base.yaml\nremove: [data_spec.a.box.condition.min_width, data_spec.a.b]\n"
    spec = load(text, folder).spec
    assert list(spec.classes) == ["a"]
    assert spec.classes["a"]["box"].conditions.min_width is None


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (
            "remove: [data_spec.a.bxo]",
            "dlabel.yaml:2:10 remove: nothing was inherited at 'data_spec.a.bxo'; did you mean 'data_spec.a.box'?",
        ),
        ("remove: data_spec.a", "dlabel.yaml:2:9 remove: remove takes a list of dotted paths"),
        (
            "remove: [{a: b}]",
            "dlabel.yaml:2:10 remove: remove takes dotted paths, such as data_spec.potato.box",
        ),
    ],
)
def test_what_cannot_be_removed_is_named(text: str, fault: str, folder: Path) -> None:
    assert faults_of(f"extends: ./base.yaml\n{text}\n", folder) == [fault]


def test_paths_are_relative_to_the_file_they_stand_in(folder: Path) -> None:
    (folder / "deep").mkdir()
    (folder / "deep" / "mine.yaml").write_text("extends: ../base.yaml\n")
    (folder / "dlabel.yaml").write_text("extends: deep/mine.yaml\n")
    loaded = load_file(folder / "dlabel.yaml")
    assert list(loaded.spec.classes) == ["a", "a.b"]
    assert loaded.templates == ("deep/mine.yaml", "../base.yaml")


def test_faults_of_all_files_are_told_in_one_go(folder: Path) -> None:
    (folder / "broken.yaml").write_text("a: [\n")
    (folder / "wrong.yaml").write_text("data_spec: {c: {box: {color: rde}}}\n")
    found = faults_of("extends: [./broken.yaml, ./wrong.yaml, ./none.yaml]\nfoo: 1\nfoo: 2\n", folder)
    assert [one.split(":")[:3] for one in found] == [
        ["dlabel.yaml", "3", "1"],
        ["dlabel.yaml", "2", "1 foo"],
        ["./broken.yaml", "2", "1"],
        ["dlabel.yaml", "1", "40 extends"],
        ["./wrong.yaml", "1", "30 data_spec.c.box.color"],
    ]


def test_a_fault_that_many_classes_inherit_is_told_once(folder: Path) -> None:
    assert faults_of("defaults: {box: {color: rde}}\ndata_spec: {c: , d: , e: {box: }}\n", folder) == [
        "dlabel.yaml:1:25 defaults.box.color: 'rde' is no colour; did you mean red?"
    ]
    assert len(faults_of("defaults: {box: {conditions: {inside: belt}}}\n", folder)) == 1


def test_a_cycle_is_named_file_by_file(folder: Path) -> None:
    (folder / "dlabel.yaml").write_text("extends: ./other.yaml\n")
    (folder / "other.yaml").write_text("extends: ./dlabel.yaml\n")
    with pytest.raises(InputError) as error:
        load_file(folder / "dlabel.yaml")
    assert [str(one) for one in error.value.faults] == [
        "./other.yaml:1:10 extends: './dlabel.yaml' extends itself: dlabel.yaml → other.yaml → dlabel.yaml"
    ]


def test_depth_counts_along_the_longest_way(folder: Path) -> None:
    for number in range(17):
        (folder / f"{number}.yaml").write_text(f"extends: ./{number + 1}.yaml\n" if number < 16 else "")
    assert load_file(folder / "0.yaml").spec.classes == {}
    (folder / "top.yaml").write_text("extends: [./0.yaml]\n")
    with pytest.raises(InputError, match="more than 16 deep"):
        load_file(folder / "top.yaml")
    # The same when the deep file has been read already, on a shorter way.
    (folder / "two.yaml").write_text("extends: ./one.yaml\n")
    (folder / "one.yaml").write_text("extends: ./1.yaml\n")
    assert load_spec("extends: [./1.yaml]\n", name="x", folder=folder).spec.classes == {}
    with pytest.raises(InputError, match="more than 16 deep"):
        load_spec("extends: [./1.yaml, ./two.yaml]\n", name="x", folder=folder)


def test_files_that_meet_again_are_read_once(folder: Path) -> None:
    for number in range(12):
        again = ", ".join([f"./m{number + 1}.yaml"] * 8)
        (folder / f"m{number}.yaml").write_text(f"extends: [{again}]\n")
    (folder / "m12.yaml").write_text("data_spec: {c: {box: }}\n")
    started = time.process_time()
    loaded = load_file(folder / "m0.yaml")
    assert list(loaded.spec.classes) == ["c"]
    assert len(loaded.templates) == 12
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    "name", ["./" + "a" * 5000 + ".yaml", '"./a\\0.yaml"', "./", "../..", "/dev/null", "/etc"]
)
def test_a_path_that_is_no_file_is_a_fault(name: str, folder: Path) -> None:
    (found,) = faults_of(f"extends: [{name}]\n", folder)
    assert "there is no" in found
    assert len(found) < 400


@pytest.mark.parametrize("name", ["../secret", "detection/../../secret", "a//b", "a" * 5000])
def test_a_template_does_not_leave_its_folder(name: str, folder: Path) -> None:
    (folder / "secret.yaml").write_text("project_name: mine\n")
    mine = folder / "specs"
    mine.mkdir()
    with pytest.raises(InputError, match="there is no"):
        load_spec(f"extends: ['{name}']\n", name="x", folder=mine, templates=mine)


def test_text_without_a_folder_extends_templates_only() -> None:
    assert load_spec("extends: potato\n", name="x").templates == ("potato",)
    with pytest.raises(InputError, match="there is no file"):
        load_spec("extends: ./base.yaml\n", name="x")
