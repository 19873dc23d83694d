"""File quality from S3 announcements to verdicts in Postgres.

The public names; each is loaded when it is first used, so that importing `dq` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dq.batch.process_batch import process_batch
    from dq.checks.plan import plan_checks
    from dq.checks.wording import MASK
    from dq.definitions import load_definition
    from dq.engine.profile_files import profile_files
    from dq.engine.source_file import SourceObject
    from dq.errors import UnreadableFileError
    from dq.formats.limits import Limits
    from dq.ledger.profile_states import RunQuery, profile_of
    from dq.ledger.silver_loads import (
        LoadCounts,
        LoadSubject,
        SilverLoad,
        fail_load,
        finish_load,
        hold_load,
        load_of_object,
        loads_of_object,
        loads_of_run,
        replace_load,
        restore_load,
        start_load,
    )
    from dq.profiling.cells.parsing import parse_text
    from dq.profiling.cells.texts import as_text
    from dq.profiling.cells.values import Cells
    from dq.profiling.summary.summary import FileSummary
    from dq.profiling.tally.recipe import CellEncoding, ColumnRecipe
    from dq.profiling.tally.row_batch import MalformedRow, RowBatch
    from dq.rows.check_frame import check_frame
    from dq.rows.columns.typed_columns import typed_column, typed_type
    from dq.rows.files.file_rows import FileRows, RowsOfFile
    from dq.rows.files.healed import healed_rows
    from dq.rows.findings import FINDINGS_TYPE, malformed_finding
    from dq.rows.framed import FramedChecks
    from dq.rows.quality_check import QualityCheck
    from dq.rows.split_rows import row_findings, split_rows
    from dq.rows.validator import Validator
    from dq.schema.date_formats import format_problem
    from dq.schema.definition import FieldType, SchemaDefinition
    from dq.schema.loading.problems import Problems, kind_of, shown, suggestion
    from dq.schema.loading.properties import exact, fold, read_properties
    from dq.silver_due import DueObject, Wanted, due_objects
    from dq.verdict.judge import judge
    from dq.verdict.verdict import Verdict
    from etl_core.errors import PipelineError
    from etl_core.objects.store import ObjectStore

__all__ = [
    "FINDINGS_TYPE",
    "MASK",
    "CellEncoding",
    "Cells",
    "ColumnRecipe",
    "DueObject",
    "FieldType",
    "FileRows",
    "FileSummary",
    "FramedChecks",
    "Limits",
    "LoadCounts",
    "LoadSubject",
    "MalformedRow",
    "ObjectStore",
    "PipelineError",
    "Problems",
    "QualityCheck",
    "RowBatch",
    "RowsOfFile",
    "RunQuery",
    "SchemaDefinition",
    "SilverLoad",
    "SourceObject",
    "UnreadableFileError",
    "Validator",
    "Verdict",
    "Wanted",
    "as_text",
    "check_frame",
    "due_objects",
    "exact",
    "fail_load",
    "finish_load",
    "fold",
    "format_problem",
    "healed_rows",
    "hold_load",
    "judge",
    "kind_of",
    "load_definition",
    "load_of_object",
    "loads_of_object",
    "loads_of_run",
    "malformed_finding",
    "parse_text",
    "plan_checks",
    "process_batch",
    "profile_files",
    "profile_of",
    "read_properties",
    "replace_load",
    "restore_load",
    "row_findings",
    "shown",
    "split_rows",
    "start_load",
    "suggestion",
    "typed_column",
    "typed_type",
]

_HOMES = {
    "CellEncoding": "dq.profiling.tally.recipe",
    "Cells": "dq.profiling.cells.values",
    "ColumnRecipe": "dq.profiling.tally.recipe",
    "DueObject": "dq.silver_due",
    "FINDINGS_TYPE": "dq.rows.findings",
    "FieldType": "dq.schema.definition",
    "FileRows": "dq.rows.files.file_rows",
    "FileSummary": "dq.profiling.summary.summary",
    "FramedChecks": "dq.rows.framed",
    "Limits": "dq.formats.limits",
    "LoadCounts": "dq.ledger.silver_loads",
    "LoadSubject": "dq.ledger.silver_loads",
    "MASK": "dq.checks.wording",
    "MalformedRow": "dq.profiling.tally.row_batch",
    "ObjectStore": "etl_core.objects.store",
    "PipelineError": "etl_core.errors",
    "Problems": "dq.schema.loading.problems",
    "QualityCheck": "dq.rows.quality_check",
    "RowBatch": "dq.profiling.tally.row_batch",
    "RowsOfFile": "dq.rows.files.file_rows",
    "RunQuery": "dq.ledger.profile_states",
    "SchemaDefinition": "dq.schema.definition",
    "SilverLoad": "dq.ledger.silver_loads",
    "SourceObject": "dq.engine.source_file",
    "UnreadableFileError": "dq.errors",
    "Validator": "dq.rows.validator",
    "Verdict": "dq.verdict.verdict",
    "Wanted": "dq.silver_due",
    "as_text": "dq.profiling.cells.texts",
    "check_frame": "dq.rows.check_frame",
    "due_objects": "dq.silver_due",
    "exact": "dq.schema.loading.properties",
    "fail_load": "dq.ledger.silver_loads",
    "finish_load": "dq.ledger.silver_loads",
    "fold": "dq.schema.loading.properties",
    "format_problem": "dq.schema.date_formats",
    "healed_rows": "dq.rows.files.healed",
    "hold_load": "dq.ledger.silver_loads",
    "judge": "dq.verdict.judge",
    "kind_of": "dq.schema.loading.problems",
    "load_definition": "dq.definitions",
    "load_of_object": "dq.ledger.silver_loads",
    "loads_of_object": "dq.ledger.silver_loads",
    "loads_of_run": "dq.ledger.silver_loads",
    "malformed_finding": "dq.rows.findings",
    "parse_text": "dq.profiling.cells.parsing",
    "plan_checks": "dq.checks.plan",
    "process_batch": "dq.batch.process_batch",
    "profile_files": "dq.engine.profile_files",
    "profile_of": "dq.ledger.profile_states",
    "read_properties": "dq.schema.loading.properties",
    "replace_load": "dq.ledger.silver_loads",
    "restore_load": "dq.ledger.silver_loads",
    "row_findings": "dq.rows.split_rows",
    "shown": "dq.schema.loading.problems",
    "split_rows": "dq.rows.split_rows",
    "start_load": "dq.ledger.silver_loads",
    "suggestion": "dq.schema.loading.problems",
    "typed_column": "dq.rows.columns.typed_columns",
    "typed_type": "dq.rows.columns.typed_columns",
}


def __getattr__(name: str) -> object:
    """Load a public name from its home."""
    if name not in _HOMES:
        message = f"module 'dq' has no attribute {name!r}; its public names are {', '.join(__all__)}"
        raise AttributeError(message)
    return getattr(import_module(_HOMES[name]), name)
