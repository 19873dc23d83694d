"""The samples of schedules start jobs that there are, with arguments that these take."""

from __future__ import annotations

import argparse
import json
import re
import shlex
from pathlib import Path
from typing import Any

import botocore.session
import pytest
import yaml
from botocore.validate import ParamValidator

from jobs.registry import job_names, load_job


class ParsedError(Exception):
    """The arguments are understood, and nothing of the job has begun."""


ROOT = Path(__file__).resolve().parents[2]


def _cron() -> list[list[str]]:
    text = (ROOT / "conf/cron/pipeline.cron").read_text()
    lines = [line for line in text.splitlines() if "&&" in line]
    return [shlex.split(re.sub(r"\$\([^)]*\)", "2026-01-01", line.partition("&&")[2])) for line in lines]


def _kubernetes() -> dict[str, Any]:
    pod: dict[str, Any] = yaml.safe_load((ROOT / "conf/k8s/run-etl.yaml").read_text())
    return pod


def _schedule() -> tuple[dict[str, Any], dict[str, Any]]:
    schedule = json.loads((ROOT / "conf/emr/schedule.json").read_text())
    return schedule, _small(json.loads(schedule["Target"]["Input"]))


def _small(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Names as the service's own model has them: a schedule writes them with a capital."""
    if isinstance(value, dict):
        return {name[0].lower() + name[1:]: _small(one) for name, one in value.items()}
    return value


def _commands() -> list[list[str]]:
    pod = _kubernetes()["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    submit = _schedule()[1]["jobDriver"]["sparkSubmit"]
    others = [
        one["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["args"]
        for one in yaml.safe_load_all((ROOT / "conf/k8s/cron-jobs.yaml").read_text())
        if one
    ]
    (watching,) = (
        one["spec"]["template"]["spec"]["containers"][0]["args"]
        for one in yaml.safe_load_all((ROOT / "conf/k8s/alerts.yaml").read_text())
        if one["kind"] == "Deployment"
    )
    return [
        *(line[1:] for line in _cron()),
        watching,
        pod["containers"][0]["args"],
        *others,
        submit["entryPointArguments"],
    ]


@pytest.mark.parametrize("command", _commands(), ids=lambda words: " ".join(words[:2]))
def test_a_sample_starts_a_job_with_arguments_that_it_takes(
    command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    parse = argparse.ArgumentParser.parse_args

    def parsed(parser: argparse.ArgumentParser, *arguments: Any) -> None:  # noqa: ANN401 - as there
        parse(parser, *arguments)
        raise ParsedError

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parsed)
    name, *arguments = command
    with pytest.raises(ParsedError):
        load_job(name).entrypoint(arguments)


def test_every_line_of_cron_says_when_and_starts_the_program() -> None:
    text = (ROOT / "conf/cron/pipeline.cron").read_text()
    times = [line.split()[:5] for line in text.splitlines() if "&&" in line]
    assert len(times) == 10
    assert all(re.fullmatch(r"[\d*/]+", word) for words in times for word in words)
    assert {line[0] for line in _cron()} == {"pipeline-processing"}
    assert {line[1] for line in _cron()} <= set(job_names())


def test_the_cron_job_forbids_two_at_once_and_runs_as_the_images_user() -> None:
    job = _kubernetes()["spec"]
    assert (job["schedule"], job["timeZone"], job["concurrencyPolicy"]) == ("0 2 * * *", "Etc/UTC", "Forbid")
    rule = job["jobTemplate"]["spec"]["podFailurePolicy"]["rules"][0]
    assert (rule["action"], rule["onExitCodes"]["values"]) == ("FailJob", [1, 2])
    pod = job["jobTemplate"]["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsUser"] == 185
    assert pod["containers"][0]["securityContext"]["readOnlyRootFilesystem"] is True
    assert rule["onExitCodes"]["containerName"] == pod["containers"][0]["name"]


def test_the_schedule_is_a_request_that_aws_takes_and_so_is_what_it_starts() -> None:
    schedule, job = _schedule()
    session = botocore.session.get_session()
    create = session.get_service_model("scheduler").operation_model("CreateSchedule").input_shape
    start = session.get_service_model("emr-serverless").operation_model("StartJobRun").input_shape
    assert create is not None
    assert start is not None
    assert ParamValidator().validate(schedule, create).generate_report() == ""
    assert ParamValidator().validate(job, start).generate_report() == ""


def test_the_table_of_schedules_names_jobs_that_there_are() -> None:
    page = (ROOT / "docs/etl.md").read_text().partition("## When it runs")[2]
    named = re.findall(r"^\| `(\w+)", page, re.MULTILINE)
    flows_and_dags = {"user_analytics_etl", "file_quality_backfill"}
    dags = {path.stem for path in (ROOT / "conf/airflow/dags").glob("*.py")}
    assert flows_and_dags <= dags
    assert set(named[:7]) <= {*job_names(), *dags}
