"""The verb `spec infer`: a spec that the labels of a revision satisfy."""

from __future__ import annotations

from datalabel.errors import InputError, RefusedError
from datalabel.files import write_atomic
from datalabel.repository.project import Project
from datalabel.repository.spec.file import read_spec, spec_changed
from datalabel.repository.view import View, view_of
from datalabel.repository.working_tree import SPEC_FILE
from datalabel.spec.carry import carried_over
from datalabel.spec.infer import infer_spec
from datalabel.spec.load import load_spec


def infer_spec_of(view: View, set_name: str, default_name: str) -> str:
    """The tightest readable spec, as YAML, that one label set satisfies. One pass, bounded memory.

    Raises:
        InputError: the revision has no such set.
    """
    view.labels(set_name)
    name = view.spec.project_name or default_name
    return infer_spec(view.keyed_batches(set_name), name, view.skeletons(set_name))


def write_spec(project: Project, text: str, *, force: bool = False) -> str:
    """Put an inferred spec into `dlabel.yaml`, with what the old one says of things that labels do not tell (see
    `spec.carry`); what was written.

    Raises:
        RefusedError: the file holds what is not staged, and `force` is not given; or it is not UTF-8, or a part of it
            that should stay does not stand on its own.
    """
    staging = view_of(project.store, project.store.state.read().staging, "STAGED")
    if not force and spec_changed(project, staging.tree) in ("added", "modified"):
        raise RefusedError(
            "has changes that are not staged",
            where=SPEC_FILE,
            hint="dlabel add dlabel.yaml first, or --force",
        )
    old = read_spec(project)
    if old:
        text = carried_over(text, _read(old), SPEC_FILE)
        try:
            load_spec(text, name=SPEC_FILE)
        except InputError as error:
            raise RefusedError(
                f"has a section that means nothing without the others: {error.faults[0].what}",
                where=SPEC_FILE,
                hint="move check, quality and workflow out of the file, and back afterwards",
            ) from error
    write_atomic(project.root / SPEC_FILE, text.encode())
    return text


def _read(spec: bytes) -> str:
    try:
        return spec.decode()
    except UnicodeDecodeError as error:
        hint = "save it as UTF-8, or move it away: check, quality and workflow would be carried over"
        raise RefusedError("is not UTF-8", where=SPEC_FILE, hint=hint) from error
