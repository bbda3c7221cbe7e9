"""The verbs `rm` and `mv`: forget items and sources, or give them another path."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from datalabel.check.accepted import FILE as ACCEPTED
from datalabel.errors import Faults, InputError, RefusedError, UsageError
from datalabel.files import checked_key, is_within
from datalabel.formats.registry import get_format
from datalabel.labels.rows import distinct
from datalabel.repository.add.digests import digest_of
from datalabel.repository.add.recognise import label_files
from datalabel.repository.add.rekey import rekey
from datalabel.repository.history.choosing import Chosen, choose
from datalabel.repository.item_properties import settle
from datalabel.repository.journal import set_aside
from datalabel.repository.project import Project
from datalabel.repository.stage import Stage, without_source
from datalabel.repository.view import view_of
from datalabel.repository.working_tree import SPEC_FILE
from datalabel.store.objects import blob_id_of
from datalabel.store.state import Rename


@dataclass(frozen=True, slots=True)
class Removed:
    """What is no longer tracked, how many labels went with it, and which files were deleted."""

    items: tuple[str, ...]
    sources: tuple[str, ...]
    labels: int
    deleted: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Moved:
    """Which items and sources have another path now (old, new), and the label files and folders that call items as
    before: here that is understood, by who reads these files elsewhere it is not."""

    items: tuple[tuple[str, str], ...]
    sources: tuple[tuple[str, str], ...]
    still: tuple[str, ...] = ()


def remove(
    project: Project,
    paths: Sequence[Path],
    *,
    files: bool = False,
    force: bool = False,
    dry_run: bool = False,
) -> Removed:
    """Stop tracking items and sources; with `files`, delete their files as well.

    Labels and mentions of what is removed leave staging with it; history keeps them.

    Raises:
        UsageError: there are no paths.
        InputError: a path is not tracked.
        RefusedError: a file would be deleted whose content no commit holds, and `force` does not insist; or the
            spec is named.
    """
    if not paths:
        raise UsageError("rm needs paths", hint="dlabel rm PATH…")
    if any(project.key_of(path) == SPEC_FILE for path in paths):
        raise _spec_stays()
    with project.writing("dlabel rm") as position:
        stage = Stage.of(project, position)
        chosen = choose(project, paths, (stage.tree,), stage.known)
        labels = sum(_forget_source(stage, name) for name in chosen.sources)
        labels += stage.drop_items(chosen.items)
        for name in chosen.folders:
            stage.set_source(name, None)
        deletions = _deletions(stage, chosen, force=force) if files else []
        if not dry_run:
            stage.save([Rename(key, "") for key in deletions])
    return Removed(chosen.items, (*chosen.sources, *chosen.folders), labels, tuple(deletions))


def _forget_source(stage: Stage, name: str) -> int:
    """Labels, mentions and record of a source leave staging; how many labels that were."""
    set_name = stage.tree.sources[name].set or ""
    labels = without_source(stage, stage.labels(set_name), name)
    stage.put_labels(set_name, labels.others, labels.gone)
    mentions = without_source(stage, stage.mentions, name)
    stage.put_mentions(mentions.others, mentions.gone)
    stage.set_source(name, None)
    stage.bases.pop(name, None)
    waiting = sorted(key for key in mentions.items if stage.known.get(key, "") is None)
    mentioned = distinct(stage.read(stage.mentions, waiting).column("item"))
    stage.put_items(stage.items.schema.empty_table(), set(waiting) - mentioned)
    settle(stage, mentions.items)
    return labels.count


def _deletions(stage: Stage, chosen: Chosen, *, force: bool) -> list[str]:
    """The files to delete, if a commit holds what they hold."""
    project, faults = stage.project, Faults()
    head = stage.position.head
    recorded = view_of(project.store, project.store.history.tree_of(head), "HEAD")
    kept = project.store.tables.read(recorded.items, ["item", "content"], items=list(chosen.items))
    contents = dict(zip(kept.column("item").to_pylist(), kept.column("content").to_pylist(), strict=True))
    deletions: list[str] = []
    for key in chosen.items:
        path = project.on_disk(key)
        if path is not None:
            deletions.append(key)
            if not force and (contents.get(key) is None or blob_id_of(path) != contents[key]):
                faults.add("holds what no commit holds", key)
    for name in chosen.sources:
        deletions += _source_deletions(stage, name, faults, force=force)
    if chosen.spec and (project.root / SPEC_FILE).exists():
        raise _spec_stays()
    faults.raise_if_any(RefusedError, hint='dlabel commit -m "…" first, or --force to lose them')
    return deletions


def _spec_stays() -> RefusedError:
    return RefusedError(
        "the spec is not removed by rm", where=SPEC_FILE, hint="delete the file, then dlabel add dlabel.yaml"
    )


def _source_deletions(stage: Stage, name: str, faults: Faults, *, force: bool) -> list[str]:
    project = stage.project
    source = stage.view.tree.sources[name]
    if source.path is None or not project.path_of(source.path).exists():
        return []
    found = label_files(project, name, source.path, get_format(source.format))
    if not found.entries:
        return []
    base = stage.position.bases.get(name)
    committed = base is not None and base == stage.position.head_bases.get(name)
    digest = digest_of(project.store, found.files, found.entries, project.store.cache.files())
    if not force and not (committed and base is not None and digest == base.digest):
        faults.add("holds what no commit holds", source.path)
    if not found.files.members:
        return [source.path]
    return [f"{source.path}/{member}".removeprefix("./") for member in found.files.members]


def move(project: Project, old: Path, new: Path) -> Moved:
    """Rename a tracked image, label file or folder, on disk and in staging; labels and their ids stay, and so do
    findings that were accepted.

    Moving into an existing folder keeps the name, as `mv` does.

    Raises:
        InputError: the old path is not tracked, or the new one is taken or outside the project.
    """
    with project.writing("dlabel mv") as position:
        stage = Stage.of(project, position)
        origin = project.key_of(old)
        target = project.key_of(new / old.name if new.is_dir() else new)
        checked_key(target)
        if origin == SPEC_FILE:
            raise RefusedError("the spec has one name only", where=SPEC_FILE)
        chosen = choose(project, [old], (stage.tree,), stage.known)
        _refuse_move(stage, chosen, origin, target)
        items = {key: target + key[len(origin) :] for key in chosen.items}
        taken = sorted(key for key in items.values() if key in stage.known and key not in items)
        if taken:
            raise InputError("is tracked already", where=taken[0], hint="rm it first, or choose another name")
        rekey(stage, items, leave_trace=set(items.values()))
        sources = _move_sources(stage, chosen, origin, target)
        changes = [Rename(origin, target)] if project.on_disk(origin) is not None else []
        stage.save([*changes, *_accepted(project, items)])
        still = _still_called(stage, items.values(), {new for _, new in sources})
    return Moved(tuple(sorted(items.items())), tuple(sources), still)


def _still_called(stage: Stage, keys: Collection[str], moved: Collection[str]) -> tuple[str, ...]:
    """The sources that name these items and did not move with them."""
    named = distinct(stage.read(stage.mentions, sorted(keys)).column("source"))
    paths = {stage.tree.sources[name].path for name in named if name in stage.tree.sources}
    return tuple(sorted(path for path in paths if path is not None and path not in moved))


def _accepted(project: Project, items: Mapping[str, str]) -> list[Rename]:
    """What was accepted on the items is, where they are now."""
    if not (project.root / ACCEPTED).is_file():
        return []
    from datalabel.repository.check.accepting import accepted_under

    text = accepted_under(project, items)
    return [] if text is None else [set_aside(project, ACCEPTED, text)]


def _refuse_move(stage: Stage, chosen: Chosen, origin: str, target: str) -> None:
    project = stage.project
    if not all(is_within(key, origin) for key in chosen.items):
        raise InputError("names several items", where=origin, hint="mv renames one path at a time")
    if os.path.lexists(project.path_of(target)) or target in stage.known:
        raise InputError("exists already", where=target, hint="rm it first, or choose another name")
    if project.on_disk(origin) is None and not chosen.items:
        raise InputError("is not on disk", where=origin)
    if is_within(target, origin):
        raise InputError(f"{origin} cannot be moved into itself", where=target)


def _move_sources(stage: Stage, chosen: Chosen, origin: str, target: str) -> list[tuple[str, str]]:
    """Sources keep their names, by which their rows are known; only the path changes."""
    moved: list[tuple[str, str]] = []
    for name in (*chosen.sources, *chosen.folders):
        source = stage.tree.sources[name]
        if source.path is not None and is_within(source.path, origin):
            path = target + source.path[len(origin) :]
            stage.set_source(name, replace(source, path=path))
            moved.append((source.path, path))
    return moved
