"""The verb `status`: what is staged, what the working tree holds that staging does not, what is untracked.

A clean tree costs a walk: nothing is opened, and no table is read.
"""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datalabel.content import ObjectId
from datalabel.errors import DlabelError
from datalabel.files import Entry, Stat, folders_around, is_within
from datalabel.formats.registry import format_info, formats
from datalabel.formats.source_files import SourceFiles
from datalabel.images import IMAGE_SUFFIXES
from datalabel.repository.project import Project
from datalabel.repository.spec.file import spec_changed
from datalabel.repository.working_tree import IGNORE_FILE, SPEC_FILE
from datalabel.store.cache import Known
from datalabel.store.history import IMAGES, Source, Tree

if TYPE_CHECKING:
    from datalabel.store.state import Position


@dataclass(frozen=True, slots=True)
class Status:
    """Where the project stands. `unstaged` pairs a path with `added`, `modified` or `deleted`."""

    branch: str
    head: ObjectId | None
    spec: Mapping[str, Any]
    staged: Mapping[str, Any]
    unstaged: tuple[tuple[str, str], ...]
    untracked: tuple[str, ...]
    awaited: int = 0

    @property
    def clean(self) -> bool:
        """Whether staging is HEAD's tree and the working tree is staging's."""
        return not self.unstaged and not self.untracked and not self.has_staged and not self.spec["changed"]

    @property
    def has_staged(self) -> bool:
        """Whether the next commit would record anything."""
        return bool(self.staged["changed"])


@dataclass(slots=True)
class _Seen:
    """The files of the working tree by what they are to us."""

    images: dict[str, Entry] = field(default_factory=dict)
    members: dict[str, list[Entry]] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    """All of them, also those that are nothing to us."""


def status(project: Project) -> Status:
    """Compare HEAD, staging and the working tree. Changes nothing but the stat cache."""
    position = project.store.state.read()
    tree = project.store.history.tree(position.staging) if position.staging else Tree()
    cached = project.store.cache.files()
    known = _tracked(project, tree)
    seen = _walk(project, tree, known)
    unstaged = [
        *_image_changes(project, tree, known, seen, cached),
        *_source_changes(project, tree, position, seen, cached),
    ]
    change = spec_changed(project, tree)
    return Status(
        branch=position.branch,
        head=position.head,
        spec={
            "path": SPEC_FILE,
            "changed": change is not None,
            "change": change,
            "staged": _spec_staged(project, position),
        },
        staged=_staged(project, position),
        unstaged=tuple(sorted(unstaged)),
        untracked=tuple(_collapsed(seen)),
        awaited=sum(content is None for content in known.values()),
    )


def _tracked(project: Project, tree: Tree) -> Mapping[str, str | None]:
    known = project.store.cache.tracked(tree.items)
    if known is not None:
        return known
    from datalabel.repository.stage import tracked_items
    from datalabel.repository.view import View

    return tracked_items(project, View(project.store, tree, "STAGED"))


def _spec_staged(project: Project, position: Position) -> bool:
    """Whether the next commit would record another spec."""
    names = project.store.history.tree_of(position.head), position.staging
    if names[0] == names[1]:
        return False
    before, after = (project.store.history.tree(name).spec if name else None for name in names)
    return before != after


def _staged(project: Project, position: Position) -> dict[str, Any]:
    head = project.store.history.tree_of(position.head)
    nothing: dict[str, Any] = {
        "items": {"added": 0, "removed": 0, "changed": 0},
        "sets": {},
        "sources": False,
        "changed": False,
    }
    if position.staging is None or position.staging == head:
        return nothing
    from datalabel.repository.differences import Difference
    from datalabel.repository.view import view_of

    views = view_of(project.store, head, "HEAD"), view_of(project.store, position.staging, "STAGED")
    summary = Difference(project, *views).summary()
    items = summary["items"]
    changed = items["replaced"] + items["renamed"] + items["changed"]
    sets = {
        name: {word: counts[word] for word in ("added", "removed", "changed")}
        for name, counts in summary["sets"].items()
    }
    return {
        "items": {"added": items["added"], "removed": items["removed"], "changed": changed},
        "sets": sets,
        "sources": _places(views[0].tree) != _places(views[1].tree),
        "changed": True,
    }


def _places(tree: Tree) -> dict[str, str | None]:
    return {name: source.path for name, source in tree.sources.items()}


# The walk


def _walk(project: Project, tree: Tree, known: Mapping[str, str | None]) -> _Seen:
    seen = _Seen()
    files = {source.path: name for name, source in tree.sources.items() if source.set and source.path}
    folders = {path: name for path, name in files.items() if project.is_folder(path)}
    infos = formats()
    roots = [root for root in project.roots if any(key.startswith(root + "/") for key in known)]
    for key, _, entry in chain.from_iterable(map(project.walk, (".", *roots))):
        seen.keys.append(key)
        if key in known or posixpath.splitext(key)[1].lower() in IMAGE_SUFFIXES:
            seen.images[key] = entry
        elif key in files:
            seen.members.setdefault(files[key], []).append(entry)
        elif posixpath.basename(key) not in (SPEC_FILE, IGNORE_FILE):
            owner, inside = _owner(key, folders, tree)
            if owner is not None:
                seen.members.setdefault(owner, []).append(Entry(inside, entry.stat))
            elif any(info.is_mark(key) for info in infos):
                seen.others.append(key)
    return seen


