"""Workbooks land: copied as they are, known by their content, each of one month."""

from __future__ import annotations

import hashlib
import os
import sys
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import insert, select

from dq import UnreadableFileError, read_workbook_cell
from pipelines.citizens.contracts import CONTRACTS, Contract, contract_of, read_month, read_name
from pipelines.citizens.errors import StillBeingWrittenError, WorkbookRefusedError
from pipelines.citizens.files.part_file import part_file
from pipelines.citizens.history.work import lock_dataset
from pipelines.citizens.warehouse.meta_tables import ingestion_log

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime
    from pathlib import Path

    from pipelines.citizens.doors import CitizensDoors

_CHUNK = 1 << 20
#: Characters of a cell that are repeated in a message.
_SHOWN = 40
#: What Excel keeps beside a workbook that somebody has open.
_OWNER_FILE = "~$"
_ZIPPED = frozenset({".xlsx", ".xlsm", ".xlsb", ".ods"})
_ZIP_MAGIC = b"PK\x03\x04"


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


def ingest(path: Path, doors: CitizensDoors, expected: Expected | None = None) -> Landed:
    """Copy a workbook into `land/` and note it, unless its content landed before.

    The copy appears under its name when it is whole.

    Raises:
        WorkbookRefusedError: it is not there, no workbook of ours, or of no known month.
        StillBeingWrittenError: it changes, or is cut short, or somebody has it open.
        NoSpaceError, FolderRefusedError: `land/` cannot be written.
        DatabaseUnavailableError: the warehouse is away.
    """
    with doors.trail.step("ingest", path.name) as step:
        said = expected or Expected()
        contract, named = _identity(path, said)
        _refuse_unfinished(path)
        with part_file(doors.land) as part:
            digest, size = _copy(path, part)
            snapshot = _month(path, part, said, named, doors)
            landed = _note(path.name, part, digest, size, contract, snapshot, doors)
        if not landed.known:
            step.message = f"{size:,} bytes, {contract.kind} of {snapshot:%Y-%m}"
            return landed
        step.message = f"landed before as {landed.file_name}, on {landed.landed_at:%Y-%m-%d %H:%M}"
        if landed.snapshot != snapshot:
            step.remark(
                f"{path.name} is the workbook that landed as {landed.file_name}, byte by byte; it counts as "
                f"{landed.snapshot:%Y-%m}, and nothing landed for {snapshot:%Y-%m}"
            )
        return landed


def _identity(path: Path, expected: Expected) -> tuple[Contract, date | None]:
    """Which kind it is, and of which month by its name."""
    contract, month = read_name(path.name)
    if expected.kind is not None:
        contract = contract_of(expected.kind)
    kinds = " or ".join(one.kind for one in CONTRACTS)
    if contract is None:
        named = f"{expected.kind!r} is no kind of workbooks" if expected.kind else f"{path.name} names no kind"
        raise WorkbookRefusedError(
            f"{named}; expected {kinds}, as in {CONTRACTS[0].kind}_2026-01.xlsx, or say it with --kind"
        )
    return contract, month


def _month(path: Path, part: Path, expected: Expected, named: date | None, doors: CitizensDoors) -> date:
    """The month as the caller says it, or a cell of the copy, or the name of the workbook."""
    if expected.snapshot is not None:
        return expected.snapshot
    if expected.cell is not None:
        return _month_in(path.name, part, expected.cell, named, doors)
    if named is None:
        raise WorkbookRefusedError(
            f"{path.name} does not say which month it is of; expected a name such as citizens_2026-01.xlsx, or say it "
            "with --snapshot 2026-01, or where it stands in the workbook with --snapshot-cell B2"
        )
    return named


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


def _refuse_unfinished(path: Path) -> None:
    try:
        with path.open("rb") as file:
            start = file.read(len(_ZIP_MAGIC))
    except OSError as error:
        raise WorkbookRefusedError(f"{path} cannot be read: {error.strerror}; expected a workbook") from error
    owner = path.with_name(_OWNER_FILE + path.name)
    if owner.exists():
        raise StillBeingWrittenError(
            f"somebody has {path.name} open ({owner.name} is beside it); close it and try again"
        )
    if path.suffix.lower() in _ZIPPED and start == _ZIP_MAGIC and not zipfile.is_zipfile(path):
        raise StillBeingWrittenError(
            f"{path.name} is cut short: it has no end; it is still being copied, or was broken"
        )


def _copy(path: Path, part: Path) -> tuple[str, int]:
    """Copy a file, and give its SHA-256 and size."""
    digest, before = hashlib.sha256(), _state(path)
    with part.open("wb") as target:
        for chunk in _chunks(path):
            digest.update(chunk)
            target.write(chunk)
        target.flush()
        os.fsync(target.fileno())
    after, size = _state(path), part.stat().st_size
    if before != after or size != after[0]:
        raise StillBeingWrittenError(f"{path.name} changed while it was copied; try again when it is finished")
    return digest.hexdigest(), size


def _state(path: Path) -> tuple[int, int]:
    """The size of a file, and when it was written last."""
    try:
        state = path.stat()
    except OSError as error:
        raise StillBeingWrittenError(f"{path.name} went away while it was copied: {error.strerror}") from error
    return state.st_size, state.st_mtime_ns


def _chunks(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as source:
            while chunk := source.read(_CHUNK):
                yield chunk
    except OSError as error:
        raise StillBeingWrittenError(f"{path.name} could not be read to its end: {error.strerror}") from error


def _note(
    name: str, part: Path, digest: str, size: int, contract: Contract, snapshot: date, doors: CitizensDoors
) -> Landed:
    stem, dot, suffix = name.rpartition(".")
    final = doors.land / f"{stem or suffix}.{digest[:12]}{dot and '.'}{suffix if stem else ''}"
    now = doors.clock()
    with doors.warehouse.begin() as connection:
        lock_dataset(connection, contract.dataset)
        known = connection.execute(select(ingestion_log).where(ingestion_log.c.sha256 == digest)).one_or_none()
        if known is not None:
            return Landed(known.ingestion_id, known.file_name, known.snapshot_month, known.landed_at, known=True)
        part.replace(final)
        line = insert(ingestion_log).values(
            dataset=contract.dataset.name,
            file_name=name,
            land_path=str(final.relative_to(doors.root)),
            sha256=digest,
            size_bytes=size,
            snapshot_month=snapshot,
            landed_at=now,
        )
        number = connection.execute(line.returning(ingestion_log.c.ingestion_id)).scalar_one()
    return Landed(number, name, snapshot, now, known=False)


if __name__ == "__main__":
    from pipelines.citizens.run_pipeline import main

    sys.exit(main(["ingest", *sys.argv[1:]]))
