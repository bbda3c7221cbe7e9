"""The verb `snapshot verify`: is a snapshot, or a folder exported from one, still what was recorded?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datalabel.content import ObjectId
from datalabel.errors import DamagedError, InputError
from datalabel.files import checked_key, contained, read_bounded, walk
from datalabel.repository.image_bytes import NOT_HERE, differs, find_image
from datalabel.repository.project import Project
from datalabel.repository.revisions import find_snapshot, snapshot_named
from datalabel.repository.snapshot.snapshots import measure
from datalabel.repository.view import view_of
from datalabel.repository.working_tree import MANIFEST
from datalabel.store.objects import blob_id_of

MAX_MANIFEST = 1 << 30


@dataclass(frozen=True, slots=True)
class Verified:
    """What was looked at, how many things, and what is not as recorded; `remarks` are no problem."""

    name: str
    digest: str | None
    looked_at: int
    problems: tuple[str, ...]
    remarks: tuple[str, ...] = ()


def verify_snapshot(project: Project, name: str) -> Verified:
    """Read everything that a snapshot selected, labels and images, and compare it with its digest.

    Raises:
        InputError: there is no such snapshot.
        DamagedError: an object that it needs is missing or changed.
    """
    record = snapshot_named(project, name)
    view = view_of(project.store, record.tree, name, record.splits)
    digest, counts = measure(view, record.sets)
    problems = (
        [] if digest == record.digest else [f"its content has the digest {digest}, not {record.digest}"]
    )
    looked_at = 0
    with project.progress.task("images", counts[""]["items"]) as task:
        for batch in view.item_batches(["item", "content"]):
            for key, content in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                if content is not None:
                    problems += _image_problems(project, key, content)
                looked_at += 1
                task.advance()
    return Verified(name, record.digest, looked_at, tuple(problems))


def _image_problems(project: Project, key: str, content: str) -> list[str]:
    path = find_image(project, key, ObjectId(content))
    if path is None:
        return [f"{key}: {NOT_HERE}"]
    if blob_id_of(path) == content:
        return []
    error = differs(project, key, path, ObjectId(content))
    if isinstance(error, DamagedError):
        raise error
    return [f"{key}: {error.faults[0].what}"]


def verify_folder(folder: Path, project: Project | None) -> Verified:
    """Compare an exported folder with its manifest, and the manifest with the project's snapshot, if any.

    Raises:
        InputError: the folder has no manifest that can be read.
    """
    manifest = _manifest(folder)
    files = manifest["files"]
    problems = [problem for name, said in files.items() for problem in _file_problems(folder, name, said)]
    snapshot = manifest.get("snapshot")
    name, digest = (snapshot["name"], snapshot["digest"]) if snapshot else (str(folder), None)
    record = find_snapshot(project, name) if project and snapshot else None
    remarks = list(_others(folder, files))
    if record is not None and record.digest != digest:
        problems.append(f"the snapshot {name!r} of this project has the digest {record.digest}, not {digest}")
    elif snapshot and record is None:
        remarks.append(f"the snapshot {name!r} is not known here; only the files were compared")
    return Verified(name, digest, len(files), tuple(problems), tuple(remarks))


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    if not path.is_file():
        raise InputError(f"has no {MANIFEST}: it is not a folder that dlabel exported", where=str(folder))
    text = read_bounded(path, MAX_MANIFEST, name=str(path), what="a manifest")
    try:
        manifest = json.loads(text)
        files = manifest["files"]
        said = manifest.get("snapshot") or {"name": "", "digest": ""}
        sound = all(isinstance(said[word], str) for word in ("name", "digest"))
        if not sound or not all(isinstance(one["blake3"], str) for one in files.values()):
            raise TypeError
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise InputError("is no manifest of an export", where=str(path)) from None
    return dict(manifest)


def _file_problems(folder: Path, name: str, said: dict[str, Any]) -> Iterator[str]:
    path = contained(folder, checked_key(name, where=MANIFEST))
    if not path.is_file():
        yield f"{name}: is missing"
    elif blob_id_of(path) != said["blake3"]:
        yield f"{name}: has changed"


def _others(folder: Path, files: dict[str, Any]) -> Iterator[str]:
    """Files that were not exported: trainers leave caches, so they are only mentioned."""
    others = sorted(
        entry.path for entry in walk(folder) if entry.path not in files and entry.path != MANIFEST
    )
    if others:
        yield f"files that are not in the manifest: {len(others):,} (first: {others[0]})"
