"""Findings as documents: counted and grouped for people here, one file beside this for each foreign format."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from datalabel.check.finding import Finding, Severity
from datalabel.printable import printable


@dataclass(frozen=True, slots=True)
class Group:
    """What one rule found at one severity: how often, on how many items, and the first places."""

    code: str
    rule: str
    severity: Severity
    count: int
    items: int
    first: tuple[Finding, ...]


def counts(findings: Iterable[Finding]) -> dict[str, int]:
    """How many findings there are of each severity; all severities are there, worst first."""
    found = {severity.value: 0 for severity in Severity}
    for finding in findings:
        found[finding.severity.value] += 1
    return found


def document(revision: str | None, findings: Sequence[Finding]) -> dict[str, Any]:
    """The JSON document that scripts rely on."""
    return {
        "revision": revision,
        "findings": [finding.to_json() for finding in findings],
        "counts": counts(findings),
    }


def grouped(findings: Iterable[Finding], first: int = 5) -> tuple[Group, ...]:
    """Findings by rule, worst first, then by code, each with its first places."""
    return tuple(
        Group(
            group[0].code,
            group[0].rule,
            group[0].severity,
            len(group),
            len({finding.item for finding in group if finding.item is not None}),
            tuple(group[:first]),
        )
        for group in by_rule(findings)
    )


def by_rule(findings: Iterable[Finding]) -> list[list[Finding]]:
    """The findings of each rule, worst rule first, then by code."""
    groups: dict[tuple[int, str], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.severity.rank, finding.code), []).append(finding)
    return [group for _, group in sorted(groups.items())]


def place(finding: Finding) -> str:
    """Where the finding is, in words: set (unless it is the usual one), item, label and its number."""
    words = [] if finding.set in (None, "ground_truth") else [f"[{finding.set}]"]
    words += [] if finding.item is None else [_named(finding.item)]
    words += [] if finding.label is None else [f"label {finding.label}"]
    words += [] if finding.number is None else [f"(number {finding.number})"]
    return printable(" ".join(words) or "the set")


def _named(item: str) -> str:
    """A key that cannot be taken for a workflow command: GitHub obeys any line of a log that begins with `::`."""
    return f"./{item}" if item.startswith("::") else item
