"""Whether the process that announced itself as the writer still runs."""

from __future__ import annotations

import os
import platform
from pathlib import Path


def started_at(pid: int) -> str:
    """When a process started, so that a reused process number is not taken for the old process."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        return text.rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def is_alive(pid: int, host: str, started: str) -> bool:
    """Whether the announced writer may still be running; one on another host always may."""
    if host != platform.node():
        return True
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError, TypeError):
        return False  # nor is one whose number no process can have
    except OSError:
        return True
    current = started_at(pid)
    return not (started and current) or started == current
