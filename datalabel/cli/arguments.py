"""What the parser of arguments forgets: which of them stood after `--`."""

from __future__ import annotations

from collections.abc import Sequence

_LINE: list[str] = []


def remember_line(arguments: Sequence[str]) -> None:
    """Keep the command line as it was written."""
    _LINE[:] = arguments


def after_dashes(arguments: Sequence[str]) -> list[str]:
    """Those of a command's arguments that stood after `--`."""
    if "--" not in _LINE:
        return []
    paths = _LINE[_LINE.index("--") + 1 :]
    return paths if list(arguments[len(arguments) - len(paths) :]) == paths else []
