"""`"strip_accents"`: letters of Latin and Greek without their accents, and those that have no plain form by two.

Letters of other scripts stay as they are: the Cyrillic й is no и with an accent.

>>> tried("strip_accents", "Crème brûlée", "Łódź", "Straße", "Ærø", "Αθήνα", "Толстой")
['Creme brulee', 'Lodz', 'Strasse', 'AEro', 'Αθηνα', 'Толстой']
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

from pipelines.transforms.distinct import each_distinct, is_ascii, matching, without_argument
from pipelines.transforms.step import StepKind

if TYPE_CHECKING:
    import pyarrow as pa

#: What no decomposition takes apart.
_PLAIN: Final = str.maketrans(
    {
        **dict(zip("øØłŁđĐðÐħĦıŧŦ", "oOlLdDdDhHitT", strict=True)),
        "ß": "ss",
        "ẞ": "SS",
        "æ": "ae",
        "Æ": "AE",
        "œ": "oe",
        "Œ": "OE",
        "þ": "th",
        "Þ": "TH",
        "ĳ": "ij",
        "Ĳ": "IJ",
    }
)
_ACCENTED: Final = re.compile(
    "([A-Za-z\u00c0-\u02af\u0370-\u03ff\u1d00-\u1fff\u2c60-\u2c7f\ua720-\ua7ff])[\u0300-\u036f]+"
)


def _stripped(text: str) -> str:
    apart = unicodedata.normalize("NFD", text).translate(_PLAIN)
    return unicodedata.normalize("NFC", _ACCENTED.sub(r"\1", apart))


def _without_accents(column: pa.StringArray) -> pa.StringArray:
    if is_ascii(column):
        return column
    return matching(column, r"[^\x00-\x7f]", lambda some: each_distinct(some, _stripped))


STRIP_ACCENTS: Final = StepKind("strip_accents", without_argument(_without_accents))
