"""Loading a data spec: read, merge with what it extends, understand; every fault of all files at once."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from datalabel.errors import Fault, InputError
from datalabel.files import read_bounded
from datalabel.spec.authored import Report, spelled_out
from datalabel.spec.canonical import canonical_spec
from datalabel.spec.foreign import MARK, SPEC_FILE, Projects, node_of, reference, way_back
from datalabel.spec.inherit import merged, without
from datalabel.spec.model import Spec
from datalabel.spec.templates import find_template, origin_of
from datalabel.spec.understand import understand
from datalabel.spec.yaml_text import MAX_BYTES, Node, Place, read_yaml

MAX_EXTENDS = 16
"""Levels of specs below the first."""

_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Extended:
    """Something that a spec extends, itself or through others: as it is written, where it comes from (a template
    `shipped` or `yours`, a `file`, a `project`), and the file or the project's root."""

    name: str
    origin: str
    path: Path


@dataclass(frozen=True, slots=True)
class LoadedSpec:
    """A spec, the text its author wrote, its canonical form, what to warn of, and what it extends."""

    spec: Spec
    text: str
    canonical: bytes
    warnings: tuple[Fault, ...] = ()
    extended: tuple[Extended, ...] = ()

    @property
    def templates(self) -> tuple[str, ...]:
        """The names of what it extends."""
        return tuple(dict.fromkeys(one.name for one in self.extended))


def load_file(path: Path, *, templates: Path | None = None, projects: Projects | None = None) -> LoadedSpec:
    """Load a spec from a file; `templates` is the user's own folder of them.

    Raises:
        InputError: it cannot be read, or it or something that it extends has faults (all are named).
    """
    text = read_bounded(path, MAX_BYTES, name=str(path), what="a data spec")
    return load_spec(text, name=path.name, folder=path.parent, templates=templates, projects=projects)


def load_spec(
    text: str | bytes,
    *,
    name: str,
    folder: Path | None = None,
    templates: Path | None = None,
    projects: Projects | None = None,
) -> LoadedSpec:
    """Load a spec from text: the file `name` in `folder`, to which the paths that it extends are relative.

    What it extends comes below it, later entries over earlier ones, mappings key by key; so a class has the
    kinds of all specs that give it any, less what `remove` takes away. A class left without kinds takes those
    of `defaults`, else any kind; `defaults` lie below the settings of every kind that a class has. `projects`
    reads the specs of other projects (`FOLDER#REVISION`); without it, none can be extended.

    Raises:
        InputError: it or something that it extends has faults (all are named).
    """
    loader = _Loader(templates, projects)
    root = loader.resolved(text, name, folder, ((folder / name).resolve(),) if folder is not None else ())
    spec = understand(root.node, loader.report)
    loader.report.faults.raise_if_any()
    words = text if isinstance(text, str) else text.decode("utf-8-sig")
    extended = tuple(dict.fromkeys(loader.used))
    return LoadedSpec(spec, words, canonical_spec(spec), tuple(loader.report.warnings), extended)


@dataclass(frozen=True, slots=True)
class _Resolved:
    """A spec merged over everything that it extends, and how many levels that goes down."""

    node: Node
    depth: int = 0


