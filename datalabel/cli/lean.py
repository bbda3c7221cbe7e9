"""Commands that start fast: typer reads values by pydantic, and to import that takes as long as all of `status`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any


def make_lean(command: Any) -> None:
    """Let a command take texts as they are, and leave unread what nobody gave: there is nothing to convert."""
    # `--help` is among these parameters only; it is not in `command.params`.
    command.get_params = partial(_lean_params, command.get_params)


def _lean_params(listed: Callable[[Any], list[Any]], ctx: Any) -> list[Any]:
    params = listed(ctx)
    for param in params:
        if "process_value" not in vars(param):
            param.process_value = partial(_process, param, param.process_value)
    return params


def _process(param: Any, read: Callable[[Any, Any], Any], ctx: Any, value: Any) -> Any:
    if (param.required and not value) or not _is_read(param, value):
        return read(ctx, value)
    if param.multiple or param.nargs == -1:
        value = list(value or ())
    return param.callback(ctx, param, value) if param.callback else value


def _is_read(param: Any, value: Any) -> bool:
    """Whether a value is what the command wants: its default, or text where text is asked for."""
    asked = getattr(getattr(param, "type_descriptor", None), "annotation", None)
    return value is None or value is param.default or asked in (str, list[str])
