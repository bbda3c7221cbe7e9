"""How findings look in a terminal: grouped by rule, with counts and the first places."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from datalabel.cli.presenting import Screen, count, shown

if TYPE_CHECKING:
    from datalabel.check.finding import Finding

PLACES = 5
_STYLE = {"error": "bad", "warning": "warn", "info": "info"}


def findings_lines(screen: Screen, findings: Sequence[Finding], places: int = PLACES) -> None:
    """Every rule that found something, worst first, with the first places of each."""
    groups: dict[tuple[int, str], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.severity.rank, finding.code), []).append(finding)
    for _, group in sorted(groups.items()):
        first = group[0]
        style = _STYLE[first.severity.value]
        screen.line(
            (f"{first.severity.value} {first.code}", style), " ", (first.rule, "name"), f"  {len(group):,}"
        )
        for finding in group[:places]:
            screen.line(f"  {_place(finding)}: {shown(finding.message)}")
        if len(group) > places:
            screen.line((f"  … and {len(group) - places:,} more", "dim"))


def _place(finding: Finding) -> str:
    words = [] if finding.set in (None, "ground_truth") else [f"[{shown(finding.set)}]"]
    if finding.item is not None:
        words.append(shown(finding.item))
    if finding.label is not None:
        words.append(f"label {finding.label}")
    return " ".join(words) or "the set"


def totals(findings: Sequence[Finding]) -> str:
    """`2 errors, 1 warning`, or `nothing found`."""
    words = []
    for name in ("error", "warning", "info"):
        number = sum(finding.severity.value == name for finding in findings)
        if number:
            words.append(count(number, name, "infos" if name == "info" else None))
    return ", ".join(words) or "nothing found"
