"""Loading a data spec: read, merge with what it extends, understand; every fault of all files at once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from datalabel.errors import Fault, InputError
from datalabel.spec.authored import Report, merged, spelled_out, without
from datalabel.spec.canonical import canonical_spec
from datalabel.spec.model import Spec
from datalabel.spec.templates import find_template
from datalabel.spec.understand import understand
from datalabel.spec.yaml_text import MAX_BYTES, Node, read_yaml

MAX_EXTENDS = 16


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
    """Load a spec from text. Paths that it extends are relative to `folder`.

    Raises:
        InputError: it or something that it extends has faults (all are named).
    """
    loader = _Loader(templates)
    root = loader.resolved(text, name, folder, ())
    spec = understand(root, loader.report)
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


class _Loader:
    def __init__(self, templates: Path | None) -> None:
        self._templates = templates
        self.report = Report()
        self.used: list[str] = []

    def resolved(self, text: str | bytes, name: str, folder: Path | None, above: tuple[Path, ...]) -> Node:
        """A spec merged over everything that it extends."""
        read = read_yaml(text, name)
        words = text if isinstance(text, str) else text.decode("utf-8-sig", "replace")
        own = spelled_out(read, words, self.report)
        inherited = Node({}, own.place)
        extends = own.entries.get("extends")
        for entry in (extends.items or (extends,)) if extends is not None else ():
            inherited = merged(inherited, self._extended(entry, folder, above))
        inherited = without(inherited, own.entries.get("remove"), self.report)
        entries = {key: inner for key, inner in own.entries.items() if key not in ("extends", "remove")}
        return merged(inherited, Node(entries, own.place, keys=own.keys))

    def _extended(self, entry: Node, folder: Path | None, above: tuple[Path, ...]) -> Node:
        empty = Node({}, entry.place)
        if entry.is_mapping or entry.is_list or not entry.text:
            self.report.fault("extends takes names of templates and paths", entry.place, "extends")
            return empty
        try:
            path = self._path(entry.text, folder)
            if path.resolve() in above:
                raise InputError(f"{entry.text!r} extends itself, by way of {len(above)} files")
            if len(above) >= MAX_EXTENDS:
                raise InputError(f"specs extend each other more than {MAX_EXTENDS} deep")
            text = _read(path, entry.text)
        except InputError as error:
            self.report.fault(error.faults[0].what, entry.place, "extends", error.hint)
            return empty
        self.used.append(entry.text)
        return self.resolved(text, entry.text, path.parent, (*above, path.resolve()))

    def _path(self, name: str, folder: Path | None) -> Path:
        if name.startswith((".", "/")) or name.endswith((".yaml", ".yml", ".json")):
            path = folder / name if folder is not None else None
            if path is None or not path.is_file():
                raise InputError(f"there is no file {name!r}")
            return path
        return find_template(name, self._templates)
