"""From text to a syntax tree. sqlglot parses; the words it is given are on a white list.

Every word that is not an operator of the language is handed on as a quoted name, so that the parser never
meets a type, function, statement or dialect; how deep brackets nest is bounded before it recurses.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from sqlglot import Token, Tokenizer, TokenType, exp
from sqlglot.errors import ParseError, SqlglotError
from sqlglot.parser import Parser

from datalabel.errors import UsageError
from datalabel.labels.where.nodes import OPERATORS

PLACE = "--where"
"""Where the errors say they are."""

MAX_LENGTH = 10_000
"""Characters of an expression."""

MAX_BRACKETS = 25
"""Brackets within brackets."""

SYNTAX = "AND OR NOT, = != < <= > >=, + - * /, IN (…), BETWEEN … AND …, LIKE, ILIKE, IS NULL, and brackets"

_SIGNS = {
    TokenType.L_PAREN, TokenType.R_PAREN, TokenType.COMMA, TokenType.DOT, TokenType.EQ, TokenType.NEQ,
    TokenType.LT, TokenType.LTE, TokenType.GT, TokenType.GTE, TokenType.PLUS, TokenType.DASH,
    TokenType.STAR, TokenType.SLASH, TokenType.STRING, TokenType.NUMBER, TokenType.IDENTIFIER,
}  # fmt: skip
_WORD = re.compile(r"[^\W\d]\w*")
_FOREIGN = {
    "SELECT", "FROM", "WHERE", "WITH", "UNION", "VALUES", "CASE", "WHEN", "THEN", "ELSE", "END", "CAST",
    "EXISTS", "OVER", "INTERVAL", "ANY", "ALL", "SOME", "DISTINCT", "COLLATE", "REGEXP", "RLIKE", "SIMILAR",
    "GLOB", "DIV", "MOD", "XOR", "ISNULL", "NOTNULL", "SYMMETRIC", "ASYMMETRIC",
}  # fmt: skip
"""Words of SQL that people may expect to work. No column has such a name."""


def shown(text: str, length: int = 40) -> str:
    """A piece of an expression for a message: on one line, printable, not too long."""
    line = "".join(c if c.isprintable() else " " for c in text)
    return line if len(line) <= length else line[: length - 1] + "…"


def refused(what: str, hint: str | None = None) -> UsageError:
    """The error of an expression that cannot be used."""
    return UsageError(what, where=PLACE, hint=hint)


def check_length(text: str) -> None:
    """Refuse an expression that is too long.

    Raises:
        UsageError: it is.
    """
    if len(text) > MAX_LENGTH:
        raise refused(f"the expression is {len(text):,} characters long; at most {MAX_LENGTH:,} are read")


def syntax_tree(text: str) -> tuple[exp.Expression, frozenset[str]]:
    """The parser's tree of an expression, and the names that stand in double quotes in it.

    Raises:
        UsageError: it is empty, too long, too deep, no expression, or has a word or sign that is not available.
        RecursionError: it is nested too deeply for the parser.
    """
    words = _words_of(text)
    quoted = (word for word in words if word.token_type is TokenType.IDENTIFIER and text[word.start] == '"')
    return _parsed(text, words), frozenset(word.text for word in quoted)


def _parsed(text: str, words: Sequence[Token]) -> exp.Expression:
    try:
        parsed: list[Any] = Parser().parse_into(exp.Condition, list(words), text)
    except ParseError as error:
        raise _not_an_expression(text, words, error) from None
    except SqlglotError as error:
        raise refused(f"is not an expression: {shown(str(error))}", f"there are {SYNTAX}") from None
    if len(parsed) != 1 or not isinstance(parsed[0], exp.Expression):
        raise refused(f"is not an expression: {shown(text)}", f"there are {SYNTAX}")
    return parsed[0]


def _not_an_expression(text: str, words: Sequence[Token], error: ParseError) -> UsageError:
    first = error.errors[0] if error.errors else {}
    spot = (first.get("line"), first.get("col"))
    start = next((word.start for word in words if (word.line, word.col) == spot), 0)
    what = f"is not an expression: it cannot be read at character {start + 1}, {shown(text[start:])!r}"
    return refused(what, f"there are {SYNTAX}")


def _words_of(text: str) -> list[Token]:
    """The words and signs of an expression, names as quoted names."""
    check_length(text)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise refused("the expression is not Unicode text (it holds half a surrogate pair)") from None
    try:
        tokens = Tokenizer().tokenize(text)
    except SqlglotError:
        hint = "a text ends with a single quote, a quoted name with a double quote, a comment with */"
        raise refused("a text, a quoted name or a comment does not end", hint) from None
    if not tokens:
        raise refused("the expression is empty", "for example: class = 'car' AND w > 20")
    words = [_word(text, tokens, position) for position in range(len(tokens))]
    _check_brackets(words)
    return words


def _word(text: str, tokens: list[Token], position: int) -> Token:
    token = tokens[position]
    kind, piece = token.token_type, text[token.start : token.end + 1]
    after_dot = position > 0 and tokens[position - 1].token_type is TokenType.DOT
    named = kind is TokenType.IDENTIFIER or bool(_WORD.fullmatch(piece))
    if kind not in _SIGNS and not named:
        raise _not_available(text, token, piece)
    if not named or (piece.upper() in OPERATORS and not after_dot):
        return token
    if position + 1 < len(tokens) and tokens[position + 1].token_type is TokenType.L_PAREN:
        raise refused(f"functions are not available: {shown(piece)}(…)", f"there are {SYNTAX}")
    if piece.upper() in _FOREIGN and not after_dot:
        raise _not_available(text, token, piece)
    return token if kind is TokenType.IDENTIFIER else _name(token, piece)


def _name(token: Token, piece: str) -> Token:
    return Token(TokenType.IDENTIFIER, piece, token.line, token.col, token.start, token.end)


def _not_available(text: str, token: Token, piece: str) -> UsageError:
    hint = f"there are {SYNTAX}"
    if text[token.start :].startswith("`"):
        hint = 'a name with other characters stands in double quotes: properties."my key"'
    return refused(f"character {token.start + 1}: {shown(piece)!r} is not available in an expression", hint)


def _check_brackets(words: list[Token]) -> None:
    opened: list[Token] = []
    for word in words:
        if word.token_type is TokenType.L_PAREN:
            opened.append(word)
        elif word.token_type is TokenType.R_PAREN:
            if not opened:
                raise refused(f"character {word.start + 1}: this bracket closes nothing")
            opened.pop()
        if len(opened) > MAX_BRACKETS:
            raise too_deep()
    if opened:
        raise refused(f"character {opened[-1].start + 1}: this bracket is never closed")


def too_deep() -> UsageError:
    """The error of an expression that nests too deeply."""
    return refused("the expression is nested too deeply", "leave out brackets that are not needed")
