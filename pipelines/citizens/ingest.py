"""Workbooks land: copied as they are, known by their content, each of one month."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import insert, select

from dq import UnreadableFileError, read_workbook_cell
from pipelines.citizens.contracts import CONTRACTS, Contract, contract_of, read_name
from pipelines.citizens.errors import WorkbookRefusedError
from pipelines.citizens.files.arriving_file import copy_whole, refuse_unfinished
from pipelines.citizens.files.file_names import marked_name, shown_name
from pipelines.citizens.files.part_file import part_file
from pipelines.citizens.history.work import lock_dataset
from pipelines.citizens.months import expected_instead, read_month
from pipelines.citizens.warehouse.landings import DISMISSED, Landing, landings_of
from pipelines.citizens.warehouse.meta_tables import ingestion_log
from pipelines.citizens.warehouse.tables_of_before import ONE_LANDING, asking_to_migrate

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime
    from pathlib import Path

    from sqlalchemy.engine import Connection

    from pipelines.citizens.doors import CitizensDoors

#: Characters of a cell that are repeated in a message.
_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Landed:
    """A workbook that has landed, now or, with `known`, before under the name `file_name`."""

    ingestion_id: int
    file_name: str
    snapshot: date
    landed_at: datetime
    known: bool


@dataclass(frozen=True, slots=True)
class Expected:
    """What the caller says of a workbook whose name does not say it.

    Attributes:
        kind: citizens or phones.
        snapshot: the first day of the month it is of, whatever its name or a cell of it say.
        cell: where in it the month stands, such as `B2` or `Cover!B2`.
    """

    kind: str | None = None
    snapshot: date | None = None
    cell: str | None = None


@dataclass(frozen=True, slots=True)
class Arrived:
    """A workbook that was copied whole: its name as it is shown, its SHA-256 and size in bytes, its kind and month.

    `said` is how much of that the caller said himself.
    """

    file_name: str
    sha256: str
    size: int
    contract: Contract
    snapshot: date
    said: Expected

    @property
    def meaning(self) -> str:
        """What it is, for people."""
        return f"{self.contract.kind} of {self.snapshot:%Y-%m}"

    def unlike(self, landing: Landing) -> list[str]:
        """The options of the command line that say what it is and a landing is not; none where both are the same."""
        kind = [] if landing.dataset == self.contract.dataset.name else [f"--kind {self.contract.kind}"]
        month = [] if landing.snapshot == self.snapshot else [f"--snapshot {self.snapshot:%Y-%m}"]
        return kind + month

    def is_said_to_be_unlike(self, landing: Landing) -> bool:
        """Whether the caller himself says so, and not only a name or a cell."""
        is_of_kind = self.said.kind is None or landing.dataset == self.contract.dataset.name
        return not (is_of_kind and self.said.snapshot in {None, landing.snapshot})


def ingest(path: Path, doors: CitizensDoors, expected: Expected | None = None) -> Landed:
    """Copy a workbook into `land/` and note it, unless its content landed before as the same.

    The copy appears under its name when it is whole. What landed before as another kind, or of another month, lands
    anew and counts as that from now on where the caller says so; a name or a cell alone change nothing. What was
    dismissed lands anew where its month is said.

    Raises:
        WorkbookRefusedError: it is not there, no workbook of ours, of no known month, or in a live load as another.
        StillBeingWrittenError: it changes, or is cut short, or somebody has it open.
        NoSpaceError, FolderRefusedError: `land/` cannot be written.
        CatalogueError: the warehouse is one of before, which keeps each content once.
        DatabaseUnavailableError: the warehouse is away.
    """
    name = shown_name(path.name)
    with doors.trail.step("ingest", name) as step:
        said = expected or Expected()
        contract, named = _identity(path, said)
        refuse_unfinished(path)
        with part_file(doors.land) as part:
            digest, size = copy_whole(path, part)
            snapshot = _month(name, part, said, named, doors)
            arrived = Arrived(name, digest, size, contract, snapshot, said)
            landed, before = _note(arrived, part, doors)
        if landed.known:
            step.message = f"landed before as {landed.file_name}, on {landed.landed_at:%Y-%m-%d %H:%M}"
            if before is not None:
                for sentence in _of_known(arrived, before):
                    step.remark(sentence)
            return landed
        step.message = f"{size:,} bytes, {arrived.meaning}"
        if before is not None:
            no_longer = before.meaning if arrived.unlike(before) else "dismissed"
            step.remark(
                f"{name} is the workbook that landed as {before.file_name}, byte by byte; from now on it counts as "
                f"{arrived.meaning}, and no longer as {no_longer}"
            )
        return landed


def _of_known(arrived: Arrived, one: Landing) -> list[str]:
    """What whoever lands a content that landed before should know of that landing."""
    told = []
    if arrived.unlike(one):
        told.append(
            f"{arrived.file_name} is the workbook that landed as {one.file_name}, byte by byte, and counts as "
            f"{one.meaning}, not as {arrived.meaning}; {_way_out(arrived, one)}"
        )
    if one.is_live is False:
        told.append(
            f"the load of {one.file_name} was taken back, and landing it again loads nothing; `citizens "
            f"transform --reload {one.version_id}` brings it back"
        )
    if one.status == DISMISSED and not arrived.unlike(one):
        told.append(
            f"{one.file_name} was dismissed, and landing it again changes nothing; with `--snapshot "
            f"{one.snapshot:%Y-%m}` it is looked at again"
        )
    return told


def _way_out(arrived: Arrived, one: Landing) -> str:
    """What to do where a content counts as something that it is not."""
    first = f"take the load back with `citizens transform --rollback {one.version_id}` and " if one.is_live else ""
    return f"if that is wrong, {first}land it again with `{' '.join(arrived.unlike(one))}`"


def _identity(path: Path, expected: Expected) -> tuple[Contract, date | None]:
    """Which kind it is, and of which month by its name."""
    contract, month = read_name(path.name)
    if expected.kind is not None:
        contract = contract_of(expected.kind)
    kinds = " or ".join(one.kind for one in CONTRACTS)
    if contract is None:
        named = (
            f"{expected.kind!r} is no kind of workbooks" if expected.kind else f"{shown_name(path.name)} names no kind"
        )
        raise WorkbookRefusedError(
            f"{named}; expected {kinds}, as in {CONTRACTS[0].kind}_2026-01.xlsx, or say it with --kind"
        )
    return contract, month


def _month(name: str, part: Path, expected: Expected, named: date | None, doors: CitizensDoors) -> date:
    """The month as the caller says it, or a cell of the copy, or the name of the workbook."""
    month = expected.snapshot
    if month is None:
        month = named if expected.cell is None else _month_in(name, part, expected.cell, named, doors)
    if month is None:
        raise WorkbookRefusedError(
            f"{name} does not say which month it is of; expected a name such as citizens_2026-01.xlsx, or say it "
            "with --snapshot 2026-01, or where it stands in the workbook with --snapshot-cell B2"
        )
    if reason := expected_instead(month, doors.clock().date()):
        said = month.isoformat()[:7]  # a year of four digits, which strftime gives none before 1000
        raise WorkbookRefusedError(
            f"{name} is said to be of {said}; {reason}; name it anew, or say the month with --snapshot"
        )
    return month


def _month_in(name: str, part: Path, cell: str, named: date | None, doors: CitizensDoors) -> date:
    """The month that stands in a cell of the copy; one that the name contradicts is somebody's mistake."""
    try:
        said = read_workbook_cell(str(part), cell, doors.store)
    except (UnreadableFileError, ValueError) as error:
        raise WorkbookRefusedError(f"{name} does not say its month in a cell: {error}") from error
    month = None if said is None else read_month(said)
    if month is None:
        found = "is empty" if said is None else f"says {said[:_SHOWN]!r}"
        raise WorkbookRefusedError(f"cell {cell} of {name} {found}; expected a month such as 2026-01, or a day of it")
    if named not in {None, month}:
        raise WorkbookRefusedError(
            f"{name} is of {named:%Y-%m} by its name and of {month:%Y-%m} by its cell {cell}; "
            "say which it is with --snapshot"
        )
    return month


