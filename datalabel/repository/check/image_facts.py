"""What the rules about images need to know: which are here, what label files say of them, what they look like.

Facts are columns beside those of the items (`datalabel.check.image_rules.FACTS`).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from datalabel.check.image_rules import FACTS
from datalabel.check.item_rules import folded
from datalabel.content import ObjectId
from datalabel.errors import DlabelError, InputError
from datalabel.image_headers import CUT
from datalabel.images import read_facts
from datalabel.labels.hashing import hash_rows
from datalabel.labels.tables import ITEMS, table_of
from datalabel.looks import Look, look_at
from datalabel.progress import SILENT, Progress
from datalabel.repository.check.label_files import ReadAlone
from datalabel.repository.image_bytes import read_image_bytes
from datalabel.repository.pages.thumbnails import MAX_FILE
from datalabel.repository.project import Project
from datalabel.repository.view import View, named_in
from datalabel.threads import in_order
from datalabel.thumbnails import unwarned

MENTIONED = ("item", "set", "source", "name", "width", "height")
"""The columns of mentions that tell of images."""

AT_ONCE = 256
"""Images that are looked at before what was found is written down."""


class ViewFacts:
    """Facts about the images of a revision. With `pixels` every image is decoded, once for its content; without
    `across` nobody asks which items have the same image."""

    def __init__(self, view: View, *, pixels: bool, across: bool, progress: Progress = SILENT) -> None:
        self._view = view
        self._pixels = pixels
        self._across = across
        self._progress = progress
        self._project = Project(view.store.folder.parent)

    def add_to(self, items: pa.Table, mentions: pa.Table, set_name: str) -> pa.Table:
        """The items with their facts, which mentions of them (columns `MENTIONED`) tell."""
        columns: dict[str, Any] = {
            "missing": pa.array(self._missing(items)),
            "seen": named_in(mentions, set_name, items.column("item")),
            **_said(items, mentions),
        }
        if self._across:
            columns["repeated"] = pa.array(np.isin(hash_rows(items, ["content"]), self._repeated))
        if self._pixels:
            columns |= _of_looks(self._looks(items))
        return _with(items, columns)

    def _missing(self, items: pa.Table) -> list[bool | None]:
        """Whether the bytes of an image that once was here are gone; null for one that never was."""
        return [None if row[1] is None else not self._is_here(*row) for row in _recorded(items)]

    def _is_here(self, item: str, content: str, size: int | None) -> bool:
        if self._view.store.objects.has(ObjectId(content)):
            return True
        try:
            path = self._project.on_disk(item)
            return path is not None and path.stat().st_size == size
        except (DlabelError, OSError):
            return False

    @cached_property
    def _repeated(self) -> npt.NDArray[np.uint64]:
        """Fingerprints of the images that more than one item has."""
        scanned = self._view.item_batches(["content"])
        hashes = [hash_rows(batch.drop_null(), ["content"]) for batch in scanned]
        found, counts = np.unique(np.concatenate([np.zeros(0, np.uint64), *hashes]), return_counts=True)
        return np.asarray(found[counts > 1])

    def partners(self, keys: Iterable[str], before: View) -> set[str]:
        """Items with the same image as one of these has, or had before, or a key that is the same but for its
        spelling."""
        asked = pa.array(sorted(keys), pa.string())
        columns = ["item", "content"]
        rows = self._view.store.tables.read(self._view.items, columns)
        old = before.store.tables.read(before.items, columns, items=asked.to_pylist())
        mine = rows.filter(pc.is_in(rows.column("item"), value_set=asked))
        contents = pc.unique(pa.concat_tables([mine, old]).column("content")).drop_null()
        same = pc.is_in(rows.column("content"), value_set=contents, skip_nulls=True)
        alike = pc.is_in(folded(rows.column("item")), value_set=folded(asked))
        return set(rows.column("item").filter(pc.or_(same, alike)).to_pylist())

    # Pixels

    def _looks(self, items: pa.Table) -> list[Look]:
        """What each image looks like; what is known already is not decoded again."""
        contents = items.column("content").to_pylist()
        cache = self._view.store.cache
        known = cache.looks(content for content in contents if content is not None)
        asked = {row[1]: row for row in _recorded(items) if row[1] is not None and row[1] not in known}
        todo = list(asked.values())
        with self._progress.task("looking at images", len(todo)) as task, unwarned():
            for start in range(0, len(todo), AT_ONCE):
                part = todo[start : start + AT_ONCE]
                found = zip(part, in_order(lambda row: self._look(*row), part, waiting=AT_ONCE), strict=True)
                looks = {row[1]: look for row, look in found if look is not None}
                cache.remember_looks(looks)
                known |= looks
                task.advance(len(part))
        return [known.get(content or "", Look()) for content in contents]

    def _look(self, item: str, content: str, size: int | None) -> Look | None:
        """None for an image that is too large, or not here.

        Raises:
            DamagedError: the store holds other bytes under its name.
        """
        try:
            if (size or 0) > MAX_FILE:
                return None
            return look_at(read_image_bytes(self._project, item, ObjectId(content)), name=item)
        except (InputError, OSError):
            return None


def _recorded(items: pa.Table) -> Iterator[tuple[Any, ...]]:
    """Key, content and bytes of each item."""
    yield from zip(*(items.column(name).to_pylist() for name in ("item", "content", "bytes")), strict=True)


def _said(items: pa.Table, mentions: pa.Table) -> dict[str, pa.Array]:
    """For items whose image is here, the first size that a label file gives and that is not the image's."""
    known = pc.and_(mentions.column("width").is_valid(), mentions.column("height").is_valid())
    told = mentions.filter(known)
    rows = pc.index_in(told.column("item"), value_set=items.column("item").combine_chunks())
    differs = pc.fill_null(items.column("content").take(rows).is_valid(), False)
    unlike = [
        pc.fill_null(pc.not_equal(told.column(name), items.column(name).take(rows)), False)
        for name in ("width", "height")
    ]
    chosen = pc.and_(differs, pc.or_(*unlike))
    told, places = told.filter(chosen), rows.filter(chosen)
    first = pc.index_in(pa.array(np.arange(items.num_rows), pa.int32()), value_set=places.combine_chunks())
    names = {"said_width": "width", "said_height": "height", "said_by": "source"}
    return {name: told.column(column).combine_chunks().take(first) for name, column in names.items()}


