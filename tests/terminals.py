"""Running `dlabel` as a user would: a process, its output and its exit status."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from dataclasses import MISSING, dataclass, fields
from pathlib import Path

import pytest

from datalabel.cli.main import run
from datalabel.cli.session import SESSION


@dataclass(frozen=True)
class Done:
    """What a command printed, and how it ended."""

    out: str
    err: str
    status: int


class Terminal:
    """A folder to type commands in; output goes through a pipe."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def dlabel(self, *arguments: str, **environment: str) -> Done:
        done = subprocess.run(
            [sys.executable, "-m", "datalabel.cli.main", *arguments],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env={**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "COLUMNS": "80", **environment},
        )
        assert "Traceback" not in done.stderr
        return Done(done.stdout, done.stderr, done.returncode)

    def well(self, *lines: str) -> None:
        """Commands that succeed."""
        for line in lines:
            done = self.dlabel(*shlex.split(line))
            assert done.status == 0, (line, done.err)


class Desk(Terminal):
    """The same commands without a process of their own: many of them in a second."""

    def __init__(self, folder: Path, capture: pytest.CaptureFixture[str]) -> None:
        super().__init__(folder)
        self._capture = capture

    def dlabel(self, *arguments: str, **environment: str) -> Done:
        assert not environment
        for one in fields(SESSION):
            default = one.default_factory() if one.default_factory is not MISSING else one.default
            setattr(SESSION, one.name, default)
        status = run(["-C", str(self.folder), *arguments])
        return Done(*self._capture.readouterr(), status)
