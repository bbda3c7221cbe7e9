"""The verb `fsck`: is every object that the project leads to there, and what its name says? Do the trees agree with
themselves?"""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from datalabel.content import BLOB, ObjectId
from datalabel.errors import DamagedError, DlabelError
from datalabel.repository.project import Project
from datalabel.repository.upkeep.contradictions import Contradiction, contradictions
from datalabel.store.objects import blob_id_of
from datalabel.store.reachable import Reachable, Use, verify
from datalabel.threads import in_order

BLOCK = 64
"""Files per task: one task per file costs more than it wins."""


@dataclass(frozen=True, slots=True)
class Broken:
    """An object that is missing or damaged, and what uses it. `repaired_by` is a command that puts it back, where
    the working tree still has its bytes."""

    id: str
    kind: str
    missing: bool
    what: str
    place: str
    message: str
    repaired_by: str | None = None


@dataclass(frozen=True, slots=True)
class Inspected:
    """How many objects were read, what is wrong with which, and how many objects nothing leads to (with bytes).

    `elsewhere` counts the images that are kept where they lie, and not in the store. `contradictions` are looked for
    only where nothing is broken.
    """

    objects: int
    broken: tuple[Broken, ...]
    unused: int
    unused_bytes: int
    elsewhere: int = 0
    contradictions: tuple[Contradiction, ...] = ()


def inspect(project: Project) -> Inspected:
    """Read the whole store.

    Raises:
        DamagedError: `state.db` cannot be read, so that nothing leads anywhere.
    """
    store = project.store
    store.state.verify()
    reachable, outside = needed(project)
    broken = {key: error for key, error in reachable.broken.items() if key not in outside}
    blobs = [use for key, use in reachable.uses.items() if use.kind == BLOB and key not in reachable.broken]
    broken |= {(use.kind, use.id): error for use, error in _unlike(project, blobs)}
    named = {name for _, name in reachable.uses}
    idle = (store.objects.status(name) for name in store.objects.ids() if name not in named)
    unused = [status.st_size for status in idle if status is not None]
    return Inspected(
        len(reachable.uses) - len(outside),
        tuple(_broken(project, reachable.uses[key], error) for key, error in broken.items()),
        len(unused),
        sum(unused),
        len(outside),
        () if broken else tuple(contradictions(project)),
    )


def needed(project: Project) -> tuple[Reachable, set[tuple[str, ObjectId]]]:
    """What the project leads to, and which images of that are not in the store and need not be."""
    reachable = Reachable(project.store)
    with project.progress.task("following references"):
        reachable.walk()
    outside: set[tuple[str, ObjectId]] = set()
    if project.config.images == "reference":
        outside = {key for key in reachable.broken if reachable.uses[key].item is not None}
    return reachable, outside


def _unlike(project: Project, uses: Sequence[Use]) -> Iterator[tuple[Use, DamagedError]]:
    """Those of some objects that are not what their names say."""
    blocks = [uses[start : start + BLOCK] for start in range(0, len(uses), BLOCK)]

    def look(block: Sequence[Use]) -> list[tuple[Use, DamagedError]]:
        found = []
        for use in block:
            try:
                verify(project.store, use)
            except DamagedError as error:
                found.append((use, error))
        return found

    with project.progress.task("reading images", len(uses)) as task:
        for block, found in zip(blocks, in_order(look, blocks), strict=True):
            task.advance(len(block))
            yield from found


def _broken(project: Project, use: Use, error: DamagedError) -> Broken:
    gone = not project.store.objects.has(use.id)
    message = error.faults[0].what
    return Broken(use.id, use.kind, gone, use.what, use.place, message, _remedy(project, use))


def _remedy(project: Project, use: Use) -> str | None:
    """How a file of the working tree is put back, if it still has the bytes."""
    with contextlib.suppress(
        DlabelError, OSError
    ):  # it is not there, or may not be read, or its key is no path
        path = project.on_disk(use.item) if use.item else None
        if path is not None and blob_id_of(path) == use.id:
            target = project.store.objects.path(use.id)
            make = shlex.join(["mkdir", "-p", str(target.parent)])
            return f"{make} && {shlex.join(['cp', '-f', str(path), str(target)])}"
    return None
