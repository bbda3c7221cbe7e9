"""How JSON is laid out in a file, and a place to keep its pieces until their order is known."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from datalabel.formats.coco.document import Style

GROUP = 1 << 18
"""Elements are laid out and handed on so many bytes at a time."""

_LAST = np.iinfo(np.int64).max


class Layout:
    """Turns compact JSON into the layout of a style; the lists of a document stand two levels deep."""

    def __init__(self, style: Style, whole: bool) -> None:
        """`whole`: the file is one list, whose elements stand one level deep."""
        self._style = style
        self._wrap = (b"[", b"]") if whole else (b'{"":[', b"]}")
        probe = self.format(b"0,0".join(self._wrap))
        before, self.between, after = probe.rsplit(b"0", 2)
        self._before, self._after = len(before), len(after)
        self.comma = b", " if style.indent == 0 else b","
        self.close = b"\n}" if style.indent > 0 else b"}"
        self.end = b"\n" if style.newline else b""

    def format(self, text: bytes) -> bytes:
        """JSON text in this layout, as the whole of a file."""
        if self._style.indent < 0:
            return text
        laid = bytes(msgspec.json.format(text, indent=self._style.indent))
        if self._style.tabs:
            laid = re.sub(rb"(?m)^ +", lambda found: b"\t" * len(found[0]), laid)
        return laid

    def elements(self, text: bytes) -> bytes:
        """Elements of a list, separated by commas, as they stand in the list."""
        if self._style.indent < 0:
            return text
        laid = self.format(text.join(self._wrap))
        return laid[self._before : len(laid) - self._after]

    def member(self, key: str, text: bytes) -> bytes:
        """One member of the top level."""
        name = msgspec.json.encode(key)
        laid = self.format(b"{" + name + b":" + text + b"}")
        return laid[1 : len(laid) - len(self.close)]

    def list_ends(self, key: str | None) -> tuple[bytes, bytes]:
        """What stands before the first and after the last element of a list that is not empty."""
        if key is None:
            before, after = self.format(b"[0]").split(b"0")
            return before, after
        before, after = self.member(key, b"[0]").rsplit(b"0", 1)
        return before, after


class Spool:
    """Elements of one list in a temporary file, given back in the order of a number that comes with each."""

    def __init__(self) -> None:
        self._file: Any = tempfile.TemporaryFile()  # noqa: SIM115
        self._size = 0
        self._orders: list[npt.NDArray[np.int64]] = []
        self._ends: list[npt.NDArray[np.int64]] = []
        self._starts: list[npt.NDArray[np.int64]] = []

    def add(
        self, text: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int64], orders: npt.NDArray[np.int64]
    ) -> None:
        """Keep pieces of compact JSON, each with a comma after it: one element, or several separated by commas; or
        none at all, and then no comma."""
        self._file.write(text)
        filled = offsets[1:] > offsets[:-1]
        self._starts.append(offsets[:-1][filled] + self._size)
        self._ends.append(offsets[1:][filled] + self._size)
        self._orders.append(orders[filled])
        self._size += len(text)

    @property
    def empty(self) -> bool:
        """Whether nothing was added."""
        return not self._size

    def groups(self) -> Iterator[bytes]:
        """Elements separated by commas, in order (equal orders as added), some at a time."""
        if not self._size:
            return
        self._file.flush()
        order = np.argsort(np.concatenate(self._orders), kind="stable")
        starts, ends = np.concatenate(self._starts)[order], np.concatenate(self._ends)[order]
        reached = np.cumsum(ends - starts)
        start = 0
        while start < len(starts):
            before = int(reached[start - 1]) if start else 0
            stop = max(start + 1, int(np.searchsorted(reached, before + GROUP, "right")))
            yield self._read(starts[start:stop], ends[start:stop])
            start = stop

    def _read(self, starts: npt.NDArray[np.int64], ends: npt.NDArray[np.int64]) -> bytes:
        """Some pieces without the last comma; what lies end to end is read at once."""
        apart = starts[1:] != ends[:-1]
        begins, ends = starts[np.append(True, apart)], ends[np.append(apart, True)]
        source = self._file.fileno()
        pairs = zip(begins.tolist(), ends.tolist(), strict=True)
        # Not mapped: the pages of a large file would count as memory of this process.
        return b"".join([os.pread(source, end - begin, begin) for begin, end in pairs])[:-1]

    def close(self) -> None:
        """Let go of the temporary file."""
        self._file.close()


def orders_of(orders: Sequence[int | None]) -> npt.NDArray[np.int64]:
    """Orders as numbers; what has none comes last."""
    return np.array([_LAST if one is None else one for one in orders], np.int64)
