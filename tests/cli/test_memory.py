"""Which of Arrow's allocators a command uses, as the process that runs it knows."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import datalabel

ASKED = """
import sys
from datalabel.cli.main import run
run(sys.argv[1:])
import pyarrow
print(pyarrow.default_memory_pool().backend_name)
"""


@pytest.mark.parametrize(
    ("command", "environment", "expected"),
    [
        ("stats", {}, {"system"}),
        ("check", {}, {"system"}),
        ("stats", {"ARROW_DEFAULT_MEMORY_POOL": "mimalloc"}, {"mimalloc"}),
        ("diff", {}, {"mimalloc", "jemalloc"}),
    ],
)
def test_freed_memory_goes_back_unless_the_user_or_speed_says_otherwise(
    tmp_path: Path, command: str, environment: dict[str, str], expected: set[str]
) -> None:
    datalabel.init(tmp_path, name="test").close()
    known = {name: value for name, value in os.environ.items() if name != "ARROW_DEFAULT_MEMORY_POOL"}
    done = subprocess.run(
        [sys.executable, "-c", ASKED, "-C", str(tmp_path), command],
        env=known | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] in expected
