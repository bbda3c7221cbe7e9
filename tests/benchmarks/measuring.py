"""Runs contenders in turn and takes the median: seconds on the clock, processor seconds, peak memory, bytes."""

from __future__ import annotations

import os
import shutil
import signal
import statistics
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from time import perf_counter

from .work import Command, Contender, Quantity, RunFailedError, Work

KIB = 1024  # Linux gives peak memory in these
ROOM = 16 << 30  # bytes that stay free for what is yet to be measured


@dataclass(frozen=True, slots=True)
class Measurement:
    """What commands took, one after another. Memory is that of the largest process among them and theirs."""

    seconds: float = 0.0
    processor: float = 0.0
    memory: int = 0
    bytes: int | None = None

    def value(self, quantity: Quantity) -> float | None:
        """One of the numbers that limits speak of."""
        return {
            Quantity.SECONDS: self.seconds,
            Quantity.MEMORY: float(self.memory),
            Quantity.BYTES: None if self.bytes is None else float(self.bytes),
        }[quantity]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it went for one contender: a measurement, or why there is none."""

    name: str
    measured: Measurement | None
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Runner:
    """Where contenders run, with what environment, and how long one command may take (seconds)."""

    folder: Path
    environment: Mapping[str, str]
    patience: float

    def measure(self, work: Work, runs: int) -> list[Outcome]:
        """Every contender once, then every contender again, …: what slows the machine down then slows them all."""
        found: dict[str, list[Measurement]] = {one.name: [] for one in work.contenders}
        trouble = {one.name: f"{one.missing} is not installed" for one in work.contenders if one.missing}
        for _ in range(max(runs, work.runs_at_least)):
            for contender in work.contenders:
                if contender.name not in trouble:
                    try:
                        found[contender.name].append(self._round(contender, work))
                    except RunFailedError as error:
                        trouble[contender.name] = str(error)
        for contender in work.contenders:
            self._put_aside(self._folder(contender))
        return [
            Outcome(name, None, trouble[name]) if name in trouble else Outcome(name, _median(measured))
            for name, measured in found.items()
        ]

    def _folder(self, contender: Contender) -> Path:
        return self.folder / "".join(letter if letter.isalnum() else "_" for letter in contender.name)

    def _put_aside(self, folder: Path) -> None:
        """Not deleted while there is room: where many files went in the last minutes, ext4 takes fifteen times as
        long to make one, and whoever comes next would pay for it."""
        if not folder.exists():
            return
        used = self.folder / "used"
        if used.exists() and shutil.disk_usage(self.folder).free < ROOM:
            shutil.rmtree(used)
        used.mkdir(exist_ok=True)
        folder.rename(used / str(sum(1 for _ in used.iterdir())))

    def _round(self, contender: Contender, work: Work) -> Measurement:
        folder = self._folder(contender)
        if not (contender.reuse and folder.exists()):
            self._put_aside(folder)
            folder.mkdir(parents=True)
            contender.prepare(folder)
            os.sync()  # what was prepared must not be written while the clock runs
        for path in (folder, *work.reads):
            read(path)
        weigh = contender.weigh
        before = weigh(folder) if weigh and contender.commands else 0
        measured = self._run_all(contender.commands, folder)
        added = weigh(folder) - before if weigh else None
        return Measurement(measured.seconds, measured.processor, measured.memory, added)

    def _run_all(self, commands: tuple[Command, ...], folder: Path) -> Measurement:
        parts = [self._run(command, folder) for command in commands]
        return Measurement(
            sum(part.seconds for part in parts),
            sum(part.processor for part in parts),
            max((part.memory for part in parts), default=0),
        )

    def _run(self, command: Command, folder: Path) -> Measurement:
        """One process with all it starts.

        Peak memory is at least that of this process, since Linux hands it on to what is started; so nothing large is
        imported here.
        """
        words = self.folder / "words.txt"
        with words.open("wb") as output:
            start = perf_counter()
            process = subprocess.Popen(
                [word.replace("{folder}", str(folder)) for word in command],
                cwd=folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            impatience = Timer(self.patience, os.killpg, (process.pid, signal.SIGKILL))
            impatience.start()
            _, status, usage = os.wait4(process.pid, 0)
            seconds = perf_counter() - start
            impatience.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            raise RunFailedError(command, process.returncode, words.read_bytes())
        return Measurement(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * KIB)


def read(path: Path) -> None:
    """Bring a file, or all files of a folder, into memory, as they are for whoever comes later."""
    for file in [path] if path.is_file() else sorted(path.rglob("*")):
        if file.is_file() and not file.is_symlink():
            with file.open("rb", buffering=0) as source:
                while source.read(1 << 22):
                    pass


def _median(measured: list[Measurement]) -> Measurement:
    """Of each number by itself."""
    sizes = [one.bytes for one in measured if one.bytes is not None]
    return Measurement(
        statistics.median(one.seconds for one in measured),
        statistics.median(one.processor for one in measured),
        round(statistics.median(one.memory for one in measured)),
        round(statistics.median(sizes)) if sizes else None,
    )
