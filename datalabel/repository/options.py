"""What callers of the library give as keywords and paths: faults are told where they come in, not in the depths."""

from __future__ import annotations

import os
import re
import reprlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from datalabel.errors import UsageError, nearest

Options = TypeVar("Options")

_EXPECTED = re.compile("Expected `([^`]*)`")
_WORDS = {
    "array": "a list of texts",
    "object": "a mapping",
    "str": "a text",
    "int": "a whole number",
    "float": "a number",
    "bool": "True or False",
    "null": "None",
}


def options_of(kind: type[Options], given: Mapping[str, Any]) -> Options:
    """Options of a class from keywords. Paths serve as texts, and NumPy's numbers as Python's.

    Raises:
        UsageError: there is no such option, or it does not take such a value.
    """
    hints = get_type_hints(kind)
    for name in given:
        if name not in hints:
            close = nearest(name, hints)
            hint = f"did you mean {close}=?" if close else f"there are {', '.join(hints)}"
            raise UsageError(f"there is no option {name}=", hint=hint)
    return kind(**{name: _taken(name, value, hints[name]) for name, value in given.items()})


def paths_in(root: Path, paths: Iterable[Any]) -> list[Path]:
    """Paths as they are from the root.

    Raises:
        UsageError: one is none.
    """
    return [root / path_text(path) for path in paths]


def path_text(path: Any) -> str:
    """A path as text.

    Raises:
        UsageError: it is none.
    """
    if not isinstance(path, str | os.PathLike):
        hint = "several are given one by one" if isinstance(path, list | tuple) else None
        raise UsageError(f"a path is a text or a Path, not {reprlib.repr(path)}", hint=hint)
    return os.fsdecode(path)


def _taken(name: str, value: Any, hint: Any) -> Any:
    import msgspec

    if callable(value):
        return value  # which of its options are functions, a class says itself
    try:
        return msgspec.convert(_plain(value), hint)
    except UnicodeEncodeError:  # half a character, where no text is wanted
        return _taken(name, str(value).encode(errors="replace").decode(), hint)
    except msgspec.ValidationError as error:
        raise UsageError(f"{name}= takes {_wanted(hint, str(error))}, not {reprlib.repr(value)}") from None


def _plain(value: Any) -> Any:
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if type(value).__module__ == "numpy" and not getattr(value, "shape", True):
        return value.item()
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list | tuple | set | frozenset) else value


def _wanted(hint: Any, said: str) -> str:
    """What an option takes, in words."""
    literals = [repr(one) for one in _parts(hint) if isinstance(one, str)]
    if literals:
        return " or ".join(literals)
    if tuple in (get_origin(one) for one in _parts(hint)):
        return "two texts or None"
    found = _EXPECTED.match(said)
    return " or ".join(_WORDS.get(one, one) for one in found[1].split(" | ")) if found else "something else"


def _parts(hint: Any) -> list[Any]:
    """A type, and all that it is made of."""
    return [hint, *(part for one in get_args(hint) for part in _parts(one))]
