"""Every command: where it lives and what it says of itself. Nothing is imported to list them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CommandInfo:
    """A command's family, the module that holds it, its function (or its group `app`), and one line of help;
    and what its `--format` takes besides `FORMATS` (None: it prints as it goes, in no format at all)."""

    family: str
    module: str
    function: str
    help: str
    formats: tuple[str, ...] | None = ()


COMMANDS: dict[str, CommandInfo] = {
    "init": CommandInfo(
        "Start", "start", "init", "Turn a folder into a project, with a data spec to begin with"
    ),
    "demo": CommandInfo("Start", "start", "demo", "Draw a small project and walk through it", None),
    "spec": CommandInfo(
        "Start", "spec", "app", "List, show, check, compare, write, infer and migrate data specs"
    ),
    "add": CommandInfo("Work", "add", "add", "Bring images, labels and the spec into staging"),
    "status": CommandInfo("Work", "status", "status", "Show what is staged, changed and untracked"),
    "commit": CommandInfo("Work", "commit", "commit", "Check what is staged, and record it"),
    "restore": CommandInfo("Work", "move", "restore", "Bring files or staging back to a revision"),
    "rm": CommandInfo("Work", "move", "rm", "Stop tracking items or sources"),
    "mv": CommandInfo("Work", "move", "mv", "Rename an image, a label file or a folder"),
    "log": CommandInfo("History", "history", "log", "List commits, newest first"),
    "show": CommandInfo("History", "history", "show", "Show one commit and what it changed"),
    "diff": CommandInfo("History", "history", "diff", "Show what differs between two revisions, by object"),
    "check": CommandInfo(
        "Quality",
        "check",
        "check",
        "Find labels that break the spec or cannot be right",
        ("sarif", "junit", "github", "markdown"),
    ),
    "agreement": CommandInfo("Quality", "agreement", "agreement", "Measure how far annotators or sets agree"),
    "stats": CommandInfo(
        "Quality", "stats", "stats", "Count labels, classes, sizes and annotators", ("csv", "markdown")
    ),
    "report": CommandInfo(
        "Quality", "report", "report", "Summarise a revision: changes, findings, statistics", ("markdown",)
    ),
    "snapshot": CommandInfo(
        "Experiments", "snapshot", "app", "Freeze selections for experiments, with splits"
    ),
    "export": CommandInfo("Experiments", "export", "export", "Write a label set in a format for training"),
    "fsck": CommandInfo(
        "Upkeep", "upkeep", "fsck", "Read the whole store, and name what is missing or damaged"
    ),
    "gc": CommandInfo(
        "Upkeep", "upkeep", "gc", "Delete objects of the store that nothing refers to any more"
    ),
}
