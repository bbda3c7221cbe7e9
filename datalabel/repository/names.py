"""Which item does a label file mean? Names as a file writes them, resolved to keys.

The order: what the source's earlier reading resolved; below `--images`; the key as written; beside the label
file; the format's own habit (`JPEGImages` beside `Annotations`); a base name that only one item or image file
has, or of those that have it the one whose path ends in the name, or in which the name ends. Where there is one
image by the key as written and another one around the label file, nobody knows which is meant, and it is refused.
What stays unresolved becomes an item without content, and is joined with its image when that comes. A name that
leaves the project is only ever matched by its end; it is never opened.

A name without the suffix of an image (YOLO's label files tell none) means a key with any. It is made of where the
label file lies, so what lies around that comes before the key as written. Since such a name is no image's own, it
may also mean an item whose image never came, known from elsewhere.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from datalabel.errors import Faults
from datalabel.files import key_fault, normalised
from datalabel.images import without_suffix
from datalabel.repository.project import Project
from datalabel.store.history import Source

SIBLINGS = ("JPEGImages", "images", "Images", "imgs", "img")
"""Folders beside a label file, or beside its folder, where formats keep their images by habit."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a source lies: its folder (`.`: the root; None: outside the project) and `--images`, as keys."""

    folder: str | None
    images: str | None = None

    @classmethod
    def of(cls, path: str | None, images: str | None, *, is_folder: bool) -> Place:
        """The place of a source with this path (None: outside the project), a folder or a file."""
        if path is None or is_folder:
            return cls(path, images)
        return cls(path.rpartition("/")[0] or ".", images)

    @property
    def is_root(self) -> bool:
        """Whether all that a relative path may mean begins at the root."""
        return self.folder in (".", None) and self.images is None

    def candidates(self, path: str, folders: Container[str]) -> Iterator[tuple[str, bool]]:
        """Keys in one of these folders that a relative path (as `normalised` gives it) may mean, apart from the key
        that it is itself, best first, and whether `--images` says so."""
        folder, _, base = path.rpartition("/")
        for one, told in _folders(self, folder, bare=without_suffix(base) == base):
            if one in folders:
                yield f"{one}/{base}" if one else base, told

    def readings(self, name: str, folders: Container[str]) -> Iterator[str]:
        """Every key in one of these folders that a name may mean by its path, in a file that lies here."""
        if _is_relative(name):
            yield (path := _path(name))
            yield from (key for key, _ in self.candidates(path, folders))


@lru_cache(maxsize=1 << 12)
def _folders(place: Place, folder: str, *, bare: bool) -> tuple[tuple[str, bool], ...]:
    """The folders (as keys; empty: the root) in which images may be that a source expects in this one, and whether
    `--images` says so; `bare` says that it names them without their suffix."""
    told, found = [], []
    if place.images is not None:
        told.append(posixpath.join(place.images, folder))
        if bare and (folder + "/").startswith("images/"):
            # The folder that a label file's place stands for may be the very one that was given.
            told.append(posixpath.join(place.images, folder.removeprefix("images").lstrip("/")))
    if place.folder is not None:
        found.append(posixpath.join(place.folder, folder))
        for base in (place.folder, posixpath.dirname(place.folder)):
            found += [posixpath.join(base, sibling, folder) for sibling in SIBLINGS]
    said: dict[str, bool] = {}
    for number, one in enumerate([*told, *found]):
        said.setdefault(normalised(posixpath.normpath(one)), number < len(told))
    return tuple(said.items())


def place_of(project: Project, source: Source | None) -> Place:
    """Where a source lies, for resolving its names."""
    if source is None:
        return Place(None)
    is_folder = source.path is not None and project.is_folder(source.path)
    return Place.of(source.path, source.options.get("images"), is_folder=is_folder)


class Images:
    """The images that names may mean: tracked items, and image files on disk (listed when first needed)."""

    def __init__(self, tracked: Mapping[str, str | None], list_disk: Callable[[], Iterable[str]]) -> None:
        self.tracked = tracked
        self._list_disk = list_disk
        self._ends: dict[str, Mapping[str, Sequence[str]]] = {}

    @cached_property
    def _disk(self) -> frozenset[str]:
        return frozenset(self._list_disk())

    @property
    def is_empty(self) -> bool:
        """Whether there is no image that a name could mean."""
        return not self.tracked and not self._disk

    @cached_property
    def folders(self) -> frozenset[str]:
        """Every folder (empty: the root) that an image lies right in, or that a tracked one belongs in."""
        return frozenset(posixpath.dirname(key) for key in {*self.tracked, *self._disk})

    def at(self, path: str) -> Sequence[str]:
        """The item or file of this key; for a path without suffix, those that have it and a suffix."""
        if path in self.tracked or path in self._disk:
            return [path]
        return self._by_path.get(path, ()) if without_suffix(path) == path else ()

    def with_end(self, path: str) -> Sequence[str]:
        """Keys that end in a path's base name; of several, those that end in the whole path, else the one in which
        the path ends. Sharing a folder and no more tells nothing: the image that is meant may not be here."""
        base = posixpath.basename(path)
        found = self._with_base(base)
        if len(found) < 2 or path == base:
            return found
        if base not in self._ends:
            self._ends[base] = _by_end(found, bare=without_suffix(base) == base)
        ends, parts = self._ends[base], path.split("/")
        tries = [path, *("/" + "/".join(parts[first:]) for first in range(1, len(parts) - 1))]
        return next((ends[one] for one in tries if one in ends), found)

    def _with_base(self, base: str) -> Sequence[str]:
        """Keys that end in this base name; for a name without suffix, those with this stem: images that are
        here, else items that wait for theirs."""
        found = self._by_base.get(base)
        if found or without_suffix(base) != base:
            return found or ()
        return self._by_stem.get(base) or self._waiting_by_stem.get(base, ())

    @cached_property
    def _here(self) -> Sequence[str]:
        tracked = (key for key, content in self.tracked.items() if content is not None)
        return sorted({*self._disk, *tracked})

    @cached_property
    def _by_base(self) -> Mapping[str, Sequence[str]]:
        return _grouped(self._here, posixpath.basename)

    @cached_property
    def _by_stem(self) -> Mapping[str, Sequence[str]]:
        return _grouped(self._here, _stem)

    @cached_property
    def _waiting_by_stem(self) -> Mapping[str, Sequence[str]]:
        return _grouped(sorted(self.tracked.keys() - set(self._here)), _stem)

    @cached_property
    def _by_path(self) -> Mapping[str, Sequence[str]]:
        return _grouped(sorted({*self._here, *self.tracked}), without_suffix)


