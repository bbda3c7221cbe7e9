"""Projects of dlabel that works start from: made when first asked for, shared by the works that change nothing."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from .bench import Bench, dlabel

LABELS = "labels.json"
STORE = ".dlabel"


def photos_project(bench: Bench) -> Callable[[Path], None]:
    """A folder of photos, not yet added."""

    def prepare(folder: Path) -> None:
        shutil.copytree(bench.inputs.photos, folder / "photos")
        bench.run(folder, dlabel("init"))

    return prepare


def labels_project(bench: Bench, *versions: Path) -> Callable[[Path], None]:
    """A project in which each version of a label file but the last was added and committed; the last lies there."""

    def prepare(folder: Path) -> None:
        bench.run(folder, dlabel("init"))
        for number, version in enumerate(versions):
            if number:
                bench.run(folder, *add_and_commit(LABELS))
            shutil.copyfile(version, folder / LABELS)

    return prepare


def committed(bench: Bench, name: str, versions: Sequence[Path]) -> Path:
    """A project that has committed every version, with a spec of its classes; the same folder for all who ask."""
    folder = bench.shared / name
    if not folder.exists():
        unfinished = bench.shared / f"unfinished-{name}"
        unfinished.mkdir(parents=True)
        labels_project(bench, *versions)(unfinished)
        bench.run(unfinished, *add_and_commit(LABELS), dlabel("spec", "infer", "--write"), dlabel("add"))
        bench.run(unfinished, dlabel("commit", "-m", "spec"))
        unfinished.rename(folder)
    return folder


def exported(bench: Bench, project: Path, format_name: str) -> Path:
    """What a project is exported to, in a folder beside it; the same for all who ask."""
    folder = project.with_name(f"{project.name}-{format_name}")
    if not folder.exists():
        bench.run(project, dlabel("export", "HEAD", "-f", format_name, "-o", str(folder), "--allow-loss"))
    return folder


def add_and_commit(path: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Both commands, as a person types them."""
    return dlabel("add", path), dlabel("commit", "-m", "measured")
