"""`restore`, `rm` and `mv`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer

from datalabel.cli.completion import revisions
from datalabel.cli.presenting import Presentation, Screen, shown
from datalabel.cli.session import SESSION
from datalabel.errors import InputError
from datalabel.printable import amount

if TYPE_CHECKING:
    from datalabel.repository.history.moving import Moved, Removed
    from datalabel.repository.history.restoring import Restored

SHOWN = 10


def _names(screen: Screen, word: str, names: tuple[str, ...], style: str) -> None:
    for name in screen.first(names, SHOWN):
        screen.line("  ", (f"{word:<9}", style), shown(name))


@dataclass
class RestoredText(Presentation):
    """What was brought back."""

    done: Restored
    dry_run: bool = False
    some: bool = False
    """Whether paths were named."""

    def text(self, screen: Screen) -> None:
        if self.dry_run:
            screen.line(("Nothing was done; this would be:", "dim"))
        words = [amount(len(self.done.written), "file") + " written"] if self.done.written else []
        words += [amount(len(self.done.deleted), "file") + " deleted"] if self.done.deleted else []
        if self.done.staged:
            where = " for these paths" if self.some else ""
            words.append(f"staging now matches {shown(self.done.revision)}{where}")
        screen.line(", ".join(words) or f"Everything is as {shown(self.done.revision)} has it already.")
        _names(screen, "written", self.done.written, "good")
        _names(screen, "deleted", self.done.deleted, "bad")

    def json(self) -> Any:
        return {
            "revision": self.done.revision,
            "written": list(self.done.written),
            "deleted": list(self.done.deleted),
            "staged": self.done.staged,
            "dry_run": self.dry_run,
        }


def restore(
    paths: list[str] = typer.Argument(None, metavar="[PATH]…", help="Images, label sources, folders, globs."),
    revision: str = typer.Option(
        None, "--from", metavar="REV", autocompletion=revisions, help="As REV has them."
    ),
    staged: bool = typer.Option(False, "--staged", help="Staging only; without paths, all of it."),
    force: bool = typer.Option(False, "--force", help="Overwrite files whose content is not recorded."),
    dry_run: bool = typer.Option(False, "--dry-run", "-n", help="Only say what would happen."),
) -> Presentation:
    """Bring files of the working tree, or staging, back.

    PATHs are written as staging has them. With --from REV they are written as REV has them, and staging
    follows. With --staged the working tree is left alone.
    """
    from datalabel.repository.history.restoring import restore as bring_back

    project, found = SESSION.repository().project, SESSION.paths(paths)
    done = bring_back(project, found, revision=revision, staged=staged, force=force, dry_run=dry_run)
    return RestoredText(done, dry_run, bool(paths))


@dataclass
class RemovedText(Presentation):
    """What is no longer tracked."""

    done: Removed
    dry_run: bool

    def text(self, screen: Screen) -> None:
        word = "Would stop tracking" if self.dry_run else "Stopped tracking"
        parts = [amount(len(self.done.items), "item")] if self.done.items else []
        parts += [amount(len(self.done.sources), "source")] if self.done.sources else []
        screen.line(f"{word} {' and '.join(parts) or 'nothing'} ({amount(self.done.labels, 'label')})")
        _names(screen, "deleted", self.done.deleted, "bad")

    def json(self) -> Any:
        return {
            "items": list(self.done.items),
            "sources": list(self.done.sources),
            "labels": self.done.labels,
            "deleted": list(self.done.deleted),
            "dry_run": self.dry_run,
        }


def rm(
    paths: list[str] = typer.Argument(..., metavar="PATH…", help="Images, label sources, folders, globs."),
    files: bool = typer.Option(
        False, "--files", help="Delete the files too, if a commit holds their content."
    ),
    force: bool = typer.Option(False, "--force", help="Delete files whose content no commit holds."),
    dry_run: bool = typer.Option(False, "--dry-run", "-n", help="Only say what would happen."),
) -> Presentation:
    """Stop tracking items or sources. Their labels leave staging; history keeps them."""
    from datalabel.repository.history.moving import remove

    project = SESSION.repository().project
    return RemovedText(
        remove(project, SESSION.paths(paths), files=files, force=force, dry_run=dry_run), dry_run
    )


@dataclass
class MovedText(Presentation):
    """What has another path now."""

    done: Moved

    def text(self, screen: Screen) -> None:
        pairs = [*self.done.sources, *self.done.items]
        for old, new in screen.first(pairs, SHOWN, indent=0):
            screen.line(f"{shown(old)} → {shown(new)}")
        for path in screen.first(self.done.still, SHOWN, indent=0):
            screen.line((f"{shown(path)} says the old name still; adding it again follows the move.", "dim"))

    def json(self) -> Any:
        return {
            "still": list(self.done.still),
            "items": [list(pair) for pair in self.done.items],
            "sources": [list(pair) for pair in self.done.sources],
        }


def mv(
    old: str = typer.Argument(..., metavar="OLD"),
    new: str = typer.Argument(..., metavar="NEW"),
) -> Presentation:
    """Rename a tracked image, label file or folder, on disk and in staging. Labels and their ids stay."""
    from datalabel.repository.history.moving import move

    if new.endswith("/") and not SESSION.path(new).is_dir():
        raise InputError(
            "no such folder", where=new, hint=f"make it, or leave out the slash: {new.rstrip('/')}"
        )
    return MovedText(move(SESSION.repository().project, SESSION.path(old), SESSION.path(new)))
