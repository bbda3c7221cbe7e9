"""Templates: those that come with the program, one's own, and names that must not lead elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from datalabel.errors import InputError
from datalabel.spec.load import load_spec
from datalabel.spec.model import LabelType
from datalabel.spec.templates import find_template, list_templates


def test_listed_by_name_with_titles_and_places(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "cats.yaml").write_text("# Cats of all sizes\n")
    (tmp_path / "bare.yaml").write_text("project_name: x\n")
    found = list_templates(tmp_path)
    assert [one.name for one in found] == sorted(one.name for one in found)
    yours = {one.name: (one.title, one.path) for one in found if one.origin == "yours"}
    assert yours == {
        "mine/cats": ("Cats of all sizes", tmp_path / "mine" / "cats.yaml"),
        "bare": ("", tmp_path / "bare.yaml"),
    }
    assert {one.origin for one in found} == {"shipped", "yours"}


def test_a_folder_that_is_not_there_holds_none(tmp_path: Path) -> None:
    assert list_templates(tmp_path / "nowhere") == list_templates(None)


def test_the_nearest_is_named(tmp_path: Path) -> None:
    (tmp_path / "cats.yaml").write_text("# Cats\n")
    for name, meant in (("detection/bok", "detection/box"), ("catz", "cats")):
        with pytest.raises(InputError) as error:
            find_template(name, tmp_path)
        assert error.value.hint == f"did you mean {meant}?"


@pytest.mark.parametrize("name", ["../secret", "mine/../../secret", "/secret", "", ".", "a\0b", "x" * 5000])
def test_names_do_not_lead_out_of_the_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.yaml").write_text("# Secret\n")
    folder = tmp_path / "templates"
    (folder / "mine").mkdir(parents=True)
    with pytest.raises(InputError) as error:
        find_template(name, folder)
    assert len(str(error.value)) < 300


def test_a_template_of_ones_own_extends_a_shipped_one(tmp_path: Path) -> None:
    (tmp_path / "cats.yaml").write_text("extends: detection/box\ndata_spec: {cat: , dog: {polygon: }}\n")
    loaded = load_spec("extends: cats\n", name="dlabel.yaml", templates=tmp_path)
    assert {name: list(kinds) for name, kinds in loaded.spec.classes.items()} == {
        "cat": ["box"], "dog": ["polygon"],
    }  # fmt: skip
    assert set(loaded.templates) == {"cats", "detection/box"}


def person() -> LabelType:
    loaded = load_spec("extends: keypoints/person\n", name="dlabel.yaml")
    return loaded.spec.classes["person"]["keypoints"]


def test_a_person_has_the_points_of_coco_and_mirrors_onto_itself() -> None:
    looks = person()
    assert (len(looks.points), len(looks.edges), len(looks.symmetric)) == (17, 19, 8)
    swap = {one: other for pair in looks.symmetric for one, other in (pair, pair[::-1])}
    sides = {"left": "right", "right": "left"}
    for index, name in enumerate(looks.points):
        side, _, part = name.partition("_")
        mirrored = f"{sides[side]}_{part}" if side in sides else name
        assert looks.points[swap.get(index, index)] == mirrored
    edges = {frozenset(edge) for edge in looks.edges}
    assert {frozenset(swap.get(end, end) for end in edge) for edge in edges} == edges
