"""SARIF 2.1.0 (OASIS, "Static Analysis Results Interchange Format"), for code scanning and editors."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from datalabel.check.finding import Finding, Rule, Severity
from datalabel.check.writers import place
from datalabel.content import fingerprint
from datalabel.printable import printable
from datalabel.spec.foreign import SPEC_FILE
from datalabel.version import version

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def sarif(findings: Sequence[Finding], rules: Mapping[str, Rule]) -> str:
    """One run with every finding. A result lies in its label file (else its image, else the spec), and names item and
    label as logical locations; its fingerprint is what the baseline knows it by."""
    used = sorted({finding.code for finding in findings})
    driver = {
        "name": "dlabel",
        "version": version(),
        "rules": [_descriptor(code, rules.get(code)) for code in used],
    }
    results = [_result(finding, used.index(finding.code)) for finding in findings]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, ensure_ascii=False, indent=2) + "\n"


def _descriptor(code: str, rule: Rule | None) -> dict[str, Any]:
    if rule is None:
        return {"id": code}
    title, _, rest = rule.explanation.partition("\n")
    return {
        "id": code,
        "name": rule.name,
        "shortDescription": {"text": _message(title)},
        "fullDescription": {"text": _message(" ".join((rest.strip() or title).split()))},
        "help": {"text": _message(rule.explanation)},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
    }


def _result(finding: Finding, rule: int) -> dict[str, Any]:
    return {
        "ruleId": finding.code,
        "ruleIndex": rule,
        "level": _LEVELS[finding.severity],
        "message": {"text": _message(printable(f"{place(finding)}: {finding.message}"))},
        "locations": [_location(finding)],
        "partialFingerprints": {"dlabel/v1": f"{fingerprint(chr(0).join(finding.mark)):016x}"},
        "properties": {
            name: printable(value)
            for name, value in (("set", finding.set), ("item", finding.item), ("label", finding.label))
            if value is not None
        },
    }


def _location(finding: Finding) -> dict[str, Any]:
    location: dict[str, Any] = {}
    # What is true of a whole set lies in no file of labels; code scanning wants a place all the same.
    path = finding.source or finding.item or SPEC_FILE
    location["physicalLocation"] = {
        "artifactLocation": {"uri": _uri(path), "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 1},
    }
    logical = []
    if finding.item is not None:
        logical.append({"name": printable(finding.item), "kind": "resource"})
    if finding.label is not None:
        whole = printable(f"{finding.item}#{finding.label}")
        logical.append({"name": finding.label, "fullyQualifiedName": whole, "kind": "object"})
    if logical:
        location["logicalLocations"] = logical
    return location


def _message(text: str) -> str:
    """Plain text as a SARIF message, in which brackets make links and braces are placeholders (§3.11)."""
    escaped = text.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")
    return escaped.replace("{", "{{").replace("}", "}}")


def _uri(path: str) -> str:
    """A path as a relative reference. Names on disk need not be Unicode."""
    return quote(path.lstrip("/"), errors="backslashreplace")
