"""JUnit XML, as the CI servers read it: what pytest and Jenkins write (`junit-10.xsd`)."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence

from datalabel.check.finding import Finding, Rule, Severity
from datalabel.check.writers import by_rule, place
from datalabel.printable import printable


def junit(findings: Sequence[Finding], rules: Sequence[Rule], failing: Severity | None) -> str:
    """A test suite per rule. A rule without findings is one test that passed; every finding is a test, which
    failed when it is as bad as `failing` (None: nothing fails), and else counts as skipped."""
    found = by_rule(findings)
    silent = [rule for rule in rules if rule.code not in {group[0].code for group in found}]
    root = ET.Element("testsuites", name="dlabel check")
    totals = [0, 0]
    for group in found:
        bad = sum(_fails(finding, failing) for finding in group)
        suite = _suite(root, group[0].code, group[0].rule, len(group), bad)
        for finding in group:
            _case(suite, finding, fails=_fails(finding, failing))
        totals = [totals[0] + len(group), totals[1] + bad]
    for rule in silent:
        suite = _suite(root, rule.code, rule.name, 1, 0, passed=True)
        ET.SubElement(suite, "testcase", classname=rule.code, name=rule.name)
    root.set("tests", str(totals[0] + len(silent)))
    root.set("failures", str(totals[1]))
    root.set("errors", "0")
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _fails(finding: Finding, failing: Severity | None) -> bool:
    return failing is not None and finding.severity.rank <= failing.rank


def _suite(
    root: ET.Element, code: str, rule: str, tests: int, failures: int, *, passed: bool = False
) -> ET.Element:
    skipped = 0 if passed else tests - failures
    numbers = {"tests": tests, "failures": failures, "errors": 0, "skipped": skipped}
    return ET.SubElement(
        root,
        "testsuite",
        {"name": f"{code} {rule}", **{name: str(number) for name, number in numbers.items()}},
    )


def _case(suite: ET.Element, finding: Finding, *, fails: bool) -> None:
    where = place(finding)
    case = ET.SubElement(suite, "testcase", classname=finding.code, name=where)
    words = printable(finding.message)
    outcome = ET.SubElement(
        case, "failure" if fails else "skipped", type=finding.severity.value, message=words
    )
    lines = [f"{where}: {words}"]
    if finding.source:
        lines.append(f"in {printable(finding.source)}")
    if finding.fix:
        lines.append(f"fix: {printable(finding.fix)}")
    outcome.text = "\n".join(lines)
