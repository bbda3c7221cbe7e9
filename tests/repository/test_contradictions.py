"""Trees that contradict themselves, made by hand since no verb makes them: `fsck` says how."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa
import pytest
from terminals import Desk

from datalabel.labels.rows import with_column
from datalabel.labels.tables import GROUND_TRUTH
from datalabel.repository.repository import Repository
from datalabel.repository.stage import Stage
from datalabel.repository.upkeep.contradictions import contradictions

A = "images/a.jpg"


@contextmanager
def staging(repo: Repository) -> Iterator[Stage]:
    project = repo.project
    with project.writing("a test") as position:
        stage = Stage.of(project, position)
        yield stage
        stage.save()


def told(repo: Repository) -> list[tuple[str | None, str, int, str]]:
    return [(one.set, one.what, one.rows, one.item) for one in contradictions(repo.project)]


def as_if(rows: pa.Table, name: str, value: str) -> pa.Table:
    return with_column(rows, name, pa.array([value] * rows.num_rows, pa.string()))


@pytest.mark.parametrize(
    ("column", "value", "what"),
    [
        ("item", "ghost.jpg", "labels on items that are not there"),
        ("source", "ghost.json", "labels of sources that are not there"),
        ("source", "preds.json", "labels of sources of another set"),
    ],
)
def test_labels_of_nothing(labelled: Repository, column: str, value: str, what: str) -> None:
    (labelled.root / "preds.json").write_bytes((labelled.root / "labels.json").read_bytes())
    labelled.add("preds.json", model="net")
    labelled.commit("predictions")
    assert told(labelled) == []
    with staging(labelled) as stage:
        rows = stage.read(stage.labels(GROUND_TRUTH), [A])
        stage.put_labels(GROUND_TRUTH, as_if(rows, column, value), [A])
    assert told(labelled) == [(GROUND_TRUTH, what, 2, value if column == "item" else A)]


@pytest.mark.parametrize(
    ("column", "value", "what"),
    [
        ("item", "ghost.jpg", "mentions on items that are not there"),
        ("source", "ghost.json", "mentions of sources that are not there"),
    ],
)
def test_mentions_of_nothing(labelled: Repository, column: str, value: str, what: str) -> None:
    with staging(labelled) as stage:
        rows = stage.read(stage.mentions, [A])
        stage.put_mentions(as_if(rows, column, value), [A])
    assert told(labelled) == [(None, what, 1, value if column == "item" else A)]


def test_an_id_that_two_labels_have(labelled: Repository) -> None:
    with staging(labelled) as stage:
        rows = stage.read(stage.labels(GROUND_TRUTH), [A])
        stage.put_labels(GROUND_TRUTH, as_if(rows, "item", "images/c.jpg"))
    assert told(labelled) == [(GROUND_TRUTH, "labels with the id of another", 2, A)]


def test_a_snapshot_of_one_set_keeps_what_is_said_for_others(labelled: Repository) -> None:
    (labelled.root / "preds.json").write_bytes((labelled.root / "labels.json").read_bytes())
    labelled.add("preds.json", model="net")
    labelled.commit("predictions")
    labelled.create_snapshot("truth", sets=[GROUND_TRUTH])
    assert told(labelled) == []


def test_contradictions_are_damage(labelled: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    with staging(labelled) as stage:
        stage.put_labels(
            GROUND_TRUTH, as_if(stage.read(stage.labels(GROUND_TRUTH), [A]), "item", "ghost.jpg")
        )
    desk = Desk(labelled.root, capsys)
    done = desk.dlabel("fsck")
    assert (done.status, done.out.splitlines()[:2]) == (
        4,
        [
            "contradiction  STAGED, ground_truth: 2 labels on items that are not there (first: ghost.jpg)",
            "contradiction  STAGED, ground_truth: 2 labels with the id of another (first: ghost.jpg)",
        ],
    )
    found = json.loads(desk.dlabel("fsck", "--json").out)["contradictions"]
    assert [one["revision"] for one in found] == ["STAGED", "STAGED"]
    desk.dlabel("restore", "--staged")
    assert desk.dlabel("fsck").status == 0
