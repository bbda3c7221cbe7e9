"""`dlabel.yaml`, the project's spec in the working tree, and the spec in staging."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from datalabel.content import BLOB, object_id
from datalabel.files import read_bounded
from datalabel.repository.project import Project
from datalabel.repository.working_tree import SPEC_FILE
from datalabel.store.history import Tree

if TYPE_CHECKING:
    from datalabel.repository.stage import Stage

MAX_BYTES = 16 << 20
"""What is read of a spec, whose own limit is lower and is told by its reader."""


def read_spec(project: Project) -> bytes | None:
    """The bytes of `dlabel.yaml`, or None when there is none.

    Raises:
        InputError: it is no file, or too large to be a spec.
    """
    path = project.root / SPEC_FILE
    if not os.path.lexists(path):
        return None
    return read_bounded(path, MAX_BYTES, name=SPEC_FILE, what="a data spec")


def spec_changed(project: Project, tree: Tree) -> str | None:
    """How `dlabel.yaml` differs from the spec in staging: `added`, `modified`, `deleted`, or None."""
    return _change(read_spec(project), tree)


def _change(text: bytes | None, tree: Tree) -> str | None:
    if text is None:
        return "deleted" if tree.spec_text else None
    if tree.spec_text is None:
        return "added"
    return "modified" if object_id(BLOB, text) != tree.spec_text else None


def stage_spec(stage: Stage, *, also_gone: bool) -> bool:
    """Bring `dlabel.yaml` into staging; whether it changed. Where it is gone, so is the spec if `also_gone`.

    Raises:
        InputError: the spec has faults (all are named).
    """
    text = read_spec(stage.project)
    change = _change(text, stage.tree)
    if change == "deleted" and also_gone:
        stage.tree = replace(stage.tree, spec=None, spec_text=None)
        return True
    # What a spec extends may have changed although its own text has not.
    if text is None or (change is None and b"extends" not in text):
        return False
    from datalabel.repository.spec.foreign import load_spec_text

    return stage.put_spec(load_spec_text(text, stage.project.root, stage.project.templates), text)
