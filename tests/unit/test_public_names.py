"""The public names of `dq`: these and no others, each where it says, none loaded before it is used."""

from __future__ import annotations

import subprocess
import sys

import dq


def test_the_public_names_are_these() -> None:
    assert dq.__all__ == [
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


def test_every_public_name_can_be_had() -> None:
    for name in dq.__all__:
        assert getattr(dq, name).__name__ == name


def test_importing_the_package_loads_nothing_heavy() -> None:
    heavy = ("pyarrow", "polars", "pyspark", "boto3")
    program = f"import sys, dq; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
