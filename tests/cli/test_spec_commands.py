"""`spec diff`, `spec migrate`, `spec list` and `spec infer` as they are typed, and how wrong input is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from pictures import commit_labels
from terminals import Desk, Terminal

import datalabel

OLD = "project_name: pets\ndata_spec: {bad: {box: {color: red}}, good: {box: }, smudge: {box: }}\n"
NEW = "project_name: pets\ndata_spec: {rotten: {box: }, good: {box: {color: green, conditions: {min_width: 8}}}}\n"
MAP = "steps:\n  - rename: {bad: rotten}\n  - delete: smudge\n"


@pytest.fixture
def changed(desk: Desk) -> Terminal:
    """A commit under the old spec; `dlabel.yaml` is the new one."""
    folder = desk.folder
    boxes = [("bad", 1, 2, 10, 10), ("good", 20, 20, 6, 8), ("bad", 40, 2, 9, 9), ("smudge", 1, 30, 5, 5)]
    with datalabel.init(folder) as repo:
        commit_labels(repo, {"images/a.jpg": boxes}, OLD)
    (folder / "dlabel.yaml").write_text(NEW)
    (folder / "map.yaml").write_text(MAP)
    return desk


def plain(text: str, folder: Path) -> str:
    """Output without ids and the folder."""
    return re.sub(r"\b[0-9a-f]{16}\b", "<id>", text.replace(str(folder), "<folder>"))


def test_a_session(changed: Terminal) -> None:
    transcript = []
    for arguments in (
        ["spec", "diff"],
        ["spec", "migrate", "map.yaml", "--dry-run"],
        ["spec", "migrate", "map.yaml"],
        ["spec", "diff"],
        ["add", "labels.json"],
        ["spec", "diff", "HEAD", "STAGED", "--at", "HEAD", "--exit-code", "-q"],
    ):
        done = changed.dlabel(*arguments)
        transcript.append(f"$ dlabel {' '.join(arguments)}\n{done.out}{done.err}[{done.status}]")
    assert plain("\n".join(transcript), changed.folder) == SESSION


SESSION = """\
$ dlabel spec diff
breaking  what is counted becomes invalid
  - data_spec.bad  box  2 labels
  - data_spec.smudge  box  1 label
narrowing  some of what is counted may become invalid, or mean something else
  + data_spec.good.box.conditions.min_width  8  1 label
compatible  what was valid stays valid
  + data_spec.good.box.color  #008000  1 label
  + data_spec.rotten  box  0 labels

5 changes: 2 breaking, 1 narrowing, 2 compatible
At STAGED 4 labels would no longer be valid  (dlabel spec migrate changes labels with the spec)
[0]
$ dlabel spec migrate map.yaml --dry-run
Nothing was done; this would be:
1. rename bad → rotten  2 labels
     images/a.jpg <id>  bad → rotten
     images/a.jpg <id>  bad → rotten
2. delete smudge  1 label
     images/a.jpg <id>  smudge box deleted

Would stage 3 labels on 1 image, and the spec
Valid before, and not under the spec afterwards: 1 label  (dlabel check --select S)
[0]
$ dlabel spec migrate map.yaml
1. rename bad → rotten  2 labels
     images/a.jpg <id>  bad → rotten
     images/a.jpg <id>  bad → rotten
2. delete smudge  1 label
     images/a.jpg <id>  smudge box deleted

Staged 3 labels on 1 image, and the spec  (dlabel diff shows it, dlabel commit records it)
Label files keep the old words: dlabel restore FILE writes one in the new ones.
Valid before, and not under the spec afterwards: 1 label  (dlabel check --select S)
[0]
$ dlabel spec diff
breaking  what is counted becomes invalid
  - data_spec.bad  box  0 labels
  - data_spec.smudge  box  0 labels
narrowing  some of what is counted may become invalid, or mean something else
  + data_spec.good.box.conditions.min_width  8  1 label
compatible  what was valid stays valid
  + data_spec.good.box.color  #008000  1 label
  + data_spec.rotten  box  2 labels

