"""Reading image files into the store, by several processes where there are many."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing
from functools import partial

from datalabel.processes import number_of_workers
from datalabel.progress import Progress
from datalabel.repository.add.read_image import ReadImage, read_block
from datalabel.repository.add.reader_processes import Files, Readers
from datalabel.store.objects import LocalObjects
from datalabel.store.store import Store
from datalabel.threads import in_order

BLOCK = 64
"""Files per task: one task per file costs more than it wins."""

FLUSH = 4096
"""Files after which what was read is made durable, so that an interrupted `add` does not repeat it."""

AHEAD = 32
"""Blocks that may be read while others are made durable."""

MANY = 2048
"""From so many files on, processes are worth their start."""


def read_images(store: Store, files: Files, *, keep: bool, progress: Progress) -> list[ReadImage]:
    """Read files, given as key and path; those that are images are in the store and in the cache afterwards.

    `keep` stores the bytes; without it only their id is recorded. Whatever was read stays known, also when
    the caller is interrupted or decides not to go on.
    """
    found: list[ReadImage] = []
    unsaved: list[ReadImage] = []
    try:
        with (
            progress.task("reading images", len(files)) as task,
            closing(_in_blocks(store.objects, files, keep=keep)) as blocks,
        ):
            for block in blocks:
                found += block
                unsaved += block
                task.advance(len(block))
                if len(unsaved) >= FLUSH:
                    _save(store, unsaved)
                    unsaved = []
    finally:
        _save(store, unsaved)
    return found


def _save(store: Store, images: Sequence[ReadImage]) -> None:
    store.objects.flush()
    store.cache.remember(image.known for image in images if image.known is not None)


def _in_blocks(objects: LocalObjects, files: Files, *, keep: bool) -> Generator[list[ReadImage]]:
    blocks = [files[start : start + BLOCK] for start in range(0, len(files), BLOCK)]
    number = number_of_workers() if len(files) >= MANY else 0
    if number:
        with Readers(objects, number, keep=keep) as readers:
            yield from in_order(readers.read, blocks, workers=number, waiting=AHEAD, stop=readers.stop)
    elif len(blocks) == 1:
        yield read_block(objects, blocks[0], keep=keep)
    else:
        yield from in_order(partial(read_block, objects, keep=keep), blocks, waiting=4)
