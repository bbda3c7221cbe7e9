"""What label files say without a project, as rules see it: files that speak of one image are judged together."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from datalabel.check.finding import CheckBatch
from datalabel.labels.arrays import begins_of, one_array
from datalabel.labels.match import mint_ids
from datalabel.labels.properties import united
from datalabel.labels.rows import constant, sort_rows, with_column
from datalabel.labels.tables import GROUND_TRUTH, LABELS, table_of
from datalabel.repository.check.comparing import several_named
from datalabel.repository.check.image_facts import items_of_files
from datalabel.repository.check.label_files import ReadAlone, seen_from
from datalabel.repository.item_properties import with_properties
from datalabel.spec.model import Spec

_Image = tuple[str, str]
"""An image: its path; where that is not known, the folder that speaks of it, and what it calls it."""


@dataclass(frozen=True, slots=True)
class _File:
    """A source and what it is called, where its images are, and for each mention the image that is meant and the file
    that says so."""

    read: ReadAlone
    name: str
    paths: Mapping[str, Path]
    images: Sequence[_Image]
    places: Sequence[str]

    @property
    def names(self) -> list[str]:
        """What it calls the images."""
        found: list[str] = self.read.mentions.column("name").to_pylist()
        return found


def batches_of_files(
    sources: Iterable[ReadAlone], spec: Spec, start: Path, *, pixels: bool
) -> tuple[tuple[CheckBatch, ...], dict[str, str]]:
    """A batch for each group of sources that speak of the same images, and the file that names each item first.

    Names stand for items, and ids are made of what the labels say. Two files may hold parts of one work, or the work
    of two people: where nothing tells who drew a label, its file (as seen from `start`) stands for the annotator.
    """
    batches: list[CheckBatch] = []
    first: dict[str, str] = {}
    for group in _groups([_file(one, start) for one in sources]):
        called = _called(group)
        for file, items in zip(group, called, strict=True):
            for item, place in zip(items, file.places, strict=True):
                first.setdefault(item, place)
        labels = _labels(group, called)
        compare = partial(several_named, labels, _seen(group, called))
        items = _items(group, called, pixels=pixels)
        batches.append(CheckBatch(GROUND_TRUTH, items, _signed(labels), spec, compare=compare))
    return tuple(batches), first


def _file(read: ReadAlone, start: Path) -> _File:
    paths, folder = read.image_paths(), read.name
    names = read.mentions.column("name").to_pylist()
    if Path(read.name).is_file():
        folder, places = posixpath.dirname(read.name), [read.name] * len(names)
    else:
        # In a folder, a mention's number is its file's path.
        members = (json.loads(number or "null") for number in read.mentions.column("number").to_pylist())
        places = [posixpath.join(folder, one) if isinstance(one, str) else folder for one in members]
    images = [(str(paths[name]), "") if name in paths else (folder, name) for name in names]
    return _File(read, seen_from(start, read.name), paths, images, [seen_from(start, one) for one in places])


def _groups(files: Sequence[_File]) -> list[list[_File]]:
    """Files that have an image in common, directly or by way of others, in the order in which they came."""
    groups: dict[int, list[_File]] = {}
    owner: dict[_Image, int] = {}
    for number, file in enumerate(files):
        joined = [file]
        for other in sorted({owner[image] for image in file.images if image in owner}, reverse=True):
            joined = groups.pop(other) + joined
        groups[number] = joined
        owner |= {image: number for one in joined for image in one.images}
    return list(groups.values())


def _called(group: Sequence[_File]) -> list[list[str]]:
    """For each file the items that its mentions mean: called as the first file does, unless that means another."""
    called: dict[_Image, str] = {}
    taken: set[str] = set()
    for file in group:
        for image, name in zip(file.images, file.names, strict=True):
            if image not in called:
                called[image] = posixpath.join(*image) if name in taken else name
                taken.add(called[image])
    return [[called[image] for image in file.images] for file in group]


def _items(group: Sequence[_File], called: Sequence[Sequence[str]], *, pixels: bool) -> pa.Table:
    """The items of a group, each once: as the file says whose size is not the image's, else as the first does; with
    the properties that any of the files says."""
    tables = []
    for file, names in zip(group, called, strict=True):
        items = items_of_files(file.read, file.name, file.paths, pixels=pixels)
        tables.append(_renamed(items, dict(zip(file.names, names, strict=True))))
    if len(tables) == 1:
        return tables[0]
    rows = sort_rows(pa.concat_tables(tables), "item", "said_width")
    said: dict[str, list[str]] = {}
    for row in (row for table in tables for row in table.select(["item", "properties"]).to_pylist()):
        if row["properties"] is not None:
            said.setdefault(row["item"], []).append(row["properties"])
    rows = rows.filter(pa.array(begins_of(one_array(rows.column("item")))))
    return with_properties(rows, {item: united(texts) for item, texts in said.items()})


def _renamed(items: pa.Table, names: Mapping[str, str]) -> pa.Table:
    keys = [names[name] for name in items.column("item").to_pylist()]
    return with_column(items, "item", pa.array(keys, pa.string()))


def _labels(group: Sequence[_File], called: Sequence[Sequence[str]]) -> pa.Table:
    """The labels of a group, with the file of each in a column `file`."""
    tables = [_labels_of(file, items) for file, items in zip(group, called, strict=True)]
    told = [
        table.append_column("file", constant(file.name, table.num_rows))
        for table, file in zip(tables, group, strict=True)
    ]
    labels = sort_rows(pa.concat_tables(told), "item", "rank")
    # Numbers are left out: labelling tools count anew in every export, and a baseline knows labels by id.
    numberless = with_column(labels, "source_id", pa.nulls(labels.num_rows, pa.string()))
    return with_column(labels, "id", pa.array(mint_ids(numberless), pa.uint64()))


def _signed(labels: pa.Table) -> pa.Table:
    """The labels of `_labels`, each by somebody where there are several files."""
    annotators, files = labels.column("annotator"), labels.column("file")
    several = len(pc.unique(files)) > 1
    whole = with_column(labels, "annotator", pc.coalesce(annotators, files)) if several else labels
    return whole.drop_columns(["file"])


def _seen(group: Sequence[_File], called: Sequence[Sequence[str]]) -> pa.Table:
    """Who saw which item, where files name them."""
    tables = []
    for file, items in zip(group, called, strict=True):
        names = file.read.mentions.column("annotators").combine_chunks()
        item = pa.array(items, pa.string()).take(pc.list_parent_indices(names))
        tables.append(pa.table({"item": item, "annotator": pc.list_flatten(names)}))
    return pa.concat_tables(tables)


def _labels_of(file: _File, items: Sequence[str]) -> pa.Table:
    """The labels of a file by what rules call their items, without ids."""
    labels = file.read.labels
    mentions = labels.column("mention").combine_chunks()
    rows = {
        **{name: labels.column(name) for name in labels.schema.names if name in LABELS.names},
        "item": pa.array(items, pa.string()).take(mentions),
        "id": pa.array(np.zeros(labels.num_rows, np.uint64)),
        "source": pa.array(file.places, pa.string()).take(mentions),
    }
    return table_of(rows, LABELS)
