"""`spec migrate`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer

from datalabel.cli.presenting import Presentation, Screen, shown
from datalabel.cli.session import SESSION
from datalabel.printable import amount

if TYPE_CHECKING:
    from datalabel.repository.spec.migrating import Migrated, Sample, StepDone

_FIELDS = ("class", "kind", "properties")


@dataclass
class MigratedText(Presentation):
    """What a migration did, or would do."""

    done: Migrated
    dry_run: bool
    allow_unmapped: bool

    def __post_init__(self) -> None:
        self.status = 1 if self._refused else 0

    @property
    def _refused(self) -> bool:
        return self.dry_run and bool(self.done.left) and not self.allow_unmapped

    def text(self, screen: Screen) -> None:
        for warning in self.done.warnings:
            screen.line((f"warning: {shown(warning)}", "warn"))
        if self.dry_run:
            screen.line(("Nothing was done; this would be:", "dim"))
        for number, step in enumerate(self.done.steps, 1):
            self._step(screen, number, step)
        for words, many in self.done.left.items():
            screen.line((f"left over: {amount(many, 'label')}: {shown(words)}", "warn"))
        screen.line()
        self._summary(screen)

    def _step(self, screen: Screen, number: int, step: StepDone) -> None:
        style = "bold" if step.labels else "warn"
        screen.line((f"{number}. {shown(step.words)}", style), f"  {amount(step.labels, 'label')}")
        several = {words: many for words, many in step.counts.items() if many}
        if len(several) > 1:
            screen.table(
                [[f"{many:,}", shown(words)] for words, many in several.items()], right=[0], indent=5
            )
        for sample in step.samples:
            place = f"{shown(sample.before['item'])} {sample.before['id']}"
            screen.line("     ", (place, "dim"), f"  {_told(sample)}")

    def _summary(self, screen: Screen) -> None:
        changed = f"{amount(self.done.labels, 'label')} on {amount(self.done.images, 'image')}"
        if self.done.spec_changed:
            changed += ", and the spec"
        if self._refused:
            hint = "  (say in the map what becomes of them, or --allow-unmapped)"
            screen.line(("Refused while labels are left over", "bad"), hint)
        elif self.dry_run:
            screen.line(f"Would stage {changed}")
        elif self.done.staged:
            screen.line(f"Staged {changed}", ("  (dlabel diff shows it, dlabel commit records it)", "dim"))
            if self.done.labels:
                words = "Label files keep the old words: dlabel restore FILE writes one in the new ones."
                screen.line((words, "dim"))
        else:
            screen.line("Nothing to change.")
        if self.done.newly_invalid:
            words = (
                f"Valid before, and not under the spec afterwards: {amount(self.done.newly_invalid, 'label')}"
            )
            screen.line((words, "warn"), "  (dlabel check --select S)")

    def json(self) -> Any:
        return {
            "steps": [_step_json(step) for step in self.done.steps],
            "labels": self.done.labels,
            "images": self.done.images,
            "left": dict(self.done.left),
            "newly_invalid": self.done.newly_invalid,
            "spec_changed": self.done.spec_changed,
            "warnings": [str(warning) for warning in self.done.warnings],
            "staged": self.done.staged,
            "dry_run": self.dry_run,
        }


def _step_json(step: StepDone) -> dict[str, Any]:
    samples = [{"set": one.set, "before": one.before, "after": one.after} for one in step.samples]
    return {"step": step.words, "labels": step.labels, "counts": step.counts, "samples": samples}


def _told(sample: Sample) -> str:
    """What is different about a label."""
    if sample.after is None:
        return f"{shown(sample.before['class'])} {sample.before['kind']} deleted"
    pairs = [(sample.before[name], sample.after[name]) for name in _FIELDS]
    return "  ".join(f"{_value(old)} → {_value(new)}" for old, new in pairs if old != new)


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{shown(name)}: {_value(one)}" for name, one in value.items()) + "}"
    return shown(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def migrate(
    map_file: str = typer.Argument(..., metavar="MAP.yaml", help="What becomes of labels, step by step."),
    dry_run: bool = typer.Option(
        False, "--dry-run", "-n", help="Show what would change, and change nothing."
    ),
    allow_unmapped: bool = typer.Option(
        False,
        "--allow-unmapped",
        help="Keep labels that have no place under the spec afterwards as they are.",
    ),
) -> Presentation:
    """Change labels and their spec together, by a map, as one staged change.

    \b
    A map says what becomes of labels that were made under the old spec:
      spec: potato-2.yaml    # the spec afterwards; without this line dlabel.yaml as it lies in the project
      steps:                 # one after the other; each speaks the names that those before it left
        - rename: {bad_potato: rotten, green_potato: rotten}    # two that get one name are merged
        - split: {class: potato, by: size, into: {small: small_potato, large: large_potato}, else: potato}
        - redraw: {class: rotten, from: polygon, to: box}
        - rename_properties: {class: rotten, names: {colour: color}}
        - map_options: {class: rotten, property: direction, values: {u: up, d: down, unclear: null}}
        - delete_properties: {class: [small_potato, large_potato], names: [size]}
        - delete: [smudge]   # the labels of these classes go

    Without `class`, a step is about every class. Labels keep their ids. The labelling tool may go on with the
    old names of classes: `add` takes what it says next as if it were said in the new ones. Properties and
    outlines it has to write as they are now (dlabel restore FILE writes them), or they are in conflict.
    """
    from datalabel.repository.spec.migrating import migrate as change

    project = SESSION.repository().project
    done = change(project, SESSION.path(map_file), dry_run=dry_run, allow_unmapped=allow_unmapped)
    return MigratedText(done, dry_run, allow_unmapped)
