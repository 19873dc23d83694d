"""The verdict on a table in memory."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from typing import Any

from dq.engine.file_results import MergedKey
from dq.engine.keys.part_keys import PartKeys
from dq.profiling.profile.file_profile import FileProfile
from dq.profiling.row_rules.reference_keys import NO_REFERENCES, KnownReferences
from dq.profiling.summary.summarise import FileFacts, KeyFigures, summarise
from dq.profiling.summary.summary import FileSummary
from dq.profiling.tally.file_tally import FileTally
from dq.profiling.tally.offences import placed
from dq.rows.framed import CellsAs, FramedChecks, definition_of, framed, is_of_spark
from dq.rows.frames import Frame, frame_of
from dq.rows.referred.reference_frames import NO_TABLES, known_frames
from dq.verdict.judge import judge
from dq.verdict.verdict import Verdict
from etl_core.errors import UsageError

#: How tables are read, in the words of a verdict: as files are by byte ranges.
READER = "direct"


def check_frame(
    frame: Any,  # noqa: ANN401 - of any library
    definition: Any,  # noqa: ANN401 - in any form
    *,
    cells: CellsAs = "auto",
    run_start: datetime | None = None,
    references: Mapping[str, Any] = NO_TABLES,
) -> Verdict:
    """Judge a table: the verdict is that of a Parquet file of these rows, but that a table has no size in bytes.

    Args:
        frame: a DataFrame of PySpark, pandas or polars, a pyarrow Table, batch or reader, or anything with
            `__arrow_c_stream__`. Each partition of a table of PySpark counts as a part of the file.
        definition: as parsed JSON, as JSON text, as the path of a file that holds it, or loaded.
        cells: how its cells are taken, see `CellsAs`; as `typed`, they are always those of a Parquet file.
        run_start: when the window of its run begins, aware; `freshness` is not run without it.
        references: the tables that the definition refers to, of any library, by what it calls them
            (`s3://bucket/key`, ...); a rule is not run whose table is not given.

    Raises:
        DefinitionError: the definition is broken; lists every problem.
        UsageError: the table, the definition, or a table that it refers to is nothing that can be read, or `run_start`
            has no time zone.
        TooManyKeysError: a table that it refers to has more keys than every task can hold.
        PipelineError: a table of PySpark could not be read.
    """
    if run_start is not None:
        require_aware(run_start, "run_start")
    known = definition_of(definition)
    checks, summary = summarise_frame(frame, known, cells, known_frames(known, references))
    return judge(summary, replace(checks.plan, run_start=run_start))


def require_aware(moment: object, name: str) -> None:
    """Hold a moment against what ages are counted from: one that says where it is."""
    if not isinstance(moment, datetime) or moment.utcoffset() is None:
        wanted = "a datetime with a time zone, such as datetime.now(timezone.utc)"
        raise UsageError(f"{name} is {moment!r}; expected {wanted}")


def summarise_frame(
    frame: Any,  # noqa: ANN401 - of any library
    definition: Any,  # noqa: ANN401 - in any form
    cells: CellsAs,
    references: KnownReferences = NO_REFERENCES,
) -> tuple[FramedChecks, FileSummary]:
    """Count a table in one reading: what it is held against, and its figures. Raises what `check_frame` does."""
    if not is_of_spark(frame):
        table = frame_of(frame)
        checks = framed(table.schema, definition, cells, references)
        return checks, _summary(table, checks)
    from dq.rows.spark.frames import summarise_spark_frame  # noqa: PLC0415 - loads Spark
    from dq.rows.spark.types import arrow_schema  # noqa: PLC0415 - as above

    checks, found = summarise_spark_frame(frame, definition, cells, references)
    return checks, found or _summary(frame_of(arrow_schema(frame).empty_table()), checks)


def _summary(table: Frame, checks: FramedChecks) -> FileSummary:
    tally = FileTally(checks.recipe, 0, checks.references)
    with closing(PartKeys()) as keys:
        for batch in table.batches():
            tally.add(batch)
            keys.add(tally.taken_keys())
        counts = [MergedKey(*count) for count in keys.counts()]
    return _concluded(tally.profile(), checks, table.names, counts)


def _concluded(
    profile: FileProfile, checks: FramedChecks, names: tuple[str, ...], keys: list[MergedKey]
) -> FileSummary:
    starts = profile.line_starts(0)
    figures = [KeyFigures(key.rows, key.repeated, placed(key.examples, starts)) for key in keys]
    facts = FileFacts(tuple(name.strip() for name in names), None, READER)
    return summarise(profile.settled(0), checks.recipe, checks.definition, facts, figures)
