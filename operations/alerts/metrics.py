"""The figures of alerts: what `docs/metrics.md` explains one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, ProcessCollector

if TYPE_CHECKING:
    from collections.abc import Mapping

_OUTCOMES = ("sent", "failed", "given_up")


class AlertMetrics:
    """Counters and gauges in a registry of their own."""

    def __init__(self) -> None:
        """Begin at nothing."""
        self.registry = known = CollectorRegistry()
        ProcessCollector(registry=known)
        self._open = Gauge("pipeline_alerts_open", "Alerts that are open", ["kind", "severity"], registry=known)
        self._deliveries = Counter(
            "pipeline_alert_deliveries", "Tries to deliver a message by how they ended", ["channel", "outcome"],
            registry=known,
        )  # fmt: skip
        self._waiting = Gauge("pipeline_alert_messages_waiting", "Messages that wait in the outbox", registry=known)
        self._looked = Gauge(
            "pipeline_alerts_looked_at_seconds",
            "When the tables were looked at last, seconds since 1970",
            registry=known,
        )

    def begin(self, channel: str) -> None:
        """Show a channel before anything was sent there."""
        for outcome in _OUTCOMES:
            self._deliveries.labels(channel, outcome)

    def delivered(self, channel: str, outcome: str, count: int = 1) -> None:
        """Count tries: `sent`, `failed`, and `given_up` for messages that are tried no more."""
        self._deliveries.labels(channel, outcome).inc(count)

    def looked(self, open_alerts: Mapping[tuple[str, str], int], waiting: int, at: float) -> None:
        """Note how many alerts are open by kind and severity, and how many messages wait."""
        self._open.clear()
        for (kind, severity), count in open_alerts.items():
            self._open.labels(kind, severity).set(count)
        self._waiting.set(waiting)
        self._looked.set(at)
