"""How other tools that version files do what dlabel does with images, each in the way its own manual shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from .bench import PROGRAMS, Bench
from .work import Command, Contender

Prepare = Callable[[Path], None]


@dataclass(frozen=True, slots=True)
class Rival:
    """A tool by its commands: to begin, to record a path, to ask what changed, to fetch the version before."""

    name: str
    bench: Bench
    begin: tuple[Command, ...] = ()
    record: tuple[Command, ...] = ()
    ask: tuple[Command, ...] = ()
    back: tuple[Command, ...] = ()
    before_change: tuple[Command, ...] = ()
    missing: str = ""

    def adds(self, files: Prepare, path: str) -> Contender:
        """Records files for the first time."""
        return self._contender(self.record, path, lambda folder: self._start(folder, files))

    def asks_status(self, files: Prepare, path: str) -> Contender:
        """Asks what changed since files were recorded; once before it is timed."""

        def prepare(folder: Path) -> None:
            self._start(folder, files)
            self._run(folder, path, *self.record, *self.ask)

        return self._contender(self.ask, path, prepare, reuse=True)

    def adds_again(self, files: Prepare, change: Prepare, path: str) -> Contender:
        """Records what changed in files that were recorded."""
        return self._contender(self.record, path, lambda folder: self._change(folder, files, change, path))

    def goes_back(self, files: Prepare, change: Prepare, path: str) -> Contender:
        """Brings recorded files back to how they were recorded before."""

        def prepare(folder: Path) -> None:
            self._change(folder, files, change, path)
            self._run(folder, path, *self.record)

        return self._contender(self.back, path, prepare)

    def _start(self, folder: Path, files: Prepare) -> None:
        files(folder)
        self.bench.run(folder, *self.begin)

    def _change(self, folder: Path, files: Prepare, change: Prepare, path: str) -> None:
        self._start(folder, files)
        self._run(folder, path, *self.record, *self.before_change)
        change(folder)

    def _run(self, folder: Path, path: str, *commands: Command) -> None:
        self.bench.run(folder, *_about(path, commands))

    def _contender(
        self, commands: tuple[Command, ...], path: str, prepare: Prepare, *, reuse: bool = False
    ) -> Contender:
        if self.missing:
            return Contender(self.name, missing=self.missing)
        return Contender(self.name, _about(path, commands), prepare, reuse=reuse)


def rivals(bench: Bench) -> list[Rival]:
    """All of them, those that are missing too."""
    return [
        _dvc(bench, "DVC, copies", "copy"),
        _dvc(bench, "DVC, hard links", "hardlink"),
        _oxen(bench),
        *_gits(bench),
    ]


def _about(path: str, commands: tuple[Command, ...]) -> tuple[Command, ...]:
    return tuple(tuple(word.replace("PATH", path) for word in command) for command in commands)


def _dvc(bench: Bench, name: str, link: str) -> Rival:
    dvc = bench.program("dvc")
    if dvc is None:
        return Rival(name, bench, missing="dvc")
    return Rival(
        name,
        bench,
        begin=((dvc, "init", "--no-scm", "-q"), (dvc, "config", "cache.type", link)),
        record=((dvc, "add", "PATH"),),
        ask=((dvc, "status"),),
        # Without git, DVC's former version is the former .dvc file.
        before_change=(("cp", "PATH.dvc", "former"),),
        back=(("cp", "former", "PATH.dvc"), (dvc, "checkout", "-f", "PATH.dvc")),
    )


def _oxen(bench: Bench) -> Rival:
    """Through its Python package: PyPI has no other."""
    python = bench.python_with("oxen")
    if python is None:
        return Rival("Oxen", bench, missing="oxen")
    call = (python, str(PROGRAMS))
    return Rival(
        "Oxen",
        bench,
        begin=((*call, "oxen_init"),),
        record=((*call, "oxen_add", "PATH"),),
        ask=((*call, "oxen_status"),),
        back=((*call, "oxen_back", "PATH"),),
    )


def _gits(bench: Bench) -> list[Rival]:
    git = bench.program("git")
    if git is None:
        return [Rival("git", bench, missing="git"), Rival("git-lfs", bench, missing="git")]
    begin = ((git, "init", "-q"), (git, "config", "gc.auto", "0"))
    lfs = ((git, "lfs", "install", "--local"), (git, "lfs", "track", "*.jpg"), (git, "add", ".gitattributes"))
    plain = Rival(
        "git",
        bench,
        begin=begin,
        record=((git, "add", "PATH"), (git, "commit", "-q", "-m", "measured")),
        ask=((git, "status", "--short"),),
        back=((git, "checkout", "-q", "HEAD~1", "--", "PATH"),),
    )
    missing = "" if bench.program("git-lfs") else "git-lfs"
    return [plain, replace(plain, name="git-lfs", begin=(*begin, *lfs), missing=missing)]
