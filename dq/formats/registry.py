"""Which formats there are: ours, a line each, and those that installed packages bring along.

A package brings a format along by an entry point of the group `pipeline_processing.formats` that names a `Format`.
The driver looks once; to Spark's tasks a format travels with its files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from dq.formats.csv.format import CSV
from dq.formats.excel.format import EXCEL
from dq.formats.format import Format, Magic, suffix_of
from dq.formats.json.format import JSON_ARRAY, JSON_LINES
from dq.formats.orc.format import ORC
from dq.formats.parquet.format import PARQUET
from dq.schema.definition import SchemaDefinition
from dq.schema.format_names import FormatNames
from etl_core.errors import SettingsError

GROUP = "pipeline_processing.formats"
SUBJECT = "the file formats"

#: The first is what a file is taken for that nothing says more of.
OURS = (
    CSV,
    JSON_ARRAY,
    JSON_LINES,
    PARQUET,
    EXCEL,
    ORC,
)

_BOM = b"\xef\xbb\xbf"


class Formats:
    """Some formats, no two of one name; travels to Spark's tasks."""

    def __init__(self, formats: Iterable[Format]) -> None:
        """Take formats in their order; raises SettingsError where two of them share a name."""
        self._formats = tuple(formats)
        self._by_name: dict[str, Format] = {}
        for one in self._formats:
            for name in (one.name, *one.names.spellings):
                other = self._by_name.setdefault(name, one)
                if other is not one:
                    message = f"two formats are called {name!r}: {other.title} and {one.title}; rename one of them"
                    raise SettingsError(SUBJECT, [message])

    def __iter__(self) -> Iterator[Format]:
        """Give the formats in their order."""
        return iter(self._formats)

    def named(self, name: str) -> Format:
        """Give the format of a definition; raises SettingsError for one that is not here."""
        if name not in self._by_name:
            message = f"there is no format {name!r}; there are {', '.join(one.name for one in self)}"
            raise SettingsError(SUBJECT, [message])
        return self._by_name[name]

    def names(self) -> tuple[FormatNames, ...]:
        """Give what definitions may call them."""
        return tuple(one.names for one in self)

    def content_of(self, data: bytes) -> tuple[Format, Magic] | None:
        """Find the format whose files begin in this way, by their first bytes alone."""
        return next(((one, magic) for one in self for magic in one.magic if magic.fits(data)), None)

    def expected(self, name: str, definition: SchemaDefinition | None) -> Format | None:
        """Name the format a file should be of by its definition, else by its suffix; None where neither says."""
        if definition is not None and definition.format is not None:
            return self.named(definition.format)
        return next((one for one in self if suffix_of(name) in one.suffixes), None)

    def format_of(self, data: bytes, name: str, definition: SchemaDefinition | None) -> Format:
        """Name the format: from the definition, else from the first (decompressed) bytes, else from the suffix."""
        if definition is not None and definition.format is not None:
            return self.named(definition.format)
        if content := self.content_of(data):
            return content[0]
        suffix = suffix_of(name)
        start = data.removeprefix(_BOM).lstrip()[:1]
        of_suffix = [one for one in self if suffix in one.suffixes]
        of_start = [one for one in self if one.text_start and one.text_start == start]
        both = [one for one in of_suffix if one in of_start]
        candidates: list[Format] = [*both, *of_suffix, *of_start, *self]
        return candidates[0]


@cache
def known_formats() -> Formats:
    """Give all formats: ours, and those of installed packages, in the order of their names.

    Raises:
        SettingsError: a package brings something else along, or a format by the name of another one.
    """
    return Formats((*OURS, *(_loaded(one) for one in sorted(entry_points(group=GROUP), key=lambda one: one.name))))


def _loaded(entry: EntryPoint) -> Format:
    try:
        found = entry.load()
    except Exception as error:
        message = f"the format {entry.name!r} ({entry.value}) cannot be loaded: {error}; mend or remove its package"
        raise SettingsError(SUBJECT, [message]) from error
    if not isinstance(found, Format):
        message = f"the entry point {entry.name!r} of {GROUP} ({entry.value}) is {found!r}; expected a dq Format"
        raise SettingsError(SUBJECT, [message])
    return found
