"""What `add`, `restore`, `rm` and pages say in the cases that no session shows."""

from __future__ import annotations

import json
import shutil

import pytest
from pictures import write_coco, write_image, write_labels
from terminals import Desk, Done


@pytest.fixture
def project(desk: Desk) -> Desk:
    """A commit of two images with a label each."""
    labels = [("cat", 1, 2, 10, 10)]
    write_labels(desk.folder, {"a.png": labels, "b.png": labels})
    desk.well("init", "add .", "commit -m first")
    return desk


def test_nothing_to_stage_is_not_everything_staged(project: Desk) -> None:
    assert project.dlabel("add").out == "Nothing new: everything is staged as it is.\n"
    (project.folder / "a.png").unlink()
    assert project.dlabel("add").out == (
        "missing: a.png  (dlabel restore brings it back, dlabel rm stops tracking it)\nNothing to stage.\n"
    )


def test_a_deleted_spec_is_taken_out_by_naming_it(project: Desk) -> None:
    (project.folder / "dlabel.yaml").unlink()
    way = "(dlabel restore brings it back, dlabel add dlabel.yaml takes it out)"
    assert project.dlabel("add").out == f"missing: dlabel.yaml  {way}\nNothing to stage.\n"
    (project.folder / "a.png").unlink()
    said = project.dlabel("status").out
    assert f"Changed since it was added  {way}\n  deleted  dlabel.yaml\n" in said
    assert "dlabel rm stops tracking it)\n  deleted  a.png\n" in said
    assert project.dlabel("add", "dlabel.yaml").status == 0
    assert "deleted  dlabel.yaml" not in project.dlabel("status").out


def test_staging_matches_for_the_paths_that_were_named(project: Desk) -> None:
    assert project.dlabel("rm", "-n", "a.png").out == "Would stop tracking 1 item (1 label)\n"
    for paths, where in ((["a.png"], " for these paths"), ([], "")):
        assert project.dlabel("rm", "a.png").out == "Stopped tracking 1 item (1 label)\n"
        done = project.dlabel("restore", "--staged", *paths)
        assert done.out == f"staging now matches HEAD{where}\n"


def test_a_page_without_pictures_says_so(project: Desk) -> None:
    for command, words in ((["check"], "No findings to draw"), (["diff"], "0 changed images, 0 drawn")):
        done = project.dlabel(*command, "--html", "page.html")
        assert done.out == f"{words} → {project.folder / 'page.html'}\n"
    write_coco(project.folder / "labels.json", {"a.png": [("cat", 1, 2, 10, 10)], "b.png": []})
    assert project.dlabel("add").status == 0
    done = project.dlabel("check", "--html", "page.html")
    assert done.out == f"1 image with findings, 1 drawn → {project.folder / 'page.html'}\n"


def test_a_move_names_the_files_that_say_the_old_name(project: Desk) -> None:
    assert project.dlabel("mv", "a.png", "c.png").out == (
        "a.png → c.png\nlabels.json says the old name still; adding it again follows the move.\n"
    )
    assert json.loads(project.dlabel("mv", "b.png", "d.png", "--json").out)["still"] == ["labels.json"]
    assert project.dlabel("mv", "labels.json", "e.json").out == "labels.json → e.json\n"
    assert project.dlabel("add").out == "Nothing new: everything is staged as it is.\n"


def test_a_conflict_says_what_was_what_is_here_and_what_the_file_says(project: Desk) -> None:
    (project.folder / "map.yaml").write_text(
        "steps: [{split: {class: cat, by: size, into: {large: dog}, else: dog}}]\n"
    )
    assert project.dlabel("spec", "migrate", "map.yaml").status == 0
    write_coco(project.folder / "labels.json", {"a.png": [("bird", 1, 2, 10, 10)], "b.png": []})
    done = project.dlabel("add")
    assert done.status == 1
    first, second = (one["id"] for one in json.loads(project.dlabel("diff", "--json").out)["labels"])
    assert done.out == (
        "labels.json: 2 conflicts, not staged\n"
        f"  a.png  label {first}  class: was cat, here dog, in the file bird\n"
        f"  b.png  label {second}  label: was cat box [1, 2, 10, 10], here dog box [1, 2, 10, 10], in the file gone\n"
        "hint: dlabel add --prefer ours|theirs decides for all of them\n"
    )


