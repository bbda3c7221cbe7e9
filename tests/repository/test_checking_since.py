"""What `check --since` finds is what a change brought, held against all that there is."""

from __future__ import annotations

import json
import shutil

from histories import CAT, DOG, A, B, C, begin, said
from pictures import write_image

from datalabel.repository.check.checking import CheckOptions, check_since
from datalabel.repository.differences import diff
from datalabel.repository.repository import Repository


def brought(repo: Repository, *codes: str) -> list[tuple[str, str | None, str]]:
    checked = repo.check("HEAD", since="HEAD~1", select=list(codes))
    return [(one.code, one.item, one.message) for one in checked.findings]


def test_a_pair_of_which_one_changed_is_not_found_anew(repo: Repository) -> None:
    begin(repo, {A: [CAT], "images/A.png": [DOG], C: [CAT]}, [A, "images/A.png"])
    shutil.copy(repo.root / A, repo.root / C)
    repo.commit("the same image", all_sources=True)
    repo.add(C)
    said(repo, {A: [CAT], "images/A.png": [DOG], C: [DOG]})
    repo.commit("other labels on it", all_sources=True)
    assert {one[0] for one in brought(repo, "I109")} == {"I109"}
    said(
        repo, {A: [("cat", 2.0, 1.0, 10.0, 10.0)], "images/A.png": [("dog", 6.0, 5.0, 10.0, 10.0)], C: [DOG]}
    )
    repo.commit("moved", all_sources=True)
    assert {one.code for one in repo.check("HEAD", select=["I108", "I109"]).findings} == {"I108", "I109"}
    assert brought(repo, "I108", "I109") == []


def test_images_that_one_was_held_against_are_held_against_each_other_when_it_goes(repo: Repository) -> None:
    begin(repo, {A: [CAT], B: [DOG], C: [CAT]}, [A, B, C])
    for key in (B, C):
        shutil.copy(repo.root / A, repo.root / key)
    repo.add(B, C)
    repo.commit("three times the same image")
    assert [one.item for one in repo.check("HEAD", select=["I109"]).findings] == [B]
    write_image(repo.root / A, 7)
    repo.add(A)
    repo.commit("the first is another one")
    whole = [(one.code, one.item, one.message) for one in repo.check("HEAD", select=["I109"]).findings]
    assert [item for _, item, _ in whole] == [C]
    assert brought(repo, "I109") == whole


def test_a_number_that_a_label_elsewhere_has_is_found_since(repo: Repository) -> None:
    begin(repo, {A: [CAT], B: [DOG]})
    document = json.loads((repo.root / "labels.json").read_text())
    document["annotations"].append({**document["annotations"][1], "id": 1, "bbox": [20, 20, 5, 5]})
    (repo.root / "labels.json").write_text(json.dumps(document))
    repo.commit("a number twice", all_sources=True)
    whole = [(one.code, one.item, one.message) for one in repo.check("HEAD", select=["D104"]).findings]
    assert len(whole) == 1
    assert brought(repo, "D104") == whole


def test_labels_are_held_against_those_of_their_number_in_the_same_file_alone(repo: Repository) -> None:
    begin(repo, {A: [CAT], B: [DOG]})
    said(repo, {C: [CAT]}, "more.json")
    repo.add("more.json")
    repo.commit("numbered from 1 as well")
    document = json.loads((repo.root / "labels.json").read_text())
    document["annotations"][0]["id"] = 2
    (repo.root / "labels.json").write_text(json.dumps(document))
    repo.commit("the first is a second 2", all_sources=True)
    found = check_since(diff(repo.project, "HEAD~1", "HEAD"), CheckOptions(select=["D104"]))
    assert found.beside == {"ground_truth": {B}}
    document["annotations"][0]["id"] = 1
    (repo.root / "labels.json").write_text(json.dumps(document))
    repo.commit("it is 1 again", all_sources=True)
    found = check_since(diff(repo.project, "HEAD~1", "HEAD"), CheckOptions(select=["D104"]))
    assert found.beside == {"ground_truth": set()}


