"""Committing all that changed: what is not committed is not staged either."""

from __future__ import annotations

import pytest
from pictures import write_coco

from datalabel.errors import RefusedError
from datalabel.repository.repository import Repository

STRICT = "project_name: test\ndata_spec: {cat: {box: }, dog: {box: }}\ncheck: {on_commit: error}\n"
MOVED = {"images/a.jpg": [("cat", 3, 2, 10, 10)], "images/b.jpg": [("dog", 5, 5, 20, 20)]}


@pytest.fixture
def strict(labelled: Repository) -> Repository:
    """A project that does not commit errors."""
    (labelled.root / "dlabel.yaml").write_text(STRICT)
    labelled.commit("strict", all_sources=True)
    return labelled


def test_all_that_changed_is_added_and_committed_at_once(strict: Repository) -> None:
    write_coco(strict.root / "labels.json", MOVED)
    (strict.root / "images/c.jpg").unlink()
    done = strict.commit("second", all_sources=True)
    assert done.added is not None
    assert (done.added.changed, done.added.missing) == (True, ("images/c.jpg",))
    assert strict.labels("HEAD").count() == strict.labels("STAGED").count() == 2
    status = strict.status()
    assert (status.has_staged, status.unstaged) == (False, (("images/c.jpg", "deleted"),))
    assert strict.commit("third", all_sources=True).id is None
    assert len(list(strict.log())) == 3


def test_a_refused_commit_leaves_staging_as_it_was(strict: Repository) -> None:
    write_coco(strict.root / "labels.json", {**MOVED, "images/c.jpg": [("bird", 1, 1, 5, 5)]})
    before = strict.project.store.state.read()
    with pytest.raises(RefusedError, match=r"findings that the spec refuses: 1 \(first: images/c\.jpg"):
        strict.commit("second", all_sources=True)
    assert strict.project.store.state.read() == before
    assert strict.status().unstaged == (("labels.json", "modified"),)
    write_coco(strict.root / "labels.json", MOVED)
    assert strict.commit("second", all_sources=True).id is not None


def test_conflicts_leave_staging_as_it_was(strict: Repository) -> None:
    """The file says something else of a label that a repair changed."""
    write_coco(strict.root / "labels.json", {**MOVED, "images/a.jpg": [("cat", 60, 2, 10, 10)]})
    strict.commit("beyond the edge", all_sources=True)
    assert strict.fix().rules
    write_coco(strict.root / "labels.json", {**MOVED, "images/a.jpg": [("cat", 61, 2, 10, 10)]})
    (strict.root / "dlabel.yaml").write_text(STRICT + "# more\n")
    before = strict.project.store.state.read()
    with pytest.raises(RefusedError, match="changed the same labels differently"):
        strict.commit("third", all_sources=True)
    assert strict.project.store.state.read() == before


def test_the_same_labels_spelled_otherwise_are_read_once(strict: Repository) -> None:
    text = (strict.root / "labels.json").read_text()
    (strict.root / "labels.json").write_text(text.replace(",", ", "))
    assert strict.commit("second", all_sources=True).id is None
    assert strict.status().unstaged == ()


def test_what_was_accepted_is_no_reason_to_refuse_a_commit(strict: Repository) -> None:
    write_coco(strict.root / "labels.json", {**MOVED, "images/c.jpg": [("bird", 1, 1, 5, 5)]})
    strict.add("labels.json")
    with pytest.raises(RefusedError):
        strict.commit("second")
    strict.accept("S101", "images/c.jpg", because="birds come next week")
    done = strict.commit("second")
    assert done.id is not None
    assert "S101" not in {one.code for one in done.findings}
    assert strict.report().severities == {"error": 0, "warning": 0, "info": 0}
    write_coco(strict.root / "labels.json", {**MOVED, "images/c.jpg": [("bird", 1, 2, 5, 5)]})
    with pytest.raises(RefusedError):
        strict.commit("moved", all_sources=True)