5 changes: 2 breaking, 1 narrowing, 2 compatible
At STAGED 1 label would no longer be valid  (dlabel spec migrate changes labels with the spec)
[0]
$ dlabel add labels.json
Nothing new: everything is staged as it is.
[0]
$ dlabel spec diff HEAD STAGED --at HEAD --exit-code -q
[1]"""


def test_json(changed: Terminal) -> None:
    found = json.loads(changed.dlabel("spec", "diff", "--json").out)
    assert found["changes"][0] == {
        "path": "data_spec.bad",
        "change": "removed",
        "effect": "breaking",
        "before": ["box"],
        "after": None,
        "labels": 2,
        "images": None,
    }
    assert found["counts"] == {"breaking": 2, "narrowing": 1, "compatible": 2}
    assert found["newly_invalid"] == {"labels": 4, "images": 0}
    assert (found["from"], found["to"], found["at"]) == ("HEAD", "dlabel.yaml", "STAGED")
    done = json.loads(changed.dlabel("spec", "migrate", "map.yaml", "--dry-run", "--json").out)
    assert [(step["step"], step["labels"]) for step in done["steps"]] == [
        ("rename bad → rotten", 2),
        ("delete smudge", 1),
    ]
    assert done["steps"][0]["samples"][0]["after"]["class"] == "rotten"
    assert (done["labels"], done["images"], done["left"], done["dry_run"]) == (3, 1, {}, True)


def test_left_over_labels_stop_a_migration(changed: Terminal) -> None:
    (changed.folder / "map.yaml").write_text("steps: [{rename: {bad: rotten}}]")
    tried = changed.dlabel("spec", "migrate", "map.yaml", "--dry-run")
    assert tried.status == 1
    assert "left over: 1 label: class smudge is not in the spec" in tried.out
    refused = changed.dlabel("spec", "migrate", "map.yaml")
    assert (refused.status, refused.out) == (3, "")
    assert "error: 1 label: class smudge is not in the spec\nhint: say in the map" in refused.err
    done = changed.dlabel("spec", "migrate", "map.yaml", "--allow-unmapped")
    assert done.status == 0
    assert "Staged 2 labels on 1 image, and the spec" in done.out


@pytest.mark.parametrize(
    ("arguments", "words", "status"),
    [
        (["diff", "nope"], "'nope' is no file and no template, and no revision is called 'nope'", 3),
        (["diff", "detection/bok"], "did you mean 'detection/box'?", 3),
        (["diff", "nope.yaml"], "there is no nope.yaml here", 3),
        (["diff", "HEAD", "STAGED", "--at", "HAED"], "did you mean 'HEAD'?", 3),
        (["diff", "../nowhere#HEAD"], "there is no dlabel project at", 3),
        (["diff", ".#HAED"], "did you mean 'HEAD'?", 3),
        (["migrate"], "Missing argument 'MAP.yaml'", 2),
        (["migrate", "nope.yaml"], "nope.yaml: no such file", 3),
        (["migrate", "."], "is no file", 3),
        (["migrate", "images/a.jpg"], "is not UTF-8", 3),
        (["migrate", "dlabel.yaml"], "unknown key 'data_spec'", 3),
        (["show", "zzz"], "'zzz' is no file and no template", 3),
    ],
)
def test_wrong_input(changed: Terminal, arguments: Sequence[str], words: str, status: int) -> None:
    done = changed.dlabel("spec", *arguments)
    assert words in done.err
    assert (done.status, done.out) == (status, "")


def test_outside_a_project_specs_are_compared_and_nothing_is_counted(desk: Desk) -> None:
    (desk.folder / "a.yaml").write_text(OLD)
    (desk.folder / "b.yaml").write_text(NEW)
    done = desk.dlabel("spec", "diff", "a.yaml", "b.yaml")
    assert done.status == 0
    assert "  - data_spec.bad  box\n" in done.out
    assert "valid" not in done.out.splitlines()[-1]
    assert json.loads(desk.dlabel("spec", "diff", "a.yaml", "b.yaml", "--json").out)["newly_invalid"] is None
    same = desk.dlabel("spec", "diff", "detection/box", "detection/polygon")
    assert same.out.endswith("Neither names a class; `defaults` show on classes that take them.\n")
    counted = desk.dlabel("spec", "diff", "a.yaml", "b.yaml", "--at", "HEAD")
    assert (counted.status, "no dlabel project here" in counted.err) == (4, True)


def test_the_list_says_where_everything_comes_from(changed: Terminal) -> None:
    mine = changed.folder.parent / "mine"
    mine.mkdir()
    (mine / "base.yaml").write_text("extends: detection/box\n")
    (mine / "dlabel.yaml").write_text('extends: [./base.yaml, "../work#HEAD"]\n')
    done = changed.dlabel("-C", str(mine), "spec", "list")
    shown = plain(done.out, changed.folder.parent).partition("\ndlabel.yaml extends\n")[2].splitlines()
    assert shown[0] == "  ./base.yaml    file     <folder>/mine/base.yaml"
    assert re.fullmatch(r"  detection/box  shipped  /.+/detection/box\.yaml", shown[1])
    assert shown[2:] == ["  ../work#HEAD   project  <folder>/work"]
    listed = json.loads(changed.dlabel("-C", str(mine), "spec", "list", "--json").out)
    extended = {one["name"]: one["origin"] for one in listed if one["extended"]}
    assert extended == {"detection/box": "shipped", "./base.yaml": "file", "../work#HEAD": "project"}
    shown = json.loads(changed.dlabel("-C", str(mine), "spec", "show", "--json").out)
    assert sorted(shown["classes"]) == ["bad", "good", "smudge"]


def test_names_from_files_cannot_write_to_the_terminal(changed: Terminal) -> None:
    (changed.folder / "map.yaml").write_text('steps: [{rename: {"bad\\e[31m": "rot\\nten"}}]')
    (changed.folder / "dlabel.yaml").write_text('data_spec: {"rot\\nten": , bad: , good: , smudge: }')
    for arguments in (["spec", "migrate", "map.yaml", "--dry-run"], ["spec", "diff"]):
        done = changed.dlabel(*arguments)
        assert done.status == 0
        assert "\x1b" not in done.out
        assert "rot\\nten" in done.out


def test_an_inferred_spec_keeps_what_labels_do_not_tell(changed: Terminal) -> None:
    spec = changed.folder / "dlabel.yaml"
    spec.write_text("# yaml-language-server: $schema=x.json\n" + OLD + "check:\n  ignore: [B1]  # small\n")
    refused = changed.dlabel("spec", "infer", "--write")
    assert refused.status == 3
    assert "not staged" in refused.err
    changed.dlabel("add", "dlabel.yaml")
    written = json.loads(changed.dlabel("spec", "infer", "--write", "--json").out)
    assert written["spec"] == spec.read_text()
    assert spec.read_text().startswith("# yaml-language-server: $schema=x.json\n# Inferred from 4 labels")
    assert spec.read_text().endswith("\ncheck:\n  ignore: [B1]  # small\n")
    changed.dlabel("add", "dlabel.yaml")
    assert json.loads(changed.dlabel("check", "STAGED", "--select", "S", "--json").out)["findings"] == []
    before = spec.read_text()
    assert changed.dlabel("spec", "infer", "--write").status == 0
    assert spec.read_text() == before


def test_a_spec_in_braces_is_not_taken_apart(changed: Terminal) -> None:
    (changed.folder / "dlabel.yaml").write_text('{"project_name": "pets", "check": {"ignore": ["B1"]}}')
    changed.dlabel("add", "dlabel.yaml")
    before = (changed.folder / "dlabel.yaml").read_bytes()
    done = changed.dlabel("spec", "infer", "--write")
    assert done.status == 3
    assert "dlabel.yaml:1: has 'check' in braces" in done.err
    assert (changed.folder / "dlabel.yaml").read_bytes() == before


def test_a_spec_that_is_no_utf_8_is_not_written_over(changed: Terminal) -> None:
    spec = changed.folder / "dlabel.yaml"
    spec.write_bytes(b"project_name: pets\ncheck: {}  # caf\xe9\n")
    done = changed.dlabel("spec", "infer", "--write", "--force")
    assert (done.status, "dlabel.yaml: is not UTF-8" in done.err) == (3, True)
    assert spec.read_bytes().endswith(b"caf\xe9\n")


def test_a_spec_to_begin_with_that_is_no_utf_8(desk: Desk) -> None:
    (desk.folder / "latin.yaml").write_bytes(b"project_name: caf\xe9\ndata_spec: {}\n")
    done = desk.dlabel("init", "--spec", "latin.yaml")
    assert (done.status, "latin.yaml: is not UTF-8 (byte 17)" in done.err) == (3, True)
    assert not (desk.folder / ".dlabel").exists()


def test_a_rule_that_there_is_not_is_refused_wherever_a_spec_comes_in(changed: Terminal) -> None:
    spec = changed.folder / "dlabel.yaml"
    before = changed.dlabel("diff", "--json").out
    spec.write_text(spec.read_text() + "check: {ignore: [X999]}\n")
    commands = ["spec check", "add dlabel.yaml", "add", "commit -a -m x", "spec migrate map.yaml"]
    for command in commands:
        done = changed.dlabel(*command.split())
        assert (done.status, done.out) == (3, "")
        assert done.err.startswith("error: dlabel.yaml: check.ignore: no rule has the code 'X999'\n")
    assert changed.dlabel("diff", "--json").out == before
    spec.write_text(spec.read_text().replace("ignore: [X999]", "severity: {G10: info}"))
    assert changed.dlabel("add").status == 0
