"""Migrations end to end: labels and spec change together, and the labelling tool's next export does not undo it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pictures import coco, commit_labels, write_coco, write_image

from datalabel.errors import InputError, RefusedError
from datalabel.repository.repository import Repository
from datalabel.repository.spec.migrating import Migrated, migrate

OLD = "project_name: p\ndata_spec: {bad: {box: }, green: {box: }, good: {box: }, smudge: {box: }}\n"
NEW = "project_name: p\ndata_spec: {rotten: {box: }, good: {box: }}\n"
MAP = "steps:\n  - rename: {bad: rotten, green: rotten}\n  - delete: smudge\n"

BOXES: dict[str, list[Any]] = {
    "images/a.jpg": [("bad", 1, 2, 10, 10), ("green", 20, 20, 8, 8)],
    "images/b.jpg": [("bad", 5, 5, 20, 20), ("smudge", 30, 1, 5, 5)],
    "images/c.jpg": [("good", 1, 1, 9, 9)],
}


@pytest.fixture
def project(repo: Repository) -> Repository:
    """Three images with labels, committed under the old spec; `dlabel.yaml` is the new one, not staged."""
    commit_labels(repo, BOXES, OLD)
    (repo.root / "dlabel.yaml").write_text(NEW)
    return repo


def run(repo: Repository, text: str, **options: bool) -> Migrated:
    path = repo.root / "map.yaml"
    path.write_text(text)
    return migrate(repo.project, path, **options)


def labels(repo: Repository, revision: str = "STAGED") -> dict[int, tuple[Any, ...]]:
    columns = ["id", "item", "class", "kind", "x", "y", "w", "h"]
    rows = repo.labels(revision).to_arrow(columns).to_pylist()
    return {row["id"]: tuple(row[name] for name in columns[1:]) for row in rows}


def test_labels_and_spec_change_together_and_keep_their_ids(project: Repository) -> None:
    before = labels(project)
    done = run(project, MAP)
    assert (done.labels, done.images, done.left, done.spec_changed, done.staged) == (4, 2, {}, True, True)
    assert [(step.labels, step.counts) for step in done.steps] == [
        (3, {"bad → rotten": 2, "green → rotten": 1}),
        (1, {"smudge deleted": 1}),
    ]
    sample = done.steps[0].samples[0]
    assert sample.after is not None
    assert (sample.set, sample.before["class"], sample.after["class"]) == ("ground_truth", "bad", "rotten")
    assert done.steps[1].samples[0].after is None
    names = {"bad": "rotten", "green": "rotten", "good": "good"}
    assert labels(project) == {
        number: (item, names[name], *rest)
        for number, (item, name, *rest) in before.items()
        if name != "smudge"
    }
    assert list(project.view().spec.classes) == ["rotten", "good"]
    assert project.status().spec["changed"] is False
    project.commit("migrated")
    assert not project.check("HEAD", select=["S"]).findings


def test_a_dry_run_says_the_same_and_changes_nothing(project: Repository) -> None:
    position, objects = project.project.store.state.read(), sorted(project.root.glob(".dlabel/objects/*/*"))
    would = run(project, MAP, dry_run=True)
    assert project.project.store.state.read() == position
    assert sorted(project.root.glob(".dlabel/objects/*/*")) == objects
    assert would.staged is False
    done = run(project, MAP)
    assert (would.steps, would.labels, would.left) == (done.steps, done.labels, done.left)


def test_again_it_has_nothing_to_do(project: Repository) -> None:
    run(project, MAP)
    done = run(project, MAP)
    assert (done.labels, done.staged, done.spec_changed) == (0, False, False)
    assert [warning.what for warning in done.warnings] == [
        "no label and no spec has a class 'bad'",
        "no label and no spec has a class 'green'",
        "no label and no spec has a class 'smudge'",
    ]


def test_the_next_export_in_the_old_words_does_not_undo_it(project: Repository) -> None:
    run(project, MAP)
    project.commit("migrated")
    migrated = labels(project)
    # The labelling tool exports again: other numbers, the same labels.
    path = project.root / "labels.json"
    path.write_text(json.dumps(coco(BOXES, first=100), indent=1))
    added = project.add("labels.json")
    assert not added.has_conflicts
    assert labels(project) == migrated
    assert project.diff().summary()["sets"] == {}
    # It moves one box, draws a new one, and still speaks the old words.
    moved = {
        **BOXES,
        "images/a.jpg": [("bad", 1, 2, 12, 10), ("green", 20, 20, 8, 8), ("green", 40, 2, 4, 4)],
    }
    path.write_text(json.dumps(coco(moved, first=7)))
    added = project.add("labels.json")
    assert not added.has_conflicts
    assert added.labels[0].new_classes == ()
    assert added.labels[0].called == {"bad": "rotten", "green": "rotten"}
    now = labels(project)
    (number,) = [one for one in migrated if now[one] != migrated[one]]
    assert (migrated[number], now[number]) == (
        ("images/a.jpg", "rotten", "box", 1, 2, 10, 10),
        ("images/a.jpg", "rotten", "box", 1, 2, 12, 10),
    )
    assert [now[one][:2] for one in now.keys() - migrated.keys()] == [("images/a.jpg", "rotten")]
    # What is new is called as here: nothing is left to migrate.
    assert run(project, MAP).labels == 0
    assert {one[1] for one in labels(project).values()} == {"rotten", "good"}


def test_labels_without_a_place_are_listed_and_refused(project: Repository) -> None:
    before = labels(project)
    short = "steps: [{rename: {bad: rotten}}]"
    with pytest.raises(RefusedError) as error:
        run(project, short)
    assert str(error.value).splitlines()[1:] == [
        "1 label: class green is not in the spec",
        "1 label: class smudge is not in the spec",
    ]
    assert "--allow-unmapped" in (error.value.hint or "")
    assert labels(project) == before
    assert set(project.view().spec.classes) == {"bad", "green", "good", "smudge"}
    done = run(project, short, allow_unmapped=True)
    assert sum(done.left.values()) == 2
    assert {one[1] for one in labels(project).values()} == {"rotten", "green", "smudge", "good"}


def test_a_kind_that_the_spec_does_not_draw_is_left_over(project: Repository) -> None:
    (project.root / "dlabel.yaml").write_text("data_spec: {rotten: {polygon: }, good: }")
    with pytest.raises(RefusedError, match="class rotten is drawn as box, the spec allows polygon"):
        run(project, MAP)
    done = run(project, MAP + "  - redraw: {class: rotten, from: box, to: polygon}\n")
    assert done.steps[2].counts == {"box → polygon": 3}
    rows = [row for row in project.labels().to_arrow().to_pylist() if row["class"] == "rotten"]
    assert {row["kind"] for row in rows} == {"polygon"}
    # The file had computed an area; a new geometry does not keep it.
    assert all("area" not in json.loads(row["extra"] or "{}") for row in rows)


def test_the_map_names_the_spec_afterwards(project: Repository) -> None:
    (project.root / "dlabel.yaml").write_text(OLD)
    (project.root / "next.yaml").write_text(NEW)
    run(project, f"spec: next.yaml\n{MAP}")
    assert (project.root / "dlabel.yaml").read_text() == NEW
    assert list(project.view().spec.classes) == ["rotten", "good"]
    assert project.status().spec["changed"] is False


def test_a_spec_that_is_not_staged_is_not_overwritten(project: Repository) -> None:
    (project.root / "dlabel.yaml").write_text("project_name: precious\n")
    (project.root / "next.yaml").write_text(NEW)
    with pytest.raises(RefusedError, match="not staged"):
        run(project, f"spec: next.yaml\n{MAP}")
    assert (project.root / "dlabel.yaml").read_text() == "project_name: precious\n"


def test_a_spec_that_means_something_else_elsewhere_is_refused(project: Repository) -> None:
    (project.root / "dlabel.yaml").write_text(OLD)
    folder = project.root / "specs"
    folder.mkdir()
    (folder / "base.yaml").write_text(NEW)
    (project.root / "base.yaml").write_text(OLD)
    (folder / "next.yaml").write_text("extends: ./base.yaml\n")
    with pytest.raises(InputError, match="mean something else"):
        run(project, f"spec: specs/next.yaml\n{MAP}")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("steps: [{rename: {bad: roten}}]", "did you mean 'rotten'"),
        ("spec: nowhere.yaml\nsteps: [{delete: bad}]", "there is no file nowhere.yaml"),
        ("steps: [{renam: {bad: rotten}}]", "did you mean 'rename'"),
        ("steps: [", "is not YAML"),
        ("a: &a [*a, *a]\nsteps: [{delete: *a}]", "finished before"),
    ],
)
def test_a_faulty_map_changes_nothing(project: Repository, text: str, words: str) -> None:
    position = project.project.store.state.read()
    with pytest.raises(InputError, match=words):
        run(project, text)
    assert project.project.store.state.read() == position


def test_faults_of_grammar_and_of_names_are_told_together(project: Repository) -> None:
    with pytest.raises(InputError) as error:
        run(project, "steps:\n  - rename: {bad: roten}\n  - delet: [smudge]\n")
    assert [fault.where for fault in error.value.faults] == ["map.yaml:3:5 steps[2].delet", "map.yaml:2:19"]


def test_a_class_that_the_spec_afterwards_lacks_is_told_with_the_way_out(project: Repository) -> None:
    """Also where a later step draws it in another way, which makes it no other class."""
    steps = "[{rename: {bad: mould}}, {redraw: {class: mould, from: polygon, to: box}}]"
    with pytest.raises(InputError, match="the spec afterwards has no class 'mould'") as error:
        run(project, f"steps: {steps}")
    assert "dlabel.yaml is the spec afterwards" in (error.value.hint or "")
    (project.root / "new.yaml").write_text(NEW)
    with pytest.raises(InputError) as error:
        run(project, f"spec: new.yaml\nsteps: {steps}")
    assert error.value.hint == "new.yaml is the spec afterwards: it has to declare what the steps lead to"


def test_without_a_spec_anywhere_only_labels_change(repo: Repository) -> None:
    (repo.root / "dlabel.yaml").unlink()
    repo.add("dlabel.yaml")
    write_image(repo.root / "images" / "a.jpg")
    write_coco(repo.root / "labels.json", {"images/a.jpg": [("bad", 1, 2, 10, 10)]})
    repo.add("images", "labels.json")
    done = run(repo, "steps: [{rename: {bad: rotten}}]")
    assert (done.labels, done.spec_changed, done.staged) == (1, False, True)


def test_a_spec_that_is_gone_is_a_fault(project: Repository) -> None:
    (project.root / "dlabel.yaml").unlink()
    with pytest.raises(InputError, match=r"there is no dlabel.yaml"):
        run(project, MAP)


def test_every_set_is_migrated(project: Repository, tmp_path: Path) -> None:
    write_coco(project.root / "model.json", {"images/a.jpg": [("bad", 2, 2, 10, 10)]})
    project.add("model.json", set="predictions")
    done = run(project, MAP)
    assert done.steps[0].counts == {"bad → rotten": 3, "green → rotten": 1}
    assert project.labels(set="predictions").to_arrow(["class"]).column("class").to_pylist() == ["rotten"]


def test_what_is_invalid_afterwards_is_counted(project: Repository) -> None:
    (project.root / "dlabel.yaml").write_text(
        "data_spec: {rotten: {box: {conditions: {min_width: 9}}}, good: {box: }}"
    )
    done = run(project, MAP)
    assert done.newly_invalid == 1
    assert len(project.check(select=["S"]).findings) == 1


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ("[{rename: {bad: good, good: rotten}}]", ["class 'good'"]),
        ("[{rename: {good: rotten}}, {rename: {bad: good}}]", ["class 'good'"]),
        ("[{rename: {bad: good}}, {rename: {good: rotten}}]", []),
        ("[{rename: {bad: rotten, green: rotten}}, {delete: smudge}]", []),
    ],
)
def test_a_word_that_changes_its_meaning_is_warned_of(
    project: Repository, steps: str, words: list[str]
) -> None:
    done = run(project, f"steps: {steps}", dry_run=True, allow_unmapped=True)
    shifted = [one.what for one in done.warnings if "means something else afterwards" in one.what]
    assert [what.partition(" means")[0].removeprefix("the ") for what in shifted] == words
