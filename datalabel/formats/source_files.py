"""The files of one label source. Light: `status` needs them without any format being imported."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class SourceFiles:
    """The files of one source: a single file, or a folder's files by their path below it."""

    name: str
    root: Path
    members: tuple[str, ...] = ()

    def path(self, member: str | None = None) -> Path:
        """The file itself, or one member of the folder."""
        return self.root if member is None else self.root / member
