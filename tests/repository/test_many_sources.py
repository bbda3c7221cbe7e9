"""Many label files: each costs what it says."""

from __future__ import annotations

from pictures import write_coco

from datalabel.repository.repository import Repository


def test_many_sources_cost_what_each_costs(repo: Repository) -> None:
    sizes = [0]
    for start in (0, 40):
        for number in range(start, start + 40):
            write_coco(repo.root / f"labels/{number}.json", {f"{number}.jpg": [("cat", 1, 2, 3, 4)]})
        repo.add("labels")
        objects = (repo.root / ".dlabel/objects").rglob("*")
        sizes.append(sum(path.stat().st_size for path in objects if path.is_file()))
    assert sizes[2] - sizes[1] < 1.25 * sizes[1]
    assert repo.labels().to_arrow().num_rows == 80
