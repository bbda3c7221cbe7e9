"""Specs by name: those of other projects that a spec extends, files, templates, revisions."""

from __future__ import annotations

import os
from pathlib import Path

from datalabel.content import BLOB
from datalabel.errors import InputError, NoProjectError, nearest
from datalabel.repository.project import Project
from datalabel.repository.revisions import view_at
from datalabel.spec.foreign import ForeignSpec
from datalabel.spec.load import LoadedSpec, load_file, load_spec
from datalabel.spec.model import Spec
from datalabel.spec.templates import find_template, list_templates
from datalabel.store.store import FOLDER

_SHOWN = 200


def foreign_spec(folder: Path, revision: str) -> ForeignSpec:
    """The spec of the project in a folder at a revision.

    Raises:
        InputError: there is no project, no such revision, or no spec at it.
    """
    if not os.path.isdir(folder / FOLDER):  # noqa: PTH112 - false, not an error, for names no file system takes
        shown = _shortened(os.path.abspath(folder))  # noqa: PTH100 - it need not be there
        raise InputError(f"there is no dlabel project at {shown}", hint="give the folder that holds .dlabel")
    root = folder.resolve()
    project = Project(root)
    try:
        view = view_at(project, revision)
        if view.tree.spec is None:
            raise InputError(f"{root.name} has no data spec at {revision!r}", hint=f"dlabel -C {root} log")
        written = view.tree.spec_text
        return ForeignSpec(root, view.spec, project.store.objects.get(BLOB, written) if written else b"")
    except InputError as error:
        what = error.faults[0].what
        hint = error.hint.replace("dlabel log", f"dlabel -C {root} log") if error.hint else None
        raise InputError(what if root.name in what else f"{what} in {root}", hint=hint) from None
    finally:
        project.store.close()


def _shortened(text: str) -> str:
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def load_spec_file(path: Path, templates: Path | None) -> LoadedSpec:
    """A spec file with everything that it extends, other projects among it.

    Raises:
        InputError: it cannot be read or has faults (all are named).
    """
    return load_file(path, templates=templates, projects=foreign_spec)


def load_spec_text(text: bytes, folder: Path, templates: Path | None) -> LoadedSpec:
    """A spec from its text, as if it were the `dlabel.yaml` of a folder.

    Raises:
        InputError: it has faults (all are named).
    """
    return load_spec(text, name="dlabel.yaml", folder=folder, templates=templates, projects=foreign_spec)


def spec_named(which: str, folder: Path, templates: Path | None, project: Project | None) -> Spec:
    """The spec that a file (relative to a folder), a template, `FOLDER#REVISION` or a revision names.

    Raises:
        InputError: nothing has this name, or what has it has faults.
    """
    path = folder / which
    if os.path.isfile(path):  # noqa: PTH113 - as above
        return load_spec_file(path, templates).spec
    known = {one.name for one in list_templates(templates)}
    if which in known:
        return load_spec_file(find_template(which, templates), templates).spec
    where, mark, revision = which.partition("#")
    if mark and where and revision:
        return foreign_spec(folder / where, revision).spec
    if which.endswith((".yaml", ".yml", ".json")):
        hint = "dlabel spec new, or name a template" if which == "dlabel.yaml" else "dlabel spec list"
        raise InputError(f"there is no {which} here", where=str(path), hint=hint)
    if project is None:
        raise NoProjectError(
            f"{which!r} is no file and no template, and there is no project whose revision it could be",
            where=str(folder),
            hint="dlabel spec list shows the templates",
        )
    try:
        return view_at(project, which).spec
    except InputError as error:
        close = nearest(which, known)
        advice = f"did you mean {close!r}?" if close else error.hint
        what = f"{which!r} is no file and no template, and {error.faults[0].what}"
        raise InputError(what, hint=advice) from None
