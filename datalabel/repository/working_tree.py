"""Where keys lie on disk: a folder whose files are named by their paths below it."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path

from datalabel.errors import InputError
from datalabel.files import Entry, Stat, contained, key_fault, normalised, read_bounded, walk

SPEC_FILE = "dlabel.yaml"
IGNORE_FILE = ".dlabelignore"
_LONG = 250
"""Keys of more characters than this may be longer than keys can be, in bytes."""
BASELINE = ".baseline.json"
"""How the names of baselines of `check` end, which are no new data."""
MANIFEST = "dlabel.json"
"""Says what a folder was exported from, and what each of its files held."""
MAX_IGNORE = 4 << 20
UNFINISHED = ".dlabel-export"
"""How the name of a folder ends that is being exported, or that a dead export left."""


class WorkingTree:
    """A folder of images and label files; other folders may belong to it, as `roots` with names of their own."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.here = root
        """Where the user stands: hints name paths from here."""

    @property
    def roots(self) -> Mapping[str, Path]:
        """Folders outside that belong to the tree; their keys begin with these names."""
        return {}

    def path_of(self, key: str) -> Path:
        """Where a key's file lies: below the folder, or below one of the `roots`; `.` is the folder."""
        if key == ".":
            return self.root
        head, _, rest = key.partition("/")
        if head in self.roots:
            return contained(self.roots[head], rest) if rest else self.roots[head]
        return contained(self.root, key)

    def base_of(self, key: str) -> Path:
        """The folder that a key is below: one of the `roots`, or the tree's own."""
        return self.roots.get(key.partition("/")[0], self.root)

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

    def is_folder(self, key: str) -> bool:
        """Whether a folder has this key."""
        return self.path_of(key).is_dir()

    def link_on(self, key: str) -> str | None:
        """The key of the first folder on the way to a key, itself included, that is a symbolic link; None without
        one."""
        base = self.base_of(key)
        below = key if base == self.root else key.partition("/")[2]
        parts = below.split("/") if below not in ("", ".") else []
        paths = ("/".join(parts[: place + 1]) for place in range(len(parts)))
        found = next((one for one in paths if (base / one).is_symlink() and (base / one).is_dir()), None)
        return None if found is None else key[: len(key) - len(below) + len(found)]

    def key_of(self, path: Path) -> str:
        """The key of a path, which may be given relative to anything that was resolved before.

        Raises:
            InputError: it lies outside the tree and its roots.
        """
        absolute = Path(os.path.abspath(path))  # noqa: PTH100 - links inside the tree are not followed
        if absolute.is_relative_to(self.root):
            return normalised(absolute.relative_to(self.root).as_posix()) or "."
        for name, folder in self.roots.items():
            if absolute.is_relative_to(folder):
                return normalised(f"{name}/{absolute.relative_to(folder).as_posix()}")
        raise InputError(
            "the path lies outside the project",
            where=str(path),
            hint="name its folder under `roots` in .dlabel/config.yaml, or add a label file with --as NAME",
        )

    def typed(self, key: str) -> str:
        """A key as its path is typed into a shell, from where the user stands."""
        head, _, rest = key.partition("/")
        path = self.roots[head] / rest if head in self.roots else self.root / key
        return shlex.quote(os.path.relpath(path, self.here))

    def walk(
        self, key: str = ".", *, linked: Callable[[str], object] | None = None
    ) -> Iterator[tuple[str, str, Entry]]:
        """Key, path and stat of every file below a folder, without what `.dlabelignore` names, and baselines.

        Folders in it that were exported (they hold a manifest), or are being exported, are left out: their
        files are no new data. `linked` is told the keys of folders behind symbolic links, which are not entered.

        Raises:
            InputError: two files have names that are one key (Unicode forms of the same name), or one is too long.
        """
        folder = self.root if key == "." else self.path_of(key)
        prefix = "" if key == "." else key + "/"
        ignored = self._ignored
        seen: dict[str, str] = {}

        def skip_folder(path: str) -> bool:
            exported = path.endswith(UNFINISHED) or os.access(folder / path / MANIFEST, os.F_OK)
            return exported or (ignored is not None and ignored(prefix + path, True))

        def skip_file(path: str) -> bool:
            return path.endswith(BASELINE) or (ignored is not None and ignored(prefix + path, False))

        tell = None if linked is None else lambda path: linked(prefix + normalised(path))
        for entry in walk(folder, skip_folder=skip_folder, skip_file=skip_file, linked=tell):
            path, _ = entry
            found = prefix + path
            if not path.isascii():
                found = prefix + normalised(path)
                if seen.setdefault(found, path) != path:
                    raise InputError(
                        f"two files have the same name in different Unicode forms: {seen[found]!a} and {path!a}",
                        where=str(folder),
                        hint="rename one of them",
                    )
            if len(found) > _LONG and (fault := key_fault(found)):
                raise InputError(fault, where=found, hint="shorten it, or leave it out with .dlabelignore")
            yield found, f"{folder}/{path}", entry

    @property
    def _ignored(self) -> _Ignore | None:
        """As the file is now: a project may be open while it is edited."""
        path = self.root / IGNORE_FILE
        return _patterns(path, Stat.of(path.stat())) if path.is_file() else None


class _Ignore:
    """`.dlabelignore`: which paths are left out, by gitignore's rules."""

    def __init__(self, path: Path) -> None:
        import pathspec

        data = read_bounded(path, MAX_IGNORE, name=str(path), what="a list of patterns")
        try:
            lines = data.decode("utf-8-sig").splitlines()
            self._spec = pathspec.GitIgnoreSpec.from_lines(lines)
        except (ValueError, UnicodeDecodeError) as error:
            raise InputError(f"a pattern cannot be used: {error}", where=str(path)) from error

    def __call__(self, path: str, is_folder: bool) -> bool:
        return self._spec.match_file(path + "/" if is_folder else path)


@lru_cache(8)
def _patterns(path: Path, _: Stat) -> _Ignore:
    return _Ignore(path)
