"""The properties of labels and items against what a data spec declares: faults in plain words."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from datalabel.errors import nearest
from datalabel.spec.model import Property

SHOWN = 8
"""So many options or names are listed in a message."""

_LONGEST = 60


@dataclass(frozen=True, slots=True)
class PropertyFault:
    """What is wrong with one property: which one (empty for the value as a whole), and a message that names it."""

    kind: Literal["missing", "unknown", "invalid"]
    name: str
    message: str

    def __str__(self) -> str:
        return self.message


def validate_properties(properties: Mapping[str, Property], value: Any) -> list[PropertyFault]:
    """Every fault of a JSON value that should be an object of these properties; none when it is right.

    A null is an absent value. Options are compared as text: the number 3 is the option `3` (and `3.0`), a
    boolean is the option `true` or `false`. Numbers are finite, limits inclusive; 2.0 is an integer. Patterns
    are RE2 and match anywhere in the text.
    """
    if not isinstance(value, Mapping):
        return [PropertyFault("invalid", "", f"the properties are {_type(value)}, not an object")]
    found: list[PropertyFault] = []
    for name, declared in properties.items():
        given = value.get(name)
        if given is None:
            if declared.required:
                found.append(PropertyFault("missing", name, _missing(name, declared)))
            continue
        wrong = _list_fault(declared, given) if declared.multiple else _fault(declared, given)
        if wrong:
            found.append(PropertyFault("invalid", name, f"{_quoted(name)} {wrong}"))
    unknown = [name for name in value if name not in properties]
    found += [PropertyFault("unknown", str(name), _unknown(str(name), properties)) for name in unknown]
    return found


# Faults in words


def _missing(name: str, declared: Property) -> str:
    told = f" (one of {_some(declared.options)})" if declared.options else ""
    return f"{_quoted(name)} is missing{told}"


def _unknown(name: str, properties: Mapping[str, Property]) -> str:
    close = nearest(name, properties)
    if close:
        return f"{_quoted(name)} is not declared; did you mean {_quoted(close)}?"
    return f"{_quoted(name)} is not declared; the spec has {_some(properties) if properties else 'no properties'}"


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
        return f"is {_type(value)}, not one of {_some(declared.options)}"
    if _key(value) in _meanings(declared.options):
        return None
    close = nearest(value if isinstance(value, str) else json.dumps(value), declared.options)
    if close:
        return f"is {_shown(value)}; did you mean {_quoted(close)}?"
    return f"is {_shown(value)}, not one of {_some(declared.options)}"


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


def _some(names: Iterable[str]) -> str:
    every = list(names)
    rest = f" and {len(every) - SHOWN:,} more" if len(every) > SHOWN else ""
    return ", ".join(map(_quoted, every[:SHOWN])) + rest
