"""What the shell offers for revisions, snapshots and sets. Silent when anything is wrong."""

from __future__ import annotations

import contextlib

from datalabel.cli.session import SESSION


def revisions(incomplete: str) -> list[str]:
    """Branches, snapshots, `HEAD` and `STAGED`."""
    names: list[str] = ["HEAD", "STAGED"]
    with contextlib.suppress(Exception):
        refs = SESSION.repository().project.store.state.refs()
        names += [ref.partition("/")[2] for ref in refs]
    return [name for name in names if name.startswith(incomplete)]


def snapshots(incomplete: str) -> list[str]:
    """The names of snapshots."""
    found: list[str] = []
    with contextlib.suppress(Exception):
        found = [snapshot.name for snapshot in SESSION.repository().snapshots()]
    return [name for name in found if name.startswith(incomplete)]


def sets(incomplete: str) -> list[str]:
    """The label sets in staging."""
    found: list[str] = []
    with contextlib.suppress(Exception):
        found = SESSION.repository().view().sets
    return [name for name in found if name.startswith(incomplete)]