def test_what_was_wrong_where_a_number_is_taken_is_not_found_anew(repo: Repository) -> None:
    begin(repo, {A: [CAT], B: [DOG, CAT]})
    document = json.loads((repo.root / "labels.json").read_text())
    document["annotations"] += [
        {**document["annotations"][1], "id": 7, "bbox": [20, 20, 5, 5]},
        {**document["annotations"][1], "id": 7, "bbox": [30, 20, 5, 5]},
    ]
    (repo.root / "labels.json").write_text(json.dumps(document))
    repo.commit("a number twice on one image", all_sources=True)
    document["annotations"].append({**document["annotations"][0], "id": 2, "bbox": [20, 20, 5, 5]})
    (repo.root / "labels.json").write_text(json.dumps(document))
    repo.commit("and a number of that image on another", all_sources=True)
    assert {one.item for one in repo.check("HEAD", select=["D104"]).findings} == {B}
    ((code, item, message),) = brought(repo, "D104")
    assert (code, item) == ("D104", B)
    assert message.startswith("has a number that label")
    assert f'"{A}"' in message
    document["annotations"][0]["bbox"][0] += 1
    (repo.root / "labels.json").write_text(json.dumps(document))
    repo.commit("moved", all_sources=True)
    assert brought(repo, "D104") == []


def test_an_image_that_loses_its_labels_is_named_since(repo: Repository) -> None:
    begin(repo, {A: [CAT], B: [CAT], C: [CAT]}, [A, B, C])
    said(repo, {A: [], B: [("cat", 2.0, 1.0, 10.0, 10.0)], C: [CAT]})
    repo.commit("one lost its label", all_sources=True)
    assert brought(repo, "I106") == [("I106", A, "the image has no label")]
    said(repo, {A: [], B: [], C: [("cat", 2.0, 1.0, 10.0, 10.0)]})
    repo.commit("and another", all_sources=True)
    assert brought(repo, "I106") == [("I106", B, "the image has no label")]


def test_images_without_labels_are_silent_before_any_label_and_counted_when_many(repo: Repository) -> None:
    begin(repo, {}, [A])
    write_image(repo.root / B, 1)
    repo.add(B)
    repo.commit("no labels yet")
    assert brought(repo, "I106") == []
    said(repo, {A: [CAT]})
    for number in range(101):
        write_image(repo.root / f"more/{number}.png", 2 + number)
    repo.add("more", "labels.json")
    repo.commit("labelling is under way")
    assert brought(repo, "I106") == [("I106", None, "101 images of those that changed have no label yet")]


def test_an_image_that_never_came_is_named_since_where_others_did(repo: Repository) -> None:
    begin(repo, {A: [CAT], B: [DOG]})
    said(repo, {A: [CAT], B: [DOG], C: [DOG]})
    repo.commit("a ninth", all_sources=True)
    assert brought(repo, "I107") == [("I107", C, "the image was never added; it has 1 label")]


def test_what_was_said_of_an_image_before_is_not_brought_by_another_set(repo: Repository) -> None:
    begin(repo, {A: [CAT], B: [DOG]})
    write_image(repo.root / A, 7, size=(320, 240))
    repo.add(A)
    repo.commit("of another size")
    assert [one[:2] for one in brought(repo, "I104")] == [("I104", A)]
    said(repo, {A: [CAT]}, "net.json")
    repo.add("net.json", model="net")
    repo.commit("another set")
    assert [one.item for one in repo.check("HEAD", select=["I104"]).findings] == [A]
    assert brought(repo, "I104") == []


def test_nothing_is_clipped_on_an_image_of_another_size(repo: Repository) -> None:
    begin(repo, {A: [("cat", 10.0, 10.0, 50.0, 30.0)], B: [("dog", 50.0, 40.0, 40.0, 30.0)]})
    write_image(repo.root / A, 7, size=(32, 24))
    repo.add(A)
    fixed = repo.fix(unsafe=True)
    assert [(one.code, [label.item for label in one.labels]) for one in fixed.rules] == [("G104", [B])]
    kept = {row["item"]: (row["x"], row["w"]) for row in repo.labels().to_arrow().to_pylist()}
    assert kept == {A: (10.0, 50.0), B: (50.0, 14.0)}
