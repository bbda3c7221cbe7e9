"""`snapshot create|list|show|diff|verify|delete`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from datalabel.cli.completion import revisions, sets, snapshots
from datalabel.cli.presenting import Presentation, Screen, shown
from datalabel.cli.selecting import DROP_EMPTY, WHERE
from datalabel.cli.session import SESSION
from datalabel.printable import amount

if TYPE_CHECKING:
    from datalabel.repository.snapshot.comparing import SnapshotDifference
    from datalabel.repository.snapshot.snapshots import Created
    from datalabel.repository.snapshot.verifying import Verified
    from datalabel.store.snapshots import Snapshot

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Freeze selections for experiments.",
    rich_markup_mode=None,
)

NAME = typer.Argument(..., metavar="NAME", autocompletion=snapshots)


def snapshot_json(snapshot: Snapshot) -> dict[str, Any]:
    """The shape that scripts rely on."""
    counts = {name: dict(numbers) for name, numbers in snapshot.counts.items()}
    return {
        "name": snapshot.name,
        "commit": snapshot.commit,
        "query": snapshot.query.get("where"),
        "splits": {name: counts[name] for name in sorted(counts) if name},
        "sets": list(snapshot.sets),
        "seed": snapshot.query.get("seed"),
        "digest": snapshot.digest,
        "created": snapshot.created,
        **counts[""],
        "asked": dict(snapshot.query),
        "note": snapshot.note,
        "author": snapshot.author,
        "git": snapshot.git,
    }


def _describe(screen: Screen, snapshot: Snapshot) -> None:
    total = snapshot.counts[""]
    screen.line((shown(snapshot.name), "name"), f"  {amount(total['items'], 'item')}, "
                f"{amount(total['labels'], 'label')}  {', '.join(map(shown, snapshot.sets))}")  # fmt: skip
    rows = [
        (
            name,
            amount(numbers["items"], "item"),
            f"{100 * numbers['items'] / total['items']:.1f} %",
            amount(numbers["labels"], "label"),
        )
        for name, numbers in sorted(snapshot.counts.items())
        if name
    ]
    screen.table(rows, right=(1, 2, 3))


def _details(screen: Screen, snapshot: Snapshot) -> None:
    query = snapshot.query
    said = {
        "where": query.get("where"),
        "split": query.get("split"),
        "split by": ", ".join(query.get("split_by", ())) or None,
        "from": query.get("from"),
        "seed": query.get("seed"),
        "commit": snapshot.commit[:12],
        "git": _git(snapshot.git),
        "created": f"{snapshot.created} by {snapshot.author}",
        "digest": snapshot.digest,
        "note": snapshot.note or None,
    }
    for name, value in said.items():
        if value is not None:
            screen.line((f"  {name:<9}", "dim"), shown(value))


def _git(git: Mapping[str, Any] | None) -> str | None:
    if git is None:
        return None
    return f"{str(git['commit'])[:12]}{'' if git['clean'] else ' with changes'}"


@dataclass
class CreatedText(Presentation):
    """A new snapshot."""

    created: Created

    def text(self, screen: Screen) -> None:
        _describe(screen, self.created.snapshot)
        bridging, unnamed, unseen = self.created.bridging, self.created.unnamed, self.created.unseen
        if unseen:
            words = f"  left out: {amount(len(unseen), 'item')} that no label file names (first: {shown(unseen[0])})"
            screen.line((f"{words}; --with-unseen takes them as empty", "warn"))
        for key, (one, other) in screen.first(list(bridging.items()), 5):
            screen.line((f"  left out: {shown(key)} is in {one} and in {other}", "warn"))
        if unnamed:
            words = f"  left out: {amount(len(unnamed), 'item')} in no list (first: {shown(unnamed[0])})"
            screen.line((words, "warn"))
        for split, names in self.created.unknown.items():
            words = (
                f"  no items here: {amount(len(names), 'name')} of {shown(split)} (first: {shown(names[0])})"
            )
            screen.line((words, "warn"))
        screen.doubts(self.created.warnings)
        if self.created.snapshot.query.get("where") and not self.created.snapshot.counts[""]["labels"]:
            screen.line(("  no label is like that: dlabel stats shows what labels have", "warn"))
        screen.line(("  digest   ", "dim"), self.created.snapshot.digest)

    def json(self) -> Any:
        left_out = {
            "unseen": list(self.created.unseen),
            "bridging": self.created.bridging,
            "unnamed": list(self.created.unnamed),
        }
        unknown = {split: list(names) for split, names in self.created.unknown.items()}
        warnings = [str(warning) for warning in self.created.warnings]
        shape = {**snapshot_json(self.created.snapshot), "left_out": left_out, "unknown": unknown}
        return {**shape, "warnings": warnings}


@dataclass
class SnapshotList(Presentation):
    """Every snapshot."""

    found: Sequence[Snapshot]

    def text(self, screen: Screen) -> None:
        if not self.found:
            screen.line("No snapshots yet  (dlabel snapshot create NAME)")
        rows = [
            (
                shown(one.name),
                one.created[:10],
                amount(one.counts[""]["items"], "item"),
                amount(one.counts[""]["labels"], "label"),
                "  ".join(f"{name} {one.counts[name]['items']:,}" for name in sorted(one.counts) if name),
                shown(one.note),
            )
            for one in self.found
        ]
        screen.table(rows, right=(2, 3), indent=0)

    def json(self) -> Any:
        return [snapshot_json(one) for one in self.found]


@dataclass
class SnapshotText(Presentation):
    """One snapshot."""

    snapshot: Snapshot
    deleted: bool | None = None

    def text(self, screen: Screen) -> None:
        if self.deleted is not None:
            word = "Deleted" if self.deleted else "Would delete"
            screen.line(f"{word} the snapshot {self.snapshot.name}; commits and labels stay as they are")
            return
        _describe(screen, self.snapshot)
        _details(screen, self.snapshot)

    def json(self) -> Any:
        return snapshot_json(self.snapshot)


@dataclass
class SnapshotDifferenceText(Presentation):
    """What differs between two snapshots."""

    found: SnapshotDifference

    def text(self, screen: Screen) -> None:
        found = self.found
        if found.is_empty:
            screen.line(f"{found.before.name} and {found.after.name} select the same  {found.after.digest}")
            return
        summary = found.summary
        counts = [
            (word, f"{summary['items'][word]:,}") for word in summary["items"] if summary["items"][word]
        ]
        screen.line(("items", "name"))
        screen.table([*counts, ("moved to another split", f"{len(found.moved):,}")], right=(1,))
        for key, (old, new) in list(found.moved.items())[:10]:
            screen.line(f"    {shown(key)}  {old or 'none'} → {new or 'none'}")
        for name, numbers in summary["sets"].items():
            screen.line((shown(name), "name"))
            screen.table(
                [(word, f"{numbers[word]:,}") for word in ("added", "removed", "changed")], right=(1,)
            )
        screen.line((f"dlabel diff {found.before.name} {found.after.name} shows the labels", "dim"))

    def json(self) -> Any:
        moved = [{"item": key, "from": old, "to": new} for key, (old, new) in self.found.moved.items()]
        return {
            "from": self.found.before.name,
            "to": self.found.after.name,
            "same": self.found.is_empty,
            "moved": moved,
            "summary": self.found.summary,
        }


@dataclass
class VerifiedText(Presentation):
    """Whether something is still what was recorded."""

    done: Verified
    noun: str

    def __post_init__(self) -> None:
        self.status = 1 if self.done.problems else 0

    def text(self, screen: Screen) -> None:
        for problem in self.done.problems:
            screen.line(("error ", "bad"), shown(problem))
        for remark in self.done.remarks:
            screen.line((shown(remark), "dim"))
        word = amount(len(self.done.problems), "problem") if self.done.problems else "all as recorded"
        screen.line(f"{shown(self.done.name)}: {amount(self.done.looked_at, self.noun)} checked, {word}")

    def json(self) -> Any:
        return {
            "name": self.done.name,
            "digest": self.done.digest,
            "looked_at": self.done.looked_at,
            "problems": list(self.done.problems),
            "remarks": list(self.done.remarks),
        }


@app.command("create")
def create(
    name: str = typer.Argument(..., metavar="NAME"),
    revision: str = typer.Argument("HEAD", metavar="[REV]", autocompletion=revisions),
    where: str = WHERE,
    drop_empty: bool = DROP_EMPTY,
    with_unseen: bool = typer.Option(False, "--with-unseen", help="Also items that no label file names."),
    split: str = typer.Option(None, "--split", metavar="SPLITS", help="Shares, about: a=0.8,b=0.2."),
    split_by: list[str] = typer.Option(
        None, "--split-by", metavar="source|FILE", help="Published splits: lists, data.yaml, label files."
    ),
    earlier: str = typer.Option(
        None, "--from", metavar="EARLIER", help="Keep the splits of a snapshot.", autocompletion=snapshots
    ),
    seed: int = typer.Option(None, "--seed", metavar="N", help="Another draw of the split (default 0)."),
    set_: list[str] = typer.Option(
        None, "--set", metavar="NAME", help="A label set (default ground_truth).", autocompletion=sets
    ),
    note: str = typer.Option("", "--note", metavar="TEXT", help="What it is for."),
) -> Presentation:
    """Freeze a selection of a commit for an experiment.

    It never changes again. The split of an image follows from its content and the seed, so it stays when the
    set grows. The digest is the same for the same labels, however they got here.
    """
    from datalabel.repository.snapshot.snapshots import create_snapshot
    from datalabel.repository.snapshot.splitting import SnapshotOptions

    options = SnapshotOptions(
        where=where,
        drop_empty=drop_empty,
        with_unseen=with_unseen,
        sets=set_ or (),
        split=split,
        split_by=[_list_path(text) for text in split_by or ()],
        earlier=earlier,
        seed=seed,
        note=note,
    )
    return CreatedText(create_snapshot(SESSION.repository().project, name, revision, options))


def _list_path(text: str) -> str:
    """`source`, FILE or NAME=FILE, with the file as seen from where the command was started."""
    from datalabel.repository.snapshot.split_lists import SOURCE

    if text == SOURCE:
        return text
    name, sign, path = text.partition("=")
    if sign and not SESSION.path(text).exists():
        return f"{name}={SESSION.path(path)}"
    return str(SESSION.path(text))


@app.command("list")
def list_() -> Presentation:
    """List snapshots, oldest first."""
    return SnapshotList(SESSION.repository().snapshots())


@app.command("show")
def show(name: str = NAME) -> Presentation:
    """Show what a snapshot selected, from where and when."""
    return SnapshotText(SESSION.repository().snapshot(name).record)


@app.command("diff")
def diff(before: str = NAME, after: str = NAME) -> Presentation:
    """Show what differs between two snapshots: items, splits and labels."""
    from datalabel.repository.snapshot.comparing import diff_snapshots

    return SnapshotDifferenceText(diff_snapshots(SESSION.repository().project, before, after))


@app.command("verify", short_help="Check a snapshot, or an exported folder.")
def verify(name: str = typer.Argument(..., metavar="NAME|DIR", autocompletion=snapshots)) -> Presentation:
    """Check a snapshot, or an exported folder, against what was recorded.

    Everything is read.
    """
    from datalabel.errors import NoProjectError
    from datalabel.repository.snapshot.verifying import verify_folder, verify_snapshot

    folder = SESSION.path(name)
    if Path(name).name == name and not folder.is_dir():
        return VerifiedText(verify_snapshot(SESSION.repository().project, name), "item")
    try:
        project = SESSION.repository().project
    except NoProjectError:
        project = None
    return VerifiedText(verify_folder(folder, project), "file")


@app.command("delete")
def delete(
    name: str = NAME,
    dry_run: bool = typer.Option(False, "--dry-run", "-n", help="Only say what would be done."),
) -> Presentation:
    """Forget a snapshot."""
    from datalabel.repository.snapshot.snapshots import delete_snapshot

    project = SESSION.repository().project
    return SnapshotText(delete_snapshot(project, name, dry_run=dry_run), deleted=not dry_run)
