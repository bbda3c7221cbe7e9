"""Ctrl-C on the command line: it stops a command that has recorded nothing yet, and nothing has changed; one that is
recording what it did comes to its end, unless Ctrl-C is pressed again.

Elsewhere (a notebook, a script) whoever runs the process decides what an interrupt does.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_settled = threading.Event()
_too_late = threading.Event()


def heed() -> bool:
    """Let an interrupt stop this process until `settle`, from now on; whether it was otherwise before.

    A process that was started deaf to interrupts stays deaf.
    """
    _settled.clear()
    _too_late.clear()
    is_main = threading.current_thread() is threading.main_thread()
    is_new = is_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if is_new:
        signal.signal(signal.SIGINT, _interrupt)
    return is_new


@contextmanager
def heeding() -> Iterator[None]:
    """The same for one command, in a process that may go on to other things."""
    is_new = heed()
    try:
        yield
    finally:
        if is_new:
            signal.signal(signal.SIGINT, signal.default_int_handler)


def settle() -> None:
    """From here on, an interrupt comes too late: what is done next makes the command's work visible."""
    _settled.set()


def is_settled() -> bool:
    """Whether the command has recorded its work, or is about to."""
    return _settled.is_set()


def _interrupt(number: int, frame: FrameType | None) -> None:
    if _settled.is_set() and not _too_late.is_set():
        _too_late.set()  # whoever insists does not wait for what follows: a long report, perhaps
        return
    signal.default_int_handler(number, frame)