def _of_looks(looks: Sequence[Look]) -> dict[str, pa.Array]:
    return {
        "fault": pa.array([look.fault for look in looks], pa.string()),
        "cut": pa.array([look.cut for look in looks], pa.bool_()),
        "look": pa.array([look.bits for look in looks], pa.uint64()),
    }


def _with(items: pa.Table, columns: Mapping[str, Any]) -> pa.Table:
    for name, values in columns.items():
        items = items.append_column(FACTS.field(name), values.cast(FACTS.field(name).type))
    return items


# Label files without a project


def items_of_files(read: ReadAlone, called: str, paths: Mapping[str, Path], *, pixels: bool) -> pa.Table:
    """The items that a label file (called so) names, with facts about the images that lie beside it, at these paths
    by name.

    Where an image is found, size, format and orientation are its own; where none is found for the whole file,
    nothing is known of any. Whose images these are is not recorded: there is no column `content`.
    """
    names = read.mentions.column("name").to_pylist()
    with unwarned():
        found = [
            *in_order(lambda name: _file_facts(name, paths.get(name), pixels=pixels), names, waiting=AT_ONCE)
        ]
    said = [read.mentions.column(name).to_pylist() for name in ("width", "height")]
    properties = dict(zip(names, read.properties.to_pylist(), strict=True))
    rows = [
        _item_of_file(name, size, facts, called, anywhere=bool(paths))
        for name, *size, facts in zip(names, *said, found, strict=True)
    ]
    columns = {name: [row.get(name) for row in rows] for name in (*ITEMS.names, *FACTS.names)}
    columns["properties"] = [properties[name] for name in names]
    items = table_of({name: columns[name] for name in ITEMS.names}, ITEMS).drop_columns(["content"])
    facts = {name: pa.array(columns[name], FACTS.field(name).type) for name in FACTS.names}
    if not pixels:
        del facts["look"]
    return _with(items, facts).sort_by("item")


def _file_facts(name: str, path: Path | None, *, pixels: bool) -> dict[str, Any] | None:
    """What a file says of itself; None without one."""
    if path is None:
        return None
    try:
        with path.open("rb") as file:
            facts = read_facts(file, name=name)
            size = os.fstat(file.fileno()).st_size
            file.seek(0)
            look = look_at(file.read(), name=name) if pixels and size <= MAX_FILE else Look()
    except InputError as error:
        fault = error.faults[0].what
        return {"fault": fault, "cut": fault == CUT}
    except OSError as error:
        return {"fault": str(error.strerror or error), "cut": False}
    header = {name: getattr(facts, name) for name in ("width", "height", "format", "orientation")}
    return {**header, "look": look.bits, "fault": look.fault, "cut": look.cut}


def _item_of_file(
    name: str, size: list[int | None], facts: dict[str, Any] | None, source: str, *, anywhere: bool
) -> dict[str, Any]:
    said = dict(zip(("width", "height"), size, strict=True))
    if facts is None:
        return {"item": name, **said, "missing": anywhere or None}
    row: dict[str, Any] = {"item": name, **said, **facts}
    if "width" in facts and None not in size and [facts["width"], facts["height"]] != size:
        row |= {"said_width": size[0], "said_height": size[1], "said_by": source}
    return row
