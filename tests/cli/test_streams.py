"""Where output goes: closed streams, nobody who listens, links, full disks; and statuses that hold all the same."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from terminals import Terminal


@pytest.mark.parametrize("closed", [0, 1, 2])
def test_a_closed_stream_changes_no_status(started: Terminal, closed: int) -> None:
    """What is opened next does not take the stream's place, either."""

    def status(*arguments: str) -> int:
        command = [sys.executable, "-m", "datalabel.cli.main", *arguments]
        return subprocess.run(
            ["/bin/sh", "-c", f'exec "$@" {closed}{"<" if closed == 0 else ">"}&-', "sh", *command],
            cwd=started.folder, capture_output=True, check=False,
        ).returncode  # fmt: skip

    assert status("add", "images", "labels.json") == 0
    assert status("commit", "-m", "first") == 0
    assert status("--version") == 0
    assert status("status", "--json") == 0
    assert status("diff", "nope") == 3
    assert status("log", "--bogus") == 2
    assert started.dlabel("fsck").status == 0


@pytest.mark.parametrize("arguments", ["--version", "--help", "status --help"])
def test_nobody_who_listens_is_no_error(started: Terminal, arguments: str) -> None:
    command = [sys.executable, "-m", "datalabel.cli.main", *arguments.split()]
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as out:
        done = subprocess.run(command, cwd=started.folder, stdout=out, stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stderr) == (141, b"")


def test_what_cannot_be_written_is_told_before_anything_is_done(started: Terminal) -> None:
    started.dlabel("add", "images", "labels.json")
    for file, status in (("x" * 300, 3), ("none/out.txt", 3), ("images", 3)):
        assert started.dlabel("commit", "-m", "first", "-o", file).status == status
    assert started.dlabel("log").out.startswith("No commits yet")
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "datalabel.cli.main", "commit", "-m", "first"],
            cwd=started.folder, stdout=full, stderr=subprocess.PIPE, check=False, text=True,
        )  # fmt: skip
    assert done.returncode == 3
    assert "what the command did was recorded" in done.stderr
    assert "first" in started.dlabel("log").out


def test_a_result_goes_through_a_link_to_where_it_leads(started: Terminal) -> None:
    target = started.folder / "real.txt"
    target.write_text("old\n")
    (started.folder / "link.txt").symlink_to("real.txt")
    assert started.dlabel("status", "-o", "link.txt").status == 0
    assert (started.folder / "link.txt").is_symlink()
    assert target.read_text().startswith("On branch main")
    assert not [*started.folder.glob(".dlabel-*.tmp")]
    (started.folder / "spec.txt").symlink_to("dlabel.yaml")
    spec = (started.folder / "dlabel.yaml").read_text()
    done = started.dlabel("status", "-o", "spec.txt")
    assert (done.status, "holds settings of a project" in done.err) == (3, True)
    assert (started.folder / "dlabel.yaml").read_text() == spec


def test_numbers_beyond_all_measure(started: Terminal) -> None:
    started.dlabel("add", "images", "labels.json")
    started.dlabel("commit", "-m", "first")
    assert "first" in started.dlabel("log", "-n", "9223372036854775808").out
    assert started.dlabel("gc", "--older-than", "inf", "--json").status == 2
    done = started.dlabel("show", "HEAD~" + "9" * 4301)
    assert (done.status, "how far it goes" in done.err) == (3, True)


def test_a_refused_export_leaves_no_folders(started: Terminal) -> None:
    started.dlabel("add", "images", "labels.json")
    started.dlabel("commit", "-m", "first")
    done = started.dlabel(
        "export", "HEAD", "-f", "yolo", "--where", "class = 'nothing'", "--set", "x", "-o", "a/b/c"
    )
    assert done.status == 3
    assert not (started.folder / "a").exists()


def test_a_closed_pipe_is_no_error(started: Terminal) -> None:
    started.dlabel("add", "images", "labels.json")
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "datalabel.cli.main", "diff", "--json"],
            cwd=started.folder, stdout=writing, stderr=subprocess.PIPE, text=True, timeout=120, check=False,
        )  # fmt: skip
    finally:
        os.close(writing)
    assert (done.stderr, done.returncode) == ("", 141)
