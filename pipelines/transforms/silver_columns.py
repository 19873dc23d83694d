"""What a definition's `silver` block says of values and columns, as frozen data, and the names that come of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from pipelines.transforms.derived_column import DerivedColumn
from pipelines.transforms.step import NormalizeStep

#: Columns that silver adds beside those of a file.
OWN_COLUMNS: Final = ("_findings", "_extras")


@dataclass(frozen=True, slots=True)
class SilverColumns:
    """Steps by column, columns to derive, new names by old ones, columns to leave out: all by the file's own names."""

    normalize: tuple[tuple[str, tuple[NormalizeStep, ...]], ...] = ()
    derive: tuple[DerivedColumn, ...] = ()
    rename: tuple[tuple[str, str], ...] = ()
    drop: tuple[str, ...] = ()

    def steps(self, column: str) -> tuple[NormalizeStep, ...]:
        """Give the steps of a column, none where nothing is said of it."""
        return dict(self.normalize).get(column, ())

    def arranged(self, names: Iterable[str]) -> tuple[tuple[str, str], ...]:
        """Give the columns that stay, each with its new name, in the order they come; the derived ones stand last.

        A column that no definition declares may have a name that another one gets here: then it shows that it is a
        second one.

        >>> from pipelines.transforms.derived_column import DerivedColumn
        >>> columns = SilverColumns((), (DerivedColumn("c", "concat", None),), (("a", "b"),), ("note",))
        >>> columns.arranged(["a", "b", "note", "d"])
        (('a', 'b'), ('b', 'b [2]'), ('d', 'd'), ('c', 'c'))
        """
        return tuple(self._arranged(list(names)))

    def _arranged(self, names: list[str]) -> Iterator[tuple[str, str]]:
        renamed, dropped = dict(self.rename), frozenset(self.drop)
        ours = [one.name for one in self.derive]
        taken = {*OWN_COLUMNS, *ours, *(renamed[name] for name in names if name in renamed)}
        for name in names:
            if name in dropped:
                continue
            if name in renamed:
                yield name, renamed[name]
                continue
            own, place = name, 2
            while own in taken:
                own, place = f"{name} [{place}]", place + 1
            taken.add(own)
            yield name, own
        yield from ((name, name) for name in ours)
