"""Interrupted at every write, sync, rename and database statement: either nothing changed, or all of it was done."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from faults.harness import COUNT, INTERRUPT, Faulty
from faults.reading import difference, standing
from faults.test_killed import COMMANDS, doubled, fresh, mapped  # noqa: F401 - fixtures

STEP = 29
"""The everyday run tries one interrupt in so many, beginning elsewhere for each command."""
STOPPED = 130


def interrupts(
    faulty: Faulty, start: Path, arguments: Sequence[str], scratch: Path, *, step: int, offset: int = 0
) -> tuple[set[int], list[str]]:
    """How the command ended when it was interrupted at every `step`-th change, and what was wrong then."""
    whole = scratch / "whole" / "project"
    shutil.copytree(start, whole)
    done = faulty.run(whole, arguments, COUNT, coarse=True)
    assert done.status == 0, done
    before, after = standing(start), standing(whole)
    ends, complaints = set(), []
    step = min(step, done.count // 3)
    for at in range(1 + offset % step, done.count + 1, step):
        folder = scratch / str(at) / "project"
        shutil.copytree(start, folder)
        ended = faulty.run(folder, arguments, INTERRUPT, at, coarse=True)
        ends.add(ended.status)
        wanted = {0: after, STOPPED: before}.get(ended.status)
        if wanted is None or difference(standing(folder), wanted):
            complaints.append(f"{at}: {ended}")
        elif ended.status == STOPPED and ended.text.strip() != "interrupted":
            complaints.append(f"{at}: {ended.text}")
        shutil.rmtree(folder.parent)
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
