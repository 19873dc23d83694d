"""Why a declared column may be missing: what the file has in its place. Pure.

Looked for, in this order: a name that differs only in case, spacing, invisible characters or a letter; another
delimiter; a line for spreadsheets (`sep=;`); a title above the header; no header at all. Where a sensitive field is
missing, any undeclared text of the header may be its value, so nothing of it is said.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Final

from dq.checks.wording import count, on_one_line, visible
from dq.schema.definition import CsvDialect

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dq.checks.check import CheckPlan
    from dq.profiling.summary.summary import FileSummary

#: Names compared letter by letter, and names shown of a header, at most.
_MOST_COMPARED: Final = 100
_MOST_NAMES: Final = 8
_MOST_HEADER: Final = 240
#: What columns of files with a header line hold; nothing, where no row was read.
_HEADED: Final = frozenset({"text", ""})
_NEAR: Final = 0.75
_DELIMITERS: Final = {";": "';'", "\t": "a tab", "|": "'|'", ",": "','"}
_SEP: Final = re.compile(r"sep=(.?)", re.IGNORECASE)
_VALUE: Final = re.compile(r"[+-]?[0-9][0-9.,:/ -]*")
_JOINERS: Final = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class MissingColumns:
    """The declared fields a file does not have, and what it has."""

    summary: FileSummary
    plan: CheckPlan

    @cached_property
    def hidden(self) -> bool:
        """Whether the names nobody declared must not be told."""
        return not self.plan.sensitive.isdisjoint(self.summary.missing_columns)

    @cached_property
    def strangers(self) -> tuple[str, ...]:
        """The names nobody declared, each once."""
        return tuple(dict.fromkeys(column.name for column in self.summary.columns if not column.declared))

    @cached_property
    def _by_look(self) -> dict[str, str]:
        """The undeclared names by what is left of them without case, spacing and invisible characters."""
        return {} if self.hidden else {folded(name): name for name in reversed(self.strangers) if folded(name)}

    def of(self, name: str) -> str:
        """Say that a field is missing, and which name in the file may be meant."""
        found = self._by_look.get(folded(name)) or self._similar(name)
        if found is None:
            return f"{visible(name)} is missing"
        return f'{visible(name)} is missing (did you mean "{_told_apart(found, name)}"?{_form(found, name)})'

    def _similar(self, name: str) -> str | None:
        """Find the nearest name; of very wide files that would take long and say little."""
        if self.hidden or max(len(self.strangers), len(self.summary.missing_columns)) > _MOST_COMPARED:
            return None
        return _nearest(name, self.strangers)

    def of_file(self) -> str:
        """Say what the file has instead, as the end of a sentence; empty where that would help nobody."""
        if not self.summary.missing_columns:
            return ""
        origin = f"; {self.summary.origin}" if self.summary.origin else ""
        return f"{self._instead()}{origin}"

    def _instead(self) -> str:
        columns = self.summary.columns
        if self.hidden:
            return self._hidden_text()
        if not columns:
            return "; the file has no columns" if self.summary.rows_read else ""
        if not self.strangers:
            return ""  # no other column can be the missing one
        if columns[0].physical not in _HEADED:
            return "" if self._all_named else f"; its columns are {_names(self.names)}"
        return self._header_text()

    @cached_property
    def _all_named(self) -> bool:
        """Whether every missing field has a name in the file that looks like its own."""
        return all(folded(name) in self._by_look for name in self.summary.missing_columns)

    @cached_property
    def _declared(self) -> frozenset[str]:
        """The declared names, without what does not tell two names apart."""
        return frozenset(folded(field.name) for field in (self.plan.definition.fields if self.plan.definition else ()))

    @property
    def names(self) -> tuple[str, ...]:
        """All names of the file, in its order."""
        return tuple(column.name for column in self.summary.columns)

    def _hidden_text(self) -> str:
        number = len(self.strangers)
        if not number:
            return ""
        names = "its name is hidden" if number == 1 else "their names are hidden"
        said = f"; the file has {count(number, 'undeclared column')}, {names} because a sensitive field is missing"
        alone = len(self.names) == 1 < len(self._declared) and self.summary.columns[0].physical in _HEADED
        return f"{said}; is the delimiter right?" if alone else said

    def _header_text(self) -> str:
        """Say what the header of a text file looks like."""
        names, dialect = self.names, self.plan.definition.csv if self.plan.definition else CsvDialect()
        if not dialect.header:
            return f"; the first row has {count(len(names), 'field')}, and fields are declared by position"
        if found := _SEP.match(names[0]):
            mark = found[1] or dialect.delimiter
            declare = f" and declare csv.delimiter {_DELIMITERS.get(mark, repr(mark))}"
            declare = "" if mark == dialect.delimiter else declare
            return f"; the first line is sep={mark}, for spreadsheets: remove it{declare}"
        columns = count(len(names), "column")
        said = f"; the header is {_names(names, dialect.delimiter)}"
        if other := self._other_delimiter(names, dialect.delimiter):
            return f"{said} ({columns}: is the delimiter {_DELIMITERS[other]}?); declare it as csv.delimiter"
        if not self._declared.isdisjoint(map(folded, names)):
            return "" if self._all_named else f"{said} ({columns})"
        return f"{said}{self._no_header(dialect.delimiter) or f' ({columns})'}"

    def _no_header(self, delimiter: str) -> str | None:
        """Say what a header is that has none of the declared names: a title, or a row of values."""
        if line := self._line_of_names(delimiter):
            return f", which looks like a title: {line} holds the names of the fields; remove what is above it"
        if sum(map(bool, self.names)) == 1 < len(self._declared):
            return " (1 name: is it a title? then remove the lines above the header)"
        if any(_VALUE.fullmatch(name) for name in self.names):
            return ", which looks like a row of values: has the file no header? then declare csv.header false"
        return None

    def _other_delimiter(self, names: tuple[str, ...], delimiter: str) -> str | None:
        """Find a delimiter that gives more of the declared names, or columns at all where there is only one."""
        text = delimiter.join(names)
        found = {
            other: (len(self._declared.intersection(map(folded, text.split(other)))), text.count(other))
            for other in _DELIMITERS
            if other != delimiter and other in text
        }
        if not found:
            return None
        best = max(found, key=lambda other: found[other])
        now = len(self._declared.intersection(map(folded, names)))
        alone = len(names) == 1 < len(self._declared) and self._line_of_names(delimiter) is None
        return best if found[best][0] > now or alone else None

    def _line_of_names(self, delimiter: str) -> str | None:
        """Find the row that holds the missing names among those that are shown; not where any field is sensitive."""
        if self.plan.sensitive:
            return None
        wanted = {folded(name) for name in self.summary.missing_columns}

        def holds(cells: Iterable[str | None]) -> bool:
            return len(wanted.intersection(folded(cell or "") for cell in cells)) * 2 > len(wanted)

        for example in self.summary.malformed_examples:
            if holds(example.text.split(delimiter)):
                return "a row below it" if example.line is None else f"line {example.line:,}"
        # Which rows a sample holds depends on how a file was cut, unless it holds them all.
        whole = len(self.summary.sample_rows) == self.summary.rows_read - self.summary.rows_malformed
        return "a row below it" if whole and any(map(holds, self.summary.sample_rows)) else None


@lru_cache(maxsize=4096)
def _nearest(name: str, others: tuple[str, ...]) -> str | None:
    """Find the name that looks most like another; files of one layout ask the same again and again."""
    near = difflib.get_close_matches(name.casefold(), [one.casefold() for one in others], 1, _NEAR)
    return next((one for one in others if near and one.casefold() == near[0]), None)


def folded(name: str) -> str:
    """Give what two names have in common that look alike: letters and digits, without case."""
    return _JOINERS.sub("", unicodedata.normalize("NFKC", name).casefold())


def _told_apart(found: str, name: str) -> str:
    """Write the name that was found; accents that are characters of their own only where nothing else differs."""
    shown = visible(found)
    if unicodedata.normalize("NFC", found) != unicodedata.normalize("NFC", name):
        return shown
    return "".join(f"<U+{ord(one):04X}>" if unicodedata.combining(one) else one for one in shown)


def _form(found: str, name: str) -> str:
    """Say what differs between two names that look the same."""
    if unicodedata.normalize("NFC", found) != unicodedata.normalize("NFC", name):
        return ""
    decomposed = found == unicodedata.normalize("NFD", found) and found != unicodedata.normalize("NFC", found)
    one, other = ("decomposed", "composed") if decomposed else ("composed", "decomposed")
    return f" the file writes it with {one} letters, the definition with {other} ones"


def _names(names: tuple[str, ...], delimiter: str = ", ") -> str:
    """Write the first names; empty ones at the end are not worth showing."""
    filled = names[: max((at for at, name in enumerate(names, 1) if name), default=0)]
    shown = delimiter.join(
        f'"{visible(name)}"' if delimiter in name else visible(name) for name in filled[:_MOST_NAMES]
    )
    more = f" and {len(filled) - _MOST_NAMES:,} more" if len(filled) > _MOST_NAMES else ""
    return f"{on_one_line(shown, _MOST_HEADER)}{more}"
