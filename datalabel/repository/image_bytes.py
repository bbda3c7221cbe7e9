"""Where the bytes of a recorded image are: in the store or, where the store keeps ids only, in the working tree.

What lies in the working tree may be another image by now: nothing is taken from there unverified.
"""

from __future__ import annotations

from pathlib import Path

from datalabel.content import BLOB, ObjectId, object_id
from datalabel.errors import DlabelError, InputError
from datalabel.repository.project import Project
from datalabel.store.objects import blob_id_of, unlike

NOT_HERE = "the image's bytes are not here"


def find_image(project: Project, key: str, content: ObjectId) -> Path | None:
    """The file that should hold an image, not verified; None where there is none."""
    kept = project.store.objects.path(content)
    if kept.exists():
        return kept
    return project.on_disk(key) if project.config.images == "reference" else None


def image_file(project: Project, key: str, content: ObjectId) -> Path | None:
    """The file that holds an image, verified where it is one of the working tree; None where there is none.

    Raises:
        InputError: the working tree's file is another image by now.
    """
    path = find_image(project, key, content)
    if path is not None and not _is_kept(project, path, content) and blob_id_of(path) != content:
        raise differs(project, key, path, content)
    return path


def read_image_bytes(project: Project, key: str, content: ObjectId) -> bytes:
    """The image's bytes, verified.

    Raises:
        InputError: they are not here, or the working tree's file is another image by now.
        DamagedError: the store's are not what was recorded.
    """
    path = find_image(project, key, content)
    if path is None:
        raise InputError(NOT_HERE, where=key)
    data = path.read_bytes()
    if object_id(BLOB, data) != content:
        raise differs(project, key, path, content)
    return data


def differs(project: Project, key: str, path: Path, content: ObjectId) -> DlabelError:
    """The error for a file that `find_image` found, and that does not hold what was recorded."""
    if _is_kept(project, path, content):
        return unlike(BLOB, content, path.stat().st_size, where=key)
    return InputError(
        "the image on disk is another one by now",
        where=key,
        hint="only its id is kept (`images: reference`): put the file back that was added",
    )


def _is_kept(project: Project, path: Path, content: ObjectId) -> bool:
    return path == project.store.objects.path(content)