def _note(arrived: Arrived, part: Path, doors: CitizensDoors) -> tuple[Landed, Landing | None]:
    """Note that it landed, unless it did before; with the landing that its content counted as until now."""
    final = doors.land / marked_name(arrived.file_name, arrived.sha256[:12])
    now = doors.clock()
    with doors.warehouse.begin() as connection:
        before = _landed_before(connection, arrived, doors)
        if (same := _same(before, arrived)) is not None:
            return Landed(same.ingestion_id, same.file_name, same.snapshot, same.landed_at, known=True), same
        part.replace(final)
        line = insert(ingestion_log).values(
            dataset=arrived.contract.dataset.name,
            file_name=arrived.file_name,
            land_path=str(final.relative_to(doors.root)),
            sha256=arrived.sha256,
            size_bytes=arrived.size,
            snapshot_month=arrived.snapshot,
            landed_at=now,
        )
        with asking_to_migrate(ONE_LANDING):
            number = connection.execute(line.returning(ingestion_log.c.ingestion_id)).scalar_one()
    return Landed(number, arrived.file_name, arrived.snapshot, now, known=False), before[-1] if before else None


def _landed_before(connection: Connection, arrived: Arrived, doors: CitizensDoors) -> list[Landing]:
    """All landings of the content, in their order; none of them is loaded or taken back until this transaction ends."""
    query = select(ingestion_log.c.dataset).where(ingestion_log.c.sha256 == arrived.sha256)
    touched = {arrived.contract.dataset.name, *connection.scalars(query)}
    for contract in CONTRACTS:  # always in this order: no two processes wait for each other
        if contract.dataset.name in touched:
            lock_dataset(connection, contract.dataset)
    return landings_of(connection, doors.root, arrived.sha256)


def _same(before: Sequence[Landing], arrived: Arrived) -> Landing | None:
    """The landing that counts, where it goes on counting as what it is; None where the content has to land (anew).

    Raises:
        WorkbookRefusedError: its load is live, and the caller says that it is another kind or of another month.
    """
    counting = [one for one in before if one.is_live] or list(before[-1:])
    if not counting:
        return None
    one = next((one for one in counting if not arrived.unlike(one)), counting[0])
    if not arrived.is_said_to_be_unlike(one):
        # A job that lands a whole folder again and again says no months: it brings back nothing that was dismissed.
        is_wanted_again = one.status == DISMISSED and one.snapshot == arrived.said.snapshot
        return None if is_wanted_again else one
    if one.is_live:
        raise WorkbookRefusedError(
            f"{arrived.file_name} is the workbook that landed as {one.file_name}, byte by byte, and is loaded as "
            f"{one.meaning}, not as {arrived.meaning}; {_way_out(arrived, one)}"
        )
    return None


if __name__ == "__main__":
    from pipelines.citizens.run_pipeline import main

    sys.exit(main(["ingest", *sys.argv[1:]]))
