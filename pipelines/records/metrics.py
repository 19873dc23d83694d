"""The figures of a process that watches a stream: what `docs/metrics.md` explains one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dq import Counts

_OUTCOMES = ("processed", "dead", "tombstones", "skipped", "lost")
_SECONDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)


class RecordMetrics:
    """Counters, gauges and histograms in a registry of their own."""

    def __init__(self, flow: str) -> None:
        """Begin at nothing, with every outcome at 0: what only appears once it happened never grows."""
        self.registry = known = CollectorRegistry()
        ProcessCollector(registry=known)
        self._flow = flow
        self._records = Counter(
            "pipeline_records", "Records by what became of them", ["flow", "outcome"], registry=known
        )
        self._rules = Counter(
            "pipeline_records_dead", "Dead records by the first rule they break", ["flow", "rule"], registry=known
        )
        self._lag = Gauge(
            "pipeline_records_lag", "Records of a partition that wait", ["flow", "partition"], registry=known
        )
        self._duration = Histogram(
            "pipeline_records_batch_seconds", "How long a batch took", ["flow"], buckets=_SECONDS, registry=known
        )
        self._rebuilt = Counter(
            "pipeline_records_rebuilds", "How often the stream was built anew", ["flow"], registry=known
        )
        self._score = Gauge(
            "pipeline_records_score", "The score of the hour that was judged last", ["flow"], registry=known
        )

        for outcome in _OUTCOMES:
            self._records.labels(flow, outcome)
        self._rebuilt.labels(flow)

    def batch(self, counts: Counts, rules: Mapping[str, int], seconds: float) -> None:
        """Count a batch that is accounted for."""
        for outcome in _OUTCOMES:
            self._records.labels(self._flow, outcome).inc(getattr(counts, outcome))
        for rule, count in rules.items():
            self._rules.labels(self._flow, rule).inc(count)
        self._duration.labels(self._flow).observe(seconds)

    def lag(self, waiting: Mapping[int, int]) -> None:
        """Note how many records of each partition wait."""
        for partition, count in waiting.items():
            self._lag.labels(self._flow, str(partition)).set(count)

    def rebuilt(self) -> None:
        """Count a stream that ended by itself."""
        self._rebuilt.labels(self._flow).inc()

    def judged(self, score: float) -> None:
        """Note the verdict of an hour."""
        self._score.labels(self._flow).set(score)
