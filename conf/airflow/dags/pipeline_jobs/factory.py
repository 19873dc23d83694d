"""One factory for all DAGs: the same retries, alerts and parameters, whatever runs the jobs."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from airflow.sdk import DAG, Param
from airflow.timetables.trigger import CronTriggerTimetable

from pipeline_jobs.alerts import alert
from pipeline_jobs.runners import job_task

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: The day that a run is about: the one somebody names, else the one before it was due.
DAY = "{{ params.date or macros.ds_add((dag_run.logical_date or dag_run.run_after).strftime('%Y-%m-%d'), -1) }}"
_DATE = Param(None, type=["null", "string"], format="date", description="The day (UTC); empty: the one before the run")


def pipeline_dag(
    dag_id: str, cron: str, tasks: Mapping[str, Sequence[str]], *, owner: str, description: str, **params: Any
) -> DAG:
    """Make a DAG whose tasks follow each other.

    Args:
        dag_id: its name.
        cron: when it is due, UTC.
        tasks: the job and its arguments, by the names of the tasks; may hold templates.
        owner: whose it is.
        description: one line.
        params: what a run may be given beside a date.
    """
    with DAG(
        dag_id,
        description=description,
        schedule=CronTriggerTimetable(cron, timezone="UTC"),
        start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
        catchup=False,
        max_active_runs=1,
        dagrun_timeout=timedelta(hours=6),
        params={"date": _DATE, **params},
        tags=["pipeline-processing"],
        default_args={
            "owner": owner,
            "retries": 3,
            "retry_delay": timedelta(minutes=5),
            "on_failure_callback": alert,
        },
    ) as dag:
        made = [job_task(name, arguments) for name, arguments in tasks.items()]
        for before, after in pairwise(made):
            before.set_downstream(after)
    return dag


def flow_dag(flow: str, cron: str, *, owner: str, description: str) -> DAG:
    """Make the DAG of a flow: its three steps, each of which may be run again by itself."""
    steps = ("extract", "transform", "load")
    tasks = {step: ("run_etl", flow, "--date", DAY, "--step", step) for step in steps}
    return pipeline_dag(f"{flow}_etl", cron, tasks, owner=owner, description=description)
