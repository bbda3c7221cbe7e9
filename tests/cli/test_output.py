"""Where results go, and in which format: checked before a command does anything; nothing of the user's is lost."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pictures import write_coco, write_image, write_labels
from terminals import Desk, Terminal

from datalabel.cli import main
from datalabel.cli.check_text import CheckText
from datalabel.cli.commands import COMMANDS
from datalabel.cli.presenting import Presentation
from datalabel.cli.report import ReportText
from datalabel.cli.stats import ComparedText, StatsText
from datalabel.errors import InputError
from datalabel.repository import stage
from datalabel.repository.add import adding
from datalabel.repository.repository import Repository


@pytest.fixture
def project(desk: Desk) -> Desk:
    """A commit, and a label moved after it."""
    write_labels(desk.folder, {"a.png": [("cat", 1, 2, 10, 10)]})
    desk.well("init", "add .", "commit -m first")
    write_coco(desk.folder / "labels.json", {"a.png": [("cat", 3, 2, 10, 10)]})
    return desk


def commits(desk: Desk) -> int:
    return len(json.loads(desk.dlabel("log", "--json").out))


@pytest.mark.parametrize(
    "wrong", [["--format", "xml"], ["-o", "labels.json"], ["-o", "nowhere/out.txt"], ["--format", "markdown"]]
)
def test_a_command_does_nothing_when_its_result_cannot_be_shown(project: Desk, wrong: list[str]) -> None:
    before = project.dlabel("status", "--json").out
    for command in (["commit", "-a", "-m", "second"], ["rm", "a.png"], ["restore", "a.png"]):
        assert project.dlabel(*command, *wrong).status in (2, 3)
    assert commits(project) == 1
    assert project.dlabel("status", "--json").out == before


def test_the_nearest_format_is_named(project: Desk) -> None:
    done = project.dlabel("check", "--format", "serif")
    assert (done.status, done.out) == (2, "")
    assert "--format takes text, json, jsonl, sarif, junit, github, markdown, html, not 'serif'" in done.err
    assert "did you mean sarif?" in done.err


def test_every_command_names_the_formats_that_its_results_have() -> None:
    results: dict[str, tuple[type[Presentation], ...]] = {
        "check": (CheckText,),
        "stats": (StatsText, ComparedText),
        "report": (ReportText,),
    }
    for name, info in COMMANDS.items():
        for result in results.get(name, ()):
            made = object.__new__(result)
            assert tuple(made.renderings()) == info.formats
        assert name in results or not info.formats


@pytest.mark.parametrize("name", ["labels.json", "a.png", "dlabel.yaml", ".dlabel/state.db", "."])
def test_a_result_never_replaces_labels_images_or_a_spec(project: Desk, name: str) -> None:
    path = project.folder / name
    before = path.read_bytes() if path.is_file() else b""
    done = project.dlabel("stats", "-o", name)
    assert (done.status, done.out) == (3, "")
    assert name in done.err or "is a folder" in done.err
    assert (path.read_bytes() if path.is_file() else b"") == before


@pytest.mark.parametrize("command", ["stats", "check", "report", "log", "status", "diff"])
def test_a_result_replaces_an_earlier_one(project: Desk, command: str) -> None:
    first = project.dlabel(command, "--json").out
    beside = project.folder.parent
    for _ in range(2):
        assert project.dlabel(command, "--json", "-o", "../out.json").out == ""
    assert (beside / "out.json").read_text() == first
    assert {path.name for path in beside.iterdir()} == {project.folder.name, "out.json"}


def test_a_file_is_written_however_quiet_the_command(project: Desk) -> None:
    shown = project.dlabel("stats").out
    assert project.dlabel("stats", "-q").out == ""
    assert project.dlabel("stats", "-q", "-o", "stats.txt").out == ""
    assert (project.folder / "stats.txt").read_text() == shown


def test_a_result_goes_into_a_device(project: Desk) -> None:
    assert project.dlabel("stats", "-o", "/dev/null").status == 0


def test_the_demo_prints_as_it_goes(project: Desk) -> None:
    done = project.dlabel("demo", "--json")
    assert (done.status, done.out) == (2, "")
    assert "--json" in done.err
    assert not (project.folder / "dlabel-demo").exists()


def test_log_shows_one_commit_at_least(project: Desk) -> None:
    done = project.dlabel("log", "-n", "0")
    assert (done.status, done.out) == (2, "")
    assert len(project.dlabel("log", "--oneline", "-n", "1").out.splitlines()) == 1


def test_a_glob_after_dashes_is_no_revision(project: Desk) -> None:
    project.dlabel("commit", "-a", "-m", "second")
    assert json.loads(project.dlabel("show", "--json", "--", "a*").out)["labels"]
    assert json.loads(project.dlabel("show", "--json", "--", "b*").out)["labels"] == []
    assert json.loads(project.dlabel("show", "HEAD", "--json", "--", "a*").out)["labels"]


@pytest.mark.parametrize("name", ["nowhere.json", "labls/"])
def test_a_path_that_is_not_there_is_called_so(project: Desk, name: str) -> None:
    done = project.dlabel("check", name)
    assert (done.status, done.out) == (3, "")
    assert f"{name}: no such file or folder" in done.err
    done = project.dlabel("check", "bogus")
    assert (done.status, "no revision is called 'bogus'" in done.err) == (3, True)


def test_conflicts_of_commit_all_say_where(project: Desk) -> None:
    project.dlabel("commit", "-a", "-m", "second")
    (project.folder / "map.yaml").write_text(
        "steps: [{split: {class: cat, by: size, into: {large: dog}, else: dog}}]\n"
    )
    project.dlabel("spec", "migrate", "map.yaml")
    write_coco(project.folder / "labels.json", {"a.png": [("bird", 3, 2, 10, 10)]})
    done = project.dlabel("commit", "-a", "-m", "third")
    assert (done.status, done.out) == (3, "")
    assert "labels.json: the file and staging changed the same labels differently (first: a.png" in done.err
    decided = project.dlabel("add", "--prefer", "theirs")
    assert (decided.status, decided.err) == (0, "")
    assert "1 conflict decided for the file" in decided.out


def test_every_message_of_a_commit_is_a_paragraph(project: Desk) -> None:
    project.dlabel("commit", "-a", "-m", "second", "-m", "Reviewed by Ada.")
    assert json.loads(project.dlabel("log", "--json").out)[0]["message"] == "second\n\nReviewed by Ada."


@pytest.mark.parametrize("command", [["diff", "HEAD", "STAGED"], ["show"], ["check"], ["report"]])
def test_a_page_is_a_format_with_a_file(project: Desk, command: list[str]) -> None:
    long = project.dlabel(*command, "--format", "html", "-o", "long.html")
    short = project.dlabel(*command, "--html", "short.html")
    assert (long.status, long.err) == (short.status, short.err)
    assert long.out.replace("long.html", "short.html") == short.out
    pages = [(project.folder / name).read_text() for name in ("long.html", "short.html")]
    assert pages[0] == pages[1]
    assert pages[0].lower().startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (["--format", "html"], "needs the page's file"),
        (["--format", "html", "--html", "a.html", "-o", "b.html"], "needs the page's file, once"),
        (["-o", "page.html"], "hint: --html page.html"),
    ],
)
def test_text_is_not_written_into_a_page(project: Desk, wrong: list[str], said: str) -> None:
    done = project.dlabel("check", *wrong)
    assert (done.status, done.out) == (2, "")
    assert said in done.err
    assert not list(project.folder.glob("*.html"))


def test_what_has_no_page_may_be_called_as_one_likes(project: Desk) -> None:
    assert project.dlabel("log", "-o", "log.html").status == 0
    assert "first" in (project.folder / "log.html").read_text()


def test_what_a_terminal_cannot_show_is_spelled_out(terminal: Terminal) -> None:
    write_image(terminal.folder / "b\u00e4r" / "a.png")
    ascii_only = {"PYTHONIOENCODING": "ascii"}
    assert terminal.dlabel("init", **ascii_only).status == 0
    assert terminal.dlabel("add", "b\u00e4r", **ascii_only).status == 0
    shown = terminal.dlabel("diff", **ascii_only)
    assert (shown.status, "b\\xe4r/a.png" in shown.out) == (0, True)
    (row,) = json.loads(terminal.dlabel("diff", "--json", **ascii_only).out)["items"]
    assert "b\u00e4r/a.png" in row.values()


BYTES = "caf\udce9"
"""A name as a file system gives it that holds a byte which is no UTF-8."""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["add", f"{BYTES}.json"], "caf\\udce9.json: no such file or folder"),
        (["add", "labels.json", "--as", BYTES], "--as takes a name that is valid Unicode, not 'caf\\udce9'"),
        (["add", "labels.json", "--set", BYTES], "--set takes a name that is valid Unicode"),
        (["add", "labels.json", "--annotator", BYTES], "--annotator takes a name that is valid Unicode"),
        (["commit", "-m", BYTES], "the message is not valid Unicode: 'caf\\udce9'"),
    ],
)
def test_what_is_no_unicode_is_said_and_not_stored(project: Desk, arguments: list[str], said: str) -> None:
    done = project.dlabel(*arguments)
    assert (done.status in (2, 3), done.out) == (True, "")
    assert said in done.err


def make_undecodable(parent: Path) -> Path:
    """A folder with an image, whose name is no Unicode."""
    folder = parent / BYTES
    try:
        folder.mkdir()
    except OSError:
        pytest.skip("this file system takes Unicode only")
    write_image(folder / "a.png")
    return folder


def test_an_error_in_the_library_can_be_printed_whatever_a_file_is_called(project: Desk) -> None:
    with Repository.open(project.folder) as repo, pytest.raises(InputError) as missing:
        repo.add(f"{BYTES}.json")
    str(missing.value).encode()
    make_undecodable(project.folder)
    for command in (["add", "."], ["status"]):
        done = project.dlabel(*command)
        assert (done.status, "caf\\udce9: the name is not valid Unicode" in done.err) == (3, True)
    (project.folder / ".dlabelignore").write_text("caf*\n")
    assert project.dlabel("add", ".").status == 0


EVERYDAY = (
    "init", "add .", "commit -m first", "status", "log", "show", "check", "check labels.json", "stats", "report",
    "snapshot create s", "snapshot verify s", "export s -f coco -o out --images copy", "spec infer", "agreement",
    "check --html q.html", "mv labels.json l.json", "diff", "restore --staged .", "restore labels.json", "rm l.json",
    "gc", "fsck",
)  # fmt: skip


def test_a_project_may_lie_in_a_folder_whose_name_is_no_unicode(desk: Desk) -> None:
    folder = make_undecodable(desk.folder)
    write_coco(folder / "labels.json", {"a.png": [("cat", 1, 2, 10, 10)]})
    inside = Desk(folder, desk._capture)
    failed = {line: done.err for line in EVERYDAY if (done := inside.dlabel(*line.split())).status > 1}
    assert failed.keys() == {"agreement", "rm l.json"}, failed
    assert "a fault in dlabel" not in "".join(failed.values())


def test_what_is_no_unicode_is_valid_json(project: Desk) -> None:
    assert project.dlabel("snapshot", "create", "exp", "--note", BYTES).status == 0
    assert json.loads(project.dlabel("snapshot", "show", "exp", "--json").out)["note"] == BYTES
    for form, name in (("json", "a.json"), ("jsonl", "a.jsonl")):
        assert project.dlabel("snapshot", "show", "exp", "--format", form, "-o", name).status == 0
        assert json.loads((project.folder / name).read_bytes())["note"] == BYTES


def test_hints_cannot_forge_output(project: Desk) -> None:
    (project.folder / "x\x1b[31mz.json").touch()
    done = project.dlabel("check", "x\x1b[31my.json")
    assert done.err.endswith("hint: did you mean x\\x1b[31mz.json?\n")


def interrupt_before(monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str) -> None:
    """Ctrl-C right before this function does anything."""
    real = getattr(module, name)

    def interrupted(*arguments: Any, **options: Any) -> Any:
        signal.raise_signal(signal.SIGINT)
        return real(*arguments, **options)

    monkeypatch.setattr(module, name, interrupted)


def test_an_interrupted_command_says_so(project: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupt_before(monkeypatch, adding, "add_images")
    done = project.dlabel("add")
    assert (done.status, done.out, done.err) == (130, "", "interrupted\n")
    monkeypatch.undo()
    assert project.dlabel("add").status == 0


@pytest.mark.parametrize(("module", "name"), [(stage, "finish_journal"), (main, "present")])
def test_an_interrupt_of_what_is_recorded_comes_too_late(
    project: Desk, monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str
) -> None:
    write_image(project.folder / "b.png", 1)
    interrupt_before(monkeypatch, module, name)
    done = project.dlabel("add", "b.png")
    assert (done.status, done.out, done.err) == (0, "1 image added\n", "")
    # The next command heeds it again.
    interrupt_before(monkeypatch, adding, "add_images")
    assert project.dlabel("add").status == 130


def test_who_insists_does_not_wait_for_a_report(project: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupt_before(monkeypatch, main, "present")
    interrupt_before(monkeypatch, main, "present")
    done = project.dlabel("add")
    assert (done.status, done.out, done.err) == (130, "", "interrupted, after its work was recorded\n")
    monkeypatch.undo()
    assert project.dlabel("add").out == "Nothing new: everything is staged as it is.\n"


def test_an_interruption_that_python_wraps_is_one(project: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise RuntimeError("Error calling __set_name__") from KeyboardInterrupt()

    monkeypatch.setattr(main, "present", interrupted)
    done = project.dlabel("status")
    assert (done.status, done.out, done.err) == (130, "", "interrupted\n")


def test_the_status_of_an_interrupt_does_not_depend_on_where_it_came(tmp_path: Path) -> None:
    (tmp_path / "interrupted.py").write_text(
        "from datalabel.cli import main\n"
        "main.typer.main.get_command = lambda app: exec('raise KeyboardInterrupt')\n"
        "main.main(['status'])\n"
    )
    command = [sys.executable, "-m", "interrupted"]
    done = subprocess.run(command, check=False, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "interrupted\n")


@pytest.mark.parametrize("command", ["spec", "snapshot"])
def test_help_of_groups_says_all_of_a_line(desk: Desk, command: str) -> None:
    lines = desk.dlabel(command, "--help").out.partition("Commands:\n")[2].splitlines()
    assert lines
    assert not [line for line in lines if line.endswith("...")]


@pytest.mark.parametrize(
    "command", [*sorted(COMMANDS.keys() - {"spec", "snapshot"}), "spec diff", "snapshot create"]
)
def test_help_shows_arguments_as_they_are_typed(desk: Desk, command: str) -> None:
    done = desk.dlabel(*command.split(), "--help")
    assert (done.status, done.err) == (0, "")
    usage, _, rest = done.out.partition("\n\n")
    assert usage.startswith(f"Usage: dlabel {command} [OPTIONS]")
    arguments = rest.partition("Arguments:\n")[2].partition("\n\n")[0]
    assert not set("{}<>") & {*usage, *arguments}
    assert "..." not in usage + arguments
    assert usage.count("[") == usage.count("]")
