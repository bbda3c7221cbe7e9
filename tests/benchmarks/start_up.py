"""Works that are nearly all start-up: what a person waits for at every command."""

from __future__ import annotations

import sys
from pathlib import Path

from .bench import Bench, dlabel
from .growth import grown_project
from .work import Contender, Limit, Work

MINIMAL = (sys.executable, str(Path(__file__).with_name("minimal_app.py")))
RUNS = 9  # they are short, and their limits are close
SCRIPT = Path(sys.executable).with_name("dlabel")


def version(bench: Bench) -> Work:
    """The installed script says its version."""
    return Work(
        "dlabel --version",
        (
            _script("--version"),
            Contender("minimal app", ((*MINIMAL, "--version"),), reuse=True),
            bench.rival("dvc", "dvc", "--version"),
        ),
        (Limit(("minimal app",), 1.1, any_size=True),),
        runs_at_least=RUNS,
    )


def usage(bench: Bench) -> Work:
    """The installed script lists its commands."""
    return Work(
        "dlabel --help",
        (
            _script("--help"),
            Contender("minimal app", ((*MINIMAL, "--help"),), reuse=True),
            bench.rival("dvc", "dvc", "--help"),
        ),
        (Limit(("minimal app",), 1.3, any_size=True),),
        runs_at_least=RUNS,
    )


def small_commands(bench: Bench) -> Work:
    """Small commands in a small project, each against the minimal app."""
    project = grown_project(bench, 1)
    asked = (("status",), ("log",), ("show",), ("diff",), ("spec", "show"), ("snapshot", "list"))
    ours = tuple(
        Contender(f"dlabel {' '.join(words)}", (dlabel("-C", project, *words),), reuse=True)
        for words in asked
    )
    return Work(
        "small commands in a small project",
        (*ours, Contender("minimal app", ((*MINIMAL, "hello"),), reuse=True)),
        tuple(Limit(("minimal app",), plus=0.15, of=one.name, any_size=True) for one in ours),
        (project,),
        runs_at_least=5,
    )


def _script(argument: str) -> Contender:
    if not SCRIPT.exists():
        return Contender("dlabel", missing="the script dlabel")
    return Contender("dlabel", ((str(SCRIPT), argument),), reuse=True)
