"""Text from data, fit to be shown."""

from __future__ import annotations


def printable(text: object) -> str:
    """Text from data on one line: what cannot be printed (controls, line breaks, direction marks) is escaped."""
    words = str(text)
    if words.isprintable():
        return words
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in words)
