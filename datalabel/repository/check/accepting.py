"""The verb `check accept`: findings that are right as they are, written down with the reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from datalabel.check.accepted import (
    FILE,
    Acceptance,
    Contents,
    item_contents,
    label_contents,
    read_accepted,
    sift,
    to_text,
)
from datalabel.check.finding import CheckBatch, Finding, Needs
from datalabel.check.registry import RULES, select
from datalabel.errors import InputError, UsageError
from datalabel.files import is_unicode, read_bounded, write_atomic
from datalabel.labels.rows import of_items
from datalabel.repository.author import author_of
from datalabel.repository.check.checking import CheckOptions, check_view
from datalabel.repository.project import Project
from datalabel.repository.revisions import view_at
from datalabel.repository.view import View

MAX_BYTES = 4 << 20


@dataclass(frozen=True, slots=True)
class Accepted:
    """What `check accept` wrote: the file, and the acceptances that are new in it or say something new."""

    file: str
    acceptances: tuple[Acceptance, ...]


def load_accepted(root: Path) -> tuple[Acceptance, ...]:
    """The acceptances of the project or folder; none without a file.

    Raises:
        InputError: the file is faulty.
    """
    path = root / FILE
    if not path.is_file():
        return ()
    data = read_bounded(
        path, MAX_BYTES, name=FILE, what="what was accepted", hint="use a baseline for so many"
    )
    return read_accepted(data, FILE)


def accepted_under(project: Project, moved: Mapping[str, str]) -> bytes | None:
    """The file of acceptances with items under their new keys; None where it says nothing of these."""
    known = load_accepted(project.root)
    if not any(one.item in moved for one in known):
        return None
    return to_text(replace(one, item=moved.get(one.item, one.item)) for one in known).encode()


def unaccepted(project: Project, view: View, findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings that nobody accepted as the view has it."""
    acceptances = load_accepted(project.root)
    return sift(findings, acceptances, contents_at(view, acceptances)).open


def accept(
    project: Project,
    code: str,
    item: str,
    label: str | None,
    because: str,
    sets: tuple[str, str] | None = None,
) -> Accepted:
    """Accept what one rule finds on an item in staging, or on one of its labels; also between two sets.

    The file keeps its order; an acceptance of the same place is replaced.

    Raises:
        UsageError: the code names no rule or several, or there is no reason.
        InputError: the rule finds nothing there.
    """
    if not because.strip() or not is_unicode(because):
        raise UsageError(
            "an acceptance needs a reason", hint='--because "why it is right as it is", in Unicode'
        )
    if label is not None and not label.strip():
        raise UsageError(
            "the id of the label is empty", hint="leave it out for all that is found on the item"
        )
    rules = select([code])
    if len(rules) != 1:
        codes = ", ".join(one.code for one in rules)
        raise UsageError(f"{code!r} names {len(rules)} rules", hint=f"accept takes one of {codes}")
    with project.writing("dlabel check accept"):
        view = view_at(project, "STAGED")
        found = _found(view, CheckOptions([rules[0].code], sets=sets), item, label)
        given = _acceptances(view, found, item, because.strip(), author_of(project))
        new = {one.place: one for one in given}
        known = {one.place: one for one in load_accepted(project.root)}
        changed = tuple(one for place, one in sorted(new.items()) if known.get(place) != one)
        if changed:
            write_atomic(project.root / FILE, to_text({**known, **new}.values()).encode())
    return Accepted(FILE, changed)


def _acceptances(view: View, found: Sequence[Finding], item: str, because: str, by: str) -> list[Acceptance]:
    """Acceptances of findings on an item, of what the view holds there."""
    contents = contents_at(view, [Acceptance(one.code, item, because, one.set) for one in found])
    return [Acceptance(one.code, item, because, one.set, one.about, contents.of(one), by) for one in found]


def _found(view: View, options: CheckOptions, item: str, label: str | None) -> list[Finding]:
    (code,) = options.select
    found = [one for one in check_view(view, options).findings if one.item == item]
    chosen = found if label is None else _of_label(found, label.lower())
    if not chosen:
        labels = sorted({one.label for one in found if one.label})
        hint = f"it does on {', '.join(labels[:5])}" if labels else f"dlabel check --select {code}"
        if Needs.ANNOTATORS in RULES[code].needs and options.sets is None:
            hint += "; --sets A B is needed for what it finds between two sets"
        where = item if label is None else f"{item}, label {label}"
        raise InputError(f"{code} finds nothing there", where=where, hint=hint)
    return chosen


def _of_label(found: Sequence[Finding], begun: str) -> list[Finding]:
    """The findings on the label whose id begins so; else those in which another one is held against it."""
    for field in ("label", "other"):
        chosen = [one for one in found if (getattr(one, field) or "").startswith(begun)]
        ids = sorted({getattr(one, field) for one in chosen})
        if len(ids) > 1:
            hint = "write more of it: " + ", ".join(ids[:5])
            raise UsageError(f"{begun!r} begins the ids of several labels", hint=hint)
        if chosen:
            return chosen
    return []


def contents_at(view: View, acceptances: Iterable[Acceptance]) -> Contents:
    """What a tree holds where something was accepted."""
    wanted: dict[str, set[str]] = {}
    for one in acceptances:
        wanted.setdefault(one.set or "", set()).add(one.item)
    labels: dict[tuple[str, str, str], str] = {}
    items: dict[tuple[str, str], str] = {}
    for name, keys in wanted.items():
        if name in view.tree.sets:
            rows = view.store.tables.read(view.label_table(name), items=sorted(keys))
            labels |= label_contents(name, rows)
            items |= item_contents(name, rows)
    images = view.store.tables.read(view.items, ["item", "content"], items=sorted(wanted.get("", ())))
    pairs = zip(images.column("item").to_pylist(), images.column("content").to_pylist(), strict=True)
    return Contents(labels, items, {item: content[:16] for item, content in pairs if content is not None})


def contents_in(batches: Sequence[CheckBatch], findings: Iterable[Finding]) -> Contents:
    """What label files hold of the items that something was found on; images are not looked at."""
    wanted = {one.item for one in findings if one.item is not None}
    labels: dict[tuple[str, str, str], str] = {}
    items: dict[tuple[str, str], str] = {}
    for batch in batches:
        rows = of_items(batch.labels, wanted)
        labels |= label_contents(batch.set, rows)
        items |= item_contents(batch.set, rows)
    return Contents(labels, items, {})
