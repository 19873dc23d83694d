"""File quality from S3 announcements to verdicts in Postgres.

The public names; each is loaded when it is first used, so that importing `dq` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dq.batch.process_batch import process_batch
    from dq.checks.plan import plan_checks
    from dq.definitions import load_definition
    from dq.engine.profile_files import profile_files
    from dq.engine.source_file import SourceObject
    from dq.ledger.profile_states import RunQuery, profile_of
    from dq.profiling.summary.summary import FileSummary
    from dq.rows.check_frame import check_frame
    from dq.rows.split_rows import row_findings, split_rows
    from dq.rows.validator import QualityCheck, Validator
    from dq.schema.definition import SchemaDefinition
    from dq.verdict.judge import judge
    from dq.verdict.verdict import Verdict
    from etl_core.errors import PipelineError
    from etl_core.objects.store import ObjectStore

__all__ = [
    "FileSummary",
    "ObjectStore",
    "PipelineError",
    "QualityCheck",
    "RunQuery",
    "SchemaDefinition",
    "SourceObject",
    "Validator",
    "Verdict",
    "check_frame",
    "judge",
    "load_definition",
    "plan_checks",
    "process_batch",
    "profile_files",
    "profile_of",
    "row_findings",
    "split_rows",
]

_HOMES = {
    "FileSummary": "dq.profiling.summary.summary",
    "ObjectStore": "etl_core.objects.store",
    "PipelineError": "etl_core.errors",
    "QualityCheck": "dq.rows.validator",
    "RunQuery": "dq.ledger.profile_states",
    "SchemaDefinition": "dq.schema.definition",
    "SourceObject": "dq.engine.source_file",
    "Validator": "dq.rows.validator",
    "Verdict": "dq.verdict.verdict",
    "check_frame": "dq.rows.check_frame",
    "judge": "dq.verdict.judge",
    "load_definition": "dq.definitions",
    "plan_checks": "dq.checks.plan",
    "process_batch": "dq.batch.process_batch",
    "profile_files": "dq.engine.profile_files",
    "profile_of": "dq.ledger.profile_states",
    "row_findings": "dq.rows.split_rows",
    "split_rows": "dq.rows.split_rows",
}


def __getattr__(name: str) -> object:
    """Load a public name from its home."""
    if name not in _HOMES:
        message = f"module 'dq' has no attribute {name!r}; its public names are {', '.join(__all__)}"
        raise AttributeError(message)
    return getattr(import_module(_HOMES[name]), name)
