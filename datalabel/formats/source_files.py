"""The files of one label source. Light: `status` needs them without any format being imported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from datalabel.content import BLOB, object_id


@dataclass(frozen=True, slots=True)
class SourceFiles:
    """The files of one source: a single file, or a folder's files by their path below it.

    `contents` names the bytes of those members of which they are known.
    """

    name: str
    root: Path
    members: tuple[str, ...] = ()
    contents: Mapping[str, str] = field(default_factory=dict)

    def is_as_named(self, member: str, data: bytes) -> bool:
        """Whether a member's bytes are those that `contents` names; False when it was saved meanwhile."""
        return member not in self.contents or object_id(BLOB, data) == self.contents[member]

    def path(self, member: str | None = None) -> Path:
        """The file itself, or one member of the folder."""
        return self.root if member is None else self.root / member
