"""Texts as YAML that a reader of any version takes as they are meant."""

from __future__ import annotations

import re

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_/-]*(?: [A-Za-z0-9_][A-Za-z0-9_/-]*)*")
_WORDS = frozenset({"null", "none", "true", "false", "yes", "no", "on", "off", "y", "n"})
"""What YAML 1.1 or 1.2, or a careless reader of either, takes for anything but a text."""
_SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def quoted(text: str) -> str:
    """A text as a YAML scalar on one line: plain when nobody can misread it, else in double quotes."""
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(char: str) -> str:
    if char in _SHORT:
        return _SHORT[char]
    if char.isprintable():
        return char
    code = ord(char)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"
