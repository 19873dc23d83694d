"""The rows of an extract: judged, split, shaped and written by Spark's tasks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pyarrow as pa
from pyspark.sql import functions as F  # noqa: N812 - the name everybody knows
from pyspark.sql import types as t

from dq import FieldType, check_parts, no_key_repeats, split_rows
from pipelines.etl.errors import FlowError
from pipelines.etl.shaping.shape_rows import Shape
from pipelines.etl.shaping.shaped_part import ShapingReader
from pipelines.etl.source.snapshot import ROW_HASH
from pipelines.etl.spark.failures import named_spark_failures
from pipelines.etl.spark.writing import own_session, written
from pipelines.etl.step_folder import StepFolder, for_spark
from pipelines.transforms.normalize import StepUnfitError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from dq import SchemaDefinition, Verdict
    from pipelines.etl.flow.flow import Flow
    from pipelines.etl.flow.window import Window

_FINDINGS: Final = "_findings"
#: An exact number that is declared as `number` is a double among rows that passed; this is what it was.
_EXACT: Final = "_exact_{}"


class Extracted:
    """The rows of an extract, in the hands of a session: read, checked and shaped in one pass over its files.

    The tasks read the files themselves: Spark would make rows of their columns, and columns of those again for Python.
    Where rows fail, Spark splits them from the others; only then the shaped ones are made once more.
    """

    def __init__(self, spark: SparkSession, flow: Flow, window: Window, folder: StepFolder, place: str) -> None:
        """Read nothing yet but the names and types of the columns; the place has to be there.

        Raises:
            FlowError: a column has a type that its steps do not take.
        """
        self._spark, self._flow, self._window, self._folder, self._place = spark, flow, window, folder, place
        self._parts = folder.require(place)
        self._schema = _without_hash(folder.schema(self._parts[0]))
        self._left: DataFrame | None = None  # what is left of the rows, where some were rejected
        types = {field.name: field.type for field in flow.definition.fields}
        self._shape = Shape(flow.silver, types, window.day) if flow.silver != type(flow.silver)() else None
        self.columns: tuple[str, ...] = tuple(self._schema.names)
        try:
            self._target = self._schema if self._shape is None else self._shape.target(self._schema)
        except StepUnfitError as error:
            raise FlowError(f"the flow {flow.name}", [f"{error}: cast it to text in the query"]) from error

    def verdict(self, references: Mapping[str, pa.Table], place: str) -> Verdict:
        """Judge them, and shape them on the way; the verdict is that of a Parquet file with the same rows.

        Args:
            references: the tables that they refer to.
            place: where shaped rows go.
        """
        reader = ShapingReader(self._folder, place, self._target, self._shape)
        with named_spark_failures(f"the checks of {self._flow.name}"):
            return check_parts(
                self._spark,
                self._parts,
                reader,
                self._schema,
                self._flow.definition,
                run_start=self._window.since,
                references=references,
            )

    def reject(self, verdict: Verdict, references: Mapping[str, pa.Table], folder: str) -> int:
        """Write the rows that fail, as they came, with their findings; how many they are. The others stay."""
        definition = _asked(self._flow.definition, verdict)
        with named_spark_failures(f"the checks of {self._flow.name}"):
            rows = self._rows()
            exact = [
                field.name
                for field in rows.schema.fields
                if isinstance(field.dataType, t.DecimalType) and field.name in _numbers(definition)
            ]
            kept = rows.select("*", *(F.col(_quoted(name)).alias(_EXACT.format(name)) for name in exact))
            passed, failed = split_rows(kept, definition, cells="typed", references=references)
            rejected = written(failed.drop(*map(_EXACT.format, exact)), folder)
            told = {name: _EXACT.format(name) for name in exact}
            self._left = passed.select(*(F.col(_quoted(told.get(name, name))).alias(name) for name in self.columns))
        return rejected

    def write_shaped(self, place: str) -> int:
        """Have the rows that are left lie shaped in the place that `verdict` got; how many they are."""
        shaped = self._folder.parts(place)
        if self._left is None and len(shaped) == len(self._parts):
            return self._folder.count(shaped)
        self._folder.remove(place)
        with named_spark_failures(f"shaping the rows of {self._flow.name}"):
            frame, shape = self._left if self._left is not None else self._rows(), self._shape
            if shape is not None:
                frame = frame.mapInArrow(_mapped(shape), self._types(frame, shape))
            return written(frame, for_spark(place))

    def _rows(self) -> DataFrame:
        read = own_session(self._spark).read.option("__globPaths__", "false")
        return read.parquet(for_spark(self._place)).drop(ROW_HASH)

    def _types(self, frame: DataFrame, shape: Shape) -> t.StructType:
        """Give the target as Spark has it: its own types, but of what is a text by now."""
        own = {field.name: field.dataType for field in frame.schema.fields}
        kinds = [
            t.StringType() if pa.types.is_string(field.type) else own[old]
            for field, (old, _) in zip(self._target, shape.schema(self.columns), strict=True)
        ]
        return t.StructType([t.StructField(name, kind) for name, kind in zip(self._target.names, kinds, strict=True)])


def _mapped(shape: Shape) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def shaped(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return map(shape.shaped, batches)

    return shaped


def _without_hash(schema: pa.Schema) -> pa.Schema:
    return schema.remove(schema.get_field_index(ROW_HASH))


def _asked(definition: SchemaDefinition, verdict: Verdict) -> SchemaDefinition:
    """Leave out the keys where the verdict says that none repeats: to look for repeats takes a shuffle of all rows."""
    return replace(definition, keys=(), primary_key=()) if no_key_repeats(verdict.metrics) else definition


def _numbers(definition: SchemaDefinition) -> frozenset[str]:
    return frozenset(field.name for field in definition.fields if field.type is FieldType.NUMBER)


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
