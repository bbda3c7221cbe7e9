"""`check` as it is typed: formats, exit statuses, accepting, repairing, and how wrong input is refused."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path

import pytest
from pictures import write_coco, write_image
from terminals import Desk, Terminal

import datalabel
from datalabel.check.registry import RULES

SPEC = "project_name: pets\ndata_spec: {cat: {box: }}\ncheck: {ignore: [B, I]}\n"
LABELS = {"a.png": [("cat", 1.0, 2.0, 10.0, 10.0), ("dog", 60.0, 20.0, 10.0, 8.0)]}


def write_files(folder: Path) -> Terminal:
    """Label files and a spec, as in a git clone: an unknown class (S101) whose box reaches out (G104)."""
    write_coco(folder / "labels" / "coco.json", LABELS)
    (folder / "dlabel.yaml").write_text(SPEC)
    return Terminal(folder)


def make_project(folder: Path) -> Terminal:
    """The same as a project, committed."""
    write_files(folder)
    write_image(folder / "a.png")
    with datalabel.init(folder) as repo:
        repo.add(".")
        repo.commit("first")
    return Terminal(folder)


@pytest.fixture
def files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Desk(write_files(tmp_path).folder, capsys)


@pytest.fixture
def project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Desk(make_project(tmp_path).folder, capsys)


@pytest.fixture
def empty(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Desk(tmp_path, capsys)


def codes(text: str) -> list[str]:
    return [one["code"] for one in json.loads(text)["findings"]]


# Formats


def test_every_format_goes_to_the_screen_or_a_file(files: Terminal) -> None:
    sarif = json.loads(files.dlabel("check", "labels", "--format", "sarif").out)
    places = [
        one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        for one in sarif["runs"][0]["results"]
    ]
    assert places == ["labels/coco.json"] * 2
    junit = files.dlabel("check", "labels", "--format", "junit", "-o", "junit.xml")
    assert (junit.out, junit.status) == ("", 1)
    suites = ET.parse(files.folder / "junit.xml").getroot()  # noqa: S314
    assert (suites.get("failures"), len(suites.findall(".//skipped"))) == ("1", 1)
    github = files.dlabel("check", "labels", "--format", "github").out.splitlines()
    assert [line.partition(",")[0] for line in github] == [
        "::error file=labels/coco.json",
        "::warning file=labels/coco.json",
        "dlabel check: 2 findings",
    ]
    markdown = files.dlabel("check", "labels", "--format", "markdown").out
    assert markdown.startswith("## dlabel check: 1 error, 1 warning\n")
    lines = files.dlabel("check", "labels", "--format", "jsonl").out.splitlines()
    assert [json.loads(line)["code"] for line in lines] == ["G104", "S101"]
    assert files.dlabel("check", "labels", "--format", "csv").status == 2


def test_names_from_data_stay_data_in_every_format(empty: Terminal) -> None:
    evil = "x\n::error::forged <img src=x onerror=alert(1)> [l](https://evil.example) @team | ``` "
    write_coco(empty.folder / "evil.json", {f"{evil}.png": [(evil, 60, 20, 10, 8)]})
    done = {
        name: empty.dlabel("check", "evil.json", "--format", name).out
        for name in ("text", "sarif", "junit", "github", "markdown")
    }
    assert all("\n::error::forged" not in text for text in done.values())
    assert "<img" not in done["markdown"].replace("\\<img", "")
    assert "[l](" not in done["markdown"].replace("\\[l\\](", "")
    ET.fromstring(done["junit"])  # noqa: S314
    json.loads(done["sarif"])


def test_no_line_of_the_text_begins_like_a_workflow_command(empty: Terminal) -> None:
    """GitHub obeys such a line wherever it comes from, white space before it or not."""
    write_coco(empty.folder / "evil.json", {"::error::forged.png": [("cat", 60, 20, 10, 8)]})
    lines = empty.dlabel("check", "evil.json").out.splitlines()
    assert "./::error::forged.png label" in lines[1]
    assert not [line for line in lines if line.lstrip().startswith("::")]


def test_without_a_project_labels_are_named_by_their_numbers_as_well(
    files: Terminal, project: Terminal
) -> None:
    (first, second) = json.loads(files.dlabel("check", "labels", "--json").out)["findings"]
    assert (first["number"], second["number"]) == ("2", "2")
    for name in ("text", "junit", "github", "markdown", "sarif"):
        assert f"label {first['label']} (number 2)" in files.dlabel("check", "labels", "--format", name).out
    assert {one["number"] for one in json.loads(project.dlabel("check", "--json").out)["findings"]} == {None}


def test_a_baseline_among_the_label_files_is_no_label_file(files: Terminal) -> None:
    known = ("--baseline", "labels/b.json")
    named = ("labels/b.json", "labels/coco.json")
    files.dlabel("check", "labels", *known, "--write-baseline")
    assert files.dlabel("check", *named, *known).status == 0
    assert files.dlabel("check", *named, *known, "--write-baseline").status == 0


def test_statistics_count_by_rule(files: Terminal) -> None:
    done = files.dlabel("check", "labels", "--statistics", "--select", "G104,S101")
    assert done.out.splitlines() == [
        "severity  code  rule            findings  items",
        "error     S101  unknown-class          1      1",
        "warning   G104  partly-outside         1      1",
        "",
        "Checked 2 labels on 1 item at labels: 1 error, 1 warning",
    ]


def test_rules_are_listed_and_explained(empty: Terminal) -> None:
    listed = empty.dlabel("check", "--list").out
    assert re.findall(r"^([A-Z]\d+) ", listed, re.MULTILINE) == list(RULES)
    one = empty.dlabel("check", "--explain", "g104").out
    assert one.startswith("warning G104 partly-outside\n  A label that reaches beyond")
    assert one.endswith("  Repair: clipped to the image (--fix)\n")
    told = json.loads(empty.dlabel("check", "--explain", "G101,G104", "--json").out)
    assert [rule["code"] for rule in told] == ["G101", "G104"]
    wrong = empty.dlabel("check", "--explain", "G1044")
    assert (wrong.status, "G104" in wrong.err) == (2, True)


# What fails


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        ([], 1),
        (["--fail-on", "never"], 0),
        (["--ignore", "S1"], 0),
        (["--ignore", "S1", "--fail-on", "warning"], 1),
        (["--severity", "S=warning"], 0),
        (["--select", "G104", "--severity", "G104=error"], 1),
    ],
)
def test_the_exit_status_follows_severity_and_selection(
    project: Terminal, arguments: Sequence[str], status: int
) -> None:
    assert project.dlabel("check", "labels", *arguments).status == status


def test_the_spec_selects_and_the_command_line_overrides_it(files: Terminal) -> None:
    (files.folder / "dlabel.yaml").write_text(
        "data_spec: {cat: {box: }}\ncheck: {ignore: [S101, B, I], severity: {G104: error}}\n"
    )
    assert files.dlabel("check", "labels").out.startswith("error G104")
    assert codes(files.dlabel("check", "labels", "--select", "S", "--json").out) == []
    assert codes(files.dlabel("check", "labels", "--select", "S101", "--json").out) == ["S101"]
    assert files.dlabel("check", "labels", "--severity", "G=info").status == 0


# Baseline, acceptances


def test_label_files_alone_have_baselines_and_acceptances_as_well(project: Terminal) -> None:
    select = ("--select", "G104,S101")
    written = project.dlabel("check", "labels", *select, "--baseline", "b.json", "--write-baseline")
    assert written.out == "2 findings in the baseline → b.json\n"
    done = project.dlabel("check", "labels", *select, "--baseline", "b.json")
    assert done.out == "Checked 2 labels on 1 item at labels: nothing found (2 in the baseline)\n"
    for name in ("github", "markdown"):
        said = project.dlabel("check", "labels", *select, "--baseline", "b.json", "--format", name).out
        assert "(2 in the baseline)" in said
    accepted = project.dlabel("check", "accept", "S101", "a.png", "--because", "a dog is a cat here")
    assert accepted.out.startswith("Accepted S101 a.png label ")
    shifted = write_coco(project.folder / "copy" / "coco.json", LABELS, first=100)
    alone = project.dlabel("check", str(shifted), *select, "--json")
    assert codes(alone.out) == ["G104"]
    assert json.loads(alone.out)["accepted"] == 1
    stale = project.dlabel("check", "labels", "--select", "S101", "--baseline", "b.json").out
    assert "1 finding of the baseline no longer occurs: S101 a.png" in stale


def test_a_baseline_of_label_files_is_none_of_revisions_and_the_other_way_round(project: Terminal) -> None:
    kinds = {"files": ["labels"], "revisions": ["HEAD"]}
    for name, targets in kinds.items():
        known = ["--baseline", f"{name}.json"]
        assert project.dlabel("check", *targets, *known, "--write-baseline").status == 0
        assert project.dlabel("check", *targets, *known).status == 0
    for name, other in (("files", "HEAD"), ("revisions", "labels")):
        for more in ([], ["--write-baseline"]):
            done = project.dlabel("check", other, "--baseline", f"{name}.json", *more)
            assert (done.status, done.out) == (3, "")
            assert f"{name}.json: is a baseline of " in done.err
            assert "keep one for each" in done.err


def test_new_numbers_of_an_export_make_no_finding_new(files: Terminal) -> None:
    files.dlabel("check", "labels", "--baseline", "b.json", "--write-baseline")
    write_coco(files.folder / "labels" / "coco.json", LABELS, first=500)
    done = files.dlabel("check", "labels", "--baseline", "b.json", "--json")
    assert (codes(done.out), json.loads(done.out)["stale"], done.status) == ([], [], 0)


def test_an_item_is_named_from_where_the_command_is_typed(project: Terminal) -> None:
    (project.folder / "deep").mkdir()
    done = Terminal(project.folder / "deep").dlabel(
        "check", "accept", "S101", "../a.png", "--because", "x", "--json"
    )
    assert [one["item"] for one in json.loads(done.out)["accepted"]] == ["a.png"]
    assert (project.folder / "dlabel.accepted.yaml").exists()


# Repairs


def test_fixing_says_what_it_did_and_then_checks(project: Terminal) -> None:
    would = project.dlabel("check", "--fix", "--dry-run")
    assert would.out.startswith("Would fix G104 partly-outside  1: clipped to the image\n  a.png label ")
    assert would.status == 0
    done = project.dlabel("check", "--fix", "--select", "G104,S101")
    assert done.out.startswith("Fixed G104 partly-outside  1: clipped to the image\n")
    assert "error S101 unknown-class  1\n" in done.out
    assert done.status == 1
    assert "geometry IoU 0.40" in project.dlabel("diff").out
    again = json.loads(project.dlabel("check", "--fix", "--json").out)
    assert again["fixed"] == []


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["--since", "HEAD", "labels"], 2, "--baseline FILE"),
        (["--fix", "labels"], 2, "--fix changes staging"),
        (["--fix", "HEAD"], 2, "--fix changes staging"),
        (["--dry-run"], 2, "--dry-run goes with --fix"),
        (["--because", "x"], 2, "check accept CODE ITEM"),
        (["accept", "S101"], 2, "accept takes a code, an item"),
        (["accept", "S101", "a.png"], 2, "--because"),
        (["accept", "S1011", "a.png", "--because", "x"], 2, "did you mean S111?"),
        (["accept", "S101", "b.png", "--because", "x"], 3, "b.png: S101 finds nothing there"),
        (["--write-baseline"], 2, "--baseline FILE --write-baseline"),
        (["--baseline", "nowhere.json"], 3, "no such file"),
        (["--baseline", "labels/coco.json"], 3, "is no baseline"),
        (["--baseline", "b.json", "--write-baseline", "--since", "HEAD"], 2, "what a change brought"),
        (["--baseline", "labels/coco.json", "--write-baseline"], 3, "is no baseline"),
        (["--severity", "G104"], 2, "CODE=error"),
        (["--severity", "Q=error"], 2, "no rule has the code 'Q'"),
        (["--fail-on", "warnings"], 2, "did you mean warning?"),
        (["--since", "nowhere"], 3, "nowhere"),
        (["labels", "nowhere.json"], 3, "nowhere.json: no such file"),
        (["HEAD", "STAGED"], 2, "one revision"),
    ],
)
def test_wrong_input_is_refused_in_words(
    project: Terminal, arguments: Sequence[str], status: int, words: str
) -> None:
    done = project.dlabel("check", *arguments)
    assert (done.status, words in done.err) == (status, True), done.err
    assert not (project.folder / "dlabel.accepted.yaml").exists()
    assert "Traceback" not in done.err


def test_without_a_project_or_files_it_says_both_ways_out(empty: Terminal) -> None:
    done = empty.dlabel("check")
    assert (done.status, "dlabel check labels.json" in done.err) == (4, True)
    done = empty.dlabel("check", "HEAD")
    assert done.status == 3
    assert "HEAD: no such file or folder, and no project whose revision it could be" in done.err
    assert done.err.endswith("hint: dlabel init, or name label files: dlabel check labels.json\n")


def test_published_labels_pass_the_gate_once_their_faults_are_known(
    empty: Terminal, shared_data: Path
) -> None:
    labels = str(shared_data / "bccd" / "BCCD" / "Annotations")
    done = empty.dlabel("check", labels, "--select", "G", "--format", "github")
    assert done.status == 1
    assert [line[:7] for line in done.out.splitlines()] == ["::error", "::error", "dlabel "]
    empty.dlabel("check", labels, "--select", "G", "--baseline", "b.json", "--write-baseline")
    assert empty.dlabel("check", labels, "--select", "G", "--baseline", "b.json").status == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--list", "--fix"], "--list and --fix exclude each other"),
        (
            ["--baseline", "b.json", "--write-baseline", "--fix"],
            "--write-baseline and --fix exclude each other",
        ),
        (["--fix", "--since", "HEAD"], "without --since and --baseline"),
        (["--unsafe-fixes", "--baseline", "b.json"], "without --since and --baseline"),
        (["HEAD", "--spec", "dlabel.yaml"], "--spec goes with label files"),
        (["--labels", "coco"], "--labels goes with label files"),
    ],
)
def test_no_option_is_passed_over(tmp_path: Path, arguments: list[str], said: str) -> None:
    done = make_project(tmp_path).dlabel("check", *arguments)
    assert (done.status, done.out) == (2, "")
    assert said in done.err


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("{ignore: [ZZ9]}", "check.ignore: no rule has the code 'ZZ9'"),
        ("{severity: {Q1: error}}", "check.severity"),
    ],
)
def test_a_spec_that_ignores_no_rule_is_told(files: Terminal, settings: str, said: str) -> None:
    spec = f"project_name: pets\ndata_spec: {{cat: {{box: }}}}\ncheck: {settings}\n"
    (files.folder / "dlabel.yaml").write_text(spec)
    for command in (["check", "labels"], ["spec", "check"]):
        done = files.dlabel(*command)
        assert (done.status, done.out) == (3, "")
        assert said in done.err
        assert "hint: " in done.err
