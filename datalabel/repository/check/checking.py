"""The verb `check`: the rules, run over a revision, over what changed, or over label files without a store."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal

from datalabel.check.finding import OTHERS, CheckBatch, Finding, Needs, Rule
from datalabel.check.measuring import takes_in
from datalabel.check.registry import RULES, matches, select
from datalabel.check.run import run, run_parts
from datalabel.errors import Fault, UsageError
from datalabel.progress import SILENT, Progress
from datalabel.repository.check.batches import CheckBatches, sets_of
from datalabel.repository.check.comparing import between_sets
from datalabel.repository.check.file_batches import batches_of_files
from datalabel.repository.check.label_files import AskedFiles, read_alone, seen_from
from datalabel.repository.check.measuring import measure_labels
from datalabel.repository.differences import Difference
from datalabel.repository.view import View
from datalabel.spec.model import CheckSettings, Spec


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found, and on what: a revision's name, or the paths of label files.

    For label files `batches` is what was checked, and `unrecognised` what lies beside them and may hold labels, but
    was not recognised; findings name their file themselves. Since a change, `beside` are the items of each set that
    had not changed, and that changed ones were held against.
    """

    revision: str
    findings: tuple[Finding, ...]
    items: int
    labels: int
    batches: tuple[CheckBatch, ...] = ()
    beside: Mapping[str, set[str]] = field(default_factory=dict)
    unrecognised: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """Which rules run (codes or their beginnings; empty: all), and on which items.

    `severity` maps codes or beginnings to how bad their findings are here, over what the spec says. A code
    of `select` runs although the spec ignores it, unless the spec names it more closely. `images` decodes every
    image for the rules that see more then; selecting one of these by its code does so too. `sets` are two sets that
    the rules about annotators hold against each other as well.
    """

    select: Sequence[str] = ()
    ignore: Sequence[str] = ()
    narrow: Callable[[str], bool] | None = None
    severity: Mapping[str, Literal["error", "warning", "info"]] = field(
        default_factory=lambda: MappingProxyType({})
    )
    images: bool = False
    sets: tuple[str, str] | None = None

    def __post_init__(self) -> None:
        """Refuse what makes no sense.

        Raises:
            UsageError: the two sets are one.
        """
        if self.sets is not None and self.sets[0] == self.sets[1]:
            raise UsageError(f"a set is compared with another one, not with itself: {self.sets[0]!r}")

    @property
    def pixels(self) -> bool:
        """Whether images are decoded."""
        named = (RULES.get(code.upper()) for code in self.select)
        return self.images or any(rule is not None and Needs.PIXELS in rule.needs for rule in named)

    def over(self, settings: CheckSettings) -> CheckSettings:
        """The spec's settings, with what these options say otherwise."""
        ignored = tuple(
            code for code in RULES if _closeness(code, settings.ignore) > _closeness(code, self.select)
        )
        kept = {code: word for code, word in settings.severity.items() if not matches(code, self.severity)}
        return replace(settings, ignore=ignored, severity={**kept, **self.severity})


def _closeness(code: str, prefixes: Sequence[str]) -> int:
    """How much of a code the closest of these beginnings says; 0 when none is one."""
    return max((len(prefix) for prefix in prefixes if matches(code, [prefix])), default=0)


def check_view(view: View, options: CheckOptions, progress: Progress = SILENT) -> Checked:
    """Every label of every set at one revision. Narrowed to some items, no rule runs that takes a set as a whole."""
    rules = _rules(options, entire=options.narrow is None)
    if options.narrow is None and takes_in(rules):
        measure_labels(view)
    batches = _batches(view, rules, options, progress)
    found = tuple(run_parts(batches.everything(), rules, options.over(view.spec.check)))
    found += _between(view, rules, options)
    return Checked(view.name, found, batches.items, batches.labels)


def _between(
    view: View, rules: Sequence[Rule], options: CheckOptions, items: Collection[str] | None = None
) -> tuple[Finding, ...]:
    """What two sets see differently, on all items or some."""
    if options.sets is None:
        return ()
    about = [one for one in rules if Needs.ANNOTATORS in one.needs]
    found = run(between_sets(view, options.sets, items), about, options.over(view.spec.check))
    narrow = options.narrow
    return tuple(one for one in found if narrow is None or narrow(one.item or ""))


def check_since(
    difference: Difference,
    options: CheckOptions,
    progress: Progress = SILENT,
    beside: Mapping[str, set[str]] | None = None,
    also: Collection[str] = (),
) -> Checked:
    """The items whose labels or images changed, and those of `also`, as they are after the change; when the spec
    changed, all.

    No rule runs that takes a set as a whole. Rules that hold items against each other also see those of `beside`, or
    without it what may concern them: the items, changed or not, that have the same image, nearly the same key, or a
    label of the same number.
    """
    after = difference.after
    if difference.spec:
        return check_view(after, options, progress)
    rules, settings = _rules(options, entire=False), options.over(after.spec.check)
    if options.narrow is None and takes_in(rules):
        measure_labels(after, difference.before)
    batches = _batches(after, rules, options, progress)
    keys = _touched(difference, also)
    if beside is None:
        beside = {name: batches.concerned(name, some, difference.before) for name, some in keys.items()}
    wider = {name: some | beside.get(name, set()) for name, some in keys.items()}
    touched = set().union(*keys.values())
    found = tuple(
        one
        for one in run_parts(batches.of_items(wider, keys), rules, settings)
        if one.item is None
        or RULES[one.code].needs & OTHERS
        or one.item in (keys[one.set] if one.set else touched)
    )
    found += _between(after, rules, options, touched)
    return Checked(after.name, found, batches.items, batches.labels, beside=beside)


def _batches(view: View, rules: Sequence[Rule], options: CheckOptions, progress: Progress) -> CheckBatches:
    return CheckBatches(view, rules, options.narrow, pixels=options.pixels, progress=progress)


def _touched(difference: Difference, also: Collection[str]) -> dict[str, set[str]]:
    """For each set the items whose labels or images changed, and some more."""
    items = {change.key for change in difference.items} | set(also)
    touched = {name: items | set(difference.changed_items(name)) for name in sets_of(difference.after)}
    return {name: keys for name, keys in touched.items() if keys}


def _rules(options: CheckOptions, *, entire: bool) -> list[Rule]:
    """The rules that are asked for, with or without those that take a set as a whole."""
    chosen = select(options.select, options.ignore)
    return [one for one in chosen if entire or Needs.WHOLE_SET not in one.needs]


def check_files(asked: AskedFiles, spec: Spec, options: CheckOptions) -> Checked:
    """Label files as they are on disk, without a project.

    Raises:
        InputError: a file cannot be read, or is no label file.
    """
    alone = read_alone(asked)
    batches, files = batches_of_files(alone.sources.values(), spec, asked.start, pixels=options.pixels)
    items = sum(batch.items.num_rows for batch in batches)
    labels = sum(batch.labels.num_rows for batch in batches)
    found = run(batches, _rules(options, entire=True), options.over(spec.check))
    placed = tuple(replace(one, source=one.source or files.get(one.item or "")) for one in found)
    names = ", ".join(seen_from(asked.start, str(path)) for path in asked.paths)
    others = tuple(
        replace(one, where=seen_from(asked.start, str(one.where))) for one in alone.unrecognised.values()
    )
    return Checked(names, placed, items, labels, batches, unrecognised=others)
