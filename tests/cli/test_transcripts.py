"""Whole commands as typed: standard output, standard error, exit status."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest
from pictures import write_coco
from terminals import Desk, Terminal

from datalabel.cli.commands import COMMANDS


def plain(text: str) -> str:
    """Output without what differs from run to run: commit ids, times, authors, the folder."""
    text = re.sub(r"\b[0-9a-f]{64}\b", "<commit>", text)
    text = re.sub(r"\b[0-9a-f]{12}\b", "<id>", text)
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:]+Z", "<time>", text)
    text = re.sub(r"(?m)^Author: .*$", "Author: <who>", text)
    return re.sub(r"in /\S+", "in <folder>", text)


def test_a_session(started: Terminal) -> None:
    transcript, typed = [], Terminal(started.folder)
    for arguments in (
        ["status"],
        ["add", "images", "labels.json"],
        ["status"],
        ["commit", "-m", "first"],
        ["status"],
        ["log", "--stat"],
        ["check"],
        ["stats"],
    ):
        done = typed.dlabel(*arguments)
        transcript.append(f"$ dlabel {' '.join(arguments)}\n{done.out}{done.err}[{done.status}]")
    assert plain("\n".join(transcript)) == SESSION


SESSION = """\
$ dlabel status
On branch main at no commit yet

Staged  (dlabel diff shows it, commit records it, restore --staged takes it back)
  dlabel.yaml

Untracked  (dlabel add PATH)
  images/
  labels.json
[0]
$ dlabel add images labels.json
2 images added
labels.json: 3 labels (coco), 2 items changed
  not in dlabel.yaml: cat, dog
[0]
$ dlabel status
On branch main at no commit yet

Staged  (dlabel diff shows it, commit records it, restore --staged takes it back)
  items         +2 added
  ground_truth  +3 added
  dlabel.yaml
[0]
$ dlabel commit -m first
error G101 zero-size  1
  images/a.jpg label 0455e58328e70cd8: box of class "dog" has zero width (at 20, 20)
[main <id>] first
  items         2 added
  ground_truth  +3 added
  spec          1 change
[0]
$ dlabel status
On branch main at <id>
Nothing to commit, working tree clean.
[0]
$ dlabel log --stat
commit <commit>  (main)
Author: <who>
Date:   <time>

    first

  items         2 added
  ground_truth  +3 added
  spec          1 change
[0]
$ dlabel check
error G101 zero-size  1
  images/a.jpg label 0455e58328e70cd8: box of class "dog" has zero width (at 20, 20)

Checked 3 labels on 2 items at STAGED: 1 error
[1]
$ dlabel stats
2 items at STAGED  jpeg 2  1.4 kB
  sizes       64×48 (2)

ground_truth  3 labels on 2 items
  class  kind  labels   share  items
  cat    box        2  66.7 %      2  ██████████████████████████████████████████
  dog    box        1  33.3 %      1  █████████████████████

               min   5 %  median  mean  95 %  max
  labels/item    1  1.05    1.50  1.50  1.95    2
  width px       0     1      10    10    19   20
  height px      8  8.20      10  12.7    19   20
  aspect         0  0.10       1  0.67     1    1
  COCO sizes  small 3 (100 %)  medium 0 (0 %)  large 0 (0 %)
  at the edge 1 label (33.3 %): left 1, top 0, right 0, bottom 0
  together    cat + dog on 1 item