class _Loader:
    def __init__(self, templates: Path | None, projects: Projects | None) -> None:
        self._templates = templates
        self._projects = projects
        self._done: dict[Path, _Resolved] = {}
        self.report = Report()
        self.used: list[Extended] = []

    def resolved(
        self, text: str | bytes, name: str, folder: Path | None, above: tuple[Path, ...]
    ) -> _Resolved:
        """A spec merged over everything that it extends; `above` are the files that lead here, itself last."""
        try:
            read = read_yaml(text, name, self.report.faults)
        except InputError as error:
            for fault in error.faults:
                what = f"{fault.what}; {error.hint}" if error.hint else fault.what
                self.report.faults.add(what, fault.where)
            return _Resolved(Node({}, Place(name, 1, 1)))
        words = text if isinstance(text, str) else text.decode("utf-8-sig", "replace")
        own = spelled_out(read, words, self.report)
        inherited, depth = Node({}, own.place), 0
        extends = own.entries.get("extends")
        for entry in (extends.items if extends.is_list else (extends,)) if extends is not None else ():
            extended = self._extended(entry, folder, above)
            inherited = merged(inherited, extended.node)
            depth = max(depth, extended.depth + 1)
        inherited = without(inherited, own.entries.get("remove"), self.report)
        entries = {key: inner for key, inner in own.entries.items() if key not in ("extends", "remove")}
        return _Resolved(merged(inherited, Node(entries, own.place, keys=own.keys)), depth)

    def _extended(self, entry: Node, folder: Path | None, above: tuple[Path, ...]) -> _Resolved:
        empty = _Resolved(Node({}, entry.place))
        if entry.is_mapping or entry.is_list or not entry.text:
            self.report.fault("extends takes names of templates and paths", entry.place, "extends")
            return empty
        try:
            if _is_reference(entry.text, folder):
                return self._project(entry, folder, above)
            return self._file(entry, folder, above)
        except InputError as error:
            self.report.fault(error.faults[0].what, entry.place, "extends", error.hint)
            return empty

    def _file(self, entry: Node, folder: Path | None, above: tuple[Path, ...]) -> _Resolved:
        """A template, or another file."""
        named = _is_template(entry.text)
        path = find_template(entry.text, self._templates) if named else _path(entry.text, folder)
        whole = path.resolve()
        if whole in above:
            through = " → ".join(one.name for one in above[above.index(whole) :])
            raise InputError(f"{_shown(entry.text)!r} extends itself: {through} → {whole.name}")
        known = self._done.get(whole)
        if len(above) + (known.depth if known else 0) > MAX_EXTENDS:
            raise InputError(f"specs extend each other more than {MAX_EXTENDS} deep")
        text = b"" if known else read_bounded(path, MAX_BYTES, name=_shown(entry.text), what="a data spec")
        self.used.append(Extended(entry.text, origin_of(path, self._templates) if named else "file", path))
        if known is None:
            known = self.resolved(text, entry.text, path.parent, (*above, whole))
            # Read once: files that extend one another along many ways would be read for each of them.
            self._done[whole] = known
        return known

    def _project(self, entry: Node, folder: Path | None, above: tuple[Path, ...]) -> _Resolved:
        """The spec of another project at a revision, as it was recorded: nothing of it is loaded anew."""
        where, revision = reference(entry.text) or ("", "")
        if not where or not revision:
            raise InputError(f"{_shown(entry.text)!r} names no revision", hint="write ../other#v3")
        if self._projects is None or folder is None:
            raise InputError(f"{_shown(entry.text)!r} is another project, and none can be read here")
        found = self._projects(folder / where, revision)
        way = way_back(found, {path.parent for path in above if path.name == SPEC_FILE}, self._projects)
        if way is not None:
            through = " → ".join(_shown(one) for one in (SPEC_FILE, entry.text, *way))
            hint = "put what both share into a file or a third project"
            raise InputError(f"projects extend each other: {through}", hint=hint)
        self.used.append(Extended(entry.text, "project", found.root))
        return _Resolved(node_of(found.spec, entry.place))


def _is_template(text: str) -> bool:
    return not text.startswith((".", "/")) and not text.endswith((".yaml", ".yml", ".json"))


def _is_reference(text: str, folder: Path | None) -> bool:
    """Whether a text means another project: a file may have the mark in its name."""
    return MARK in text and not (folder is not None and _is_file(folder / text))


def _is_file(path: Path) -> bool:
    return os.path.isfile(path)  # noqa: PTH113 - false, not an error, for names that no file system takes


def _path(name: str, folder: Path | None) -> Path:
    path = folder / name if folder is not None else None
    if path is None or not _is_file(path):
        hint = "paths are relative to the file they stand in"
        if path is not None and os.path.isdir(path):  # noqa: PTH112 - as above
            hint = (
                f"it is a folder: write {_shown(name)}#REVISION for a project's spec, or the path of a file"
            )
        raise InputError(f"there is no file {_shown(name)!r}", hint=hint)
    return path


def _shown(name: str) -> str:
    return name if len(name) <= _SHOWN else name[:_SHOWN] + "…"
