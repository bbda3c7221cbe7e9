"""An opened project: its working tree, its store, its settings, and whose turn it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from datalabel.errors import DamagedError, NoProjectError
from datalabel.progress import SILENT, Progress
from datalabel.repository.config import Config, load_config
from datalabel.repository.journal import finish_journal
from datalabel.repository.working_tree import WorkingTree
from datalabel.store.state import Position
from datalabel.store.store import FOLDER, Store

CONFIG_FILE = "config.yaml"


class Project(WorkingTree):
    """A working tree with its store. Holds no state but open files; every command reads the position anew."""

    def __init__(
        self, root: Path, progress: Progress = SILENT, wait: float = 0.0, templates: Path | None = None
    ) -> None:
        super().__init__(root)
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

    @property
    def roots(self) -> Mapping[str, Path]:
        """Folders outside that belong to the project, as its settings name them."""
        return self.config.roots

    # Taking turns

    @contextmanager
    def writing(self, command: str) -> Iterator[Position]:
        """Hold the project for a command that changes it, and give where the project stands.

        What an earlier command announced and did not finish is finished first. Objects that nothing was saved of are
        dropped when the block ends.

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

    def _sweep(self) -> None:
        """Remove what dead commands left in `tmp/`; nobody else writes while this command does."""
        for left in self.store.temporary.iterdir():
            if left.is_file():
                left.unlink(missing_ok=True)
