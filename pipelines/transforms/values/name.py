"""`"name"`: names of people, spaced once and with their capitals where they belong.

Words in capitals or in small letters alone are mended; a word that is written in both is somebody's own spelling and
stays, as do initials. Particles are small behind another name. Mac is no Mc: nobody can tell MacDonald from Machado.

>>> tried("name", "MCDONALD, ANNE-MARIE", "ludwig VAN BEETHOVEN", "VAN DER BERG", "o'neil  jr", "JOHN SMITH III")
['McDonald, Anne-Marie', 'Ludwig van Beethoven', 'Van der Berg', "O'Neil Jr", 'John Smith III']
>>> tried("name", "DeVito", "von Trapp", "J.R.R. TOLKIEN", "AL GORE", "CATHERINE D'ARCY")
['DeVito', 'von Trapp', 'J.R.R. Tolkien', 'Al Gore', "Catherine D'Arcy"]
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from pipelines.transforms.distinct import MOST_WORDS, each_distinct, without_argument
from pipelines.transforms.step import StepKind
from pipelines.transforms.text.letters import capitalized, small
from pipelines.transforms.text.squeeze import squeezed
from pipelines.transforms.text.trim import trimmed

if TYPE_CHECKING:
    import pyarrow as pa

#: Small behind another name.
_PARTICLES: Final = frozenset(
    (
        *(
            "von",
            "van",
            "vom",
            "vander",
            "zu",
            "zur",
            "zum",
            "der",
            "den",
            "des",
            "und",
            "het",
            "ten",
            "ter",
            "te",
            "op",
        ),
        *("de", "del", "della", "delle", "dello", "degli", "dal", "dalla", "di", "da", "do", "dos", "das", "du"),
        *("la", "le", "les", "af", "av", "til", "bin", "bint", "ibn", "al", "el"),
    )
)
_NUMERALS: Final = frozenset({"ii", "iii", "iv", "vi", "vii", "viii", "ix"})
#: A word is cut at these, and each of its parts is a word of its own.
_CUTS: Final = re.compile("([-.\u2010\u2011/])")
_APOSTROPHE: Final = re.compile("(['\u2019\u02bc`])")
_TOO_LONG_FOR_INITIALS: Final = 3


def _named(column: pa.StringArray) -> pa.StringArray:
    write = lru_cache(MOST_WORDS)(_word)  # many people share a name; forgotten with the column

    def one(text: str) -> str:
        mixed = text not in (text.upper(), text.lower())
        first, *others = text.split(" ")
        return " ".join([write(first, True, mixed), *(write(word, False, mixed) for word in others)])  # noqa: FBT003

    return each_distinct(squeezed(trimmed(column)), one)


def _word(word: str, first: bool, mixed: bool) -> str:  # noqa: FBT001 - a cache asks twice as long for names
    parts = _CUTS.split(word)
    initials = word.replace(".", "")
    if mixed and initials.isupper() and len(initials) < _TOO_LONG_FOR_INITIALS:
        return word
    return "".join(
        part if at % 2 else _part(part, first=first and not at, mixed=mixed) for at, part in enumerate(parts)
    )


def _part(part: str, *, first: bool, mixed: bool) -> str:
    letters = part.strip(",;()\"'\u2019")
    if not (letters.isupper() or letters.islower()):
        return part
    plain = small(letters)
    if plain in _PARTICLES and (not first or (mixed and letters == plain)):
        return part.replace(letters, plain)
    if plain in _NUMERALS and not first:
        return part.replace(letters, letters.upper())
    pieces = _APOSTROPHE.split(part)
    return "".join(piece if at % 2 else _piece(piece, behind=at > 0) for at, piece in enumerate(pieces))


def _piece(piece: str, *, behind: bool) -> str:
    """Write what stands between apostrophes: a single letter behind one is no name."""
    start = re.match(r"[\W_]*", piece)
    marks = start[0] if start else ""
    letters = piece[len(marks) :]
    if behind and len(letters) == 1:
        return piece.replace(letters, small(letters))
    if small(letters).startswith("mc") and len(letters) > _TOO_LONG_FOR_INITIALS:
        return marks + "Mc" + capitalized(letters[2:])
    return marks + capitalized(letters)


NAME: Final = StepKind("name", without_argument(_named))
