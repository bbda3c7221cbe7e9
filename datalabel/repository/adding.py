"""The verb `add`: what paths hold, and what changed in the tracked sources, brought into staging."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from datalabel.errors import Fault, InputError, RefusedError, UsageError
from datalabel.formats.base import Before
from datalabel.formats.registry import get_format
from datalabel.labels.rows import distinct, split_by_source
from datalabel.labels.tables import GROUND_TRUTH
from datalabel.repository.add_images import ImagesAdded, add_images
from datalabel.repository.add_labels import LabelsAdded, Reading, add_labels
from datalabel.repository.digests import contents_of, digest_of_contents
from datalabel.repository.names import Images, Place, resolve
from datalabel.repository.project import SPEC_FILE, Project
from datalabel.repository.recognise import Found, LabelFiles, Recogniser, image_files
from datalabel.repository.spec_file import stage_spec
from datalabel.repository.spoken import LabelOptions, own_mentions
from datalabel.repository.stage import Stage
from datalabel.repository.view import View, view_of
from datalabel.repository.wordings import Remembered
from datalabel.store.history import IMAGES, Source


@dataclass(frozen=True, slots=True)
class AddOptions:
    """The options of `add`; None means: as before, else the default."""

    format: str | None = None
    images: str | None = None
    set: str | None = None
    annotator: str | None = None
    model: str | None = None
    item_key: str | None = None
    size: str | None = None
    replaces: str | None = None
    beside: bool = False
    partial: bool = False
    name: str | None = None
    keep_going: bool = False
    prefer: str | None = None


@dataclass(frozen=True, slots=True)
class Added:
    """What `add` did. `changed` says whether staging moved; `unrecognised` files were left where they are, and
    `folders` are those whose images are tracked from now on."""

    images: ImagesAdded
    labels: tuple[LabelsAdded, ...]
    spec: bool
    changed: bool
    missing: tuple[str, ...] = ()
    unrecognised: tuple[Fault, ...] = ()
    folders: tuple[str, ...] = ()

    @property
    def has_conflicts(self) -> bool:
        """Whether a source was left out because it and staging changed the same label differently."""
        return any(added.is_open for added in self.labels)


def add(project: Project, paths: Sequence[Path], options: AddOptions) -> Added:
    """Bring what the paths hold into staging; without paths, every tracked source that changed.

    Raises:
        InputError: a path, image or label file cannot be used; then nothing is staged.
        RefusedError: something would be counted twice; then nothing is staged.
    """
    with project.writing("dlabel add") as position:
        stage = Stage(project, position, view_of(project.store, position.staging, "STAGED"))
        added = add_to(stage, paths, options)
        stage.save()
    return added


def add_to(stage: Stage, paths: Sequence[Path], options: AddOptions) -> Added:
    """As `add`, where somebody else saves what is staged."""
    _check(options, paths)
    missing: list[str] = []
    found = _found(stage, paths, options) if paths else _tracked(stage, missing)
    wants_spec = not paths or any(path.name == SPEC_FILE for path in paths)
    spec = wants_spec and stage_spec(stage)
    images = add_images(stage, list(found.images.values()), keep_going=options.keep_going)
    folders = _track_folders(stage, found)
    labels = _add_sources(stage, found, options, everything=bool(paths))
    gone = tuple(name for name in missing if name in stage.known or name in stage.tree.sources)
    unrecognised = tuple(found.unrecognised)
    return Added(images, tuple(labels), spec, stage.would_change(), gone, unrecognised, tuple(folders))


def _check(options: AddOptions, paths: Sequence[Path]) -> None:
    if options.replaces and options.beside:
        raise UsageError("--replaces and --beside exclude each other")
    if options.replaces and options.partial:
        raise UsageError(
            "--replaces and --partial exclude each other",
            hint="a file in place of another speaks for all its items",
        )
    if not paths:
        _refuse_idle(options)
    if options.name and len(paths) != 1:
        raise UsageError("--as NAME takes exactly one path")
    if options.format is not None:
        get_format(options.format)
    if options.prefer not in (None, "ours", "theirs"):
        raise UsageError(f"--prefer takes `ours` or `theirs`, not {options.prefer!r}")


def _refuse_idle(options: AddOptions) -> None:
    """Without paths, sources are read as they were added."""
    told = replace(options, prefer=None, keep_going=False)
    idle = [one.name for one in fields(told) if getattr(told, one.name) != getattr(AddOptions(), one.name)]
    if idle:
        flag = "--as" if idle[0] == "name" else f"--{idle[0].replace('_', '-')}"
        raise UsageError(f"{flag} goes with the path of a source", hint=f"dlabel add PATH {flag} …")


def _track_folders(stage: Stage, found: Found) -> list[str]:
    """The folders found become sources of images, but where a tracked one holds them already; which did."""
    fresh = []
    for folder in sorted(found.folders):
        if not _is_covered(stage, folder):
            stage.set_source(folder, Source(IMAGES, folder))
            fresh.append(folder)
    return fresh


def _is_covered(stage: Stage, folder: str) -> bool:
    """Whether a tracked image folder holds this one already."""
    return any(
        source.format == IMAGES and source.path is not None and (folder + "/").startswith(source.path + "/")
        for source in stage.tree.sources.values()
    ) or any(source.format == IMAGES and source.path == "." for source in stage.tree.sources.values())


def _found(stage: Stage, paths: Sequence[Path], options: AddOptions) -> Found:
    recogniser = Recogniser(stage.project, stage.tree, options.format)
    for path in paths:
        recogniser.add(path, options.name)
    return recogniser.found


def _tracked(stage: Stage, missing: list[str]) -> Found:
    """Everything tracked, as it is on disk now; label sources that are gone are noted as missing."""
    recogniser = Recogniser(stage.project, stage.tree)
    for name, source in sorted(stage.tree.sources.items()):
        if source.set and source.path and not recogniser.add_known(source.path):
            missing.append(name)
    folders = [
        source.path for source in stage.tree.sources.values() if source.format == IMAGES and source.path
    ]
    images = image_files(stage.project, sorted(folders), sorted(stage.known))
    recogniser.found.images.update(images.images)
    missing += sorted(
        key for key, content in stage.known.items() if content is not None and key not in images.images
    )
    return recogniser.found


def _add_sources(stage: Stage, found: Found, options: AddOptions, *, everything: bool) -> list[LabelsAdded]:
    added: list[LabelsAdded] = []
    cached = stage.project.store.cache.files()
    for name in sorted(found.labels):
        source = found.labels[name]
        how = _how(stage, name, options if everything else AddOptions(prefer=options.prefer))
        contents = contents_of(stage.project.store, source.files, source.entries, cached)
        digest = digest_of_contents(contents)
        base = stage.base(name)
        known = stage.tree.sources.get(name)
        if base and known and base.digest == digest and _same_options(known, how):
            continue
        source = replace(source, files=replace(source.files, contents=contents))
        reading = _read(stage, source, how, digest)
        added.append(add_labels(stage, reading, how))
    return added


def _same_options(known: Source, how: LabelOptions) -> bool:
    return (known.set, known.annotator, dict(known.options)) == (how.set, how.annotator, dict(how.options))


def _how(stage: Stage, name: str, options: AddOptions) -> LabelOptions:
    """The options for one source: those given, else those it was added with."""
    known = stage.tree.sources.get(name)
    kept = dict(known.options) if known else {}
    if options.images is not None:
        kept["images"] = stage.project.key_of(Path(options.images))
    if options.item_key is not None:
        kept["item_key"] = options.item_key
    if options.size is not None:
        width, height = parse_size(options.size)
        kept["size"] = f"{width}x{height}"
    if options.replaces and options.replaces not in stage.tree.sources:
        raise InputError(
            f"there is no source {options.replaces!r} to replace",
            hint="the sources are: " + (", ".join(sorted(stage.tree.sources)) or "none yet"),
        )
    if options.replaces and known and options.replaces != name:
        raise RefusedError(
            "is a source already, and --replaces is for a file that is none",
            where=name,
            hint=f"dlabel rm {options.replaces}, if {name} says all that it said",
        )
    annotator = options.annotator or options.model or (known.annotator if known else None)
    set_name = options.set or options.model or (known.set if known else None) or GROUND_TRUTH
    if known and known.set and set_name != known.set:
        raise InputError(
            f"belongs to the set {known.set!r} already",
            where=name,
            hint=f"dlabel rm {name}, then add it to the other",
        )
    prefer: Any = options.prefer
    return LabelOptions(set_name, annotator, options.replaces, options.beside, options.partial, prefer, kept)


def parse_size(text: str) -> tuple[int, int]:
    """Width and height in pixels from `640x480`.

    Raises:
        UsageError: it is not two whole numbers from 1 to 1,000,000.
    """
    matched = re.fullmatch(r"([1-9]\d{0,6})[x×]([1-9]\d{0,6})", text.strip().lower())
    if matched is None or max(size := (int(matched[1]), int(matched[2]))) > 1_000_000:
        raise UsageError(
            f"{text!r} is no size of an image", hint="width and height in pixels: --size 640x480"
        )
    return size


def _read(stage: Stage, source: LabelFiles, how: LabelOptions, digest: Any) -> Reading:
    place = _place(source, how)
    images = _images(stage)
    for remembered in (Remembered(stage, source.name, how), None):
        context = _Context(stage, source, place, images, how, remembered)
        with stage.project.progress.task(f"reading {source.name}"):
            read = source.format.read(source.files, context)
        keys = resolve(read.mentions.column("name").to_pylist(), place, images, context.earlier, source.name)
        before = remembered.said_before(read, keys) if remembered else {}
        if before is not None:
            break
    return Reading(source.name, source.path, source.format, read, keys, digest, before or {})


def _place(source: LabelFiles, how: LabelOptions) -> Place:
    if source.path is None:
        return Place(None, how.options.get("images"))
    folder = source.path if source.files.members else source.path.rpartition("/")[0] or "."
    return Place(folder, how.options.get("images"))


def _images(stage: Stage) -> Images:
    project = stage.project
    folders = [".", *project.config.roots]
    return Images(stage.known, list_disk=lambda: image_files(project, folders, []).images)


def _earlier(stage: Stage, source: str) -> dict[str, str]:
    """What the source's names were resolved to before; an item may have another key since, by this very command."""
    staged = View(stage.project.store, stage.finished(), "STAGED")
    rows = own_mentions(staged.mentions_of(source, ["name", "item"]))
    return dict(zip(rows.column("name").to_pylist(), rows.column("item").to_pylist(), strict=True))


