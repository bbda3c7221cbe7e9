"""The benchmarks at their small size: every work runs to its end, so that they cannot rot."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
BENCHMARKS = [sys.executable, "-m", "tests.benchmarks"]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*BENCHMARKS, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)


def works_of(done: subprocess.CompletedProcess[str]) -> dict[str, dict[str, Any]]:
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return {work["name"]: work for work in json.loads(done.stdout)["works"]}


@pytest.mark.slow
def test_every_work_runs_to_its_end(tmp_path: Path) -> None:
    works = works_of(run("--size", "small", "--json", "--work", str(tmp_path)))
    assert len(works) == 26
    for work in works.values():
        for contender in work["contenders"]:
            name, measured = contender["name"], contender["measured"]
            assert measured or "not installed" in contender["trouble"], (
                work["name"],
                name,
                contender["trouble"],
            )
            assert measured is None or measured["seconds"] > 0 or measured["bytes"] > 0, (work["name"], name)
    assert not list(tmp_path.iterdir()), "something was left behind"


def test_the_start_of_the_program_is_judged_at_every_size(tmp_path: Path) -> None:
    work = works_of(run("--only", "start_version", "--json", "--work", str(tmp_path)))["start_version"]
    (limit,) = work["limits"]
    assert limit["met"] in {True, False}
    assert limit["allowed"] == pytest.approx(1.1 * work["contenders"][1]["measured"]["seconds"])


def test_a_limit_of_the_full_size_is_shown_but_not_judged_at_the_small_one(tmp_path: Path) -> None:
    done = run("--only", "status_many", "--work", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "a limit of the full size" in done.stdout
    assert "0 of 0 limits" in done.stdout


def test_an_unknown_work_is_named_with_those_there_are() -> None:
    done = run("--only", "nonsense")
    assert done.returncode == 2
    assert "'nonsense'" in done.stderr
    assert "coco_add" in done.stderr
