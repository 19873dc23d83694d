"""Rows of an object, or of a part of it, in files of silver and quarantine; nobody sees them before they are committed.

The same code runs in this process, over whole small objects, and in Spark's tasks, over parts of large ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from dq import FileRows, KnownReferences, LoadCounts, LoadResult, PartFacts, PartOfFile, RowsWanted
from pipelines.lake.files.writing import ObjectFiles
from pipelines.lake.lifting.lake_tables import LakeTables
from pipelines.lake.lifting.lifted_rows import LiftedRows
from pipelines.lake.run_part import RunPart, WrittenFile


@dataclass(frozen=True, slots=True)
class Lifted:
    """The files of the rows of an object, or of a part, and the counts: read = silver + quarantined + malformed.

    `began` and `ended` are where a part was in its file, `lines` how many lines it had. `note`: which columns
    the object brought too many or too few.
    """

    run: RunPart
    silver: tuple[WrittenFile, ...] = ()
    quarantine: tuple[WrittenFile, ...] = ()
    rows_read: int = 0
    rows_silver: int = 0
    rows_quarantined: int = 0
    rows_malformed: int = 0
    rows_healed: int = 0
    rows_unmatched: int = 0
    began: int = 0
    ended: int = 0
    lines: int = 0
    note: str | None = None

    def result(self, version: int, quarantine_version: int | None) -> LoadResult:
        """What the ledger is told of an object, with the versions of the tables that have its rows."""
        counts = LoadCounts(
            self.rows_read,
            self.rows_silver,
            self.rows_quarantined,
            self.rows_malformed,
            self.rows_healed,
            self.rows_unmatched,
        )
        return LoadResult(counts, version, quarantine_version, self.note)

    def require_all(self) -> None:
        """Hold the equation."""
        if self.rows_read != self.rows_silver + self.rows_quarantined + self.rows_malformed:
            raise AssertionError(f"rows were lost: {replace(self, silver=(), quarantine=())}")


@dataclass(frozen=True, slots=True)
class Lifting:
    """How the rows of one object become files: travels to tasks.

    Attributes:
        wanted: the rows.
        how: they become rows of the lake.
        tables: where they go.
        attempt: different for every try.
    """

    wanted: RowsWanted
    how: LiftedRows
    tables: LakeTables
    attempt: str

    def referring_to(self, references: KnownReferences) -> Lifting:
        """Lift the same rows, with other keys for them to refer to."""
        return replace(self, wanted=replace(self.wanted, rows=self.wanted.rows.referring_to(references)))


def lift_whole(lifting: Lifting) -> Lifted:
    """Read an object from its first row to its last, in this process, and write its rows to where they belong.

    Raises:
        UnreadableFileError: the object cannot be parsed.
        PipelineError: it cannot be read now, or a table cannot be written.
    """
    wanted = lifting.wanted
    found = wanted.rows.found(wanted.definition, wanted.prepare, typed=True, unique=wanted.unique)
    return _written(lifting, found, lifting.attempt)


def lift_part(lifting: Lifting, facts: PartFacts) -> Lifted:
    """Read one part of an object and write its rows to where they belong. Raises as `lift_whole`."""
    wanted, part = lifting.wanted, PartOfFile(lifting.wanted.rows, facts)
    found = part.found(wanted.definition, wanted.prepare, typed=True)
    done = _written(lifting, found, f"{lifting.attempt}-{facts.part.number}")
    return replace(done, began=part.began, ended=part.ended, lines=part.lines)


def together(parts: Sequence[Lifted]) -> Lifted:
    """Put the parts of one object together, in its order."""
    counts = (
        "rows_read",
        "rows_silver",
        "rows_quarantined",
        "rows_malformed",
        "rows_healed",
        "rows_unmatched",
        "lines",
    )
    return Lifted(
        parts[0].run,
        tuple(file for part in parts for file in part.silver),
        tuple(file for part in parts for file in part.quarantine),
        began=parts[0].began,
        ended=parts[-1].ended,
        **{name: sum(getattr(part, name) for part in parts) for name in counts},
    )


def _written(lifting: Lifting, found: Iterable[FileRows], attempt: str) -> Lifted:
    how, tables = lifting.how, lifting.tables
    files = partial(ObjectFiles, run=how.run)
    silver = files(tables.silver, tables.silver_schema, attempt=f"{attempt}-s")
    quarantine = files(tables.quarantine, tables.quarantine_schema, attempt=f"{attempt}-q")
    read = malformed = healed = unmatched = 0
    for some in found:
        batch = how.lifted(some)
        silver.add(batch.silver)
        quarantine.add(batch.quarantine)
        read += batch.read
        malformed += batch.malformed
        healed += batch.healed
        unmatched += batch.unmatched
    done = Lifted(
        how.run,
        silver.close(),
        quarantine.close(),
        read,
        silver.rows,
        quarantine.rows - malformed,
        malformed,
        healed,
        unmatched,
    )
    done.require_all()
    return done
