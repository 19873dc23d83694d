"""The CSV dialect of a definition."""

from __future__ import annotations

import codecs
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from dq.schema.definition import CsvDialect
from dq.schema.loading.problems import Problems, kind_of, shown
from dq.schema.loading.properties import read_flag, read_properties, read_text

if TYPE_CHECKING:
    from collections.abc import Mapping

_PLACE: Final = "csv"
PROPERTIES: Final = {
    "delimiter": "delimiter",
    "separator": "delimiter",
    "sep": "delimiter",
    "quote": "quote",
    "quotechar": "quote",
    "encoding": "encoding",
    "header": "header",
}
_IGNORED: Final = frozenset({"description", "comment", "csvddfversion"})
_UNUSABLE: Final = frozenset('\r\n\x00"')
_LAST_ASCII: Final = 127
_PROBE: Final = 'a,"b";1\t|\r\n'


def read_dialect(raw: Any, default: CsvDialect, problems: Problems) -> CsvDialect:  # noqa: ANN401 - any JSON value
    """Read `csv: {delimiter, quote, encoding, header}`; what is not given is as in `default`."""
    if not isinstance(raw, dict):
        problems.add(_PLACE, f"is {kind_of(raw)}; expected an object")
        return default
    properties = read_properties(raw, PROPERTIES, _PLACE, problems, _IGNORED)
    dialect = replace(
        default,
        delimiter=_read_character(properties, "delimiter", default.delimiter, problems),
        quote=_read_character(properties, "quote", default.quote, problems),
        encoding=_read_encoding(properties, problems),
        assumed=default.assumed and "delimiter" not in properties,
    )
    if "header" in properties:
        dialect = replace(dialect, header=read_flag(properties["header"], "header", _PLACE, problems) is not False)
    if dialect.delimiter == dialect.quote:
        problems.add(_PLACE, f"delimiter and quote are both {shown(dialect.quote)}; expected two different characters")
    return dialect


def _read_character(properties: Mapping[str, Any], name: str, default: str, problems: Problems) -> str:
    if name not in properties:
        return default
    text = read_text(properties[name], name, _PLACE, problems)
    if text is None:
        return default
    character = "\t" if text == "\\t" else text
    unusable = _UNUSABLE - {'"'} if name == "quote" else _UNUSABLE
    if len(character) != 1 or ord(character) > _LAST_ASCII or character in unusable:
        problems.add(_PLACE, f"{name} is {shown(text)}; expected one ASCII character that is no line break")
        return default
    return character


def _read_encoding(properties: Mapping[str, Any], problems: Problems) -> str:
    """Give Python's own name of the encoding; it must be one of texts, not of bytes such as base64."""
    if "encoding" not in properties:
        return "utf-8"
    text = read_text(properties["encoding"], "encoding", _PLACE, problems)
    if text is None:
        return "utf-8"
    try:
        name = codecs.lookup(text).name
        usable = _PROBE.encode(name).decode(name) == _PROBE
    except (LookupError, ValueError, TypeError):
        usable = False
    if not usable:
        problems.add(_PLACE, f"encoding {shown(text)} is not known; expected one such as utf-8, latin-1, cp1252")
        return "utf-8"
    return "utf-8" if name == "utf-8-sig" else name  # a byte order mark is always allowed
