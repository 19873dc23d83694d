"""From the text of an expression to its tree, by recursive descent; nothing is executed.

    condition  = and {"or" and}
    and        = not {"and" not}
    not        = {"not"} comparison
    comparison = sum [("=" | "==" | "!=" | "<>" | "<" | "<=" | ">" | ">=") sum
                     | "is" ["not"] "null" | ["not"] "in" "(" sum {"," sum} ")" | ["not"] "between" sum "and" sum]
    sum        = product {("+" | "-") product}
    product    = signed {("*" | "/") signed}
    signed     = {"-" | "+"} primary
    primary    = number | text | "true" | "false" | ("date" | "datetime" | "time" | "duration") text
                 | ("length" | "lower") "(" condition ")" | name | "(" condition ")"

Words that are no names: and, or, not, is, in, between, null, true, false, in any case. A field of such a name, or one
with other characters, stands in double quotes or backticks.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from dq.schema.cells import INTEGER_MAX, INTEGER_MIN, UNPARSABLE, parse_cell
from dq.schema.definition import FieldType
from dq.schema.expressions.syntax import (
    AllOf,
    AnyOf,
    Arithmetic,
    Column,
    Comparison,
    Function,
    IsNull,
    Literal,
    Minus,
    Not,
    OneOf,
)
from dq.schema.expressions.tokens import ExpressionError, Token, TokenKind, tokens_of
from dq.schema.loading.rule_values import EXPECTED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dq.schema.expressions.syntax import Node

#: Brackets and signs within each other, and nodes of a tree, at most.
MOST_DEPTH: Final = 30
MOST_NODES: Final = 200
#: Digits before and behind the point that exact numbers have at most.
MOST_DIGITS: Final = 38

_RESERVED: Final = frozenset({"and", "or", "not", "is", "in", "between", "null", "true", "false"})
_COMPARISONS: Final = {"=": "=", "==": "=", "!=": "!=", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_TYPED: Final = {kind.value: kind for kind in (FieldType.DATE, FieldType.DATETIME, FieldType.TIME, FieldType.DURATION)}
_FUNCTIONS: Final = frozenset({"length", "lower"})
_SIGNS: Final = ("-", "+")


def parse_expression(text: str, types: Mapping[str, FieldType]) -> Node:
    """Read an expression over fields of these types; a name that is no field gets the type ANY, for others to tell.

    Raises:
        ExpressionError: the text is no expression, or one that is too long, too deep or too large.
    """
    return _Parser(text, types).whole()


class _Parser:
    def __init__(self, text: str, types: Mapping[str, FieldType]) -> None:
        self._tokens = list(tokens_of(text))
        self._types = types
        self._next = self._nodes = self._depth = 0

    def whole(self) -> Node:
        if self._token.kind is TokenKind.END:
            raise ExpressionError(0, "there is nothing; expected a condition such as end_date >= start_date")
        found = self._condition()
        if self._next < len(self._tokens) - 1:
            raise self._unexpected("and, or, or the end")
        return found

    @property
    def _token(self) -> Token:
        return self._tokens[self._next]

    def _symbol(self, *symbols: str) -> Token | None:
        """Take one of these symbols, if it comes next."""
        token = self._token
        if token.kind is not TokenKind.SYMBOL or token.text not in symbols:
            return None
        self._next += 1
        return token

    def _word(self, *words: str) -> Token | None:
        """Take these words, if they come next; gives the first."""
        first = self._token
        for offset, word in enumerate(words):
            if self._tokens[min(self._next + offset, len(self._tokens) - 1)].keyword != word:
                return None
        self._next += len(words)
        return first

    def _unexpected(self, expected: str) -> ExpressionError:
        return ExpressionError(self._token.at, f"found {self._token.shown()}; expected {expected}")

    def _counted(self, node: Node) -> Node:
        self._nodes += 1
        if self._nodes > MOST_NODES:
            raise ExpressionError(node.at, f"the expression has more than {MOST_NODES} parts; expected several rules")
        return node

    def _deeper(self, token: Token, read: Callable[[], Node]) -> Node:
        self._depth += 1
        if self._depth > MOST_DEPTH:
            raise ExpressionError(token.at, f"brackets and signs are more than {MOST_DEPTH} deep; expected fewer")
        found = read()
        self._depth -= 1
        return found

    def _condition(self) -> Node:
        return self._joined(self._both, "or", AnyOf)

    def _both(self) -> Node:
        return self._joined(self._contrary, "and", AllOf)

    def _joined(self, part: Callable[[], Node], word: str, kind: type[AllOf | AnyOf]) -> Node:
        at = self._token.at
        parts = [part()]
        while self._word(word):
            parts.append(part())
        return parts[0] if len(parts) == 1 else self._counted(kind(tuple(parts), at))

    def _contrary(self) -> Node:
        token = self._word("not")
        if token is None:
            return self._comparison()
        return self._counted(Not(self._deeper(token, self._contrary), token.at))

    def _comparison(self) -> Node:
        left = self._sum()
        symbol = self._symbol(*_COMPARISONS)
        if symbol is not None:
            return self._counted(Comparison(_COMPARISONS[symbol.text], left, self._sum(), symbol.at))
        if token := self._word("is", "not", "null"):
            return self._counted(Not(self._is_null(left, token), token.at))
        if token := self._word("is", "null"):
            return self._is_null(left, token)
        if token := self._word("is"):
            raise self._unexpected("null or not null")
        negated = self._token.keyword == "not"
        for word, read in (("in", self._one_of), ("between", self._between)):
            if token := self._word(*(("not", word) if negated else (word,))):
                found = read(left, token)
                return self._counted(Not(found, token.at)) if negated else found
        return left

    def _is_null(self, left: Node, token: Token) -> Node:
        if not isinstance(left, Column):
            raise ExpressionError(left.at, "only a field can be null; expected its name before is null")
        return self._counted(IsNull(left, token.at))

    def _one_of(self, left: Node, token: Token) -> Node:
        if self._symbol("(") is None:
            raise self._unexpected("a list such as ('open', 'closed')")
        options = [self._option()]
        while self._symbol(","):
            options.append(self._option())
        if self._symbol(")") is None:
            raise self._unexpected("a comma or the closing bracket")
        return self._counted(OneOf(left, tuple(options), token.at))

    def _option(self) -> Node:
        """Read an entry of a list; it does not count as a part, the length of the text bounds them."""
        nodes, found = self._nodes, self._signed()
        self._nodes = nodes
        if not isinstance(found, Literal):
            raise ExpressionError(found.at, "a list holds values; expected numbers or texts such as 'open'")
        return found

    def _between(self, left: Node, token: Token) -> Node:
        low = self._sum()
        if self._word("and") is None:
            raise self._unexpected("and with the upper limit")
        above = self._counted(Comparison(">=", left, low, token.at))
        below = self._counted(Comparison("<=", left, self._sum(), token.at))
        return self._counted(AllOf((above, below), token.at))

    def _sum(self) -> Node:
        return self._chain(self._product, "+", "-")

    def _product(self) -> Node:
        return self._chain(self._signed, "*", "/")

    def _chain(self, part: Callable[[], Node], *symbols: str) -> Node:
        found = part()
        while symbol := self._symbol(*symbols):
            found = self._counted(Arithmetic(symbol.text, found, part(), symbol.at))
        return found

    def _signed(self) -> Node:
        sign = self._symbol(*_SIGNS)
        if sign is None:
            return self._counted(self._primary())
        if self._token.kind is TokenKind.NUMBER:
            return self._counted(self._number(sign))
        found = self._deeper(sign, self._signed)
        return found if sign.text == "+" else self._counted(Minus(found, sign.at))

    def _primary(self) -> Node:
        token = self._token
        if token.kind is TokenKind.NUMBER:
            return self._number(None)
        if bracket := self._symbol("("):
            found = self._deeper(bracket, self._condition)
            self._close()
            return found
        if token.kind is TokenKind.TEXT:
            self._next += 1
            return Literal(token.text, FieldType.STRING, token.at)
        if token.kind is TokenKind.QUOTED or (token.kind is TokenKind.WORD and token.keyword not in _RESERVED):
            return self._named(token)
        if token.keyword in {"true", "false"}:
            self._next += 1
            return Literal(token.keyword == "true", FieldType.BOOLEAN, token.at)
        if token.keyword == "null":
            raise ExpressionError(token.at, "nothing equals null; expected is null or is not null")
        raise self._unexpected("a field, a value or (")

    def _close(self) -> None:
        if self._symbol(")") is None:
            raise self._unexpected(")")

    def _named(self, token: Token) -> Node:
        self._next += 1
        following = self._token
        if token.keyword in _TYPED and following.kind is TokenKind.TEXT:
            return self._typed(_TYPED[token.keyword], token)
        if token.kind is TokenKind.WORD and (bracket := self._symbol("(")):
            if token.keyword not in _FUNCTIONS:
                raise ExpressionError(token.at, f"there is no function {token.text}; expected length(…) or lower(…)")
            operand = self._deeper(bracket, self._condition)
            self._close()
            return Function(token.keyword, operand, token.at)
        name = token.text if token.text in self._types else token.text.strip()
        return Column(name, self._types.get(name, FieldType.ANY), token.at)

    def _typed(self, kind: FieldType, token: Token) -> Node:
        text = self._token.text
        self._next += 1
        value = parse_cell(text, kind)
        if value is UNPARSABLE and kind is FieldType.DATETIME:
            value = parse_cell(f"{text}T00:00:00", kind)  # a date alone is the start of its day
        if value is UNPARSABLE or isinstance(value, (dict, list)):
            raise ExpressionError(token.at, f"'{text}' is no {kind.value}; expected {EXPECTED[kind]}")
        return Literal(value, kind, token.at)

    def _number(self, sign: Token | None) -> Node:
        token = self._token
        self._next += 1
        at = token.at if sign is None else sign.at
        text = f"-{token.text}" if sign is not None and sign.text == "-" else token.text
        if "e" in text.lower():
            value = parse_cell(text, FieldType.NUMBER)
            if isinstance(value, float):
                return Literal(value, FieldType.NUMBER, at)
            raise ExpressionError(at, f"{text} is too large for a number")
        exact = Decimal(text)
        if "." not in text and INTEGER_MIN <= exact <= INTEGER_MAX:
            return Literal(int(exact), FieldType.INTEGER, at)
        whole, _, behind = text.lstrip("-").partition(".")
        if len(whole.lstrip("0")) > MOST_DIGITS or len(behind.rstrip("0")) > MOST_DIGITS:
            raise ExpressionError(at, f"the number has more than {MOST_DIGITS} digits before or behind its point")
        return Literal(exact, FieldType.DECIMAL, at)
