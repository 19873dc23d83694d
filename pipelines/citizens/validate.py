"""The gate: rows that keep to the contract are clean, all others are rejected with their reasons.

The verdict is that of the cleansed rows. Under the pass score the whole workbook stops here; above it what failed stays
behind all the same. Rows that say the same of one key are one; rows that say different things of one key all go.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sqlalchemy import insert

from dq import FINDINGS_TYPE, UnreadableFileError, check_frame, key_finding, malformed_finding, split_rows
from pipelines.citizens.contracts import Contract, contract_of_dataset
from pipelines.citizens.files.file_names import marked_name
from pipelines.citizens.files.part_file import part_file
from pipelines.citizens.files.workbook_rows import LINE, WorkbookRows, read_workbook
from pipelines.citizens.history.row_hashes import KEY_HASH, ROW_HASH, with_hashes
from pipelines.citizens.warehouse.landings import Landing, landings
from pipelines.citizens.warehouse.meta_tables import validation_log

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from dq import Verdict
    from pipelines.citizens.doors import CitizensDoors

FINDINGS: Final = "_findings"
TEXT: Final = "_text"
_TYPES: Final = {"text": pa.string(), "date": pa.date32()}


@dataclass(frozen=True, slots=True)
class Validated:
    """What became of a workbook's rows: read = clean + rejected + malformed."""

    status: str
    score: int | None
    rows_read: int
    rows_clean: int
    rows_rejected: int
    rows_malformed: int
    message: str


def to_validate(doors: CitizensDoors) -> list[Landing]:
    """Workbooks that landed and were not looked at yet, or have to be again.

    That is where their clean rows are gone before they were loaded, or they stopped and what decides is another now:
    the definition, the rules that cleanse, the region of telephone numbers.
    """
    with doors.warehouse.connect() as connection:
        known = landings(connection, doors.root)
    return [one for one in known if one.status is None or _is_lost(one) or _may_pass_now(one, doors.region)]


def _may_pass_now(landing: Landing, region: str) -> bool:
    return landing.has_stopped and landing.definition != _measure(landing, region)


def _measure(landing: Landing, region: str) -> str:
    return contract_of_dataset(landing.dataset).measure(landing.snapshot, region)


def _is_lost(landing: Landing) -> bool:
    is_wanted = landing.status == "passed" and landing.version_id is None
    return is_wanted and not (landing.clean_path is not None and landing.clean_path.exists())


def validate(landing: Landing, doors: CitizensDoors) -> Validated:
    """Split the rows of a landed workbook and write them to the stage; nothing of a workbook that stops is clean.

    Raises:
        PipelineError: it cannot be read now, or the stage cannot be written.
    """
    contract = contract_of_dataset(landing.dataset)
    with doors.trail.step("validate", landing.file_name) as step:
        clean_path, rejected_path = _paths(landing, doors)
        try:
            rows = read_workbook(landing.path, contract, doors.region, doors.store)
        except UnreadableFileError as error:
            done = Validated("unreadable", None, 0, 0, 0, 0, str(error))
        else:
            done = _split(rows, contract, landing.snapshot, clean_path, rejected_path)
        _note(landing, done, clean_path, rejected_path, doors)
        step.message, step.rows = done.message, done.rows_read
        if done.status != "passed":
            step.refuse(f"{landing.file_name} stops at the gate: {done.message}")
        return done


def _split(rows: WorkbookRows, contract: Contract, month: date, clean_path: Path, rejected_path: Path) -> Validated:
    if lacking := [one.name for one in contract.dataset.columns if one.name not in rows.raw.column_names]:
        # Nobody could tell a column that was renamed from one whose values are all gone.
        header = ", ".join(name for name in rows.raw.column_names if name != LINE)
        seen = "; ".join([f"the header is {header}", *rows.remarks])
        message = f"{', '.join(lacking)} missing; {seen}; nothing of it goes on"
        read, malformed = rows.raw.num_rows + len(rows.malformed), len(rows.malformed)
        return Validated("failed", None, read, 0, read - malformed, malformed, message)
    if not rows.raw.num_rows:
        # Taken for a snapshot it would end everybody.
        message = "the workbook has a header and no rows; expected at least one; nothing of it goes on"
        return Validated("failed", None, len(rows.malformed), 0, 0, len(rows.malformed), message)
    verdict = check_frame(rows.cleansed.drop_columns([LINE]), contract.definition(month), cells="text")
    passed, failed = split_rows(rows.cleansed, contract.definition_of_rows(month), cells="text")
    clean, contradicting = _without_contradictions(_typed(passed, contract), contract)
    rejected = _rejected(rows, failed, contradicting, contract)
    malformed = len(rows.malformed)
    read = rows.raw.num_rows + malformed
    if read != clean.num_rows + (rejected.num_rows - malformed) + malformed:
        raise AssertionError(f"rows were lost: {read} read, {clean.num_rows} clean, {rejected.num_rows} rejected")
    goes_on = verdict.passed and clean.num_rows > 0
    _write(rejected, rejected_path)
    if goes_on:
        _write(clean, clean_path)
    kept = clean.num_rows if goes_on else 0
    return Validated(
        "passed" if goes_on else "failed",
        verdict.score,
        read,
        kept,
        read - malformed - kept,
        malformed,
        _message(verdict, kept, read - kept),
    )


