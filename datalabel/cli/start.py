"""`init` and `demo`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import typer

from datalabel.cli.presenting import Presentation, Screen, shown
from datalabel.cli.session import SESSION


@dataclass
class Started(Presentation):
    """A new project."""

    root: str
    name: str
    spec_written: bool

    def text(self, screen: Screen) -> None:
        screen.line("Made the project ", (shown(self.name), "name"), f" in {shown(self.root)}")
        words = (
            "written: edit it, it says what labels may look like" if self.spec_written else "found and staged"
        )
        screen.line(f"  dlabel.yaml {words}")
        screen.line(("Next: dlabel add IMAGES LABELS", "dim"))

    def json(self) -> Any:
        return {"root": self.root, "name": self.name, "spec_written": self.spec_written}


def init(
    folder: str = typer.Argument(".", metavar="[DIR]", help="The folder; created when missing."),
    spec: str = typer.Option(None, "--spec", metavar="TEMPLATE|FILE", help="What dlabel.yaml begins with."),
    name: str = typer.Option(None, "--name", help="The project's name; the folder's unless given."),
) -> Presentation:
    """Turn a folder into a project, with a data spec to begin with.

    Writes .dlabel/ and dlabel.yaml; `dlabel spec list` shows the templates.
    """
    from datalabel.repository.upkeep.starting import init as start

    done = start(SESSION.path(folder), spec=_spec(spec), name=name, templates=SESSION.templates)
    return Started(str(done.root), done.name, done.spec_written)


def _spec(spec: str | None) -> str | None:
    """A file is meant relative to where the command was started; a template has no place."""
    if spec is not None and spec.endswith((".yaml", ".yml", ".json")):
        return str(SESSION.path(spec))
    return spec


def demo(
    folder: str = typer.Argument("dlabel-demo", metavar="[DIR]", help="A new folder to draw the project in."),
) -> int:
    """Draw a small project (potatoes on a conveyor belt) and walk through it.

    Every command is printed before its output. The project stays, to play with.
    """
    from datalabel.cli.demo import walk

    return walk(SESSION.path(folder))