[0]"""


def test_the_difference_by_object(started: Terminal) -> None:
    started.dlabel("add", "images", "labels.json")
    started.dlabel("commit", "-m", "first")
    write_coco(
        started.folder / "labels.json",
        {
            "images/a.jpg": [("cat", 3, 2, 10, 10)],
            "images/b.jpg": [("dog", 5, 5, 20, 20), ("cat", 40, 30, 9, 9)],
        },
        first=70,
    )
    stale = started.dlabel("diff")
    assert stale.out.startswith("No difference between HEAD and STAGED.\nChanged and not added: labels.json")
    started.dlabel("add")
    done = started.dlabel("diff", "--exit-code")
    assert done.status == 1
    assert re.sub(r"[0-9a-f]{16}", "<label>", done.out) == DIFFERENCE
    document = json.loads(started.dlabel("diff", "--json").out)
    assert document["summary"]["ground_truth"] == {
        "added": 1, "removed": 1, "changed": 2, "by_field": {"class": 1, "geometry": 1},
    }  # fmt: skip
    assert [change["change"] for change in document["labels"]] == ["removed", "changed", "changed", "added"]
    assert started.dlabel("diff", "HEAD", "HEAD", "--exit-code").status == 0
    narrowed = json.loads(started.dlabel("diff", "HEAD", "STAGED", "--json", "--", "images/b*").out)
    assert {change["item"] for change in narrowed["labels"]} == {"images/b.jpg"}
    lines = started.dlabel("diff", "--format", "jsonl").out.splitlines()
    assert [json.loads(line)["change"] for line in lines] == ["removed", "changed", "changed", "added"]


DIFFERENCE = """\
ground_truth
  images/a.jpg
    - <label>  dog box [20, 20, 0, 8]
    ~ <label>  cat box [3, 2, 10, 10]
                        geometry IoU 0.67 moved 2, 0
  images/b.jpg
    ~ <label>  dog box [5, 5, 20, 20]
                        class cat → dog
    + <label>  cat box [40, 30, 9, 9]

  ground_truth  +1 added  -1 removed  ~2 changed  (class 1, geometry 1)
