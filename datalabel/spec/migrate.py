"""Applying the steps of a migration to labels, over columns. Ids never change."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from datalabel.content import canonical_json
from datalabel.labels.properties import properties_in
from datalabel.labels.rows import replaced, with_column
from datalabel.spec.migration import (
    DeleteClasses,
    DeleteProperties,
    MapOptions,
    Name,
    Redraw,
    RenameClasses,
    RenameProperties,
    SplitClass,
    Step,
)
from datalabel.spec.properties import option_of
from datalabel.spec.redraw import redrawn

Bools = npt.NDArray[np.bool_]
Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a step made of labels. `touched` and `kept` are about the rows that went in; what came out are the
    kept ones, in their order. `counts` says in words what happened to how many, `left` what could not."""

    labels: pa.Table
    touched: Bools
    kept: Bools
    counts: Mapping[str, int] = field(default_factory=dict)
    left: Mapping[str, int] = field(default_factory=dict)


def apply_step(step: Step, labels: pa.Table) -> Outcome:
    """One step over a batch of labels (schema `LABELS`). Costs the columns it changes, and one look at every
    distinct value of properties."""
    match step:
        case RenameClasses(pairs):
            return _rename(labels, {old.text: new.text for old, new in pairs})
        case DeleteClasses(names):
            return _delete(labels, names)
        case SplitClass():
            return _split(labels, step)
        case Redraw():
            return _redraw(labels, step)
        case RenameProperties(classes, pairs):
            return _rename_properties(labels, classes, {old.text: new.text for old, new in pairs})
        case DeleteProperties(classes, names):
            gone = {name.text for name in names}
            return _revalued(labels, classes, lambda one: {k: v for k, v in one.items() if k not in gone})
        case MapOptions(classes, name, pairs):
            meant = {old.text: new.text if new else None for old, new in pairs}
            return _revalued(labels, classes, lambda one: _mapped(one, name.text, meant))


# Classes


def _rename(labels: pa.Table, names: Mapping[str, str]) -> Outcome:
    known, codes = _encoded(labels.column("class"))
    new = [names.get(name, name) for name in known]
    touched = np.array([one != other for one, other in zip(known, new, strict=True)], np.bool_)[codes]
    numbers = np.bincount(codes, minlength=len(known)).tolist()
    counts = {
        f"{old} → {name}": many for old, name, many in zip(known, new, numbers, strict=True) if old != name
    }
    changed = with_column(labels, "class", pa.array(new, pa.string()).take(pa.array(codes)))
    return Outcome(changed, touched, _all(labels), counts)


def _delete(labels: pa.Table, names: Iterable[Name]) -> Outcome:
    gone = _of_classes(labels, tuple(names))
    counted = labels.column("class").filter(pa.array(gone)).value_counts()
    counts = {f"{one['values']} deleted": one["counts"] for one in counted.to_pylist()}
    return Outcome(labels.filter(pa.array(~gone)), gone, ~gone, counts)


def _split(labels: pa.Table, step: SplitClass) -> Outcome:
    mine = _of_classes(labels, (step.name,))
    options = tuple(value.text for value, _ in step.into)
    targets = {value.text: name.text for value, name in step.into}
    texts, codes = _texts(labels, mine)
    found = [option_of(options, (properties_in(text) or {}).get(step.by.text)) for text in texts]
    rest = step.rest.text if step.rest else step.name.text
    new = [targets[one] if one is not None else rest for one in found]
    counts: dict[str, int] = {}
    left: dict[str, int] = {}
    for one, name, many in zip(found, new, np.bincount(codes, minlength=len(texts)).tolist(), strict=True):
        if one is None and step.rest is None:
            told, words = (
                left,
                f"{step.name}: {step.by} is none of {', '.join(options)}, and there is no `else`",
            )
        else:
            told, words = counts, f"{step.name} → {name}"
        told[words] = told.get(words, 0) + many
    classes = pa.array(new, pa.string()).take(pa.array(codes))
    changed = with_column(labels, "class", _replaced(labels.column("class"), mine, classes))
    touched = mine.copy()
    touched[mine] = np.array([name != step.name.text for name in new], np.bool_)[codes]
    return Outcome(changed, touched, _all(labels), counts, left)


# Kinds


