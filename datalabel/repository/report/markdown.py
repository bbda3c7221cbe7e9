"""A report as Markdown: one document for a terminal, a file or a pull request."""

from __future__ import annotations

from collections.abc import Iterator

from datalabel.printable import amount
from datalabel.report.markdown import ROWS, bullets, heading, left_out, long_table, text
from datalabel.report.stats_markdown import item_lines, set_tables
from datalabel.repository.check.findings_markdown import place, rules_table
from datalabel.repository.report.reporting import Changes, Report, Targets

ITEM_WORDS = ("added", "removed", "replaced", "renamed", "changed")
LABEL_WORDS = ("added", "removed", "changed")


def report_markdown(report: Report) -> str:
    """The whole report."""
    return "\n".join(piece for piece in _pieces(report) if piece)


def _pieces(report: Report) -> Iterator[str]:
    yield heading(1, f"{text(report.project)} at {text(report.revision)}")
    yield from _commit(report)
    yield bullets(_summary(report))
    if report.changes is not None and _changed(report.changes):
        yield from _changes(report.changes)
    if report.findings:
        yield from _findings(report)
    if report.targets is not None and report.targets.below:
        yield from _targets(report.targets)
    yield heading(2, "Items")
    yield item_lines(report.stats.items)
    for name, found in report.stats.sets.items():
        yield heading(2, f"Labels: {text(name)}")
        yield from set_tables(found)


def _commit(report: Report) -> Iterator[str]:
    if report.entry is None:
        yield "What the next commit would record.\n"
        return
    commit = report.entry.commit
    title, *rest = commit.message.splitlines() or [""]
    yield f"**{text(title.strip()) or 'no message'}**\n"
    where = f"commit {report.entry.id[:12]} on {text(commit.branch)}"
    yield f"{text(commit.author)}, {text(commit.time)}, {where}\n"
    lines = [line for line in rest if line.strip()]
    if lines:
        yield "".join(f"> {text(line.strip())}\\\n" for line in lines).removesuffix("\\\n") + "\n"


def _summary(report: Report) -> Iterator[str]:
    for name, found in report.stats.sets.items():
        labelled, empty = found.per_item.labelled, found.per_item.empty
        yield (
            f"{text(name)}: {amount(found.labels, 'label')} in {amount(len(found.classes), 'class', 'classes')} on "
            f"{labelled:,} of {amount(labelled + empty, 'item')}"
        )
    if report.changes is not None:
        words = "; ".join(_totals(report.changes)) or "nothing changed"
        yield f"since {text(report.changes.since)}: {words}"
    found_words = [amount(many, name) for name, many in report.severities.items() if many]
    yield f"check: {', '.join(found_words) or 'nothing found'}"
    if report.targets is not None:
        target = report.targets
        total = target.reached + len(target.below)
        yield f"{target.reached:,} of {total:,} classes have the {target.labels_per_class:,} labels wanted"


def _changed(changes: Changes) -> bool:
    return any(_totals(changes))


def _totals(changes: Changes) -> Iterator[str]:
    items = [f"{changes.items[word]:,} {word}" for word in ITEM_WORDS if changes.items[word]]
    if items:
        yield f"items: {', '.join(items)}"
    for name, one in changes.sets.items():
        words = [f"{many:,} {word}" for word in LABEL_WORDS if (many := getattr(one, word))]
        yield f"{text(name)}: {', '.join(words)}"
    if changes.spec:
        yield amount(len(changes.spec), "change") + " of the spec"


def _changes(changes: Changes) -> Iterator[str]:
    yield heading(2, f"What changed since {text(changes.since)}")
    yield bullets(_totals(changes))
    for name, one in changes.sets.items():
        if len(changes.sets) > 1:
            yield heading(3, text(name))
        if one.by_field:
            fields = ", ".join(f"{text(key)} {many:,}" for key, many in one.by_field.items())
            yield f"Changed by field: {fields}\n"
        rows = [
            [text(key), *(f"{many:,}" if many else "" for many in (each.added, each.removed, each.changed))]
            for key, each in one.classes.items()
        ]
        yield long_table(("class", "added", "removed", "changed"), rows, right=(1, 2, 3))
        if one.reclassified:
            pairs = [[text(old), text(new), f"{many:,}"] for old, new, many in one.reclassified]
            yield long_table(("class before", "class now", "labels"), pairs, right=(2,))
    if changes.spec:
        words = [
            f"{change['change']}: {text(change['path'])} ({change['effect']})" for change in changes.spec
        ]
        yield f"The spec:\n\n{bullets(words[:ROWS])}" + left_out(len(words))


def _findings(report: Report) -> Iterator[str]:
    yield heading(2, "What check finds")
    yield rules_table(report.findings)
    places = [
        f"{group.code} {place(finding)}: {text(finding.message)}"
        for group in report.findings
        for finding in group.first
    ]
    yield f"The first places of each:\n\n{bullets(places)}"


def _targets(targets: Targets) -> Iterator[str]:
    yield heading(2, f"Classes with fewer than {targets.labels_per_class:,} labels")
    rows = [[text(one.name), f"{one.labels:,}", f"{one.missing:,}"] for one in targets.below]
    yield long_table(("class", "labels", "missing"), rows, right=(1, 2))
