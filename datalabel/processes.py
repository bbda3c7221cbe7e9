"""Processes beside this one, for work in pieces that holds Python's lock most of the time.

A worker is this program again. It is told once what all questions are about, then it answers one after another. One
that dies, or does not start, is done without: who asks does the work instead.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import mmap
import os
import queue
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import IO, Self, cast

MOST = 8
"""More workers would wait for the disk, or for the one who asks."""

_WORKER = """\
import json, sys
sys.path[:] = json.loads(sys.argv.pop(1))
from datalabel.processes import serve
serve(sys.argv[1], sys.stdin.buffer)
"""
"""Who sits at the other end: the same program, found where this one was."""

Answering = Callable[[memoryview], bytes]


class GoneError(Exception):
    """No worker answers."""


class Workers:
    """Some workers; a question goes to one that is free, so that as many threads are served."""

    def __init__(self, answering: str, number: int) -> None:
        """Start so many of them, or as many as the system lets.

        `answering` names, as `package.module:function`, what makes the answers there: given what all questions are
        about, it returns what answers one.
        """
        self._about = b""
        self._all: list[_Worker] = []
        self._free: queue.SimpleQueue[_Worker | None] = queue.SimpleQueue()
        for _ in range(number):
            worker = None
            with contextlib.suppress(OSError):
                worker = _Worker(answering)
                self._all.append(worker)
            self._free.put(worker)

    def tell(self, about: bytes) -> None:
        """What all questions are about; to be called before the first."""
        self._about = about

    def ask(self, question: bytes) -> memoryview:
        """What a worker answers.

        Raises:
            GoneError: it died, or never was.
        """
        worker = self._free.get()
        try:
            if worker is None:
                raise GoneError
            return worker.ask(self._about, question)
        finally:
            self._free.put(worker)

    def stop(self) -> None:
        """End the workers, whatever they are doing."""
        for worker in self._all:
            worker.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class _Worker:
    """One process, from outside."""

    def __init__(self, answering: str) -> None:
        # Not what lies where one stands (the empty path), unless that is this package.
        path = [*map(str, filter(None, sys.path)), str(Path(__file__).parents[1])]
        command = [sys.executable, "-P", "-c", _WORKER, json.dumps(path), answering]
        pipe, nothing = subprocess.PIPE, subprocess.DEVNULL
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=nothing)  # noqa: S603 - ourselves
        self._questions = cast("IO[bytes]", self._process.stdin)
        self._answers = cast("io.BufferedReader", self._process.stdout)
        self._is_known = False

    def ask(self, about: bytes, question: bytes) -> memoryview:
        """Have one question answered.

        Raises:
            GoneError: the process died, or is not this program.
        """
        try:
            if not self._is_known:
                self._greet(about)
            _send(self._questions, question)
            return _received(self._answers)
        except (OSError, EOFError, ValueError) as error:
            self.stop()
            raise GoneError from error

    def _greet(self, about: bytes) -> None:
        """Tell it what all is about, if its first word is ours. Nobody is waited for who says something else."""
        said = b""
        while said != _ourselves() and _ourselves().startswith(said):
            more = self._answers.read1(len(_ourselves()) - len(said))
            if not more:
                break
            said += more
        if said != _ourselves():
            raise EOFError
        _send(self._questions, about)
        self._is_known = True

    def stop(self) -> None:
        """End the process: it has nothing to lose."""
        self._process.kill()
        with contextlib.suppress(OSError), self._process:
            pass


def number_of_workers() -> int:
    """How many workers are of use: one for each processor; none where there is one, or where what runs this program
    is no Python that would run another."""
    is_python = Path(sys.executable or "").name.startswith("python") and not hasattr(sys, "frozen")
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(processors, MOST) if is_python and processors > 1 else 0


def serve(answering: str, questions: io.BufferedReader) -> None:
    """Be a worker: answer until nobody asks any more. Answers go to standard output."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the one who asks is interrupted
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what others print is no answer
    with contextlib.suppress(EOFError, BrokenPipeError):
        answers.write(_ourselves())
        answers.flush()
        module, _, function = answering.partition(":")
        begin: Callable[[memoryview], Answering] = getattr(importlib.import_module(module), function)
        answer = begin(_received(questions))
        while True:
            _send(answers, answer(_received(questions)))


def _ourselves() -> bytes:
    """Which program this is, and a worker's first word: on another's path another version may lie."""
    return os.fsencode(__file__)


def _send(stream: IO[bytes], data: bytes) -> None:
    stream.write(len(data).to_bytes(8, "big"))
    stream.write(data)
    stream.flush()


def _received(stream: io.BufferedReader) -> memoryview:
    """What the other side says. It is mapped, so that the system has the memory again as soon as nobody looks at it.

    Raises:
        EOFError: the other side is gone.
    """
    head = stream.read(8)
    if len(head) < 8:
        raise EOFError
    size = int.from_bytes(head, "big")
    data = memoryview(mmap.mmap(-1, size) if size else bytearray())
    if stream.readinto(data) < size:
        raise EOFError
    return data
