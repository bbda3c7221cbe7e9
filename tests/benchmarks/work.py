"""What a work is: the same task for dlabel, its rivals and the machine, and what dlabel may take of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

Command = tuple[str, ...]


class RunFailedError(Exception):
    """A command ended badly; `words` is what it said."""

    def __init__(self, command: Command, code: int, words: bytes) -> None:
        said = " / ".join(words.decode(errors="replace").strip().splitlines()[-3:]) or "it said nothing"
        ended = f"was killed by signal {-code}" if code < 0 else f"exited {code}"
        super().__init__(f"{' '.join(command)[:200]} {ended}: {said[:300]}")


class Quantity(StrEnum):
    """What is compared."""

    SECONDS = "seconds"
    MEMORY = "memory"
    BYTES = "bytes"


def nothing(folder: Path) -> None:
    """Prepare nothing."""


@dataclass(frozen=True, slots=True)
class Contender:
    """Somebody who does the work, in a folder of their own.

    `commands` are processes that run one after another in that folder; only they are timed. `prepare` fills the
    folder before, anew for every run unless `reuse` says that the commands change nothing there. `weigh` counts the
    bytes of interest in the folder: those that the commands added count or, without commands, all. `{folder}` in a
    command stands for the folder. `machine` marks what shows the limits of the machine: nobody is
    expected to be as fast.
    """

    name: str
    commands: tuple[Command, ...] = ()
    prepare: Callable[[Path], None] = nothing
    reuse: bool = False
    weigh: Callable[[Path], int] | None = None
    missing: str = ""
    machine: bool = False


@dataclass(frozen=True, slots=True)
class Limit:
    """`of` takes at most `ratio` × the least of `than`, + `plus` (seconds, bytes).

    `aside` and `than_aside` name contenders whose numbers are subtracted first: what it takes to do nothing.

    Without `than`, `plus` alone is the limit. Most limits speak of the full size, where starting a process no longer
    counts; `any_size` ones hold at every size.
    """

    than: tuple[str, ...] = ()
    ratio: float = 1.0
    plus: float = 0.0
    quantity: Quantity = Quantity.SECONDS
    of: str = "dlabel"
    aside: str = ""
    than_aside: str = ""
    any_size: bool = False


@dataclass(frozen=True, slots=True)
class Work:
    """One line of the table: a task, who does it, and what is allowed. `reads` is read before every run."""

    title: str
    contenders: tuple[Contender, ...]
    limits: tuple[Limit, ...] = ()
    reads: tuple[Path, ...] = ()
    runs_at_least: int = 1
