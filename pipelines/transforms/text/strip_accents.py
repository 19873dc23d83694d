"""`"strip_accents"`: letters of Latin and Greek without their accents, and those that have no plain form by two.

Letters of other scripts stay as they are: the Cyrillic й is no и with an accent.

>>> tried("strip_accents", "Crème brûlée", "Łódź", "Straße", "Ærø", "Αθήνα", "Толстой")
['Creme brulee', 'Lodz', 'Strasse', 'AEro', 'Αθηνα', 'Толстой']
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyarrow.compute as pc

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
_UNDIVIDED: Final = f"[{''.join(map(chr, _PLAIN))}]"
_LATIN_OR_GREEK: Final = "A-Za-z\u00c0-\u02af\u0370-\u03ff\u1d00-\u1fff\u2c60-\u2c7f\ua720-\ua7ff"
_ACCENTED: Final = f"([{_LATIN_OR_GREEK}])[\u0300-\u036f]+"


def _without_accents(column: pa.StringArray) -> pa.StringArray:
    if is_ascii(column):
        return column
    return matching(column, r"[^\x00-\x7f]", _plain)


def _plain(column: pa.StringArray) -> pa.StringArray:
    """Take letters and accents apart, the accents away, and put together what is left of others."""
    apart = pc.utf8_normalize(column, form="NFD")
    apart = matching(apart, _UNDIVIDED, lambda some: each_distinct(some, lambda text: text.translate(_PLAIN)))
    return pc.utf8_normalize(pc.replace_substring_regex(apart, _ACCENTED, r"\1"), form="NFC")


STRIP_ACCENTS: Final = StepKind("strip_accents", without_argument(_without_accents))
