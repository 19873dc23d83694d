"""compose.yaml: by the schema of the format, with the settings, jobs and files that there are."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from etl_core.settings import declared_fields
from jobs.registry import job_names
from jobs.running.settings import ROOMS

ROOT = Path(__file__).resolve().parents[2]
#: That of github.com/compose-spec/compose-spec, with its licence beside it.
_SCHEMA = json.loads((Path(__file__).parent / "schemas/compose-spec.json").read_text())


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """With what `<<` merges in its place."""
    read: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return read


def _ours(compose: dict[str, Any]) -> dict[str, Any]:
    return {name: one for name, one in compose["services"].items() if one["image"].startswith("pipeline-processing:")}


def test_the_schema_of_the_format_takes_it_and_refuses_a_fault(compose: dict[str, Any]) -> None:
    validator = jsonschema.Draft202012Validator(_SCHEMA)
    assert [error.message for error in validator.iter_errors(compose)] == []
    compose["services"]["store"]["portz"] = []
    assert [error.message for error in validator.iter_errors(compose)] != []
    del compose["services"]["store"]["portz"]


def test_our_services_run_jobs_there_are_with_settings_there_are(compose: dict[str, Any]) -> None:
    ours = _ours(compose)
    assert set(ours) == {"migrate", "watch-files", "jobs"}
    version = re.findall(r'^version = "(.*)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert {one["image"] for one in ours.values()} == {f"pipeline-processing:{version[0]}"}
    known = {name.upper() for name in declared_fields(ROOMS)}
    for one in ours.values():
        assert one["command"][0] in {*job_names(), "list"}
        assert set(one["environment"]) <= known
    assert f'image.version="{version[0]}"' in (ROOT / "Dockerfile").read_text()


def test_our_services_have_no_rights_and_a_read_only_root(compose: dict[str, Any]) -> None:
    for one in _ours(compose).values():
        assert one["read_only"] is True
        assert one["cap_drop"] == ["ALL"]
        assert one["security_opt"] == ["no-new-privileges:true"]
        assert {place.partition(":")[0] for place in one["tmpfs"]} == {"/tmp", "/var/lib/pipeline"}  # noqa: S108 - of the container


def test_nothing_listens_beyond_this_machine_and_every_image_has_a_version(compose: dict[str, Any]) -> None:
    for one in compose["services"].values():
        assert all(port.startswith("127.0.0.1:") for port in one.get("ports", []))
        assert ":" in one["image"]
        assert not one["image"].endswith(":latest")


def test_services_and_files_that_are_named_are_there(compose: dict[str, Any]) -> None:
    for one in compose["services"].values():
        assert set(one.get("depends_on", {})) <= set(compose["services"])
        for volume in one.get("volumes", []):
            source = volume.partition(":")[0]
            assert (ROOT / source).exists() if source.startswith(".") else source in compose["volumes"]
        healthy = [name for name, how in one.get("depends_on", {}).items() if how["condition"] == "service_healthy"]
        assert all("healthcheck" in compose["services"][name] for name in healthy)