def _stem(key: str) -> str:
    return without_suffix(posixpath.basename(key))


def _by_end(keys: Iterable[str], *, bare: bool) -> Mapping[str, Sequence[str]]:
    """The keys by every end of theirs that has a folder; a whole one begins with a slash."""
    groups: dict[str, list[str]] = {}
    for key in keys:
        parts = (without_suffix(key) if bare else key).split("/")
        ends = ("/".join(parts[first:]) for first in range(len(parts) - 1))
        for end in ("/" + "/".join(parts), *ends):
            groups.setdefault(end, []).append(key)
    return groups


def _grouped(keys: Iterable[str], what: Callable[[str], str]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for key in keys:
        groups.setdefault(what(key), []).append(key)
    return groups


def resolve(
    names: Sequence[str],
    place: Place,
    images: Images,
    earlier: Mapping[str, str],
    source: str,
    numbers: Sequence[str | None] = (),
) -> list[str]:
    """The key that each name means, in order. `numbers` are what else the source calls each: a number, or the file
    that names it.

    Raises:
        InputError: a name may mean several images, two names mean one image, or a name cannot be a key.
    """
    faults = Faults()
    keys = [_resolve_one(name, place, images, earlier, source, faults) for name in names]
    faults.raise_if_any(hint="give the folder with --images DIR, or make the names in the file unambiguous")
    taken: dict[str, int] = {}
    for row, key in enumerate(keys):
        first = taken.setdefault(key, row)
        if first != row:
            name, other = names[row], names[first]
            same = f"the image {name!r} is listed twice"
            words = same if other == name else f"{other!r} and {name!r} mean one image"
            by = f", by {numbers[first]} and {numbers[row]}" if numbers and numbers[row] else ""
            faults.add(f"{words} ({key}){by}", source)
    faults.raise_if_any(
        hint="if file names are not unique here, name the field that is with --item-key FIELD"
    )
    return keys


def meant(name: str, place: Place, images: Images) -> str | None:
    """The key that one name certainly means; None when no image, or more than one, may be meant."""
    found = _candidates(name, _path(name), place, images)
    return found[0] if len(found) == 1 else None


def _candidates(name: str, path: str, place: Place, images: Images) -> Sequence[str]:
    """The keys that a name may mean: those to which its path leads, else those with its end."""
    if images.is_empty:
        return ()
    if not _is_relative(name):
        return images.with_end(path)
    if place.is_root and path in images.tracked:
        return [path]
    written = images.at(path)
    around = ((images.at(key), told) for key, told in place.candidates(path, images.folders))
    near, told = next((one for one in around if one[0]), ((), False))
    if near and (told or without_suffix(path) == path):
        return near
    if written and near:
        return sorted({*written, *near})
    return written or near or images.with_end(path)


def _path(name: str) -> str:
    """A name as written, with the separators of a key (a leading slash is lost)."""
    return normalised(name.replace("\\", "/"))


def _is_relative(name: str) -> bool:
    return not name.startswith(("/", "\\")) and name[1:2] != ":"


def _resolve_one(
    name: str, place: Place, images: Images, earlier: Mapping[str, str], source: str, faults: Faults
) -> str:
    if name in earlier:
        return earlier[name]
    path = _path(name)
    found = _candidates(name, path, place, images)
    if len(found) == 1:
        return found[0]
    if len(found) > 1:
        shown = ", ".join(found[:4]) + (", …" if len(found) > 4 else "")
        faults.add(f"the image {name!r} may be any of {len(found)}: {shown}", source)
        return posixpath.basename(path)
    return _unresolved(name, path, place, source, faults)


def _unresolved(name: str, path: str, place: Place, source: str, faults: Faults) -> str:
    """The key of an item whose image is not here: below `--images` when given, else the name as written."""
    inside = _is_relative(name) and ".." not in path.split("/")
    key = normalised(posixpath.join(place.images or "", path)) if inside else posixpath.basename(path)
    fault = key_fault(key)
    if fault:
        faults.add(f"the image name {name!r} {fault}", source)
    return key
