"""What the program needs of schema `reporting`, and what it uses when it is there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dq.reporting.catalogue.column import Kind

DEFINITION = "monitoring_file_schema_definition"
FILE = "monitoring_file"
RUN = "monitoring_file_run"
QUALITY = "monitoring_file_data_quality"
FAILED_VALIDATION = "monitoring_file_failed_validation"
PROFILE = "monitoring_file_data_profile"

#: The columns that make a run one run.
RUN_KEY = ("monitoring_file_id", "run_date", "run_hour")
#: The columns that make a monitored file one file.
FILE_KEY = ("agency_slug", "file_name")


@dataclass(frozen=True, slots=True)
class ExpectedTable:
    """One table: its columns and what is done to it.

    `required` and `optional` give the kind of each column; `inserts` says that rows are added, `updates` names the
    columns that are changed afterwards (those that exist), `deletes` that rows are removed.
    """

    name: str
    required: Mapping[str, Kind]
    optional: Mapping[str, Kind] = field(default_factory=dict)
    is_optional: bool = False
    inserts: bool = False
    updates: tuple[str, ...] = ()
    deletes: bool = False


EXPECTED_TABLES = (
    ExpectedTable(
        DEFINITION,
        required={
            "id": Kind.IDENTIFIER,
            "name": Kind.TEXT,
            "description": Kind.TEXT,
            "definition": Kind.JSON,
            "created_at": Kind.MOMENT,
            "updated_at": Kind.MOMENT,
        },
    ),
    ExpectedTable(
        FILE,
        required={
            "id": Kind.IDENTIFIER,
            "file_name": Kind.TEXT,
            "agency_slug": Kind.TEXT,
            "latest_data_quality_score": Kind.NUMBER,
        },
        optional={
            "schema_definition_id": Kind.IDENTIFIER,
            "s3_url": Kind.TEXT,
            "range": Kind.CHOICE,
            "is_active": Kind.BOOLEAN,
            "agency_id": Kind.IDENTIFIER,
            "notify_slack": Kind.BOOLEAN,
            "is_missing": Kind.BOOLEAN,
        },
        updates=("latest_data_quality_score", "is_missing"),
    ),
    ExpectedTable(
        RUN,
        required={
            "id": Kind.IDENTIFIER,
            "monitoring_file_id": Kind.IDENTIFIER,
            "run_date": Kind.DATE,
            "run_hour": Kind.INTEGER,
            "file_size": Kind.INTEGER,
            "created_at": Kind.MOMENT,
        },
        optional={
            "agency_id": Kind.IDENTIFIER,
            "updated_at": Kind.MOMENT,
            "file_last_modified": Kind.MOMENT,
            "file_range_lower_limit": Kind.DAY_OR_MOMENT,
        },
        inserts=True,
        updates=("agency_id", "file_size", "updated_at", "file_last_modified", "file_range_lower_limit"),
    ),
    ExpectedTable(
        QUALITY,
        required={
            "id": Kind.IDENTIFIER,
            "monitoring_file_run_id": Kind.IDENTIFIER,
            "score": Kind.NUMBER,
            "passed": Kind.BOOLEAN,
            "metrics": Kind.JSON,
            "deductions": Kind.JSON,
            "created_at": Kind.MOMENT,
        },
        optional={
            "failed_validation_message": Kind.TEXT,
            "failed_validation_rules": Kind.JSON,
            "updated_at": Kind.MOMENT,
        },
        inserts=True,
        updates=(
            "score",
            "passed",
            "metrics",
            "deductions",
            "failed_validation_message",
            "failed_validation_rules",
            "updated_at",
        ),
    ),
    ExpectedTable(
        FAILED_VALIDATION,
        required={
            "id": Kind.IDENTIFIER,
            "monitoring_file_run_id": Kind.IDENTIFIER,
            "rule_id": Kind.CHOICE,
            "dimension": Kind.CHOICE,
            "column_name": Kind.TEXT,
            "severity": Kind.CHOICE,
            "failed_count": Kind.INTEGER,
            "checked_count": Kind.INTEGER,
            "details": Kind.JSON,
            "created_at": Kind.MOMENT,
        },
        is_optional=True,
        inserts=True,
        deletes=True,
    ),
    ExpectedTable(
        PROFILE,
        required={
            "monitoring_file_run_id": Kind.IDENTIFIER,
            "profile_payload": Kind.JSON,
            "created_at": Kind.MOMENT,
            "updated_at": Kind.MOMENT,
        },
        is_optional=True,
        inserts=True,
        updates=("profile_payload", "updated_at"),
    ),
)

EXPECTED = {table.name: table for table in EXPECTED_TABLES}
