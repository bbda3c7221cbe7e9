"""The spec that a migration leads to, on its way into staging and into the working tree."""

from __future__ import annotations

from pathlib import Path

from datalabel.errors import InputError, RefusedError
from datalabel.repository.journal import set_aside
from datalabel.repository.project import Project
from datalabel.repository.spec.file import read_spec, spec_changed
from datalabel.repository.spec.foreign import load_spec_file, load_spec_text
from datalabel.repository.stage import Stage
from datalabel.repository.working_tree import SPEC_FILE
from datalabel.spec.load import LoadedSpec
from datalabel.spec.migration import Migration
from datalabel.spec.model import Spec
from datalabel.store.state import Rename


class SpecAfterwards:
    """The file that a map names, which becomes `dlabel.yaml`; else `dlabel.yaml` as it lies in the project.

    Raises:
        InputError: there is no such file, or the spec has faults.
        RefusedError: another file would replace a `dlabel.yaml` that holds what is not staged.
    """

    def __init__(self, project: Project, stage: Stage, migration: Migration, folder: Path) -> None:
        self._project = project
        self._stage = stage
        self._text: bytes | None = None
        self._replaces = False
        self._loaded: LoadedSpec | None = None
        if migration.spec is not None:
            self._take(folder / migration.spec.text, str(migration.spec.place))
        else:
            self._text = read_spec(project)
            if self._text is not None:
                self._loaded = load_spec_text(self._text, project.root, project.templates)
            elif stage.tree.spec is not None:
                hint = "put it back, or name the spec afterwards in the map: `spec: FILE`"
                raise InputError(f"there is no {SPEC_FILE}", where=str(project.root), hint=hint)

    @property
    def spec(self) -> Spec:
        """The spec; one that allows everything when there is none."""
        return self._loaded.spec if self._loaded else Spec()

    def _take(self, path: Path, place: str) -> None:
        """A file that becomes `dlabel.yaml`."""
        if not path.is_file():
            raise InputError(
                f"there is no file {path.name}", where=place, hint="paths are relative to the map"
            )
        self._loaded = load_spec_file(path, self._project.templates)
        self._text = self._loaded.text.encode()
        here = load_spec_text(self._text, self._project.root, self._project.templates)
        if here.canonical != self._loaded.canonical:
            hint = f"put it beside {SPEC_FILE}"
            raise InputError(
                "extends paths that mean something else beside the labels", where=place, hint=hint
            )
        there = read_spec(self._project)
        if there == self._text:
            return
        if spec_changed(self._project, self._stage.tree) in ("added", "modified"):
            hint = f"dlabel add {SPEC_FILE} first, or leave `spec` out of the map to use it"
            raise RefusedError("holds changes that are not staged", where=SPEC_FILE, hint=hint)
        self._replaces = True

    def stage(self) -> bool:
        """Put it into staging; whether that is another spec than before."""
        if self._loaded is None or self._text is None:
            return False
        return self._stage.put_spec(self._loaded, self._text)

    def renames(self) -> list[Rename]:
        """What is to be journalled, so that the file appears with the labels or not at all."""
        if not self._replaces or self._text is None:
            return []
        return [set_aside(self._project, SPEC_FILE, self._text)]
