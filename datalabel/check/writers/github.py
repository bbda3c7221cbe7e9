"""GitHub's workflow commands: findings as annotations of a run and of a pull request's files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest

from datalabel.check.finding import Finding, Severity
from datalabel.check.writers import by_rule, place
from datalabel.printable import amount, printable

LIMIT = 10
"""GitHub shows so many annotations of each kind per step, and drops the others without a word."""

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def github(findings: Sequence[Finding], aside: str = "") -> str:
    """A command per finding, the first places of every rule before the second ones, and a last line, which ends
    with what is said `aside`."""
    lines = []
    for severity, command in _COMMANDS.items():
        found = [finding for finding in findings if finding.severity is severity]
        lines += [_command(command, finding) for finding in _in_turn(found)[:LIMIT]]
        if len(found) > LIMIT:
            lines.append(f"{len(found) - LIMIT:,} more of severity {severity.value} are not annotated")
    lines.append(f"dlabel check: {amount(len(findings), 'finding')}{aside}")
    return "\n".join(lines) + "\n"


def _in_turn(findings: Sequence[Finding]) -> list[Finding]:
    """One finding of each rule in turn, so that no rule takes all the room."""

    def taken() -> Iterator[Finding]:
        for row in zip_longest(*by_rule(findings)):
            yield from (finding for finding in row if finding is not None)

    return list(taken())


def _command(command: str, finding: Finding) -> str:
    said = {"file": finding.source, "title": f"{finding.code} {finding.rule}"}
    properties = ",".join(f"{name}={_property(value)}" for name, value in said.items() if value)
    return f"::{command} {properties}::{_data(f'{place(finding)}: {finding.message}')}"


def _data(text: str) -> str:
    """What follows the second `::`; anything that could end the line is gone already."""
    return printable(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
