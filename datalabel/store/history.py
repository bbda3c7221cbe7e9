"""Trees and commits: the whole state at one moment, and how one followed another. Canonical JSON objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from datalabel.content import ObjectId, canonical_json
from datalabel.errors import DamagedError
from datalabel.files import key_fault
from datalabel.store.json_objects import JsonReader
from datalabel.store.objects import ObjectStore

TREE = "tree"
COMMIT = "commit"
HEADER = "header"
SPEC = "spec"

_KEPT = 8

IMAGES = "images"
"""The format of a source that is a folder of images."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file or folder that items or labels were added from.

    `path` is below the project root, or None for a file outside (`--as`), which is never written back.
    `format` is `images` for a folder of images. `annotator` drew every label unless a label says otherwise.
    `options` are those of `add` that change what the file means (`item_key`, `images`, `size`). `names` has the
    classes of the file that a migration gave another name, and those that it left without a label (None).
    """

    format: str
    path: str | None
    set: str | None = None
    annotator: str | None = None
    header: ObjectId | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str | None] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As in a tree object."""
        names = {"names": dict(self.names)} if self.names else {}
        return {
            "format": self.format,
            "path": self.path,
            "set": self.set,
            "annotator": self.annotator,
            "header": self.header,
            "options": dict(self.options),
            **names,
        }


@dataclass(frozen=True, slots=True)
class Tree:
    """The whole state at one moment: spec (canonical object and the author's text), tables, sources."""

    spec: ObjectId | None = None
    spec_text: ObjectId | None = None
    items: ObjectId | None = None
    mentions: ObjectId | None = None
    sets: Mapping[str, ObjectId] = field(default_factory=dict)
    sources: Mapping[str, Source] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """As an object of the store."""
        return canonical_json(
            {
                "spec": self.spec,
                "spec_text": self.spec_text,
                "items": self.items,
                "mentions": self.mentions,
                "sets": dict(self.sets),
                "sources": {name: source.to_json() for name, source in self.sources.items()},
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> Tree:
        """Read back, checked.

        Raises:
            DamagedError: it is not what `to_bytes` writes.
        """
        reader = JsonReader(data, "tree")
        sets = {name: reader.id_of(value) for name, value in reader.mapping("sets").items()}
        sources = {name: _source(reader, value) for name, value in reader.mapping("sources").items()}
        return cls(
            reader.optional_id("spec"),
            reader.optional_id("spec_text"),
            reader.optional_id("items"),
            reader.optional_id("mentions"),
            sets,
            sources,
        )


def _source(reader: JsonReader, value: Any) -> Source:
    fields = reader.checked(value, dict)
    path, options = fields.get("path"), reader.checked(fields.get("options"), dict)
    names = reader.checked(fields.get("names", {}), dict)
    if path is not None and (not isinstance(path, str) or (path != "." and key_fault(path))):
        raise DamagedError(f"a tree names a source at {path!r}, which is no path inside a project")
    header = fields.get("header")
    return Source(
        format=reader.checked(fields.get("format"), str),
        path=path,
        set=reader.checked(fields.get("set"), (str, type(None))),
        annotator=reader.checked(fields.get("annotator"), (str, type(None))),
        header=None if header is None else reader.id_of(header),
        options={str(name): reader.checked(text, str) for name, text in options.items()},
        names={str(name): reader.checked(text, (str, type(None))) for name, text in names.items()},
    )


@dataclass(frozen=True, slots=True)
class Commit:
    """A tree, its parents, its branch, who, when (UTC, ISO 8601) and why.

    `summary` counts what changed against the first parent. `git` names git's commit and whether its working
    tree was clean, when the project lies in a git repository.
    """

    tree: ObjectId
    parents: tuple[ObjectId, ...]
    branch: str
    author: str
    time: str
    message: str
    summary: Mapping[str, Any] = field(default_factory=dict)
    git: Mapping[str, Any] | None = None

    def to_bytes(self) -> bytes:
        """As an object of the store."""
        return canonical_json(
            {
                "tree": self.tree,
                "parents": list(self.parents),
                "branch": self.branch,
                "author": self.author,
                "time": self.time,
                "message": self.message,
                "summary": self.summary,
                "git": self.git,
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> Commit:
        """Read back, checked.

        Raises:
            DamagedError: it is not what `to_bytes` writes.
        """
        reader = JsonReader(data, "commit")
        parents = reader.checked(reader.fields.get("parents"), list)
        return cls(
            tree=reader.id_of(reader.fields.get("tree")),
            parents=tuple(reader.id_of(parent) for parent in parents),
            branch=reader.text("branch"),
            author=reader.text("author"),
            time=reader.text("time"),
            message=reader.text("message"),
            summary=reader.mapping("summary"),
            git=reader.checked(reader.fields.get("git"), (dict, type(None))),
        )


class History:
    """Reads and writes trees and commits over an object store."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects
        self._read_tree = lru_cache(maxsize=_KEPT)(self._tree)  # threads may share it

    def put_tree(self, tree: Tree) -> ObjectId:
        """Keep a tree."""
        return self._objects.put(TREE, tree.to_bytes())

    def tree(self, name: ObjectId) -> Tree:
        """The tree of this id, verified. The last few are kept: a tree may have thousands of sources."""
        return self._read_tree(name)

    def _tree(self, name: ObjectId) -> Tree:
        return Tree.from_bytes(self._objects.get(TREE, name))

    def put_commit(self, commit: Commit) -> ObjectId:
        """Keep a commit."""
        return self._objects.put(COMMIT, commit.to_bytes())

    def commit(self, name: ObjectId) -> Commit:
        """The commit of this id, verified."""
        return Commit.from_bytes(self._objects.get(COMMIT, name))

    def tree_of(self, commit: ObjectId | None) -> ObjectId | None:
        """The tree that a commit records; None before the first."""
        return self.commit(commit).tree if commit else None

    def walk(self, start: ObjectId) -> Iterator[tuple[ObjectId, Commit]]:
        """Every commit that leads to this one, newest first; parents never come before their children. While each has
        one parent, none is read before it is asked for."""
        name = start
        while len((commit := self.commit(name)).parents) < 2:
            yield name, commit
            if not commit.parents:
                return
            name = commit.parents[0]
        yield from self._sorted(name)

    def _sorted(self, start: ObjectId) -> Iterator[tuple[ObjectId, Commit]]:
        order: list[tuple[ObjectId, Commit]] = []
        state: dict[ObjectId, Commit] = {}
        todo: list[tuple[ObjectId, bool]] = [(start, False)]
        while todo:
            name, done = todo.pop()
            if done:
                order.append((name, state[name]))
            elif name not in state:
                state[name] = self.commit(name)
                todo.append((name, True))
                todo.extend((parent, False) for parent in state[name].parents)
        yield from reversed(order)
