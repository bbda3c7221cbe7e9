"""A baseline: the findings of one day, written down so that a gate complains of new ones only.

The file is JSON, sorted, with one finding on a line, so that git merges it line by line.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

from datalabel.check.finding import Finding, Mark, gist_of
from datalabel.errors import InputError

MAX_BYTES = 256 << 20
_OF = {False: "revisions", True: "label files"}


@dataclass(frozen=True, slots=True)
class Judged:
    """Findings held against what was known before: those that are new, how many were known, and the marks
    that were expected and did not come, with how often."""

    new: tuple[Finding, ...]
    known: int
    missing: Counter[Mark]


def subtract(findings: Iterable[Finding], known: Counter[Mark]) -> Judged:
    """The findings that are not known; a mark excuses as many findings as it is known times."""
    left = Counter(known)
    new: list[Finding] = []
    for finding in findings:
        if left[finding.mark] > 0:
            left[finding.mark] -= 1
        else:
            new.append(finding)
    return Judged(tuple(new), known.total() - left.total(), +left)


def marks(findings: Iterable[Finding]) -> Counter[Mark]:
    """How often each mark occurs."""
    return Counter(finding.mark for finding in findings)


@dataclass(frozen=True, slots=True)
class Baseline:
    """Findings known by their marks, and the name of the project that they are of (None: it has none).

    `alone` says whether they were found in label files without a project (None: not known): these know labels by
    what they say, and a project by the ids that it gave them.
    """

    project: str | None
    marks: Counter[Mark]
    alone: bool | None = None

    def to_bytes(self) -> bytes:
        """The file; the same findings give the same bytes."""
        rows = [
            json.dumps(_row(mark, number), ensure_ascii=False) for mark, number in sorted(self.marks.items())
        ]
        body = "".join(f"\n    {row}," for row in rows).removesuffix(",")
        head = json.dumps(self.project, ensure_ascii=False)
        of = "" if self.alone is None else f'  "of": "{_OF[self.alone]}",\n'
        return f'{{\n  "baseline": 1,\n  "project": {head},\n{of}  "findings": [{body}\n  ]\n}}\n'.encode()


def _row(mark: Mark, number: int) -> dict[str, str | int]:
    said: dict[str, str | int] = {
        name: value for name, value in mark._asdict().items() if value or name == "message"
    }
    return said if number == 1 else {**said, "count": number}


class _Row(msgspec.Struct, forbid_unknown_fields=True):
    code: str
    message: str
    set: str = ""
    item: str = ""
    label: str = ""
    count: int = 1


class _File(msgspec.Struct, forbid_unknown_fields=True):
    baseline: int
    project: str | None
    findings: Sequence[_Row]
    of: Literal["revisions", "label files"] | None = None


def read_baseline(data: bytes, where: str) -> Baseline:
    """A baseline from its file.

    Raises:
        InputError: it is none, or is of a later version.
    """
    try:
        read = msgspec.json.decode(data, type=_File)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        hint = "--baseline of a new name with --write-baseline writes one"
        raise InputError(f"is no baseline: {error}", where=where, hint=hint) from None
    if read.baseline != 1:
        raise InputError(f"is a baseline of version {read.baseline}; this program reads 1", where=where)
    found: Counter[Mark] = Counter()
    for row in read.findings:
        message = gist_of(row.message, of_label=bool(row.label))
        found[Mark(row.code, row.set, row.item, row.label, message)] += max(row.count, 0)
    return Baseline(read.project, +found, None if read.of is None else read.of == _OF[True])
