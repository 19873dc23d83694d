"""Tables of PySpark: judged, and split into good and bad rows, by the tasks that have their rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import functions as F  # noqa: N812 - the name everybody knows
from pyspark.sql.window import Window

from dq.checks.check import Check
from dq.engine.assignment import Assignment
from dq.engine.byte_ranges.python_worker import settle_in
from dq.engine.byte_ranges.spark_merge import merged
from dq.engine.file_results import Profiled
from dq.engine.parts import FileTask
from dq.engine.spark_readers.counting import COUNTS, count_file, record_of
from dq.engine.spark_readers.seen_bytes import SeenBytes
from dq.formats.layout import FileLayout
from dq.formats.limits import Limits
from dq.formats.parquet.format import PARQUET
from dq.formats.splits import Split
from dq.formats.typed.columns import typed_batch
from dq.profiling.cells.texts import as_text
from dq.profiling.cells.values import Cells
from dq.profiling.figures.key_tally import KeyedRows, keyed_rows
from dq.profiling.figures.row_keys import KEY_HASH
from dq.profiling.row_rules.reference_keys import NO_REFERENCES, KnownReferences
from dq.profiling.summary.summary import FileSummary
from dq.profiling.tally.recipe import Recipe
from dq.rows.columns.typed_columns import stays, typed_columns, typed_type, unfit_marks
from dq.rows.findings import FINDINGS, FINDINGS_TYPE, findings_column
from dq.rows.framed import CellsAs, FramedChecks, framed
from dq.rows.row_marks import KeyRepeats, MarkedRows, mark_rows, read_column, read_rows
from dq.rows.rule_counts import RuleCount, RuleCounts, tolerates
from dq.rows.spark.scanned_file import summarise_scanned_file
from dq.rows.spark.types import arrow_schema, held_type, sortable, with_types
from etl_core.errors import PipelineError
from etl_core.objects.store import ObjectHead, ObjectStore

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

#: What a task does with the rows of its partition.
Mapped: TypeAlias = "Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]"

#: Columns as they are called between two steps, numbered.
_COLUMN: Final = "column_{}"
_KEY: Final = "key_{}"
_REPEATS: Final = "repeats_{}"
_SPREAD: Final = "spread"
_READER: Final = "direct"


def summarise_spark_frame(
    frame: DataFrame,
    definition: Any,  # noqa: ANN401 - in any form
    cells: CellsAs,
    references: KnownReferences = NO_REFERENCES,
) -> tuple[FramedChecks, FileSummary | None]:
    """Count a table in one job, each of its partitions as a part of a file; None where it has no row.

    Raises:
        PipelineError: it could not be counted.
    """
    names, rows = _by_place(frame)
    checks = framed(_named(arrow_schema(rows), names), definition, cells, references)
    whole = summarise_scanned_file(frame, checks, _READER) if checks.recipe.encoding is PARQUET.cells else None
    if whole is not None:
        return checks, replace(whole, bytes=None)
    context = frame.sparkSession.sparkContext
    header = tuple(name.strip() for name in names)
    task = FileTask(
        0,
        ObjectHead("", "the table", 0),
        FileLayout(PARQUET, header),
        checks.recipe,
        checks.definition,
        # As many as there are tasks at a time: it only says in how many places they are put together.
        tuple(Split(at, 0, 0) for at in range(context.defaultParallelism)),
    )
    count = count_file(task, 0, Assignment(ObjectStore(), Limits(), references=references), SeenBytes(context))
    found = merged(rows.mapInArrow(count, COUNTS).rdd.map(record_of), [task], _READER).get(task.id)
    if isinstance(found, PipelineError):
        raise found
    if not isinstance(found, Profiled):
        return checks, None
    return checks, replace(found.summary, bytes=None)


def split_spark_frame(
    frame: DataFrame,
    definition: Any,  # noqa: ANN401 - in any form
    cells: CellsAs,
    references: KnownReferences = NO_REFERENCES,
) -> tuple[DataFrame, DataFrame]:
    """Split a table into the rows that passed and those that failed: two tables that are read when they are asked for.

    With rules that tolerate a share of rows, one job counts the failing rows of all rules first.
    """
    names, rows = _by_place(frame)
    if not names:  # Arrow's batches without columns tell Spark of no row
        findings = with_types(rows.schema, {}, FINDINGS, FINDINGS_TYPE)[FINDINGS].dataType
        whole = frame.select(F.lit(None).cast(findings).alias(FINDINGS))
        return whole, whole.limit(0)
    schema = arrow_schema(rows)
    checks = framed(_named(schema, names), definition, cells, references)
    marked = _with_repeats(rows, checks)
    tolerated = _tolerated(marked, checks, len(schema)) if tolerates(checks.plan.checks) else frozenset[Check]()
    declared = {column.position: column.type for column in checks.recipe.columns if column.declared}
    typed = {
        at: held_type(typed_type(schema.field(at).type, kind))
        for at, kind in declared.items()
        if not stays(schema.field(at).type, kind)
    }

    def split(kinds: Mapping[int, pa.DataType], *, failing: bool) -> DataFrame:
        task = _split(checks, tolerated, schema, kinds, failing=failing)
        return marked.mapInArrow(task, with_types(rows.schema, kinds, FINDINGS, FINDINGS_TYPE)).toDF(*names, FINDINGS)

    return split(typed, failing=False), split({}, failing=True)


def _by_place(frame: DataFrame) -> tuple[tuple[str, ...], DataFrame]:
    """Give the names of the columns without findings from before, and those columns named after their places.

    No name of somebody's column is in any expression: two may differ in case only, or not at all.
    """
    places = [at for at, name in enumerate(frame.columns) if name != FINDINGS]
    numbered = frame.toDF(*(_COLUMN.format(at) for at in range(len(frame.columns))))
    return tuple(frame.columns[at] for at in places), numbered.select(*(_COLUMN.format(at) for at in places))


def _named(schema: pa.Schema, names: Sequence[str]) -> pa.Schema:
    return pa.schema([field.with_name(name) for field, name in zip(schema, names, strict=True)])


def _split(
    checks: FramedChecks,
    tolerated: frozenset[Check],
    schema: pa.Schema,
    kinds: Mapping[int, pa.DataType],
    *,
    failing: bool,
) -> Mapped:
    """Make the function that gives the failing rows of a partition, or the others, with some columns in other types."""
    target = pa.schema([field.with_type(kinds.get(at, field.type)) for at, field in enumerate(schema)])
    target = target.append(pa.field(FINDINGS, FINDINGS_TYPE))

    def split(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        settle_in()
        for batch in batches:
            marked = _marked(checks, batch, len(schema))
            extra = unfit_marks(checks.recipe, marked.cells)
            findings, fails = findings_column((*marked.marks, *extra), batch.num_rows, tolerated, checks.plan.sensitive)
            columns = dict(enumerate(batch.columns[: len(schema)]))
            if kinds:
                columns |= typed_columns(checks.recipe, marked.batch, marked.cells)
            arrays = [
                as_text(column).cast(target.field(at).type)
                if pa.types.is_string(target.field(at).type)
                else column.cast(target.field(at).type)
                for at, column in columns.items()
            ]
            wanted = pa.array(fails if failing else ~fails)
            yield pa.RecordBatch.from_arrays([*arrays, findings], schema=target).filter(wanted)

    return split


def _marked(checks: FramedChecks, batch: pa.RecordBatch, columns: int) -> MarkedRows:
    """Mark the rows of a batch, behind whose columns stand those that tell which rows repeat a key."""
    rows = typed_batch(batch.select(range(columns)))
    cells = read_rows(checks.recipe, rows)
    repeats = {}
    for at, key in enumerate(checks.recipe.keys):
        told = batch.column(columns + at)
        names = tuple(checks.recipe.columns[column].name for column in key)
        again = pc.fill_null(told, 0).to_numpy(zero_copy_only=False)
        repeats[names] = KeyRepeats(np.flatnonzero(again), len(told) - told.null_count)
    return mark_rows(checks.recipe, checks.plan, rows, cells, repeats, checks.references)


def _tolerated(marked: DataFrame, checks: FramedChecks, columns: int) -> frozenset[Check]:
    """Count the failing rows of each rule in a job of its own, and find the rules that tolerate theirs."""
    places = {check: at for at, check in enumerate(checks.plan.checks)}
    target = pa.schema([("at", pa.int64()), ("failed", pa.int64()), ("checked", pa.int64())])

    def count(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        settle_in()
        counts = reduce(
            add, (RuleCounts.of_marks(_marked(checks, batch, columns).marks) for batch in batches), RuleCounts()
        )
        rows = [{"at": places[check], "failed": one.failed, "checked": one.checked} for check, one in counts.of.items()]
        yield pa.RecordBatch.from_pylist(rows, schema=target)

    found = marked.mapInArrow(count, "at long, failed long, checked long").collect()
    checked = checks.plan.checks
    return reduce(
        add, (RuleCounts({checked[row.at]: RuleCount(row.failed, row.checked)}) for row in found), RuleCounts()
    ).tolerated()


def _with_repeats(rows: DataFrame, checks: FramedChecks) -> DataFrame:
    """Say of each row and key, in a column for each key, whether it comes after an equal one: 1, 0, null without a key.

    The first of equal rows is the one that sorts first over all its columns, nulls before all else.
    """
    keys = checks.recipe.keys
    if not keys:
        return rows
    schema = arrow_schema(rows)
    names = [_KEY.format(at) for at in range(len(keys))]
    for name in names:
        schema = schema.append(pa.field(name, pa.binary()))
    schema = schema.append(pa.field(_SPREAD, pa.int32()))
    told = with_types(rows.schema, {}, *(part for name in names for part in (name, pa.binary())), _SPREAD, pa.int32())
    found = rows.mapInArrow(_keyed(checks.recipe, schema), told)
    order = [sortable(F.col(field.name), field.dataType) for field in rows.schema.fields]
    repeats: list[Column] = []
    for at, name in enumerate(names):
        key = F.col(name)
        # Rows without a key are nobody's repeats: apart from each other, no task gets all of them.
        window = Window.partitionBy(key, F.when(key.isNull(), F.col(_SPREAD))).orderBy(*order)
        again = F.when(key.isNotNull(), (F.row_number().over(window) > 1).cast("int"))
        repeats.append(again.alias(_REPEATS.format(at)))
    return found.select(*rows.columns, *repeats)


def _keyed(recipe: Recipe, target: pa.Schema) -> Mapped:
    """Make the function that puts the keys of each row, and a number to spread rows by, behind its columns."""

    def keyed(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        settle_in()
        for batch in batches:
            rows = typed_batch(batch)
            cells = {at: read_column(recipe, rows, at) for at in {at for key in recipe.keys for at in key}}
            keys = [_key_column(recipe, key, cells, batch.num_rows) for key in recipe.keys]
            spread = pa.array(np.arange(batch.num_rows, dtype=np.int32))
            columns = [column.cast(field.type) for column, field in zip(batch.columns, target, strict=False)]
            yield pa.RecordBatch.from_arrays([*columns, *keys, spread], schema=target)

    return keyed


def _key_column(recipe: Recipe, key: tuple[int, ...], cells: Mapping[int, Cells], rows: int) -> pa.BinaryArray:
    found: KeyedRows = keyed_rows([cells[at] for at in key], [recipe.columns[at].type for at in key], rows)
    whole, valid = np.zeros(rows, KEY_HASH), np.zeros(rows, np.bool_)
    whole["first"][found.rows] = found.first
    if found.second is not None:
        whole["second"][found.rows] = found.second
    valid[found.rows] = True
    fixed = pa.FixedSizeBinaryArray.from_buffers(pa.binary(KEY_HASH.itemsize), rows, [None, pa.py_buffer(whole)])
    return pc.if_else(pa.array(valid), fixed.cast(pa.binary()), pa.scalar(None, pa.binary()))
