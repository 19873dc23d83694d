"""The second step: rows are checked, those that fail set apart, and the others made ready for their table."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

import pyarrow as pa

from pipelines.etl.flow.flow import digest_of
from pipelines.etl.ledger.steps import Counts, StepEnd, skipped
from pipelines.etl.shaping.gate import Counted, breaks_rows, reasons_to_stop
from pipelines.etl.shaping.report import report_document
from pipelines.etl.step_folder import for_spark

if TYPE_CHECKING:
    from pipelines.etl.doors import EtlDoors
    from pipelines.etl.flow.window import Window
    from pipelines.etl.ledger.steps import StepRow


def is_of(shaped: StepRow, doors: EtlDoors, extracted: StepRow) -> bool:
    """Tell whether rows were made of an extract by what the flow says now."""
    return shaped.input.split()[0] == _own_input(doors, extracted)


def _own_input(doors: EtlDoors, extracted: StepRow) -> str:
    return digest_of(extracted.input, doors.flow.digest("transform"))


def _input(doors: EtlDoors, extracted: StepRow, references: Mapping[str, pa.Table]) -> str:
    """Give a digest of all that the step works on; that of tables that rows refer to stands behind."""
    own = _own_input(doors, extracted)
    return f"{own} {digest_of([[name, _digest(table)] for name, table in references.items()])}" if references else own


def _digest(table: pa.Table) -> str:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return hashlib.sha256(sink.getvalue()).hexdigest()


def transform(window: Window, doors: EtlDoors, extracted: StepRow, before: StepRow | None, *, full: bool) -> StepRow:
    """Check and shape the rows of an extract unless that was done; a row of state `failed` says why nothing goes on.

    Args:
        window: the day.
        doors: the outside world.
        extracted: the extract.
        before: the last time that this went well for the day.
        full: do it again whatever there is.

    Raises:
        RetryableError: Spark, or where rows lie, is away.
        ObjectGoneError: the extract is gone.
    """
    ledger, day, folder = doors.ledger, window.day, doors.folder(window.day)
    references = doors.references(doors.flow.definition)
    of = _input(doors, extracted, references)
    attempt = ledger.begin(day, "transform", of, doors.clock())
    with ledger.failing(attempt, doors.clock):
        if before is not None and not full and before.input == of and folder.parts(before.place or ""):
            end = skipped(before, "these rows were checked and shaped already", extracted.as_of)
            return ledger.end(attempt, end, doors.clock())
        folder.require(extracted.place)
        end = _shaped(window, doors, extracted, references, attempt)
        row = ledger.end(attempt, end, doors.clock())
    if end.state == "done":
        folder.remove_others("clean", end.place or "")
    folder.remove_others("rejected", folder.place("rejected", attempt))
    return row


def _shaped(
    window: Window, doors: EtlDoors, extracted: StepRow, references: Mapping[str, pa.Table], attempt: int
) -> StepEnd:
    from pipelines.etl.spark.shaping import Extracted  # noqa: PLC0415 - loads Spark

    flow, folder = doors.flow, doors.folder(window.day)
    rows = extracted.counts.rows_out if extracted.counts is not None else 0
    held = Extracted(doors.spark(), flow, window, folder, extracted.place or "")
    place = folder.place("clean", attempt)
    verdict = held.verdict(references, place)
    rejected_place = folder.place("rejected", attempt)
    rejected = 0
    if breaks_rows(verdict, flow.definition, held.columns):
        rejected = held.reject(verdict, references, for_spark(rejected_place))
    counted = Counted(rows, rejected)
    reasons = reasons_to_stop(verdict, flow.definition, held.columns, counted, flow.gate)
    named = rejected_place if rejected else None
    report = folder.place("report", f"{attempt:06d}.json")
    folder.create(report, report_document(flow.name, window.day, extracted.as_of, verdict, counted, reasons, named))
    said = f"score {verdict.score}; {rejected:,} of {rows:,} rows rejected"
    if reasons:
        folder.remove(place)
        message = f"{said}; nothing is loaded: {'; '.join(reasons)}; the report is {report}"
        return StepEnd("failed", message, extracted.as_of, report)
    clean = held.write_shaped(place)
    return StepEnd("done", said, extracted.as_of, place, Counts(rows, clean, rejected))
