"""The README stays true: its session runs and prints what it shows, its tables follow the code."""

from __future__ import annotations

import itertools
import re
import shutil
from pathlib import Path

import pytest
from terminals import Terminal

from datalabel.check.registry import RULES
from datalabel.cli.commands import COMMANDS
from datalabel.spec.load import load_spec

README = (Path(__file__).resolve().parents[1] / "README.md").read_text(encoding="utf-8")


def block(name: str) -> str:
    found = re.search(rf"<!-- {name} -->\n(.*?)<!-- end -->", README, re.DOTALL)
    assert found is not None
    return found[1]


def test_every_command_is_named() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.+) \|$", block("commands"), re.MULTILINE)
    assert rows == [(name, info.help) for name, info in COMMANDS.items()]


def test_every_rule_is_named() -> None:
    rows = re.findall(r"^\| ([A-Z]\d+) \| (.+?) \| (\w+) \| (.+) \|$", block("rules"), re.MULTILINE)
    expected = [
        (code, rule.name, rule.severity.value, rule.explanation.splitlines()[0])
        for code, rule in RULES.items()
    ]
    assert rows == expected


def test_every_anomaly_of_datumaro_has_a_rule() -> None:
    """Those of its validators of classification, detection and segmentation."""
    rows = re.findall(r"^\| ([A-Z][A-Za-z, ]+) \| (.+) \|$", block("datumaro"), re.MULTILINE)
    named = {name for names, _ in rows for name in names.split(", ")}
    assert named == {
        "AttributeDefinedButNotFound", "FarFromAttrMean", "FarFromLabelMean", "FewSamplesInAttribute",
        "FewSamplesInLabel", "ImbalancedAttribute", "ImbalancedDistInAttribute", "ImbalancedDistInLabel",
        "ImbalancedLabels", "InvalidValue", "LabelDefinedButNotFound", "MissingAnnotation", "MissingAttribute",
        "MissingLabelCategories", "MultiLabelAnnotations", "NegativeLength", "OnlyOneAttributeValue", "OnlyOneLabel",
        "UndefinedAttribute", "UndefinedLabel",
    }  # fmt: skip
    for _, rules in rows:
        codes = re.findall(r"\b[A-Z]\d{3}\b", rules)
        assert codes
        assert set(codes) <= set(RULES)


def test_its_spec_loads(tmp_path: Path) -> None:
    text = re.search(r"```yaml\n(.*?)```", README, re.DOTALL)
    assert text is not None
    loaded = load_spec(text[1], name="README", folder=tmp_path)
    assert set(loaded.spec.classes) == {"good_potato", "bad_potato"}


def sessions() -> list[list[tuple[str, str]]]:
    """The console blocks: in each, commands and the output shown below them."""
    found = []
    for text in re.findall(r"```console\n(.*?)```", README, re.DOTALL):
        steps = re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]
        found.append([(step.partition("\n")[0], step.partition("\n")[2]) for step in steps])
    return found


def as_pattern(shown: str) -> str:
    """Output as shown, where … stands for anything."""
    return re.escape(shown).replace("…", ".*?")


def arguments(command: str) -> list[str]:
    import shlex

    words = shlex.split(command)
    assert words[0] == "dlabel"
    return words[1:]


def test_its_session_prints_what_it_shows(shared_data: Path, tmp_path: Path) -> None:
    for name in ("JPEGImages", "Annotations", "ImageSets"):
        shutil.copytree(shared_data / "bccd" / "BCCD" / name, tmp_path / name)
    terminal = Terminal(tmp_path)
    first, *others = sessions()
    for command, shown in first:
        done = terminal.dlabel(*arguments(command))
        assert done.status == 0, done.err
        assert re.fullmatch(as_pattern(shown), done.out, re.DOTALL), done.out
    corrected = tmp_path / "Annotations" / "BloodImage_00003.xml"
    corrected.write_text(corrected.read_text().replace("<name>RBC</name>", "<name>WBC</name>", 1))
    for command, shown in itertools.chain(*others):
        done = terminal.dlabel(*arguments(command))
        assert done.status == 0, (command, done.err)
        if shown:
            assert re.fullmatch(as_pattern(shown), done.out, re.DOTALL), done.out
    assert terminal.dlabel("restore", "--staged").status == 0


def test_its_python_runs(shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import datalabel

    shutil.copy(shared_data / "detection_metrics" / "coco" / "instances.json", tmp_path / "labels.json")
    repo = datalabel.init(tmp_path)
    repo.add("labels.json")
    repo.commit("first")
    text = (tmp_path / "labels.json").read_text()
    (tmp_path / "labels.json").write_text(text.replace('"person"', '"human"'))
    repo.commit("second", all_sources=True)
    code = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert code is not None
    monkeypatch.chdir(tmp_path)
    said: dict[str, object] = {}
    exec(code[1], said)  # noqa: S102 - the README's own code
    assert getattr(said["table"], "num_rows", 0) == 273
