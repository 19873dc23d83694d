"""Collecting everything that is wrong with a definition, so that it can be mended in one go."""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_MOST_SHOWN: Final = 60
_KINDS: Final = {
    bool: "true or false",
    int: "a number",
    float: "a number",
    Decimal: "a number",
    str: "a text",
    list: "a list",
    dict: "an object",
}


@dataclass(slots=True)
class Problems:
    """What was found so far, in the order of finding. Each sentence begins with the place it speaks of."""

    found: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def add(self, place: str, sentence: str) -> None:
        """Note something that makes the definition unusable."""
        self.found.append(f"{place}: {sentence}")

    def warn(self, place: str, sentence: str) -> None:
        """Note something that has no effect, or perhaps not the intended one."""
        self.warnings.append(f"{place}: {sentence}")


def shown(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """Spell a JSON value for a message, cut to a readable length."""
    text = str(value) if isinstance(value, Decimal) else json.dumps(value, ensure_ascii=False, default=_plain)
    return text if len(text) <= _MOST_SHOWN else text[: _MOST_SHOWN - 1] + "…"


def _plain(value: object) -> object:
    return float(value) if isinstance(value, Decimal) else str(value)


def kind_of(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """Name the JSON type of a value the way a person would."""
    if value is None:
        return "null"
    return _KINDS.get(type(value), f"a Python {type(value).__name__}")


def suggestion(word: str, known: Iterable[str]) -> str:
    """Offer the nearest known word, as the end of a sentence; empty when nothing is near."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.7)
    return f" (did you mean {near[0]}?)" if near else ""
