"""The samples for Kubernetes are what its own schemas take, and fit each other."""

from __future__ import annotations

import copy
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from etl_core.settings import declared_fields
from jobs.running.settings import ROOMS

ROOT = Path(__file__).resolve().parents[2]
_PATHS = sorted((ROOT / "conf/k8s").glob("*.yaml"))
_VERSIONS = ("1.31", kubernetes_validate.latest_version())
#: What is filled in by Spark, so that it is no whole pod.
_TEMPLATES = {"executor.yaml"}
#: Variables that are no settings of ours: of spark-submit.sh.
_OTHERS = {"SPARK_SUBMIT_ARGS"}


def _documents() -> list[tuple[str, dict[str, Any]]]:
    return [(path.name, one) for path in _PATHS for one in yaml.safe_load_all(path.read_text()) if one]


def _of(kind: str) -> list[dict[str, Any]]:
    return [one for _, one in _documents() if one["kind"] == kind]


def _named(kind: str, name: str) -> dict[str, Any]:
    return next(one for one in _of(kind) if one["metadata"]["name"] == name)


def _pods() -> list[tuple[str, dict[str, Any], dict[str, str]]]:
    """File, pod and labels of everything that runs."""
    found = []
    for name, one in _documents():
        match one:
            case {"kind": "Pod", "metadata": metadata, "spec": pod}:
                found.append((name, pod, metadata.get("labels", {})))
            case {"kind": "CronJob", "spec": {"jobTemplate": {"spec": {"template": template}}}}:
                found.append((name, template["spec"], template.get("metadata", {}).get("labels", {})))
            case {"kind": "Deployment" | "Job", "spec": {"template": template}}:
                found.append((name, template["spec"], template.get("metadata", {}).get("labels", {})))
    return found


@cache
def _image() -> str:
    version = next(
        line.split('"')[1] for line in (ROOT / "pyproject.toml").read_text().splitlines() if line.startswith("version")
    )
    return f"pipeline-processing:{version}"


@pytest.mark.parametrize("version", _VERSIONS)
def test_every_sample_is_taken_by_the_schemas_of(version: str) -> None:
    for name, document in _documents():
        if name in _TEMPLATES:
            document = copy.deepcopy(document)  # noqa: PLW2901 - what Spark fills in
            document["spec"]["containers"][0] |= {"image": "filled in"}
        kubernetes_validate.validate(document, version, strict=True)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("spec", "replicas"), "one"),
        (("spec", "template", "spec", "containers", 0, "livenessProb"), {}),
        (("spec", "template", "spec", "containers", 0, "ports", 0, "containerPort"), "7078"),
    ],
)
def test_a_sample_with_a_fault_is_not_taken(place: tuple[Any, ...], value: object) -> None:
    document = copy.deepcopy(_named("Deployment", "watch-files"))
    *way, last = place
    at: Any = document
    for step in way:
        at = at[step]
    at[last] = value
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(document, _VERSIONS[-1], strict=True)


def test_every_pod_is_our_image_without_rights_on_a_read_only_root_with_bounds() -> None:
    pods = _pods()
    assert len(pods) >= 8
    for name, pod, _ in pods:
        context = pod["securityContext"]
        assert (context["runAsNonRoot"], context["runAsUser"], context["runAsGroup"]) == (True, 185, 0), name
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}
        (container,) = pod["containers"]
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        mounts = {one["mountPath"] for one in container["volumeMounts"]}
        assert {"/tmp", "/var/lib/pipeline"} <= mounts, name  # noqa: S108 - a path of the pod
        assert {one["name"] for one in container["volumeMounts"]} == {one["name"] for one in pod["volumes"]}
        if name not in _TEMPLATES:
            assert container["image"] == _image()
            assert {"cpu", "memory"} == set(container["resources"]["requests"])
            assert "memory" in container["resources"]["limits"]
            accounts = {one["metadata"]["name"] for one in _of("ServiceAccount")}
            account = pod.get("serviceAccountName")
            assert account in accounts or (account is None and pod["automountServiceAccountToken"] is False), name


def test_every_variable_is_a_setting() -> None:
    known = {name.upper() for name in declared_fields(ROOMS)} | _OTHERS
    for name, pod, _ in _pods():
        variables = {one["name"] for one in pod["containers"][0].get("env", [])}
        assert variables <= known, name


def test_who_may_talk_is_chosen_by_labels_that_pods_have() -> None:
    labels = {labels["app"] for _, _, labels in _pods() if "app" in labels}
    policies = {one["metadata"]["name"]: one["spec"] for one in _of("NetworkPolicy")}
    assert policies["nothing-else"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    (among,) = policies["driver-and-executors"]["podSelector"]["matchExpressions"]
    assert set(among["values"]) <= labels
    assert {one["spec"]["selector"]["matchLabels"]["app"] for one in _of("PodDisruptionBudget")} <= labels


def test_figures_are_served_where_the_probe_the_service_and_the_policy_expect_them() -> None:
    (pod,) = (pod for name, pod, _ in _pods() if name == "watch-files.yaml")
    (container,) = pod["containers"]
    ports = {one["name"]: one["containerPort"] for one in container["ports"]}
    variables = {one["name"]: one.get("value") for one in container["env"]}
    assert variables["METRICS_PORT"] == str(ports["figures"])
    for probe in ("startupProbe", "livenessProbe"):
        assert container[probe]["httpGet"] == {"path": "/metrics", "port": "figures"}
    service = _named("Service", "watch-files")
    assert {one["name"]: one["port"] for one in service["spec"]["ports"]} == ports
    figures = _named("NetworkPolicy", "figures")
    assert figures["spec"]["ingress"][0]["ports"] == [{"protocol": "TCP", "port": ports["figures"]}]
