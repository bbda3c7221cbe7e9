"""One command, at whose changes of the disk something happens: each time in a fresh copy of a project."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from faults.harness import COUNT, Faulty, Outcome


def performed(faulty: Faulty, start: Path, arguments: Sequence[str], scratch: Path) -> tuple[Path, int]:
    """The project after the command to which nothing happened, and how many changes that took."""
    whole = scratch / "whole" / "project"
    shutil.copytree(start, whole)
    done = faulty.run(whole, arguments, COUNT, coarse=True)
    assert done.status == 0, done
    return whole, done.count


def every(step: int, count: int, offset: int = 0) -> range:
    """Every `step`-th of so many changes (at least three of them), not always the same ones."""
    step = min(step, count // 3)
    return range(1 + offset % step, count + 1, step)


def struck(
    faulty: Faulty, start: Path, arguments: Sequence[str], scratch: Path, mode: int, moments: range
) -> Iterator[tuple[int, Path, Outcome]]:
    """At which change it happened, the project afterwards, and how the command ended."""
    for at in moments:
        folder = scratch / str(at) / "project"
        shutil.copytree(start, folder)
        yield at, folder, faulty.run(folder, arguments, mode, at, coarse=True)
        shutil.rmtree(folder.parent)