"""


@pytest.mark.parametrize(
    "command", ["status", "log", "diff", "show", "check", "stats", "spec list", "spec show", "spec schema"]
)
def test_every_result_is_one_json_document(started: Terminal, command: str) -> None:
    started.dlabel("add", "images", "labels.json")
    started.dlabel("commit", "-m", "first")
    done = started.dlabel(*command.split(), "--json")
    assert json.loads(done.out) is not None
    assert done.err == ""


def test_status_has_the_promised_shape(started: Terminal) -> None:
    started.dlabel("add", "images")
    found = json.loads(started.dlabel("status", "--json").out)
    assert (
        found.items()
        >= {
            "branch": "main",
            "head": None,
            "spec": {"path": "dlabel.yaml", "changed": False, "change": None, "staged": True},
            "staged": {"items": {"added": 2, "removed": 0, "changed": 0}, "sets": {}},
            "unstaged": [],
            "untracked": ["labels.json"],
            "clean": False,
        }.items()
    )


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["frobnicate"], 2, "no command is called 'frobnicate'"),
        (["statu"], 2, "did you mean status?"),
        (["status", "--bogus"], 2, "No such option: --bogus"),
        (["commit"], 2, "Missing option"),
        (["commit", "-m", " "], 2, "a commit needs a message"),
        (["add", "nowhere"], 3, "nowhere: no such file or folder"),
        (["add", "dlabel.yaml", "--format", "cocoo"], 2, "did you mean coco"),
        (["add", "labels.json", "--format", "voc"], 3, "labels.json"),
        (["show", "HEAD"], 3, "HEAD is not a commit"),
        (["diff", "HAED"], 3, "did you mean 'HEAD'?"),
        (["diff", "a", "b", "c"], 2, "two revisions at most"),
        (["log", "--format", "xml"], 2, "--format takes text, json, jsonl"),
        (["restore", "x.jpg"], 3, "x.jpg: is not tracked"),
        (["rm", "x.jpg"], 3, "x.jpg: is not tracked"),
        (["check", "--select", "G999"], 2, "G999"),
        (["check", "--fail-on", "sometimes"], 2, "--fail-on takes error, warning, info, never"),
        (["export", "HEAD", "-f", "coco", "-o", "images"], 3, "is not an empty folder"),
        (["init"], 3, "is a dlabel project already"),
        (["-C", "nowhere", "status"], 3, "nowhere: no such folder"),
    ],
)
def test_errors_say_what_where_and_what_next(
    started: Terminal, arguments: list[str], status: int, message: str
) -> None:
    done = started.dlabel(*arguments)
    assert (done.status, done.out) == (status, "")
    assert message in done.err
    assert done.err.startswith("error: ")


def test_without_a_project_it_says_so(desk: Desk) -> None:
    done = desk.dlabel("status")
    assert done.status == 4
    assert done.err.endswith("hint: dlabel init\n")


def test_a_pipe_gets_no_colour_and_quiet_is_quiet(started: Terminal) -> None:
    assert "\x1b" not in Terminal(started.folder).dlabel("status").out
    assert started.dlabel("status", "-q").out == ""
    assert started.dlabel("-C", str(started.folder), "status").out == started.dlabel("status").out


def test_names_cannot_forge_output(started: Terminal) -> None:
    write_coco(
        started.folder / "evil.json", {"x\x1b[31m\nerror: forged.jpg": [("\x1b]0;title\x07cls", 1, 1, 2, 2)]}
    )
    for arguments in (["add", "evil.json", "--beside"], ["diff"], ["stats"], ["check"]):
        done = started.dlabel(*arguments)
        assert "\x1b" not in done.out + done.err
        assert "\nerror: forged" not in done.out + done.err


def test_label_files_are_checked_without_a_project(desk: Desk) -> None:
    write_coco(desk.folder / "labels.json", {"a.jpg": [("cat", 1, 2, 10, 10), ("dog", 60, 20, 10, 8)]})
    (desk.folder / "dlabel.yaml").write_text("data_spec: {cat: {box: }}\n")
    done = desk.dlabel("check", "labels.json", "--json")
    assert done.status == 1
    found = json.loads(done.out)
    assert {finding["code"] for finding in found["findings"]} == {"S101", "G104"}
    assert found["counts"]["error"] == 1
    assert desk.dlabel("check", "labels.json", "--fail-on", "never").status == 0
    assert desk.dlabel("check", "labels.json", "--select", "G1").status == 0
    assert not (desk.folder / ".dlabel").exists()


def test_help_names_every_command(desk: Desk) -> None:
    done = desk.dlabel("--help")
    assert done.status == 0
    assert all(f"  {name}" in done.out for name in COMMANDS)
    for name in COMMANDS:
        assert desk.dlabel(name, "--help").status == 0


def test_the_demo_walks_through_and_finds_the_planted_mistake(terminal: Terminal) -> None:
    done = terminal.dlabel("demo", "potatoes")
    assert done.status == 0
    assert done.out.count("$ dlabel ") >= 12
    assert "beyond the right edge" in done.out
    assert "fault in dlabel" not in done.err
    assert terminal.dlabel("-C", "potatoes", "status").status == 0
    assert terminal.dlabel("demo", "potatoes").status == 3


def test_the_shell_completes_commands_and_revisions(started: Terminal) -> None:
    shell = Terminal(started.folder)
    done = shell.dlabel(_DLABEL_COMPLETE="complete_bash", COMP_WORDS="dlabel st", COMP_CWORD="1")
    assert set(done.out.split()) == {"status", "stats"}
    done = shell.dlabel(_DLABEL_COMPLETE="complete_bash", COMP_WORDS="dlabel diff ST", COMP_CWORD="2")
    assert done.out.split() == ["STAGED"]


def test_templates_of_ones_own_serve_every_command(terminal: Terminal) -> None:
    mine = terminal.folder / "config" / "dlabel" / "specs"
    mine.mkdir(parents=True)
    (mine / "mine, [1].yaml").write_text("# My own\ndata_spec: {cat: {box: {color: red}}}\n")

    def dlabel(*arguments: str) -> str:
        done = terminal.dlabel("-C", "project", *arguments, XDG_CONFIG_HOME=str(terminal.folder / "config"))
        assert done.status == 0, done.err
        return done.out

    (terminal.folder / "project").mkdir()
    dlabel("init", "--spec", "mine, [1]")
    assert "mine, [1]" in dlabel("spec", "list")
    spec = terminal.folder / "project" / "dlabel.yaml"
    spec.write_text(spec.read_text() + "quality: {labels_per_class: 5}\n")
    assert dlabel("add") == "dlabel.yaml staged\n"
    assert "cat" in dlabel("spec", "show", "STAGED")


def test_templates_are_listed_beside_a_broken_spec(started: Terminal) -> None:
    (started.folder / "dlabel.yaml").write_text("a: [b\n")
    done = started.dlabel("spec", "list")
    assert (done.status, "detection/box" in done.out, "is not YAML" in done.out) == (0, True, True)
    assert json.loads(started.dlabel("spec", "list", "--json").out)


def test_a_clean_status_opens_no_table(started: Terminal) -> None:
    started.dlabel("add", "images", "labels.json")
    started.dlabel("commit", "-m", "first")
    heavy = "pyarrow", "numpy", "shapely", "jsonschema", "PIL", "pydantic"
    code = "import sys; sys.argv = ['dlabel', '-C', '.', 'status', '--no-color']\n"
    code += "try:\n    from datalabel.cli.main import main; main()\n"
    code += f"except SystemExit:\n    print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=started.folder, capture_output=True, text=True, check=True
    )
    assert done.stdout.endswith("working tree clean.\n[]\n")


def test_values_are_still_read_where_they_are_no_text(started: Terminal) -> None:
    started.dlabel("add", "images", "labels.json")
    for number in "12":
        started.dlabel("commit", "-m", number)
        (started.folder / "dlabel.yaml").write_text(
            f"project_name: n{number}\ndata_spec: {{cat: {{box: }}}}\n"
        )
        started.dlabel("add")
    assert len(started.dlabel("log", "--oneline").out.splitlines()) == 2
    assert len(started.dlabel("log", "--oneline", "-n", "1").out.splitlines()) == 1
    wrong = started.dlabel("log", "-n", "some")
    assert (wrong.status, "'-n' / '--count'" in wrong.err) == (2, True)


def test_a_commit_in_git_names_gits_commit(started: Terminal) -> None:
    def git(*arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=started.folder, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    git("init", "-q")
    git("config", "user.name", "Ada")
    git("config", "user.email", "ada@example.org")
    git("add", "labels.json")
    git("commit", "-q", "-m", "labels")
    started.dlabel("add", "labels.json")
    started.dlabel("commit", "-m", "first")
    (started.folder / "labels.json").write_text(
        (started.folder / "labels.json").read_text().replace('"cat"', '"ant"')
    )
    started.dlabel("commit", "-a", "-m", "second")
    entries = json.loads(started.dlabel("log", "--json").out)
    assert [entry["git"]["clean"] for entry in entries] == [False, True]
    assert {entry["git"]["commit"] for entry in entries} == {git("rev-parse", "HEAD")}
    assert {entry["author"] for entry in entries} == {"Ada <ada@example.org>"}


def test_statistics_of_a_property_with_countless_values(desk: Desk) -> None:
    boxes = [("cat", 1 + number / 100, 2, 10, 10) for number in range(1100)]
    write_coco(desk.folder / "labels.json", {"a.jpg": boxes})
    content = json.loads((desk.folder / "labels.json").read_text())
    for number, annotation in enumerate(content["annotations"]):
        annotation["attributes"] = {"track": f"t{number}"}
    (desk.folder / "labels.json").write_text(json.dumps(content))
    desk.dlabel("init")
    desk.dlabel("add", "labels.json")
    done = desk.dlabel("stats")
    assert done.status == 0
    assert "more than 1,000 different values" in done.out
