"""Runs a target on many inputs in a child whose memory and time are bounded, and says what went wrong."""

from __future__ import annotations

import mmap
import os
import random
import resource
import signal
import tempfile
import traceback
import warnings
from pathlib import Path

from fuzz.mutations import mutated
from fuzz.targets import Target, targets

MEMORY = 3 << 30
"""Bytes of address space that a child may have (PyArrow alone reserves one GiB)."""
SECONDS = 10
"""For one input."""
MEMORY_DISK = next((path for path in ("/dev/shm",) if os.access(path, os.W_OK)), None)  # noqa: S108
"""Where inputs are written: a sync costs nothing there."""


def input_of(target: Target, name: str, seed: int, number: int) -> bytes:
    """The input of a number; it depends on nothing else, so that it can be had again."""
    drawn = random.Random(f"{name}/{seed}/{number}")  # noqa: S311
    return mutated(drawn.choice(target.seeds), drawn)


def fuzz(name: str, runs: int, seed: int) -> list[str]:
    """The inputs on which something else than our own errors came out: their numbers, and what it was."""
    target = targets()[name]()
    complaints: list[str] = []
    with tempfile.TemporaryDirectory(dir=MEMORY_DISK) as folder:
        said = Path(folder) / "said.txt"
        reached = mmap.mmap(-1, 8)
        number = 0
        while number < runs and len(complaints) < 10:
            child = os.fork()
            if child == 0:
                _child(target, name, seed, range(number, runs), Path(folder), reached, said)
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            number = int.from_bytes(reached[:8], "little") + 1
            if status == 0:
                break
            told = said.read_text(encoding="utf-8") if status == 1 else f"the process ended with {status}"
            complaints.append(f"{name}, --seed {seed}, input {number - 1}: {told}")
    return complaints


def _child(
    target: Target, name: str, seed: int, numbers: range, folder: Path, reached: mmap.mmap, said: Path
) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    warnings.simplefilter("error")
    status = 0
    try:
        read = target.open(Path(tempfile.mkdtemp(dir=folder)))
        for number in numbers:
            reached[:8] = number.to_bytes(8, "little")
            signal.alarm(SECONDS)
            read(input_of(target, name, seed, number))
    except BaseException:  # noqa: BLE001 - whatever it is, the parent tells
        said.write_text(traceback.format_exc()[-2000:], encoding="utf-8", errors="replace")
        status = 1
    os._exit(status)
