"""The DAGs as Airflow runs them: on a real Postgres, an S3 and Spark, by the console script."""

from __future__ import annotations

import importlib
import subprocess
import sys
import textwrap
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from conftest import DAGS

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Services

#: The night after the first day of the sample.
NIGHT = datetime(2026, 1, 2, 2, tzinfo=timezone.utc)
_LOADED = "SELECT id, order_count, total_spent, xmin FROM analytics.user_analytics ORDER BY id"
#: An address at which no cluster is: a pod is put together, none is started.
_CLUSTER = """
apiVersion: v1
kind: Config
clusters: [{name: none, cluster: {server: "http://127.0.0.1:9"}}]
contexts: [{name: none, context: {cluster: none, user: none}}]
users: [{name: none, user: {}}]
current-context: none
"""
_STEPS = "SELECT step, state FROM pipeline.etl_run ORDER BY id"


def _dag(name: str, dag_id: str) -> Any:
    module = importlib.import_module(name)
    dag = module.dag
    assert dag.dag_id == dag_id
    return dag


def _run(at: datetime = NIGHT) -> dict[str, str]:
    dag = _dag("user_analytics_etl", "user_analytics_etl")
    for task in dag.tasks:
        task.retries = 0  # a test does not wait for five minutes
    run = dag.test(logical_date=at)
    return {"run": str(run.state), **{ti.task_id: str(ti.state) for ti in run.get_task_instances()}}


def _airflow(*arguments: str) -> str:
    command = [sys.executable, "-m", "airflow", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_no_file_of_dags_has_an_error() -> None:
    assert _airflow("dags", "list-import-errors").splitlines()[-1] == "No data found"
    listed = _airflow("dags", "list", "--output", "plain")
    rows = [line.split() for line in listed.splitlines()]
    found = {row[0] for row in rows if len(row) > 1 and row[1].endswith(".py")}  # with its file behind it
    assert found == {"user_analytics_etl", "file_quality_backfill"}


def test_files_of_dags_are_read_in_no_time_and_load_nothing_of_the_program() -> None:
    """Airflow reads them again and again; what it imports itself is loaded before."""
    program = textwrap.dedent(f"""
        import sys, time
        sys.path.insert(0, {str(DAGS)!r})
        import airflow.sdk, airflow.timetables.trigger, airflow.providers.standard.hooks.subprocess
        start = time.process_time()
        import user_analytics_etl, file_quality_backfill
        print(time.process_time() - start)
        loaded = {{name.split(".")[0] for name in sys.modules}}
        assert not loaded & {{"pyspark", "dq", "jobs", "pipelines", "kubernetes", "boto3"}}, loaded
    """)
    run = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert float(run.stdout.splitlines()[-1]) < 1


def test_the_flow_is_due_at_two_o_clock_without_catching_up_and_tries_three_times_more() -> None:
    dag = _dag("user_analytics_etl", "user_analytics_etl")
    assert dag.timetable.summary == "0 2 * * *"
    assert (dag.catchup, dag.max_active_runs) == (False, 1)
    assert [task.task_id for task in dag.topological_sort()] == ["extract", "transform", "load"]
    assert {(task.retries, task.retry_delay.total_seconds()) for task in dag.tasks} == {(3, 300.0)}


def test_a_night_goes_green_a_doubled_run_is_harmless_and_a_failing_transform_heals(
    services: Services, alerts: list[str]
) -> None:
    green = _run()
    assert green == {"run": "success", "extract": "success", "transform": "success", "load": "success"}
    loaded = services.rows("WAREHOUSE_URL", _LOADED)
    assert [row[:3] for row in loaded] == [
        ["1", "2", "110.50"], ["2", "1", "1200.00"], ["3", "1", "99.99"], ["4", "0", "0.00"], ["5", "1", "15.25"],
    ]  # fmt: skip

    assert _run()["run"] == "success"
    assert services.rows("WAREHOUSE_URL", _LOADED) == loaded
    assert services.rows("DATABASE_URL", _STEPS)[3:] == [
        ["extract", "skipped"], ["transform", "skipped"], ["load", "skipped"],
    ]  # fmt: skip
    assert alerts == []

    services.rows("SOURCE_DATABASE_URL", "UPDATE users SET email = NULL WHERE id = 3")
    failed = _run()
    assert (failed["run"], failed["extract"], failed["transform"]) == ("failed", "success", "failed")
    assert failed["load"] == "upstream_failed"
    assert services.rows("WAREHOUSE_URL", _LOADED) == loaded
    assert services.rows("DATABASE_URL", _STEPS)[-1] == ["transform", "failed"]
    assert len(alerts) == 1
    assert "user_analytics_etl.transform of" in alerts[0]

    services.rows("SOURCE_DATABASE_URL", "UPDATE users SET email = 'cy@example.org' WHERE id = 3")
    assert _run()["run"] == "success"
    assert [row[:3] for row in services.rows("WAREHOUSE_URL", _LOADED)] == [row[:3] for row in loaded]
    query = (
        "SELECT rows_inserted, rows_updated, rows_unchanged FROM pipeline.etl_run WHERE step = 'load' ORDER BY id DESC"
    )
    assert services.rows("DATABASE_URL", f"{query} LIMIT 1") == [["0", "1", "4"]]


def test_what_somebody_writes_into_a_date_is_never_a_command() -> None:
    """The form of the parameter refuses it, and no shell would read it."""
    dag = _dag("user_analytics_etl", "user_analytics_etl")
    with pytest.raises(Exception, match="date"):
        dag.test(logical_date=NIGHT, run_conf={"date": "$(touch /tmp/here)"})


@pytest.mark.parametrize("runner", ["pod", "emr"])
def test_the_other_runners_start_the_same_command(runner: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PIPELINE_RUNNER", runner)
    (tmp_path / "config").write_text(_CLUSTER)
    monkeypatch.setattr("kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(tmp_path / "config"))
    for name, value in {"ARTEFACTS": "s3://artefacts/one/", "EMR_APPLICATION": "app", "EMR_ROLE": "arn:role"}.items():
        monkeypatch.setenv(f"PIPELINE_{name}", value)
    from pipeline_jobs.factory import flow_dag

    dag = flow_dag("user_analytics", "0 2 * * *", owner="us", description="one")
    task = dag.get_task("transform")
    expected = ["run_etl", "user_analytics", "--date"]
    if runner == "pod":
        pod = task.build_pod_request_obj()
        container = pod.spec.containers[0]
        assert container.args[:3] == expected
        assert container.args[-2:] == ["--step", "transform"]
        assert container.env_from[0].secret_ref.name == "pipeline-database"
        assert pod.spec.security_context.run_as_user == 185
    else:
        submit = task.job_driver["sparkSubmit"]
        assert submit["entryPointArguments"][:3] == expected
        assert submit["entryPoint"] == "s3://artefacts/one/run_job.py"
        assert "code.tar.gz#code" in submit["sparkSubmitParameters"]


def test_a_runner_that_is_not_known_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIPELINE_RUNNER", "spark")
    from pipeline_jobs.runners import job_task

    with pytest.raises(ValueError, match="PIPELINE_RUNNER is 'spark'; expected one of local, pod, emr"):
        job_task("extract", ["run_etl"])
