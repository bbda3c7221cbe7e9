"""What is wrong with a command line is told before anything is written, and what is written can be read again."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from pictures import commit_labels, write_image
from terminals import Desk

import datalabel

SPEC = "project_name: pets\ndata_spec: {cat: {box: }}\ncheck: {ignore: [B, I]}\n"
LABELS = {"a.png": [("cat", 1.0, 2.0, 0.0, 0.0), ("dog", 60.0, 20.0, 10.0, 8.0)], "b.png": []}


@pytest.fixture
def project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    with datalabel.init(tmp_path) as repo:
        commit_labels(repo, LABELS, SPEC)
    return Desk(tmp_path, capsys)


def everything(folder: Path) -> dict[str, bytes]:
    """All files of a project but for caches, which a refused command may fill."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "cache.db" not in path.name and "measures" not in path.parts
    }


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("check --fix --unsafe-fixes --fail-on eror", "--fail-on takes"),
        ("check --fix --unsafe-fixes --sets a a", "not with itself"),
        ("check labels.json --html p.html", "--html draws the images of a project"),
        ("check --html p.html --format sarif", "--format takes text, json, jsonl"),
        ("report --html r.html --format markdown", "--format takes text, json, jsonl"),
        ("check --baseline b.json --write-baseline --format junit", "--format takes text, json, jsonl"),
        ("check accept S101 a.png --because x --format sarif", "--format takes text, json, jsonl"),
        ("check --list --format github", "--format takes text, json, jsonl"),
    ],
)
def test_a_faulty_line_changes_nothing(project: Desk, line: str, said: str) -> None:
    before = everything(project.folder)
    done = project.dlabel(*line.split())
    assert done.status == 2
    assert said in done.err
    assert everything(project.folder) == before


@pytest.mark.parametrize(
    "line",
    [
        "report --html {}/r.html", "check --html {}/r.html", "diff --html {}/r.html", "log -o {}/r.html",
        "export HEAD -f coco -o {}/r.html", "check --baseline {}/r.html --write-baseline", "spec new -o {}/r.html",
    ],
)  # fmt: skip
@pytest.mark.parametrize("own", [".dlabel", ".git"])
def test_nothing_is_written_among_what_dlabel_and_git_keep(project: Desk, line: str, own: str) -> None:
    (project.folder / own).mkdir(exist_ok=True)
    done = project.dlabel(*line.format(own).split())
    assert "lies in a folder of dlabel or git" in done.err
    assert not (project.folder / own / "r.html").exists()


def test_a_reason_that_is_no_unicode_and_an_empty_label_are_refused(project: Desk) -> None:
    bad = os.fsdecode(b"b\xff") if sys.platform != "darwin" else "b\udcff"
    assert "needs a reason" in project.dlabel("check", "accept", "S101", "a.png", "--because", bad).err
    assert "label is empty" in project.dlabel("check", "accept", "S101", "a.png", "", "--because", "so").err
    assert not (project.folder / "dlabel.accepted.yaml").exists()


def test_acceptances_are_written_one_after_the_other(project: Desk) -> None:
    repo = datalabel.open(project.folder)
    with repo.project.writing("another command"):
        done = project.dlabel("check", "accept", "S101", "a.png", "--because", "so", "--wait", "0")
    assert done.status == 5
    assert "another command" in done.err


def test_each_of_several_faults_has_its_own_hint(project: Desk) -> None:
    done = project.dlabel("diff", "--", "a.pngg", "b.pngg")
    assert done.err.count("error:") == done.err.count("hint:") == 2


@pytest.mark.parametrize(
    "line",
    ["export HEAD -f coco -o out --set typo", "snapshot create s --set typo", "check --sets typo other"],
)
def test_a_set_that_is_not_there_is_told_where_there_is_none_at_all(
    tmp_path: Path, desk: Desk, line: str
) -> None:
    write_image(desk.folder / "a.png")
    desk.well("init", "add a.png", "commit -m one")
    done = desk.dlabel(*line.split())
    assert done.status == 3
    assert "there is no label set 'typo'" in done.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["add", "labels.json", "--as", ""], "--as NAME takes"),
        (["snapshot", "create", "s\n"], "cannot name a snapshot"),
    ],
)
def test_names_that_are_none(project: Desk, arguments: list[str], said: str) -> None:
    done = project.dlabel(*arguments)
    assert done.status == 2
    assert said in done.err


def test_a_project_that_cannot_be_made_leaves_no_folder(desk: Desk) -> None:
    (desk.folder / "bad.yaml").write_text("data_spec: {cat: {bax: }}\n")
    assert desk.dlabel("init", "new", "--spec", "bad.yaml").status == 3
    assert not (desk.folder / "new").exists()


def test_settings_are_told_in_their_order(project: Desk) -> None:
    (project.folder / ".dlabel" / "config.yaml").write_text("c: 1\na: 1\nb: 1\n")
    done = project.dlabel("status")
    assert [line.split("'")[1] for line in done.err.splitlines() if "unknown setting" in line] == [
        "c",
        "a",
        "b",
    ]


def test_a_sample_knows_its_split_whichever_is_asked_for(project: Desk) -> None:
    assert project.dlabel("snapshot", "create", "s", "--split", "train=0.5,val=0.5").status == 0
    snapshot = datalabel.open(project.folder).snapshot("s")
    asked = {sample.key: name for name in snapshot.splits for sample in snapshot.samples(name)}
    assert {sample.key: sample.split for sample in snapshot.samples()} == asked
    assert set(asked) == set(LABELS)
    assert json.loads(project.dlabel("snapshot", "show", "s", "--json").out)
