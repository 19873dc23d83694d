"""File quality from S3 announcements to verdicts in Postgres.

The public names; each is loaded when it is first used, so that importing `dq` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dq.arrived import (
        WatchedFile,
        arrivals_by_file,
        flag_missing,
        lock_files,
        times_of,
        waiting_arrivals,
        watched_files,
    )
    from dq.batch.process_batch import process_batch
    from dq.checks.dimensions.uniqueness import no_key_repeats
    from dq.checks.plan import plan_checks
    from dq.checks.wording import MASK
    from dq.definitions import load_definition, write_definition
    from dq.engine.byte_ranges.spark_references import sent_once
    from dq.engine.byte_ranges.spark_work import PartedFile, work_in_tasks
    from dq.engine.halving import BroughtDownError
    from dq.engine.parts import named_fault
    from dq.engine.profile_files import profile_files
    from dq.engine.small import is_small_work
    from dq.engine.source_file import SourceObject
    from dq.errors import UnreadableFileError
    from dq.events.key_layout import KeyLayouts
    from dq.formats.limits import Limits
    from dq.ledger.aging.day_states import MergedDays, merge_days, runs_to_merge
    from dq.ledger.aging.old_rows import OLD_LEDGER_ROWS
    from dq.ledger.loads.finishing import finish_load, finish_loads
    from dq.ledger.loads.undoing import end_undo, open_undos, start_undo
    from dq.ledger.profile_states import RunQuery, profile_of
    from dq.ledger.silver_loads import (
        LoadCounts,
        LoadResult,
        LoadSubject,
        SilverLoad,
        fail_load,
        hold_load,
        load_of_object,
        loads_of_object,
        loads_of_run,
        replace_load,
        start_load,
        start_loads,
    )
    from dq.observed_runs import ChangedRuns, RunNumbers, changed_runs, run_numbers, run_states
    from dq.profiling.cells.parsing import parse_text
    from dq.profiling.cells.physical import WRITTEN
    from dq.profiling.cells.texts import as_text
    from dq.profiling.cells.values import Cells
    from dq.profiling.profile.codec import ProfileCodecError
    from dq.profiling.profile.state_figures import ColumnFigures, StateFigures, figures_of_state
    from dq.profiling.row_rules.reference_keys import KnownReferences, ReferenceKeys
    from dq.profiling.summary.summary import FileSummary
    from dq.profiling.tally.recipe import CellEncoding, ColumnRecipe
    from dq.profiling.tally.row_batch import MalformedRow, RowBatch
    from dq.references.reading import ReferenceReader
    from dq.references.schemes import read_reference_place
    from dq.reporting.catalogue.catalogue import Catalogue, read_catalogue
    from dq.reporting.readback import read_failed_rules, read_profile, read_verdict
    from dq.rows.check_frame import check_frame
    from dq.rows.columns.rewritten import cells_rewritten, texts_rewritten
    from dq.rows.files.file_parts import PartFacts, PartOfFile
    from dq.rows.files.file_rows import FileRows, RowsOfFile
    from dq.rows.files.healed import healed_rows
    from dq.rows.files.part_survey import PartRead, RowsWanted, misplaced
    from dq.rows.files.workbook_cell import read_workbook_cell
    from dq.rows.findings import FINDINGS_TYPE, key_finding, malformed_finding
    from dq.rows.flat_columns import flat_column, flat_type, text_column
    from dq.rows.framed import FramedChecks
    from dq.rows.quality_check import QualityCheck
    from dq.rows.referred.reference_rows import reference_rows
    from dq.rows.spark.check_parts import check_parts
    from dq.rows.spark.surveys import SurveyedFile, survey_in_tasks
    from dq.rows.split_rows import row_findings, split_rows
    from dq.rows.validator import Validator
    from dq.schema.date_formats import format_problem
    from dq.schema.definition import FieldDefinition, FieldType, SchemaDefinition, WantedKeys
    from dq.schema.loading.problems import Problems, kind_of, shown, suggestion
    from dq.schema.loading.properties import exact, fold, read_properties
    from dq.schema.patterns import pattern_problem
    from dq.schema.type_names import find_type
    from dq.silver_due import DueObject, Wanted, due_objects, judged_objects
    from dq.streams.hour_tallies import HourPart, HourTallies, hour_of
    from dq.streams.hour_verdicts import HourVerdicts, JudgedHour, StreamQuality
    from dq.streams.progress import Advance, Counts, OtherReaderError, Standing, Topic, advance, standing_of, topic_ids
    from dq.streams.record_checks import CheckedRecords, RecordChecks, record_checks, unfit_for_records
    from dq.streams.replays import Replayed, note_replayed, replayed
    from dq.verdict.judge import judge
    from dq.verdict.verdict import Verdict
    from etl_core.errors import PipelineError
    from etl_core.objects.store import ObjectStore, Peek

__all__ = [
    "FINDINGS_TYPE",
    "MASK",
    "OLD_LEDGER_ROWS",
    "WRITTEN",
    "Advance",
    "BroughtDownError",
    "Catalogue",
    "CellEncoding",
    "Cells",
    "ChangedRuns",
    "CheckedRecords",
    "ColumnFigures",
    "ColumnRecipe",
    "Counts",
    "DueObject",
    "FieldDefinition",
    "FieldType",
    "FileRows",
    "FileSummary",
    "FramedChecks",
    "HourPart",
    "HourTallies",
    "HourVerdicts",
    "JudgedHour",
    "KeyLayouts",
    "KnownReferences",
    "Limits",
    "LoadCounts",
    "LoadResult",
    "LoadSubject",
    "MalformedRow",
    "MergedDays",
    "ObjectStore",
    "OtherReaderError",
    "PartFacts",
    "PartOfFile",
    "PartRead",
    "PartedFile",
    "Peek",
    "PipelineError",
    "Problems",
    "ProfileCodecError",
    "QualityCheck",
    "RecordChecks",
    "ReferenceKeys",
    "ReferenceReader",
    "Replayed",
    "RowBatch",
    "RowsOfFile",
    "RowsWanted",
    "RunNumbers",
    "RunQuery",
    "SchemaDefinition",
    "SilverLoad",
    "SourceObject",
    "Standing",
    "StateFigures",
    "StreamQuality",
    "SurveyedFile",
    "Topic",
    "UnreadableFileError",
    "Validator",
    "Verdict",
    "Wanted",
    "WantedKeys",
    "WatchedFile",
    "advance",
    "arrivals_by_file",
    "as_text",
    "cells_rewritten",
    "changed_runs",
    "check_frame",
    "check_parts",
    "due_objects",
    "end_undo",
    "exact",
    "fail_load",
    "figures_of_state",
    "find_type",
    "finish_load",
    "finish_loads",
    "flag_missing",
    "flat_column",
    "flat_type",
    "fold",
    "format_problem",
    "healed_rows",
    "hold_load",
    "hour_of",
    "is_small_work",
    "judge",
    "judged_objects",
    "key_finding",
    "kind_of",
    "load_definition",
    "load_of_object",
    "loads_of_object",
    "loads_of_run",
    "lock_files",
    "malformed_finding",
    "merge_days",
    "misplaced",
    "named_fault",
    "no_key_repeats",
    "note_replayed",
    "open_undos",
    "parse_text",
    "pattern_problem",
    "plan_checks",
    "process_batch",
    "profile_files",
    "profile_of",
    "read_catalogue",
    "read_failed_rules",
    "read_profile",
    "read_properties",
    "read_reference_place",
    "read_verdict",
    "read_workbook_cell",
    "record_checks",
    "reference_rows",
    "replace_load",
    "replayed",
    "row_findings",
    "run_numbers",
    "run_states",
    "runs_to_merge",
    "sent_once",
    "shown",
    "split_rows",
    "standing_of",
    "start_load",
    "start_loads",
    "start_undo",
    "suggestion",
    "survey_in_tasks",
    "text_column",
    "texts_rewritten",
    "times_of",
    "topic_ids",
    "unfit_for_records",
    "waiting_arrivals",
    "watched_files",
    "work_in_tasks",
    "write_definition",
]

_HOMES = {
    "FINDINGS_TYPE": "dq.rows.findings",
    "MASK": "dq.checks.wording",
    "OLD_LEDGER_ROWS": "dq.ledger.aging.old_rows",
    "WRITTEN": "dq.profiling.cells.physical",
    "Advance": "dq.streams.progress",
    "BroughtDownError": "dq.engine.halving",
    "Catalogue": "dq.reporting.catalogue.catalogue",
    "CellEncoding": "dq.profiling.tally.recipe",
    "Cells": "dq.profiling.cells.values",
    "ChangedRuns": "dq.observed_runs",
    "CheckedRecords": "dq.streams.record_checks",
    "ColumnFigures": "dq.profiling.profile.state_figures",
    "ColumnRecipe": "dq.profiling.tally.recipe",
    "Counts": "dq.streams.progress",
    "DueObject": "dq.silver_due",
    "FieldDefinition": "dq.schema.definition",
    "FieldType": "dq.schema.definition",
    "FileRows": "dq.rows.files.file_rows",
    "FileSummary": "dq.profiling.summary.summary",
    "FramedChecks": "dq.rows.framed",
    "HourPart": "dq.streams.hour_tallies",
    "HourTallies": "dq.streams.hour_tallies",
    "HourVerdicts": "dq.streams.hour_verdicts",
    "JudgedHour": "dq.streams.hour_verdicts",
    "KeyLayouts": "dq.events.key_layout",
    "KnownReferences": "dq.profiling.row_rules.reference_keys",
    "Limits": "dq.formats.limits",
    "LoadCounts": "dq.ledger.silver_loads",
    "LoadResult": "dq.ledger.silver_loads",
    "LoadSubject": "dq.ledger.silver_loads",
    "MalformedRow": "dq.profiling.tally.row_batch",
    "MergedDays": "dq.ledger.aging.day_states",
    "ObjectStore": "etl_core.objects.store",
    "OtherReaderError": "dq.streams.progress",
    "PartFacts": "dq.rows.files.file_parts",
    "PartOfFile": "dq.rows.files.file_parts",
    "PartRead": "dq.rows.files.part_survey",
    "PartedFile": "dq.engine.byte_ranges.spark_work",
    "Peek": "etl_core.objects.store",
    "PipelineError": "etl_core.errors",
    "Problems": "dq.schema.loading.problems",
    "ProfileCodecError": "dq.profiling.profile.codec",
    "QualityCheck": "dq.rows.quality_check",
    "RecordChecks": "dq.streams.record_checks",
    "ReferenceKeys": "dq.profiling.row_rules.reference_keys",
    "ReferenceReader": "dq.references.reading",
    "Replayed": "dq.streams.replays",
    "RowBatch": "dq.profiling.tally.row_batch",
    "RowsOfFile": "dq.rows.files.file_rows",
    "RowsWanted": "dq.rows.files.part_survey",
    "RunNumbers": "dq.observed_runs",
    "RunQuery": "dq.ledger.profile_states",
    "SchemaDefinition": "dq.schema.definition",
    "SilverLoad": "dq.ledger.silver_loads",
    "SourceObject": "dq.engine.source_file",
    "Standing": "dq.streams.progress",
    "StateFigures": "dq.profiling.profile.state_figures",
    "StreamQuality": "dq.streams.hour_verdicts",
    "SurveyedFile": "dq.rows.spark.surveys",
    "Topic": "dq.streams.progress",
    "UnreadableFileError": "dq.errors",
    "Validator": "dq.rows.validator",
    "Verdict": "dq.verdict.verdict",
    "Wanted": "dq.silver_due",
    "WantedKeys": "dq.schema.definition",
    "WatchedFile": "dq.arrived",
    "advance": "dq.streams.progress",
    "arrivals_by_file": "dq.arrived",
    "as_text": "dq.profiling.cells.texts",
    "cells_rewritten": "dq.rows.columns.rewritten",
    "changed_runs": "dq.observed_runs",
    "check_frame": "dq.rows.check_frame",
    "check_parts": "dq.rows.spark.check_parts",
    "due_objects": "dq.silver_due",
    "end_undo": "dq.ledger.loads.undoing",
    "exact": "dq.schema.loading.properties",
    "fail_load": "dq.ledger.silver_loads",
    "figures_of_state": "dq.profiling.profile.state_figures",
    "find_type": "dq.schema.type_names",
    "finish_load": "dq.ledger.loads.finishing",
    "finish_loads": "dq.ledger.loads.finishing",
    "flag_missing": "dq.arrived",
    "flat_column": "dq.rows.flat_columns",
    "flat_type": "dq.rows.flat_columns",
    "fold": "dq.schema.loading.properties",
    "format_problem": "dq.schema.date_formats",
    "healed_rows": "dq.rows.files.healed",
    "hold_load": "dq.ledger.silver_loads",
    "hour_of": "dq.streams.hour_tallies",
    "is_small_work": "dq.engine.small",
    "judge": "dq.verdict.judge",
    "judged_objects": "dq.silver_due",
    "key_finding": "dq.rows.findings",
    "kind_of": "dq.schema.loading.problems",
    "load_definition": "dq.definitions",
    "load_of_object": "dq.ledger.silver_loads",
    "loads_of_object": "dq.ledger.silver_loads",
    "loads_of_run": "dq.ledger.silver_loads",
    "lock_files": "dq.arrived",
    "malformed_finding": "dq.rows.findings",
    "merge_days": "dq.ledger.aging.day_states",
    "misplaced": "dq.rows.files.part_survey",
    "named_fault": "dq.engine.parts",
    "no_key_repeats": "dq.checks.dimensions.uniqueness",
    "note_replayed": "dq.streams.replays",
    "open_undos": "dq.ledger.loads.undoing",
    "parse_text": "dq.profiling.cells.parsing",
    "pattern_problem": "dq.schema.patterns",
    "plan_checks": "dq.checks.plan",
    "process_batch": "dq.batch.process_batch",
    "profile_files": "dq.engine.profile_files",
    "profile_of": "dq.ledger.profile_states",
    "read_catalogue": "dq.reporting.catalogue.catalogue",
    "read_failed_rules": "dq.reporting.readback",
    "read_profile": "dq.reporting.readback",
    "read_properties": "dq.schema.loading.properties",
    "read_reference_place": "dq.references.schemes",
    "read_verdict": "dq.reporting.readback",
    "read_workbook_cell": "dq.rows.files.workbook_cell",
    "record_checks": "dq.streams.record_checks",
    "reference_rows": "dq.rows.referred.reference_rows",
    "replace_load": "dq.ledger.silver_loads",
    "replayed": "dq.streams.replays",
    "row_findings": "dq.rows.split_rows",
    "run_numbers": "dq.observed_runs",
    "run_states": "dq.observed_runs",
    "runs_to_merge": "dq.ledger.aging.day_states",
    "sent_once": "dq.engine.byte_ranges.spark_references",
    "shown": "dq.schema.loading.problems",
    "split_rows": "dq.rows.split_rows",
    "standing_of": "dq.streams.progress",
    "start_load": "dq.ledger.silver_loads",
    "start_loads": "dq.ledger.silver_loads",
    "start_undo": "dq.ledger.loads.undoing",
    "suggestion": "dq.schema.loading.problems",
    "survey_in_tasks": "dq.rows.spark.surveys",
    "text_column": "dq.rows.flat_columns",
    "texts_rewritten": "dq.rows.columns.rewritten",
    "times_of": "dq.arrived",
    "topic_ids": "dq.streams.progress",
    "unfit_for_records": "dq.streams.record_checks",
    "waiting_arrivals": "dq.arrived",
    "watched_files": "dq.arrived",
    "work_in_tasks": "dq.engine.byte_ranges.spark_work",
    "write_definition": "dq.definitions",
}


def __getattr__(name: str) -> object:
    """Load a public name from its home."""
    if name not in _HOMES:
        message = f"module 'dq' has no attribute {name!r}; its public names are {', '.join(__all__)}"
        raise AttributeError(message)
    return getattr(import_module(_HOMES[name]), name)
