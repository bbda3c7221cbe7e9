"""Text from data, fit to be shown, and amounts in words."""

from __future__ import annotations


def printable(text: object) -> str:
    """Text from data on one line: what cannot be printed (controls, line breaks, direction marks) is escaped."""
    words = str(text)
    if words.isprintable():
        return words
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in words)


def amount(number: int, one: str, several: str | None = None) -> str:
    """`1 label`, `4,888 labels`; `several` where the plural is more than an added `s`."""
    return f"{number:,} {one if number == 1 else several or one + 's'}"
