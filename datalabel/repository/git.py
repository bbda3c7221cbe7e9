"""What git knows: its user, its commit. Asked, never required; its hooks and helpers are switched off."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

_SAFE = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.untrackedCache=false")


def _ask(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(  # noqa: S603 - the arguments are ours
            ["git", *_SAFE, *arguments],  # noqa: S607
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def in_git(folder: Path) -> bool:
    """Whether the folder lies in a git repository, by looking for `.git` upwards."""
    return any((parent / ".git").exists() for parent in (folder, *folder.parents))


def git_user(folder: Path) -> str | None:
    """Name and e-mail as git would write them; None without git or without a name."""
    name = _ask(folder, "config", "user.name")
    if not name:
        return None
    email = _ask(folder, "config", "user.email")
    return f"{name} <{email}>" if email else name


def git_commit(folder: Path) -> dict[str, Any] | None:
    """Git's commit and whether its tracked files were unchanged; None outside git or before a commit."""
    if not in_git(folder):
        return None
    commit = _ask(folder, "rev-parse", "--verify", "HEAD")
    if not commit:
        return None
    changes = _ask(folder, "status", "--porcelain", "--untracked-files=no")
    return {"commit": commit, "clean": changes == ""}
