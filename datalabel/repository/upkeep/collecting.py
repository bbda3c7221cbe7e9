"""The verb `gc`: objects that nothing leads to any more are deleted."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import SupportsFloat

from datalabel.content import BLOB, ObjectId
from datalabel.errors import DamagedError, UsageError
from datalabel.repository.project import Project
from datalabel.repository.upkeep.inspecting import needed

DAYS = 14.0
"""Younger objects stay unless asked for: what was staged by mistake, or is being looked at, can still be found."""

_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Collected:
    """How many objects were deleted, or would be, and how many stay because they are young; with bytes."""

    objects: int
    bytes: int
    young: int
    young_bytes: int
    days: float
    dry_run: bool


def collect(project: Project, *, older_than: float | None = None, dry_run: bool = False) -> Collected:
    """Delete what nothing leads to and is older than so many days (None: `DAYS`), and what was measured on it.

    Raises:
        DamagedError: something that leads to other things is missing or damaged, so that not all of these are known.
        UsageError: it is no age.
    """
    asked: object = DAYS if older_than is None else older_than
    if not isinstance(asked, SupportsFloat) or not 0 <= (days := float(asked)) < math.inf:
        raise UsageError(f"an age in days is not {asked!r}", hint=f"{DAYS:g} is usual")
    with project.writing("dlabel gc"):
        store = project.store
        reachable, _ = needed(project)
        if any(kind != BLOB for kind, _ in reachable.broken):
            raise DamagedError(
                "the store is damaged; nothing is deleted from it",
                where=str(store.folder),
                hint="dlabel fsck says what is broken",
            )
        named, before = {name for _, name in reachable.uses}, time.time() - days * _DAY
        sizes: dict[bool, dict[ObjectId, int]] = {True: {}, False: {}}
        for name in store.objects.ids():
            if name not in named:
                status = store.objects.status(name)
                if status is not None:
                    sizes[status.st_mtime < before][name] = status.st_size
        if not dry_run:
            for name in sizes[True]:
                store.objects.delete(name)
            store.measures.keep_only(set(store.objects.ids()))
    old, young = sizes[True], sizes[False]
    return Collected(len(old), sum(old.values()), len(young), sum(young.values()), days, dry_run)
