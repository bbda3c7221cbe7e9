"""Specs that extend other projects at a revision: read from their stores, never along a circle."""

from __future__ import annotations

from pathlib import Path

import pytest

import datalabel
from datalabel.errors import InputError, NoProjectError
from datalabel.repository.repository import Repository
from datalabel.repository.spec.foreign import load_spec_file, spec_named
from datalabel.spec.load import load_spec
from datalabel.spec.model import Spec

RICH = """
project_name: other
data_spec:
  cat:
    box: {color: red, conditions: {inside: belt, per_image: [1, null]}, side: {options: [left, {up: [a, b]}]}}
    keypoints: {points: [x, "0"], edges: [[x, "0"]]}
  dog:
image: {roi: {belt: {relative: [0, 0, 1, 0.5]}}, properties: {site: {options: [A], required: true}}}
quality: {agreement: 0.8}
"""


def project(folder: Path, spec: str) -> Repository:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "dlabel.yaml").write_text(spec)
    return datalabel.init(folder)


@pytest.fixture
def other(tmp_path: Path) -> Repository:
    """Another project with two commits."""
    repo = project(tmp_path / "other", RICH)
    repo.commit("first")
    (repo.root / "dlabel.yaml").write_text("data_spec: {cow: }\n")
    repo.add()
    repo.commit("second")
    return repo


def loaded(folder: Path, text: str) -> Spec:
    folder.mkdir(exist_ok=True)
    (folder / "dlabel.yaml").write_text(text)
    return load_spec_file(folder / "dlabel.yaml", None).spec


def test_a_revision_is_extended_whole(tmp_path: Path, other: Repository) -> None:
    found = loaded(tmp_path / "mine", "project_name: mine\nextends: ../other#HEAD~1\n")
    assert found == load_spec(RICH.replace("project_name: other", "project_name: mine"), name="s").spec
    assert list(loaded(tmp_path / "mine", "extends: [../other#main]").classes) == ["cow"]
    assert list(loaded(tmp_path / "mine", "extends: [../other#STAGED]").classes) == ["cow"]


def test_what_is_extended_can_be_changed_and_removed(tmp_path: Path, other: Repository) -> None:
    found = loaded(
        tmp_path / "mine",
        "extends: ['../other#HEAD~1', detection/polygon]\nremove: [data_spec.cat.keypoints, image.properties]\n"
        "data_spec: {cat: {box: {color: blue}}, sheep: }\n",
    )
    assert list(found.classes) == ["cat", "dog", "sheep"]
    assert list(found.classes["cat"]) == ["box"]
    assert found.classes["cat"]["box"].color == "#0000ff"
    assert found.classes["cat"]["box"].conditions.inside == "belt"
    assert list(found.classes["sheep"]) == ["polygon"]
    assert found.item_properties == {}


def test_where_things_come_from(tmp_path: Path, other: Repository) -> None:
    templates = tmp_path / "templates"
    templates.mkdir()
    (templates / "own.yaml").write_text("extends: detection/box\n")
    (tmp_path / "base.yaml").write_text("extends: ./other#main\n")
    (tmp_path / "dlabel.yaml").write_text("extends: [own, ./base.yaml]\n")
    found = load_spec_file(tmp_path / "dlabel.yaml", templates).extended
    assert [(one.name, one.origin) for one in found] == [
        ("own", "yours"),
        ("detection/box", "shipped"),
        ("./base.yaml", "file"),
        ("./other#main", "project"),
    ]
    assert found[3].path == other.root


def test_the_commit_keeps_what_the_other_project_said_then(tmp_path: Path, other: Repository) -> None:
    mine = project(tmp_path / "mine", "extends: ../other#main\n")
    mine.commit("first")
    (other.root / "dlabel.yaml").write_text("data_spec: {horse: }\n")
    other.add()
    other.commit("third")
    assert list(mine.view("HEAD").spec.classes) == ["cow"]
    # Its text is the same, and yet there is something to stage.
    assert mine.add("dlabel.yaml").spec is True
    assert list(mine.view().spec.classes) == ["horse"]
    assert mine.add("dlabel.yaml").spec is False


@pytest.mark.parametrize(
    ("extends", "words"),
    [
        ("../nowhere#main", "there is no dlabel project at"),
        ("../other#mian", "no revision is called 'mian' in .*did you mean 'main'"),
        ("../other#HEAD~9", "history ends 1 commit back in .*dlabel -C .*other log"),
        ("../other#", "names no revision; write ../other#v3"),
        ("../other", "there is no file '../other'; it is a folder: write ../other#REVISION"),
        ("../empty#STAGED", "has no data spec at 'STAGED'"),
        ("'..\\0#x'", "there is no dlabel project"),
        ("./" + "x" * 5000 + "#v1", "there is no dlabel project"),
    ],
)
def test_what_is_not_there_is_a_fault(tmp_path: Path, other: Repository, extends: str, words: str) -> None:
    empty = datalabel.init(tmp_path / "empty")
    (empty.root / "dlabel.yaml").unlink()
    empty.add("dlabel.yaml")
    quoted = extends.replace("'", '"') if extends.startswith("'") else f'"{extends}"'
    with pytest.raises(InputError, match=words) as error:
        loaded(tmp_path / "mine", f"project_name: x\nextends:\n  - {quoted}\n")
    assert error.value.faults[0].where == "dlabel.yaml:3:5 extends"
    assert len(str(error.value)) < 700


def test_projects_do_not_extend_each_other(tmp_path: Path, other: Repository) -> None:
    third = project(tmp_path / "third", "extends: ../other#main\n")
    third.commit("first")
    (other.root / "dlabel.yaml").write_text("extends: [detection/box, ../third#main]\n")
    with pytest.raises(InputError, match=r"extend each other: dlabel.yaml → ../third#main → ../other#main"):
        other.add()
    (other.root / "dlabel.yaml").write_text("extends: .#main\n")
    with pytest.raises(InputError, match=r"extend each other: dlabel.yaml → .#main"):
        other.add()


def test_a_file_with_the_mark_in_its_name_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "a#b.yaml").write_text("data_spec: {cat: }\n")
    assert list(loaded(tmp_path, 'extends: ["./a#b.yaml"]').classes) == ["cat"]


def test_a_text_alone_extends_no_project() -> None:
    with pytest.raises(InputError, match="none can be read here"):
        load_spec("extends: ../other#main", name="s")


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        ("dlabel.yaml", ["cow"]),
        ("HEAD~1", ["cat", "dog"]),
        ("keypoints/person", ["person"]),
        (".#HEAD~1", ["cat", "dog"]),
    ],
)
def test_specs_by_name(other: Repository, which: str, expected: list[str]) -> None:
    assert list(spec_named(which, other.root, None, other.project).classes) == expected


def test_names_of_nothing(tmp_path: Path, other: Repository) -> None:
    with pytest.raises(InputError, match=r"there is no other.yaml here"):
        spec_named("other.yaml", tmp_path, None, other.project)
    with pytest.raises(InputError, match="no revision is called 'x'"):
        spec_named("x", tmp_path, None, other.project)
    with pytest.raises(NoProjectError, match="no file and no template"):
        spec_named("x", tmp_path, None, None)
