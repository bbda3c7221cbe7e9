"""A commit measures what it brings; checks and statistics say the same with what was measured and without it."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

import pyarrow.compute as pc
import pytest
from pictures import write_coco

from datalabel.repository.check.checking import CheckOptions, check_view
from datalabel.repository.report.statistics import stats_of
from datalabel.repository.repository import Repository


def measures(repo: Repository) -> list[Path]:
    return [path for path in (repo.root / ".dlabel" / "measures").rglob("*") if path.is_file()]


def without_measures(repo: Repository) -> None:
    """Take away what was measured, and a place for more."""
    shutil.rmtree(repo.root / ".dlabel" / "measures")
    (repo.root / ".dlabel" / "measures").touch()


@pytest.mark.parametrize("revision", [1, 5])
def test_taco_is_judged_the_same(shared_data: Path, repo: Repository, revision: int) -> None:
    (packed,) = (shared_data / "taco").glob(f"{revision:03}_*.json.gz")
    (repo.root / "taco.json").write_bytes(gzip.decompress(packed.read_bytes()))
    repo.add("taco.json")
    repo.commit("published")
    view = repo.view()
    (table,) = view.tree.sets
    plain = view.store.tables.read(view.label_table(table), ["plain"]).column("plain")
    assert plain.null_count == 0
    assert pc.mean(plain).as_py() > 0.5
    found, counted = check_view(view, CheckOptions()), stats_of(view)
    without_measures(repo)
    assert check_view(repo.view(), CheckOptions()) == found
    assert stats_of(repo.view()) == counted
    assert measures(repo) == []


def test_a_commit_measures_what_it_brings(labelled: Repository) -> None:
    assert len(measures(labelled)) == 1
    write_coco(labelled.root / "labels.json", {"images/a.jpg": [("cat", 1, 2, 10, 12)]})
    labelled.add("labels.json")
    assert len(measures(labelled)) == 1
    labelled.commit("second")
    assert len(measures(labelled)) == 2


def test_a_look_at_some_rules_or_items_measures_nothing(labelled: Repository) -> None:
    without_measures(labelled)
    (labelled.root / ".dlabel" / "measures").unlink()
    check_view(labelled.view(), CheckOptions(["S101"]))
    check_view(labelled.view(), CheckOptions(narrow="images/a.jpg".__eq__))
    stats_of(labelled.view())
    assert measures(labelled) == []
    check_view(labelled.view(), CheckOptions(["G", "D"]))
    assert len(measures(labelled)) == 1
