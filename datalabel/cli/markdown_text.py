"""Markdown as a terminal shows it."""

from __future__ import annotations

import io
import re


def rendered(document: str, width: int, *, color: bool) -> list[str]:
    """The lines of a document, laid out for so many columns."""
    from rich.console import Console
    from rich.markdown import Markdown

    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=color, color_system="standard" if color else None)
    console.print(Markdown(document, hyperlinks=False))
    # The breaks that keep a web page from making links are nothing to look at.
    lines = (line.rstrip() for line in out.getvalue().replace("\u200b", "").split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n").split("\n")
