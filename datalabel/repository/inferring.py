"""The verb `spec infer`: a spec that the labels of a revision satisfy."""

from __future__ import annotations

from datalabel.errors import RefusedError
from datalabel.files import write_atomic
from datalabel.repository.project import SPEC_FILE, Project
from datalabel.repository.spec_file import spec_changed
from datalabel.repository.view import View, view_of
from datalabel.spec.infer import infer_spec


def infer_spec_of(view: View, set_name: str, default_name: str) -> str:
    """The tightest readable spec, as YAML, that one label set satisfies. One pass, bounded memory.

    Raises:
        InputError: the revision has no such set.
    """
    view.labels(set_name)
    return infer_spec(view.keyed_batches(set_name), view.spec.project_name or default_name)


def write_spec(project: Project, text: str, *, force: bool = False) -> None:
    """Put a spec into `dlabel.yaml`.

    Raises:
        RefusedError: the file holds what is not staged, and `force` is not given.
    """
    staging = view_of(project.store, project.store.state.read().staging, "STAGED")
    if not force and spec_changed(project, staging.tree) in ("added", "modified"):
        raise RefusedError(
            "has changes that are not staged",
            where=SPEC_FILE,
            hint="dlabel add dlabel.yaml first, or --force",
        )
    write_atomic(project.root / SPEC_FILE, text.encode())
