"""All works by name, in the order in which they are shown. None is built before it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase

from . import growth, images, labels, start_up
from .bench import Bench
from .work import Work

WORKS: dict[str, Callable[[Bench], Work]] = {
    "images_add": images.images_add,
    "big_add": images.big_add,
    "status": images.status,
    "status_many": images.status_many,
    "images_change": images.images_change,
    "images_back": images.images_back,
    "coco_add": labels.coco_add,
    "coco_second": labels.coco_second,
    "coco_renumbered": labels.coco_renumbered,
    "diff": labels.diff,
    "diff_renumbered": labels.diff_renumbered,
    "check": labels.check,
    "stats": labels.stats,
    "export_coco": labels.export_coco,
    "export_yolo": labels.export_yolo,
    "export_voc": labels.export_voc,
    "snapshot_create": labels.snapshot_create,
    "start_version": start_up.version,
    "start_help": start_up.usage,
    "start_commands": start_up.small_commands,
    "growth_commits": growth.many_commits,
    "growth_add": growth.tenfold_add,
    "growth_diff": growth.tenfold_diff,
    "growth_stats": growth.tenfold_stats,
    "growth_check": growth.tenfold_check,
    "growth_export": growth.tenfold_export,
}


def chosen(patterns: Sequence[str]) -> list[str]:
    """The names that match any of the patterns (`coco_*`); all of them without patterns.

    Raises:
        ValueError: a pattern matches none.
    """
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in WORKS):
            raise ValueError(f"no work is called {pattern!r}: there are {', '.join(WORKS)}")
    return [name for name in WORKS if not patterns or any(fnmatchcase(name, one) for one in patterns)]
