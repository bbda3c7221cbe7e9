"""Works that show how time, memory and the store grow: with the number of commits, and with the number of labels."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from .bench import Bench, bytes_under, dlabel, program
from .projects import LABELS, STORE, committed, labels_project
from .work import Command, Contender, Limit, Quantity, Work

CHANGED_LABELS = 100  # in every commit


def many_commits(bench: Bench) -> Work:
    """A store with many commits against one with the first alone."""
    commits = bench.inputs.size.commits
    grown, first = grown_project(bench, commits), grown_project(bench, 1)
    commands: dict[str, tuple[str, ...]] = {
        "status": ("status",),
        "diff": ("diff", "HEAD~1", "HEAD"),
        "stats": ("stats", "HEAD"),
    }
    contenders = []
    for name, words in commands.items():
        contenders.append(Contender(f"{name}, many commits", (dlabel("-C", grown, *words),), reuse=True))
        contenders.append(Contender(f"{name}, one commit", (dlabel("-C", first, *words),), reuse=True))
    contenders.append(Contender("store", weigh=lambda _: bytes_under(grown / STORE), reuse=True))
    contenders.append(
        Contender("rows of the changed items", weigh=lambda _: _bytes_of_rows(grown, first), reuse=True)
    )
    return Work(
        f"{commits:,} commits of {CHANGED_LABELS} changed labels each",
        tuple(contenders),
        (
            Limit(("rows of the changed items",), 4.0, quantity=Quantity.BYTES, of="store"),
            *(Limit((f"{name}, one commit",), 1.5, of=f"{name}, many commits") for name in commands),
        ),
        (grown, first),
    )


def grown_project(bench: Bench, commits: int) -> Path:
    """A project whose first version was changed so many times, made by one long process."""
    folder = bench.shared / f"grown-{commits}"
    if not folder.exists():
        unfinished = bench.shared / f"unfinished-{folder.name}"
        labels = unfinished / LABELS
        unfinished.mkdir(parents=True)
        bench.run(unfinished, dlabel("init"))
        bench.run(
            unfinished,
            program("grow", bench.inputs.history, labels, str(commits), str(CHANGED_LABELS)),
        )
        unfinished.rename(folder)
    return folder


def _bytes_of_rows(grown: Path, first: Path) -> int:
    """What the rows of the first version and of every changed item take, at the first store's bytes per row."""
    rows: dict[str, int] = json.loads((grown / "rows.json").read_text())
    per_row = bytes_under(first / STORE) / rows["first"]
    return round(per_row * (rows["first"] + rows["changed"]))


def tenfold_add(bench: Bench) -> Work:
    """Ten times the labels, added."""
    tenth, whole = bench.inputs.tenth, bench.inputs.coco
    return Work(
        "add, ten times the labels",
        (
            Contender("dlabel", (dlabel("add", LABELS),), labels_project(bench, whole)),
            Contender("dlabel, a tenth", (dlabel("add", LABELS),), labels_project(bench, tenth)),
        ),
        (
            Limit(("dlabel, a tenth",), 10.0),
            Limit(plus=3.0 * whole.stat().st_size, quantity=Quantity.MEMORY),
        ),
        (tenth, whole),
    )


def tenfold_diff(bench: Bench) -> Work:
    """Ten times the labels, compared."""
    return _tenfold(bench, "diff", lambda project: dlabel("-C", project, "diff", "HEAD~2", "HEAD~1"))


def tenfold_stats(bench: Bench) -> Work:
    """Ten times the labels, counted."""
    return _tenfold(bench, "stats", lambda project: dlabel("-C", project, "stats", "HEAD"))


def tenfold_check(bench: Bench) -> Work:
    """Ten times the labels, checked."""
    return _tenfold(
        bench, "check", lambda project: dlabel("-C", project, "check", "HEAD", "--fail-on", "never")
    )


def tenfold_export(bench: Bench) -> Work:
    """Ten times the labels, exported."""
    words = ("export", "HEAD", "-f", "coco", "-o", "{folder}/out", "--allow-loss")
    return _tenfold(bench, "export", lambda project: dlabel("-C", project, *words))


def _tenfold(bench: Bench, name: str, command: Callable[[Path], Command]) -> Work:
    inputs = bench.inputs
    whole = committed(bench, "two_versions", (inputs.coco, inputs.coco_changed))
    tenth = committed(bench, "tenth", (inputs.tenth, inputs.tenth_changed))
    return Work(
        f"{name}, ten times the labels",
        (
            Contender("dlabel", (command(whole),)),
            Contender("dlabel, a tenth", (command(tenth),)),
        ),
        (
            Limit(("dlabel, a tenth",), 10.0),
            Limit(("dlabel, a tenth",), 1.2, quantity=Quantity.MEMORY),
        ),
        (whole, tenth),
    )
