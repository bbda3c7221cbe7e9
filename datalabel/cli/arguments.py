"""What the parser of arguments forgets, which of them stood after `--`, and how help shows them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

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


def shown_as_written(command: Any) -> None:
    """Let help show the arguments of a command as their metavars say: `[REV]`, `PATH…`. Typer's own notation would be
    put around that, and its types say nothing here: all are texts."""
    for param in command.params:
        if param.param_type_name == "argument" and param.metavar:
            param.get_usage_pieces = partial(_usage_of, param)
            param.get_help_record = partial(_record_of, param, param.get_help_record)


def _usage_of(param: Any, ctx: Any) -> list[str]:  # noqa: ARG001 - as Typer calls it
    return [param.metavar]


def _record_of(param: Any, told: Callable[[Any], tuple[str, str] | None], ctx: Any) -> tuple[str, str] | None:
    record = told(ctx)
    words = record[1].replace("[required]", "").rstrip() if record else ""
    return (param.metavar, words) if words else None
