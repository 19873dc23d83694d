"""The figures of a process that lifts rows: what `docs/metrics.md` explains one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry, Counter, ProcessCollector

if TYPE_CHECKING:
    from pipelines.lake.lifting.load_objects import Outcome

_STATES: Final = ("loaded", "held", "failed", "replaced", "pending")
#: Where rows go: read = the sum of these.
_OUTCOMES: Final = ("silver", "quarantined", "malformed")


class LakeMetrics:
    """Counters in a registry of their own."""

    def __init__(self) -> None:
        """Begin at nothing, with every outcome at 0: what only appears once it happened never grows."""
        self.registry = known = CollectorRegistry()
        ProcessCollector(registry=known)
        self._objects = Counter("pipeline_lake_objects", "Objects by what became of them", ["state"], registry=known)
        self._rows = Counter(
            "pipeline_lake_rows", "Rows of lifted objects by where they went", ["outcome"], registry=known
        )
        for state in _STATES:
            self._objects.labels(state)
        for outcome in _OUTCOMES:
            self._rows.labels(outcome)

    def lifted(self, outcome: Outcome) -> None:
        """Count an object; its rows where they are in the tables."""
        self._objects.labels(outcome.state).inc()
        if outcome.state == "loaded" and (counts := outcome.counts) is not None:
            for name in _OUTCOMES:
                self._rows.labels(name).inc(getattr(counts, f"rows_{name}"))
