"""The gate over a project: what a change brought, what is known or accepted, and repairs that stay."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pictures import Box, commit_labels, write_coco, write_image

from datalabel.check.accepted import FILE
from datalabel.errors import InputError, UsageError
from datalabel.repository.check.accepting import accept, load_accepted
from datalabel.repository.check.checking import CheckOptions
from datalabel.repository.check.fixing import fix
from datalabel.repository.check.gating import Gated, GateOptions, gate_revision, write_baseline
from datalabel.repository.repository import Repository

IMAGES: dict[str, list[Box]] = {
    "images/a.jpg": [("cat", 1, 2, 10, 10), ("cat", -4, 2, 10, 10)],
    "images/b.jpg": [("cat", 60, 20, 10, 8)],
    "images/c.jpg": [("dog", 5, 5, 5, 5)],
}


@pytest.fixture
def faulty(repo: Repository) -> Repository:
    """Three images, two of which have a label that reaches out; committed."""
    return commit_labels(repo, IMAGES)


def gate(repo: Repository, revision: str = "STAGED", **options: Any) -> Gated:
    check = CheckOptions(select=["G1"])
    return gate_revision(repo.project, revision, GateOptions(check, **options))


def items(gated: Gated) -> list[str | None]:
    return [one.item for one in gated.checked.findings]


def relabel(repo: Repository, **changes: list[Box]) -> None:
    images = {**IMAGES, **{f"images/{name}.jpg": boxes for name, boxes in changes.items()}}
    write_coco(repo.root / "labels.json", images)
    repo.add("labels.json")


# What a change brought


def test_what_was_true_of_the_whole_set_is_not_new(repo: Repository) -> None:
    for x, brought in ((2, ["I107"]), (3, [])):
        write_coco(repo.root / "labels.json", {key: [("cat", x, 2, 10, 10)] for key in ("a.jpg", "b.jpg")})
        repo.add("labels.json")
        assert [one.code for one in repo.check().findings] == ["I107"]  # none of the images was added
        assert [one.code for one in repo.check(since="HEAD").findings] == brought
        repo.commit("labels first")


def test_a_change_answers_for_what_it_brought_only(faulty: Repository) -> None:
    assert items(gate(faulty)) == ["images/a.jpg", "images/b.jpg"]
    assert items(gate(faulty, since="HEAD")) == []
    relabel(faulty, a=[("cat", 2, 2, 10, 10), ("cat", -4.5, 2, 10, 10)], c=[("dog", -5, 5, 9, 9)])
    brought = gate(faulty, since="HEAD")
    assert items(brought) == ["images/c.jpg"]
    assert (brought.checked.items, brought.checked.labels) == (2, 3)


def test_another_label_with_the_same_fault_is_new(faulty: Repository) -> None:
    relabel(faulty, b=[("cat", 60, 20, 10, 8), ("cat", 60, 2, 10, 8)])
    assert items(gate(faulty, since="HEAD")) == ["images/b.jpg"]


def test_a_fault_that_moves_with_its_image_is_not_new(faulty: Repository) -> None:
    faulty.mv("images/b.jpg", "images/z.jpg")
    assert items(gate(faulty)) == ["images/a.jpg", "images/z.jpg"]
    assert items(gate(faulty, since="HEAD")) == []


def test_a_change_of_the_spec_brings_what_it_makes_wrong(faulty: Repository) -> None:
    (faulty.root / "dlabel.yaml").write_text("project_name: test\ndata_spec: {cat: {box: }}\n")
    faulty.add("dlabel.yaml")
    options = GateOptions(CheckOptions(select=["G1", "S1"]), since="HEAD")
    brought = gate_revision(faulty.project, "STAGED", options)
    assert [(one.code, one.item) for one in brought.checked.findings] == [("S101", "images/c.jpg")]


# Baselines


def test_a_baseline_excuses_what_it_knows_and_tells_what_is_stale(faulty: Repository, tmp_path: Path) -> None:
    file = tmp_path / "baseline.json"
    assert write_baseline(file, gate(faulty))
    assert not write_baseline(file, gate(faulty))
    assert (items(gate(faulty, baseline=file)), gate(faulty, baseline=file).known) == ([], 2)
    relabel(faulty, b=[("cat", 6, 20, 10, 8)], c=[("dog", -5, 5, 9, 9)])
    gated = gate(faulty, baseline=file)
    assert (items(gated), gated.known) == (["images/c.jpg"], 1)
    assert [(mark[0], mark[2]) for mark in gated.stale] == [("G104", "images/b.jpg")]
    assert gate(faulty, baseline=file, since="HEAD").stale == ()


def test_a_baseline_of_another_project_is_refused_and_not_overwritten(
    faulty: Repository, tmp_path: Path
) -> None:
    file = tmp_path / "baseline.json"
    write_baseline(file, replace(gate(faulty), project="potatoes"))
    with pytest.raises(InputError, match="'potatoes', not of 'test'"):
        gate(faulty, baseline=file)
    with pytest.raises(InputError, match="'potatoes', not of 'test'"):
        write_baseline(file, gate(faulty))
    other = tmp_path / "notes.txt"
    other.write_text("mine")
    with pytest.raises(InputError, match="is no baseline"):
        write_baseline(other, gate(faulty))
    assert other.read_text() == "mine"
    with pytest.raises(InputError, match="no such file"):
        gate(faulty, baseline=tmp_path / "nowhere.json")


# Acceptances


def test_an_acceptance_holds_until_the_label_changes(faulty: Repository) -> None:
    done = accept(faulty.project, "g104", "images/b.jpg", None, "cut by the edge")
    assert [(one.code, one.item, one.because) for one in done.acceptances] == [
        ("G104", "images/b.jpg", "cut by the edge")
    ]
    assert (items(gate(faulty)), gate(faulty).accepted) == (["images/a.jpg"], 1)
    assert items(gate(faulty, "HEAD")) == ["images/a.jpg"], "the label is the same there"
    relabel(faulty, b=[("cat", 59, 20, 10, 8)])
    gated = gate(faulty)
    assert items(gated) == ["images/a.jpg", "images/b.jpg"]
    assert [one.item for one in gated.lapsed] == ["images/b.jpg"]


@pytest.mark.parametrize("which", [0, 1])
def test_what_two_labels_do_together_is_accepted_of_both(
    faulty: Repository, tmp_path: Path, which: int
) -> None:
    twice: list[Box] = [("cat", 20, 20, 20, 20), ("dog", 20.5, 20, 20, 20)]
    relabel(faulty, c=twice)
    faulty.commit("two classes")
    check, file = CheckOptions(select=["D102"]), tmp_path / "baseline.json"
    (found,) = gate_revision(faulty.project, "STAGED", GateOptions(check)).checked.findings
    write_baseline(file, gate_revision(faulty.project, "STAGED", GateOptions(check)))
    labels = [found.label, found.other]
    (one,) = accept(
        faulty.project, "D102", "images/c.jpg", labels[which], "a cat in a dog's coat"
    ).acceptances
    assert one.label == found.about
    relabel(faulty, c=twice[::-1])  # the order in the file does not matter,
    assert gate_revision(faulty.project, "STAGED", GateOptions(check, since="HEAD")).checked.findings == ()
    assert gate_revision(faulty.project, "STAGED", GateOptions(check)).accepted == 1
    (faulty.root / FILE).unlink()
    known = gate_revision(faulty.project, "STAGED", GateOptions(check, baseline=file))
    assert (known.checked.findings, known.known, known.stale) == ((), 1, ())
    relabel(faulty, c=[*twice, ("dog", 20, 20.5, 20, 20)])  # and a third one is new
    (new,) = gate_revision(faulty.project, "STAGED", GateOptions(check, baseline=file)).checked.findings
    assert new.about != found.about


def test_accepting_again_changes_the_reason_only(faulty: Repository) -> None:
    label = gate(faulty).checked.findings[0].label or ""
    accept(faulty.project, "G104", "images/a.jpg", label[:6], "one")
    text = (faulty.root / FILE).read_text()
    assert not accept(faulty.project, "G104", "images/a.jpg", label, "one").acceptances
    assert (faulty.root / FILE).read_text() == text
    accept(faulty.project, "G104", "images/a.jpg", label, "two")
    assert [one.because for one in load_accepted(faulty.root)] == ["two"]


def test_only_what_was_found_can_be_accepted(faulty: Repository) -> None:
    with pytest.raises(InputError, match="G104 finds nothing there"):
        accept(faulty.project, "G104", "images/c.jpg", None, "x")
    with pytest.raises(InputError, match="label 1234: G104 finds nothing") as caught:
        accept(faulty.project, "G104", "images/a.jpg", "1234", "x")
    assert "it does on" in (caught.value.hint or "")
    with pytest.raises(UsageError, match=r"names .* rules"):
        accept(faulty.project, "G", "images/a.jpg", None, "x")
    with pytest.raises(UsageError, match="needs a reason"):
        accept(faulty.project, "G104", "images/a.jpg", None, "  ")
    assert not (faulty.root / FILE).exists()


def test_a_faulty_file_of_acceptances_stops_the_gate(faulty: Repository) -> None:
    (faulty.root / FILE).write_text("- {code: G104}\n")
    with pytest.raises(InputError, match=r"dlabel\.accepted\.yaml:1:3"):
        gate(faulty)


# Places


def test_findings_name_the_label_file(faulty: Repository) -> None:
    assert {one.source for one in gate(faulty).checked.findings} == {"labels.json"}


def test_in_a_folder_of_files_findings_name_the_one(repo: Repository) -> None:
    write_image(repo.root / "images" / "a.jpg")
    folder = repo.root / "labels"
    folder.mkdir()
    (folder / "classes.txt").write_text("cat\n")
    (folder / "a.txt").write_text("0 0.5 0.5 1.5 0.5\n")
    repo.add(".")
    (one,) = gate(repo).checked.findings
    assert one.source == "labels/a.txt"


# Repairs


def test_a_repair_is_a_change_that_add_keeps(faulty: Repository) -> None:
    done = fix(faulty.project, CheckOptions())
    assert [(rule.code, len(rule.labels)) for rule in done.rules] == [("G104", 2)]
    assert items(gate(faulty)) == []
    difference = faulty.diff()
    assert {change.item for _, change in difference.labels()} == {"images/a.jpg", "images/b.jpg"}
    faulty.add("labels.json")
    assert items(gate(faulty)) == []
    # The tool exports again, in the old words, with one label more.
    relabel(faulty, b=[("cat", 60, 20, 10, 8), ("dog", 1, 1, 9, 9)])
    assert items(gate(faulty)) == []
    assert faulty.labels().count() == 5
    assert fix(faulty.project, CheckOptions()).rules == ()


def test_a_dry_run_says_the_same_and_stages_nothing(faulty: Repository) -> None:
    told = fix(faulty.project, CheckOptions(), dry_run=True)
    assert faulty.diff().is_empty
    assert fix(faulty.project, CheckOptions()).rules == told.rules


def test_unsafe_repairs_wait_to_be_asked_for(faulty: Repository) -> None:
    relabel(faulty, c=[("dog", 5, 5, 0, 5), ("dog", 500, 5, 5, 5)])
    assert [rule.code for rule in fix(faulty.project, CheckOptions()).rules] == ["G104"]
    done = fix(faulty.project, CheckOptions(), unsafe=True)
    assert [(rule.code, rule.safe) for rule in done.rules] == [("G101", False), ("G105", False)]
    assert items(gate(faulty)) == []
    assert faulty.labels().count() == 3


def test_what_was_accepted_is_not_repaired(faulty: Repository) -> None:
    accept(faulty.project, "G104", "images/b.jpg", None, "cut by the edge")
    (rule,) = fix(faulty.project, CheckOptions()).rules
    assert [one.item for one in rule.labels] == ["images/a.jpg"]


def test_a_clipped_label_is_exported_clipped(faulty: Repository, tmp_path: Path) -> None:
    fix(faulty.project, CheckOptions())
    faulty.commit("clipped")
    faulty.export("coco", tmp_path / "out")
    documents = (json.loads(file.read_text()) for file in (tmp_path / "out").glob("*.json"))
    found = [one for document in documents for one in document.get("annotations", ())]
    assert sorted(one["bbox"] for one in found) == [
        [0, 2, 6, 10],
        [1, 2, 10, 10],
        [5, 5, 5, 5],
        [60, 20, 4, 8],
    ]
    assert all(one["area"] == one["bbox"][2] * one["bbox"][3] for one in found)


# The same from Python


def test_every_verb_of_the_gate_is_a_method(faulty: Repository) -> None:
    known = faulty.gate(select=["G1"])
    assert faulty.write_baseline("known.baseline.json", known)
    assert faulty.status().clean, "a baseline is no new data"
    relabel(faulty, c=[("dog", -5, 5, 9, 9)])
    for narrowed in (
        faulty.check(select=["G1"], since="HEAD"),
        faulty.check(select=["G1"], baseline="known.baseline.json"),
    ):
        assert [one.item for one in narrowed.findings] == ["images/c.jpg"]
    accepted = faulty.accept("G104", "images/c.jpg", because="cut by the edge")
    assert [one.item for one in accepted.acceptances] == ["images/c.jpg"]
    gated = faulty.gate(select=["G1"], baseline="known.baseline.json")
    assert (gated.checked.findings, gated.accepted, gated.known) == ((), 1, 2)
    # The same label by either form of its id.
    row = next(row for row in faulty.labels().to_arrow().to_pylist() if row["x"] == -5)
    assert faulty.accept("G104", "images/c.jpg", row["id"], because="by its number").acceptances
    assert not faulty.accept("G104", row["item"], f"{row['id']:016x}", because="by its number").acceptances
    assert faulty.fix(select=["G1"], dry_run=True) == replace(faulty.fix(select=["G1"]), dry_run=True)
    assert not faulty.check(select=["G1"]).findings


def test_specs_are_inferred_compared_and_migrated_from_python(faulty: Repository) -> None:
    (faulty.root / "dlabel.yaml").write_text(faulty.infer_spec())
    faulty.commit("spec", all_sources=True)
    text = (faulty.root / "dlabel.yaml").read_text()
    (faulty.root / "dlabel.yaml").write_text(text.replace("dog:", "hound:"))
    assert faulty.spec_diff().wrong_labels == 1
    (faulty.root / "map.yaml").write_text("steps: [{rename: {dog: hound}}]")
    assert faulty.migrate("map.yaml", dry_run=True).labels == faulty.migrate("map.yaml").labels == 1
    assert not faulty.check(select=["S"]).findings


def test_a_check_says_by_which_spec_it_is(faulty: Repository) -> None:
    assert not gate(faulty).spec_waits
    spec = faulty.root / "dlabel.yaml"
    spec.write_text("project_name: p\ndata_spec: {cat: {box: {conditions: {min_width: 99}}}}\n")
    assert gate(faulty).spec_waits
    assert not gate(faulty, "HEAD").spec_waits
    faulty.add("dlabel.yaml")
    assert not gate(faulty).spec_waits
