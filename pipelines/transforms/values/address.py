"""`"address"` or `{"address": "US"}`: streets with their type in full, their capitals in place, spaced once.

An abbreviation is written out where the type of a street stands: at the end, or before a unit, a direction or a comma,
so that St James keeps its saint. A text in capitals or small letters alone gets capitals; any other keeps its own.
Regions: `US` (which is meant when none is named, and does for English) and `DE`.

>>> tried("address", "12 MAIN ST APT 4B", "500  5TH AVE N", "1 St James Rd.", "P.O. box 12", "5th ave")
['12 Main Street Apt 4B', '500 5th Avenue N', '1 St James Road', 'PO Box 12', '5th Avenue']
>>> tried({"address": "DE"}, "hauptstr. 5a", "Berliner Str. 12", "Schlosspl. 1", "AM MARKT 3")
['Hauptstraße 5a', 'Berliner Straße 12', 'Schlossplatz 1', 'Am Markt 3']
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from dq import Problems, shown
from pipelines.transforms.distinct import MOST_WORDS, each_distinct
from pipelines.transforms.step import StepKind
from pipelines.transforms.text.letters import capitalized, small
from pipelines.transforms.text.squeeze import squeezed
from pipelines.transforms.text.trim import trimmed

if TYPE_CHECKING:
    import pyarrow as pa

#: Writes a word, given whether it is the first of its text.
Capitals = Callable[[str, bool], str]
_EXAMPLE: Final = '{"address": "US"}'
_HOME: Final = "US"
#: The types of streets that people abbreviate most, after Publication 28 of the United States Postal Service.
_ENGLISH: Final = {
    short: full
    for full, shorts in {
        "Street": "st str",
        "Avenue": "ave av aven",
        "Boulevard": "blvd boul",
        "Road": "rd",
        "Lane": "ln",
        "Drive": "dr drv",
        "Court": "ct crt",
        "Place": "pl",
        "Square": "sq sqr",
        "Highway": "hwy hiwy",
        "Parkway": "pkwy pky",
        "Terrace": "ter terr",
        "Circle": "cir circ",
        "Trail": "trl",
        "Turnpike": "tpke",
        "Expressway": "expy",
        "Freeway": "fwy",
        "Crescent": "cres",
    }.items()
    for short in shorts.split()
}
_DIRECTIONS: Final = frozenset({"n", "s", "e", "w", "ne", "nw", "se", "sw"})
_UNITS: Final = frozenset(
    {"apt", "apartment", "unit", "ste", "suite", "fl", "floor", "rm", "room", "bldg", "building", "lot"}
)
_POST_BOX: Final = re.compile(r"\bp\. ?o\. ?box\b|\bpo box\b", re.IGNORECASE)
_STATE: Final = re.compile(r"\b([A-Za-z]{2})(?=,? [0-9]{5}(?:-[0-9]{4})?$)")
_ROMAN_OR_NUMBER: Final = re.compile(r"#?[0-9]+[a-z]?|[a-z]", re.IGNORECASE)
_ORDINAL: Final = re.compile(r"[0-9]+(?:st|nd|rd|th)", re.IGNORECASE)
_GERMAN: Final = (
    (re.compile(r"(?<=[^\W\d_])(str|strasse)\b\.?(?=[\s,]|$)", re.IGNORECASE), "straße"),
    (re.compile(r"(?:^|(?<=[\s-]))(str|strasse)\b\.?(?=[\s,]|$)", re.IGNORECASE), "Straße"),
    (re.compile(r"(?<=[^\W\d_])pl\.(?=[\s,]|$)", re.IGNORECASE), "platz"),
    (re.compile(r"(?:^|(?<=[\s-]))pl\.(?=[\s,]|$)", re.IGNORECASE), "Platz"),
)
_SMALL_IN_GERMAN: Final = frozenset(
    (
        "an",
        "am",
        "auf",
        "bei",
        "beim",
        "der",
        "den",
        "dem",
        "des",
        "die",
        "das",
        "im",
        "in",
        "und",
        "vom",
        "zu",
        "zum",
        "zur",
    )
)


def _read(raw: Any, place: str, problems: Problems) -> str | None:  # noqa: ANN401 - any JSON value
    region = raw.strip().upper() if isinstance(raw, str) else None
    if region in _REGIONS:
        return region
    problems.add(place, f"is {shown(raw)}; expected one of {', '.join(_REGIONS)}, as in {_EXAMPLE}")
    return None


def _addressed(column: pa.StringArray, region: str) -> pa.StringArray:
    write, with_capitals = _REGIONS[region]
    word = lru_cache(MOST_WORDS)(with_capitals)  # streets share their words; forgotten with the column
    return each_distinct(squeezed(trimmed(column)), lambda text: write(text, word))


def _american(text: str, with_capitals: Capitals) -> str:
    if "box" in text.lower():
        text = _POST_BOX.sub("PO Box", text)
    text = _with_state(text)
    words = _with_capitals(text, with_capitals) if _in_one_case(text.replace("PO Box", "")) else text.split(" ")
    plain = [word.lower().rstrip(".,") for word in words]
    numbered = bool(plain) and plain[0][:1].isdigit() and not _ORDINAL.fullmatch(plain[0])  # 5th Ave is a street
    for at, word in enumerate(plain):
        full = _ENGLISH.get(word)
        if full and at > numbered and (words[at].endswith(",") or _ends_street(plain[at + 1 :])):
            words[at] = full + ("," if words[at].endswith(",") else "")
    return _with_state(" ".join(words))


def _with_state(text: str) -> str:
    return _STATE.sub(lambda found: found[1].upper(), text) if text[-1:].isdigit() else text


def _in_one_case(text: str) -> bool:
    return text in (text.upper(), text.lower())


def _with_capitals(text: str, with_capitals: Capitals) -> list[str]:
    return [word if word.isdecimal() else with_capitals(word, at == 0) for at, word in enumerate(text.split(" "))]


def _ends_street(behind: list[str]) -> bool:
    return not behind or behind[0] in _UNITS or behind[0] in _DIRECTIONS or behind[0].startswith("#")


def _american_word(word: str, _first: bool) -> str:  # noqa: FBT001 - a cache asks twice as long for names
    plain = small(word.strip(".,"))
    if word in ("PO", "Box"):
        return word
    if plain in _DIRECTIONS or (not _ORDINAL.fullmatch(plain) and _ROMAN_OR_NUMBER.fullmatch(plain)):
        return word.upper()
    return "-".join(capitalized(part) if part[:1].isalpha() else small(part) for part in word.split("-"))


def _german(text: str, with_capitals: Capitals) -> str:
    in_one_case = _in_one_case(text)
    for expression, full in _GERMAN:
        text = expression.sub(full, text)
    return " ".join(_with_capitals(text, with_capitals)) if in_one_case or _in_one_case(text) else text


def _german_word(word: str, first: bool) -> str:  # noqa: FBT001 - as above
    if not first and small(word) in _SMALL_IN_GERMAN:
        return small(word)
    return "-".join(capitalized(part) if part[:1].isalpha() else small(part) for part in word.split("-"))


_REGIONS: Final[Mapping[str, tuple[Callable[[str, Capitals], str], Capitals]]] = {
    "US": (_american, _american_word),
    "DE": (_german, _german_word),
}

ADDRESS: Final = StepKind("address", _addressed, _read, bare=_HOME, example=_EXAMPLE)
