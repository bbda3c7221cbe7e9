"""What people mistype, and what they are offered."""

from __future__ import annotations

import pytest

from datalabel.cli.commands import COMMANDS
from datalabel.errors import nearest


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("stauts", "status"), ("sttas", "stats"), ("comit", "commit"), ("Diff", "diff"), ("xyzzy", None)],
)
def test_the_command_that_was_meant_is_offered(typed: str, meant: str | None) -> None:
    assert nearest(typed, COMMANDS) == meant
