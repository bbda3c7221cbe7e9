"""Who does something here."""

from __future__ import annotations

import os
import platform

from datalabel.repository.git import git_user
from datalabel.repository.project import Project


def author_of(project: Project) -> str:
    """Who commits: `user` of config.yaml, else git's user, else the account on this machine."""
    return project.config.user or git_user(project.root) or _account()


def _account() -> str:
    try:
        import pwd

        name = pwd.getpwuid(os.getuid()).pw_name
    except (ImportError, KeyError):
        name = f"user{os.getuid()}"
    return f"{name}@{platform.node()}"
