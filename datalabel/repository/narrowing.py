"""Which items paths and globs mean, where a command is narrowed to them."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from os import PathLike

from datalabel.errors import Faults, UsageError, nearest
from datalabel.files import folders_around, normalised
from datalabel.repository.options import path_text
from datalabel.repository.project import Project
from datalabel.repository.view import View

_ITEM_PATHS = "paths here are those of images: a file, a folder or a glob"


def narrowed(
    project: Project, paths: Sequence[str | PathLike[str]], views: Sequence[View]
) -> Callable[[str], bool] | None:
    """Whether a key is meant by one of the paths or globs, from the root; None without any. A glob may match nothing,
    a path that is spelled out means something in one of the views.

    Raises:
        InputError: it does not.
        UsageError: `paths` is no list.
    """
    if isinstance(paths, str | PathLike):
        raise UsageError(f"paths= takes a list of paths, not {str(paths)!r}", hint=f"paths=[{str(paths)!r}]")
    above = f"{project.root.as_posix()}/"
    keys = [normalised(path_text(path).removeprefix(above)) or "." for path in paths]
    missing = {path.rstrip("/") or "." for path in keys if not _is_glob(path)}
    for key in _keys(views) if missing else ():
        missing.difference_update((key, *folders_around(key)))
        if not missing:
            break
    faults = Faults()
    for path in sorted(missing):
        close = nearest(path, islice(_keys(views), 5000))
        hint = f"did you mean {project.typed(close)}?" if close else _ITEM_PATHS
        faults.add("no item has this name", path, hint)
    faults.raise_if_any()
    return narrowing(keys)


def narrowing(paths: Sequence[str]) -> Callable[[str], bool] | None:
    """Whether a key is meant by one of the globs: `*` crosses folders, a folder's name means all in it, and a key
    itself."""
    if not paths:
        return None
    spelled = {path.rstrip("/") or "." for path in paths}
    globs = re.compile("|".join(fnmatch.translate(path) for path in paths if _is_glob(path)) or "(?!)")
    return lambda key: (
        key in spelled or not spelled.isdisjoint(folders_around(key)) or globs.match(key) is not None
    )


def _is_glob(path: str) -> bool:
    return any(mark in path for mark in "*?[")


def _keys(views: Sequence[View]) -> Iterator[str]:
    batches = (rows for view in views for rows in view.item_batches(["item"]))
    return (key for rows in batches for key in rows.column("item").to_pylist())
