"""How findings look in a terminal: grouped by rule, with counts and the first places."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from datalabel.cli.presenting import Screen, shown
from datalabel.printable import amount, some

if TYPE_CHECKING:
    from datalabel.check.finding import Finding
    from datalabel.repository.check.fixing import Fixed
    from datalabel.repository.check.gating import Gated

PLACES = 5
STYLE = {"error": "bad", "warning": "warn", "info": "info"}


def findings_lines(screen: Screen, findings: Sequence[Finding]) -> None:
    """Every rule that found something, worst first, with the first places of each."""
    from datalabel.check.writers import grouped, place

    for group in grouped(findings, first=screen.limit(PLACES)):
        severity = group.severity.value
        screen.line(
            (f"{severity} {group.code}", STYLE[severity]), " ", (group.rule, "name"), f"  {group.count:,}"
        )
        for finding in group.first:
            screen.line(f"  {place(finding)}: {shown(finding.message)}")
        screen.more(group.count - len(group.first))


def statistics_lines(screen: Screen, findings: Sequence[Finding]) -> None:
    """How often each rule found something, and on how many items."""
    from datalabel.check.writers import grouped

    rows = [["severity", "code", "rule", "findings", "items"]]
    rows += [
        [one.severity.value, one.code, one.rule, f"{one.count:,}", f"{one.items:,}"]
        for one in grouped(findings)
    ]
    screen.table(rows if len(rows) > 1 else [], right=(3, 4), indent=0)


def totals(findings: Sequence[Finding]) -> str:
    """`2 errors, 1 warning`, or `nothing found`."""
    from datalabel.check.writers import counts

    words = [amount(number, name) for name, number in counts(findings).items() if number]
    return ", ".join(words) or "nothing found"


def left_out(gated: Gated) -> str:
    """What else was found that nobody need look at: ` (2 accepted, 10 in the baseline)`."""
    words = [f"{gated.accepted:,} accepted"] if gated.accepted else []
    words += [f"{gated.known:,} in the baseline"] if gated.known else []
    return f" ({', '.join(words)})" if words else ""


def remarks(gated: Gated) -> list[str]:
    """What was not checked, and what the baseline and the acceptances say that is true no more, a line each."""
    said = []
    if gated.spec_waits:
        said.append(
            "dlabel.yaml is not the spec by which this was checked: dlabel add dlabel.yaml takes it in"
        )
    reasons: dict[str, list[str]] = {}
    for fault in gated.checked.unrecognised:
        reasons.setdefault(fault.what, []).append(fault.where or "")
    for what, places in reasons.items():
        said.append(f"not checked, {what}: {_some(places)}")
    if gated.stale:
        named = _some([f"{mark.code} {mark.item or 'the set'}" for mark in gated.stale])
        occur = "occurs" if len(gated.stale) == 1 else "occur"
        said.append(f"{amount(len(gated.stale), 'finding')} of the baseline no longer {occur}: {named}")
    if gated.lapsed:
        named = _some([f"{one.code} {one.item}" for one in gated.lapsed])
        why = "the label or its image changed or was renamed, or the fault is gone"
        said.append(f"{amount(len(gated.lapsed), 'acceptance')} excused nothing ({why}): {named}")
    return said


def _some(names: list[str]) -> str:
    return shown(some(names, PLACES))


def fixed_lines(screen: Screen, fixed: Fixed) -> None:
    """What was repaired, rule by rule, with the first places."""
    verb = "Would fix" if fixed.dry_run else "Fixed"
    for rule in fixed.rules:
        screen.line(
            (f"{verb} {rule.code}", "good"), " ", (rule.rule, "name"), f"  {len(rule.labels):,}: {rule.done}"
        )
        for one in screen.first(rule.labels, PLACES):
            screen.line(f"  {shown(one.item)} label {one.label}")
    if not fixed.rules:
        screen.line("Nothing to fix.")
    elif not fixed.dry_run:
        screen.line(("Staged: dlabel diff shows it, dlabel commit records it.", "dim"))
    for path in screen.first(fixed.sources, PLACES) if not fixed.dry_run else ():
        screen.line((f"{shown(path)} still says otherwise; adding it again keeps what was fixed.", "dim"))
