"""Colour on a terminal, and none where nobody wants it."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest
from pictures import write_coco
from terminals import Terminal

import datalabel

CODE = "from datalabel.cli.main import main; main()"


def on_a_terminal(terminal: Terminal, *arguments: str, **environment: str) -> str:
    """What a command prints where both of its outputs are a terminal."""
    ours, theirs = pty.openpty()
    plain = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    process = subprocess.Popen(
        [sys.executable, "-c", CODE, *arguments], cwd=terminal.folder,
        stdin=theirs, stdout=theirs, stderr=theirs, env={**plain, "TERM": "xterm", **environment},
    )  # fmt: skip
    os.close(theirs)
    printed = b""
    try:
        while piece := os.read(ours, 4096):
            printed += piece
    except OSError:
        pass  # Linux says so when the other side is closed
    finally:
        os.close(ours)
        process.wait(timeout=60)
    return printed.decode()


@pytest.mark.parametrize(("command", "words"), [("stats", "labels on 1 item"), ("bogus", "error:")])
@pytest.mark.parametrize(
    ("options", "environment", "coloured"),
    [
        ([], {}, True),
        ([], {"NO_COLOR": ""}, True),
        ([], {"NO_COLOR": "1"}, False),
        (["--no-color"], {}, False),
    ],
)
def test_a_terminal_gets_colour_unless_it_is_refused(
    terminal: Terminal,
    command: str,
    words: str,
    options: list[str],
    environment: dict[str, str],
    coloured: bool,
) -> None:
    write_coco(terminal.folder / "labels.json", {"a.jpg": [("cat", 1, 2, 10, 10), ("dog", 1, 2, 9, 9)]})
    with datalabel.init(terminal.folder, name="pets") as repo:
        repo.add("labels.json")
    printed = on_a_terminal(terminal, *options, command, **environment)
    assert words in printed
    assert ("\x1b[" in printed) is coloured
