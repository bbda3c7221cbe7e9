"""Hostile bytes: sound ones with a few changes, each of which depends on nothing but the draw."""

from __future__ import annotations

import random
import re

TOKENS = (
    b"NaN", b"-1e999", b"1e400", b"18446744073709551616", b"-1", b"0", b"\xff\xfe", b"\0", b"\xed\xa0\x80",
    b"\x08", b"\xc3\xa9", b"null",
    b"<!DOCTYPE a [<!ENTITY b 'c'>]>", b"&b;", b"[[[[[[[[", b"{", b"}", b'"', b"'", b"\n", b"&a", b"*a",
    b"<<: *a", b"!!x ", b"../", b"/etc/passwd", b".git/hooks/x", b"true",
    b"[]", b"(", b")", b" AND ", b"%", b"\\", b"\xe2\x80\xae",
)  # fmt: skip
WORD = re.compile(rb"[A-Za-z_]+|-?[0-9.]+|\s+|.", re.DOTALL)


def mutated(data: bytes, drawn: random.Random) -> bytes:
    """A sound input with one to four changes."""
    for _ in range(drawn.randrange(1, 5)):
        data = drawn.choice((_flipped, _cut, _repeated, _replaced, _token))(data, drawn)
    return data[: 1 << 16]


def _piece(data: bytes, drawn: random.Random) -> tuple[int, int]:
    start = drawn.randrange(len(data) + 1)
    return start, min(len(data), start + drawn.randrange(40))


def _flipped(data: bytes, drawn: random.Random) -> bytes:
    if not data:
        return data
    changed = bytearray(data)
    changed[drawn.randrange(len(data))] ^= 1 << drawn.randrange(8)
    return bytes(changed)


def _cut(data: bytes, drawn: random.Random) -> bytes:
    start, end = _piece(data, drawn)
    return data[:start] if drawn.random() < 0.1 else data[:start] + data[end:]


def _repeated(data: bytes, drawn: random.Random) -> bytes:
    start, end = _piece(data, drawn)
    return data[:start] + data[start:end] * drawn.choice((2, 3, 50)) + data[end:]


def _replaced(data: bytes, drawn: random.Random) -> bytes:
    start, end = _piece(data, drawn)
    return data[:start] + drawn.choice(TOKENS) * drawn.choice((1, 1, 1, 300)) + data[end:]


def _token(data: bytes, drawn: random.Random) -> bytes:
    words = WORD.findall(data)
    if not words:
        return drawn.choice(TOKENS)
    words[drawn.randrange(len(words))] = drawn.choice((*TOKENS, drawn.choice(words)))
    return b"".join(words)
