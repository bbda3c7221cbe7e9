"""Projects that read a source again, with what they remember of it and without."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from datalabel.errors import DlabelError
from datalabel.repository.add.adding import Added
from datalabel.repository.repository import Repository
from datalabel.store.history import Tree
from datalabel.store.state import Base

Bases = dict[str, Base]


def outcome(repo: Repository, added: Added) -> tuple[Added, Tree, Bases]:
    """What adding says, and all that it leads to."""
    return added, repo.view("STAGED").tree, dict(repo.project.store.state.read().bases)


def forget(repo: Repository) -> None:
    """Take the cache away, which anybody may do at any time."""
    repo.project.store.cache.close()
    (repo.root / ".dlabel" / "cache.db").unlink()


def change_class(repo: Repository) -> None:
    """Change labels here, of which the source knows nothing."""
    names = repo.labels("STAGED").to_arrow().column("class").to_pylist()
    if not names:
        return
    name = names[0]
    (repo.root / "map.yaml").write_text(f"steps: [{{rename: {{{name}: tom}}}}]\n")
    repo.migrate(repo.root / "map.yaml")


def exchange(repo: Repository) -> None:
    """Two items exchange their keys, and the source's names mean the same items as before."""
    for old, new in (("03.jpg", "x.jpg"), ("08.jpg", "03.jpg"), ("x.jpg", "08.jpg")):
        repo.mv(old, new)


_THEN: dict[str, Callable[[Repository, str], object]] = {
    "": lambda repo, _: repo,
    "commit": lambda repo, _: repo.commit("next"),
    "change": lambda repo, _: change_class(repo),
    "exchange": lambda repo, _: exchange(repo),
    "remove": lambda repo, _: repo.rm("05.jpg"),
    "back": lambda repo, _: repo.restore(revision="HEAD~1", staged=True),
    "again": lambda repo, source: repo.restore(source, staged=True),
    "restored": lambda repo, source: repo.restore(source, force=True),
}
THEN = sorted(_THEN)
"""What may happen in a project between two readings of a source."""


def do_then(repo: Repository, name: str, source: str) -> None:
    """Do it, where there is something to do."""
    with contextlib.suppress(DlabelError):
        _THEN[name](repo, source)
