"""Findings that a project accepts, with the reason: `dlabel.accepted.yaml` at the project's root.

An acceptance holds for what was looked at when it was given: one about a label carries the fingerprint of the
label's class, geometry and properties, and lapses when they change. The file has one acceptance on a line,
sorted, so that people review it and git merges it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields

import pyarrow as pa

from datalabel.check.finding import Finding
from datalabel.errors import Faults
from datalabel.labels.hashing import hash_rows
from datalabel.labels.rows import item_hashes
from datalabel.labels.tables import JUDGED, label_id_text
from datalabel.spec.yaml_scalar import quoted
from datalabel.spec.yaml_text import Node, read_yaml

FILE = "dlabel.accepted.yaml"

_HEAD = "# Findings that were looked at and are right as they are. `dlabel check accept` writes this file.\n"


@dataclass(frozen=True, slots=True)
class Acceptance:
    """One accepted finding: rule, place, the content that was looked at (hexadecimal), reason and person.

    `label` is None for a finding about a whole item; `content` is then a fingerprint of the item's labels in
    the set, or of its image, or None when nothing was known of it. A finding about two labels is accepted of both
    (their ids in order), as both are.
    """

    code: str
    item: str
    because: str
    set: str | None = None
    label: str | None = None
    content: str | None = None
    by: str | None = None

    @property
    def place(self) -> tuple[str, str, str, str]:
        """What only one acceptance may be about."""
        return (self.item, self.code, self.set or "", self.label or "")

    def line(self) -> str:
        """As the file has it."""
        said = ((name, getattr(self, name)) for name in _ORDER)
        return "- {" + ", ".join(f"{name}: {quoted(value)}" for name, value in said if value) + "}\n"


_ORDER = ("item", "code", "set", "label", "content", "because", "by")
_NEEDED = ("item", "code", "because")


def to_text(acceptances: Iterable[Acceptance]) -> str:
    """The whole file."""
    return _HEAD + "".join(one.line() for one in sorted(acceptances, key=lambda one: one.place))


def read_accepted(data: bytes, where: str) -> tuple[Acceptance, ...]:
    """The acceptances that a file holds.

    Raises:
        InputError: it is no YAML, or an entry has faults (all are named, with their lines).
    """
    root = read_yaml(data, where)
    faults = Faults()
    if not root.is_list and root.value not in (None, {}):
        faults.add("is no list of accepted findings", str(root.place))
    found = [one for node in root.items if (one := _acceptance(node, faults)) is not None]
    faults.raise_if_any()
    return tuple(found)


def _acceptance(node: Node, faults: Faults) -> Acceptance | None:
    said: dict[str, str] = {}
    known = {field.name for field in fields(Acceptance)}
    for name, entry in node.entries.items():
        if name not in known:
            faults.add(f"an acceptance has no {name!r}", str(node.keys[name]))
        elif entry.is_mapping or entry.is_list:
            faults.add(f"{name} takes a text", str(entry.place))
        else:
            # An id of digits only is a text all the same.
            said[name] = entry.text
    missing = [name for name in _NEEDED if not said.get(name, "").strip()]
    if missing:
        faults.add(f"an acceptance needs {', '.join(missing)}", str(node.place))
        return None
    return Acceptance(**said)


@dataclass(frozen=True, slots=True)
class Contents:
    """Fingerprints of what findings are about: of labels by set, item and id; of an item's labels by set and
    item; of images by item."""

    labels: Mapping[tuple[str, str, str], str]
    items: Mapping[tuple[str, str], str]
    images: Mapping[str, str]

    def of(self, finding: Finding) -> str | None:
        """The fingerprint of what a finding is about, where anything is known of it."""
        name, item = finding.set or "", finding.item or ""
        if finding.about is not None:
            # What the other label of a pair says is not known here where it is another item's.
            known = (self.labels.get((name, item, one)) for one in finding.about.split())
            return " ".join(sorted(one for one in known if one is not None)) or None
        return self.items.get((name, item)) if finding.set is not None else self.images.get(item)


def label_contents(set_name: str, labels: pa.Table) -> dict[tuple[str, str, str], str]:
    """The fingerprints of labels, by set, item and id."""
    hashes = hash_rows(labels, JUDGED).tolist()
    rows = zip(labels.column("item").to_pylist(), labels.column("id").to_pylist(), hashes, strict=True)
    return {(set_name, item, label_id_text(number)): f"{found:016x}" for item, number, found in rows}


def item_contents(set_name: str, labels: pa.Table) -> dict[tuple[str, str], str]:
    """The fingerprints of all labels of an item together, by set and item."""
    return {(set_name, item): f"{found:016x}" for item, found in item_hashes(labels, JUDGED).items()}


@dataclass(frozen=True, slots=True)
class Sifted:
    """Findings held against the acceptances: those that nobody accepted, those that somebody did, and the
    acceptances that excused nothing."""

    open: tuple[Finding, ...]
    accepted: tuple[Finding, ...]
    idle: tuple[Acceptance, ...]


def sift(
    findings: Iterable[Finding], acceptances: Iterable[Acceptance], contents: Contents, *, alone: bool = False
) -> Sifted:
    """Take out what was accepted as it is now.

    `alone` is for label files without a project: labels have no lasting ids there and items are called as the
    file calls them, so that content and the end of the key decide.
    """
    sieve = _Sieve(acceptances, alone=alone)
    kept: list[Finding] = []
    excused: list[Finding] = []
    for finding in findings:
        (excused if sieve.excuses(finding, contents) else kept).append(finding)
    return Sifted(tuple(kept), tuple(excused), sieve.idle)


class _Sieve:
    def __init__(self, acceptances: Iterable[Acceptance], *, alone: bool) -> None:
        self._alone = alone
        self._all = tuple(acceptances)
        self._used: set[int] = set()
        self._at: dict[tuple[str, str], list[int]] = {}
        for index, one in enumerate(self._all):
            self._at.setdefault((one.code, _base(one.item) if alone else one.item), []).append(index)

    @property
    def idle(self) -> tuple[Acceptance, ...]:
        return tuple(one for index, one in enumerate(self._all) if index not in self._used)

    def excuses(self, finding: Finding, contents: Contents) -> bool:
        item = finding.item or ""
        for index in self._at.get((finding.code, _base(item) if self._alone else item), ()):
            one = self._all[index]
            if self._same_place(one, finding) and one.content == self._content(one, finding, contents):
                self._used.add(index)
                return True
        return False

    def _same_place(self, one: Acceptance, finding: Finding) -> bool:
        if one.set != finding.set:
            return False
        if not self._alone:
            return one.label == finding.about
        same = one.item == finding.item or one.item.endswith(f"/{finding.item}")
        return same and (one.label is None) == (finding.label is None)

    def _content(self, one: Acceptance, finding: Finding, contents: Contents) -> str | None:
        found = contents.of(finding)
        # Nothing is known of images there: an acceptance about one is taken at its word.
        return one.content if found is None and self._alone and finding.set is None else found


def _base(item: str) -> str:
    return item.rpartition("/")[2]
