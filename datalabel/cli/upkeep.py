"""`fsck`, `gc`: the upkeep of the store."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import typer

from datalabel.cli.presenting import Presentation, Screen, shown, size_text
from datalabel.cli.session import SESSION
from datalabel.errors import EXIT_CODES, Kind
from datalabel.printable import amount

if TYPE_CHECKING:
    from datalabel.repository.upkeep.collecting import Collected
    from datalabel.repository.upkeep.inspecting import Broken, Inspected

SHOWN = 20


@dataclass
class InspectedText(Presentation):
    """What is missing or damaged in a store, and what contradicts itself."""

    found: Inspected

    @property
    def status(self) -> int:  # type: ignore[override]
        return EXIT_CODES[Kind.DAMAGED] if self.found.broken or self.found.contradictions else 0

    def text(self, screen: Screen) -> None:
        for one in screen.first(self.found.broken, SHOWN, indent=0):
            _line(screen, one)
        rest = sum(one.repaired_by is None for one in self.found.broken)
        if rest:
            what = "the others" if rest < len(self.found.broken) else "it" if rest == 1 else "them"
            screen.line(f"Put {what} back from a copy of .dlabel/objects.")
        for wrong in self.found.contradictions:
            where = f"{wrong.revision}, {wrong.set}" if wrong.set else wrong.revision
            words = f"{wrong.rows:,} {wrong.what} (first: {shown(wrong.item)})"
            screen.line(("contradiction", "bad"), f"  {shown(where)}: {words}")
        if self.found.contradictions:
            screen.line("dlabel restore --staged --from REV makes staging what a sound revision is.")
        gone = sum(one.missing for one in self.found.broken)
        counts = {"damaged": len(self.found.broken) - gone, "missing": gone}
        said = ", ".join(f"{number:,} {word}" for word, number in counts.items() if number)
        screen.line(f"Read {amount(self.found.objects, 'object')}: {said or 'all there and whole'}")
        if self.found.unused:
            unused = f"{amount(self.found.unused, 'object')} ({size_text(self.found.unused_bytes)})"
            screen.line((f"Nothing leads to {unused}", "dim"))
        if self.found.elsewhere:
            images = amount(self.found.elsewhere, "image")
            screen.line((f"Not read: {images} kept where they lie", "dim"))

    def json(self) -> Any:
        return {
            "objects": self.found.objects,
            "broken": [asdict(one) for one in self.found.broken],
            "contradictions": [asdict(one) for one in self.found.contradictions],
            "unused": {"objects": self.found.unused, "bytes": self.found.unused_bytes},
            "elsewhere": self.found.elsewhere,
        }


def _line(screen: Screen, one: Broken) -> None:
    word = "missing" if one.missing else "damaged"
    screen.line(
        (word, "bad"), f"  {one.kind} ", (one.id[:12] + "…", "id"), f"  {shown(one.what)}, {shown(one.place)}"
    )
    if one.repaired_by:
        screen.line("  ", shown(one.repaired_by))


def fsck() -> Presentation:
    """Read every object of the store that anything leads to, and name what is missing or damaged.

    Where all is whole, staging, branches and snapshots are searched for labels that contradict the rest of their
    tree: on no item, of no source, with another's id. Nothing is changed. Where the working tree still has the bytes
    of a damaged image, the command that puts them back is printed.
    """
    from datalabel.repository.upkeep.inspecting import inspect

    return InspectedText(inspect(SESSION.repository().project))


@dataclass
class CollectedText(Presentation):
    """What was deleted from a store."""

    done: Collected

    def text(self, screen: Screen) -> None:
        if self.done.objects:
            word = "Would delete" if self.done.dry_run else "Deleted"
            what = f"{amount(self.done.objects, 'object')} ({size_text(self.done.bytes)})"
            screen.line(f"{word} {what} that nothing leads to")
        else:
            screen.line("Nothing to delete")
        if self.done.young:
            young = f"{amount(self.done.young, 'object')} ({size_text(self.done.young_bytes)})"
            screen.line(
                (f"{young} younger than {self.done.days:g} days kept (--older-than 0 takes all)", "dim")
            )

    def json(self) -> Any:
        return asdict(self.done)


def gc(
    older_than: float = typer.Option(
        None, "--older-than", metavar="DAYS", min=0.0, help="Keep objects younger than this (default 14)."
    ),
    dry_run: bool = typer.Option(False, "--dry-run", "-n", help="Only say what would be deleted."),
) -> Presentation:
    """Delete objects that nothing leads to any more, such as images that were staged and never committed.

    Whatever a commit, a snapshot, staging or the reflog leads to stays.
    """
    from datalabel.repository.upkeep.collecting import collect

    project = SESSION.repository().project
    return CollectedText(collect(project, older_than=older_than, dry_run=dry_run))
