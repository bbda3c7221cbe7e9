"""Small worlds for agreement: who saw what, and what each drew."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from rows import rows_of

from datalabel.labels.tables import LABELS
from datalabel.quality.agreement import AgreementBuilder
from datalabel.quality.results import Agreement
from datalabel.quality.sides import COLUMNS

Row = dict[str, Any]


def box(item: str, annotator: str, name: str = "cat", at: float = 0.0, **cells: Any) -> Row:
    """A box of 10 × 10 pixels, so far from the left."""
    geometry = {"kind": "box", "x": float(at), "y": 0.0, "w": 10.0, "h": 10.0}
    return {"item": item, "annotator": annotator, "class": name, **geometry, **cells}


def labels_of(rows: Sequence[Row]) -> pa.Table:
    """Labels with the ids 1, 2, …, by item."""
    numbered = [{"rank": place, "id": place, **row} for place, row in enumerate(rows, start=1)]
    numbered.sort(key=lambda row: str(row["item"]))
    return rows_of(numbered, LABELS).select(COLUMNS)


def seen_of(pairs: Iterable[tuple[str, str]]) -> pa.Table:
    """Who saw what: pairs of item and annotator."""
    rows = sorted(pairs)
    columns = [pa.array([row[side] for row in rows], pa.string()) for side in (0, 1)]
    return pa.table(dict(zip(("item", "annotator"), columns, strict=True)))


def agreement(
    rows: Sequence[Row], seen: Iterable[tuple[str, str]] = (), iou: float = 0.5, resamples: int = 50
) -> Agreement:
    """What these labels agree about; who drew something saw it."""
    builder = AgreementBuilder(iou, resamples=resamples)
    builder.add(labels_of(rows), seen_of(seen))
    return builder.result()


def coded(values: Mapping[str, str]) -> list[Row]:
    """Reliability data as labels: per observer one character a unit, `.` where they gave no value."""
    return [
        box(f"{unit:02}", observer, name)
        for observer, line in values.items()
        for unit, name in enumerate(line.replace(" ", ""))
        if name != "."
    ]


def random_rows(
    seed: int, items: int = 6, people: str = "abcd", *, apart: float = 12.0, jitter: float = 1.5
) -> tuple[list[Row], list[tuple[str, str]]]:
    """Jittered boxes by people who each saw some items and missed some objects; and who saw what."""
    random = np.random.default_rng(seed)
    rows: list[Row] = []
    seen: list[tuple[str, str]] = []
    for item in (f"{number}.jpg" for number in range(items)):
        places = random.permutation(4)[: int(random.integers(0, 4))] * apart
        for person in people:
            if random.random() < 0.2:
                continue
            seen.append((item, person))
            rows += [
                box(item, person, str(random.choice(["cat", "dog"])), place + float(random.normal(0, jitter)))
                for place in places
                if random.random() < 0.8
            ]
    return rows, seen
