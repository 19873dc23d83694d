"""A query whose window is bound, `:since` and `:until`, in a form that every driver takes.

JDBC readers of Spark take a text and nothing else, so there is no place for parameters. The names become settings of
the session, `etl.since` and `etl.until`, which the database itself reads when it carries the query out: no value
ever becomes a part of its text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

#: What may be bound, and the session's setting that holds it.
BINDS: Final = {"since": "etl.since", "until": "etl.until"}
# Texts, names and comments, in which a colon means nothing; `::type`; then what is bound; then an operator of JSON.
_TOKENS: Final = re.compile(
    r"""
    (?P<kept> \b[eE]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*' | "(?:[^"]|"")*" | --[^\n]* | /\*.*?\*/
            | \$(?P<tag>\w*)\$.*?\$(?P=tag)\$ | :: )
    | :(?P<bind>[A-Za-z_]\w*)
    | (?P<question>\?)
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
        return self._replaced(lambda mark: mark)

    @property
    def for_jdbc(self) -> str:
        """The same for JDBC, in which a question mark that is none of its parameters is written twice."""
        return self._replaced(lambda mark: mark * 2)

    def _replaced(self, question: Callable[[str], str]) -> str:
        def replaced(token: re.Match[str]) -> str:
            if token["bind"]:
                # As a query of its own it is carried out once, not for every row that is compared with it.
                return f"(SELECT current_setting('{BINDS[token['bind']]}', true)::timestamptz)"
            return question(token[0]) if token["question"] else token[0]

        return _TOKENS.sub(replaced, self.written)
