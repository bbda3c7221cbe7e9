"""Lines of many label files as columns of labels."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from datalabel.formats.base import READ_LABELS, VERBATIM
from datalabel.formats.yolo.dataset import Dataset, numbers_of
from datalabel.formats.yolo.geometry import Floats, Ints, Shapes, fractions, pixels
from datalabel.formats.yolo.lines import Parsed, parse
from datalabel.formats.yolo.spelling import Spelling
from datalabel.formats.yolo.text import FileText
from datalabel.labels.tables import table_of

MAX_LINE = 4 << 20


class Lines:
    """Lines of several files that are parsed together: `owners` are the mentions of their files, `numbers` their
    numbers in them. `unread` are files that cannot be read, and why."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.owners = array("i")
        self.numbers = array("i")
        self.characters = 0
        self.unread: list[tuple[int, str]] = []

    def add(self, row: int, file: FileText) -> None:
        """The lines of one file, which is mention `row`."""
        self.texts += file.lines
        self.owners.extend([row] * len(file.lines))
        self.numbers.extend(file.numbers)
        self.characters += sum(map(len, file.lines))


@dataclass(frozen=True, slots=True)
class Meaning:
    """What lines mean. `sizes` are width and height of the image of each mention; without a `spelling` the lines
    tell what it is."""

    dataset: Dataset
    sizes: Floats
    spelling: Spelling | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What is in lines: the sound ones, labels of them, and what is wrong with the others, by index and in order."""

    lines: Lines
    parsed: Parsed
    labels: pa.Table
    faults: list[tuple[int, str]]
    spelling: Spelling

    def owners(self, indexes: Ints) -> Ints:
        """The mentions of these lines."""
        return np.asarray(self.lines.owners, np.int64)[indexes]

    def all_faults(self) -> Iterator[tuple[int, int, str]]:
        """What is wrong with files (line 0) and lines, by mention and number, in order."""
        owners, numbers = self.lines.owners, self.lines.numbers
        of_lines = [(owners[index], numbers[index], what) for index, what in self.faults]
        yield from sorted([(row, 0, what) for row, what in self.lines.unread] + of_lines)


def read_lines(lines: Lines, meaning: Meaning) -> Found:
    """Turn lines into columns."""
    faults: list[tuple[int, str]] = []
    dataset = meaning.dataset
    parsed = parse(lines.texts, dataset, lambda index, what: faults.append((index, what)), MAX_LINE)
    owners = np.asarray(lines.owners, np.int64)
    mentions = owners[parsed.which]
    sizes = meaning.sizes[mentions]
    columns = _columns(parsed, pixels(parsed.rows, sizes[:, 0], sizes[:, 1]), dataset)
    computed = _fractions(parsed, columns, sizes, dataset)
    spelling = meaning.spelling or Spelling.common(parsed, computed)
    spelled = spelling.lines(_usual_numbers(parsed.classes, dataset), computed, parsed.confidence, sizes)
    texts = pa.array(lines.texts, pa.string()).take(pa.array(parsed.which))
    ranks = parsed.which - np.searchsorted(owners, mentions)
    cells = {**columns, "mention": mentions, "rank": ranks, "extra": _verbatim(spelled, texts)}
    return Found(lines, parsed, table_of(cells, READ_LABELS), faults, spelling)


def _columns(parsed: Parsed, shapes: Shapes, dataset: Dataset) -> dict[str, Any]:
    distinct, at = np.unique(parsed.classes, return_inverse=True)
    names = pa.array([dataset.classes.get(number, "") for number in distinct.tolist()], pa.string())
    return {
        "class": names.take(pa.array(at)),
        "kind": shapes.kinds,
        **{name: shapes.bounds[:, side] for side, name in enumerate("xywh")},
        "coords": shapes.coords,
        "parts": shapes.parts,
        "confidence": pa.array(parsed.confidence, from_pandas=True),
    }


def _fractions(parsed: Parsed, columns: dict[str, Any], sizes: Floats, dataset: Dataset) -> Any:
    """The numbers of lines as they follow from columns."""
    table = table_of({**columns, "mention": np.zeros(len(parsed), np.int32)}, READ_LABELS)
    return fractions(table, parsed.rows.codes, dataset.points or (0, 3), sizes[:, 0], sizes[:, 1])


def _verbatim(spelled: pa.StringArray, lines: pa.StringArray) -> pa.StringArray:
    """The lines that would be spelled otherwise from their columns, as `extra`."""
    extra = np.full(len(lines), None, object)
    for row in np.flatnonzero(pc.not_equal(spelled, lines).to_numpy(zero_copy_only=False)).tolist():
        extra[row] = json.dumps({VERBATIM: lines[row].as_py()}, ensure_ascii=False)
    return pa.array(extra, pa.string())


def _usual_numbers(classes: Ints, dataset: Dataset) -> Ints:
    """Of classes with the same name, the number that is written for a new label."""
    usual, named = numbers_of(dataset.classes), dataset.classes
    distinct, at = np.unique(classes, return_inverse=True)
    return np.array([usual.get(named.get(one, ""), one) for one in distinct.tolist()], np.int64)[at]
