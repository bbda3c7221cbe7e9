"""The walk through the loop on the drawn potatoes: what is said, and what is typed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from datalabel.demo.draw import write_project, write_second_pass

SPEC = """\
project_name: potato_detect_2
data_spec:
  good_potato:
    polygon: {color: "#c9a227"}
  bad_potato:
    box:
      color: "#b3261e"
      properties:
        defect: {options: [green, rot, cut], required: true}
"""


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what is said first, the command (its words after `dlabel`), and what happens before it."""

    say: str
    command: tuple[str, ...] = ()
    before: Callable[[Path], None] | None = None


def draw(folder: Path) -> None:
    """Draw the project: images, labels of the first pass with one planted mistake, and a spec."""
    write_project(folder)
    (folder / "dlabel.yaml").write_text(SPEC, encoding="utf-8")


STEPS: tuple[Step, ...] = (
    Step("A conveyor belt, 24 pictures: good potatoes as polygons, bad ones as boxes. dlabel.yaml says so:"),
    Step("Make a project of the folder.", ("init",)),
    Step("Bring in the images, and what the labelling tool exported.", ("add", "images", "labels.json")),
    Step("", ("status",)),
    Step(
        "A commit checks what it records. One box is not what it should be.", ("commit", "-m", "First pass")
    ),
    Step(
        "Somebody reviews the labels, and the tool exports again: all ids renumbered.",
        ("status",),
        write_second_pass,
    ),
    Step("What really changed, object by object?", ("add",)),
    Step("", ("diff",)),
    Step("The same as pictures: open diff.html in a browser.", ("diff", "--html", "diff.html")),
    Step("", ("commit", "-m", "Second pass, reviewed")),
    Step("", ("check",)),
    Step("", ("log", "--stat", "--oneline")),
    Step("", ("stats",)),
    Step(
        "Freeze a set for an experiment. An image keeps its split as the set grows.",
        ("snapshot", "create", "exp-1", "--split", "train=0.7,val=0.3", "--note", "baseline"),
    ),
    Step(
        "YOLO cannot hold properties, nor boxes beside polygons. dlabel lists what would be lost and writes nothing:",
        ("export", "exp-1", "-f", "yolo", "-o", "yolo"),
    ),
    Step(
        "COCO for a trainer: a file and a folder of images for each split.",
        ("export", "exp-1", "-f", "coco", "-o", "training", "--images", "link", "--allow-loss"),
    ),
    Step("Weeks later: is it still what was frozen?", ("snapshot", "verify", "training")),
    Step("And the labels as they came in, field by field.", ("export", "HEAD", "-f", "coco", "-o", "coco")),
)
