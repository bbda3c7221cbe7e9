"""The parts of one `.dlabel` folder together."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from datalabel.files import sync_folder, write_atomic
from datalabel.store.cache import Cache
from datalabel.store.history import History
from datalabel.store.objects import LocalObjects
from datalabel.store.snapshots import Snapshots
from datalabel.store.state import State

if TYPE_CHECKING:
    from datalabel.store.measures import Measures
    from datalabel.store.tables import Tables

FOLDER = ".dlabel"


class Store:
    """Objects, tables, history, state and cache of one project. Opening it reads nothing yet."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.objects = LocalObjects(folder)
        self.history = History(self.objects)
        self.snapshots = Snapshots(self.objects)
        self.state = State(folder / "state.db")
        self.cache = Cache(folder / "cache.db")

    @classmethod
    def create(cls, folder: Path) -> Store:
        """Make an empty store; `folder` must not exist."""
        folder.mkdir(parents=True)
        for name in ("objects", "tmp"):
            (folder / name).mkdir()
        write_atomic(folder / ".gitignore", b"*\n")
        State.create(folder / "state.db").close()
        sync_folder(folder)
        return cls(folder)

    @cached_property
    def tables(self) -> Tables:
        """The table scan; imported late, because pyarrow takes its time."""
        from datalabel.store.tables import Tables

        return Tables(self.objects, self.measures)

    @cached_property
    def measures(self) -> Measures:
        """What was measured on label sets; imported late as well."""
        from datalabel.store.measures import Measures

        return Measures(self.folder / "measures", self.objects)

    @property
    def temporary(self) -> Path:
        """The folder of unfinished writes."""
        return self.folder / "tmp"

    def close(self) -> None:
        """Release the databases."""
        self.state.close()
        self.cache.close()
