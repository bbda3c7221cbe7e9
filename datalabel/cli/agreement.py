"""`agreement`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer

from datalabel.cli import pages
from datalabel.cli.charts import cut
from datalabel.cli.completion import revisions, sets
from datalabel.cli.pages import HTML, MAX_IMAGES
from datalabel.cli.presenting import Presentation, Screen, shown
from datalabel.cli.session import SESSION
from datalabel.errors import UsageError
from datalabel.printable import amount

if TYPE_CHECKING:
    from datalabel.quality.resampling import Estimate
    from datalabel.quality.results import Agreement, ItemAgreement, Judged, PairAgreement
    from datalabel.repository.repository import Repository

PEOPLE, CLASSES, PLACES, PAIRS = 25, 15, 10, 6
"""So many of each are shown; `--verbose` and `--json` have all of them."""

NAME = 20
LEAST = 8
"""Columns that a key has at least, however narrow the terminal is."""

WITH_UNSEEN = typer.Option(
    None,
    "--with-unseen",
    metavar="NAME",
    autocompletion=sets,
    help="With --sets: this one saw all that the other names, and drew nothing where it says nothing.",
)


@dataclass
class AgreementText(Presentation):
    """How far annotators, or two sets, agree."""

    found: Agreement

    def text(self, screen: Screen) -> None:
        found = self.found
        between_sets = len(found.sets) == 2
        who = (
            " and ".join(map(shown, found.sets)) if between_sets else amount(len(found.compared), "annotator")
        )
        place = "" if between_sets else f" of {shown(found.sets[0])}"
        screen.line((who, "name"), f"{place} at {shown(found.revision)}: "
                    f"{amount(found.labels, 'label')} on {amount(found.items, 'item')}")  # fmt: skip
        screen.line(
            (f"  on items that two or more saw; objects from IoU {found.iou:g} on; 95 % intervals", "dim")
        )
        for name, items in found.majority.items():
            if items:
                on = f"on {amount(items, 'item')} that several saw"
                screen.line((f"  {cut(name, NAME)}: what half or more drew, {on}", "dim"))
        _left_out(screen, found)
        _overall(screen, found)
        _pairs(screen, found)
        _people(screen, found)
        _classes(screen, found)
        _properties(screen, found)
        _confusion(screen, found)
        _worst(screen, found.worst)
        for judged in found.judged:
            _judged(screen, judged)

    def json(self) -> Any:
        return self.found.to_json()


def _left_out(screen: Screen, found: Agreement) -> None:
    """What is compared as empty, and what is not compared at all. Which of them an item is, files may not tell."""
    for name, items in found.taken_as_empty.items():
        named = f"{amount(items, 'item')} that it does not name"
        screen.line((f"  {cut(name, NAME)}: nothing drawn on {named} (--with-unseen)", "dim"))
    lone = [name for name, one in found.left_out.items() if one.items]
    for name in lone:
        one, other = found.left_out[name], next(other for other in found.sets if other != name)
        on = f"{amount(one.items, 'item')} with {amount(one.labels, 'label')} of {cut(name, NAME)}"
        screen.line((f"  left out: {on}, not named by {cut(other, NAME)}", "warn"))
    if lone and not found.taken_as_empty:
        note = "  A model that saw them and found nothing cannot name them in its list of results:"
        screen.line((f"{note} --with-unseen NAME counts that.", "warn"))


def _number(found: Estimate) -> str:
    return "–" if found.value is None else f"{found.value:.2f}"


def _interval(found: Estimate) -> str:
    if found.value is None:
        return "–"
    ends = f" ({found.low:.2f}…{found.high:.2f})" if found.low is not None and found.high is not None else ""
    return f"{found.value:.2f}{ends}"


def _overall(screen: Screen, found: Agreement) -> None:
    rows = [
        ("alpha", _interval(found.alpha), "Krippendorff's, with not drawn as a class"),
        ("class alpha", _interval(found.class_alpha), "the same, among those who drew the object"),
        ("mean IoU", _interval(found.mean_iou), "of two labels of one object"),
    ]
    if len(found.pairs) == 1:
        rows += _between_two(found.pairs[0])
    screen.table(rows)
    screen.line(
        ("  alpha by IoU  ", "dim"), " ".join(f"{iou:.2f}".lstrip("0").rjust(5) for iou, _ in found.sweep)
    )
    screen.line(" " * 16, " ".join(_number(alpha).rjust(5) for _, alpha in found.sweep))
    if len(found.compared) == 2 and len(found.classes) == 1:
        note = "  With two annotators and one class, alpha depends on the empty items alone: look at recall."
        screen.line((note, "warn"))


def _between_two(pair: PairAgreement) -> list[tuple[str, str, str]]:
    first, second = cut(pair.first, NAME), cut(pair.second, NAME)
    return [
        ("recall", _interval(pair.recall), f"share of {second}'s labels that {first} has too"),
        ("precision", _interval(pair.precision), f"share of {first}'s labels that {second} has too"),
        ("kappa", _interval(pair.kappa), "Cohen's, on class of what both drew"),
    ]


def _pairs(screen: Screen, found: Agreement) -> None:
    if len(found.pairs) < 2 or len(found.pairs) > screen.limit(PAIRS):
        return
    _title(screen, "pairs", "the first against the second; kappa: Cohen's, on class")
    rows = [["first", "second", "items", "recall", "precision", "IoU", "kappa"]]
    rows += [
        [
            cut(pair.first, 14),
            cut(pair.second, 14),
            f"{pair.items:,}",
            _number(pair.recall),
            _number(pair.precision),
            _number(pair.mean_iou),
            _number(pair.kappa),
        ]
        for pair in found.pairs
    ]
    screen.table(rows, right=(2, 3, 4, 5, 6))


def _people(screen: Screen, found: Agreement) -> None:
    if len(found.sets) == 2 or len(found.annotators) < 3:
        return
    _title(screen, "annotators", "against what at least half of the others drew; most missed first")
    rows = [["annotator", "items", "labels", "recall", "precision", "IoU", "alpha without"]]
    rows += [
        [
            cut(one.annotator, 12),
            f"{one.items:,}",
            f"{one.labels:,}",
            _interval(one.recall),
            _number(one.precision),
            _number(one.mean_iou),
            _number(one.alpha_without) + _step(one.alpha_without.value, found.alpha.value),
        ]
        for one in found.annotators[: screen.limit(PEOPLE)]
    ]
    screen.table(rows, right=(1, 2, 3, 4, 5, 6))
    screen.more(len(found.annotators) - screen.limit(PEOPLE))


def _step(without: float | None, whole: float | None) -> str:
    return "" if without is None or whole is None else f" {without - whole:+.3f}"


def _classes(screen: Screen, found: Agreement) -> None:
    if len(found.classes) < 2:
        return
    _title(screen, "classes", "agreement: where one gave it, how likely another did too")
    rows = [["class", "labels", "agreement", "alpha", "IoU"]]
    rows += [
        [
            cut(one.name, 24),
            f"{one.labels:,}",
            _interval(one.agreement),
            _interval(one.alpha),
            _number(one.mean_iou),
        ]
        for one in found.classes[: screen.limit(CLASSES)]
    ]
    screen.table(rows, right=(1, 2, 3, 4))
    screen.more(len(found.classes) - screen.limit(CLASSES))


def _properties(screen: Screen, found: Agreement) -> None:
    if not found.properties:
        return
    kappas = found.pairs[0].properties if len(found.pairs) == 1 else {}
    _title(screen, "properties", "alpha" + (", and Cohen's kappa" if kappas else ""))
    rows = [
        [cut(name, 32), _interval(alpha), _interval(kappas[name]) if name in kappas else ""]
        for name, alpha in found.properties[: screen.limit(CLASSES)]
    ]
    screen.table(rows, right=(1, 2))
    screen.more(len(found.properties) - screen.limit(CLASSES))


def _confusion(screen: Screen, found: Agreement) -> None:
    if not found.confusion:
        return
    direction = "first set → second set" if len(found.sets) == 2 else "two who say so of one object"
    _title(screen, "confused", direction)
    arrow = "→" if len(found.sets) == 2 else "↔"
    rows = [
        [_said(one.first), arrow, _said(one.second), f"{one.count:,}"]
        for one in found.confusion[: screen.limit(PLACES)]
    ]
    screen.table(rows, right=(3,))
    screen.more(len(found.confusion) - screen.limit(PLACES))


def _said(name: str | None) -> str:
    return "(not drawn)" if name is None else cut(name, 26)


def _worst(screen: Screen, worst: Sequence[ItemAgreement]) -> None:
    if not worst:
        return
    _title(screen, "worst items", "missed: times not drawn; differ: how likely two differ on an object")
    rows = [["item", "annotators", "objects", "missed", "classes", "differ"]]
    rows += [
        [
            cut(one.item, max(screen.width - 50, LEAST), end=True),  # the end of a key tells most
            f"{len(one.saw)}",
            f"{one.objects:,}",
            f"{one.missed:,}",
            f"{one.reclassified:,}",
            f"{one.share:.2f}",
        ]
        for one in worst[: screen.limit(PLACES)]
    ]
    screen.table(rows, right=(1, 2, 3, 4, 5))


def _judged(screen: Screen, judged: Judged) -> None:
    name, against = cut(judged.set_name, NAME), cut(judged.against, NAME)
    _title(screen, f"annotators of {name}", f"against {against} (by peers: recall against each other)")
    rows = [["annotator", "items", "labels", "recall", "precision", "IoU", "by peers"]]
    rows += [
        [
            cut(one.annotator, 12),
            f"{one.items:,}",
            f"{one.labels:,}",
            _interval(one.recall),
            _number(one.precision),
            _number(one.mean_iou),
            _number(one.recall_by_peers),
        ]
        for one in judged.annotators[: screen.limit(PEOPLE)]
    ]
    screen.table(rows, right=(1, 2, 3, 4, 5, 6))
    screen.more(len(judged.annotators) - screen.limit(PEOPLE))
    if judged.correlation is not None:
        screen.line(
            "  rank correlation of both recalls: ", (f"{judged.correlation:.2f}", "bold"),
            f"  (Spearman; {amount(judged.ranked, 'annotator')}, {judged.least}+ objects)",
        )  # fmt: skip


def _title(screen: Screen, words: str, meaning: str) -> None:
    screen.line()
    screen.line((words, "bold"), (f"  {meaning}", "dim"))


def agreement(
    revision: str = typer.Argument("STAGED", metavar="[REV]", autocompletion=revisions),
    two: tuple[str, str] | None = typer.Option(
        None, "--sets", metavar="A B", autocompletion=sets, help="Compare two label sets, A against B."
    ),
    annotators: bool = typer.Option(
        False, "--annotators", help="Compare the annotators of one set (the default without --sets)."
    ),
    one: str | None = typer.Option(
        None,
        "--set",
        metavar="NAME",
        autocompletion=sets,
        help="The set whose annotators are compared (default: ground_truth).",
    ),
    iou: float = typer.Option(
        0.5, "--iou", metavar="IOU", help="Minimum IoU for two labels to count as the same object."
    ),
    with_unseen: str | None = WITH_UNSEEN,
    html: str = HTML,
    max_images: int = MAX_IMAGES,
) -> Presentation:
    """Measure how far annotators, or two label sets, agree.

    Labels are paired by location first, then compared: precision, recall and mean IoU, Cohen's kappa and
    Krippendorff's alpha on class and on properties, with and without each annotator. Who missed an object
    is known from who saw the item. Of a set that several annotators speak for, --sets compares the objects that
    half or more of them drew.
    """
    from datalabel.labels.tables import GROUND_TRUTH
    from datalabel.repository.report.agreeing import AgreementOptions

    if two is not None and (annotators or one is not None):
        other = "--annotators" if annotators else "--set"
        raise UsageError(f"--sets compares sets, {other} the people within one", hint="give one of them")
    options = AgreementOptions(two, GROUND_TRUTH if one is None else one, iou, with_unseen)
    repository = SESSION.repository()
    found = repository.agreement(revision, options)
    return _page(repository, revision, found, html, max_images) if html else AgreementText(found)


def _page(
    repository: Repository, revision: str, found: Agreement, html: str, max_images: int
) -> Presentation:
    """The worst images as a page, written."""
    from datalabel.repository.pages.agreement_pictures import page_of_agreement
    from datalabel.repository.pages.page_pictures import PageOptions

    view = repository.view(revision)
    page = page_of_agreement(repository.project, view, found, PageOptions(max_images))
    return pages.write(page, html, "worst")
