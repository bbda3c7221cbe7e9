"""The least that a command line with typer and rich can be: what dlabel's start-up is measured against."""

from __future__ import annotations

import typer
from rich.console import Console

app = typer.Typer()


@app.callback(invoke_without_command=True)
def root(version: bool = False) -> None:
    """A program with one command."""
    if version:
        Console().print("minimal 1.0")
        raise typer.Exit


@app.command()
def hello(name: str = "world") -> None:
    """Greet somebody."""
    Console().print(f"hello {name}")


if __name__ == "__main__":
    app()
