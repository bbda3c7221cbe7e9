"""Commands that die, are stopped, run out of disk or leave a log, at a chosen change of the disk (see `shim.c`)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

HERE = Path(__file__).parent
OFF, COUNT, KILL, FULL, LOG, INTERRUPT = range(6)
KILLED = -9


class Scratch:
    """Makes folders on a disk of memory where there is one: tens of thousands of syncs cost nothing there."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def mktemp(self, name: str) -> Path:
        """A new folder."""
        return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self._root))


def compiler() -> str | None:
    """The C compiler, if there is one."""
    return shutil.which("gcc") or shutil.which("cc")


def compiled(folder: Path) -> Path:
    """The shim as a library."""
    library = folder / "shim.so"
    program = compiler()
    assert program is not None
    command = [program, "-shared", "-fPIC", "-O1", "-o", str(library), str(HERE / "shim.c"), "-ldl"]
    subprocess.run(command, check=True)
    return library


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command ended (negative: the signal), the changes it made, and what it printed."""

    status: int
    count: int
    text: str


class Faulty:
    """Runs commands, one after the other, each in a process of its own that stands behind the shim."""

    def __init__(self, library: Path, scratch: Path) -> None:
        scratch.mkdir(parents=True, exist_ok=True)
        self._output = scratch / "output.txt"
        hidden = {"CI", "XDG_CONFIG_HOME", "GIT_DIR", "COLUMNS"}
        environment = {name: value for name, value in os.environ.items() if name not in hidden}
        environment |= {"LD_PRELOAD": str(library), "HOME": str(scratch), "NO_COLOR": "1"}
        environment |= {"OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        self._zygote = subprocess.Popen(
            [sys.executable, str(HERE / "zygote.py"), str(scratch), str(library.with_name("modules.txt"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
        )

    def run(
        self,
        folder: Path,
        arguments: Sequence[str],
        mode: int = OFF,
        at: int = 0,
        *,
        root: Path | None = None,
        log: Path | None = None,
        coarse: bool = False,
        user: int | None = None,
        limits: dict[str, int] | None = None,
    ) -> Outcome:
        """One command, started in a folder; what it changes below `root` (the same folder) is counted.

        With `coarse`, a file in `.dlabel/tmp` that goes on being written counts once. `user`
        gives up being root; `limits` are resource limits by name (`RLIMIT_NOFILE`, …).
        """
        task: dict[str, Any] = {
            "folder": str(folder),
            "root": str(root or folder),
            "mode": mode,
            "at": at,
            "log": str(log or ""),
            "coarse": coarse,
            "output": str(self._output),
            "arguments": list(arguments),
            "user": user,
            "limits": limits or {},
        }
        assert self._zygote.stdin is not None
        assert self._zygote.stdout is not None
        self._zygote.stdin.write(json.dumps(task) + "\n")
        self._zygote.stdin.flush()
        status, count = json.loads(self._zygote.stdout.readline())
        return Outcome(status, count, self._output.read_text(encoding="utf-8", errors="replace"))

    def well(self, folder: Path, *arguments: str) -> Outcome:
        """A command that must succeed."""
        done = self.run(folder, arguments)
        assert done.status == 0, f"{arguments}: {done}"
        return done

    def start(self, folder: Path, *arguments: str) -> Running:
        """A command that runs while the caller does something else."""
        return Running(self, folder, arguments)

    def memory(self) -> int:
        """How many bytes of addresses a command has when it starts (`RLIMIT_AS` counts them)."""
        text = Path(f"/proc/{self._zygote.pid}/statm").read_text(encoding="ascii")
        return int(text.split()[0]) * os.sysconf("SC_PAGE_SIZE")

    def close(self) -> None:
        """End the process that forks the others."""
        assert self._zygote.stdin is not None
        self._zygote.stdin.close()
        self._zygote.wait(timeout=30)
        assert self._zygote.stdout is not None
        self._zygote.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Running:
    """A command under way."""

    def __init__(self, faulty: Faulty, folder: Path, arguments: Sequence[str]) -> None:
        self._outcome: Outcome | None = None
        self._thread = threading.Thread(target=self._run, args=(faulty, folder, arguments))
        self._thread.start()

    def _run(self, faulty: Faulty, folder: Path, arguments: Sequence[str]) -> None:
        self._outcome = faulty.run(folder, arguments)

    def wait(self) -> Outcome:
        """How it ended."""
        self._thread.join(timeout=120)
        assert self._outcome is not None
        return self._outcome
