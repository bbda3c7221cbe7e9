"""Any verbs in any order: whatever is done, labels agree with the rest of their tree, and nothing is half done."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from pictures import Box, write_coco, write_image

import datalabel
from datalabel.errors import DlabelError
from datalabel.repository.upkeep.contradictions import contradictions
from datalabel.repository.view import View

KEYS = st.sampled_from(
    ["images/a.png", "images/b.png", "images/c.png", "images/sub/a.png", "images/[ab].png", "d.png"]
)
FILES = st.sampled_from(["labels.json", "more.json", "preds.json"])
NAMES = st.sampled_from(["cat", "dog"])
CORNERS = st.integers(1, 5).map(float)
SETS: Mapping[str, Mapping[str, Any]] = {"preds.json": {"model": "net"}, "more.json": {"beside": True}}
VERBS = {"add", "commit", "rm", "mv", "restore", "migrate", "create_snapshot"}
STEPS = st.sampled_from(["steps:\n  - rename: {cat: dog}\n", "steps:\n  - delete: dog\n"])


def count(view: View, name: str) -> int:
    return view.labels(name).count() if name in view.tree.sets else 0


class Histories(RuleBasedStateMachine):
    """One project, and what its label files say. `done` counts the verbs that were not refused, in all of them."""

    done: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="histories-"))
        self.repo = datalabel.init(self.folder / "project", name="test")
        self.said: dict[str, dict[str, list[Box]]] = {}
        self.first = 1
        self.shade = 0
        self.names = 0

    def teardown(self) -> None:
        self.repo.close()
        shutil.rmtree(self.folder)

    @initialize()
    def begin(self) -> None:
        for key in ("images/a.png", "images/b.png", "images/c.png"):
            self._draw(key)
            self.said.setdefault("labels.json", {})[key] = [("cat", 1.0, 1.0, 10.0, 10.0)]
        self._write("labels.json")
        self.repo.add(".")
        self.repo.commit("begin")
        for name, key in (("more.json", "images/a.png"), ("preds.json", "images/b.png")):
            self.said[name] = {key: [("dog", 2.0, 2.0, 10.0, 10.0)]}
            self._write(name)
            self.repo.add(name, **SETS[name])
        self.repo.commit("more of it")

    # What people and their tools do to files

    def _draw(self, key: str) -> None:
        self.shade += 1
        write_image(self.repo.root / key, self.shade)

    def _write(self, name: str) -> None:
        write_coco(self.repo.root / name, self.said.get(name, {}), first=self.first)

    @rule(key=KEYS)
    def draw(self, key: str) -> None:
        self._draw(key)

    @rule(old=KEYS, new=KEYS)
    def copy(self, old: str, new: str) -> None:
        if (self.repo.root / old).is_file() and old != new:
            (self.repo.root / new).parent.mkdir(exist_ok=True, parents=True)
            shutil.copy(self.repo.root / old, self.repo.root / new)

    @rule(key=KEYS)
    def lose(self, key: str) -> None:
        (self.repo.root / key).unlink(missing_ok=True)

    @rule(old=KEYS, new=KEYS)
    def move_by_hand(self, old: str, new: str) -> None:
        if (self.repo.root / old).is_file():
            (self.repo.root / new).parent.mkdir(exist_ok=True, parents=True)
            (self.repo.root / old).rename(self.repo.root / new)

    @rule(name=FILES, key=KEYS, word=NAMES, corner=CORNERS)
    def label(self, name: str, key: str, word: str, corner: float) -> None:
        self.said.setdefault(name, {}).setdefault(key, []).append((word, corner, corner, 10.0, 10.0))
        self._write(name)

    @rule(name=FILES, key=KEYS, word=NAMES)
    def correct(self, name: str, key: str, word: str) -> None:
        boxes = self.said.get(name, {}).get(key, [])
        if boxes:
            boxes[0] = (word, *boxes[0][1:])
            self._write(name)

    @rule(name=FILES, key=KEYS)
    def drop_last(self, name: str, key: str) -> None:
        if self.said.get(name, {}).get(key):
            self.said[name][key].pop()
            self._write(name)

    @rule(name=FILES, key=KEYS)
    def forget(self, name: str, key: str) -> None:
        if self.said.get(name, {}).pop(key, None) is not None:
            self._write(name)

    @rule(name=FILES)
    def number_anew(self, name: str) -> None:
        self.first += 10
        self._write(name)

    # Verbs

    def _attempt(self, name: str, verb: Callable[[], Any]) -> bool:
        """Do it; what is refused must have changed nothing."""
        before = self.repo.project.store.state.read()
        try:
            verb()
        except DlabelError:
            assert self.repo.project.store.state.read() == before
            return False
        self.done[name] += 1
        return True

    @rule()
    def add(self) -> None:
        self._add()

    def _add(self, *paths: str, **options: Any) -> None:
        if self._attempt("add", lambda: self.repo.add(*paths, **options)):
            again = self.repo.add(*paths, **options)
            assert not again.changed or again.has_conflicts

    @rule(key=KEYS)
    def add_image(self, key: str) -> None:
        self._add(key)

    @rule(name=FILES, partial=st.booleans())
    def add_labels(self, name: str, partial: bool) -> None:
        self._add(name, partial=partial, **SETS.get(name, {}))

    @rule(name=FILES, prefer=st.sampled_from(["ours", "theirs"]))
    def decide(self, name: str, prefer: str) -> None:
        self._add(name, prefer=prefer)

    @rule()
    def commit(self) -> None:
        if self._attempt("commit", lambda: self.repo.commit("again")):
            assert not self.repo.status().has_staged

    @rule(path=KEYS | FILES, files=st.booleans())
    def remove(self, path: str, files: bool) -> None:
        self._attempt("rm", lambda: self.repo.rm(path, files=files))

    @rule(old=KEYS, new=KEYS)
    def move(self, old: str, new: str) -> None:
        self._attempt("mv", lambda: self.repo.mv(old, new))

    @rule(old=FILES)
    def move_file(self, old: str) -> None:
        self._attempt("mv", lambda: self.repo.mv(old, "moved.json"))
        self._attempt("mv", lambda: self.repo.mv("moved.json", old))

    @rule(paths=st.lists(KEYS | FILES, min_size=1, max_size=2), revision=st.sampled_from(["HEAD", "HEAD~1"]))
    def unstage(self, paths: list[str], revision: str) -> None:
        self._attempt("restore", lambda: self.repo.restore(*paths, revision=revision, staged=True))

    @rule(revision=st.sampled_from(["HEAD", "HEAD~1"]))
    def unstage_all(self, revision: str) -> None:
        if self._attempt("restore", lambda: self.repo.restore(revision=revision, staged=True)):
            assert self.repo.diff(revision, "STAGED").is_empty

    @rule(path=KEYS | FILES, revision=st.none() | st.just("HEAD~1"))
    def restore(self, path: str, revision: str | None) -> None:
        self._attempt("restore", lambda: self.repo.restore(path, revision=revision, force=True))

    @rule(name=FILES)
    def write_back(self, name: str) -> None:
        """A label file that was written says what is staged."""
        if (
            self._attempt("restore", lambda: self.repo.restore(name, force=True))
            and (self.repo.root / name).exists()
        ):
            before = self._staged()
            self.repo.add(name)
            assert self._staged() == before

    def _staged(self) -> list[Any]:
        view = self.repo.view()
        return [view.labels(name).to_arrow().to_pylist() for name in sorted(view.tree.sets)]

    @rule(steps=STEPS)
    def migrate(self, steps: str) -> None:
        (self.repo.root / "map.yaml").write_text(steps)
        self._attempt("migrate", lambda: self.repo.migrate("map.yaml", allow_unmapped=True))

    @rule()
    def freeze(self) -> None:
        self.names += 1
        self._attempt(
            "create_snapshot", lambda: self.repo.create_snapshot(f"s{self.names}", sets=["ground_truth"])
        )

    # What holds whatever was done

    @invariant()
    def labels_agree_with_themselves(self) -> None:
        assert list(contradictions(self.repo.project)) == []

    @invariant()
    def a_difference_counts_what_differs(self) -> None:
        difference = self.repo.diff()
        for name in ("ground_truth", "net"):
            before, after = (count(view, name) for view in (difference.before, difference.after))
            found = list(difference.compared(name))
            assert after - before == sum(len(one.added) - len(one.removed) for one in found)

    @invariant()
    def status_is_told(self) -> None:
        assert self.repo.status().has_staged or self.repo.diff().is_empty


def verbs_done(examples: int, steps: int) -> set[str]:
    """Go through histories, in which nothing may be wrong; the verbs that did something in any of them."""
    Histories.done.clear()
    run_state_machine_as_test(
        Histories,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
    return set(Histories.done)


def test_some_histories() -> None:
    done = verbs_done(8, 25)
    if done < VERBS:  # Hypothesis leaves some verbs out of each history: those that few left in are in more
        done |= verbs_done(40, 25)
    assert done == VERBS


@pytest.mark.slow
def test_many_histories() -> None:
    assert verbs_done(80, 40) == VERBS
