"""The figures of a run over documents: what `docs/metrics.md` explains one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge

if TYPE_CHECKING:
    from pipelines.agencies.copying.copy_result import CopyResult


class DocumentMetrics:
    """Counters and gauges in a registry of their own."""

    def __init__(self) -> None:
        """Begin at nothing."""
        self.registry = known = CollectorRegistry()
        self._documents = Counter(
            "pipeline_documents", "Attachments by what became of them", ["status"], registry=known
        )
        self._bytes = Counter(
            "pipeline_documents_copied_bytes", "Bytes of attachments that were copied", registry=known
        )
        self._rows = Gauge(
            "pipeline_employment_rows", "Rows of an agency's employment history", ["agency"], registry=known
        )

    def attachment(self, result: CopyResult) -> None:
        """Count an attachment."""
        self._documents.labels(result.status).inc()
        if result.status == "copied":
            self._bytes.inc(result.size or 0)

    def employment(self, agency: str, rows: int) -> None:
        """Note the rows of an export."""
        self._rows.labels(agency).set(rows)
