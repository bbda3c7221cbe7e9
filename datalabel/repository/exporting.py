"""The verb `export`: a revision's labels as files of a foreign format, whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from datalabel.errors import Fault, InputError, RefusedError
from datalabel.files import contained
from datalabel.formats.base import Format, Loss, Selection
from datalabel.formats.registry import get_format
from datalabel.labels.tables import GROUND_TRUTH
from datalabel.repository.project import Project
from datalabel.repository.revisions import view_at
from datalabel.repository.selections import SetSelection, SourceSelection
from datalabel.repository.view import View


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written: the folder, its files in order, and what the format could not keep."""

    revision: str
    format: str
    folder: Path
    files: tuple[str, ...]
    losses: tuple[Loss, ...]


def export(
    project: Project, revision: str, format_name: str, folder: Path, *, set_name: str = GROUND_TRUTH,
    allow_loss: bool = False,
) -> Exported:  # fmt: skip
    """Write a label set into an empty or new folder.

    A set whose sources all came in this format is written as it came, one output per source. Otherwise the
    whole set becomes one output.

    Raises:
        InputError: the set or format does not exist, or the folder is not empty.
        RefusedError: something would be lost and `allow_loss` is not given; nothing was written.
    """
    fmt = get_format(format_name)
    view = view_at(project, revision)
    view.labels(set_name)
    _refuse_used(folder)
    selections = selections_for(view, set_name, fmt)
    losses = [loss for selection in selections for loss in fmt.losses(selection)]
    if losses and not allow_loss:
        raise RefusedError.of(
            [Fault(str(loss), fmt.title) for loss in losses],
            hint="add --allow-loss to export without them",
        )
    files = _write(folder, fmt, selections)
    return Exported(revision, fmt.name, folder, tuple(files), tuple(losses))


def selections_for(view: View, set_name: str, fmt: Format) -> list[Selection]:
    """What is to be written: each source as it came when all came in this format, else the set as one."""
    sources = {name: source for name, source in view.tree.sources.items() if source.set == set_name}
    if sources and all(source.format == fmt.name for source in sources.values()):
        return [SourceSelection(view, name, source) for name, source in sorted(sources.items())]
    return [SetSelection(view, set_name, fmt.name)]


def _refuse_used(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError("is not an empty folder", where=str(folder), hint="name a new folder with -o DIR")


def _write(folder: Path, fmt: Format, selections: Sequence[Selection]) -> list[str]:
    """Write beside the folder, then put it in place: it is whole, or it is not there."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        files = [
            _write_file(partial, file.path, file.chunks)
            for selection in selections
            for file in fmt.write(selection)
        ]
        partial.chmod(0o755)
        if folder.exists():
            folder.rmdir()
        partial.rename(folder)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return files


def _write_file(root: Path, name: str, chunks: Iterable[bytes]) -> str:
    path = contained(root, name)
    if path.exists():
        raise InputError("two sources would write the same file", where=name, hint="export them one by one")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as out:
        out.writelines(chunks)
    return name
