"""Annotations read by processes beside this one: the same is found, whatever these come upon."""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from coco_files import document, faults, read

from datalabel.formats.base import Read
from datalabel.formats.coco import chunks
from datalabel.labels import rle
from datalabel.processes import Workers

NUMBER = 300
"""Annotations, in some sixty chunks."""

MASK = rle.encode(np.array([50, 50, 100]))


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[memoryview]:
    """What other processes answer, from here on: a small file is read as a large one is."""
    found: list[memoryview] = []
    ask = Workers.ask

    def noting(self: Workers, question: bytes) -> memoryview:
        found.append(ask(self, question))
        return found[-1]

    monkeypatch.setattr(Workers, "ask", noting)
    monkeypatch.setattr(chunks, "CHUNK_BYTES", 1000)
    monkeypatch.setattr(chunks, "number_of_workers", lambda: 2)
    return found


def many() -> dict[str, Any]:
    """Boxes, polygons and masks, some spelled as no other is, and extra fields of which one comes seldom."""
    rows: list[dict[str, Any]] = [
        {
            "id": place + 1,
            "image_id": 1 + place % 2,
            "bbox": [place % 7, 1.5, 3, 4],
            "area": 12,
            "iscrowd": 0,
            "note": None if place % 3 else f"Nº {place}",
        }
        for place in range(NUMBER)
    ]
    for place in range(0, NUMBER, 5):
        rows[place]["segmentation"] = [[1, 2, 3.25, 4, 5, place]]
    for place in range(1, NUMBER, 25):
        rows[place]["segmentation"] = {"counts": MASK, "size": [10, 20]}
        rows[place]["category_id"] = 7.0
    return document(*rows)


def alone(monkeypatch: pytest.MonkeyPatch, path: Path, value: Any) -> Read:
    """What one process reads."""
    with monkeypatch.context() as patch:
        patch.setattr(chunks, "number_of_workers", lambda: 0)
        return read(path, value)


def same(one: Read, other: Read) -> bool:
    """Whether both say the same, in the same order."""
    return (
        one.header == other.header
        and one.mentions.equals(other.mentions)
        and one.labels.equals(other.labels)
        and one.remarks == other.remarks
        and (one.wordings is None) == (other.wordings is None)
    )


def test_other_processes_read_what_one_reads(
    monkeypatch: pytest.MonkeyPatch, answers: list[memoryview], tmp_path: Path
) -> None:
    path, value = tmp_path / "labels.json", many()
    before = alone(monkeypatch, path, value)
    assert answers == []
    assert same(read(path, value), before)
    assert before.labels.num_rows == NUMBER
    assert len(answers) > 10
    assert all(map(len, answers))


def test_real_labels_are_read_alike(
    monkeypatch: pytest.MonkeyPatch, answers: list[memoryview], shared_data: Path, tmp_path: Path
) -> None:
    file = shared_data / "taco" / "001_2019-06-09_56bdab8.json.gz"
    data = gzip.decompress(file.read_bytes())
    monkeypatch.setattr(chunks, "CHUNK_BYTES", 20_000)
    path = tmp_path / "labels.json"
    assert same(read(path, data), alone(monkeypatch, path, data))
    assert len(answers) > chunks.MANY


def _new_field(rows: list[dict[str, Any]]) -> None:
    rows[150]["seen_by"] = "Ada"
    rows[151] = {"seen_by": "Ben", "also": 1, **rows[151]}
    rows[250]["later"] = []


def _name_for_no_struct(rows: list[dict[str, Any]]) -> None:
    rows[150]['a "quoted" name'] = 1


def _large_number(rows: list[dict[str, Any]]) -> None:
    rows[150]["bbox"][0] = 2**60


SEEN_LATE: dict[str, Callable[[list[dict[str, Any]]], None]] = {
    "fields that the beginning does not have": _new_field,
    "a field whose name is odd": _name_for_no_struct,
    "a number that is no double": _large_number,
}


@pytest.mark.parametrize("what", SEEN_LATE)
def test_what_only_a_later_label_tells(
    what: str, monkeypatch: pytest.MonkeyPatch, answers: list[memoryview], tmp_path: Path
) -> None:
    path, value = tmp_path / "labels.json", many()
    SEEN_LATE[what](value["annotations"])
    assert same(read(path, value), alone(monkeypatch, path, value))
    assert any(map(len, answers))


def test_faults_are_told_as_one_process_tells_them(
    monkeypatch: pytest.MonkeyPatch, answers: list[memoryview], tmp_path: Path
) -> None:
    path, value = tmp_path / "labels.json", many()
    rows = value["annotations"]
    rows[150]["bbox"] = [1, 2]
    rows[151]["category_id"] = 99
    rows[290]["segmentation"] = {"counts": MASK, "size": [3, 3]}
    text = json.dumps(value).replace('{"id": 201,', '{"id": 201, "iscrowd": 0,').encode()
    with monkeypatch.context() as patch:
        patch.setattr(chunks, "number_of_workers", lambda: 0)
        told = faults(path, text)
    assert len(told) == 4
    assert faults(path, text) == told
    assert any(map(len, answers))
    assert not all(map(len, answers))


def test_endless_different_fields_are_refused(answers: list[memoryview], tmp_path: Path) -> None:
    value = many()
    for place, row in enumerate(value["annotations"][100:]):
        row |= {f"{place} {number}": 1 for number in range(10)}
    (told,) = faults(tmp_path / "labels.json", value)
    assert "annotations from number" in told
    assert told.endswith("more than 1,000 different fields")
    assert any(map(len, answers))


def test_a_process_that_dies_is_done_without(
    monkeypatch: pytest.MonkeyPatch, answers: list[memoryview], tmp_path: Path
) -> None:
    path, value = tmp_path / "labels.json", many()
    before = alone(monkeypatch, path, value)
    ask = Workers.ask

    def killing(self: Workers, question: bytes) -> memoryview:
        if len(answers) >= 5:
            for worker in self._all:
                worker._process.kill()
        return ask(self, question)

    monkeypatch.setattr(Workers, "ask", killing)
    assert same(read(path, value), before)
    assert 5 <= len(answers) < 10  # what is under way is answered


def test_without_another_process_this_one_reads(
    monkeypatch: pytest.MonkeyPatch, answers: list[memoryview], tmp_path: Path
) -> None:
    path, value = tmp_path / "labels.json", many()
    before = alone(monkeypatch, path, value)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    assert same(read(path, value), before)
    assert answers == []
