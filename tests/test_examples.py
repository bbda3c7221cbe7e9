"""The examples run as they stand."""

from __future__ import annotations

import json
import os
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
    assert len(json.loads((tmp_path / "potatoes/training/labels.json").read_text())["annotations"]) == 164


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
        capture_output=True, text=True, check=True, cwd=tmp_path, env={**os.environ, "PATH": path},
    )  # fmt: skip
    assert "+3 added  -1 removed  ~4 changed" in done.stdout
    assert len(json.loads((tmp_path / "potatoes/training/labels.json").read_text())["annotations"]) == 164
