"""DAG of Airflow: changed users and their totals, every night at 02:00 UTC for the day before."""

from __future__ import annotations

from pipeline_jobs.factory import flow_dag

dag = flow_dag(
    "user_analytics", "0 2 * * *", owner="data-engineering", description="Changed users and their totals to analytics"
)
