"""`status`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datalabel.cli.presenting import Presentation, Screen, shown, when_gone
from datalabel.cli.session import SESSION
from datalabel.printable import amount

if TYPE_CHECKING:
    from datalabel.repository.history.status import Status

SHOWN = 20
_STYLE = {"added": "good", "modified": "warn", "deleted": "bad"}


@dataclass
class StatusText(Presentation):
    """Where the project stands."""

    found: Status

    def text(self, screen: Screen) -> None:
        head = self.found.head[:12] if self.found.head else "no commit yet"
        screen.line("On branch ", (self.found.branch, "name"), " at ", (head, "id"))
        if self.found.clean:
            screen.line("Nothing to commit, working tree clean.")
        if self.found.has_staged:
            self._staged(screen)
        for next_step, paths in self._changed().items():
            self._unstaged(screen, paths, next_step)
        if self.found.untracked:
            screen.line()
            screen.line("Untracked  ", ("(dlabel add PATH)", "dim"))
            for path in screen.first(self.found.untracked, SHOWN):
                screen.line("  ", shown(path))
        if self.found.awaited:
            screen.line()
            screen.line((f"{amount(self.found.awaited, 'item')} without an image here", "dim"))

    def _changed(self) -> dict[str, list[tuple[str, str]]]:
        """What changed since it was added, by what can be done about it; first what is there."""
        spec = [(self.found.spec["path"], self.found.spec["change"])] if self.found.spec["changed"] else []
        changes = sorted((*spec, *self.found.unstaged), key=lambda one: one[1] == "deleted")
        steps: dict[str, list[tuple[str, str]]] = {}
        for path, change in changes:
            next_step = when_gone(path) if change == "deleted" else "dlabel add takes it in"
            steps.setdefault(next_step, []).append((path, change))
        return steps

    def _unstaged(self, screen: Screen, paths: Sequence[tuple[str, str]], next_step: str) -> None:
        screen.line()
        screen.line("Changed since it was added  ", (f"({next_step})", "dim"))
        for path, change in screen.first(paths, SHOWN):
            screen.line("  ", (f"{change:<9}", _STYLE[change]), shown(path))

    def _staged(self, screen: Screen) -> None:
        screen.line()
        screen.line(
            "Staged  ", ("(dlabel diff shows it, commit records it, restore --staged takes it back)", "dim")
        )
        rows = [("items", self.found.staged["items"]), *sorted(self.found.staged["sets"].items())]
        width = max(len(shown(name)) for name, _ in rows)
        quiet = True
        for name, counts in rows:
            words = [
                (f"  {sign}{counts[word]:,} {word}", style)
                for word, sign, style in (
                    ("added", "+", "good"),
                    ("removed", "-", "bad"),
                    ("changed", "~", "warn"),
                )
                if counts[word]
            ]
            if words:
                quiet = False
                screen.line(f"  {shown(name):<{width}}", *words)
        if self.found.spec["staged"]:
            screen.line(f"  {self.found.spec['path']}")
        elif quiet:
            moved = self.found.staged["sources"]
            beside = "what sources say beside their labels, or how they say it"
            screen.line("  which sources are tracked" if moved else f"  {beside}")

    def json(self) -> Any:
        return {
            "branch": self.found.branch,
            "head": self.found.head,
            "spec": dict(self.found.spec),
            "staged": {"items": self.found.staged["items"], "sets": self.found.staged["sets"]},
            "unstaged": [{"path": path, "change": change} for path, change in self.found.unstaged],
            "untracked": list(self.found.untracked),
            "awaited": self.found.awaited,
            "clean": self.found.clean,
        }


def status() -> Presentation:
    """Show what is staged, what changed since it was added, and what is untracked."""
    from datalabel.repository.history.status import status as look

    return StatusText(look(SESSION.repository().project))
