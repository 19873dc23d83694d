"""A table of PySpark that is nothing but one Parquet file of this machine: its tasks read the file themselves.

Spark would read it, turn its columns into rows, those into Arrow's columns, and hand these to Python, which takes twice
as long as all that is counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

import pyarrow as pa
import pyarrow.parquet as pq
from py4j.protocol import Py4JError  # type: ignore[import-untyped]
from pyspark.sql.pandas.types import from_arrow_schema

from dq.engine.assignment import Assignment
from dq.engine.byte_ranges.spark_executor import profile_on_spark
from dq.engine.file_results import Profiled
from dq.engine.parts import FileTask
from dq.engine.planning import plan_file
from dq.engine.source_file import SourceObject
from dq.formats.limits import Limits
from dq.formats.parquet.format import PARQUET
from dq.rows.framed import FramedChecks
from etl_core.errors import PipelineError
from etl_core.objects.store import ObjectStore

if TYPE_CHECKING:
    from pyspark.sql import DataFrame
    from pyspark.sql.types import StructType

    from dq.profiling.summary.summary import FileSummary

#: What Spark notes in files whose dates and times it reads as others than they are written.
_REBASED: Final = (b"org.apache.spark.legacyDateTime", b"org.apache.spark.legacyINT96")


def summarise_scanned_file(frame: DataFrame, checks: FramedChecks, reader: str) -> FileSummary | None:
    """Count the file that a table is, in one job; None where it is anything else, or that cannot be told."""
    path = scanned_file(frame)
    if path is None or checks.definition.format not in (None, PARQUET.names.name):
        return None
    store = ObjectStore()
    assignment = Assignment(store, Limits(), references=checks.references)
    try:
        task = plan_file(SourceObject(0, store.peek(None, path), checks.definition), assignment)
        if not isinstance(task, FileTask) or task.layout.format != PARQUET or task.recipe != checks.recipe:
            return None
        found = profile_on_spark(frame.sparkSession, [task], assignment, reader)[task.id]
    except PipelineError:  # Spark may know how it is read, or says what is wrong with it
        return None
    return found.summary if isinstance(found, Profiled) else None


def scanned_file(frame: DataFrame) -> str | None:
    """Give the path of the one file that a table is, with all columns as they are; None where it is something else."""
    try:
        path = _path_of_scan(getattr(frame, "_jdf", None))
    except (Py4JError, AttributeError, TypeError):  # another Spark than those whose plans are known
        return None
    if path is None:
        return None
    try:
        schema = pq.read_schema(path)
        kinds = from_arrow_schema(schema.remove_metadata())
    except (OSError, pa.ArrowException, TypeError, ValueError):
        return None
    if not set(_REBASED).isdisjoint(schema.metadata or {}) or _told(kinds) != _told(frame.schema):
        return None
    return path


def _path_of_scan(table: Any) -> str | None:  # noqa: ANN401 - of the JVM
    plan = table.queryExecution().analyzed()
    if plan.getClass().getSimpleName() != "LogicalRelation":
        return None
    relation = plan.relation()
    if relation.getClass().getSimpleName() != "HadoopFsRelation":
        return None
    is_plain = relation.partitionSchema().isEmpty() and relation.options().size() <= 1  # its path
    files = list(relation.location().inputFiles())
    if not is_plain or relation.fileFormat().toString() != "Parquet" or len(files) != 1:
        return None
    address = urlsplit(files[0])
    return unquote(address.path) if address.scheme == "file" and not address.netloc else None


def _told(schema: StructType) -> list[tuple[str, str]]:
    return [(field.name, field.dataType.simpleString()) for field in schema.fields]
