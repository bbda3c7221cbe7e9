"""Options by which labels and items are selected, the same for every command that selects."""

from __future__ import annotations

import typer

WHERE = typer.Option(
    None,
    "--where",
    metavar="EXPR",
    help="Only labels or items that this SQL condition is true of; see --drop-empty.",
)
DROP_EMPTY = typer.Option(False, "--drop-empty", help="Leave out items that have no labels left.")
