"""What is installed: the wheel carries everything, and templates are found in it as in a checkout."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from datalabel.spec.templates import list_templates, shipped_folder

ROOT = Path(__file__).resolve().parents[1]


def test_the_top_of_the_repository_holds_what_it_should() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    top = {name.partition("/")[0] for name in tracked.splitlines()}
    allowed = {
        "datalabel",
        "specs",
        "examples",
        "tests",
        "pyproject.toml",
        "README.md",
        "LICENSE",
        "CHANGELOG.md",
    }
    assert {name for name in top if not name.startswith(".")} == allowed


def test_names_and_versions() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert (project["name"], project["scripts"]) == ("dlabel-vcs", {"dlabel": "datalabel.cli.main:main"})
    assert project["requires-python"] == ">=3.11"


def test_templates_are_found_where_this_runs() -> None:
    assert shipped_folder().is_dir()
    assert len(list_templates()) == 6


@pytest.mark.slow
def test_a_wheel_carries_templates_types_and_grammar(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "pip", "wheel", str(ROOT), "--no-deps", "--quiet", "-w", str(tmp_path)]
    subprocess.run(build, check=True)
    (wheel,) = tmp_path.glob("dlabel_vcs-*.whl")
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        archive.extractall(site)
    assert {
        "datalabel/py.typed",
        "datalabel/store/FORMAT.md",
        "datalabel/spec/templates/detection/box.yaml",
        *(
            f"datalabel/report/templates/{one.name}"
            for one in (ROOT / "datalabel/report/templates").iterdir()
        ),
    } <= names
    assert not any(name.startswith(("tests/", "specs/", "examples/")) for name in names)
    code = "from datalabel.spec.templates import *; print(shipped_folder()); print(len(list_templates()))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={"PYTHONPATH": str(site)}, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    folder, templates = done.stdout.splitlines()
    assert Path(folder) == site / "datalabel" / "spec" / "templates"
    assert templates == "6"
