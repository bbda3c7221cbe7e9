"""The examples for CI do what they say: what they run is run here, on label files without a project."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from pictures import Box, write_coco

ROOT = Path(__file__).resolve().parents[1]
CI = ROOT / "examples" / "ci"

SOUND: dict[str, list[Box]] = {"a.png": [("cat", 1, 2, 10, 10)]}
FAULTY: dict[str, list[Box]] = {"a.png": [("dog", 60, 20, 10, 8)]}


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A git clone with labels in two folders, one of which needs quoting, and a spec."""
    (tmp_path / "dlabel.yaml").write_text("data_spec: {cat: {box: }}\n")
    write_coco(tmp_path / "labels" / "coco.json", SOUND)
    write_coco(tmp_path / "more $(touch forged) labels" / "coco.json", SOUND)
    return tmp_path


def run(script: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """A step as a runner runs it: bash, stopping at the first command that fails."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "PATH": path, **environment},
    )


def action_step(clone: Path, **given: str) -> subprocess.CompletedProcess[str]:
    """The checking step of the action with these inputs, the others at their defaults."""
    action = load(CI / "action.yml")
    inputs = {name: one.get("default", "") for name, one in action["inputs"].items()} | given
    _, step = action["runs"]["steps"]
    said = {
        name: inputs[text.removeprefix("${{ inputs.").removesuffix(" }}")]
        for name, text in step["env"].items()
    }
    return run(step["run"], clone, **said, GITHUB_STEP_SUMMARY=str(clone / "summary.md"))


def test_the_action_is_a_composite_action_that_quotes_its_inputs() -> None:
    action = load(CI / "action.yml")
    assert {"name", "description", "inputs", "runs"} == set(action)
    assert action["runs"]["using"] == "composite"
    for step in action["runs"]["steps"]:
        assert set(step) <= {"name", "shell", "env", "run"}
        assert step["shell"] == "bash"
        assert "${{" not in step["run"]
        for text in step["env"].values():
            assert text.removeprefix("${{ inputs.").removesuffix(" }}") in action["inputs"]
    for one in action["inputs"].values():
        assert one.get("required") or "default" in one


def test_the_action_passes_sound_labels(clone: Path) -> None:
    done = action_step(clone, paths="labels\nmore $(touch forged) labels\n")
    assert (done.returncode, done.stdout) == (0, "dlabel check: 0 findings\n"), done.stderr
    assert (clone / "summary.md").read_text().startswith("## dlabel check: nothing found\n")
    assert not (clone / "forged").exists()


def test_the_action_fails_on_faulty_labels_and_annotates_them(clone: Path) -> None:
    write_coco(clone / "labels" / "coco.json", FAULTY)
    done = action_step(clone, paths="labels", sarif="dlabel.sarif")
    assert done.returncode == 1
    assert "::error file=labels/coco.json,title=S101 unknown-class::a.png" in done.stdout
    assert "S101" in (clone / "summary.md").read_text()
    assert '"ruleId": "S101"' in (clone / "dlabel.sarif").read_text()
    assert action_step(clone, paths="labels", **{"fail-on": "never"}).returncode == 0


def test_the_action_honours_a_baseline(clone: Path) -> None:
    write_coco(clone / "labels" / "coco.json", FAULTY)
    run("dlabel check labels --baseline known.json --write-baseline", clone)
    assert action_step(clone, paths="labels", baseline="known.json").returncode == 0


def test_the_gitlab_job_reports_failed_tests(clone: Path) -> None:
    (job,) = load(CI / "gitlab-ci.yml").values()
    assert job["artifacts"]["reports"]["junit"] == "dlabel-junit.xml"
    script = "\n".join(job["script"])
    variables = {name: str(value) for name, value in job["variables"].items()}
    assert run(script, clone, **variables).returncode == 0
    write_coco(clone / "labels" / "coco.json", FAULTY)
    done = run(script, clone, **variables)
    assert done.returncode == 1
    assert "error S101 unknown-class  1" in done.stdout
    assert '<failure type="error"' in (clone / "dlabel-junit.xml").read_text()


def test_both_install_dlabel_from_a_checkout() -> None:
    install, _ = load(CI / "action.yml")["runs"]["steps"]
    (job,) = load(CI / "gitlab-ci.yml").values()
    for script in (install["run"], *job["before_script"]):
        assert shlex.split(script) == ["python", "-m", "pip", "install", "--quiet", "$DLABEL"]


def test_the_pre_commit_hooks_run(clone: Path) -> None:
    hooks = {hook["id"]: hook for hook in load(ROOT / ".pre-commit-hooks.yaml")}
    assert set(hooks) == {"dlabel-check", "dlabel-spec-check"}
    for hook in hooks.values():
        assert {"id", "name", "entry", "language", "files"} <= set(hook)
        assert (hook["language"], hook["pass_filenames"]) == ("python", False)
    check = f"{hooks['dlabel-check']['entry']} labels --spec dlabel.yaml"
    assert run(check, clone).returncode == 0
    write_coco(clone / "labels" / "coco.json", FAULTY)
    assert run(check, clone).returncode == 1
    assert run(hooks["dlabel-spec-check"]["entry"], clone).returncode == 0
    (clone / "dlabel.yaml").write_text("data_spec: [cat]\n")
    assert run(hooks["dlabel-spec-check"]["entry"], clone).returncode == 3
