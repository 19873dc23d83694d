"""Dates and times whose digits stand at fixed places, brought into ISO order for Arrow's parser.

Names of months, offsets and the like are left to Python's strptime.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dq.profiling.cells.texts import offsets_of
from dq.schema.definition import FieldType

_DATE = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = "[0-9]{2}:[0-9]{2}:[0-5][0-9]"
_FRACTION = r"(?:\.[0-9]{1,9})?"
#: Of a date with a clock only the day is converted, so the expressions alone have to refuse what is no hour or minute.
_PARTS = {
    "Y": "[0-9]{4}",
    "m": "[0-9]{2}",
    "d": "[0-9]{2}",
    "H": "(?:[01][0-9]|2[0-3])",
    "M": "[0-5][0-9]",
    "S": "[0-5][0-9]",
}
_ISO_LENGTH = 19
_ISO_SEPARATOR = 10


@dataclass(frozen=True, slots=True)
class IsoPattern:
    """Cells that match `expression` become ISO text by `rewrite`; None: they are ISO already.

    `separator` is the one character that may stand between date and time, None for either.
    """

    kind: FieldType
    expression: str
    rewrite: str | None = None
    separator: str | None = None

    def to_iso(self, text: pa.StringArray) -> pa.StringArray | None:
        """Bring cells into ISO order; None when some cell surely does not match."""
        if self.kind is FieldType.DATE and self.rewrite is None:
            return text  # Arrow's date parser takes exactly YYYY-MM-DD
        if self.kind is FieldType.DATETIME and self.rewrite is None:
            return text if self._plain_timestamps(text) else None
        if not pc.all(pc.match_substring_regex(text, self.expression)).as_py():
            return None
        return pc.replace_substring_regex(text, self.expression, self.rewrite)

    def _plain_timestamps(self, text: pa.StringArray) -> bool:
        """Tell whether Arrow's timestamp parser, which also takes shorter forms, may be used."""
        offsets = offsets_of(text)
        lengths = np.diff(offsets)
        if self.separator is None:
            return bool(lengths.min() >= _ISO_LENGTH)
        if not bool((lengths == _ISO_LENGTH).all()):
            return False
        data = np.frombuffer(text.buffers()[2], np.uint8)
        return bool((data[offsets[:-1] + _ISO_SEPARATOR] == ord(self.separator)).all())


def iso_pattern(kind: FieldType, form: str | None) -> IsoPattern | None:
    """Give the pattern of a date, datetime or time type with an optional strptime format.

    None where the format holds anything but %Y %m %d %H %M %S and separators.
    """
    if form is None:
        return _default(kind)
    if kind is FieldType.DATETIME and form in ("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"):
        separator = form[8]
        return IsoPattern(kind, f"^{_DATE}{separator}{_TIME}$", separator=separator)
    if kind is FieldType.DATE and form == "%Y-%m-%d":
        return _default(kind)
    return _rearranged(kind, form)


def _default(kind: FieldType) -> IsoPattern:
    if kind is FieldType.DATE:
        return IsoPattern(kind, f"^{_DATE}$")
    if kind is FieldType.TIME:
        return IsoPattern(kind, f"^({_TIME}{_FRACTION})$", r"1970-01-01T\1")
    return IsoPattern(kind, f"^{_DATE}[T ]{_TIME}{_FRACTION}$")


def _rearranged(kind: FieldType, form: str) -> IsoPattern | None:
    expression = ""
    place: dict[str, str] = {}
    position = 0
    while position < len(form):
        character = form[position]
        if character != "%":
            if character.isalnum() or (character.isspace() and character != " "):
                return None
            expression += character if character in " ,-/:;_" else f"\\{character}"
            position += 1
            continue
        directive = form[position + 1 : position + 2]
        if directive not in _PARTS or directive in place:
            return None
        place[directive] = f"\\{len(place) + 1}"
        expression += f"({_PARTS[directive]})"
        position += 2
    day = {"Y", "m", "d"}
    if kind is FieldType.TIME:
        if day & set(place) or "H" not in place:
            return None
        place.update(Y="1970", m="01", d="01")
    if not day <= set(place):
        return None
    date = f"{place['Y']}-{place['m']}-{place['d']}"
    if kind is FieldType.DATE:
        return IsoPattern(kind, f"^{expression}$", date)
    clock = ":".join(place.get(part, "00") for part in "HMS")
    return IsoPattern(kind, f"^{expression}$", f"{date}T{clock}")
