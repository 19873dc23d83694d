"""The image and the cluster samples, as far as they can be checked without a container engine or a cluster."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from etl_core.spark.profiles import FILES

ROOT = Path(__file__).resolve().parents[2]


def _documents(name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((ROOT / "conf/k8s" / name).read_text()))


def test_the_dockerfile_passes_its_linter() -> None:
    hadolint = Path(sys.executable).parent / "hadolint"
    run = subprocess.run([hadolint, ROOT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert run.stdout == ""
    assert run.returncode == 0


def test_whatever_the_dockerfile_copies_exists_and_is_let_in() -> None:
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    for line in (ROOT / "Dockerfile").read_text().splitlines():
        words = line.split()
        if words[:1] != ["COPY"] or any(word.startswith("--from") for word in words):
            continue
        for source in words[1:-1]:
            assert (ROOT / source).exists(), line
            assert any(source == path or source.startswith(f"{path}/") for path in allowed), line


def test_the_image_runs_as_nobody_in_particular_and_says_how_it_is() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    assert [line for line in lines if line.startswith("USER")] == ["USER 185:0"]
    assert any(line.startswith("HEALTHCHECK") for line in lines)


def test_an_executor_gets_the_command_line_that_spark_on_kubernetes_expects(tmp_path: Path) -> None:
    java = tmp_path / "java"
    java.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    java.chmod(0o755)
    variables = {
        "PATH": f"{tmp_path}:/usr/bin:/bin",
        "SPARK_HOME": "/spark",
        "SPARK_JAVA_OPT_1": "-Dname=a value",
        "SPARK_JAVA_OPT_0": "-Xss4m",
        "SPARK_EXECUTOR_MEMORY": "2g",
        "SPARK_DRIVER_URL": "spark://driver:7078",
        "SPARK_EXECUTOR_ID": "7",
        "SPARK_EXECUTOR_CORES": "2",
        "SPARK_APPLICATION_ID": "app",
        "SPARK_EXECUTOR_POD_IP": "10.0.0.1",
        "SPARK_RESOURCE_PROFILE_ID": "0",
        "SPARK_EXECUTOR_POD_NAME": "pod",
    }
    script = ROOT / "scripts/container.sh"
    run = subprocess.run(["/bin/bash", script, "executor"], env=variables, capture_output=True, text=True, check=True)
    words = run.stdout.splitlines()
    assert words[:4] == ["-Xss4m", "-Dname=a value", "-Xms2g", "-Xmx2g"]
    assert words[6] == "org.apache.spark.scheduler.cluster.k8s.KubernetesExecutorBackend"
    options = dict(zip(words[7::2], words[8::2], strict=True))
    assert options["--driver-url"] == "spark://driver:7078"
    assert options["--executor-id"] == "7"
    assert options["--podName"] == "pod"


def test_pods_are_not_root_and_keep_scratch_in_memory() -> None:
    driver = _documents("watch-files.yaml")[0]["spec"]["template"]["spec"]
    executor = _documents("executor.yaml")[0]["spec"]
    for pod in (driver, executor):
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] == 185
        for container in pod["containers"]:
            assert container["securityContext"]["readOnlyRootFilesystem"] is True
    scratch = [volume for volume in executor["volumes"] if volume["name"].startswith("spark-local-dir-")]
    assert [volume["emptyDir"]["medium"] for volume in scratch] == ["Memory"]


def test_service_accounts_of_the_pods_exist_and_have_roles() -> None:
    accounts = {
        item["metadata"]["name"]: item["metadata"]["annotations"]["eks.amazonaws.com/role-arn"]
        for item in _documents("access.yaml")
        if item["kind"] == "ServiceAccount"
    }
    driver = _documents("watch-files.yaml")[0]["spec"]["template"]["spec"]
    arguments = next(item["value"] for item in driver["containers"][0]["env"] if item["name"] == "SPARK_SUBMIT_ARGS")
    assert driver["serviceAccountName"] in accounts
    assert "serviceAccountName=pipeline-executor" in arguments
    assert "pipeline-executor" in accounts


def test_the_emr_sample_agrees_with_our_spark_settings() -> None:
    request = json.loads((ROOT / "conf/emr/job-run.json").read_text())
    properties = request["configurationOverrides"]["applicationConfiguration"][0]["properties"]
    defaults = FILES.options()
    shared = {name: value for name, value in properties.items() if name in defaults}
    assert shared
    assert shared == {name: defaults[name] for name in shared}
