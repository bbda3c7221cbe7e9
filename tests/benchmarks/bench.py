"""What the works are built from: the inputs, the programs that are there, and how to call them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from .inputs import Inputs
from .work import Command, Contender, RunFailedError

PROGRAMS = Path(__file__).with_name("programs.py")
DLABEL: Command = (sys.executable, "-m", "datalabel.cli.main")


@dataclass(frozen=True, slots=True)
class Bench:
    """The inputs, where rivals are looked for, a folder for projects that several works share, the environment."""

    inputs: Inputs
    rivals: Path | None
    shared: Path
    environment: Mapping[str, str]

    def run(self, folder: Path, *commands: Command) -> None:
        """Run commands that are not timed.

        Raises:
            RunFailedError: one ended badly.
        """
        for command in commands:
            done = subprocess.run(
                command,
                cwd=folder,
                env=self.environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                check=False,
            )
            if done.returncode != 0:
                raise RunFailedError(command, done.returncode, done.stdout)

    def program(self, name: str) -> str | None:
        """The path of a program: the rivals' own comes before what is on the PATH."""
        return _program(name, self.rivals)

    def python_with(self, module: str) -> str | None:
        """An interpreter that has a module: the rivals' own, else dlabel's."""
        return _python_with(module, self.rivals)

    def rival(self, name: str, program: str, *arguments: str | Path) -> Contender:
        """One command of a program, or the word that it is missing."""
        path = self.program(program)
        if path is None:
            return Contender(name, missing=program)
        return Contender(name, ((path, *map(str, arguments)),))

    def python_rival(self, name: str, module: str, *arguments: str | Path) -> Contender:
        """A function of programs.py, in a Python that has a module, or the word that there is none."""
        path = self.python_with(module)
        if path is None:
            return Contender(name, missing=module)
        return Contender(name, ((path, str(PROGRAMS), *map(str, arguments)),))


def dlabel(*arguments: str | Path) -> Command:
    """A call of dlabel as it stands here."""
    return (*DLABEL, *map(str, arguments))


def program(*arguments: str | Path) -> Command:
    """A function of programs.py in dlabel's own Python."""
    return (sys.executable, str(PROGRAMS), *map(str, arguments))


def environment(home: Path) -> dict[str, str]:
    """Nobody reads the user's settings, calls home, draws in colours, or compiles Python anew each time."""
    home.mkdir(parents=True, exist_ok=True)
    (home / ".gitconfig").write_text("[user]\n\tname = Bench\n\temail = bench@example.org\n")
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("GIT_", "XDG_", "DVC_")) and name != "PYTHONDONTWRITEBYTECODE"
    }
    return kept | {"HOME": str(home), "NO_COLOR": "1", "DVC_NO_ANALYTICS": "1", "GIT_CONFIG_NOSYSTEM": "1"}


def bytes_under(folder: Path) -> int:
    """The sizes of all files below a folder, together; none where there is no such folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


@cache
def _program(name: str, rivals: Path | None) -> str | None:
    beside = rivals / "bin" / name if rivals else None
    return str(beside) if beside and beside.exists() else shutil.which(name)


@cache
def _python_with(module: str, rivals: Path | None) -> str | None:
    """The rivals' interpreter or our own, whichever has the module; asked without loading it."""
    question = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({module!r}) is None)"
    pythons = [str(rivals / "bin" / "python")] if rivals else []
    for python in [*pythons, sys.executable]:
        if subprocess.run([python, "-c", question], check=False).returncode == 0:
            return python
    return None
