"""Ctrl-C on the command line: it stops a command that has recorded nothing yet, and nothing has changed; one that is
recording what it did comes to its end.

Elsewhere (a notebook, a script) whoever runs the process decides what an interrupt does.
"""

from __future__ import annotations

import signal
import threading
from types import FrameType

_settled = threading.Event()


def heed() -> None:
    """Let an interrupt stop this process until `settle`. A process that was started deaf to it stays deaf."""
    _settled.clear()
    is_main = threading.current_thread() is threading.main_thread()
    if is_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)


def settle() -> None:
    """From here on, an interrupt comes too late: what is done next makes the command's work visible."""
    _settled.set()


def _interrupt(number: int, frame: FrameType | None) -> None:
    if not _settled.is_set():
        signal.default_int_handler(number, frame)
