"""The error tree: every failure that a caller can cause or meet, and the exit status that it maps to.

An error says *what* is wrong, *where* (a file, a line, an item, a label) and gives a *hint*: the next
thing to type. Kinds are only ever added, never renamed: scripts rely on the exit codes behind them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar


class Kind(StrEnum):
    """What sort of failure an error is; `EXIT_CODES` maps each to an exit status."""

    USAGE = "usage"
    INPUT = "input"
    REFUSED = "refused"
    NO_PROJECT = "no-project"
    DAMAGED = "damaged"
    TOO_NEW = "too-new"
    BUSY = "busy"
    INTERRUPTED = "interrupted"


EXIT_CODES: dict[Kind, int] = {
    Kind.USAGE: 2,
    Kind.INPUT: 3,
    Kind.REFUSED: 3,
    Kind.NO_PROJECT: 4,
    Kind.DAMAGED: 4,
    Kind.TOO_NEW: 4,
    Kind.BUSY: 5,
    Kind.INTERRUPTED: 130,
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with an input: what, and where (`labels.json: annotation 17 (image "a.jpg")`)."""

    what: str
    where: str | None = None
    hint: str | None = None

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" if self.where else self.what


class DlabelError(Exception):
    """Root of the tree. `faults` holds at least one fault; a faulty input is reported whole, in one go."""

    kind: ClassVar[Kind]

    def __init__(self, what: str, *, where: str | None = None, hint: str | None = None) -> None:
        self.faults: tuple[Fault, ...] = (Fault(what, where),)
        self.hint = hint
        super().__init__(str(self.faults[0]))

    @classmethod
    def of(cls, faults: Iterable[Fault], hint: str | None = None) -> DlabelError:
        """One error for several faults of one input.

        Raises:
            ValueError: no faults were given.
        """
        every = tuple(faults)
        if not every:
            raise ValueError("an error needs at least one fault")
        error = cls(every[0].what, where=every[0].where, hint=hint or every[0].hint)
        error.faults = every
        error.args = ("\n".join(map(str, every)),)
        return error


class UsageError(DlabelError):
    """The command or call itself is malformed: an unknown option value, arguments that exclude each other."""

    kind = Kind.USAGE


class InputError(DlabelError):
    """A file, spec, image or revision that cannot be used as it is."""

    kind = Kind.INPUT


class RefusedError(DlabelError):
    """The request is well formed, but something would be lost; the hint names the flag that insists."""

    kind = Kind.REFUSED


class NoProjectError(DlabelError):
    """There is no `.dlabel` here or in any folder above."""

    kind = Kind.NO_PROJECT


class DamagedError(DlabelError):
    """An object, table or database of the store is not what its name or schema says."""

    kind = Kind.DAMAGED


class TooNewError(DlabelError):
    """The store was written by a later version of this program."""

    kind = Kind.TOO_NEW


class BusyError(DlabelError):
    """Another living process holds the project."""

    kind = Kind.BUSY


class Faults:
    """Collects the faults of one input so that all of them are reported at once.

    Keeps the first `limit` and counts the rest, so that a file with a million faults stays readable.
    """

    def __init__(self, limit: int = 20) -> None:
        self._kept: list[Fault] = []
        self._count = 0
        self._limit = limit

    def add(self, what: str, where: str | None = None, hint: str | None = None) -> None:
        """Record one fault."""
        self._count += 1
        if len(self._kept) < self._limit:
            self._kept.append(Fault(what, where, hint))

    def extend(self, faults: Sequence[Fault]) -> None:
        """Record several faults."""
        for fault in faults:
            self.add(fault.what, fault.where, fault.hint)

    def __len__(self) -> int:
        return self._count

    def raise_if_any(self, error: type[DlabelError] = InputError, hint: str | None = None) -> None:
        """Raise one error that carries every kept fault, if there is any.

        Raises:
            DlabelError: of the given type, when at least one fault was added.
        """
        if not self._count:
            return
        kept = list(self._kept)
        if self._count > len(kept):
            left = self._count - len(kept)
            kept.append(Fault(f"… and {left:,} more {'fault' if left == 1 else 'faults'} like these"))
        raise error.of(kept, hint=hint)


_SHORTAGES = (
    "can't start new thread",
    "Failed to launch worker thread",
    "failed to map segment from shared object",
    "annot allocate memory",
    "ZSTD_DCtx create failed",
)
"""How Python, Arrow, Zstandard and the loader of libraries say it, each by an error of another class."""


def is_shortage(error: BaseException) -> bool:
    """Whether the system gave no more memory or threads: a limit was met, and nothing is damaged or wrong."""
    return isinstance(error, MemoryError) or any(words in str(error) for words in _SHORTAGES)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word closest to a mistyped one, or None when nothing is close."""
    import difflib

    word = str(word)
    lower = {name.lower(): name for name in known}
    # difflib thinks little of swapped letters, the commonest slip: `stauts` is `status` before it is `stats`.
    swapped = [name for name in lower if sorted(name) == sorted(word.lower())]
    found = swapped or difflib.get_close_matches(word.lower(), lower, n=1, cutoff=0.6)
    return lower[found[0]] if found else None
