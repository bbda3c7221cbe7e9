"""Interrupted at every write, sync, rename and database statement: either nothing changed, or all of it was done."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from faults.changes import every, performed, struck
from faults.harness import INTERRUPT, Faulty
from faults.reading import difference, standing
from faults.test_killed import COMMANDS, doubled, fresh, mapped  # noqa: F401 - fixtures

STEP = 29
"""The everyday run tries one interrupt in so many, beginning elsewhere for each command."""
STOPPED = 130


def interrupts(
    faulty: Faulty, start: Path, arguments: Sequence[str], scratch: Path, *, step: int, offset: int = 0
) -> tuple[set[int], list[str]]:
    """How the command ended when it was interrupted at every `step`-th change, and what was wrong then."""
    whole, count = performed(faulty, start, arguments, scratch)
    before, after = standing(start), standing(whole)
    ends, complaints = set(), []
    moments = every(step, count, offset)
    for at, folder, ended in struck(faulty, start, arguments, scratch, INTERRUPT, moments):
        ends.add(ended.status)
        wanted = {0: after, STOPPED: before}.get(ended.status)
        if wanted is None or difference(standing(folder), wanted):
            complaints.append(f"{at}: {ended}")
        elif ended.status == STOPPED and ended.text.strip() != "interrupted":
            complaints.append(f"{at}: {ended.text}")
    return ends, complaints


@pytest.mark.parametrize("name", COMMANDS)
def test_an_interrupted_command_did_nothing_or_all(
    name: str, faulty: Faulty, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    start, arguments = COMMANDS[name]
    offset = list(COMMANDS).index(name) * 5
    folder = request.getfixturevalue(start)
    assert interrupts(faulty, folder, arguments, tmp_path, step=STEP, offset=offset)[1] == []


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_interrupted_at_every_single_change(
    name: str, faulty: Faulty, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    start, arguments = COMMANDS[name]
    folder = request.getfixturevalue(start)
    ends, complaints = interrupts(faulty, folder, arguments, tmp_path, step=1)
    assert complaints == []
    # `gc` deletes what nothing leads to, piece by piece: there is no moment at which it is done.
    assert ends == ({STOPPED} if name == "gc" else {0, STOPPED})
