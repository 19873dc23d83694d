"""The tables that a query of Postgres reads, by its words: what follows FROM and JOIN, and is no name of a WITH."""

from __future__ import annotations

import re
from typing import Final

#: Comments and texts mean nothing; then names, in quotes or not; then everything else that is not blank.
_TOKENS: Final = re.compile(
    r"""
      (?P<skipped> --[^\n]* | /\*.*?\*/ | \b[eE]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*'
                 | \$(?P<tag>\w*)\$.*?\$(?P=tag)\$ )
    | (?P<quoted> "(?:[^"]|"")*" )
    | (?P<word> [A-Za-z_]\w* )
    | (?P<other> \S )
    """,
    re.VERBOSE | re.DOTALL,
)
_BEGINS_QUERY: Final = frozenset({"select", "with", "values", "table"})
#: What ends a list of tables.
_ENDS_FROM: Final = frozenset(
    {"where", "group", "order", "having", "limit", "offset", "union", "intersect", "except", "window", "for", "select"}
)


def queried_tables(query: str) -> tuple[str, ...]:
    r"""The tables, as `schema.table` (without a schema: `public`), each once in their order.

    >>> queried_tables("WITH a AS (SELECT 1 FROM s.b, c) SELECT extract(year FROM d) FROM a JOIN \"E\" USING (x)")
    ('s.b', 'public.c', 'public.E')
    """
    tokens = [(one.lastgroup or "", one.group()) for one in _TOKENS.finditer(query) if one["skipped"] is None]
    found, named = list[str](), set[str]()
    inner: list[tuple[bool, bool]] = []  # of each open bracket: is it a query, and did the one around list tables
    lists = False  # whether a name that comes now, or after a comma, is a table
    expected, at, is_query = False, 0, True
    while at < len(tokens):
        kind, text = tokens[at]
        word = text.lower() if kind == "word" else text
        following = tokens[at + 1][1].lower() if at + 1 < len(tokens) else ""
        if text == "(":
            inner.append((is_query, lists))
            is_query, lists = following in _BEGINS_QUERY or (is_query and expected), expected
        elif text == ")" and inner:
            (is_query, lists), expected = inner.pop(), False
        elif is_query and kind == "word" and word in {"from", "join"} and not _is_distinct_from(tokens, at):
            lists, expected = True, True
        elif kind == "word" and word in _ENDS_FROM:
            lists = expected = False
        elif text == "," and lists and is_query:
            expected = True
        elif kind in {"word", "quoted"} and following == "as" and at + 2 < len(tokens) and _opens(tokens, at + 2):
            named.add(_plain(kind, text))
        elif expected and kind in {"word", "quoted"} and word not in {"only", "lateral"}:
            at, name, is_call = _name_at(tokens, at)
            expected = False
            if not is_call and name not in named:
                found.append(name if "." in name else f"public.{name}")
            continue
        at += 1
    return tuple(dict.fromkeys(found))


def _is_distinct_from(tokens: list[tuple[str, str]], at: int) -> bool:
    return at > 0 and tokens[at - 1][1].lower() == "distinct"


def _opens(tokens: list[tuple[str, str]], at: int) -> bool:
    """Whether a WITH's query begins here, before which it may say (NOT) MATERIALIZED."""
    while at < len(tokens) and tokens[at][1].lower() in {"not", "materialized"}:
        at += 1
    return at + 1 < len(tokens) and tokens[at][1] == "(" and tokens[at + 1][1].lower() in _BEGINS_QUERY


def _name_at(tokens: list[tuple[str, str]], at: int) -> tuple[int, str, bool]:
    """A name with its schema: where it ends, what it is, and whether it is that of a function."""
    parts = [_plain(*tokens[at])]
    at += 1
    while at + 1 < len(tokens) and tokens[at][1] == "." and tokens[at + 1][0] in {"word", "quoted"}:
        parts.append(_plain(*tokens[at + 1]))
        at += 2
    return at, ".".join(parts[-2:]), at < len(tokens) and tokens[at][1] == "("


def _plain(kind: str, text: str) -> str:
    return text[1:-1].replace('""', '"') if kind == "quoted" else text.lower()
