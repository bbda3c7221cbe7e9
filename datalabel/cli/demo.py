"""The walk of `dlabel demo`: prints each command, then runs it, in the project that it has drawn."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from datalabel.cli.presenting import Screen, screen_of, shown
from datalabel.cli.session import SESSION, Session
from datalabel.demo.steps import SPEC, STEPS, draw
from datalabel.errors import InputError


def walk(folder: Path) -> int:
    """Draw the project in a new folder and walk through it; the project stays.

    Raises:
        InputError: the folder exists and is not empty.
    """
    if folder.exists() and any(folder.iterdir()):
        raise InputError("is not empty", where=str(folder), hint="dlabel demo OTHER_FOLDER")
    screen = screen_of(SESSION, sys.stdout)
    folder.mkdir(parents=True, exist_ok=True)
    draw(folder)
    for number, step in enumerate(STEPS):
        if step.before is not None:
            step.before(folder)
        if step.say:
            screen.line()
            screen.line((f"# {step.say}", "info"))
        if number == 0:
            _show_spec(screen)
        if step.command:
            _run(screen, folder, step.command)
    screen.line()
    screen.line("The project is yours to play with: ", (f"cd {shlex.quote(shown(folder))}", "bold"))
    return 0


def _show_spec(screen: Screen) -> None:
    for line in SPEC.splitlines():
        screen.line(f"    {line}")


def _run(screen: Screen, folder: Path, command: tuple[str, ...]) -> None:
    """Run one command as if it had been typed in the folder."""
    from datalabel.cli.main import run

    screen.line()
    screen.line(("$ dlabel " + shlex.join(command), "bold"))
    sys.stdout.flush()
    kept = {name: getattr(SESSION, name) for name in Session.__slots__}
    try:
        run(["-C", str(folder), *command])
    finally:
        for name, value in kept.items():
            setattr(SESSION, name, value)
    sys.stdout.flush()
    sys.stderr.flush()
