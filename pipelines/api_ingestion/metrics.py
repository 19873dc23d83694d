"""The figures of a process that reads application APIs: what `docs/metrics.md` explains one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, ProcessCollector

if TYPE_CHECKING:
    from pipelines.api_ingestion.ingest import Outcome


class ApiMetrics:
    """Counters in a registry of their own."""

    def __init__(self) -> None:
        """Begin at nothing."""
        self.registry = known = CollectorRegistry()
        ProcessCollector(registry=known)
        labels = ["source", "endpoint", "outcome"]
        self._records = Counter("pipeline_api_records", "Records by what became of them", labels, registry=known)
        self._readings = Counter("pipeline_api_readings", "Readings by how they ended", labels, registry=known)
        self._requests = Counter(
            "pipeline_api_requests", "Requests by the status of the answer", ["source", "status"], registry=known
        )

    def answered(self, source: str, status: str) -> None:
        """Count a request."""
        self._requests.labels(source, status).inc()

    def read(self, outcome: Outcome) -> None:
        """Count a reading."""
        place = (outcome.source, outcome.endpoint)
        self._readings.labels(*place, outcome.state.replace(" ", "_")).inc()
        for name in ("landed", "known", "before"):
            self._records.labels(*place, name).inc(getattr(outcome.counted, name))
