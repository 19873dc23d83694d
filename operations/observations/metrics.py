"""The figures of `observe`: what `docs/metrics.md` explains one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, ProcessCollector

from operations.observations.files.observation import State

if TYPE_CHECKING:
    from operations.observations.observe import Found


class ObservationMetrics:
    """Counters and gauges in a registry of their own."""

    def __init__(self) -> None:
        """Begin at nothing."""
        self.registry = known = CollectorRegistry()
        ProcessCollector(registry=known)
        self._runs = Counter("pipeline_observed_runs", "Runs by what came of them", ["outcome"], registry=known)
        self._figures = Counter("pipeline_observed_figures", "Figures by what was said", ["state"], registry=known)
        self._refused = Counter("pipeline_observed_states_refused", "Profiles nobody can read", registry=known)
        self._at = Gauge("pipeline_observed_at_seconds", "When runs were observed, seconds since 1970", registry=known)

    def observed(self, found: Found, at: float) -> None:
        """Count what came of all runs that changed, observed at a moment."""
        for outcome in ("observed", "unchanged", "ahead", "forgotten"):
            self._runs.labels(outcome).inc(getattr(found, outcome))
        for state in State:
            self._figures.labels(state.value).inc(found.figures[state])
        self._refused.inc(len(found.refusals))
        self._at.set(at)
