"""Findings as a JSON document, counted, and grouped for people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from datalabel.check.finding import Finding, Severity


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


def worst(findings: Iterable[Finding]) -> Severity | None:
    """The highest severity among findings, or None when there are none."""
    return min((finding.severity for finding in findings), key=lambda severity: severity.rank, default=None)


def grouped(findings: Iterable[Finding], first: int = 5) -> tuple[Group, ...]:
    """Findings by rule, worst first, then by code, each with its first places."""
    groups: dict[tuple[int, str], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.severity.rank, finding.code), []).append(finding)
    return tuple(
        Group(
            code,
            group[0].rule,
            group[0].severity,
            len(group),
            len({finding.item for finding in group if finding.item is not None}),
            tuple(group[:first]),
        )
        for (_, code), group in sorted(groups.items())
    )
