"""One Kubernetes Job for each agency, made from the sample `conf/k8s/get-s3-files.yaml`."""

from __future__ import annotations

import copy
import re
from typing import TYPE_CHECKING, Any, Final

import yaml

from etl_core.shipped_files import shipped_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pipelines.agencies.source.documents import Agency

_SAMPLE: Final = "k8s/get-s3-files.yaml"
#: What the name of a Job may have, and how long it may be: its pods get some letters more.
_UNFIT: Final = re.compile(r"[^a-z0-9-]+")
_LONGEST: Final = 52


def job_manifests(agencies: Iterable[Agency], arguments: Sequence[str]) -> str:
    """Give a YAML document for each agency, for `kubectl apply -f -`.

    Args:
        agencies: which.
        arguments: of the job, besides the agency's.
    """
    sample: dict[str, Any] = yaml.safe_load(shipped_file(_SAMPLE).read_text(encoding="utf-8"))
    return yaml.safe_dump_all(
        (_of(agency, sample, arguments) for agency in agencies), sort_keys=False, explicit_start=True
    )


def _of(agency: Agency, sample: dict[str, Any], arguments: Sequence[str]) -> dict[str, Any]:
    job = copy.deepcopy(sample)
    name = _UNFIT.sub("-", f"get-s3-files-{agency.id}".lower())[:_LONGEST].strip("-")
    job["metadata"]["name"] = name
    (container,) = job["spec"]["template"]["spec"]["containers"]
    container["args"] = ["--agency-id", str(agency.id), *arguments]
    return job
