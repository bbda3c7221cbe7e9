"""The examples run as they stand."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


def test_the_loop_in_python(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "loop.py"), str(tmp_path / "potatoes")],
        capture_output=True, text=True, check=True, cwd=EXAMPLES.parent, env={**os.environ, "PYTHONPATH": "."},
    )  # fmt: skip
    assert "G104 images/belt_009.jpg" in done.stdout
    # Which images are in `val` hangs on their bytes, and these on the JPEG encoder that is installed.
    assert re.search(r"^images/belt_\d{3}\.jpg 640 480 \d labels$", done.stdout, re.MULTILINE)
    assert accuracy(done.stdout) > usual(done.stdout)


def accuracy(out: str) -> float:
    """How often the classifier was right on images that it had not seen."""
    return float(out.rpartition("accuracy on ")[2].split(": ")[1].split()[0])


def usual(out: str) -> float:
    """How often the most frequent class is right."""
    return float(out.rstrip().rpartition(": ")[2])


def test_the_loop_in_the_shell(tmp_path: Path) -> None:
    command = tmp_path / "bin" / "dlabel"
    command.parent.mkdir()
    command.write_text(
        f'#!/bin/sh\nPYTHONPATH="{EXAMPLES.parent}" exec "{sys.executable}" -m datalabel.cli.main "$@"\n'
    )
    command.chmod(0o755)
    path = f"{command.parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", str(EXAMPLES / "loop.sh"), "potatoes"],
        capture_output=True, text=True, check=True, cwd=tmp_path,
        env={**os.environ, "PATH": path, "PYTHON": sys.executable},
    )  # fmt: skip
    assert "+3 added  -1 removed  ~4 changed" in done.stdout
    assert (tmp_path / "potatoes/changes.html").read_text().startswith("<!doctype html>")
    assert accuracy(done.stdout) > usual(done.stdout)
