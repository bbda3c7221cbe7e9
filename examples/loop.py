"""Once round the loop, in Python: draw, add, commit, correct, compare, export.

python examples/loop.py [FOLDER]
"""

import sys
from pathlib import Path

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
        print(repo.export("coco", "training").files)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "potatoes"))
