"""A query whose window is bound, `:since` and `:until`, in a form that COPY takes.

It takes a text and nothing else, so there is no place for parameters. The names become settings of the transaction,
`etl.since` and `etl.until`, which the database itself reads when it carries the query out: no value ever becomes a
part of its text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

#: What may be bound, and the session's setting that holds it.
BINDS: Final = {"since": "etl.since", "until": "etl.until"}
# Texts, names and comments, in which a colon means nothing; `::type`; then what is bound.
_TOKENS: Final = re.compile(
    r"""
    (?P<kept> \b[eE]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*' | "(?:[^"]|"")*" | --[^\n]* | /\*.*?\*/
            | \$(?P<tag>\w*)\$.*?\$(?P=tag)\$ | :: )
    | :(?P<bind>[A-Za-z_]\w*)
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class BoundQuery:
    """A query, as somebody wrote it, without a semicolon at its end.

    >>> BoundQuery("SELECT ':since', a::text FROM t WHERE at >= :since").text
    "SELECT ':since', a::text FROM t WHERE at >= (SELECT current_setting('etl.since', true)::timestamptz)"
    """

    written: str

    @property
    def binds(self) -> tuple[str, ...]:
        """The names that are bound in it, each once."""
        return tuple(dict.fromkeys(one["bind"] for one in _TOKENS.finditer(self.written) if one["bind"]))

    @property
    def text(self) -> str:
        """The query as Postgres takes it within a session that has the settings."""

        def replaced(token: re.Match[str]) -> str:
            if token["bind"]:
                # As a query of its own it is carried out once, not for every row that is compared with it.
                return f"(SELECT current_setting('{BINDS[token['bind']]}', true)::timestamptz)"
            return token[0]

        return _TOKENS.sub(replaced, self.written)
