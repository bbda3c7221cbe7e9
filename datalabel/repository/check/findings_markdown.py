"""Findings as Markdown, for a comment on a pull request. Every text from data stays text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from datalabel.check.finding import Finding
from datalabel.check.writers import Group, counts, grouped
from datalabel.printable import amount
from datalabel.report.markdown import bullets, heading, table, text

PLACES = 10
"""So many places of each rule are listed: a comment has a limit."""


def findings_markdown(revision: str, findings: Sequence[Finding], remarks: Sequence[str] = ()) -> str:
    """A heading, the counts by rule, and the first places of each; `remarks` are plain sentences."""
    return "\n".join(_pieces(revision, findings, remarks))


def _pieces(revision: str, findings: Sequence[Finding], remarks: Sequence[str]) -> Iterator[str]:
    words = [amount(many, name) for name, many in counts(findings).items() if many]
    yield heading(2, f"dlabel check: {', '.join(words) or 'nothing found'}")
    yield f"Checked: {text(revision)}\n"
    groups = grouped(findings, first=PLACES)
    if groups:
        yield rules_table(groups)
    for group in groups:
        yield _details(group)
    if remarks:
        yield bullets(map(text, remarks))


def rules_table(groups: Iterable[Group]) -> str:
    """How often each rule found something."""
    rows = [
        [one.severity.value, one.code, text(one.rule), f"{one.count:,}", f"{one.items:,}"] for one in groups
    ]
    return table(("severity", "code", "rule", "findings", "items"), rows, right=(3, 4))


def _details(group: Group) -> str:
    lines = [f"{place(finding)}: {text(finding.message)}" for finding in group.first]
    if group.count > len(group.first):
        lines.append(f"… and {group.count - len(group.first):,} more")
    title = f"{group.code} {text(group.rule)}: {amount(group.count, 'finding')}"
    return f"<details><summary>{title}</summary>\n\n{bullets(lines)}\n</details>\n"


def place(finding: Finding) -> str:
    """Where a finding is: set (unless it is the usual one), item, label and its number, and the file that says so."""
    words = [] if finding.set in (None, "ground_truth") else [f"\\[{text(finding.set)}\\]"]
    words += [text(word) for word in (finding.item,) if word is not None]
    words += [f"label {text(finding.label)}"] if finding.label else []
    words += [f"(number {text(finding.number)})"] if finding.number else []
    if finding.source is not None and finding.source != finding.item:
        words.append(f"({text(finding.source)})")
    return " ".join(words) or "the set"
