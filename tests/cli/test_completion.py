"""What the shell offers for revisions, snapshots and sets, asked as bash asks."""

from __future__ import annotations

import pytest
from pictures import write_coco
from terminals import Terminal

import datalabel


def offered(terminal: Terminal, words: str) -> list[str]:
    """The completions of the last of these words."""
    count = str(len(words.split(" ")) - 1)
    done = terminal.dlabel(_DLABEL_COMPLETE="complete_bash", COMP_WORDS=words, COMP_CWORD=count)
    assert done.err == ""
    return done.out.split()


@pytest.fixture
def project(terminal: Terminal) -> Terminal:
    """Two label sets and two snapshots."""
    for name in ("labels.json", "model.json"):
        write_coco(terminal.folder / name, {"a.jpg": [("cat", 1, 2, 10, 10)]})
    with datalabel.init(terminal.folder, name="pets") as repo:
        repo.add("labels.json")
        repo.add("model.json", set="guesses")
        repo.commit("first")
        for name in ("exp-1", "made-2"):
            repo.create_snapshot(name)
    return terminal


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("dlabel diff ma", ["made-2", "main"]),
        ("dlabel diff main ex", ["exp-1"]),
        ("dlabel check --since HE", ["HEAD"]),
        ("dlabel snapshot show ex", ["exp-1"]),
        ("dlabel snapshot delete ma", ["made-2"]),
        ("dlabel agreement --set g", ["ground_truth", "guesses"]),
        ("dlabel export --set gu", ["guesses"]),
    ],
)
def test_the_names_of_a_project_are_offered(project: Terminal, words: str, names: list[str]) -> None:
    assert sorted(offered(project, words)) == names


@pytest.mark.parametrize(
    ("words", "names"),
    [("dlabel diff HE", ["HEAD"]), ("dlabel snapshot show ex", []), ("dlabel agreement --set g", [])],
)
def test_outside_a_project_it_is_silent(terminal: Terminal, words: str, names: list[str]) -> None:
    assert offered(terminal, words) == names
