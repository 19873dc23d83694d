"""The figures of a process that gives verdicts: what `docs/metrics.md` explains one by one.

They are counted where objects are settled, in the one process that settles them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

from dq.ledger.inbox_item import FAILURE_STATES, GOOD_STATES
from etl_core.objects.failures import RefusalKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dq.ledger.inspection import InboxStatus

_SECONDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600)
_SCORES = tuple(range(0, 101, 10))


@dataclass(frozen=True, slots=True)
class ObjectEnded:
    """How one object ended.

    `state` is that of the ledger, `pending` where it is tried again; `score` is None without a verdict. `times` has,
    where they are known, the seconds since it was announced as `latency`, and those since its claim as `duration`.
    """

    state: str
    score: int | None = None
    unreadable: bool = False
    rows: int = 0
    bytes: int = 0
    times: Mapping[str, float] = field(default_factory=dict)


class BatchMetrics:
    """Counters, gauges and histograms in a registry of their own."""

    def __init__(self) -> None:
        """Begin at nothing, with every outcome at 0: what only appears once it happened never grows."""
        self.registry = known = CollectorRegistry()
        ProcessCollector(registry=known)
        self._objects = Counter(
            "pipeline_objects", "Objects by what became of them; pending: tried again", ["outcome"], registry=known
        )
        self._unreadable = Counter(
            "pipeline_parse_failures", "Files that could not be parsed at all; they have a verdict", registry=known
        )
        self._scores = Histogram("pipeline_score", "Scores of verdicts", buckets=_SCORES, registry=known)
        self._latency = Histogram(
            "pipeline_verdict_latency_seconds",
            "From the event, or the announcement where it has no time, to the verdict",
            buckets=_SECONDS,
            registry=known,
        )
        self._duration = Histogram(
            "pipeline_object_duration_seconds",
            "From the claim of an object to its end, its batch's neighbours included",
            buckets=_SECONDS,
            registry=known,
        )
        self._rows = Counter("pipeline_rows", "Rows that were read", registry=known)
        self._bytes = Counter("pipeline_bytes", "Bytes of the objects that were read", registry=known)
        self._batches = Counter(
            "pipeline_batches", "Batches by how they ended: finished, or outage", ["outcome"], registry=known
        )
        self._rests = Counter(
            "pipeline_bucket_rests",
            "How often a bucket began to rest as nothing of it can be read, by what is wrong",
            ["reason"],
            registry=known,
        )
        self._depth = Gauge("pipeline_inbox_depth", "Objects that wait or are being worked on", registry=known)
        self._age = Gauge("pipeline_inbox_age_seconds", "How long the oldest of them has been there", registry=known)
        self._letters = Gauge(
            "pipeline_dead_letters", "Announcements that nobody understood and nobody closed", registry=known
        )
        self._dead = Gauge("pipeline_inbox_dead", "Objects that are dead, whoever found out", registry=known)
        self._alive = Gauge("pipeline_stream_alive", "1 while the stream's query runs", registry=known)
        self._rebuilt = Counter("pipeline_stream_rebuilds", "How often the stream was built anew", registry=known)
        self._reconciled = Gauge(
            "pipeline_reconciled_objects",
            "What the last comparison of store and ledger found",
            ["finding"],
            registry=known,
        )

        for state in (*GOOD_STATES, *FAILURE_STATES, "pending"):
            self._objects.labels(state)
        for outcome in ("finished", "outage"):
            self._batches.labels(outcome)
        for reason in (*get_args(RefusalKind), "no_answer"):
            self._rests.labels(reason)

    def ended(self, one: ObjectEnded) -> None:
        """Count an object."""
        self._objects.labels(one.state).inc()
        if one.unreadable:
            self._unreadable.inc()
        self._rows.inc(one.rows)
        self._bytes.inc(one.bytes)
        if one.score is not None:
            self._scores.observe(one.score)
            _observe(self._latency, one.times.get("latency"))
        _observe(self._duration, one.times.get("duration"))

    def batch_ended(self, *, outage: bool) -> None:
        """Count a batch."""
        self._batches.labels("outage" if outage else "finished").inc()

    def bucket_rests(self, reason: str) -> None:
        """Count a bucket of which nothing can be read; `reason` is a kind of refusal, or that there is no answer."""
        self._rests.labels(reason).inc()

    def inbox(self, status: InboxStatus) -> None:
        """Note how much is in the ledger."""
        self._depth.set(status.depth)
        self._age.set(status.age or 0)
        self._letters.set(status.dead_letters)
        self._dead.set(status.states["dead"])

    def stream(self, *, alive: bool) -> None:
        """Note whether the stream runs."""
        self._alive.set(1 if alive else 0)

    def stream_rebuilt(self) -> None:
        """Count a stream that ended by itself."""
        self._rebuilt.inc()

    def reconciled(self, findings: Mapping[str, int]) -> None:
        """Note what store and ledger were found to be like, by finding."""
        for finding, count in findings.items():
            self._reconciled.labels(finding).set(count)


def _observe(histogram: Histogram, seconds: float | None) -> None:
    """Add a span of time; clocks of different machines may make one negative."""
    if seconds is not None:
        histogram.observe(max(seconds, 0))
