"""Where jobs run: a process of the worker, a pod, or EMR Serverless. PIPELINE_RUNNER chooses: local, pod or emr.

Each of them ends as the job's exit code says, and none passes results on: what became of a job stands in the ledger.
Two of one job at once are harmless, so a runner that loses sight of its job may start it again.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from pipeline_jobs.local_process import ConsoleJob

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import BaseOperator

#: Variables that say where databases and buckets are; pods have them of the secret of this name.
SECRET = "pipeline-database"  # noqa: S105 - the name of it


def job_task(task_id: str, arguments: Sequence[str], **kwargs: Any) -> BaseOperator:
    """Make the task of a job.

    Args:
        task_id: its name.
        arguments: the job's name, and what it takes; may hold templates.
        kwargs: what any task takes.

    Raises:
        ValueError: PIPELINE_RUNNER is none that is known.
    """
    runner = os.environ.get("PIPELINE_RUNNER", "local")
    if runner not in _RUNNERS:
        raise ValueError(f"PIPELINE_RUNNER is {runner!r}; expected one of {', '.join(_RUNNERS)}")
    return _RUNNERS[runner](task_id, list(arguments), **kwargs)


def _local(task_id: str, arguments: list[str], **kwargs: Any) -> BaseOperator:
    command = os.environ.get("PIPELINE_COMMAND", "pipeline-processing").split()
    return ConsoleJob(task_id=task_id, command=command, arguments=arguments, **kwargs)


def _pod(task_id: str, arguments: list[str], **kwargs: Any) -> BaseOperator:
    """The image of `make image`, as conf/k8s runs it. Not deferrable: a pod that is gone must not count as done."""
    from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
    from kubernetes.client import models as k8s

    return KubernetesPodOperator(
        task_id=task_id,
        name=task_id.replace("_", "-"),
        namespace=os.environ.get("PIPELINE_NAMESPACE", "pipeline"),
        image=os.environ.get("PIPELINE_IMAGE_NAME", "pipeline-processing:0.1.0"),
        arguments=arguments,
        service_account_name="pipeline-driver",
        env_from=[k8s.V1EnvFromSource(secret_ref=k8s.V1SecretEnvSource(name=SECRET))],
        security_context=k8s.V1PodSecurityContext(run_as_non_root=True, run_as_user=185, run_as_group=0, fs_group=0),
        container_resources=k8s.V1ResourceRequirements(
            requests={"cpu": "1", "memory": "4Gi"}, limits={"memory": "4Gi"}
        ),
        deferrable=False,
        do_xcom_push=False,
        on_finish_action="delete_succeeded_pod",
        **kwargs,
    )


def _emr(task_id: str, arguments: list[str], **kwargs: Any) -> BaseOperator:
    """The archives of conf/emr; PIPELINE_ARTEFACTS is the prefix in S3 that they were put to."""
    from airflow.providers.amazon.aws.operators.emr import EmrServerlessStartJobOperator

    artefacts = os.environ["PIPELINE_ARTEFACTS"].rstrip("/")
    archives = f"{artefacts}/code.tar.gz#code,{artefacts}/environment.tar.gz#environment"
    path = {
        f"spark.{place}.PYTHONPATH": "./code:./environment" for place in ("emr-serverless.driverEnv", "executorEnv")
    }
    parameters = " ".join([f"--archives {archives}", *(f"--conf {name}={value}" for name, value in path.items())])
    return EmrServerlessStartJobOperator(
        task_id=task_id,
        name=f"pipeline-processing {task_id}",
        application_id=os.environ["PIPELINE_EMR_APPLICATION"],
        execution_role_arn=os.environ["PIPELINE_EMR_ROLE"],
        job_driver={
            "sparkSubmit": {
                "entryPoint": f"{artefacts}/run_job.py",
                "entryPointArguments": arguments,
                "sparkSubmitParameters": parameters,
            }
        },
        wait_for_completion=True,
        deferrable=False,
        cancel_on_kill=True,
        **kwargs,
    )


_RUNNERS = {"local": _local, "pod": _pod, "emr": _emr}
