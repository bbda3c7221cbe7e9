"""dlabel: git for image labels.

import datalabel

repo = datalabel.open(".")
table = repo.labels("HEAD~1").to_arrow()
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datalabel.progress import Progress
    from datalabel.repository.repository import Repository

    __version__: str

__all__ = ["init", "open"]


def open(  # noqa: A001 - `datalabel.open` reads as what it does
    path: str | Path = ".", *, progress: Progress | None = None, wait: float = 0.0
) -> Repository:
    """Open the project that a folder lies in.

    `progress` is told how far long work is; methods that change something wait up to `wait` seconds for another
    process that does. Several threads may share what is opened.

    Raises:
        datalabel.errors.NoProjectError: there is none here or in any folder above.
        datalabel.errors.InputError: its `config.yaml` is faulty.
    """
    from datalabel.progress import SILENT
    from datalabel.repository.repository import Repository

    return Repository.open(path, progress=progress or SILENT, wait=wait)


def init(path: str | Path = ".", *, spec: str | None = None, name: str | None = None) -> Repository:
    """Make a project of a folder (see `dlabel init`) and open it.

    Raises:
        datalabel.errors.InputError: it is a project already, or the spec cannot be used.
    """
    from datalabel.repository.repository import Repository

    return Repository.init(path, spec=spec, name=name)


if not TYPE_CHECKING:  # who checks types would take any name for one that is there

    def __getattr__(name: str) -> str:
        """`__version__`, looked up when it is asked for."""
        if name != "__version__":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from datalabel.version import version

        return version()
