"""`--where`: what is refused, and that noise of any sort is an expression or a usage error, soon."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from where_world import ITEM_TABLE, LABEL_ROWS, LABEL_TABLE, chosen_labels

from datalabel.errors import UsageError
from datalabel.labels.where import parse_where


@pytest.mark.parametrize(
    ("text", "what", "hint"),
    [
        ("", "empty", "for example"),
        (" -- nothing", "empty", "for example"),
        ("w > ", "cannot be read at character 3, '> '", "AND OR NOT"),
        ("w > 3 AND AND h = 2", "cannot be read at character 11, 'AND h = 2'", "AND OR NOT"),
        ("w > 3 h", "cannot be read at character 7, 'h'", ""),
        ("w > 3\nAND h = = 2", "cannot be read at character 15, '= 2'", ""),
        ("(w > 3", "character 1: this bracket is never closed", ""),
        ("w > 3)", "character 6: this bracket closes nothing", ""),
        ("class = 'car", "does not end", "single quote"),
        ("clas = 'car'", "no column 'clas'", "did you mean class"),
        ("Class = 'car'", "no column 'Class'", "did you mean class"),
        ("label.width = 3", "no column 'width'", "the columns are: id"),
        ("rank = 3", "no column 'rank'", "the columns are: item"),
        ('class = "car"', "no column 'car'", "single quotes: 'car'"),
        ("class = car", "no column 'car'", "single quotes ('car')"),
        ("site = 'A'", "no column 'site'", "properties.site"),
        ("class = 10", "class is a text and 10 is a number", "class = '10'"),
        ("w = 'x'", "w is a number and 'x' is a text", ""),
        ("w = TRUE", "w is a number and TRUE is TRUE or FALSE", ""),
        ("class IN ('a', 1)", "class is a text and 1 is a number", ""),
        ("properties.a IN ('a', 1)", "'a' is a text and 1 is a number", ""),
        ("w BETWEEN 1 AND 'b'", "w is a number and 'b' is a text", ""),
        ("class + 1 = 2", "class is a text: one cannot calculate with it", ""),
        ("-class = 2", "class is a text: one cannot calculate with it", ""),
        ("properties.a < TRUE", "have no order", "= or !="),
        ("properties.a BETWEEN FALSE AND TRUE", "have no order", "= or !="),
        ("class", "class is a text, not a condition", "compare"),
        ("w + 1 AND h = 2", "w + 1 is a number, not a condition", ""),
        ("1 < w < 3", "1 < w is a condition, not a value", "AND"),
        ("(w = 1) = TRUE", "w = 1 is a condition, not a value", ""),
        ("(w = 1) IS NULL", "w = 1 is a condition, not a value", ""),
        ("properties = 1", "after properties stands which one", "properties.occluded"),
        ("width.x = 1", "width is a number and has no parts", ""),
        ("item.properties = 1", "after properties stands which one", "item.properties.site"),
        ("read_csv('/etc/passwd') = 1", "functions are not available: read_csv(…)", "AND OR NOT"),
        ('"read_csv"(1) = 1', "functions are not available: \"read_csv\"(…)", ""),
        ("properties.f(1) = 1", "functions are not available: f(…)", ""),
        ("count(*) > 1", "functions are not available: count(…)", ""),
        ("CAST(w AS text) = '1'", "functions are not available: CAST(…)", ""),
        ("w::text = '1'", "character 2: '::' is not available", ""),
        ("w IN (SELECT 1)", "character 7: 'SELECT' is not available", ""),
        ("EXISTS (SELECT 1)", "functions are not available: EXISTS(…)", ""),
        ("CASE WHEN w > 1 THEN h END = 1", "character 1: 'CASE' is not available", ""),
        ("rank() OVER (PARTITION BY w) = 1", "functions are not available: rank(…)", ""),
        ("w = ?", "character 5: '?' is not available", ""),
        ("w = :a", "character 5: ':' is not available", ""),
        ("w = @a", "character 5: '@' is not available", ""),
        ("w = $1", "character 5: '$1' is not available", ""),
        ("w = 1; DROP TABLE labels", "character 6: ';' is not available", ""),
        ("w = {{ x }}", "is not available", ""),
        ("`class` = 'x'", "character 1: '`' is not available", "double quotes"),
        ("properties.a[0] = 1", "'[' is not available", ""),
        ("class || 'x' = 'y'", "'||' is not available", ""),
        ("w % 2 = 1", "'%' is not available", ""),
        ("class ~ 'x'", "'~' is not available", ""),
        ("class = N'x'", "is not available", ""),
        ("w = 0x1F", "cannot be read", ""),
        ("class = 'a' 'b'", "is not available", ""),
        ("item.* = 1", "STAR is not available", ""),
        ("(w, h) = (1, 2)", "a list stands only after IN", ""),
        ("w IN ()", "after w IN stands a list", "IN ('car', 'bus')"),
        ("w IN (h)", "after w IN stands a list", ""),
        ("w IN h", "after w IN stands a list", ""),
        ("class IN 'a'", "after class IN stands a list", ""),
        ("w IS TRUE", "after w IS stands NULL", ""),
        ("class LIKE kind", "after LIKE stands a text", ""),
        ("w LIKE '1%'", "w is a number", ""),
        ("class LIKE 'a' ESCAPE '!!'", "ESCAPE takes one character", ""),
        ("class LIKE 'a!' ESCAPE '!'", "ends with its ESCAPE character", ""),
        ("class = 'a' ESCAPE '!'", "", ""),
        ("w BETWEEN SYMMETRIC 2 AND 1", "'SYMMETRIC' is not available", ""),
        ("w = 1e999", "1e999 is not a number that can be used", ""),
        ("w = 1e", "1e is not a number", ""),
        ("class = '\ud800'", "not Unicode", ""),
        ("w = 1 OR " * 2000 + "w = 1", "at most 10,000 are read", ""),
        ("properties.a OR " * 600 + "properties.a", "at most 10,000 are read", ""),
        ("(" * 26 + "w = 1" + ")" * 26, "nested too deeply", "brackets"),
        ("(" * 9990, "nested too deeply", ""),
        ("NOT " * 2400 + "w = 1", "nested too deeply", ""),
        ("NOT " * 90 + "w = 1", "nested too deeply", ""),
        ("w = " + "- " * 4000 + "1", "nested too deeply", ""),
        ("w = " + "1 + " * 2000 + "1", "nested too deeply", ""),
    ],
)  # fmt: skip
def test_what_is_not_available_is_refused_with_a_way_out(text: str, what: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_where(text)
    assert str(caught.value).startswith("--where: ")
    assert what in str(caught.value)
    assert hint in (caught.value.hint or "")


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(UsageError) as caught:
        parse_where("foo = 1 AND class = 2 OR NOT (w = 'x' AND bar > 1)")
    assert [fault.what.split(":")[0] for fault in caught.value.faults] == [
        "there is no column 'foo'",
        "class is a text and 2 is a number",
        "w is a number and 'x' is a text",
        "there is no column 'bar'",
    ]


def test_long_chains_and_the_deepest_brackets_are_read() -> None:
    assert len(chosen_labels("(" * 25 + "w = 10" + ")" * 25)) == 12
    assert len(chosen_labels(" OR ".join(["w = 10"] * 900))) == 12
    deep = "w = 10"
    for _ in range(24):
        deep = f"NOT (h = 77 OR h = 78 AND {deep})"
    where = parse_where(deep)
    assert parse_where(where.canonical).terms == where.terms


# Noise: whatever is typed, there is an expression or a usage error, soon

AVAILABLE = [
    "w", "class", "properties", ".", ".a", "item", '"my key"', "'x'", "''", "1", "2.5", ".5", "NULL", "TRUE", "AND",
    "OR", "NOT", "IN", "LIKE", "ILIKE", "BETWEEN", "IS", "ESCAPE", "'!'", "=", "!=", "<", "<=", ">", ">=", "==", "+",
    "-", "*", "/", "(", ")", "(", ")", ",",
]  # fmt: skip
PIECES = [
    *AVAILABLE, ";", "--", "/*", "*/", "SELECT", "CASE", "CAST", "f(", "::", "[", "]", "{{", "{%", "?", ":x", "@",
    "$", "`", '"', "'", "\\", "\n", "\0", "é", "DATE", "INTERVAL", "ARRAY", "MAP", "ANY", "LAMBDA", "->", "=>", "||",
    "%", "&", "~", "ORDER BY", "SHOW", "SET", "N'x'", "x'ff'", "0x1", "1e", "FORMAT",
]  # fmt: skip


def noise(generator: random.Random) -> str:
    if generator.random() < 0.2:
        points = (generator.randrange(0x110000 if generator.random() < 0.1 else 0x250) for _ in range(30))
        return "".join(map(chr, points))
    pieces = generator.choice([AVAILABLE, PIECES])
    joint = generator.choice([" ", " ", ""])
    return joint.join(generator.choices(pieces, k=generator.choice([3, 5, 7, 9, 25])))


def read_noise(seed: int, count: int) -> list[str]:
    generator = random.Random(seed)  # noqa: S311
    read = []
    for _ in range(count):
        text = noise(generator)
        started = time.perf_counter()
        try:
            where = parse_where(text)
        except UsageError:
            continue
        finally:
            assert time.perf_counter() - started < 2, text
        assert parse_where(where.canonical).terms == where.terms
        assert len(where.labels(LABEL_TABLE, ITEM_TABLE)) == len(LABEL_ROWS)
        read.append(text)
    return read


def test_noise_is_an_expression_or_a_usage_error() -> None:
    assert read_noise(1, 2_000)


@pytest.mark.slow
def test_much_noise_is_an_expression_or_a_usage_error() -> None:
    assert read_noise(2, 10_000)


@settings(max_examples=200)
@given(st.lists(st.sampled_from(PIECES), max_size=30).map(" ".join) | st.text())
def test_drawn_noise_is_an_expression_or_a_usage_error(text: str) -> None:
    try:
        where = parse_where(text)
    except UsageError:
        return
    assert parse_where(where.canonical).terms == where.terms
