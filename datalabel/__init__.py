"""dlabel: git for image labels.

import datalabel

repo = datalabel.open(".")
table = repo.labels("HEAD~1").to_arrow()
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datalabel.repository.repository import Repository

__all__ = ["init", "open"]


def open(path: str | Path = ".") -> Repository:  # noqa: A001 - `datalabel.open` reads as what it does
    """Open the project that a folder lies in.

    Raises:
        datalabel.errors.NoProjectError: there is none here or in any folder above.
    """
    from datalabel.repository.repository import Repository

    return Repository.open(path)


def init(path: str | Path = ".", *, spec: str | None = None, name: str | None = None) -> Repository:
    """Make a project of a folder (see `dlabel init`) and open it.

    Raises:
        datalabel.errors.InputError: it is a project already, or the spec cannot be used.
    """
    from datalabel.repository.repository import Repository

    return Repository.init(path, spec=spec, name=name)
