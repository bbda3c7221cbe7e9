"""The journal: working-tree changes that a command announces and carries out, or that whoever comes next does.

What could not be carried out is refused before it is announced, so that no project is held up by it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import posixpath
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from datalabel.errors import DamagedError, Faults
from datalabel.files import key_fault, sync_all, sync_folder
from datalabel.store.state import Rename
from datalabel.store.store import FOLDER

if TYPE_CHECKING:
    from datalabel.repository.project import Project

_TEMPORARY = posixpath.join(FOLDER, "tmp")
_PART = ".dlabel-part"
"""How the name of a file ends that comes from another file system and is not whole yet."""


def set_aside(project: Project, key: str, data: bytes) -> Rename:
    """Write what a file is to hold beside the store, durably; the change that puts it in its place."""
    path, folder = project.store.objects.new_temporary(), project.store.temporary
    path.write_bytes(data)
    sync_all(folder, [path, folder])
    return Rename(path.relative_to(project.root).as_posix(), key)


def check_changes(project: Project, renames: Sequence[Rename]) -> None:
    """See that changes can be carried out. Those that were carried out before pass.

    Raises:
        InputError: a path is none that may be changed, something is in the way of a file, or its folder may not be
            written (all are named).
    """
    faults, folders = Faults(), dict[Path, str | None]()
    for rename in renames:
        for key, why in _foreign(rename):
            faults.add(why, key)
    faults.raise_if_any()
    for rename in renames:
        origin = _origin(project, rename)
        if not os.path.lexists(origin):
            continue
        path = project.path_of(rename.target) if rename.target else origin
        if path.parent not in folders:
            folders[path.parent] = _closed(path.parent)
        fault = folders[path.parent] or _in_the_way(origin, path)
        if fault:
            faults.add(fault, rename.target or rename.origin)
    faults.raise_if_any(hint="move what is in the way, or allow writing there, and run the command again")


def finish_journal(project: Project) -> None:
    """Do the changes that were announced, as far as they are not done yet.

    Raises:
        DamagedError: the journal names a path that leads out of the project; nothing is done then.
        InputError: as for `check_changes`.
    """
    pending = project.store.state.journal()
    if not pending:
        return
    for rename in pending:
        for key, fault in _foreign(rename):
            raise DamagedError(
                f"state.db announces a change of {key!r}, which {fault}",
                where=rename.origin,
                hint="put .dlabel/state.db back from a copy",
            )
    check_changes(project, pending)
    touched: dict[Path, set[Path]] = {}
    for rename in pending:
        path = _carry_out(project, rename)
        base = project.base_of(rename.target or rename.origin)
        touched.setdefault(base, set()).update(
            folder for folder in path.parents if folder.is_relative_to(base)
        )
    for base, folders in touched.items():
        # Deepest first: what left a folder is not gone from it for good before it is where it belongs.
        sync_all(base, sorted((folder for folder in folders if folder.is_dir()), reverse=True))
    project.store.state.finish_journal()


def _foreign(rename: Rename) -> Iterator[tuple[str, str]]:
    """The paths of a change that no command may touch, and why."""
    folder, _, name = rename.origin.rpartition("/")
    origin = name if folder == _TEMPORARY else rename.origin
    for key in (origin, rename.target or origin):
        if fault := key_fault(key):
            yield key, fault


def _origin(project: Project, rename: Rename) -> Path:
    """Where the file to be moved or deleted lies: in `tmp/`, or as a key's."""
    if rename.origin.startswith(_TEMPORARY + "/"):
        return project.root / rename.origin
    return project.on_disk(rename.origin) or project.path_of(rename.origin)


def _closed(folder: Path) -> str | None:
    """Why nothing can be put into a folder (which need not be there yet) or taken out of it."""
    while not os.path.lexists(folder):
        folder = folder.parent
    if not folder.is_dir():
        return f"{folder} is no folder"
    return None if os.access(folder, os.W_OK | os.X_OK) else f"{folder}: Permission denied"


def _in_the_way(origin: Path, path: Path) -> str | None:
    """Why this one file or folder cannot be put there."""
    if path != origin and path.is_dir() and not path.is_symlink():
        return "a folder lies where it belongs"
    if path != origin and origin.is_dir() and _disk_of(origin) != _disk_of(path):
        return "the folder cannot be moved to another file system"
    return None


def _disk_of(path: Path) -> int:
    while not path.exists():
        path = path.parent
    return path.stat().st_dev


def _carry_out(project: Project, rename: Rename) -> Path:
    """Do one change, if it is not done yet; the path whose folders have to be synced before it is forgotten."""
    origin = _origin(project, rename)
    if not rename.target:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            origin.unlink()
        if origin.parent != project.base_of(rename.origin):
            with contextlib.suppress(OSError):
                origin.parent.rmdir()
        return origin
    target = project.path_of(rename.target)
    if os.path.lexists(origin):
        _make_folder(target.parent)
        _move(origin, project.path_of(rename.target))
    return target


def _make_folder(folder: Path) -> None:
    """Make a folder and those above it, durably: what is moved there is nowhere else from then on."""
    fresh = [one for one in (folder, *folder.parents) if not one.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for one in reversed(fresh):
        sync_folder(one.parent)


def _move(origin: Path, target: Path) -> None:
    try:
        origin.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _move_across(origin, target)


def _move_across(origin: Path, target: Path) -> None:
    """Move a file to another file system: there it is whole and durable before it is gone here."""
    part = target.with_name(f".{target.name}{_PART}")
    part.unlink(missing_ok=True)
    shutil.copy2(origin, part)
    sync_all(part.parent, [part])
    part.rename(target)
    sync_folder(target.parent)
    origin.unlink()
