"""Markdown as one HTML page that needs nothing else, for what is read rather than looked at."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from datalabel.report.html import rendered, trusted, write_html

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_LEFT_OUT = ("html_block", "html_inline", "link", "image", "autolink", "reference")
"""What Markdown could bring onto a page that asks no network; none of our documents has any."""


def write_document(title: str, markdown: str, path: Path) -> None:
    """Write a document as a page, as `datalabel.report.html.write_html` does, with the same errors."""
    write_html(document_html(title, markdown), path)


def document_html(title: str, markdown: str) -> bytes:
    """The document as HTML, UTF-8. The same document gives the same bytes."""
    parser = _parser()
    # The breaks that keep GitHub from making links would stand in what is copied from the page.
    tokens = [_in_style(token) for token in parser.parse(markdown.replace("&#8203;", ""))]
    body = parser.renderer.render(tokens, parser.options, {})
    return rendered("document", title=title, body=trusted(body))


def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark").enable("table").disable(_LEFT_OUT)


def _in_style(token: Token) -> Token:
    """Alignment as a class: the page's policy allows no style but its own."""
    if token.attrs.pop("style", None) == "text-align:right":
        token.attrs["class"] = "number"
    return token
