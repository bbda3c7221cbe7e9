"""Renames told by what items were called before, however often a name was used."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from histories import CAT, DOG, A, B, C, begin, said
from pictures import write_image

from datalabel.repository.repository import Repository


def test_a_removal_after_a_rename_is_a_removal(repo: Repository) -> None:
    begin(repo, {A: [CAT]}, [A])
    repo.mv(A, C)
    repo.commit("moved")
    repo.rm(C)
    repo.commit("removed")
    assert [(one.key, one.change) for one in repo.diff("HEAD~2", "HEAD").items] == [(A, "removed")]
    assert [(one.key, one.change) for one in repo.diff("HEAD~1", "HEAD").items] == [(C, "removed")]
    assert [(one.key, one.change) for one in repo.diff("HEAD~2", "HEAD~1").items] == [(C, "renamed")]


Moves = Sequence[tuple[str, str]]


@pytest.mark.parametrize(
    ("moves", "renamed"),
    [
        ([(B, C), (A, B)], {B: C, A: B}),
        ([(A, C), (C, "d.png")], {A: "d.png"}),
        ([(A, C), (B, A), (C, B)], {A: B, B: A}),
        ([(A, C), (C, A)], {}),
        ([(B, C), (A, B), (B, A), (C, B)], {}),
        ([(A, C), (C, "d.png"), (B, C)], {A: "d.png", B: C}),
    ],
)
def test_a_rename_is_known_when_its_old_name_is_used_again(
    repo: Repository, moves: Moves, renamed: dict[str, str]
) -> None:
    begin(repo, {A: [CAT], B: [DOG]})
    for old, new in moves:
        repo.mv(old, new)
    difference = repo.diff()
    assert difference.renames == renamed
    assert {one.change for one in difference.items} <= {"renamed"}
    assert difference.summary()["sets"] == {}
    assert repo.status().has_staged == bool(renamed)
    repo.commit("moved") if renamed else None
    repo.restore(revision="HEAD", staged=True) if renamed else None
    assert not repo.status().has_staged


def test_a_new_image_under_a_name_that_moved_away_is_new(repo: Repository) -> None:
    begin(repo, {A: [CAT], B: [DOG]})
    repo.mv(A, C)
    write_image(repo.root / A, 9)
    said(repo, {A: [DOG, CAT]}, "more.json")
    repo.add(A, "more.json")
    found = repo.diff()
    assert [(one.key, one.change) for one in found.items] == [(A, "added"), (C, "renamed")]
    counts = found.summary()["sets"]["ground_truth"]
    assert (counts["added"], counts["removed"], counts["changed"]) == (2, 0, 0)
    (narrowed,) = repo.diff("HEAD", "STAGED", [A]).compared("ground_truth")
    assert (len(narrowed.added), len(narrowed.removed)) == (2, 0)
    repo.commit("moved")
    write_image(repo.root / A, 8)
    repo.add(A)
    assert [(one.key, one.change) for one in repo.diff().items] == [(A, "replaced")]
