"""The figures of a check of arrivals: what `docs/metrics.md` explains one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Gauge, ProcessCollector

from operations.arrivals.judging import STATES
from operations.arrivals.watched_file import KINDS

if TYPE_CHECKING:
    from operations.arrivals.check_arrivals import Outcome


class ArrivalMetrics:
    """Gauges in a registry of their own: what the last check found."""

    def __init__(self) -> None:
        """Begin without a check."""
        self.registry = known = CollectorRegistry()
        ProcessCollector(registry=known)
        self._windows = Gauge("pipeline_arrival_windows", "Windows that are judged", ["state"], registry=known)
        self._files = Gauge("pipeline_arrival_files", "Files by when they are due", ["kind"], registry=known)
        self._as_of = Gauge(
            "pipeline_arrivals_as_of_seconds", "As of when arrivals were judged, seconds since 1970", registry=known
        )

    def checked(self, outcome: Outcome) -> None:
        """Note what a check found; one that was stopped says nothing."""
        if not outcome.is_whole:
            return
        for state in STATES:
            self._windows.labels(state).set(outcome.states[state])
        for kind in KINDS:
            self._files.labels(kind).set(outcome.kinds[kind])
        self._as_of.set(outcome.at.timestamp())
