"""Small programs that are timed: what the machine can do, and rivals that are libraries. `programs.py NAME ARGS…`.

Runs by itself in any Python that has what the named function loads; nothing else is imported.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

BLOCK = 1 << 22  # bytes read at once
FILES = 256  # one task hashes so many


def hash_files(path: str) -> None:
    """Read and BLAKE3 every file with two workers, on blocks of files."""
    from concurrent.futures import ThreadPoolExecutor

    files = sorted(_files(path))
    with ThreadPoolExecutor(2) as workers:
        list(
            workers.map(_hash_block, [files[start : start + FILES] for start in range(0, len(files), FILES)])
        )


def _hash_block(files: list[str]) -> list[bytes]:
    blake3 = import_module("blake3").blake3
    digests = []
    for name in files:
        digest = blake3()
        with Path(name).open("rb", buffering=0) as file:
            while block := file.read(BLOCK):
                digest.update(block)
        digests.append(digest.digest())
    return digests


def walk(path: str) -> None:
    """List a folder to the bottom and ask for each file's size and time."""
    sum(Path(name).stat().st_mtime_ns for name in _files(path))


def _files(path: str) -> Iterator[str]:
    if os.path.isfile(path):  # noqa: PTH113 - paths stay text here: this is what is timed
        yield path
        return
    with os.scandir(path) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _files(entry.path)
            else:
                yield entry.path


def read_columns(store: str) -> None:
    """Read every Parquet file below a folder, all columns."""
    for _ in _tables(store):
        pass


def pass_over_columns(store: str) -> None:
    """The same, and one pass of NumPy over every coordinate: the difference to the next one."""
    numpy = import_module("numpy")
    for table in _tables(store):
        if "coords" in table.column_names:
            for chunk in table.column("coords").chunks:
                numpy.diff(chunk.flatten().to_numpy(zero_copy_only=False))


def _tables(store: str) -> Iterator[Any]:
    parquet = import_module("pyarrow.parquet")
    for name in _files(store):
        with Path(name).open("rb") as file:
            is_parquet = file.read(4) == b"PAR1"
        if is_parquet:
            yield parquet.read_table(name)


def orjson_loads(path: str) -> None:
    """Parse a JSON file into Python objects, with the garbage collector on as it is by default."""
    import_module("orjson").loads(Path(path).read_bytes())


def json_load(path: str) -> None:
    """The same with the standard library."""
    import_module("json").loads(Path(path).read_bytes())


def pycocotools_load(path: str) -> None:
    """Load and index a COCO file."""
    import_module("pycocotools.coco").COCO(path)


def labelformat_load(path: str) -> None:
    """Load a COCO file as instance segmentation, and walk through its labels."""
    formats = import_module("labelformat.formats")
    for _ in formats.COCOInstanceSegmentationInput(input_file=Path(path)).get_labels():
        pass


def datumaro_load(folder: str) -> None:
    """Load a folder in COCO's layout, and walk through its items."""
    for _ in import_module("datumaro").Dataset.import_from(folder, "coco_instances"):
        pass


def datumaro_validate(folder: str) -> None:
    """Validate a folder in COCO's layout."""
    dataset = import_module("datumaro").Dataset.import_from(folder, "coco_instances")
    import_module("datumaro.plugins.validators").SegmentationValidator().validate(dataset)


def oxen_init() -> None:
    """Make a repository of this folder."""
    oxen = import_module("oxen")
    oxen.user.config_user("Bench", "bench@example.org")
    oxen.Repo(".").init()


def oxen_add(path: str) -> None:
    """Add and commit."""
    repository = import_module("oxen").Repo(".")
    repository.add(path)
    repository.commit("measured")


def oxen_status() -> None:
    """Compare the working tree with the last commit."""
    str(import_module("oxen").Repo(".").status())


def oxen_back(path: str) -> None:
    """Bring a path back to the commit before the last."""
    repository = import_module("oxen").Repo(".")
    repository.restore(path, source=repository.log()[1].id)


def grow(first: str, path: str, commits: str, changed: str) -> None:
    """Commit a COCO file and then new versions of it; the numbers of rows concerned go into rows.json."""
    json, repositories = import_module("json"), import_module("datalabel.repository.repository")
    document = json.loads(Path(first).read_bytes())
    labels = document["annotations"]
    labels.sort(key=lambda label: label["image_id"])
    rows = {"first": len(labels), "changed": 0}
    for commit in range(int(commits) + 1):
        start = commit * int(changed) % len(labels) if commit else len(labels)
        moved = labels[start : start + int(changed)]
        for label in moved:
            label["bbox"][0] = round(label["bbox"][0] + 0.01, 2)
        items = {label["image_id"] for label in moved}
        rows["changed"] += sum(label["image_id"] in items for label in labels)
        Path(path).write_text(json.dumps(document))
        with repositories.Repository.open(Path(path).parent) as repository:
            repository.add(path)
            repository.commit(f"version {commit}")
    Path(path).with_name("rows.json").write_text(json.dumps(rows))


def main() -> None:
    """Call the function that is named."""
    name, *arguments = sys.argv[1:]
    globals()[name](*arguments)


if __name__ == "__main__":
    main()
