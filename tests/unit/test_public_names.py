"""The public names of `dq`: these and no others, each where it says, none loaded before it is used."""

from __future__ import annotations

import subprocess
import sys

import dq


def test_the_public_names_are_these() -> None:
    assert dq.__all__ == [
        "FINDINGS_TYPE",
        "MASK",
        "BroughtDownError",
        "CellEncoding",
        "Cells",
        "ColumnRecipe",
        "DueObject",
        "FieldDefinition",
        "FieldType",
        "FileRows",
        "FileSummary",
        "FramedChecks",
        "Limits",
        "LoadCounts",
        "LoadResult",
        "LoadSubject",
        "MalformedRow",
        "ObjectStore",
        "PartFacts",
        "PartOfFile",
        "PartRead",
        "PartedFile",
        "Peek",
        "PipelineError",
        "Problems",
        "QualityCheck",
        "ReferenceKeys",
        "ReferenceReader",
        "RowBatch",
        "RowsOfFile",
        "RowsWanted",
        "RunQuery",
        "SchemaDefinition",
        "SilverLoad",
        "SourceObject",
        "SurveyedFile",
        "UnreadableFileError",
        "Validator",
        "Verdict",
        "Wanted",
        "WantedKeys",
        "as_text",
        "check_frame",
        "due_objects",
        "exact",
        "fail_load",
        "find_type",
        "finish_load",
        "finish_loads",
        "flat_column",
        "flat_type",
        "fold",
        "format_problem",
        "healed_rows",
        "hold_load",
        "is_small_work",
        "judge",
        "judged_objects",
        "key_finding",
        "kind_of",
        "load_definition",
        "load_of_object",
        "loads_of_object",
        "loads_of_run",
        "malformed_finding",
        "misplaced",
        "named_fault",
        "parse_text",
        "plan_checks",
        "process_batch",
        "profile_files",
        "profile_of",
        "read_properties",
        "read_reference_place",
        "read_workbook_cell",
        "reference_rows",
        "replace_load",
        "restore_load",
        "row_findings",
        "shown",
        "split_rows",
        "start_load",
        "start_loads",
        "suggestion",
        "survey_in_tasks",
        "text_column",
        "work_in_tasks",
    ]


def test_every_public_name_can_be_had() -> None:
    for name in dq.__all__:
        assert getattr(getattr(dq, name), "__name__", name) == name  # a constant has no name of its own


def test_importing_the_package_loads_nothing_heavy() -> None:
    heavy = ("pyarrow", "polars", "pyspark", "boto3")
    program = f"import sys, dq; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