def test_labels_that_come_back_with_their_image_are_counted(project: Desk) -> None:
    project.well("rm a.png", "commit -m removed")
    assert project.dlabel("add", "a.png").out == (
        "1 image added\n  1 label came back with what had been removed\n"
    )


def test_a_folder_that_is_tracked_from_now_on_is_named(project: Desk) -> None:
    assert project.dlabel("rm", ".").status == 0
    (project.folder / "later").mkdir()
    write_image(project.folder / "later" / "c.png", 3)
    assert project.dlabel("add", "later/c.png").out == "1 image added\n"
    assert project.dlabel("commit", "-m", "one").status == 0
    assert project.dlabel("add", "later").out == "images below later are tracked from now on\n"
    assert "\n  which sources are tracked\n" in project.dlabel("status").out


def test_labels_that_are_only_written_otherwise_are_told(project: Desk) -> None:
    path = project.folder / "labels.json"
    said = json.loads(path.read_bytes())
    said["annotations"][0]["id"] = 4711
    path.write_text(json.dumps(said))
    assert project.dlabel("add").status == 0
    assert project.dlabel("status").out.endswith(
        "  what sources say beside their labels, or how they say it\n"
    )
    assert project.dlabel("diff").out == (
        "No label, item or rule of the spec differs between HEAD and STAGED.\n"
        "  labels of 1 item are numbered, spelled or ordered otherwise\n"
    )
    assert project.dlabel("diff", "--exit-code").status == 0
    assert project.dlabel("commit", "-m", "numbered").status == 0
    assert "  labels of 1 item are" in project.dlabel("diff", "HEAD~", "HEAD").out
    assert "  labels of 1 item are" not in project.dlabel("diff", "HEAD~", "HEAD", "b.png").out


def test_what_differs_beside_labels_is_told(project: Desk) -> None:
    path = project.folder / "labels.json"
    said = json.loads(path.read_bytes())
    said["images"][0]["url"] = "http://elsewhere/a.png"
    path.write_text(json.dumps(said))
    assert project.dlabel("add").status == 0
    begin = "No label, item or rule of the spec differs between HEAD and STAGED.\n"
    assert project.dlabel("diff").out == (
        f"{begin}  sources say other fields of 1 item\n"
        "  labels.json has other fields of its own, or another layout\n"
    )
    assert project.dlabel("commit", "-m", "where it was").status == 0
    assert project.dlabel("diff").out == "No difference between HEAD and STAGED.\n"
    done = project.dlabel("mv", "labels.json", "other/")
    assert (done.status, done.err) == (
        3,
        "error: other/: no such folder\nhint: make it, or leave out the slash: other\n",
    )
    assert project.dlabel("mv", "labels.json", "other.json").status == 0
    assert project.dlabel("diff").out == f"{begin}  labels.json is tracked in another way\n"


def test_a_repair_says_what_is_left_and_which_file_says_otherwise(project: Desk) -> None:
    write_coco(project.folder / "labels.json", {"a.png": [("cat", 1, 2, 0, 0)], "b.png": []})
    assert project.dlabel("add").status == 0
    done = project.dlabel("check", "--fix", "--select", "G1")
    assert done.out.startswith("Nothing to fix.\n1 more with --unsafe-fixes.\n\nerror G101")
    done = project.dlabel("check", "--fix", "--unsafe-fixes", "--select", "G1")
    assert "\nlabels.json still says otherwise; adding it again keeps what was fixed.\n" in done.out
    assert "--unsafe-fixes" not in done.out


