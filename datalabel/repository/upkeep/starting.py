"""The verb `init`: a store beside the data, and a spec to begin with."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from datalabel.errors import InputError, RefusedError
from datalabel.files import read_bounded, sync_all, write_atomic
from datalabel.printable import printable
from datalabel.repository.output_file import refuse_own
from datalabel.repository.project import Project
from datalabel.repository.spec.file import stage_spec
from datalabel.repository.stage import Stage
from datalabel.repository.working_tree import SPEC_FILE
from datalabel.store.store import FOLDER, Store

SCHEMA_FILE = "spec.schema.json"


@dataclass(frozen=True, slots=True)
class Initialised:
    """The new project, and whether `dlabel.yaml` was written or found."""

    root: Path
    name: str
    spec_written: bool


def init(
    folder: Path, *, spec: str | None = None, name: str | None = None, templates: Path | None = None
) -> Initialised:
    """Make a project of a folder (created when missing).

    The spec extends a template, or is a copy of a file; a `dlabel.yaml` that is there already is kept. It is
    staged. `templates` is the user's own folder of templates.

    Raises:
        InputError: the folder is a project already, or the spec cannot be used; then nothing is left behind.
        RefusedError: there is a `dlabel.yaml` and another spec was asked for.
    """
    root = Path(os.path.abspath(folder))  # noqa: PTH100 - links stay as the user wrote them
    if root.is_file():
        raise InputError("is a file; a project is made of a folder", where=str(root))
    if (root / FOLDER).exists():
        raise InputError("is a dlabel project already", where=str(root), hint="dlabel status")
    existing = (root / SPEC_FILE).exists()
    if existing and spec is not None:
        raise RefusedError(
            f"there is a {SPEC_FILE} already", where=str(root), hint="leave out --spec, or move it away"
        )
    called = printable(name or root.name)
    text = None if existing else _spec_text(spec, called, templates, given=name is not None)
    is_new = not root.exists()
    _put_in_place(root, text)
    try:
        _stage_spec(Project(root, templates=templates))
    except BaseException:
        shutil.rmtree(root / FOLDER, ignore_errors=True)
        if text is not None:
            (root / SPEC_FILE).unlink(missing_ok=True)
        if is_new:
            with contextlib.suppress(OSError):
                root.rmdir()
        raise
    return Initialised(root, called, text is not None)


def _put_in_place(root: Path, spec_text: str | None) -> None:
    """The store comes whole or not at all: it is made beside its place."""
    root.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f"{FOLDER}.", dir=root))
    try:
        Store.create(partial / FOLDER).close()
        (partial / FOLDER / SCHEMA_FILE).write_bytes(_schema())
        if spec_text is not None:
            write_atomic(root / SPEC_FILE, spec_text.encode())
        (partial / FOLDER).rename(root / FOLDER)
        sync_all(root, [root, root.parent])
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _stage_spec(project: Project) -> None:
    with project.writing("dlabel init") as position:
        stage = Stage.of(project, position)
        stage_spec(stage, also_gone=False)
        stage.save()
    project.store.close()


def _schema() -> bytes:
    from datalabel.spec.grammar import grammar_text

    return grammar_text().encode()


def _spec_text(spec: str | None, name: str, templates: Path | None, *, given: bool) -> str:
    """The text of the new `dlabel.yaml`."""
    editor = f"# yaml-language-server: $schema={FOLDER}/{SCHEMA_FILE}\n"
    from datalabel.spec.yaml_scalar import quoted
    from datalabel.spec.yaml_text import MAX_BYTES, decoded

    if spec is not None and _is_file(spec):
        text = decoded(read_bounded(Path(spec), MAX_BYTES, name=spec, what="a data spec"), spec)
        line = f"project_name: {quoted(name)}"
        if given or not re.search(r"(?m)^project_name\s*:", text):
            text, found = re.subn(r"(?m)^project_name\s*:.*$", lambda _: line, text, count=1)
            text = text if found else f"{line}\n{text}"
        return text if "$schema=" in text else editor + text
    lines = [editor + f"project_name: {quoted(name)}"]
    if spec is not None:
        from datalabel.spec.templates import find_template

        find_template(spec, templates)
        lines.append(f"extends: [{quoted(spec)}]")
    lines.append("data_spec: {}  # classes: `name: {box: {color: red}}`; none yet means that all are allowed")
    return "\n".join(lines) + "\n"


def new_spec(path: Path, template: str | None, name: str, templates: Path | None, *, force: bool) -> None:
    """Write a spec that extends a template.

    Raises:
        RefusedError: the file exists, and `force` is not given.
        InputError: there is no such template, or no such folder.
    """
    refuse_own(path)
    if path.exists() and not force:
        raise RefusedError(
            "exists already", where=str(path), hint="--force replaces it, -o FILE writes another"
        )
    if not path.parent.is_dir():
        raise InputError("there is no such folder", where=str(path.parent), hint=f"mkdir -p {path.parent}")
    write_atomic(path, _spec_text(template, name, templates, given=True).encode())


def _is_file(spec: str) -> bool:
    return spec.endswith((".yaml", ".yml", ".json")) and Path(spec).is_file()
