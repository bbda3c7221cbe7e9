"""What holds for one run of the command line: where it started, how loud it is, what it may draw."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from datalabel.errors import InputError
from datalabel.progress import SILENT, Progress, Task

if TYPE_CHECKING:
    from datalabel.repository.project import Project
    from datalabel.repository.repository import Repository


@dataclass(slots=True)
class Session:
    """The options that every command takes. One per process; filled while the arguments are read."""

    folder: str = "."
    quiet: bool = False
    verbose: bool = False
    color: bool = field(default_factory=lambda: not os.environ.get("NO_COLOR"))
    wait: float = 0.0
    debug: bool = False
    format: str = "text"
    output: str | None = None

    @property
    def start(self) -> Path:
        """The folder that the command was started for (`-C`).

        Raises:
            InputError: it does not exist.
        """
        path = Path(self.folder)
        if not path.is_dir():
            raise InputError("no such folder", where=self.folder)
        return Path(os.path.abspath(path))  # noqa: PTH100 - links stay as the user wrote them

    def path(self, text: str) -> Path:
        """A path as the user means it: relative to where the command was started."""
        return Path(os.path.abspath(self.start / text))  # noqa: PTH100

    def paths(self, texts: list[str] | None) -> list[Path]:
        """Several paths."""
        return [self.path(text) for text in texts or []]

    def keys(self, project: Project, texts: Iterable[str]) -> list[str]:
        """Paths and globs as the user means them, by the keys of the project."""
        return [project.key_of(self.path(text)) for text in texts]

    def repository(self) -> Repository:
        """The project that the command was started in."""
        from datalabel.repository.repository import Repository

        start = self.start
        opened = Repository.open(start, progress=self.progress, wait=self.wait, templates=self.templates)
        opened.project.here = start
        return opened

    @property
    def progress(self) -> Progress:
        """Progress bars, on a terminal only."""
        return SILENT if self.quiet or not sys.stderr.isatty() else _Bars()

    @property
    def templates(self) -> Path:
        """The user's own folder of spec templates."""
        home = os.environ.get("XDG_CONFIG_HOME")
        return (Path(home) if home else Path.home() / ".config") / "dlabel" / "specs"


SESSION = Session()


class _Bar:
    """A bar that appears once the work has taken half a second."""

    def __init__(self, label: str, total: int | None) -> None:
        import time

        self._label = label
        self._total = total
        self._done = 0
        self._now = time.monotonic
        self._begun = time.monotonic()
        self._drawn = 0.0

    def advance(self, amount: int = 1) -> None:
        """Draw again, ten times a second at most."""
        self._done += amount
        now = self._now()
        if now - self._begun > 0.5 and now - self._drawn > 0.1:
            self._drawn = now
            sys.stderr.write(f"\r\x1b[2K{self._label} {self._amount()}")
            sys.stderr.flush()

    def _amount(self) -> str:
        if not self._total:
            return f"{self._done:,}"
        filled = 24 * min(self._done, self._total) // self._total
        return f"{'━' * filled}{'╌' * (24 - filled)} {self._done:,}/{self._total:,}"

    def clear(self) -> None:
        """Leave nothing behind."""
        if self._drawn:
            sys.stderr.write("\r\x1b[2K")
            sys.stderr.flush()


class _Bars:
    """Progress on standard error."""

    @contextmanager
    def task(self, label: str, total: int | None = None) -> Iterator[Task]:
        bar = _Bar(label, total)
        try:
            yield bar
        finally:
            bar.clear()
