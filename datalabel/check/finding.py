"""The finding: one thing that a check found. Codes are stable; text may improve."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Flag, StrEnum, auto
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from datalabel.labels.tables import GROUND_TRUTH
from datalabel.spec.model import Spec

if TYPE_CHECKING:
    from datalabel.check.columns import Columns
    from datalabel.check.several import Several


class Severity(StrEnum):
    """How bad a finding is; `--fail-on` names the lowest that fails."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """Errors first: 0, 1, 2."""
        return list(Severity).index(self)


class Mark(NamedTuple):
    """What a finding is known by from one check to the next: `label` may be two of a pair, `message` is the gist of
    what was said. Empty texts stand for what it has not."""

    code: str
    set: str
    item: str
    label: str
    message: str


_CLASS = re.compile(r'\bof class "[^"]*"')
_MEASURE = re.compile(r'"[^"]*"|\b[0-9a-f]{16}\b|[-+−]?\d+(?:[.,]\d+)*(?:[eE][-+]?\d+)?')


def gist_of(message: str, *, of_label: bool) -> str:
    """A message without measures and ids; where it is of one label, without its class. Other names in quotes stay."""
    told = _CLASS.sub("of class #", message) if of_label else message
    return _MEASURE.sub(lambda found: found[0] if found[0].startswith('"') else "#", told)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found: the rule, the place (set, item, label id in hexadecimal) and plain words.

    `fix` says in words what a safe fix would do, or is None when only a person can decide. `source` is the
    path of the label file that speaks of it, where one is known, and `number` what that file numbers the label
    (told where there is no project, in which the id would lead to it). `other` is the label that it was held against,
    where two labels together are what is wrong.
    """

    code: str
    rule: str
    severity: Severity
    set: str | None
    item: str | None
    label: str | None
    message: str
    fix: str | None = None
    source: str | None = None
    number: str | None = None
    other: str | None = None

    @property
    def about(self) -> str | None:
        """The label, or the two of a pair, whichever of these is reported."""
        return (
            self.label
            if self.label is None or self.other is None
            else " ".join(sorted((self.label, self.other)))
        )

    @property
    def gist(self) -> str:
        """What stays of the message when a label moves a little, or is of a class of another name. A pair is known by
        its labels alone: what is said of it depends on which is reported."""
        return "" if self.other is not None else gist_of(self.message, of_label=self.label is not None)

    @property
    def mark(self) -> Mark:
        """What the finding is known by from one check to the next."""
        return Mark(self.code, self.set or "", self.item or "", self.about or "", self.gist)

    def to_json(self) -> dict[str, Any]:
        """The shape that scripts rely on."""
        return {
            "code": self.code,
            "rule": self.rule,
            "severity": self.severity.value,
            "set": self.set,
            "item": self.item,
            "label": self.label,
            "other": self.other,
            "message": self.message,
            "fix": self.fix,
            "source": self.source,
            "number": self.number,
        }


@dataclass(frozen=True, slots=True)
class Whole:
    """What there is beside the part of a set that is looked at: any label in the set, any image in the project."""

    labelled: bool
    images: bool


@dataclass(frozen=True)
class CheckBatch:
    """What a rule looks at: some items, and every label of one set on them.

    `items` has the columns `item`, `width`, `height`, `format`, `orientation`, `content`, `properties` (see
    `ITEMS`), one row per item, sorted; a width is null when nobody has said it. `labels` is a table of
    schema `LABELS`, sorted by item. It may carry `MEASURES`; then the `LEFT_OUT` of plain labels are left out, and
    `reread` gives all labels again, row by row, with their kind and geometry. `part_of` is there where only some
    items of the set are looked at. `compare` tells what several annotators say of the same objects; None where it
    is not asked for.
    """

    set: str
    items: pa.Table
    labels: pa.Table
    spec: Spec
    reread: Callable[[], pa.Table] | None = None
    part_of: Whole | None = None
    compare: Callable[[], Several | None] | None = None

    @cached_property
    def several(self) -> Several | None:
        """What several annotators say of the same objects; None where there are not two."""
        return self.compare() if self.compare is not None else None

    @property
    def geometry(self) -> pa.Table:
        """Kind and geometry of all labels. Only for what measures cannot tell: it may have to be read."""
        return self.columns.drawn_again

    @property
    def concerned(self) -> npt.NDArray[np.bool_]:
        """The items that the set is about: all for `ground_truth`, else those that its label files name."""
        if self.set == GROUND_TRUTH or "seen" not in self.items.column_names:
            return np.ones(self.items.num_rows, np.bool_)
        return np.asarray(pc.fill_null(self.items.column("seen"), False).to_numpy(), np.bool_)

    @cached_property
    def columns(self) -> Columns:
        """What rules measure on the batch, each computed at most once."""
        from datalabel.check.columns import Columns

        return Columns(self.items, self.labels, self.reread)


class Needs(Flag):
    """What a rule has to be shown that is not shown to all, since it is costly."""

    NOTHING = 0
    OUTLINES = auto()
    """Every outline, once: labels that it has something to say of are never measured as plain."""
    PIXELS = auto()
    """The decoded pixels of images: it sees more then."""
    SAME_IMAGES = auto()
    """Unchanged items with the same image as one that changed, or nearly the same key."""
    SAME_NUMBERS = auto()
    """Unchanged items with a label of the same number as one that changed."""
    ANNOTATORS = auto()
    """Who of several annotators drew which object, and who saw it: `CheckBatch.several`."""
    WHOLE_SET = auto()
    """All of a set: a part tells nothing, so it does not run on what changed alone."""


OTHERS = Needs.SAME_IMAGES | Needs.SAME_NUMBERS
"""Held against others, a finding may be about an item that did not change itself."""

RuleFunction = Callable[[CheckBatch], Iterable[Finding]]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: its stable code, its name, how bad its findings are, what it needs, and the function over columns."""

    code: str
    name: str
    severity: Severity
    needs: Needs
    run: RuleFunction

    @property
    def explanation(self) -> str:
        """The rule's documentation: its function's docstring."""
        import inspect

        return inspect.getdoc(self.run) or ""


Registry = Mapping[str, Rule]
