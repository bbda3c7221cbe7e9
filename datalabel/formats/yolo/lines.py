"""Label lines as columns of numbers: every line of many files at once, and what is wrong with them.

A line is `class` and then, by the task: `cx cy w h` (detect); `x1 y1 x2 y2 x3 y3 …` (segment);
`cx cy w h` and `x y` or `x y v` per keypoint (pose); `x1 y1 … x4 y4` (obb). One column more is the confidence
of a prediction: a sixth after a box, or the odd one out after the points of a polygon.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from datalabel.formats.yolo.dataset import Dataset
from datalabel.formats.yolo.geometry import BOX, KEYPOINTS, POLYGON, ROTATED, Bools, Floats, Ints, Rows

_NUMBER = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"
_CLASS = r"[0-9]{1,9}"
"""How a class number is spelled, but for floats that are whole."""
_SPELLED_OTHERWISE = re.compile(r"[+-]?(nan|inf|infinity)", re.IGNORECASE)
_WITH_COMMA = re.compile(r"[+-]?[0-9]*,[0-9]+([eE][+-]?[0-9]+)?")
MAX_CHARACTERS = 400
"""The longest number; sixteen digits are all that a float holds."""
MAX_VALUE = 1e15
CLASSES = 1e9
"""Class numbers are below this."""

FaultAt = Callable[[int, str], None]
"""Notes what is wrong with the line of this index."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """The sound ones among some lines: `which` they are, class numbers, numbers, confidence (NaN: none)."""

    which: Ints
    classes: Ints
    rows: Rows
    confidence: Floats
    tokens: pa.ListArray

    def __len__(self) -> int:
        return len(self.which)


def parse(texts: Sequence[str], dataset: Dataset, fault: FaultAt, longest: int | None = None) -> Parsed:
    """Parse lines; each that is unsound, or has more than `longest` characters, is noted once, in order."""
    found: dict[int, str] = {}
    if longest is not None and max(map(len, texts), default=0) > longest:
        long = [row for row, text in enumerate(texts) if len(text) > longest]
        found |= dict.fromkeys(long, f"has more than {longest:,} characters")
        texts = ["0" if row in found else text for row, text in enumerate(texts)]
    tokens = pc.ascii_split_whitespace(pc.ascii_trim_whitespace(pa.array(texts, pa.string())))
    _check_spelling(tokens, found)
    lengths = pc.list_value_length(tokens).to_numpy() - 1
    codes, scored = _kinds(lengths, dataset)
    for row in np.flatnonzero(codes < 0).tolist():
        found.setdefault(row, _wrong_length(int(lengths[row]) + 1, dataset))
    which = _sound(len(texts), found)
    kept = tokens.take(pa.array(which))
    classes, values, starts = _numbers(kept)
    _check_classes(classes, which, dataset, found)
    _check_values(values, starts, scored[which], which, found, lengths)
    for row in sorted(found):
        fault(row, found[row])
    good = ~np.isin(which, list(found))
    return _parsed(which, classes, codes[which], scored[which], values, starts, good, kept, dataset)


def _sound(size: int, found: dict[int, str]) -> Ints:
    sound = np.ones(size, np.bool_)
    sound[list(found)] = False
    return np.flatnonzero(sound)


def _check_spelling(tokens: pa.ListArray, found: dict[int, str]) -> None:
    flat = tokens.flatten()
    offsets = tokens.offsets.to_numpy()
    first = np.zeros(len(flat), np.bool_)
    first[offsets[:-1]] = True
    numeric = pc.and_(
        pc.match_substring_regex(flat, f"^{_NUMBER}$"),
        pc.less_equal(pc.binary_length(flat), MAX_CHARACTERS),
    )
    good = np.where(first, _bools(pc.match_substring_regex(flat, f"^{_CLASS}$")), _bools(numeric))
    floats = np.flatnonzero(first & ~good & _bools(numeric))
    classes = pc.cast(flat.take(pa.array(floats)), pa.float64()).to_numpy()
    good[floats] = (classes == np.floor(classes)) & (classes >= 0) & (classes < CLASSES)
    for place in np.flatnonzero(~good).tolist():
        row = int(np.searchsorted(offsets, place, "right")) - 1
        if row not in found:
            found[row] = _misspelled(flat[place].as_py(), bool(first[place]), place - int(offsets[row]) + 1)


def _misspelled(text: str, is_class: bool, column: int) -> str:
    shown = f'"{text[:40]}{"…" if len(text) > 40 else ""}"'
    if is_class:
        return f"the class number is {shown}, not a whole number"
    if len(text) > MAX_CHARACTERS:
        return f"column {column} has more than {MAX_CHARACTERS} characters"
    if _WITH_COMMA.fullmatch(text):
        return f"column {column} is {shown}: decimals are written with a point, not a comma"
    if _SPELLED_OTHERWISE.fullmatch(text):
        return f"column {column} is {shown}, not a finite number"
    return f"column {column} is {shown}, not a number"


def _kinds(lengths: Ints, dataset: Dataset) -> tuple[npt.NDArray[np.int8], Bools]:
    """What each line is by how many numbers follow its class (-1: nothing), and whether the last one is a
    confidence."""
    if dataset.task == "pose":
        count, dims = dataset.points or (0, 3)
        return _exactly(lengths, KEYPOINTS, 4 + count * dims)
    if dataset.task == "obb":
        return _exactly(lengths, ROTATED, 8)
    codes, scored = _exactly(lengths, BOX, 4)
    if dataset.task != "detect":
        polygons = lengths >= 6
        codes[polygons] = POLYGON
        scored |= polygons & (lengths % 2 == 1)
    return codes, scored


def _exactly(lengths: Ints, code: int, wanted: int) -> tuple[npt.NDArray[np.int8], Bools]:
    scored = lengths == wanted + 1
    return np.where((lengths == wanted) | scored, code, -1).astype(np.int8), scored


def _wrong_length(columns: int, dataset: Dataset) -> str:
    found = f"has {columns} column{'s' * (columns != 1)}"
    if dataset.task == "pose":
        count, dims = dataset.points or (0, 3)
        return (
            f"{found}; {count} keypoints of {dims} numbers need {5 + count * dims}, "
            f"or {6 + count * dims} with a confidence"
        )
    if dataset.task == "obb":
        return f"{found}; a rotated box needs 9 (class and four corners), or 10 with a confidence"
    box = "a box needs 5 (class, x, y, width, height), or 6 with a confidence"
    polygon = "" if dataset.task == "detect" else "; a polygon needs 7 or more (class and three points)"
    return f"{found}; {box}{polygon}"


def _numbers(tokens: pa.ListArray) -> tuple[Ints, Floats, Ints]:
    """Class numbers, all other numbers end to end, and where those of each line begin."""
    flat = tokens.flatten()
    lengths = pc.list_value_length(tokens).to_numpy().astype(np.int64)
    starts = np.concatenate(([0], np.cumsum(lengths)))
    first = np.zeros(len(flat), np.bool_)
    first[starts[:-1]] = True
    classes = pc.cast(flat.filter(pa.array(first)), pa.float64()).to_numpy().astype(np.int64)
    values = pc.cast(flat.filter(pa.array(~first)), pa.float64()).to_numpy()
    return classes, values, starts - np.arange(len(starts))


def _check_classes(classes: Ints, which: Ints, dataset: Dataset, found: dict[int, str]) -> None:
    if not dataset.classes:
        return
    unnamed = ~np.isin(classes, list(dataset.classes))
    for place in np.flatnonzero(unnamed).tolist():
        last = max(dataset.classes)
        known = f"{dataset.sources[0]} names {min(dataset.classes)} to {last}" if dataset.sources else ""
        found[int(which[place])] = f"class number {classes[place]} has no name; {known}"


def _check_values(
    values: Floats, starts: Ints, scored: Bools, which: Ints, found: dict[int, str], lengths: Ints
) -> None:
    large = np.flatnonzero(~(np.abs(values) <= MAX_VALUE))
    for row in np.unique(np.searchsorted(starts, large, "right") - 1).tolist():
        found.setdefault(int(which[row]), "has a number that is too large")
    rows = np.flatnonzero(scored)
    last = values[starts[rows + 1] - 1]
    for row, value in zip(rows[(last < 0) | (last > 1)], last[(last < 0) | (last > 1)], strict=True):
        line = int(which[row])
        columns = int(lengths[line]) + 1
        what = f"has {columns} columns, and the last is no confidence: {value:g} is not in 0..1"
        found.setdefault(line, what)


def _parsed(
    which: Ints,
    classes: Ints,
    codes: npt.NDArray[np.int8],
    scored: Bools,
    values: Floats,
    starts: Ints,
    good: Bools,
    tokens: pa.ListArray,
    dataset: Dataset,
) -> Parsed:
    owners = np.repeat(np.arange(len(which)), np.diff(starts))
    last = np.zeros(len(values), np.bool_)
    last[starts[1:][scored] - 1] = True
    confidence = np.full(len(which), np.nan)
    confidence[scored] = values[last]
    lengths = (np.diff(starts) - scored)[good]
    rows = Rows(
        codes[good],
        np.concatenate(([0], np.cumsum(lengths))),
        values[~last & good[owners]],
        (dataset.points or (0, 3))[1],
    )
    kept = tokens if good.all() else tokens.filter(pa.array(good))
    return Parsed(which[good], classes[good], rows, confidence[good], kept)


def looks_like_labels(text: str) -> bool:
    """Whether the first line that is not blank could be meant as a label: three numbers after a number, or
    four after a word.

    Decides what a text file is, not whether it is sound: faults in labels must be told from other texts.
    """
    first = next((line for line in text.removeprefix("\ufeff").splitlines() if line.strip()), "")
    tokens = first[:4096].split()
    if not tokens:
        return False
    rest = [_numeric(token) for token in tokens[1:64]]
    return len(rest) >= (3 if _numeric(tokens[0]) else 4) and all(rest)


def _numeric(token: str) -> bool:
    return bool(
        re.fullmatch(_NUMBER, token) or _WITH_COMMA.fullmatch(token) or _SPELLED_OTHERWISE.fullmatch(token)
    )


def _bools(column: pa.Array) -> Bools:
    return np.asarray(column.to_numpy(zero_copy_only=False), np.bool_)
