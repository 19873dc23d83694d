"""How much of everything a payload shows, and the record of what was left out."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, TypeVar

from dq.checks.wording import MASK, visible
from dq.profiling.tally.offences import shortened
from dq.verdict.masking import Masking
from dq.verdict.payload.values import example_value
from etl_core.storable import is_plain, storable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dq.profiling.summary.summary import Example
    from dq.verdict.stored.rules import Example as StoredExample
    from dq.verdict.stored.values import LeftOut

Item = TypeVar("Item")

MOST_COLUMNS: Final = 600
_LEAST_NAME: Final = 60
#: More characters than an example has, so that only the caps cut it.
_ALL: Final = 10_000


@dataclass(frozen=True, slots=True)
class Caps:
    """The most of everything; `columns` is the most entries of any list of columns.

    Not even the bare figures of more than `MOST_COLUMNS` fit into a payload, so nobody needs to try.
    """

    sample_rows: int = 50
    examples: int = 20
    characters: int = 200
    top_values: int = 50
    distributions: bool = True
    columns: int = MOST_COLUMNS
    sample_columns: int = MOST_COLUMNS


#: The fewest that are shown however wide the file is.
_LEAST: Final = Caps(sample_rows=25, examples=3, characters=20, distributions=False, sample_columns=20)
#: The caps tried one after the other until the payload is small enough: samples shrink first, counts go last.
LADDER: Final = (
    Caps(),
    Caps(sample_rows=25),
    Caps(sample_rows=25, examples=10),
    Caps(sample_rows=25, examples=10, characters=80),
    Caps(sample_rows=25, examples=10, characters=80, top_values=10, sample_columns=200),
    Caps(sample_rows=25, examples=3, characters=60, top_values=5, sample_columns=100),
    Caps(sample_rows=25, examples=3, characters=40, top_values=5, sample_columns=40),
    Caps(sample_rows=25, examples=3, characters=40, distributions=False, sample_columns=40),
    _LEAST,
)


def narrower(columns: int) -> Caps:
    """Give the last caps of the ladder with fewer columns: what is left when a file is too wide for anything else."""
    return replace(_LEAST, columns=columns, sample_columns=min(columns, _LEAST.sample_columns))


@dataclass(frozen=True, slots=True)
class Cut:
    """Something of which not all is shown.

    `code` names it for programs, `what` for people; `kept` of `of` things are there, or characters of the longest one.
    """

    code: str
    what: str
    kept: int
    of: int

    def written(self) -> LeftOut:
        """Write it as it is stored."""
        return {"code": self.code, "what": self.what, "kept": self.kept, "of": self.of}


@dataclass(slots=True)
class Cutter:
    """Cuts to the caps, hides what is sensitive, and remembers per kind of thing that something was left out."""

    caps: Caps
    masking: Masking
    left_out: dict[str, Cut] = field(default_factory=dict)

    def name(self, name: str) -> str:
        """Cut a name, never so far that most names look alike."""
        return self.text(name, max(self.caps.characters, _LEAST_NAME))

    def text(self, text: str, most: int | None = None) -> str:
        """Cut one text to `most` characters, by default those of the caps."""
        most = most or self.caps.characters
        if len(text) > most:
            self.note("values", "characters of a value", most, len(text))
        elif is_plain(text):
            return text
        return shortened(storable(text), most)

    def passes(self, texts: Sequence[str]) -> bool:
        """Tell whether all of these texts are shown as they are; False says nothing."""
        return max(map(len, texts), default=0) <= self.caps.characters and is_plain("".join(texts))

    def columns(self, items: Sequence[Item]) -> Sequence[Item]:
        """Cut a list that has one entry per column."""
        most = self.caps.columns
        self.note("columns", "columns in a list of columns, the first ones", min(most, len(items)), len(items))
        return items[:most]

    def examples(
        self, examples: Sequence[Example], total: int, *, hide: bool, of_rows: bool = False
    ) -> list[StoredExample]:
        """Cut examples of `total` offences; hidden ones keep their line.

        In cells (not `of_rows`) characters that cannot be seen are written as their code points.
        """
        most = self.caps.examples
        self.note("examples", "examples of one kind of offence", min(total, most), total)
        return [self._example(each, hide=hide, of_rows=of_rows) for each in examples[:most]]

    def _example(self, one: Example, *, hide: bool, of_rows: bool) -> StoredExample:
        value = MASK if hide else example_value(one, lambda text: self.text(text if of_rows else visible(text, _ALL)))
        written: StoredExample = {"line": one.line, "value": value}
        if one.reason:
            written["reason"] = one.reason
        return written

    def note(self, code: str, what: str, kept: int, of: int) -> None:
        """Remember that `kept` of `of` things are there, when that is not all; of several cuts the deepest counts."""
        known = self.left_out.get(code)
        if kept < of and (known is None or of > known.of):
            self.left_out[code] = Cut(code, what, kept, of)
