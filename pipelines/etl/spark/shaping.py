"""The rows of an extract: judged, split, shaped and written by Spark's tasks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from pyspark.sql import functions as F  # noqa: N812 - the name everybody knows
from pyspark.sql import types as t

from dq import FieldType, check_frame, no_key_repeats, split_rows
from pipelines.etl.shaping.shape_rows import Shape
from pipelines.etl.source.snapshot import ROW_HASH
from pipelines.etl.spark.failures import named_spark_failures
from pipelines.etl.spark.reading import own_session, written
from pipelines.etl.step_folder import for_spark

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

    from dq import SchemaDefinition, Verdict
    from pipelines.etl.flow.flow import Flow
    from pipelines.etl.flow.window import Window

_FINDINGS: Final = "_findings"
#: An exact number that is declared as `number` is a double among rows that passed; this is what it was.
_EXACT: Final = "_exact_{}"


class Extracted:
    """The rows of an extract, in the hands of a session."""

    def __init__(self, spark: SparkSession, flow: Flow, window: Window, place: str) -> None:
        """Read nothing yet but the names and types of the columns."""
        self._flow, self._window = flow, window
        with named_spark_failures(f"the extract {place}"):
            session = own_session(spark)
            read = session.read.option("__globPaths__", "false").parquet(for_spark(place))
            self._rows: DataFrame = read.drop(ROW_HASH)
        self.columns: tuple[str, ...] = tuple(self._rows.columns)

    def verdict(self, references: Mapping[str, pa.Table]) -> Verdict:
        """Judge them: the verdict of a Parquet file with the same rows."""
        with named_spark_failures(f"the checks of {self._flow.name}"):
            return check_frame(
                self._rows, self._flow.definition, cells="typed", run_start=self._window.since, references=references
            )

    def reject(self, verdict: Verdict, references: Mapping[str, pa.Table], folder: str) -> int:
        """Write the rows that fail, as they came, with their findings; how many they are. The others stay."""
        definition = _asked(self._flow.definition, verdict)
        exact = [
            field.name
            for field in self._rows.schema.fields
            if isinstance(field.dataType, t.DecimalType) and field.name in _numbers(definition)
        ]
        with named_spark_failures(f"the checks of {self._flow.name}"):
            kept = self._rows.select("*", *(F.col(_quoted(name)).alias(_EXACT.format(name)) for name in exact))
            passed, failed = split_rows(kept, definition, cells="typed", references=references)
            rejected = written(failed.drop(*map(_EXACT.format, exact)), folder).rows
            told = {name: _EXACT.format(name) for name in exact}
            self._rows = passed.select(*(F.col(_quoted(told.get(name, name))).alias(name) for name in self.columns))
        return rejected

    def write_shaped(self, folder: str) -> int:
        """Shape the rows that are left, and write them; how many they are."""
        types = {field.name: field.type for field in self._flow.definition.fields}
        shape = Shape(self._flow.silver, types, self._window.day)
        kinds = {field.name: field.dataType for field in self._rows.schema.fields}
        target = t.StructType(
            [t.StructField(new, kinds.get(old, t.StringType())) for old, new in shape.schema(self.columns)]
        )

        def shaped(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            return map(shape.shaped, batches)

        with named_spark_failures(f"shaping the rows of {self._flow.name}"):
            frame = self._rows
            if self._flow.silver != type(self._flow.silver)():
                frame = frame.mapInArrow(shaped, target)
            return written(frame, folder).rows


def _asked(definition: SchemaDefinition, verdict: Verdict) -> SchemaDefinition:
    """Leave out the keys where the verdict says that none repeats: to look for repeats takes a shuffle of all rows."""
    return replace(definition, keys=(), primary_key=()) if no_key_repeats(verdict.metrics) else definition


def _numbers(definition: SchemaDefinition) -> frozenset[str]:
    return frozenset(field.name for field in definition.fields if field.type is FieldType.NUMBER)


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
