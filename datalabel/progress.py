"""Progress reporting: a small observer that long work calls, silent unless someone listens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Task(Protocol):
    """One running piece of work."""

    def advance(self, amount: int = 1) -> None:
        """So much more is done, in the unit of the task's total."""


class Progress(Protocol):
    """Who is told about long work. Implementations must not raise and must not change what they observe."""

    @contextmanager
    def task(self, label: str, total: int | None = None) -> Iterator[Task]:
        """Announce work of `total` units (None: unknown) for the length of the `with` block."""
        ...  # pragma: no cover


class _SilentTask:
    def advance(self, amount: int = 1) -> None:
        """Tell nobody."""


class SilentProgress:
    """The default: nobody is told."""

    @contextmanager
    def task(self, label: str, total: int | None = None) -> Iterator[Task]:  # noqa: ARG002
        """Yield a task that tells nobody."""
        yield _SilentTask()


SILENT = SilentProgress()