def _typed(passed: pa.Table, contract: Contract) -> pa.Table:
    """The columns that are historised, in their types."""
    fields = [pa.field(column.name, _TYPES[column.kind]) for column in contract.dataset.columns]
    arrays = [passed.column(field.name).cast(field.type) for field in fields]
    return pa.Table.from_arrays([*arrays, passed.column(LINE)], schema=pa.schema([*fields, pa.field(LINE, pa.int64())]))


def _without_contradictions(clean: pa.Table, contract: Contract) -> tuple[pa.Table, dict[int, str]]:
    """Rows without those that say different things of one key; these by their lines, with the reason."""
    keys = [column.name for column in contract.dataset.keys]
    known = pl.from_arrow(clean.select([*keys, LINE]))
    assert isinstance(known, pl.DataFrame)  # noqa: S101 - a table is a frame
    # Rows are compared whole only where a key stands in several of them.
    repeated = known.filter(pl.struct(keys).is_duplicated())[LINE].to_arrow()
    some = clean.filter(pc.is_in(clean.column(LINE), value_set=repeated))
    hashed = pl.from_arrow(with_hashes(some, contract.dataset).select([*keys, LINE, KEY_HASH, ROW_HASH]))
    assert isinstance(hashed, pl.DataFrame)  # noqa: S101 - as above
    versions = hashed.group_by(KEY_HASH).agg(pl.col(ROW_HASH).n_unique().alias("versions"))
    differing = hashed.join(versions.filter(pl.col("versions") > 1), on=KEY_HASH)
    if differing.is_empty():
        return clean, {}
    reasons = {
        row[LINE]: f"{', '.join(f'{key} {row[key]}' for key in keys)} stands in {row['versions']} rows that differ"
        for row in differing.iter_rows(named=True)
    }
    gone = pc.is_in(clean.column(LINE), value_set=differing[LINE].to_arrow())
    return clean.filter(pc.invert(gone)), reasons


def _rejected(rows: WorkbookRows, failed: pa.Table, contradicting: dict[int, str], contract: Contract) -> pa.Table:
    """Rows that are not clean as they stand in the workbook, each with its findings, in its order."""
    keys = [column.name for column in contract.dataset.keys]
    findings = dict(zip(failed.column(LINE).to_pylist(), failed.column(FINDINGS).to_pylist(), strict=True))
    for line, reason in contradicting.items():
        findings[line] = [key_finding(keys, reason)]
    wanted = pa.array(sorted(findings), pa.int64())
    held = rows.raw.filter(pc.is_in(rows.raw.column(LINE), value_set=wanted)).sort_by(LINE)
    told = pa.array([findings[line] for line in held.column(LINE).to_pylist()], FINDINGS_TYPE)
    table = held.append_column(TEXT, pa.nulls(held.num_rows, pa.string())).append_column(FINDINGS, told)
    unread = [{LINE: row.line or None, TEXT: row.text, FINDINGS: [malformed_finding(row)]} for row in rows.malformed]
    return pa.concat_tables([table, pa.Table.from_pylist(unread, table.schema)])


def _paths(landing: Landing, doors: CitizensDoors) -> tuple[Path, Path]:
    # With the number of the landing: the same content may have landed as another kind.
    name = marked_name(landing.file_name, f"{landing.sha256[:12]}.{landing.ingestion_id}", "parquet")
    return doors.clean / name, doors.rejected / name


def _write(table: pa.Table, path: Path) -> None:
    """Write a Parquet file whole or not at all."""
    with part_file(path.parent) as part:
        pq.write_table(table, part, compression="zstd")
        part.replace(path)


def _message(verdict: Verdict, clean: int, others: int) -> str:
    if verdict.passed and not clean:
        return f"score {verdict.score}, and not one of {others:,} rows is clean: nothing of it goes on"
    if verdict.passed:
        return f"score {verdict.score}; {clean:,} rows are clean, {others:,} rejected"
    reasons = verdict.failed_validation_message
    return f"score {verdict.score}, which is under the pass score: nothing of it goes on; {reasons}"


def _note(landing: Landing, done: Validated, clean: Path, rejected: Path, doors: CitizensDoors) -> None:
    line = insert(validation_log).values(
        ingestion_id=landing.ingestion_id,
        status=done.status,
        score=done.score,
        rows_read=done.rows_read,
        rows_clean=done.rows_clean,
        rows_rejected=done.rows_rejected,
        rows_malformed=done.rows_malformed,
        clean_path=str(clean.relative_to(doors.root)) if done.status == "passed" else None,
        rejected_path=str(rejected.relative_to(doors.root)) if done.score is not None else None,
        message=done.message[:2000],
        definition=_measure(landing, doors.region),
        validated_at=doors.clock(),
    )
    with doors.warehouse.begin() as connection:
        connection.execute(line)


if __name__ == "__main__":
    from pipelines.citizens.run_pipeline import main

    sys.exit(main(["validate", *sys.argv[1:]]))