class _Context:
    """What a reader may ask about the project around a source."""

    def __init__(
        self,
        stage: Stage,
        source: LabelFiles,
        place: Place,
        images: Images,
        how: LabelOptions,
        remembered: Remembered | None,
    ) -> None:
        self._stage = stage
        self._source = source
        self._place = place
        self._images = images
        self._remembered = remembered
        self.annotator = how.annotator
        self.item_key = how.options.get("item_key")
        self.earlier = _earlier(stage, how.replaces or source.name)
        self._default_size = parse_size(how.options["size"]) if "size" in how.options else None

    def size_of(self, name: str) -> tuple[int, int] | None:
        """The size of the item that a name means, else what `--size` says."""
        key = resolve([name], self._place, self._images, self.earlier, self._source.name)[0]
        return self._sizes.get(key, self._default_size)

    @cached_property
    def _sizes(self) -> dict[str, tuple[int, int]]:
        """The size of every item; `--size` corrects what only this source said of images that are not here."""
        tables = self._stage.project.store.tables
        corrected: set[str] = set()
        if self._default_size is not None:
            for batch in tables.scan(self._stage.mentions, ["item", "source", "width"]):
                own, others = split_by_source(
                    batch.filter(pc.is_valid(batch.column("width"))), self._source.name
                )
                corrected |= distinct(own.column("item")) - distinct(others.column("item"))
        return {
            row["item"]: (row["width"], row["height"])
            for batch in tables.scan(self._stage.items, ["item", "content", "width", "height"])
            for row in batch.to_pylist()
            if row["width"] is not None and row["height"] is not None
            and not (row["content"] is None and row["item"] in corrected)
        }  # fmt: skip

    @cached_property
    def _staged(self) -> View:
        """Staging with what this command has added so far."""
        return View(self._stage.project.store, self._stage.finished(), "STAGED")

    def _relatives(self) -> list[tuple[str, Source]]:
        return [
            (name, source)
            for name, source in sorted(self._stage.tree.sources.items())
            if source.format == self._source.format.name and name != self._source.name
        ]

    def names_by_number(self) -> Mapping[str, str]:
        """Names of images by the numbers that other sources of the format give them."""
        names: dict[str, str] = {}
        for name, _ in self._relatives():
            rows = own_mentions(self._staged.mentions_of(name, ["number", "name"]))
            names.update(zip(rows.column("number").to_pylist(), rows.column("name").to_pylist(), strict=True))
        return names

    def categories(self) -> Sequence[Mapping[str, Any]]:
        """Categories of the first other source of the format that has any."""
        for _, source in self._relatives():
            found = self._staged.header(source).get("categories")
            if found:
                return list(found)
        return []

    def before(self, rules: int) -> Before:
        """What is remembered of the source."""
        return self._remembered.before(rules) if self._remembered else Before()
