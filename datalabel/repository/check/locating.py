"""In which label file is it? Findings name the file that a person opens to put them right."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from datalabel.check.finding import CheckBatch, Finding
from datalabel.formats.registry import get_format
from datalabel.labels.tables import label_id_text
from datalabel.repository.view import View
from datalabel.store.history import Source


def located(view: View, findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings with the path of the label file that speaks of each, relative to the project.

    A finding about a label lies in the label's source, one about an item in the first that mentions it; in a
    source of many files, in the file that is about the item. A source outside the project keeps its name.
    """
    found = tuple(findings)
    places = _Places(view, sorted({one.item for one in found if one.item is not None}))
    return tuple(replace(one, source=places.of(one)) for one in found)


def numbered(batches: Iterable[CheckBatch], findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings in label files with the numbers that the files give to the labels."""
    found = tuple(findings)
    ids = pa.array({int(one.label, 16) for one in found if one.label is not None}, pa.uint64())
    numbers: dict[tuple[str, str, str], str | None] = {}
    for batch in batches:
        labels = batch.labels.select(["item", "id", "source_id"])
        for row in labels.filter(pc.is_in(labels.column("id"), value_set=ids)).to_pylist():
            numbers[batch.set, row["item"], label_id_text(row["id"])] = row["source_id"]
    return tuple(
        replace(one, number=numbers.get((one.set or "", one.item or "", one.label or ""))) for one in found
    )


class _Places:
    """The files that mention some items."""

    def __init__(self, view: View, items: list[str]) -> None:
        self._sources = view.tree.sources
        self._file: dict[tuple[str, str], str] = {}
        self._first: dict[str, str] = {}
        for batch in view.store.tables.scan(view.mentions, ["item", "source", "number"], items=items):
            self._take(batch)

    def _take(self, mentions: pa.Table) -> None:
        for row in mentions.to_pylist():
            item, source = row["item"], row["source"]
            if source is None:
                continue
            file = _file(source, self._sources, row["number"])
            self._file[item, source] = file
            self._first.setdefault(item, file)

    def of(self, finding: Finding) -> str | None:
        item = finding.item or ""
        if finding.source is not None:
            return self._file.get((item, finding.source), finding.source)
        return self._first.get(item)


def _file(name: str, sources: Mapping[str, Source], number: str | None) -> str:
    """The file of a mention: in a source of many files, its number is its file's path."""
    source = sources.get(name)
    path = (source.path if source is not None else None) or name
    if source is None or not get_format(source.format).folder:
        return path
    member = json.loads(number or "null")
    return posixpath.normpath(posixpath.join(path, member)) if isinstance(member, str) else path
