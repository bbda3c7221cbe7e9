"""The value of a property against what a data spec declares: faults in plain words."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Hashable, Iterable, Mapping
from functools import lru_cache
from typing import Any

from datalabel.errors import nearest
from datalabel.printable import some
from datalabel.spec.model import Property

SHOWN = 8
"""So many options are listed in a message."""

_LONGEST = 60


def value_fault(name: str, declared: Property, value: Any) -> str | None:
    """What is wrong with the value of a property (one that is given: JSON, not null), in words that begin with its
    name; None when it is right.

    Options are compared as text: the number 3 is the option `3` (and `3.0`), a boolean is the option `true` or
    `false`. Numbers are finite, limits inclusive; 2.0 is an integer. Patterns are RE2 and match anywhere in the text.
    """
    wrong = _list_fault(declared, value) if declared.multiple else _fault(declared, value)
    return f"{_quoted(name)} {wrong}" if wrong else None


# Faults in words


def _list_fault(declared: Property, value: Any) -> str | None:
    if not isinstance(value, list):
        return f"is {_shown(value)}, not a list"
    for member in value:
        wrong = _fault(declared, member)
        if wrong:
            return f"has a member that {wrong}"
    return _repeated(declared, value)


def _repeated(declared: Property, members: list[Any]) -> str | None:
    """A list holds each value once; two spellings of one option are the same value."""
    seen: set[Hashable] = set()
    meaning = _meanings(declared.options) if declared.type == "options" else {}
    for member in members:
        key = _key(member)
        names: Iterable[Hashable] = meaning.get(key, [key])
        for name in names:
            if name in seen:
                return f"has {_shown(member)} twice"
        seen.update(names)
    return None


def _fault(declared: Property, value: Any) -> str | None:
    return _JUDGES[declared.type](declared, value)


def _not_an_option(declared: Property, value: Any) -> str | None:
    if not isinstance(value, str | bool | int | float):
        return f"is {_type(value)}, not one of {some(map(_quoted, declared.options), SHOWN)}"
    if _key(value) in _meanings(declared.options):
        return None
    close = nearest(value if isinstance(value, str) else json.dumps(value), declared.options)
    if close:
        return f"is {_shown(value)}; did you mean {_quoted(close)}?"
    return f"is {_shown(value)}, not one of {some(map(_quoted, declared.options), SHOWN)}"


def _not_a_number(declared: Property, value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"is {_shown(value)}, not a number"
    if isinstance(value, float) and not math.isfinite(value):
        return "is not a finite number"
    if declared.minimum is not None and value < declared.minimum:
        return f"is {_shown(value)}, less than {declared.minimum:g}"
    if declared.maximum is not None and value > declared.maximum:
        return f"is {_shown(value)}, more than {declared.maximum:g}"
    return None


def _not_an_integer(declared: Property, value: Any) -> str | None:
    wrong = _not_a_number(declared, value)
    if wrong is None and isinstance(value, float) and not value.is_integer():
        return f"is {_shown(value)}, not a whole number"
    return wrong


def _not_a_text(declared: Property, value: Any) -> str | None:
    if not isinstance(value, str):
        return f"is {_shown(value)}, not text"
    if declared.pattern is not None and not _matches(value, declared.pattern):
        return f"is {_shown(value)}, which does not match {declared.pattern}"
    return None


def _not_a_boolean(_: Property, value: Any) -> str | None:
    return None if isinstance(value, bool) else f"is {_shown(value)}, not true or false"


_JUDGES: Mapping[str, Callable[[Property, Any], str | None]] = {
    "options": _not_an_option,
    "number": _not_a_number,
    "integer": _not_an_integer,
    "text": _not_a_text,
    "boolean": _not_a_boolean,
}


def _matches(text: str, pattern: str) -> bool:
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        return bool(pc.match_substring_regex(pa.scalar(text, pa.string()), pattern).as_py())
    except UnicodeEncodeError:  # half a surrogate pair, which JSON can spell and no pattern can match
        return False


# Options and their spellings


def spellings(option: str) -> list[Any]:
    """The JSON values that are this option: its text, and the number or boolean that is written so."""
    try:
        value = json.loads(option, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        return [option]
    if isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value)):
        return [option, value]
    return [option]


@lru_cache(maxsize=64)
def _meanings(options: tuple[str, ...]) -> dict[Hashable, list[str]]:
    """For the key of each value that is an option, the options that it is."""
    found: dict[Hashable, list[str]] = {}
    for option in dict.fromkeys(options):
        for value in spellings(option):
            found.setdefault(_key(value), []).append(option)
    return found


def option_of(options: tuple[str, ...], value: Any) -> str | None:
    """The option that a JSON value is, in whatever spelling; None when it is none."""
    if not isinstance(value, str | bool | int | float):
        return None
    found = _meanings(options).get(_key(value))
    return found[0] if found else None


def _key(value: Any) -> Hashable:
    """Equal for equal JSON values: true is not 1, 1.0 is."""
    if isinstance(value, bool | str):
        return type(value).__name__, value
    return ("number", value) if isinstance(value, int | float) else ("other", repr(value))


# Words


def _quoted(text: str) -> str:
    return json.dumps(text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…", ensure_ascii=False)


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, bool | float):
        return json.dumps(value)
    if isinstance(value, int):
        # Very long integers cannot be turned into decimal text.
        return str(value) if value.bit_length() < 128 else "a very large number"
    return _type(value)


def _type(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "text"
    return "a list" if isinstance(value, list) else "an object"
