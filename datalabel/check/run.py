"""Running rules over batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np

from datalabel.check.finding import CheckBatch, Finding, Rule, Severity
from datalabel.check.registry import matches
from datalabel.check.set_rule import Gatherer, SetRule
from datalabel.spec.model import CheckSettings
from datalabel.threads import in_order

Part = tuple[str, Iterable[CheckBatch]]
"""A set's name, and some of its batches. The parts of one set follow each other."""


def run(batches: Iterable[CheckBatch], rules: Iterable[Rule], settings: CheckSettings) -> Iterator[Finding]:
    """As `run_parts`, where each batch is a part."""
    return run_parts(((batch.set, (batch,)) for batch in batches), rules, settings)


def run_parts(parts: Iterable[Part], rules: Iterable[Rule], settings: CheckSettings) -> Iterator[Finding]:
    """What the rules find: batch by batch, inside a batch by item, code and label; after the last batch of a
    set what is found about the set as a whole.

    Codes that `settings.ignore` names (or begins) are left out, and `settings.severity` decides how bad
    a finding is (an exact code before a beginning, a longer beginning before a shorter). What is found about
    an item itself is reported once, however many label sets look at it. Two parts are worked on at a time, each by
    one thread that draws its batches. Memory: two batches, what the rules about whole sets gather, and the findings
    of a few parts.
    """
    severities = {
        rule: _severity(rule, settings) for rule in rules if not matches(rule.code, settings.ignore)
    }
    seen: set[tuple[str, str | None, str]] = set()
    for finding in _found(parts, severities):
        if finding.set is None:
            about = (finding.code, finding.item, finding.message)
            if about in seen:
                continue
            seen.add(about)
        yield finding


@dataclass(slots=True)
class _Judged:
    """What was found in a part of a set, and what was gathered for the rules about all of it."""

    set: str
    found: list[Finding]
    gathered: dict[type[Gatherer], Gatherer]


def _found(parts: Iterable[Part], severities: Mapping[Rule, Severity]) -> Iterator[Finding]:
    """The findings of each part, and after those of a set the findings about the set."""
    of_sets = {rule: bad for rule, bad in severities.items() if isinstance(rule, SetRule)}
    of_batches = {rule: bad for rule, bad in severities.items() if rule not in of_sets}
    gatherers = list(dict.fromkeys(rule.gatherer for rule in of_sets))
    judged = in_order(lambda part: _judge(part, of_batches, gatherers), parts)
    for name, several in groupby(judged, key=lambda one: one.set):
        whole = {kind: kind() for kind in gatherers}
        for one in several:
            for kind, gathered in one.gathered.items():
                whole[kind].merge(gathered)
            yield from one.found
        about = (
            _as(bad, finding)
            for rule, bad in of_sets.items()
            for finding in rule.judge(name, whole[rule.gatherer])
        )
        yield from sorted(about, key=_order)


def _judge(part: Part, rules: Mapping[Rule, Severity], gatherers: Iterable[type[Gatherer]]) -> _Judged:
    """NumPy, Arrow and GEOS compute without Python's lock, so that two of these do go side by side."""
    judged = _Judged(part[0], [], {kind: kind() for kind in gatherers})
    for batch in part[1]:
        found = (_as(bad, finding) for rule, bad in rules.items() for finding in rule.run(batch))
        judged.found += sorted(found, key=_order)
        with np.errstate(all="ignore"):
            for gathered in judged.gathered.values():
                gathered.add(batch)
    return judged


def _as(severity: Severity, finding: Finding) -> Finding:
    return finding if finding.severity is severity else replace(finding, severity=severity)


def _severity(rule: Rule, settings: CheckSettings) -> Severity:
    told = [prefix for prefix in settings.severity if matches(rule.code, [prefix])]
    return Severity(settings.severity[max(told, key=len)]) if told else rule.severity


def _order(finding: Finding) -> tuple[str, str, str, str]:
    return (finding.item or "", finding.code, finding.label or "", finding.message)
