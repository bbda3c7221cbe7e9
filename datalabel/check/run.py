"""Running rules over batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import groupby

import numpy as np

from datalabel.check.finding import CheckBatch, Finding, Rule, Severity
from datalabel.check.registry import matches
from datalabel.check.set_rule import Gatherer, SetRule
from datalabel.spec.model import CheckSettings
from datalabel.threads import in_order


def run(batches: Iterable[CheckBatch], rules: Iterable[Rule], settings: CheckSettings) -> Iterator[Finding]:
    """What the rules find: batch by batch, inside a batch by item, code and label; after the last batch of a
    set what is found about the set as a whole. The batches of one set follow each other.

    Codes that `settings.ignore` names (or begins) are left out, and `settings.severity` decides how bad
    a finding is (an exact code before a beginning, a longer beginning before a shorter). What is found about
    an item itself is reported once, however many label sets look at it. Memory: three batches, what the rules
    about whole sets gather, and one entry per finding about an item.
    """
    severities = {
        rule: _severity(rule, settings) for rule in rules if not matches(rule.code, settings.ignore)
    }
    seen: set[tuple[str, str | None, str]] = set()
    for found in _portions(batches, severities):
        for finding in sorted(found, key=_order):
            if finding.set is None:
                about = (finding.code, finding.item, finding.message)
                if about in seen:
                    continue
                seen.add(about)
            yield finding


def _portions(batches: Iterable[CheckBatch], severities: Mapping[Rule, Severity]) -> Iterator[list[Finding]]:
    """The findings of each batch, and after those of a set the findings about the set."""
    of_sets = {rule: bad for rule, bad in severities.items() if isinstance(rule, SetRule)}
    of_batches = {rule: bad for rule, bad in severities.items() if rule not in of_sets}
    for name, several in groupby(batches, key=lambda batch: batch.set):
        gathered: dict[object, Gatherer] = {rule.gatherer: rule.gatherer() for rule in of_sets}
        for batch, found in _judged(several, of_batches):
            with np.errstate(all="ignore"):
                for gatherer in gathered.values():
                    gatherer.add(batch)
            yield found
        yield [
            _as(bad, finding)
            for rule, bad in of_sets.items()
            for finding in rule.judge(name, gathered[rule.gatherer])
        ]


def _judged(
    batches: Iterable[CheckBatch], severities: Mapping[Rule, Severity]
) -> Iterator[tuple[CheckBatch, list[Finding]]]:
    """The batches in order, each with what its rules find. Two are worked on at a time: NumPy, Arrow and GEOS
    compute without Python's lock."""

    def judge(batch: CheckBatch) -> list[Finding]:
        return [_as(bad, finding) for rule, bad in severities.items() for finding in rule.run(batch)]

    return in_order(lambda batch: (batch, judge(batch)), batches)


def _as(severity: Severity, finding: Finding) -> Finding:
    return finding if finding.severity is severity else replace(finding, severity=severity)


def _severity(rule: Rule, settings: CheckSettings) -> Severity:
    told = [prefix for prefix in settings.severity if matches(rule.code, [prefix])]
    return Severity(settings.severity[max(told, key=len)]) if told else rule.severity


def _order(finding: Finding) -> tuple[str, str, str, str]:
    return (finding.item or "", finding.code, finding.label or "", finding.message)
