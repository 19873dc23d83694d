"""DAG of Airflow: every night the objects of the last two days get the verdicts that no announcement brought them.

What has its verdict is not touched, so this may run beside the streaming job, and again.
"""

from __future__ import annotations

import os

from airflow.sdk import Param
from pipeline_jobs.factory import DAY, pipeline_dag

dag = pipeline_dag(
    "file_quality_backfill",
    "0 3 * * *",
    {
        "backfill": (
            *("backfill", "--prefix", "{{ params.prefix }}"),
            *("--since", "{{ macros.ds_add(" + DAY.strip("{} ") + ", -1) }}T00:00:00Z"),
            *("--until", "{{ macros.ds_add(" + DAY.strip("{} ") + ", 1) }}T00:00:00Z"),
        ),
    },
    owner="data-quality",
    description="Verdicts for objects of the last two days that have none",
    prefix=Param(
        os.environ.get("PIPELINE_LANDING", "s3://landing/agency/"), type="string", description="Whose objects: s3://…"
    ),
)
