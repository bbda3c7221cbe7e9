"""The verb `add`: what paths hold, and what changed in the tracked sources, brought into staging."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cache, partial
from pathlib import Path

from datalabel.errors import Fault, InputError, RefusedError, UsageError
from datalabel.files import is_unicode, is_within
from datalabel.formats.registry import get_format
from datalabel.labels.merge import Prefer
from datalabel.labels.rows import distinct, split_by_source
from datalabel.labels.tables import GROUND_TRUTH
from datalabel.repository.add.digests import contents_of, digest_of_contents
from datalabel.repository.add.images import ImagesAdded, add_images
from datalabel.repository.add.labels import LabelsAdded, add_labels
from datalabel.repository.add.read_labels import images_on_disk, parse_size, read_labels
from datalabel.repository.add.recognise import Found, Recogniser, image_files
from datalabel.repository.add.spoken import PARTIAL, LabelOptions
from datalabel.repository.image_sizes import of_another_size
from datalabel.repository.names import Images
from datalabel.repository.project import Project
from datalabel.repository.spec.file import spec_changed, stage_spec
from datalabel.repository.stage import Stage
from datalabel.repository.working_tree import SPEC_FILE
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
    prefer: Prefer = None


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
        stage = Stage.of(project, position)
        added = add_to(stage, paths, options)
        stage.save()
    return added


def add_to(stage: Stage, paths: Sequence[Path], options: AddOptions) -> Added:
    """As `add`, where somebody else saves what is staged."""
    _check(options, paths)
    missing: list[str] = []
    found = _found(stage, paths, options) if paths else _tracked(stage, missing)
    root = stage.project.root
    spec = (not paths or any(path in (root, root / SPEC_FILE) for path in paths)) and stage_spec(
        stage, also_gone=root / SPEC_FILE in paths
    )
    if not paths and spec_changed(stage.project, stage.tree) == "deleted":
        missing.insert(0, SPEC_FILE)
    images = add_images(stage, list(found.images.values()), keep_going=options.keep_going)
    folders = _track_folders(stage, found)
    labels = _add_sources(stage, found, options, paths)
    tracked = {SPEC_FILE, *stage.known, *stage.tree.sources}
    gone = tuple(name for name in missing if name in tracked)
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
    _refuse_undecodable(options)
    if options.name is not None and (len(paths) != 1 or not options.name.strip()):
        raise UsageError("--as NAME takes exactly one path and a name")
    if options.format is not None:
        get_format(options.format)


def _refuse_undecodable(options: AddOptions) -> None:
    """What things are called is stored, and texts made of undecodable bytes cannot be."""
    told = {"as": options.name, "set": options.set, "annotator": options.annotator, "model": options.model}
    for flag, text in told.items():
        if text is not None and not is_unicode(text):
            raise UsageError(f"--{flag} takes a name that is valid Unicode, not {text!r}")


def _refuse_idle(options: AddOptions) -> None:
    """Without paths, sources are read as they were added."""
    told = replace(options, prefer=None, keep_going=False)
    idle = [one.name for one in fields(told) if getattr(told, one.name) != getattr(AddOptions(), one.name)]
    if idle:
        flag = "--as" if idle[0] == "name" else f"--{idle[0].replace('_', '-')}"
        raise UsageError(f"{flag} goes with the path of a source", hint=f"dlabel add PATH {flag} …")


def _track_folders(stage: Stage, found: Found) -> list[str]:
    """The folders found become sources of images, but where a tracked one holds them already; which did. One that
    holds labels as well is a source of either, under two names."""
    fresh = []
    for folder in sorted(found.folders):
        if not _is_covered(stage, folder):
            is_taken = folder in stage.tree.sources or folder in found.labels
            stage.set_source(f"{folder}/" if is_taken else folder, Source(IMAGES, folder))
            fresh.append(folder)
    return fresh


def _is_covered(stage: Stage, folder: str) -> bool:
    """Whether a tracked image folder holds this one already."""
    return any(
        source.format == IMAGES and source.path is not None and is_within(folder, source.path)
        for source in stage.tree.sources.values()
    )


def _found(stage: Stage, paths: Sequence[Path], options: AddOptions) -> Found:
    is_model = options.model is not None
    recogniser = Recogniser(stage.project, stage.tree.sources, options.format, results=is_model)
    for path in paths:
        if path == stage.project.root / SPEC_FILE and spec_changed(stage.project, stage.tree) == "deleted":
            continue  # what is asked for is that it goes
        if options.name is None and path.exists():
            _refuse_linked(stage.project, path)
        recogniser.add(path, options.name)
    return recogniser.found


def _refuse_linked(project: Project, path: Path) -> None:
    """What lies behind a linked folder could be added, but nothing is written back through a link."""
    link = project.link_on(project.key_of(path))
    if link is not None:
        target = project.path_of(link).resolve()
        raise InputError(
            f"is a symbolic link to the folder {target}, and nothing is written through links",
            where=link,
            hint=f"name the folder itself in .dlabel/config.yaml: `roots: {{{link.split('/')[-1]}: {target}}}`",
        )


def _tracked(stage: Stage, missing: list[str]) -> Found:
    """Everything tracked, as it is on disk now; label sources that are gone are noted as missing."""
    recogniser = Recogniser(stage.project, stage.tree.sources)
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


def _add_sources(stage: Stage, found: Found, options: AddOptions, paths: Sequence[Path]) -> list[LabelsAdded]:
    added: list[LabelsAdded] = []
    cached = stage.project.store.cache.files()
    asked = options if paths else AddOptions(prefer=options.prefer)
    named = {None} if options.name else {stage.project.key_of(path) for path in paths}
    on_disk = cache(partial(images_on_disk, stage.project))
    images = Images(stage.known, list_disk=on_disk)
    for name in sorted(found.labels):
        source = found.labels[name]
        how = _how(stage, name, asked, itself=source.path in named)
        contents = contents_of(stage.project.store, source.files, source.entries, cached)
        digest = digest_of_contents(contents)
        base = stage.base(name)
        known = stage.tree.sources.get(name)
        is_read = base and known and base.digest == digest and _same_options(known, how)
        if is_read and not (source.format.fractional and _is_resized(stage, name)):
            continue
        source = replace(source, files=replace(source.files, contents=contents))
        if images.tracked is not stage.known:
            images = Images(stage.known, list_disk=on_disk)
        reading = read_labels(stage, source, how, digest, images)
        added.append(add_labels(stage, reading, how))
    return added


def _is_resized(stage: Stage, source: str) -> bool:
    """Whether an image that a source names has another size than when the source was last read."""
    columns = ["item", "source", "width", "height"]
    scanned = stage.project.store.tables.scan(stage.mentions, columns)
    said = stage.mentions.together((split_by_source(batch, source)[0] for batch in scanned), columns)
    items = stage.read(stage.items, sorted(distinct(said.column("item"))))
    return bool(of_another_size(items, said))


def _same_options(known: Source, how: LabelOptions) -> bool:
    return (known.set, known.annotator, dict(known.options)) == (how.set, how.annotator, dict(how.options))


def _how(stage: Stage, name: str, options: AddOptions, *, itself: bool) -> LabelOptions:
    """The options for one source: those given, else those that it, or the one that it replaces, was added with.
    Whether it speaks for all its items is said anew each time that it is named itself."""
    known = stage.tree.sources.get(name)
    like = known or stage.tree.sources.get(options.replaces or "")
    kept = dict(like.options) if like else {}
    partial = options.partial or (PARTIAL in kept and not itself)
    kept.pop(PARTIAL, None)
    if partial:
        kept[PARTIAL] = "yes"
    if options.images is not None:
        kept["images"] = stage.project.key_of(stage.project.root / options.images)
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
            hint=f"dlabel rm {stage.project.typed(options.replaces)}, if {name} says all that it said",
        )
    annotator = options.annotator or options.model or (like.annotator if like else None)
    set_name = options.set or options.model or (like.set if like else None) or GROUND_TRUTH
    if like and like.set and set_name != like.set:
        old = (name if like is known else options.replaces) or name
        raise InputError(
            f"belongs to the set {like.set!r} already",
            where=old,
            hint=f"dlabel rm {stage.project.typed(old)}, then add {name} to the other",
        )
    return LabelOptions(set_name, annotator, options.replaces, options.beside, partial, options.prefer, kept)
