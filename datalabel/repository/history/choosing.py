"""Which items, sources and spec file a command's paths mean."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from datalabel.errors import Fault, Faults, nearest
from datalabel.files import is_within
from datalabel.repository.add.recognise import is_inside
from datalabel.repository.narrowing import narrowing
from datalabel.repository.project import Project
from datalabel.repository.working_tree import SPEC_FILE
from datalabel.store.history import Source, Tree


@dataclass(frozen=True, slots=True)
class Chosen:
    """Items by key, label sources and image folders by name, and whether `dlabel.yaml` is meant."""

    items: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    spec: bool = False


def choose(project: Project, paths: Sequence[Path], trees: Iterable[Tree], items: Iterable[str]) -> Chosen:
    """What the paths mean: files or folders, or else globs; whatever the trees or items know counts, on disk or
    not.

    Raises:
        InputError: a path means nothing that is tracked (every such path is named).
    """
    known = sorted(set(items))
    known_sources = [pair for tree in trees for pair in tree.sources.items()]
    labels = [(name, source.path) for name, source in known_sources if source.set]
    folders = [(name, source.path) for name, source in known_sources if not source.set]
    chosen: tuple[set[str], set[str], set[str]] = (set(), set(), set())
    faults, spec = Faults(), False
    for path in paths:
        key = project.key_of(path)
        found = (
            set(_at_or_below(known, key)),
            {name for name, where in labels if where is not None and is_within(where, key)}
            or {name for name, _ in labels if name == key},  # where nothing lies, one that was called so
            {name for name, where in folders if where is not None and is_within(where, key)},
        )
        if not any(found) and (means := narrowing([key])) is not None:
            found = (
                set(filter(means, known)),
                {name for name, where in labels if where is not None and means(where)},
                {name for name, where in folders if where is not None and means(where)},
            )
        is_spec = key in (SPEC_FILE, ".")
        if not any(found) and not is_spec:
            faults.extend([_not_tracked(project, path, known, [source for _, source in known_sources])])
        for total, part in zip(chosen, found, strict=True):
            total.update(part)
        spec = spec or is_spec
    faults.raise_if_any()
    items_, sources, image_folders = (tuple(sorted(part)) for part in chosen)
    return Chosen(items_, sources, image_folders, spec)


def _at_or_below(known: Sequence[str], key: str) -> Sequence[str]:
    """Of keys in order those that are this one, or lie in this folder."""
    if key == ".":
        return known
    itself = bisect_left(known, key)
    begin, end = bisect_left(known, f"{key}/"), bisect_left(known, f"{key}0")  # the character after the slash
    return [*(one for one in known[itself : itself + 1] if one == key), *known[begin:end]]


def _not_tracked(project: Project, path: Path, known: Sequence[str], sources: Sequence[Source]) -> Fault:
    key = project.key_of(path)
    labels = [(source, source.path) for source in sources if source.set and source.path is not None]
    folder = next((where for source, where in labels if _is_part(project, path, source)), None)
    if folder is not None:
        hint = f"the files of a source go together: name {project.typed(folder)}, which means all in it"
        return Fault(f"is part of the source {folder}", key, hint)
    if path.exists():
        return Fault("is not tracked", key, f"dlabel add {project.typed(key)} tracks it")
    close = nearest(key, [*known[:5000], *(where for _, where in labels)])
    if close is not None:
        return Fault("is not tracked", key, f"did you mean {project.typed(close)}?")
    return Fault("is not tracked, and there is no such file", key, "dlabel status names files that are gone")


def _is_part(project: Project, path: Path, source: Source) -> bool:
    """Whether a path means files of a source that is a folder, there now or when it was read."""
    key, folder = project.key_of(path), source.path
    if folder is None or not is_within(key, folder):
        return False
    root = f"{project.root}/"  # label files are known by their whole paths
    read = (one.removeprefix(root) for one in project.store.cache.files())
    there = (one for one, _, _ in project.walk(key)) if path.is_dir() else ()
    files = chain([key], (one for one in read if is_within(one, key)), there)
    return any(is_inside(one, folder, source.format) for one in files)
