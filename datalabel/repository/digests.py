"""What a label source's files hold, in one id; read only where the stat cache does not know."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from datalabel.content import ObjectId, canonical_json, object_id
from datalabel.files import Entry, Stat
from datalabel.formats.source_files import SourceFiles
from datalabel.store.cache import Known
from datalabel.store.objects import hash_stream
from datalabel.store.store import Store

DIGEST = "files"


def digest_of(
    store: Store, files: SourceFiles, entries: Sequence[Entry], known: Mapping[str, Known]
) -> ObjectId:
    """The digest of a source's files as they are now: the hash of their paths and contents.

    `known` is what the cache knows of files; `entries` are the source's files in order, with their stats.
    """
    contents: dict[str, str] = {}
    fresh: list[tuple[str, Known]] = []
    for entry in entries:
        member = entry.path if files.members else None
        path = files.path(member)
        name = str(path)
        one = known.get(name)
        if one is None or not one.still(entry.stat):
            checked = time.time_ns()
            with path.open("rb") as file:
                content, _ = hash_stream(file)
            one = Known(Stat.of(path.stat()), checked, content)
            fresh.append((name, one))
        contents[member or ""] = one.content
    if fresh:
        store.cache.remember(fresh)
    return digest_of_contents(contents)


def digest_of_contents(contents: Mapping[str, str]) -> ObjectId:
    """The digest of files by their paths below the source (`""`: the source is one file) and blob ids."""
    return object_id(DIGEST, canonical_json(dict(contents)))
