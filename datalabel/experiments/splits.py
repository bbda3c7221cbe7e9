"""Splits: which items train, which validate. Everything here follows from content and seed alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from types import MappingProxyType

import numpy as np

from datalabel.content import fingerprints
from datalabel.errors import UsageError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_SHARE = re.compile(r"[^eE]{1,40}(?:[eE][-+]?\d{1,3})?%?")
"""Nothing that would become a number of endless digits (1e99999999)."""
EXAMPLE = "--split train=0.8,val=0.2"


@dataclass(frozen=True, slots=True)
class Ratios:
    """Names of splits, each with its share; the shares are positive and sum to one exactly."""

    shares: Mapping[str, Fraction]

    @classmethod
    def parse(cls, text: str) -> Ratios:
        """Read `train=0.8,val=0.2`; fractions (`2/3`) and per cents (`80%`) are numbers, too.

        Raises:
            UsageError: a part is no `name=share`, a name comes twice, or the shares do not sum to one.
        """
        shares: dict[str, Fraction] = {}
        for part in text.split(","):
            name, _, share = (piece.strip() for piece in part.partition("="))
            check_name(name, part.strip())
            if name in shares:
                raise UsageError(f"the split {name!r} is given twice", hint=f"e.g. {EXAMPLE}")
            shares[name] = _share(name, share)
        total = sum(shares.values())
        if total != 1:
            raise UsageError(
                f"the shares of the splits sum to {float(total)!r}, not to 1", hint=f"e.g. {EXAMPLE}"
            )
        return cls(shares)

    def __str__(self) -> str:
        return ",".join(f"{name}={_plain(share)}" for name, share in self.shares.items())

    def assign(self, contents: Sequence[str], seed: int) -> list[str]:
        """The split of each content: a hash of it and the seed, compared with the running sum of the shares.

        A content keeps its split whatever else there is; the shares are met approximately.
        """
        seeded = (f"{seed} {content}".encode() for content in contents)
        hashes = np.fromiter(fingerprints(seeded), np.uint64, len(contents))
        sums = np.cumsum([Fraction(0), *self.shares.values()])[1:-1]
        bounds = np.array([int(share * 2**64) for share in sums], np.uint64)
        names = list(self.shares)
        return [names[place] for place in np.searchsorted(bounds, hashes, side="right").tolist()]


def _share(name: str, text: str) -> Fraction:
    try:
        if not _SHARE.fullmatch(text):
            raise ValueError(text)
        share = Fraction(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except (ValueError, ZeroDivisionError):
        raise UsageError(f"the share of {name!r} is no number: {text!r}", hint=f"e.g. {EXAMPLE}") from None
    if not 0 < share <= 1:
        raise UsageError(f"the share of {name!r} is {text}; it must lie above 0 and at most at 1")
    return share


def _plain(share: Fraction) -> str:
    """A decimal where it is exact, else a fraction: what `parse` reads back as the same share."""
    decimal = repr(float(share))
    return decimal if Fraction(decimal) == share else str(share)


def check_name(name: str, where: str) -> None:
    """Refuse a name of a split that could not be a folder's name everywhere.

    Raises:
        UsageError: it is empty, too long, or has other characters than letters, digits, `_` and `-`.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{where!r}: {name!r} cannot name a split; letters, digits, _ and - can", hint=f"e.g. {EXAMPLE}"
        )


@dataclass(frozen=True, slots=True)
class Assigned:
    """The split of each item that has one; items between two splits, with both; and items in none.

    `unknown` has what the lists of splits name that is no item.
    """

    splits: Mapping[str, str]
    bridging: Mapping[str, tuple[str, str]]
    unnamed: tuple[str, ...] = ()
    unknown: Mapping[str, Sequence[str]] = field(default_factory=lambda: MappingProxyType({}))


def published(lists: Mapping[str, Iterable[str]], contents: Mapping[str, str]) -> Assigned:
    """Splits as lists of items give them; `contents` has the content of every selected item.

    An item in two lists, or with the same content as an item of another list, is in none: it bridges.
    """
    wanted: dict[str, set[str]] = {}
    for split, items in lists.items():
        for item in items:
            if item in contents:
                wanted.setdefault(contents[item], set()).add(split)
    splits: dict[str, str] = {}
    bridging: dict[str, tuple[str, str]] = {}
    unnamed: list[str] = []
    for item, content in contents.items():
        names = sorted(wanted.get(content, ()))
        if len(names) == 1:
            splits[item] = names[0]
        elif names:
            bridging[item] = (names[0], names[1])
        else:
            unnamed.append(item)
    return Assigned(splits, bridging, tuple(unnamed))


def without_unions(lists: Mapping[str, Sequence[str]]) -> dict[str, Sequence[str]]:
    """The lists without those that are only others put together (VOC's `trainval`)."""
    members = {name: frozenset(items) for name, items in lists.items()}

    def is_union(name: str) -> bool:
        inside = [other for key, other in members.items() if key != name and other and other < members[name]]
        return len(inside) > 1 and frozenset().union(*inside) == members[name]

    return {name: items for name, items in lists.items() if not is_union(name)}
