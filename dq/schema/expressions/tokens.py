"""The words of an expression: names, numbers, texts and symbols, each with its place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Characters of an expression at most.
MOST_CHARACTERS: Final = 4_000


class ExpressionError(ValueError):
    """What is wrong with an expression, and the character it begins at, counted from 1."""

    def __init__(self, at: int, sentence: str) -> None:
        """Take the place, from 0, and a sentence that goes on from it."""
        super().__init__(f"at character {at + 1}: {sentence}")


class TokenKind(Enum):
    """What a token is; END stands behind the last one."""

    NUMBER = "number"
    TEXT = "text"
    QUOTED = "quoted"
    WORD = "word"
    SYMBOL = "symbol"
    END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    """One token. `text` is what it means: without quotes, and a quote that was doubled stands there once."""

    kind: TokenKind
    text: str
    at: int

    @property
    def keyword(self) -> str:
        """The word in lower case; empty for anything but a word."""
        return self.text.lower() if self.kind is TokenKind.WORD else ""

    def shown(self) -> str:
        """Name it in a message."""
        match self.kind:
            case TokenKind.END:
                return "the end"
            case TokenKind.TEXT:
                return f"the text '{self.text}'"
        return self.text


_TOKEN: Final = re.compile(
    r"""
    (?P<space>\s+)
    |(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    |(?P<text>'(?:[^']|'')*')
    |(?P<quoted>"(?:[^"]|"")*"|`(?:[^`]|``)*`)
    |(?P<word>[^\W\d]\w*)
    |(?P<symbol><=|>=|<>|!=|==|[=<>+\-*/(),])
    """,
    re.VERBOSE,
)
_QUOTES: Final = {"'": "a text", '"': "a name", "`": "a name"}


def tokens_of(text: str) -> Iterator[Token]:
    """Cut an expression into tokens, white space left out.

    Raises:
        ExpressionError: a character that has no meaning, a quote without its partner, or more than `MOST_CHARACTERS`.
    """
    if len(text) > MOST_CHARACTERS:
        raise ExpressionError(MOST_CHARACTERS, f"the expression is longer than {MOST_CHARACTERS:,} characters")
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise ExpressionError(at, _strange(text[at]))
        group = str(found.lastgroup)
        if group != "space":
            yield Token(TokenKind(group), _meaning(group, found[0]), at)
        at = found.end()
    yield Token(TokenKind.END, "", len(text))


def _meaning(group: str, written: str) -> str:
    if group not in {"text", "quoted"}:
        return written
    quote = written[0]
    return written[1:-1].replace(quote * 2, quote)


def _strange(character: str) -> str:
    if character in _QUOTES:
        return f"{_QUOTES[character]} that begins here has no end; expected another {character}"
    shown = character if character.isprintable() else f"U+{ord(character):04X}"
    return f"{shown} has no meaning here; a name that holds it stands in double quotes or backticks"
