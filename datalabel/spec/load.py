"""Loading a data spec: read, merge with what it extends, understand; every fault of all files at once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from datalabel.errors import Fault, InputError
from datalabel.spec.authored import Report, spelled_out
from datalabel.spec.canonical import canonical_spec
from datalabel.spec.inherit import merged, without
from datalabel.spec.model import Spec
from datalabel.spec.templates import find_template
from datalabel.spec.understand import understand
from datalabel.spec.yaml_text import MAX_BYTES, Node, Place, read_yaml

MAX_EXTENDS = 16
"""Levels of specs below the first."""

_SHOWN = 200


@dataclass(frozen=True, slots=True)
class LoadedSpec:
    """A spec, the text its author wrote, its canonical form, what to warn of, and the templates it extends."""

    spec: Spec
    text: str
    canonical: bytes
    warnings: tuple[Fault, ...] = ()
    templates: tuple[str, ...] = ()


def load_file(path: Path, *, templates: Path | None = None) -> LoadedSpec:
    """Load a spec from a file; `templates` is the user's own folder of them.

    Raises:
        InputError: it cannot be read, or it or something that it extends has faults (all are named).
    """
    return load_spec(_read(path, str(path)), name=path.name, folder=path.parent, templates=templates)


def load_spec(
    text: str | bytes, *, name: str, folder: Path | None = None, templates: Path | None = None
) -> LoadedSpec:
    """Load a spec from text: the file `name` in `folder`, to which the paths that it extends are relative.

    What it extends comes below it, later entries over earlier ones, mappings key by key; so a class has the
    kinds of all specs that give it any, less what `remove` takes away. A class left without kinds takes those
    of `defaults`, else any kind; `defaults` lie below the settings of every kind that a class has.

    Raises:
        InputError: it or something that it extends has faults (all are named).
    """
    loader = _Loader(templates)
    root = loader.resolved(text, name, folder, ((folder / name).resolve(),) if folder is not None else ())
    spec = understand(root.node, loader.report)
    loader.report.faults.raise_if_any()
    words = text if isinstance(text, str) else text.decode("utf-8-sig")
    used = tuple(dict.fromkeys(loader.used))
    return LoadedSpec(spec, words, canonical_spec(spec), tuple(loader.report.warnings), used)


def _read(path: Path, where: str) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=where) from error


@dataclass(frozen=True, slots=True)
class _Resolved:
    """A spec merged over everything that it extends, and how many levels that goes down."""

    node: Node
    depth: int = 0


class _Loader:
    def __init__(self, templates: Path | None) -> None:
        self._templates = templates
        self._done: dict[Path, _Resolved] = {}
        self.report = Report()
        self.used: list[str] = []

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
        shown = entry.text if len(entry.text) <= _SHOWN else entry.text[:_SHOWN] + "…"
        try:
            path = self._path(entry.text, shown, folder)
            whole = path.resolve()
            if whole in above:
                through = " → ".join(one.name for one in above[above.index(whole) :])
                raise InputError(f"{shown!r} extends itself: {through} → {whole.name}")
            known = self._done.get(whole)
            if len(above) + (known.depth if known else 0) > MAX_EXTENDS:
                raise InputError(f"specs extend each other more than {MAX_EXTENDS} deep")
            text = b"" if known else _read(path, shown)
        except InputError as error:
            self.report.fault(error.faults[0].what, entry.place, "extends", error.hint)
            return empty
        self.used.append(entry.text)
        if known is None:
            known = self.resolved(text, entry.text, path.parent, (*above, whole))
            # Read once: files that extend one another along many ways would be read for each of them.
            self._done[whole] = known
        return known

    def _path(self, name: str, shown: str, folder: Path | None) -> Path:
        if not name.startswith((".", "/")) and not name.endswith((".yaml", ".yml", ".json")):
            return find_template(name, self._templates)
        path = folder / name if folder is not None else None
        try:
            found = path is not None and path.is_file()
        except OSError:  # a name that no file system takes
            found = False
        if path is None or not found:
            raise InputError(
                f"there is no file {shown!r}", hint="paths are relative to the file they stand in"
            )
        return path
