"""`log`, `show` and `diff`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import typer

from datalabel.cli.arguments import after_dashes
from datalabel.cli.change_text import item_line, label_line, summary_lines
from datalabel.cli.completion import revisions
from datalabel.cli.pages import HTML, MAX_IMAGES
from datalabel.cli.presenting import Presentation, Screen, shown
from datalabel.cli.session import SESSION
from datalabel.cli.spec_change_text import spec_change_line
from datalabel.errors import UsageError
from datalabel.printable import amount
from datalabel.spec.changes import EFFECTS

if TYPE_CHECKING:
    from datalabel.repository.differences import Difference
    from datalabel.repository.log import LogEntry
    from datalabel.repository.repository import Repository

LABELS_SHOWN = 200
"""Text names so many changed labels at most; `--json` and `--format jsonl` name all of them."""


def _entry_json(entry: LogEntry) -> dict[str, Any]:
    commit = entry.commit
    return {
        "id": entry.id,
        "parents": list(commit.parents),
        "branch": commit.branch,
        "author": commit.author,
        "time": commit.time,
        "message": commit.message,
        "summary": dict(commit.summary),
        "git": dict(commit.git) if commit.git else None,
    }


def _entry_lines(screen: Screen, entry: LogEntry) -> None:
    commit = entry.commit
    screen.line(("commit " + entry.id, "id"), f"  ({shown(commit.branch)})")
    screen.line(f"Author: {shown(commit.author)}")
    screen.line(f"Date:   {commit.time}")
    if commit.git:
        clean = "" if commit.git.get("clean") else ", working tree changed"
        screen.line(f"Git:    {shown(commit.git.get('commit', ''))[:12]}{clean}")
    screen.line()
    for line in commit.message.splitlines():
        screen.line(f"    {shown(line)}")


@dataclass
class LogText(Presentation):
    """The commits, newest first."""

    entries: list[LogEntry]
    stat: bool
    oneline: bool

    def text(self, screen: Screen) -> None:
        if not self.entries:
            screen.line('No commits yet: dlabel commit -m "…" makes the first.')
        for index, entry in enumerate(self.entries):
            if self.oneline:
                title = shown(entry.commit.message.splitlines()[0])
                screen.line((entry.id[:12], "id"), f"  {entry.commit.time[:10]}  {title}")
            else:
                if index:
                    screen.line()
                _entry_lines(screen, entry)
            if self.stat:
                if not self.oneline:
                    screen.line()
                summary_lines(screen, entry.commit.summary)

    def json(self) -> Any:
        return [_entry_json(entry) for entry in self.entries]


def log(
    revision: str = typer.Argument("HEAD", metavar="[REV]", autocompletion=revisions),
    stat: bool = typer.Option(False, "--stat", help="Also show how much each commit changed."),
    oneline: bool = typer.Option(False, "--oneline", help="One line a commit."),
    limit: int = typer.Option(None, "-n", "--count", metavar="N", min=1, help="Show at most N commits."),
) -> Presentation:
    """List the commits that led to a revision, newest first."""
    return LogText(list(SESSION.repository().log(revision, limit)), stat, oneline)


@dataclass
class DiffText(Presentation):
    """What differs between two revisions."""

    difference: Difference
    stat: bool = False
    exit_code: bool = False
    unstaged: tuple[str, ...] = ()
    entry: LogEntry | None = None

    def __post_init__(self) -> None:
        self.status = 1 if self.exit_code and not self.difference.is_empty else 0

    def text(self, screen: Screen) -> None:
        if self.entry is not None:
            _entry_lines(screen, self.entry)
            screen.line()
        summary = self.difference.summary()
        if self.difference.is_empty:
            self._nothing(screen)
        elif self.stat:
            summary_lines(screen, summary)
        else:
            self._spec(screen)
            self._items(screen)
            self._labels(screen)
            screen.line()
            summary_lines(screen, summary)
        if self.unstaged:
            names = ", ".join(map(shown, self.unstaged[:5])) + (", …" if self.unstaged[5:] else "")
            screen.line((f"Changed and not added: {names}  (dlabel add)", "warn"))

    def _nothing(self, screen: Screen) -> None:
        """That no label differs; and what does, if anything."""
        between = f"between {shown(self.difference.before.name)} and {shown(self.difference.after.name)}"
        beside = self.difference.beside
        if not (beside.items or beside.notations or beside.headers or beside.sources):
            screen.line(f"No difference {between}.")
            return
        screen.line(f"No label, item or rule of the spec differs {between}.")
        if beside.items:
            screen.line(f"  sources say other fields of {amount(beside.items, 'item')}")
        if beside.notations:
            screen.line(
                f"  labels of {amount(beside.notations, 'item')} are numbered, spelled or ordered otherwise"
            )
        for name in screen.first(beside.headers, 5):
            screen.line(f"  {shown(name)} has other fields of its own, or another layout")
        for name in screen.first(beside.sources, 5):
            screen.line(f"  {shown(name)} is tracked {self._how(name)}")

    def _how(self, source: str) -> str:
        """What became of a source between the two."""
        if source not in self.difference.before.tree.sources:
            return "from now on"
        return "in another way" if source in self.difference.after.tree.sources else "no more"

    def _spec(self, screen: Screen) -> None:
        if self.difference.spec:
            screen.line(("spec", "bold"))
        for change in sorted(self.difference.spec, key=lambda one: EFFECTS.index(one["effect"])):
            spec_change_line(screen, change, effect=True)

    def _items(self, screen: Screen) -> None:
        changes = [change.to_json() for change in self.difference.items]
        if changes:
            screen.line(("items", "bold"))
        for change in screen.first(changes, LABELS_SHOWN):
            item_line(screen, change)

    def _labels(self, screen: Screen) -> None:
        last: tuple[str, str] | None = None
        for number, change in enumerate(self._changes()):
            if number >= screen.limit(LABELS_SHOWN):
                screen.line(("  … and more (--stat counts them, -v shows all)", "dim"))
                return
            name, item = place = change["set"], change["item"]
            if last is None or name != last[0]:
                screen.line((shown(name), "bold"))
            if place != last:
                screen.line(f"  {shown(item)}")
            label_line(screen, change)
            last = place

    def _changes(self) -> Iterator[dict[str, Any]]:
        for name, change in self.difference.labels():
            yield {"set": name, **change.to_json()}

    def json(self) -> Any:
        value = {
            "from": self.difference.before.name,
            "to": self.difference.after.name,
            "spec": self.difference.spec,
            "items": [change.to_json() for change in self.difference.items],
            "labels": list(self._changes()),
            "summary": self.difference.summary()["sets"],
            "beside": asdict(self.difference.beside),
        }
        return {"commit": _entry_json(self.entry), **value} if self.entry else value

    def rows(self) -> Iterable[Any]:
        yield from self._changes()


def show(
    revision: str = typer.Argument("HEAD", metavar="[REV]", autocompletion=revisions),
    paths: list[str] = typer.Argument(
        None, metavar="[-- PATH]…", help="Only items that these paths or globs mean."
    ),
    stat: bool = typer.Option(False, "--stat", help="Numbers only."),
    html: str = HTML,
    max_images: int = MAX_IMAGES,
) -> Presentation:
    """Show a commit, and what it changed against its parent, by object."""
    repository = SESSION.repository()
    globs = after_dashes([revision, *(paths or ())])
    if len(globs) > len(paths or ()):
        revision = "HEAD"
    keys = SESSION.keys(repository.project, globs or paths or ())
    entry, difference = repository.show(revision, keys)
    if html:
        title = entry.commit.message.splitlines()[0]
        subtitle = f"{entry.id[:12]} · {entry.commit.author} · {entry.commit.time[:10]}"
        return _page(repository, difference, html, max_images, title=title, subtitle=subtitle)
    return DiffText(difference, stat, entry=entry)


def diff(
    revisions_: list[str] = typer.Argument(
        None,
        metavar="[A [B]] [-- PATH]…",
        autocompletion=revisions,
        help="Revisions, then paths or globs after --.",
    ),
    stat: bool = typer.Option(False, "--stat", help="Numbers only."),
    exit_code: bool = typer.Option(False, "--exit-code", help="Exit 1 when there is a difference."),
    html: str = HTML,
    max_images: int = MAX_IMAGES,
) -> Presentation:
    """Show what differs between two revisions, by object.

    Without arguments: what the next commit would record (HEAD to STAGED). With one: A to STAGED. A..B works too.
    """
    names, paths = _split(revisions_ or [])
    repository = SESSION.repository()
    before, after = names[0] if names else "HEAD", names[1] if len(names) > 1 else "STAGED"
    difference = repository.diff(before, after, SESSION.keys(repository.project, paths))
    if html:
        return _page(repository, difference, html, max_images, exit_code=exit_code)
    unstaged: tuple[str, ...] = ()
    if not names:
        unstaged = tuple(path for path, _ in repository.status().unstaged)
    return DiffText(difference, stat, exit_code, unstaged)


def _page(
    repository: Repository,
    difference: Difference,
    file: str,
    max_images: int,
    *,
    exit_code: bool = False,
    title: str | None = None,
    subtitle: str | None = None,
) -> Presentation:
    """The difference as a page of pictures, written."""
    from datalabel.cli.pages import write
    from datalabel.repository.pages.diff_pictures import page_of_diff
    from datalabel.repository.pages.page_pictures import PageOptions

    options = PageOptions(max_images, title=title, subtitle=subtitle)
    page = page_of_diff(repository.project, difference, options)
    return write(page, file, "changed", 1 if exit_code and not difference.is_empty else 0)


def _split(arguments: list[str]) -> tuple[list[str], list[str]]:
    """Revisions and globs; what stands after `--` on the line is a glob."""
    from datalabel.repository.revisions import range_of

    paths = after_dashes(arguments)
    names = arguments[: len(arguments) - len(paths)]
    if len(names) == 1:
        names = list(range_of(names[0]) or names)
    if len(names) > 2:
        raise UsageError(f"diff takes two revisions at most, not {len(names)}", hint="globs come after --")
    return names, paths
