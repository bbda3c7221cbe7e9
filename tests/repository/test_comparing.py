"""Specs compared at a revision: how many labels each change is about, and the same effects in `diff`."""

from __future__ import annotations

import pytest
from pictures import coco, write_labels

from datalabel.repository.repository import Repository
from datalabel.repository.spec.comparing import SpecDiff, diff_specs
from datalabel.spec.load import load_spec
from datalabel.spec.model import Spec


def spec(text: str) -> Spec:
    return load_spec(text, name="s").spec


@pytest.fixture
def project(repo: Repository) -> Repository:
    """Two images, four labels with properties."""
    document = coco(
        {
            "images/a.png": [("cat", 1, 1, 10, 10), ("cat", 20, 20, 8, 8)],
            "images/b.png": [("dog", 5, 5, 20, 20), ("cat", 1, 1, 5, 5)],
        }
    )
    values: tuple[dict[str, object], ...] = (
        {"side": "left"},
        {"side": "right", "n": 3},
        {},
        {"side": "left", "n": 7},
    )
    for one, value in zip(document["annotations"], values, strict=True):
        one["attributes"] = value
    write_labels(repo.root, document)
    repo.add(".")
    return repo


BASE = "data_spec: {{cat: {{box: {{{}}}}}, dog: {{box: }}}}"


def compared(repo: Repository, before: str, after: str) -> SpecDiff:
    return diff_specs(spec(BASE.format(before)), spec(BASE.format(after)), repo.view())


@pytest.mark.parametrize(
    ("before", "after", "path", "labels", "wrong"),
    [
        ("side: {options: [left, right]}, n: {type: integer}", "side: {options: [left]}, n: {type: integer}",
         "side.options", 1, 1),
        ("side: {type: text}, n: {type: integer}", "side: {type: text}", "n", 2, 2),
        ("side: {type: text}, n: {type: integer}", "side: {type: text}, n: {type: integer, required: true}",
         "n.required", 1, 1),
        ("side: {type: text}, n: {type: integer}", "side: {type: text}, n: {type: integer, maximum: 5}",
         "n.maximum", 2, 1),
        ("side: {type: text}, n: {type: integer}", "side: {type: text}, n: {type: text}", "n.type", 2, 2),
        ("side: {type: text}, n: {type: integer}", "side: {type: text}, n: {type: number}", "n.type", 2, 0),
    ],
)  # fmt: skip
def test_labels_are_counted(
    project: Repository, before: str, after: str, path: str, labels: int, wrong: int
) -> None:
    found = compared(project, before, after)
    assert [(one.change.path, one.labels, one.images) for one in found.changes] == [
        (f"data_spec.cat.box.properties.{path}", labels, None)
    ]
    assert (found.wrong_labels, found.wrong_images) == (wrong, 0)


def test_worst_first_and_images_are_counted_too(project: Repository) -> None:
    old = "data_spec: {cat: {box: {color: red}}, dog: {box: }}"
    new = (
        "data_spec: {cat: {box: {color: blue, conditions: {min_width: 9}}}}\n"
        "image: {conditions: {min_width: 10, formats: [jpeg]}}"
    )
    found = diff_specs(spec(old), spec(new), project.view())
    assert [(one.change.effect, one.change.path, one.labels, one.images) for one in found.changes] == [
        ("breaking", "data_spec.dog", 1, None),
        ("breaking", "image.conditions.formats", None, 2),
        ("narrowing", "data_spec.cat.box.conditions.min_width", 3, None),
        ("narrowing", "image.conditions.min_width", None, 2),
        ("compatible", "data_spec.cat.box.color", 3, None),
    ]
    assert (found.wrong_labels, found.wrong_images) == (3, 2)
    assert found.counts() == {"breaking": 2, "narrowing": 2, "compatible": 1}


def test_without_a_view_nothing_is_counted() -> None:
    found = diff_specs(spec("data_spec: {cat: }"), spec("data_spec: {dog: }"), None)
    assert (found.at, found.wrong_labels) == (None, None)
    assert [one.labels for one in found.changes] == [None, None]


def test_the_effects_show_in_a_diff(project: Repository) -> None:
    project.commit("first")
    (project.root / "dlabel.yaml").write_text("data_spec: {cat: {box: {color: red}}}")
    project.add()
    project.commit("second")
    (project.root / "dlabel.yaml").write_text("data_spec: {cat: {box: {color: blue}}, dog: }")
    project.add()
    assert project.diff().spec == [
        {"path": "data_spec.cat.box.color", "change": "changed", "effect": "compatible",
         "before": "#ff0000", "after": "#0000ff"},
        {"path": "data_spec.dog", "change": "added", "effect": "compatible", "before": None, "after": []},
    ]  # fmt: skip
    effects = {change["effect"] for change in project.diff("HEAD~1", "HEAD").spec}
    assert effects == {"breaking", "compatible"}
