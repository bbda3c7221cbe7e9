"""Once round the loop, in Python: draw, add, commit, correct, compare, freeze, export, train.

python examples/loop.py [FOLDER]
"""

import sys
from pathlib import Path

import train

import datalabel
from datalabel.demo.draw import write_project, write_second_pass


def main(folder: Path) -> None:
    """Walk through the loop in a new folder."""
    write_project(folder)
    with datalabel.init(folder, spec="potato") as repo:
        repo.add("images", "labels.json")
        first = repo.commit("first pass")
        print(first.summary["sets"])
        for finding in first.findings:
            print(finding.code, finding.item, finding.message)

        write_second_pass(folder)  # the labelling tool exports again
        repo.add()
        repo.commit("second pass")
        for name, change in repo.diff("HEAD~1", "HEAD").labels():
            print(name, change.item, change.change, dict(change.fields))

        table = repo.labels("HEAD").to_arrow(["item", "class", "x", "y", "w", "h"])
        print(table.group_by("class").aggregate([("w", "mean"), ("h", "mean")]).to_pylist())

        snapshot = repo.create_snapshot("exp-1", split="train=0.7,val=0.3", note="baseline")
        for sample in snapshot.samples("val"):
            print(sample.key, sample.width, sample.height, len(sample.labels), "labels")
        repo.export("coco", "training", revision="exp-1", images="copy", allow_loss=True)
    train.main(folder / "training")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "potatoes"))
