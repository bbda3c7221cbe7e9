"""What `check` shows: findings in every format, rules explained, what was accepted or written down."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from datalabel.cli.findings_text import (
    STYLE,
    findings_lines,
    fixed_lines,
    left_out,
    remarks,
    statistics_lines,
    totals,
)
from datalabel.cli.presenting import Presentation, Screen, shown
from datalabel.printable import amount

if TYPE_CHECKING:
    from datalabel.check.finding import Finding, Rule, Severity
    from datalabel.repository.check.accepting import Accepted
    from datalabel.repository.check.fixing import Fixed
    from datalabel.repository.check.gating import Gated


@dataclass
class CheckText(Presentation):
    """What a check found; `failing` is the least severity that fails (None: none does)."""

    gated: Gated
    rules: Sequence[Rule]
    failing: Severity | None
    statistics: bool = False
    fixed: Fixed | None = None
    status: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        worst = min((one.severity.rank for one in self.gated.checked.findings), default=None)
        self.status = int(worst is not None and self.failing is not None and worst <= self.failing.rank)

    def text(self, screen: Screen) -> None:
        checked = self.gated.checked
        if self.fixed is not None:
            fixed_lines(screen, self.fixed)
            if not self.fixed.unsafe and (unsafe := _unsafe_fixes(checked.findings)):
                screen.line(f"{unsafe:,} more with --unsafe-fixes.")
            screen.line()
        if self.statistics:
            statistics_lines(screen, checked.findings)
        else:
            findings_lines(screen, checked.findings)
        if checked.findings:
            screen.line()
        for remark in remarks(self.gated):
            screen.line((remark, "warn"))
        scope = f"{amount(checked.labels, 'label')} on {amount(checked.items, 'item')}"
        screen.line(
            f"Checked {scope} at {shown(checked.revision)}: ",
            (totals(checked.findings), "bold"),
            left_out(self.gated),
        )

    def json(self) -> Any:
        from datalabel.check.writers import document

        gated = self.gated
        said = {
            **document(gated.checked.revision, gated.checked.findings),
            "accepted": gated.accepted,
            "baseline": gated.known,
            "stale": [{key: value or None for key, value in mark._asdict().items()} for mark in gated.stale],
            "unrecognised": [str(one.where) for one in gated.checked.unrecognised],
            "lapsed": [
                {"code": one.code, "set": one.set, "item": one.item, "label": one.label}
                for one in gated.lapsed
            ],
        }
        return said if self.fixed is None else {**said, "fixed": fixed_json(self.fixed)}

    def rows(self) -> Iterable[Any]:
        return (finding.to_json() for finding in self.gated.checked.findings)

    def renderings(self) -> Mapping[str, Callable[[], str]]:
        return {
            "sarif": self._sarif,
            "junit": self._junit,
            "github": self._github,
            "markdown": self._markdown,
        }

    def _sarif(self) -> str:
        from datalabel.check.writers.sarif import sarif

        return sarif(self.gated.checked.findings, {rule.code: rule for rule in self.rules})

    def _junit(self) -> str:
        from datalabel.check.writers.junit import junit

        return junit(self.gated.checked.findings, self.rules, self.failing)

    def _github(self) -> str:
        from datalabel.check.writers.github import github

        return github(self.gated.checked.findings, left_out(self.gated))

    def _markdown(self) -> str:
        from datalabel.repository.check.findings_markdown import findings_markdown

        checked = self.gated.checked
        known = left_out(self.gated)
        aside = [f"Left out{known}"] if known else []
        return findings_markdown(checked.revision, checked.findings, [*remarks(self.gated), *aside])


def fixed_json(fixed: Fixed) -> list[dict[str, Any]]:
    """What was repaired, for programs."""
    return [
        {
            "code": one.code,
            "rule": one.rule,
            "done": one.done,
            "safe": one.safe,
            "labels": [{"set": each.set, "item": each.item, "label": each.label} for each in one.labels],
        }
        for one in fixed.rules
    ]


@dataclass
class DryFixText(Presentation):
    """What would be repaired."""

    fixed: Fixed

    def text(self, screen: Screen) -> None:
        fixed_lines(screen, self.fixed)

    def json(self) -> Any:
        return {"fixed": fixed_json(self.fixed)}


@dataclass
class RulesText(Presentation):
    """The rules, in a line each, or explained in full."""

    rules: Sequence[Rule]
    explained: bool = False

    def text(self, screen: Screen) -> None:
        if not self.explained:
            screen.table(
                [
                    [one.code, one.name, one.severity.value, one.explanation.splitlines()[0]]
                    for one in self.rules
                ],
                indent=0,
            )
            return
        for place, one in enumerate(self.rules):
            if place:
                screen.line()
            screen.line(
                (f"{one.severity.value} {one.code}", STYLE[one.severity.value]), " ", (one.name, "name")
            )
            screen.paragraphs(one.explanation)
            if (repair := _repair(one.code)) is not None:
                screen.line(f"  Repair: {repair}")

    def json(self) -> Any:
        return [
            {
                "code": one.code,
                "rule": one.name,
                "severity": one.severity.value,
                "explanation": one.explanation,
                "fix": _repair(one.code),
            }
            for one in self.rules
        ]


def _unsafe_fixes(findings: Sequence[Finding]) -> int:
    """How many of these only an unsafe fix would repair."""
    from datalabel.check.fixes import FIXES

    return sum(one.code in FIXES and not FIXES[one.code].safe for one in findings)


def _repair(code: str) -> str | None:
    from datalabel.check.fixes import FIXES

    fix = FIXES.get(code)
    return None if fix is None else f"{fix.done} ({'--fix' if fix.safe else '--unsafe-fixes'})"


@dataclass
class AcceptedText(Presentation):
    """What was accepted."""

    done: Accepted

    def text(self, screen: Screen) -> None:
        for one in self.done.acceptances:
            place = one.item if one.label is None else f"{one.item} label {one.label}"
            screen.line(f"Accepted {one.code} ", (shown(place), "name"))
        if not self.done.acceptances:
            screen.line(f"Accepted already: {self.done.file} stays as it is.")
            return
        screen.line((f"Written to {self.done.file}: commit it with the label files.", "dim"))

    def json(self) -> Any:
        return {
            "file": self.done.file,
            "accepted": [
                {
                    "code": one.code,
                    "set": one.set,
                    "item": one.item,
                    "label": one.label,
                    "because": one.because,
                    "by": one.by,
                }
                for one in self.done.acceptances
            ],
        }


@dataclass
class BaselineText(Presentation):
    """A baseline that was written."""

    file: str
    findings: int
    changed: bool

    def text(self, screen: Screen) -> None:
        what = amount(self.findings, "finding")
        screen.line(
            f"{what} in the baseline → " if self.changed else f"{what}, as before: ",
            (shown(self.file), "name"),
        )

    def json(self) -> Any:
        return {"baseline": self.file, "findings": self.findings, "changed": self.changed}
