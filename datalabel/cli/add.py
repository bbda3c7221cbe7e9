"""`add`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datalabel.cli import add_options as named
from datalabel.cli.change_text import conflict_line
from datalabel.cli.presenting import Presentation, Screen, shown, when_gone
from datalabel.cli.session import SESSION
from datalabel.printable import amount

if TYPE_CHECKING:
    from datalabel.repository.add.adding import Added
    from datalabel.repository.add.labels import LabelsAdded

SHOWN = 10
"""So many names are listed before the rest is counted."""


@dataclass
class AddedText(Presentation):
    """What `add` did."""

    done: Added

    def __post_init__(self) -> None:
        self.status = 1 if self.done.images.faults or self.done.has_conflicts else 0

    def text(self, screen: Screen) -> None:
        self._images(screen)
        for labels in self.done.labels:
            self._labels(screen, labels)
        if self.done.spec:
            screen.line("dlabel.yaml staged")
        for name in screen.first(self.done.missing, SHOWN):
            screen.line(
                (f"missing: {shown(name)}", "warn"),
                f"  ({when_gone(name)})",
            )
        for fault in screen.first(self.done.unrecognised, SHOWN):
            screen.line((f"{shown(fault.where)}: {fault.what}", "dim"))
        if not self.done.changed and not self.status:
            left = self.done.missing or self.done.unrecognised
            screen.line("Nothing to stage." if left else "Nothing new: everything is staged as it is.")

    def _images(self, screen: Screen) -> None:
        images = self.done.images
        parts = [
            amount(len(keys), f"image {word}", f"images {word}")
            for keys, word in (
                (images.added, "added"), (images.replaced, "replaced"), (images.renamed, "renamed"),
                (images.joined, "joined with their labels"),
            )
            if keys
        ]  # fmt: skip
        if parts:
            tail = f" ({images.unchanged:,} unchanged)" if images.unchanged else ""
            screen.line(", ".join(parts), (tail, "dim"))
        if images.labels_back:
            screen.line(f"  {amount(images.labels_back, 'label')} came back with what had been removed")
        if self.done.folders and not images.added:
            screen.line(f"images below {', '.join(map(shown, self.done.folders))} are tracked from now on")
        for fault in screen.first(images.faults, SHOWN):
            screen.line((f"left out: {shown(fault)}", "bad"))

    def _labels(self, screen: Screen, labels: LabelsAdded) -> None:
        name = (shown(labels.source), "name")
        if labels.is_open:
            screen.line(name, (f": {amount(len(labels.conflicts), 'conflict')}, not staged", "bad"))
            for conflict in screen.first(labels.conflicts, SHOWN):
                conflict_line(screen, conflict)
            screen.line(("hint: dlabel add --prefer ours|theirs decides for all of them", "dim"))
            return
        changed = amount(labels.changed_items, "item") + " changed"
        into = "" if labels.set == "ground_truth" else f" into {shown(labels.set)}"
        screen.line(name, f": {amount(labels.labels, 'label')} ({labels.format}){into}, {changed}")
        if labels.properties:
            screen.line(f"  properties of {amount(labels.properties, 'item')}")
        if labels.decided:
            side = "what is here" if labels.decided == "ours" else "the file"
            screen.line((f"  {amount(len(labels.conflicts), 'conflict')} decided for {side}", "warn"))
        if labels.awaited:
            screen.line((f"  {amount(labels.awaited, 'item')} without an image here yet", "warn"))
        if labels.called:
            arrows = [f"{shown(old)} → {shown(here)}" for old, here in labels.called.items()]
            screen.line(f"  called otherwise here: {_first(arrows)}")
        if labels.new_classes:
            screen.line((f"  not in dlabel.yaml: {_first(list(map(shown, labels.new_classes)))}", "warn"))
        for remark in screen.first(labels.remarks, SHOWN):
            screen.line((f"  {shown(remark)}", "warn"))

    def json(self) -> Any:
        images = self.done.images
        return {
            "images": {
                "added": list(images.added),
                "replaced": list(images.replaced),
                "renamed": [list(pair) for pair in images.renamed],
                "joined": [list(pair) for pair in images.joined],
                "unchanged": images.unchanged,
                "labels_back": images.labels_back,
                "left_out": [str(fault) for fault in images.faults],
            },
            "labels": [
                {
                    "source": labels.source,
                    "format": labels.format,
                    "set": labels.set,
                    "labels": labels.labels,
                    "changed_items": labels.changed_items,
                    "properties": labels.properties,
                    "awaited": labels.awaited,
                    "new_classes": list(labels.new_classes),
                    "called": dict(labels.called),
                    "remarks": [str(remark) for remark in labels.remarks],
                    "decided": labels.decided,
                    "conflicts": [
                        {"item": one.item, "label": f"{one.id:016x}", "field": one.field,
                         "base": one.base, "ours": one.ours, "theirs": one.theirs}
                        for one in labels.conflicts
                    ],
                }
                for labels in self.done.labels
            ],
            "spec": self.done.spec,
            "folders": list(self.done.folders),
            "changed": self.done.changed,
            "missing": list(self.done.missing),
            "unrecognised": [str(fault.where) for fault in self.done.unrecognised],
        }  # fmt: skip


def _first(words: Sequence[str]) -> str:
    return ", ".join(words[:SHOWN]) + (", …" if words[SHOWN:] else "")


def add(
    paths: list[str] = named.PATHS, format: str = named.FORMAT, images: str = named.IMAGES,
    set_: str = named.SET, annotator: str = named.ANNOTATOR, model: str = named.MODEL,
    item_key: str = named.ITEM_KEY, size: str = named.SIZE, replaces: str = named.REPLACES,
    beside: bool = named.BESIDE, partial: bool = named.PARTIAL, name: str = named.NAME,
    keep_going: bool = named.KEEP_GOING, prefer: named.Prefer = named.PREFER,
) -> Presentation:  # fmt: skip
    """Bring images, labels and the spec into staging.

    Images, folders of images and label files are told apart by content. A source that was added before is
    merged with what was done here since. Without paths: every tracked source that changed, and dlabel.yaml.
    """
    from datalabel.repository.add.adding import AddOptions
    from datalabel.repository.add.adding import add as bring_in

    options = AddOptions(
        format=format, images=str(SESSION.path(images)) if images else None, set=set_, annotator=annotator,
        model=model, item_key=item_key, size=size, replaces=replaces, beside=beside, partial=partial, name=name,
        keep_going=keep_going, prefer=prefer.value if prefer else None,
    )  # fmt: skip
    return AddedText(bring_in(SESSION.repository().project, SESSION.paths(paths), options))
