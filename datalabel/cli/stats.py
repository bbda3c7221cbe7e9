"""`stats`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer

from datalabel.cli.completion import revisions
from datalabel.cli.presenting import Presentation, Screen
from datalabel.cli.session import SESSION

if TYPE_CHECKING:
    from datalabel.labels.stats import Stats
    from datalabel.labels.stats.counts import Plain


@dataclass
class StatsText(Presentation):
    """The statistics of one revision."""

    stats: Stats

    def text(self, screen: Screen) -> None:
        from datalabel.cli.charts import write
        from datalabel.cli.groups_text import group_lines
        from datalabel.cli.stats_text import CLASSES, cross_lines, head_lines, item_lines, set_lines

        rows = screen.limit(CLASSES)
        write(screen, item_lines(self.stats.items, self.stats.revision or "this revision"))
        for name, found in self.stats.sets.items():
            write(screen, [[], *head_lines(name, found)])
            if self.stats.by is None:
                write(screen, set_lines(found, screen.width, rows))
                write(screen, cross_lines(found, screen.width) if SESSION.verbose else ())
            else:
                write(screen, group_lines(self.stats.by, found.groups, screen.width, rows))

    def json(self) -> Any:
        return self.stats.to_json()

    def renderings(self) -> Mapping[str, Callable[[], str]]:
        return {"csv": self._csv, "markdown": self._markdown}

    def _csv(self) -> str:
        from datalabel.labels.stats.compare import Number, numbers_of

        return _csv(Number, numbers_of(self.stats))

    def _markdown(self) -> str:
        from datalabel.report.stats_markdown import stats_markdown

        return stats_markdown(self.stats)


@dataclass
class ComparedText(Presentation):
    """The statistics of one revision against another's."""

    before: Stats
    after: Stats

    def text(self, screen: Screen) -> None:
        from datalabel.cli.charts import write
        from datalabel.cli.compared_text import ROWS, compared_lines

        rows = screen.limit(ROWS)
        write(screen, compared_lines(self.before, self.after, screen.width, rows))

    def json(self) -> Any:
        from datalabel.labels.stats.compare import compare

        changes = [change.to_json() for change in compare(self.before, self.after)]
        return {**self.after.to_json(), "against": {"revision": self.before.revision, "changes": changes}}

    def renderings(self) -> Mapping[str, Callable[[], str]]:
        return {"csv": self._csv, "markdown": self._markdown}

    def _csv(self) -> str:
        from datalabel.labels.stats.compare import Change, compare

        return _csv(Change, compare(self.before, self.after))

    def _markdown(self) -> str:
        from datalabel.report.stats_markdown import changes_markdown

        return changes_markdown(self.before, self.after)


def _csv(kind: type[Plain], rows: Iterable[Plain]) -> str:
    """A row for each value, a column for each of its fields."""
    from datalabel.report.csv_text import csv_of

    return csv_of(kind.__dataclass_fields__, (row.to_json().values() for row in rows))


def stats(
    revision: str = typer.Argument("STAGED", metavar="[REV]", autocompletion=revisions),
    by: str = typer.Option(
        None,
        "--by",
        metavar="WHAT",
        help="Groups: class, annotator, split, properties.NAME or item.properties.NAME.",
    ),
    against: str | None = typer.Option(
        None, "--against", metavar="REV", autocompletion=revisions, help="What differs from this revision."
    ),
) -> Presentation:
    """Count labels per class and kind, per item, by size, place, overlap, annotator and property.

    With -v the tables are whole, and properties are cross-tabulated. --format csv prints every number but
    those of pairs in a row of its own, --format markdown tables for a pull request.
    """
    repository = SESSION.repository()
    found = repository.stats(revision, by=by)
    if against is not None:
        return ComparedText(repository.stats(against, by=by), found)
    return StatsText(found)
