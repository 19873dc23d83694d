"""The figures of the service: what `docs/metrics.md` explains one by one."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dq.ledger.inspection import InboxStatus
    from service.lineage_told import LineageTold

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class ServiceMetrics:
    """Counters, gauges and histograms in a registry of their own."""

    def __init__(self) -> None:
        """Begin at nothing."""
        self.registry = known = CollectorRegistry()
        ProcessCollector(registry=known)
        self._requests = Counter(
            "pipeline_http_requests", "Requests by route, method and status", ["route", "method", "status"],
            registry=known,
        )  # fmt: skip
        self._seconds = Histogram(
            "pipeline_http_request_seconds", "From a request to the end of its answer", ["route"], buckets=_SECONDS,
            registry=known,
        )  # fmt: skip
        self._announced = Counter(
            "pipeline_http_announced_objects", "Objects that came to the inbox by HTTP", ["source"], registry=known
        )
        self._refused = Counter(
            "pipeline_http_refused", "Requests that were refused before anything was done", ["reason"], registry=known
        )
        self._depth = Gauge("pipeline_inbox_depth", "Objects that wait or are being worked on", registry=known)
        self._age = Gauge("pipeline_inbox_age_seconds", "How long the oldest of them has been there", registry=known)
        self._letters = Gauge("pipeline_dead_letters", "Announcements nobody understood or closed", registry=known)
        self._dead = Gauge("pipeline_inbox_dead", "Objects that are dead, whoever found out", registry=known)
        self._alerts = Gauge("pipeline_alerts_open", "Alerts that are open", ["kind", "severity"], registry=known)
        self._lineage = Gauge(
            "pipeline_lineage_lines", "Lines of the account that lineage was told of", ["outcome"], registry=known
        )
        self._running: dict[int, float] = {}
        self._lock = threading.Lock()
        self._last = 0

    def begun(self, at: float) -> int:
        """Note that a request is being answered since a second of the service's; what it is known by."""
        with self._lock:
            self._last += 1
            self._running[self._last] = at
            return self._last

    def ended(self, number: int, route: str, method: str, status: int, at: float) -> None:
        """Count a request."""
        with self._lock:
            since = self._running.pop(number)
        self._requests.labels(route, method, str(status)).inc()
        self._seconds.labels(route).observe(max(at - since, 0))

    def longest(self, at: float) -> tuple[int, float]:
        """How many requests are being answered, and for how many seconds the oldest of them has been."""
        with self._lock:
            return len(self._running), max((at - since for since in self._running.values()), default=0.0)

    def announced(self, source: str, objects: int) -> None:
        """Count objects that came to the inbox."""
        self._announced.labels(source).inc(objects)

    def refused(self, reason: str) -> None:
        """Count a request that was refused, by a word of ours."""
        self._refused.labels(reason).inc()

    def inbox(self, status: InboxStatus) -> None:
        """Note how much is in the ledger."""
        self._depth.set(status.depth)
        self._age.set(status.age or 0)
        self._letters.set(status.dead_letters)
        self._dead.set(status.states["dead"])

    def alerts(self, open_alerts: Mapping[tuple[str, str], int]) -> None:
        """Note how many alerts are open, by kind and severity."""
        self._alerts.clear()
        for (kind, severity), count in open_alerts.items():
            self._alerts.labels(kind, severity).set(count)

    def lineage(self, told: LineageTold | None) -> None:
        """Note what of the account was told as lineage."""
        self._lineage.clear()
        if told is not None:
            for outcome, count in {**told.lines, "given_up": told.given_up}.items():
                self._lineage.labels(outcome).set(count)

    def text(self) -> bytes:
        """All of them, as Prometheus reads them."""
        return generate_latest(self.registry)
