"""The file that a result is written to (`-o FILE`): whole or not at all, and never over labels, images or a spec."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO

from datalabel.check.accepted import FILE
from datalabel.errors import InputError, RefusedError
from datalabel.files import is_reserved
from datalabel.formats.registry import detect_format
from datalabel.images import looks_like_image
from datalabel.repository.working_tree import IGNORE_FILE, SPEC_FILE

_KEPT = (SPEC_FILE, FILE, IGNORE_FILE)
_HEAD = 64
_ODD = "backslashreplace"
"""What is no Unicode is spelled out in files, as on a terminal."""


def check_output_file(path: Path) -> None:
    """Make sure that nothing is lost where a result is to be written. An earlier result may be replaced.

    Raises:
        InputError: its folder does not exist or may not be written, or it is a folder itself.
        RefusedError: it holds labels, an image or a spec, or belongs to the store or to git.
    """
    if not path.parent.is_dir() or path.is_dir():
        what = "is a folder" if path.is_dir() else "no such folder"
        raise InputError(what, where=str(path if path.is_dir() else path.parent))
    refuse_own(path)
    if path.is_file() and (held := _held(path)):
        raise RefusedError(f"holds {held}, and is not overwritten", where=str(path), hint="name another file")
    if not path.exists() or path.is_file():
        try:
            _beside(path).touch()
            _beside(path).unlink()
        except OSError as error:
            raise InputError(
                f"cannot be written: {error.strerror}", where=str(path), hint="name another file"
            ) from error


def refuse_own(path: Path) -> None:
    """Make sure that nothing is written among what the store or git keep.

    Raises:
        RefusedError: the path lies there, or leads there through a link.
    """
    if any(map(is_reserved, (*path.parts, *path.resolve().parts))):
        raise RefusedError("lies in a folder of dlabel or git", where=str(path), hint="choose another place")


def _held(path: Path) -> str | None:
    """What a file holds that a result must not replace."""
    if not {path.name, path.resolve().name}.isdisjoint(_KEPT):
        return "settings of a project"
    with path.open("rb") as file:
        if looks_like_image(file.read(_HEAD)):
            return "an image"
    fmt = detect_format(path)
    return f"{fmt.title} labels" if fmt else None


def write_output_file(path: Path, write: Callable[[IO[str]], None]) -> None:
    """Replace a file, or the one that a link leads to, by what `write` writes, whole or not at all; a device or pipe
    takes it as it comes."""
    if path.exists() and not path.is_file():
        with path.open("w", encoding="utf-8", errors=_ODD) as out:
            write(out)
        return
    temporary = _beside(path)
    try:
        with temporary.open("w", encoding="utf-8", errors=_ODD) as out:
            write(out)
        temporary.replace(path.resolve())
    finally:
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()


def _beside(path: Path) -> Path:
    """A new file in the folder of the file itself."""
    return path.resolve().with_name(f".dlabel-{os.getpid()}-{threading.get_ident()}.tmp")
