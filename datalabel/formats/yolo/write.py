"""Writing YOLO: a source as it came, or sets of labels as a folder for training."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from datalabel.formats.base import VERBATIM, Batch, OutputFile, Selection
from datalabel.formats.yolo.carried import FLIPS, POINT_NAMES, carried
from datalabel.formats.yolo.data_yaml import flips_of, keys_of, new_data_yaml
from datalabel.formats.yolo.geometry import Bools, Floats, Ints, Shapes, fractions, pixels
from datalabel.formats.yolo.lines import parse
from datalabel.formats.yolo.losses import planned
from datalabel.formats.yolo.places import parsed_json, place_in_source, place_in_split
from datalabel.formats.yolo.plan import Plan
from datalabel.formats.yolo.spelling import Spelling
from datalabel.formats.yolo.text import Layout, joined
from datalabel.labels.rows import kept
from datalabel.threads import in_order

PIECE = 512
"""So many items are encoded at a time."""


def output_files(selection: Selection) -> Iterator[OutputFile]:
    """One selection: first what is not labels, then the label files in key order."""
    plan = planned([selection])
    if not plan.own:
        yield _data_yaml(plan, [selection], {"train": "images", "val": "images"})
    for member, text in sorted(plan.files.items()):
        yield OutputFile(member, (text.encode(),))
    yield from _label_files(plan, selection, place_in_source)


def split_files(splits: Sequence[Selection]) -> Iterator[OutputFile]:
    """Several selections: `data.yaml`, then the label files split by split in key order."""
    plan = planned(splits, training=True)
    keys = keys_of([split.name for split in splits])
    yield _data_yaml(plan, splits, {key: f"images/{name}" for name, key in keys.items()})
    for split in splits:
        yield from _label_files(plan, split, place_in_split)


def _items(batch: Batch) -> list[dict[str, Any]]:
    return list(batch.items.select(["item", "name", "number"]).to_pylist())


def _data_yaml(plan: Plan, selections: Sequence[Selection], folders: dict[str, str]) -> OutputFile:
    names = list(plan.dataset.classes.values())
    skeletons = {points for one in selections for points, _ in one.keypoints.values()}
    points = plan.dataset.points
    whole = [one for one in skeletons if points is not None and len(one) == points[0]]
    more, _ = carried(selections[0].headers if selections else (), plan.dataset)
    given, named = more.pop(FLIPS, None), more.pop(POINT_NAMES, {})
    more = {name: value for name, value in more.items() if name not in folders}
    flips = (flips_of(whole[0]) if len(skeletons) == 1 and whole else None) or given
    task = plan.task or "detect"
    text = new_data_yaml(folders, names, task=task, points=points, flips=flips, named=named, more=more)
    return OutputFile("data.yaml", (text.encode(),))


def _label_files(
    plan: Plan, selection: Selection, place: Callable[[Selection, dict[str, Any]], str]
) -> Iterator[OutputFile]:
    encoder = _Encoder(plan, selection)
    pieces = (piece for batch in selection.batches() for piece in batch.pieces(PIECE))
    for batch, texts in in_order(lambda piece: (piece, encoder.texts(piece)), pieces):
        for item, text in zip(_items(batch), texts, strict=True):
            yield OutputFile(place(selection, item), (text.encode(),))


class _Encoder:
    """Encodes the batches of one selection."""

    def __init__(self, plan: Plan, selection: Selection) -> None:
        header = selection.header or {}
        self._plan = plan
        self._spelling = Spelling.of(header.get("spelling", {}))
        self._layout = Layout().but(header.get("layout", {}))

    def texts(self, batch: Batch) -> list[str]:
        """The text of each item's label file."""
        codes = self._plan.codes(batch.labels)
        labels = kept(batch.labels, pa.array(codes >= 0))
        items = pc.index_in(
            labels.column("item"), value_set=batch.items.column("item").combine_chunks()
        ).to_numpy()
        lines = self._lines(labels, codes[codes >= 0], _sizes(batch.items, items))
        counts = np.bincount(items, minlength=batch.items.num_rows)
        offsets = pa.array(np.concatenate(([0], np.cumsum(counts))), pa.int32())
        texts = pc.binary_join(pa.ListArray.from_arrays(offsets, lines), "\n").to_pylist()
        extras = batch.items.column("extra").to_pylist() if self._plan.own else [None] * len(texts)
        keys = batch.items.column("item").to_pylist()
        return [self._laid_out(*one) for one in zip(texts, extras, keys, strict=True)]

    def _laid_out(self, text: str, extra: str | None, key: str) -> str:
        if extra is None and self._layout == Layout():
            return f"{text}\n" if text else ""
        noted = {} if extra is None else parsed_json(extra, key)
        lines = text.split("\n") if text else []
        return joined(lines, noted.get("$blanks", ()), self._layout.but(noted.get("$layout", {})))

    def _lines(self, labels: pa.Table, codes: Any, sizes: Floats) -> pa.StringArray:
        """One line per label."""
        plan = self._plan
        rows = fractions(labels, codes, plan.points, sizes[:, 0], sizes[:, 1])
        classes = labels.column("class").combine_chunks().dictionary_encode()
        named = np.array([plan.numbers[name] for name in classes.dictionary.to_pylist()], np.int64)
        numbers = named[classes.indices.to_numpy()] if len(labels) else np.zeros(0, np.int64)
        confidence = np.full(labels.num_rows, np.nan)
        if plan.confidence:
            confidence = labels.column("confidence").to_numpy().astype(np.float64)
        if not plan.own:
            return Spelling().lines(numbers, rows, confidence, sizes)
        lines = self._spelling.lines(numbers, rows, confidence, sizes)
        exact = self._said(lines, labels, sizes, confidence)[0]
        if not exact.all():
            lines = pc.if_else(pa.array(exact), lines, Spelling().lines(numbers, rows, confidence, sizes))
        return self._verbatim(lines, labels, sizes, confidence)

    def _verbatim(
        self, lines: pa.StringArray, labels: pa.Table, sizes: Floats, confidence: Floats
    ) -> pa.StringArray:
        """The source's own lines instead, where they still say what the columns say. The class may have
        changed: then only its number does."""
        kept = pc.match_substring(labels.column("extra"), VERBATIM)
        rows = np.flatnonzero(pc.fill_null(kept, False).to_numpy())
        if not len(rows):
            return lines
        chosen = labels.take(pa.array(rows))
        written = [
            str(parsed_json(text, None).get(VERBATIM, "")) for text in chosen.column("extra").to_pylist()
        ]
        same, numbers = self._said(pa.array(written, pa.string()), chosen, sizes[rows], confidence[rows])
        names = chosen.column("class").to_pylist()
        texts = lines.to_pylist()
        for at in np.flatnonzero(same).tolist():
            number = self._plan.numbers[names[at]]
            if self._plan.dataset.classes[int(numbers[at])] != names[at]:
                written[at] = re.sub(r"\S+", str(number), written[at], count=1)
            texts[int(rows[at])] = written[at]
        return pa.array(texts, pa.string())

    def _said(
        self, lines: pa.StringArray, labels: pa.Table, sizes: Floats, confidence: Floats
    ) -> tuple[Bools, Ints]:
        """Which lines say what the labels' columns say, but for the class; and the class numbers in them."""
        parsed = parse(lines.to_pylist(), self._plan.dataset, _nobody)
        which = parsed.which
        shapes = pixels(parsed.rows, sizes[which, 0], sizes[which, 1])
        equal = _same_shapes(shapes, labels.take(pa.array(which)))
        said, wanted = parsed.confidence, confidence[which]
        equal &= (said == wanted) | (np.isnan(said) & np.isnan(wanted))
        same, numbers = np.zeros(len(lines), np.bool_), np.zeros(len(lines), np.int64)
        same[which], numbers[which] = equal, parsed.classes
        return same, numbers


def _nobody(row: int, what: str) -> None:
    """Lines that are only tried out need no faults noted."""


def _sizes(items: pa.Table, rows: Ints) -> Floats:
    """Width and height of the image of each label."""
    sides = [items.column(name).to_numpy().astype(np.float64) for name in ("width", "height")]
    return np.asarray(np.column_stack(sides)[rows])


def _same_shapes(shapes: Shapes, labels: pa.Table) -> Bools:
    bounds = np.column_stack([labels.column(name).to_numpy() for name in "xywh"])
    same = np.asarray((shapes.bounds == bounds).all(axis=1))
    same &= np.asarray(pc.equal(shapes.kinds, labels.column("kind").combine_chunks()))
    return same & _same_lists(shapes.coords, labels.column("coords").combine_chunks())


def _same_lists(one: pa.ListArray, other: pa.ListArray) -> Bools:
    lengths, others = (pc.fill_null(pc.list_value_length(each), 0).to_numpy() for each in (one, other))
    same = np.asarray(lengths == others)
    chosen = pa.array(same)
    left, right = (each.filter(chosen).flatten().to_numpy() for each in (one, other))
    owners = np.repeat(np.flatnonzero(same), lengths[same])
    same[owners[left != right]] = False
    return same
