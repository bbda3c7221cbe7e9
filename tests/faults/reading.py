"""Reading everything that a store names, verified: what a command that touches it would read."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from datalabel.content import BLOB
from datalabel.errors import EXIT_CODES, DlabelError
from datalabel.labels.tables import GROUND_TRUTH
from datalabel.repository.project import Project
from datalabel.repository.repository import Repository
from datalabel.store.history import HEADER, SPEC, Tree
from datalabel.store.objects import LocalObjects

FINISH = ("restore", "--staged", "--dry-run")
"""A command that changes nothing but what an earlier one left unfinished."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What commands are for, without what differs from run to run (times, ids of commits)."""

    branch: str
    commits: tuple[tuple[str, str], ...]
    staging: str | None
    bases: tuple[tuple[str, str, str], ...]
    snapshots: tuple[tuple[str, str, str], ...]
    files: tuple[tuple[str, bytes], ...]


def difference(found: Standing, wanted: Standing) -> dict[str, Any]:
    """What is not as it should be, told shortly."""
    changed: dict[str, Any] = {
        field.name: (getattr(found, field.name), getattr(wanted, field.name))
        for field in fields(Standing)
        if field.name != "files" and getattr(found, field.name) != getattr(wanted, field.name)
    }
    names = {name for name, _ in set(found.files) ^ set(wanted.files)}
    return {**changed, **({"files": sorted(names)} if names else {})}


def standing(folder: Path) -> Standing:
    """Where a project stands, and every file around its store."""
    store = Project(folder).store
    try:
        position, refs = store.state.read(), store.state.refs()
        commits = [one for _, one in store.history.walk(position.head)] if position.head else []
        snapshots = [store.snapshots.get(target) for name, target in refs.items() if "snapshots/" in name]
        return Standing(
            position.branch,
            tuple((one.tree, one.message) for one in commits),
            position.staging,
            tuple(sorted((name, base.tree, base.digest) for name, base in position.bases.items())),
            tuple((one.name, one.digest, one.tree) for one in snapshots),
            tuple(sorted(_files(folder))),
        )
    finally:
        store.close()


def _files(folder: Path) -> Iterator[tuple[str, bytes]]:
    for here, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != ".dlabel"]
        for name in names:
            path = Path(here) / name
            text = path.read_bytes()
            yield path.relative_to(folder).as_posix(), b"" if name == "dlabel.json" else text


def read_everything(folder: Path, *, staged: bool = True) -> dict[str, Any]:
    """Every tree that state.db leads to: its tables whole, its images, headers and specs; by commit's tree.

    Raises:
        DlabelError: something is missing or damaged.
    """
    with Repository.open(folder) as repository:
        store = repository.project.store
        position, refs = store.state.read(), store.state.refs()
        found: dict[str, Any] = {}
        starts = [target for name, target in refs.items() if name.startswith("heads/")]
        trees = [commit.tree for start in starts for _, commit in store.history.walk(start)]
        for name, target in refs.items():
            if name.startswith("snapshots/"):
                snapshot = store.snapshots.get(target)
                trees.append(snapshot.tree)
                store.tables.read(store.tables.load(snapshot.splits, "splits"))
                store.history.commit(snapshot.commit)
        if staged and position.staging:
            trees += [position.staging, *(base.tree for base in position.bases.values())]
        for name in dict.fromkeys(trees):
            found[name] = _read_tree(store, store.history.tree(name))
        return found


def _read_tree(store: Any, tree: Tree) -> dict[str, Any]:
    objects: LocalObjects = store.objects
    tables = {"items": tree.items, "mentions": tree.mentions}
    rows = {
        name: store.tables.read(store.tables.load(found, name)).to_pylist() for name, found in tables.items()
    }
    for name, found in tree.sets.items():
        rows[f"set {name}"] = store.tables.read(store.tables.load(found, "labels")).to_pylist()
    for row in rows["items"]:
        if row["content"]:
            objects.get(BLOB, row["content"])
    for kind, named in ((SPEC, tree.spec), (BLOB, tree.spec_text)):
        if named:
            objects.get(kind, named)
    for source in tree.sources.values():
        if source.header:
            objects.get(HEADER, source.header)
    return rows


def probe(arguments: Sequence[str]) -> int:
    """For the zygote: read everything of the current folder, and print how many labels HEAD has."""
    try:
        found = read_everything(Path.cwd())
    except DlabelError as error:
        print(error)  # noqa: T201
        return EXIT_CODES[error.kind]
    print(sum(len(rows.get(f"set {GROUND_TRUTH}", ())) for rows in found.values()))  # noqa: T201
    return 0
