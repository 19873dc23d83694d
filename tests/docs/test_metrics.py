"""docs/metrics.md explains every figure there is, by its name and kind."""

from __future__ import annotations

import re
from pathlib import Path

from dq.batch.metrics import BatchMetrics
from operations.alerts.metrics import AlertMetrics
from operations.arrivals.metrics import ArrivalMetrics
from operations.observations.metrics import ObservationMetrics
from pipelines.agencies.metrics import DocumentMetrics
from pipelines.api_ingestion.metrics import ApiMetrics
from pipelines.lake.metrics import LakeMetrics
from pipelines.records.metrics import RecordMetrics
from service.metrics import ServiceMetrics

_ROW = re.compile(r"^\| `(pipeline_\w+)(?:\{([\w,]+)\})?` \| (\w+) \|", re.MULTILINE)


def test_every_figure_is_explained_and_none_that_is_not_there() -> None:
    explained = {
        (name.removesuffix("_total"), kind)
        for name, _, kind in _ROW.findall((Path(__file__).parents[2] / "docs/metrics.md").read_text())
    }
    registries = tuple(
        one.registry
        for one in (
            *(BatchMetrics(), RecordMetrics("a flow"), DocumentMetrics(), ApiMetrics()),
            *(LakeMetrics(), ServiceMetrics(), AlertMetrics(), ArrivalMetrics(), ObservationMetrics()),
        )
    )
    found = {(one.name, one.type) for registry in registries for one in registry.collect()}
    assert explained == {one for one in found if one[0].startswith("pipeline_")}
