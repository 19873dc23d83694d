"""Run events as OpenLineage has them, by the classes its client makes from the specification's JSON Schemas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from openlineage.client.facet_v2 import (
    data_quality_assertions_dataset,
    data_quality_metrics_input_dataset,
    dataset_version_dataset,
    error_message_run,
    input_statistics_input_dataset,
    job_type_job,
    output_statistics_output_dataset,
    parent_run,
    schema_dataset,
)

if TYPE_CHECKING:
    from datetime import datetime

    from operations.lineage.events import run_event as told

#: Who says it: a URI, as the specification asks.
PRODUCER = "urn:pipeline-processing"


def openlineage_events(event: told.RunEvent, namespace: str) -> tuple[RunEvent, RunEvent]:
    """The two events that the specification asks for of each run: that it began, and how it ended.

    Args:
        event: of a run that has ended.
        namespace: of jobs.
    """
    job_type = job_type_job.JobTypeJobFacet("BATCH", "PIPELINE_PROCESSING", "JOB", producer=PRODUCER)
    job = Job(namespace, event.job, {"jobType": job_type})
    facets: dict[str, Any] = {}
    if event.parent is not None:
        facets["parent"] = parent_run.ParentRunFacet(
            parent_run.Run(str(event.parent.run_id)), parent_run.Job(namespace, event.parent.job), producer=PRODUCER
        )
    began = RunEvent(
        eventTime=_time(event.began),
        producer=PRODUCER,
        run=Run(str(event.run_id), dict(facets)),
        job=job,
        eventType=RunState.START,
    )
    if event.error is not None:
        facets["errorMessage"] = error_message_run.ErrorMessageRunFacet(event.error, "PYTHON", producer=PRODUCER)
    ended = RunEvent(
        eventTime=_time(event.ended),
        producer=PRODUCER,
        run=Run(str(event.run_id), facets),
        job=job,
        eventType=RunState[event.state],
        inputs=[_input(one) for one in event.inputs],
        outputs=[_output(one) for one in event.outputs],
    )
    return began, ended


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds")


def _dataset_facets(version: str | None, fields: tuple[told.Field, ...] | None) -> dict[str, Any]:
    facets: dict[str, Any] = {}
    if version is not None:
        facets["version"] = dataset_version_dataset.DatasetVersionDatasetFacet(version, producer=PRODUCER)
    if fields is not None:
        columns = [
            schema_dataset.SchemaDatasetFacetFields(one.name, one.type, ordinal_position=place)
            for place, one in enumerate(fields, start=1)
        ]
        facets["schema"] = schema_dataset.SchemaDatasetFacet(columns, producer=PRODUCER)
    return facets


def _input(one: told.Input) -> InputDataset:
    facets: dict[str, Any] = {}
    if one.rows is not None or one.size is not None:
        facets["inputStatistics"] = input_statistics_input_dataset.InputStatisticsInputDatasetFacet(
            one.rows, one.size, producer=PRODUCER
        )
    if one.columns is not None:
        facets["dataQualityMetrics"] = data_quality_metrics_input_dataset.DataQualityMetricsInputDatasetFacet(
            {column.name: _metrics(column) for column in one.columns}, one.rows, one.size, producer=PRODUCER
        )
    if one.assertions is not None:
        facets["dataQualityAssertions"] = data_quality_assertions_dataset.DataQualityAssertionsDatasetFacet(
            [_assertion(asked) for asked in one.assertions], producer=PRODUCER
        )
    return InputDataset(one.place.namespace, one.place.name, facets, facets=_dataset_facets(one.version, one.fields))


def _metrics(column: told.ColumnMetrics) -> data_quality_metrics_input_dataset.ColumnMetrics:
    return data_quality_metrics_input_dataset.ColumnMetrics(
        nullCount=column.nulls,
        distinctCount=column.distinct,
        count=column.count,
        min=column.least,
        max=column.most,
        quantiles=dict(column.quantiles) or None,
    )


def _assertion(asked: told.Assertion) -> data_quality_assertions_dataset.Assertion:
    return data_quality_assertions_dataset.Assertion(
        asked.rule,
        asked.holds,
        asked.column,
        asked.severity,
        expected=asked.expected,
        actual=asked.actual,
        description=asked.description,
        params=None,
    )


def _output(one: told.Output) -> OutputDataset:
    facets: dict[str, Any] = {}
    if one.rows is not None:
        facets["outputStatistics"] = output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(
            one.rows, producer=PRODUCER
        )
    return OutputDataset(one.place.namespace, one.place.name, facets, facets=_dataset_facets(one.version, one.fields))