def _below(keys: Iterable[str]) -> Counter[str]:
    """How many of the files lie anywhere below each folder."""
    below: Counter[str] = Counter()
    for folder, count in Counter(map(posixpath.dirname, keys)).items():
        for above in (folder, *folders_around(folder)):
            below[above] += count
    return below


def _owner(key: str, folders: Mapping[str, str], tree: Tree) -> tuple[str | None, str]:
    """The nearest folder source that a file belongs to, and its path below that."""
    for above in folders_around(key) if folders else ():
        if above in folders:
            inside = key if above == "." else key[len(above) + 1 :]
            info = format_info(tree.sources[folders[above]].format)
            if info is not None and info.is_member(inside):
                return folders[above], inside
    return None, ""


def _image_changes(
    project: Project, tree: Tree, known: Mapping[str, str | None], seen: _Seen, cached: Mapping[str, Known]
) -> list[tuple[str, str]]:
    folders = [source.path for source in tree.sources.values() if source.format == IMAGES and source.path]
    changes: list[tuple[str, str]] = []
    stale: list[str] = []
    unseen = (key for key, content in known.items() if content and key not in seen.images)
    seen.images |= {key: entry for key in list(unseen) if (entry := _passed_over(project.on_disk(key)))}
    for key, entry in seen.images.items():
        one = cached.get(key)
        if one is not None and one.content == known.get(key) and one.still(entry.stat):
            continue
        if key not in known:
            if any(is_within(key, folder) for folder in folders):
                changes.append((key, "added"))
            else:
                seen.others.append(key)
        elif known[key] is None:
            changes.append((key, "added"))
        else:
            stale.append(key)
    changes += [(key, "modified") for key in _really_changed(project, known, stale)]
    changes += [(key, "deleted") for key, content in known.items() if content and key not in seen.images]
    return changes


def _passed_over(path: Path | None) -> Entry | None:
    """A tracked file that the walk passed over, since `.dlabelignore` names it: that is for others."""
    return Entry(path.name, Stat.of(path.stat())) if path is not None and path.is_file() else None


def _passed_over_files(project: Project, path: str, format_name: str) -> list[Entry]:
    """The same for a label source; the walk also passes over folders that were exported."""
    found = _passed_over(project.path_of(path))
    info = format_info(format_name)
    if found is not None or info is None:
        return [found] if found else []
    return [entry for _, _, entry in project.walk(path) if info.is_member(entry.path)]


def _really_changed(project: Project, known: Mapping[str, str | None], stale: list[str]) -> list[str]:
    """Of the files that the cache cannot vouch for, or calls changed, those with another content; the others are
    noted."""
    if not stale:
        return []
    from datalabel.repository.add.read_image import read_image

    changed: list[str] = []
    fresh: list[Known] = []
    for key in stale:
        path = project.on_disk(key)
        if path is None:
            changed.append(key)
            continue
        try:
            one = read_image(project.store.objects, key, path, keep=False)
        except (DlabelError, OSError):  # whatever is wrong with it, it is not what was added
            changed.append(key)
            continue
        if one.content == known[key]:
            fresh.append(one)
        else:
            changed.append(key)
    project.store.cache.remember(fresh)
    return changed


def _source_changes(
    project: Project, tree: Tree, position: Position, seen: _Seen, cached: dict[str, Known]
) -> list[tuple[str, str]]:
    changes: list[tuple[str, str]] = []
    for name, source in tree.sources.items():
        if source.set is None or source.path is None:
            continue
        entries = seen.members.get(name) or _passed_over_files(project, source.path, source.format)
        if not entries:
            changes.append((source.path, "deleted"))
        elif _digest(project, name, source, entries, cached) != _base_digest(position, name):
            changes.append((source.path, "modified"))
    return changes


def _base_digest(position: Position, name: str) -> ObjectId | None:
    base = position.bases.get(name)
    return base.digest if base else None


def _digest(
    project: Project, name: str, source: Source, entries: list[Entry], cached: dict[str, Known]
) -> ObjectId:
    from datalabel.repository.add.digests import digest_of

    path = project.path_of(source.path or "")
    members = tuple(entry.path for entry in entries) if path.is_dir() else ()
    return digest_of(project.store, SourceFiles(name, path, members), entries, cached)


def _collapsed(seen: _Seen) -> list[str]:
    """Untracked files; a folder that holds nothing else is named alone, with a slash."""
    if not seen.others:
        return []
    counts, total = _below(seen.others), _below(seen.keys)
    whole = {folder for folder, count in counts.items() if count == total[folder] and folder != "."}
    shown: dict[str, None] = {}
    for key in sorted(seen.others):
        outermost = [folder for folder in folders_around(key) if folder in whole][-1:]
        shown[outermost[0] + "/" if outermost else key] = None
    return list(shown)
