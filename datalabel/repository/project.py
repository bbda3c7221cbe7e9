"""An opened project: its root, its store, its settings, and where keys lie on disk."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from datalabel.errors import DamagedError, InputError, NoProjectError
from datalabel.files import Entry, contained, normalised, walk
from datalabel.progress import SILENT, Progress
from datalabel.repository.config import Config, load_config
from datalabel.repository.journal import finish_journal
from datalabel.store.state import Position
from datalabel.store.store import FOLDER, Store

SPEC_FILE = "dlabel.yaml"
IGNORE_FILE = ".dlabelignore"
BASELINE = ".baseline.json"
"""How the names of baselines of `check` end, which are no new data."""
CONFIG_FILE = "config.yaml"
MANIFEST = "dlabel.json"
"""Says what a folder was exported from, and what each of its files held."""
PARTIAL = ".dlabel-export"
"""How the name of a folder ends that is being exported, or that a dead export left."""


class Project:
    """One project on disk. Holds no state but open files; every command reads the position anew."""

    def __init__(
        self, root: Path, progress: Progress = SILENT, wait: float = 0.0, templates: Path | None = None
    ) -> None:
        self.root = root
        self.templates = templates
        self.store = Store(root / FOLDER)
        self.progress = progress
        self._wait = wait

    @classmethod
    def find(
        cls, start: Path, progress: Progress = SILENT, wait: float = 0.0, templates: Path | None = None
    ) -> Project:
        """The project that a folder lies in; `templates` is the user's own folder of spec templates.

        Raises:
            NoProjectError: neither the folder nor one above holds `.dlabel`.
        """
        for folder in (start, *start.parents):
            if (folder / FOLDER).is_dir():
                return cls(folder, progress, wait, templates)
        raise NoProjectError(
            "no dlabel project here or in any folder above", where=str(start), hint="dlabel init"
        )

    @cached_property
    def config(self) -> Config:
        """The settings of this clone."""
        return load_config(self.root / FOLDER / CONFIG_FILE)

    def check_config(self) -> None:
        """Read the settings now, so that a fault in them is met before anything is done.

        Raises:
            InputError: they are faulty.
        """
        _ = self.config

    # Where keys lie

    def path_of(self, key: str) -> Path:
        """Where an item's file lies: below the project, or below a root of `config.yaml`; `.` is the project."""
        if key == ".":
            return self.root
        head, _, rest = key.partition("/")
        if head in self.config.roots:
            return contained(self.config.roots[head], rest) if rest else self.config.roots[head]
        return contained(self.root, key)

    def on_disk(self, key: str) -> Path | None:
        """The file of a key, also when the disk spells its name in another Unicode form; None without one."""
        path = self.path_of(key)
        if path.exists():
            return path
        if key.isascii() or not path.parent.is_dir():
            return None
        for candidate in path.parent.iterdir():
            if normalised(candidate.name) == path.name:
                return candidate
        return None

    def key_of(self, path: Path) -> str:
        """The key of a path, which may be given relative to anything that was resolved before.

        Raises:
            InputError: it lies outside the project and its roots.
        """
        absolute = Path(os.path.abspath(path))  # noqa: PTH100 - links inside the project are not followed
        if absolute.is_relative_to(self.root):
            return normalised(absolute.relative_to(self.root).as_posix()) or "."
        for name, folder in self.config.roots.items():
            if absolute.is_relative_to(folder):
                return normalised(f"{name}/{absolute.relative_to(folder).as_posix()}")
        raise InputError(
            "the path lies outside the project",
            where=str(path),
            hint="name its folder under `roots` in .dlabel/config.yaml, or add a label file with --as NAME",
        )

    def walk(self, key: str = ".") -> Iterator[tuple[str, str, Entry]]:
        """Key, path and stat of every file below a folder, without what `.dlabelignore` names, and baselines.

        Folders in it that were exported (they hold a manifest), or are being exported, are left out: their
        files are no new data.

        Raises:
            InputError: two files have names that are one key (Unicode forms of the same name).
        """
        folder = self.root if key == "." else self.path_of(key)
        prefix = "" if key == "." else key + "/"
        ignored = self._ignored
        seen: dict[str, str] = {}

        def skip(path: str, is_folder: bool) -> bool:
            exported = is_folder and (path.endswith(PARTIAL) or (folder / path / MANIFEST).is_file())
            ours = exported or (not is_folder and path.endswith(BASELINE))
            return ours or (ignored is not None and ignored(prefix + path, is_folder))

        for entry in walk(folder, skip=skip):
            found = prefix + (entry.path if entry.path.isascii() else normalised(entry.path))
            if not found.isascii() and seen.setdefault(found, entry.path) != entry.path:
                raise InputError(
                    f"two files have the same name in different Unicode forms: {seen[found]!a} and {entry.path!a}",
                    where=str(folder),
                    hint="rename one of them",
                )
            yield found, f"{folder}/{entry.path}", entry

    @cached_property
    def _ignored(self) -> _Ignore | None:
        path = self.root / IGNORE_FILE
        if not path.is_file():
            return None
        return _Ignore(path)

    # Taking turns

    @contextmanager
    def writing(self, command: str) -> Iterator[Position]:
        """Hold the project for a command that changes it, and give where the project stands.

        What an earlier command announced and did not finish is finished first. Unfinished objects are
        dropped when the block fails.

        Raises:
            BusyError: another living process holds the project.
            DamagedError: the store was made to lead elsewhere.
        """
        with self.store.state.writing(command, self._wait), self.store.objects:
            self._prepare_temporary()
            finish_journal(self)
            self._sweep()
            yield self.store.state.read()

    def _prepare_temporary(self) -> None:
        """See that `tmp/` is there (copies lose empty folders) and that it is the store's own."""
        folder = self.store.temporary
        if folder.is_symlink():
            raise DamagedError(
                "is a symbolic link; nothing is written through it", where=str(folder), hint="remove the link"
            )
        folder.mkdir(exist_ok=True)

    def base_of(self, key: str) -> Path:
        """The folder that a key is below: a root of `config.yaml`, or the project."""
        return self.config.roots.get(key.partition("/")[0], self.root)

    def _sweep(self) -> None:
        """Remove what dead commands left in `tmp/`; nobody else writes while this command does."""
        for left in self.store.temporary.iterdir():
            if left.is_file():
                left.unlink(missing_ok=True)


class _Ignore:
    """`.dlabelignore`: which paths are left out, by gitignore's rules."""

    def __init__(self, path: Path) -> None:
        import pathspec

        try:
            lines = path.read_text(encoding="utf-8").splitlines()
            self._spec = pathspec.GitIgnoreSpec.from_lines(lines)
        except (ValueError, UnicodeDecodeError) as error:
            raise InputError(f"a pattern cannot be used: {error}", where=str(path)) from error

    def __call__(self, path: str, is_folder: bool) -> bool:
        return self._spec.match_file(path + "/" if is_folder else path)