@pytest.fixture
def folders(desk: Desk) -> Desk:
    """A commit of a folder of images and a folder of YOLO files, which is one source."""
    for seed, name in enumerate("ab"):
        write_image(desk.folder / "my images" / f"{name}.png", seed)
        (desk.folder / "labels").mkdir(exist_ok=True)
        (desk.folder / "labels" / f"{name}.txt").write_text("0 0.5 0.5 0.2 0.2\n")
    (desk.folder / "labels" / "classes.txt").write_text("cat\n")
    desk.well("init", "add .", "commit -m first")
    return desk


def within(desk: Desk, folder: str, *arguments: str) -> Done:
    return desk.dlabel("-C", str(desk.folder / folder), *arguments)


@pytest.mark.parametrize("command", ["restore", "rm"])
def test_a_file_of_a_label_folder_means_its_source(folders: Desk, command: str) -> None:
    for start, path, name in (
        ("", "labels/a.txt", "labels"),
        ("labels", "a.txt", "."),
        ("my images", "../labels/a.txt", "../labels"),
        ("my images", "../labels/*.txt", "../labels"),
    ):
        done = within(folders, start, command, path)
        assert (done.status, done.out) == (3, "")
        assert "is part of the source labels\n" in done.err
        assert f"hint: the files of a source go together: name {name}, which means all in it\n" in done.err
        assert within(folders, start, command, "-n", name).status == 0
    done = within(folders, "labels", command, "a.png")
    assert done.err.endswith("hint: did you mean '../my images/a.png'?\n")


def test_a_folder_inside_a_source_means_the_source_even_when_it_is_gone(folders: Desk) -> None:
    (folders.folder / "data.yaml").write_text("names: [cat]\n")
    (folders.folder / "labels" / "classes.txt").unlink()
    folders.well("rm labels", "add .")
    for gone in (False, True):
        if gone:
            shutil.rmtree(folders.folder / "labels")
        done = folders.dlabel("restore", "labels")
        assert "labels: is part of the source .\n" in done.err
        assert "name ., which" in done.err
    assert folders.dlabel("restore", ".", "--force").status == 0
    assert (folders.folder / "labels" / "a.txt").exists()


@pytest.mark.parametrize("command", [["diff", "STAGED", "HEAD"], ["show", "HEAD"]])
def test_paths_after_dashes_are_taken_from_where_one_stands(folders: Desk, command: list[str]) -> None:
    assert folders.dlabel("rm", "labels").status == 0

    def items(start: str, path: str) -> list[str]:
        found = json.loads(within(folders, start, *command, "--json", "--", path).out)
        return [one["item"] for one in found["labels"]]

    a, b = "my images/a.png", "my images/b.png"
    assert items("", "my images/a*") == items("my images", "a*") == items("my images", "a.png") == [a]
    assert items("labels", "../my images/b*") == items("my images", str(folders.folder / b)) == [b]
    assert items("my images", ".") == items("labels", "..") == items("labels", "../my images/") == [a, b]
    assert items("labels", "*") == []
    done = within(folders, "my images", *command, "--", a)
    assert done.status == 3
    assert done.err == f"error: my images/{a}: no item has this name\nhint: did you mean a.png?\n"
    done = within(folders, "labels", *command, "--", "/elsewhere")
    assert (done.status, "outside the project" in done.err) == (3, True)


def test_text_names_so_many_labels_however_few_images_have_them(desk: Desk) -> None:
    write_coco(desk.folder / "labels.json", {"a.png": [("cat", place, 1, 9, 9) for place in range(250)]})
    for arguments in (["init"], ["add", "."], ["commit", "-m", "first"]):
        assert desk.dlabel(*arguments).status == 0
    lines = desk.dlabel("show").out.splitlines()
    assert sum(line.startswith("    + ") for line in lines) == 200
    assert "  … and more (--stat counts them, -v shows all)" in lines
    assert sum(line.startswith("    + ") for line in desk.dlabel("show", "-v").out.splitlines()) == 250