def _redraw(labels: pa.Table, step: Redraw) -> Outcome:
    mine = _of_classes(labels, step.classes) & np.asarray(pc.equal(labels.column("kind"), step.old.text))
    rows = np.flatnonzero(mine)
    part, able = redrawn(labels.take(pa.array(rows)), step.old.text, step.new.text)
    touched = np.zeros(labels.num_rows, np.bool_)
    touched[rows[able]] = True
    stuck = int((~able).sum())
    left = {f"{step.old}s without a geometry that could be a {step.new}": stuck} if stuck else {}
    changed = replaced(labels, rows[able], part.filter(pa.array(able)))
    return Outcome(changed, touched, _all(labels), {f"{step.old} → {step.new}": int(able.sum())}, left)


# Properties


def _rename_properties(labels: pa.Table, classes: tuple[Name, ...], names: Mapping[str, str]) -> Outcome:
    """Where two different values would get one name, the label keeps its properties as they were."""

    def renamed(given: Values) -> Values:
        if _clash(given, names):
            return given
        return {names.get(name, name): value for name, value in given.items()}

    return _revalued(labels, classes, renamed, lambda given: _clash(given, names))


def _clash(given: Values, names: Mapping[str, str]) -> str | None:
    """In words, which properties would get one name and have different values."""
    together: dict[str, list[str]] = {}
    for name in given:
        together.setdefault(names.get(name, name), []).append(name)
    for several in together.values():
        if len({json.dumps(given[name], sort_keys=True) for name in several}) > 1:
            return f"{' and '.join(sorted(several))} have different values"
    return None


def _mapped(given: Values, name: str, meant: Mapping[str, str | None]) -> Values:
    """One property through a map of its options; a member of a list that has come twice stays once."""
    value, options = given.get(name), tuple(meant)
    members = value if isinstance(value, list) else [value]
    found = [(member, option_of(options, member)) for member in members]
    if all(option is None for _, option in found):
        return given
    told = [member if option is None else meant[option] for member, option in found]
    new = [json.loads(text) for text in dict.fromkeys(json.dumps(one) for one in told if one is not None)]
    if isinstance(value, list):
        return {**given, name: new}
    return {**given, name: new[0]} if new else {key: one for key, one in given.items() if key != name}


def _revalued(
    labels: pa.Table,
    classes: tuple[Name, ...],
    change: Callable[[Values], Values],
    fault: Callable[[Values], str | None] = lambda _: None,
) -> Outcome:
    """The properties of some classes changed, every distinct value once; `fault` says why one cannot be.
    What is no JSON object stays."""
    mine = _of_classes(labels, classes)
    texts, codes = _texts(labels, mine)
    new: list[str | None] = []
    left: dict[str, int] = {}
    for text, many in zip(texts, np.bincount(codes, minlength=len(texts)).tolist(), strict=True):
        given = properties_in(text) or {}
        changed = change(given)
        new.append(text if changed == given else _encoded_text(changed))
        words = fault(given)
        if words is not None:
            left[words] = left.get(words, 0) + many
    touched = mine.copy()
    touched[mine] = np.array([a != b for a, b in zip(texts, new, strict=True)], np.bool_)[codes]
    column = pa.array(new, pa.string()).take(pa.array(codes))
    table = with_column(labels, "properties", _replaced(labels.column("properties"), mine, column))
    return Outcome(table, touched, _all(labels), {}, left)


def _encoded_text(value: Values | None) -> str | None:
    return canonical_json(value).decode() if value else None


# Columns


def _all(labels: pa.Table) -> Bools:
    return np.ones(labels.num_rows, np.bool_)


def _of_classes(labels: pa.Table, classes: tuple[Name, ...]) -> Bools:
    """The rows of these classes; of all when none are named."""
    if not classes:
        return _all(labels)
    names = pa.array([one.text for one in classes], pa.string())
    return np.asarray(pc.is_in(labels.column("class"), value_set=names))


def _encoded(column: pa.ChunkedArray) -> tuple[list[Any], npt.NDArray[np.int64]]:
    """The distinct texts of a column, null among them, and for each row the position of its own."""
    whole = column.combine_chunks().dictionary_encode(null_encoding="encode")
    return whole.dictionary.to_pylist(), np.asarray(whole.indices.to_numpy()).astype(np.int64)


def _texts(labels: pa.Table, mine: Bools) -> tuple[list[str | None], npt.NDArray[np.int64]]:
    return _encoded(labels.column("properties").filter(pa.array(mine)))


def _replaced(column: pa.ChunkedArray, mine: Bools, values: pa.Array) -> pa.ChunkedArray:
    return pc.replace_with_mask(column.combine_chunks(), pa.array(mine), values)
