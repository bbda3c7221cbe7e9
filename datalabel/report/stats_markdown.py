"""Statistics as Markdown, for pull requests and reports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from datalabel.labels.stats import Distribution, ItemStats, PartStats, SetStats, Stats
from datalabel.labels.stats.compare import compare
from datalabel.printable import amount, number, percent, signed
from datalabel.report.markdown import bullets, heading, long_table, table, text

_COMPARED = (
    "items", "labels", "classes", "annotators", "per_item", "border", "size", "confidence", "overlap",
)  # fmt: skip


def stats_markdown(stats: Stats) -> str:
    """The statistics of a revision as a document of its own."""
    pieces = [heading(1, f"Statistics of {text(stats.revision)}"), item_lines(stats.items)]
    for name, found in stats.sets.items():
        pieces += [heading(2, text(name)), *set_tables(found, stats.by)]
    return "\n".join(pieces)


def changes_markdown(before: Stats, after: Stats) -> str:
    """What differs between the statistics of two revisions; of what makes long tables only that it does."""
    changes = compare(before, after)
    title = heading(1, f"{text(after.revision)} against {text(before.revision)}")
    rows = [
        [
            text(change.set or "items"),
            text(change.part),
            _where(change.section, change.name),
            change.measure,
            *(_number(value) for value in (change.before, change.after)),
            "" if change.delta is None else signed(change.delta),
        ]
        for change in changes
        if change.section in _COMPARED
    ]
    if not changes:
        return f"{title}\nNo number differs.\n"
    header = ("set", "part", "of", "measure", "before", "after", "change")
    whole = long_table(header, rows, right=(4, 5, 6)) if rows else ""
    others = dict.fromkeys(change.section for change in changes if change.section not in _COMPARED)
    return f"{title}\n{whole}" + (f"\nDiffering as well: {', '.join(others)}.\n" if others else "")


def item_lines(items: ItemStats) -> str:
    """What the items are."""
    lines = [f"{amount(items.items, 'item')}, {items.images:,} with an image"]
    for title, counts in (("formats", items.formats), ("sizes", items.sizes), ("states", items.states)):
        if counts:
            lines.append(f"{title}: {_listed(counts)}")
    return bullets(lines)


def set_tables(found: SetStats, by: str | None = None) -> Iterator[str]:
    """The tables of one label set, one text each."""
    empty, unseen = found.per_item.empty, found.per_item.unseen
    without = f", {amount(empty, 'item')} without" if empty else ""
    rest = f"; {amount(unseen, 'item')} in none of its label files" if unseen else ""
    yield f"{amount(found.labels, 'label')} on {amount(found.per_item.labelled, 'item')}{without}{rest}.\n"
    if found.classes:
        yield class_table(found)
    measures = list(_measures(found))
    if measures:
        header = ("measure", "min", "5 %", "median", "mean", "95 %", "max")
        yield table(header, measures, right=range(1, 7))
    facts = list(_facts(found))
    if facts:
        yield bullets(facts)
    if found.splits:
        yield group_table("split", found.splits)
    if by not in (None, "split") and found.groups:
        yield group_table(text(by), found.groups)
    if list(found.annotators) not in ([], ["unknown"]):
        rows = [[text(who), f"{one.labels:,}", f"{one.items:,}"] for who, one in found.annotators.items()]
        yield long_table(("annotator", "labels", "items"), rows, right=(1, 2))


def class_table(found: PartStats) -> str:
    """The classes, most labels first."""
    rows = [
        [
            text(name),
            text(", ".join(one.kinds)),
            f"{one.labels:,}",
            percent(one.labels, found.labels),
            f"{one.items:,}",
            *(f"{many:,}" for many in one.area.to_json().values()),
        ]
        for name, one in found.classes.items()
    ]
    header = ("class", "kind", "labels", "share", "items", "small", "medium", "large")
    return long_table(header, rows, right=range(2, 8))


def group_table(title: str, groups: Mapping[str, PartStats]) -> str:
    """Splits or groups side by side."""
    rows = [
        [
            text(name),
            *(f"{many:,}" for many in (one.labels, one.per_item.labelled, one.per_item.empty)),
            _of(one.per_item.distribution, "mean"),
            *(_of(side, "median") for side in (one.size.width, one.size.height)),
        ]
        for name, one in groups.items()
    ]
    header = (title, "labels", "items", "items without", "labels per item", "median width", "median height")
    return long_table(header, rows, right=range(1, 7))


def _measures(found: PartStats) -> Iterator[list[str]]:
    size = found.size
    for title, spread in (
        ("labels per item", found.per_item.distribution),
        ("width, px", size.width),
        ("height, px", size.height),
        ("width / height", size.aspect),
        ("confidence", found.confidence),
    ):
        if spread:
            values = (spread.min, spread.p5, spread.median, spread.mean, spread.p95, spread.max)
            yield [title, *map(_number, values)]


def _facts(found: PartStats) -> Iterator[str]:
    border, overlap = found.border, found.overlap
    if border.touching:
        share = percent(border.touching, border.labels)
        yield f"at the edge of the image: {amount(border.touching, 'label')} ({share})"
    half = overlap.any_class.over_half
    if half:
        same = f"{overlap.same_class.over_half:,} of one class"
        yield f"overlapping another by IoU > 0.5: {amount(half, 'label')}, {same}"
    if found.size.unmeasured:
        yield f"without a sound geometry: {amount(found.size.unmeasured, 'label')}"
    if found.together.pairs:
        words = [f"{text(' + '.join(pair.classes))} on {pair.items:,}" for pair in found.together.pairs[:5]]
        yield "on the same item: " + ", ".join(words)


def _where(section: str, name: str) -> str:
    return f"{section} {text(name)}" if name else section


def _listed(counts: Mapping[str, int]) -> str:
    words = [f"{text(name)} {many:,}" for name, many in list(counts.items())[:8]]
    return ", ".join(words) + (", …" if len(counts) > 8 else "")


def _of(spread: Distribution | None, name: str) -> str:
    return _number(getattr(spread, name)) if spread else ""


def _number(value: float | None) -> str:
    return "" if value is None else number(value)
