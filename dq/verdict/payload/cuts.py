"""How much of everything a payload shows, and the record of what was left out."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, TypeVar

from dq.checks.wording import MASK, count
from dq.profiling.tally.offences import shortened
from dq.verdict.masking import Masking
from dq.verdict.payload.values import example_value
from etl_core.storable import is_plain, storable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dq.profiling.summary.summary import Example

Item = TypeVar("Item")

MOST_COLUMNS: Final = 600


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


#: The caps tried one after the other until the payload is small enough: samples shrink first, counts go last.
LADDER: Final = (
    Caps(),
    Caps(sample_rows=25),
    Caps(sample_rows=25, examples=10),
    Caps(sample_rows=25, examples=10, characters=80),
    Caps(sample_rows=10, examples=10, characters=80, top_values=10),
    Caps(sample_rows=5, examples=3, characters=60, top_values=5),
    Caps(sample_rows=0, examples=1, characters=60, top_values=5),
    Caps(sample_rows=0, examples=0, characters=60, distributions=False),
)


def narrower(columns: int) -> Caps:
    """Give the last caps of the ladder with fewer columns: what is left when a file is too wide for anything else."""
    return replace(LADDER[-1], columns=columns)


@dataclass(slots=True)
class Cutter:
    """Cuts to the caps, hides what is sensitive, and remembers per kind of thing that something was left out."""

    caps: Caps
    masking: Masking
    left_out: dict[str, str] = field(default_factory=dict)

    def text(self, text: str) -> str:
        """Cut one text."""
        most = self.caps.characters
        if len(text) > most:
            self.left_out["values"] = f"values: cut to {most} characters"
        elif is_plain(text):
            return text
        return shortened(storable(text), most)

    def passes(self, texts: Sequence[str]) -> bool:
        """Tell whether all of these texts are shown as they are; False says nothing."""
        return max(map(len, texts), default=0) <= self.caps.characters and is_plain("".join(texts))

    def columns(self, items: Sequence[Item]) -> Sequence[Item]:
        """Cut a list that has one entry per column."""
        most = self.caps.columns
        if len(items) <= most:
            return items
        self.left_out["columns"] = f"columns: at most the first {count(most)} in every list of columns"
        return items[:most]

    def examples(self, examples: Sequence[Example], total: int, *, hide: bool) -> list[dict[str, Any]]:
        """Cut examples of `total` offences; hidden ones keep their line."""
        most = self.caps.examples
        if min(total, most) < total:
            self.left_out["examples"] = f"examples: at most {most} of each kind"
        return [
            {
                "line": each.line,
                "value": MASK if hide else example_value(each, self.text),
                **({"reason": each.reason} if each.reason else {}),
            }
            for each in examples[:most]
        ]

    def note(self, what: str, shown: int, total: int) -> None:
        """Remember that `shown` of `total` things are there, when that is not all."""
        if shown < total:
            self.left_out[what] = f"{what}: {count(shown)} of {count(total)}"
