"""Running rules over batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from datalabel.check.finding import CheckBatch, Finding, Rule, Severity
from datalabel.check.registry import matches
from datalabel.spec.model import CheckSettings


def run(batches: Iterable[CheckBatch], rules: Iterable[Rule], settings: CheckSettings) -> Iterator[Finding]:
    """What the rules find, batch by batch; inside a batch by item, code and label.

    Codes that `settings.ignore` names (or begins) are left out, and `settings.severity` decides how bad
    a finding is (an exact code before a beginning, a longer beginning before a shorter). What is found about
    an item itself is reported once, however many label sets look at it. Memory: one batch, and one entry
    per finding about an item.
    """
    counted = [(rule, _severity(rule, settings)) for rule in rules if not matches(rule.code, settings.ignore)]
    seen: set[tuple[str, str | None, str]] = set()
    for batch in batches:
        found = [
            finding if finding.severity is severity else replace(finding, severity=severity)
            for rule, severity in counted
            for finding in rule.run(batch)
        ]
        for finding in sorted(found, key=_order):
            if finding.set is None:
                about = (finding.code, finding.item, finding.message)
                if about in seen:
                    continue
                seen.add(about)
            yield finding


def _severity(rule: Rule, settings: CheckSettings) -> Severity:
    told = [prefix for prefix in settings.severity if matches(rule.code, [prefix])]
    return Severity(settings.severity[max(told, key=len)]) if told else rule.severity


def _order(finding: Finding) -> tuple[str, str, str, str]:
    return (finding.item or "", finding.code, finding.label or "", finding.message)
