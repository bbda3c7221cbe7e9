"""Runs commands in children of its own, each under the shim: one start-up serves hundreds of deaths.

Reads a JSON object a line (what `Faulty.run` sends). Answers a line each: the exit status (negative: the signal
that ended it) and how many changes were counted. The command `probe` is not dlabel's: it reads everything that
the store of the folder names.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import json
import os
import resource
import signal
import sys
from pathlib import Path
from typing import Any

from datalabel.cli.main import run

SHIM = ctypes.CDLL(None)
PATIENCE = 120
"""Seconds after which a child that hangs is ended by a signal."""

REHEARSED = (
    ["init"], ["add", "."], ["status"], ["commit", "-m", "x"], ["snapshot", "create", "s"],
    ["restore", "labels.json"], ["rm", "labels.json"], ["mv", "images", "pictures"], ["diff", "HEAD"], ["stats"],
    ["check"], ["export", "s", "-f", "coco", "-o", "out", "--images", "copy"], ["probe"],
)  # fmt: skip
"""What a first child does, so that its imports are known and no later child has to repeat them."""


def prepare(scratch: Path, listed: Path) -> None:
    """Import what commands import. Nothing else is done in this process: threads do not survive a fork."""
    sys.path.insert(0, str(Path(__file__).parent.parent))
    if not listed.exists():
        if os.fork() == 0:
            rehearse(scratch / "rehearsal")
            listed.write_text("\n".join(sys.modules), encoding="utf-8")
            os._exit(0)
        os.wait()
    for module in listed.read_text(encoding="utf-8").splitlines():
        with contextlib.suppress(ImportError):
            importlib.import_module(module)


def rehearse(folder: Path) -> None:
    """Run each command once, in silence."""
    from pictures import write_coco, write_image

    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    write_image(folder / "images" / "a.jpg")
    write_coco(folder / "labels.json", {"images/a.jpg": [("cat", 1, 2, 10, 10)]})
    os.chdir(folder)
    for arguments in REHEARSED:
        perform(arguments)


def perform(arguments: list[str]) -> int:
    """One command of dlabel's, or the probe."""
    if arguments[0] == "probe":
        from faults.reading import probe

        return probe(arguments[1:])
    return run(arguments)


def arm(root: str, mode: int, at: int = 0, log: str = "", *, coarse: bool = False) -> None:
    """Tell the shim what to do to this process from here on."""
    SHIM.fault_arm(root.encode(), mode, ctypes.c_long(at), log.encode(), int(coarse))


def child(task: dict[str, Any], report: int) -> None:
    """Run one command and end this process; what is printed goes to a file beside the log."""
    signal.alarm(PATIENCE)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also where the tests run deaf to it
    os.chdir(task["folder"])
    out = os.open(task["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    os.dup2(out, 1)
    os.dup2(out, 2)
    for name, limit in task["limits"].items():
        resource.setrlimit(getattr(resource, name), (limit, limit))
    if task["user"] is not None:
        os.setgid(task["user"])
        os.setuid(task["user"])
    arm(task["root"], task["mode"], task["at"], task["log"], coarse=task["coarse"])
    status = perform(task["arguments"])
    count = SHIM.fault_done()
    arm("", 0)
    sys.stdout.flush()
    sys.stderr.flush()
    os.write(report, str(count).encode())
    os._exit(status)


def main() -> None:
    """Serve until the input ends."""
    prepare(Path(sys.argv[1]), Path(sys.argv[2]))
    SHIM.fault_done.restype = ctypes.c_long
    for line in sys.stdin:
        reading, report = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(reading)
            child(json.loads(line), report)
        os.close(report)
        _, status = os.waitpid(pid, 0)
        with os.fdopen(reading) as counted:
            count = int(counted.read() or 0)
        print(json.dumps([os.waitstatus_to_exitcode(status), count]), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
