"""What is known of a line beside itself: the verdict that is stored, the load, the step before."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

from sqlalchemy import text

from dq import loads_of_object, read_catalogue, read_failed_rules, read_profile, read_verdict
from operations.lineage.events.flows import (
    LOAD,
    VERDICT,
    Facts,
    JudgedFacts,
    LoadFacts,
    StepFacts,
)
from operations.lineage.events.places import Database, place_of
from operations.lineage.events.verdict_facts import KeptVerdict, VerdictFacts, verdict_facts

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.engine import URL, Engine

    from dq import Catalogue
    from operations.lineage.events.audit_line import AuditLine
    from operations.lineage.events.flows import FlowPlaces
    from operations.lineage.events.places import Place
    from operations.lineage.events.run_event import Field

    #: Gives the place of a table of the lake in a layer (`silver`, `quarantine`), and its columns where they are known.
    LakePlaces: TypeAlias = Callable[[str, str], tuple[Place, tuple[Field, ...] | None]]
    #: Gives what a flow reads and writes, by its name; None where there is no such flow (any more).
    Flows: TypeAlias = Callable[[str], FlowPlaces | None]

_QUALITY: Final = "reporting.monitoring_file_data_quality"
_STEPS: Final = ("extract", "transform", "load")
_OF_FLOW: Final = re.compile(r"(?P<flow>\S+) (?P<day>\d{4}-\d{2}-\d{2})")
#: Whether the object of a line is the one whose verdict its run has: it was judged last, by this line.
_CURRENT = text("""
    SELECT 1 FROM pipeline.object_inbox
    WHERE id = :id AND monitoring_file_run_id = :run AND state = 'done' AND finished_at = :at
""")
_STEP = text("""
    SELECT rows_rejected FROM pipeline.etl_run
    WHERE flow = :flow AND date = CAST(:day AS date) AND step = :step AND run_id = :run ORDER BY id DESC LIMIT 1
""")
_BEFORE = text("""
    SELECT place FROM pipeline.etl_run
    WHERE flow = :flow AND date = CAST(:day AS date) AND step = :step AND state IN ('done', 'skipped')
      AND finished_at <= :at ORDER BY id DESC LIMIT 1
""")


def database_of(url: URL) -> Database:
    """The database an engine's address leads to, as lineage names it."""
    host, port = url.query.get("host") or url.host, url.query.get("port") or url.port
    first = host if isinstance(host, str) or host is None else host[0]
    number = port if isinstance(port, str | int) or port is None else port[0]
    return Database(url.get_backend_name(), first, None if number is None else int(number), url.database or "")


@dataclass(slots=True)
class FactReader:
    """Looks up what is known of lines.

    Attributes:
        engine: of the ledger and the reporting tables.
        lake: where tables of the lake are.
        flows: what ETL flows read and write.
    """

    engine: Engine
    lake: LakePlaces
    flows: Flows
    _catalogue: Catalogue | None = field(default=None, init=False)
    _lake: dict[tuple[str, str], tuple[Place, tuple[Field, ...] | None]] = field(default_factory=dict, init=False)
    _flows: dict[str, FlowPlaces | None] = field(default_factory=dict, init=False)

    def __call__(self, line: AuditLine) -> Facts | None:
        """What is known of a line; None of one that speaks for itself.

        Raises:
            DatabaseUnavailableError: no answer.
        """
        if line.is_of_run:
            return None
        if line.step == VERDICT:
            return JudgedFacts(self._verdict(line), database_of(self.engine.url).table(_QUALITY))
        if line.step == LOAD and line.named("load") is not None:
            return self._load(line)
        of_flow = _OF_FLOW.fullmatch(line.subject or "")
        return None if of_flow is None or line.step not in _STEPS else self._step(line, of_flow["flow"], of_flow["day"])

    def _verdict(self, line: AuditLine) -> VerdictFacts | None:
        run, object_id = line.named("run"), line.number("object")
        if run is None or object_id is None:
            return None
        with self.engine.connect() as connection:
            known = {"id": object_id, "run": run, "at": line.at}
            if connection.execute(_CURRENT, known).first() is None:
                return None  # another object, or a later look at this one, has given the run another verdict
        if self._catalogue is None:
            self._catalogue = read_catalogue(self.engine)
        row = read_verdict(self.engine, self._catalogue, run)
        if row is None:
            return None
        return verdict_facts(
            KeptVerdict(
                row.agency_slug,
                row.file_name,
                row.score,
                row.passed,
                row.metrics,
                read_failed_rules(self.engine, self._catalogue, row.run_id),
                read_profile(self.engine, self._catalogue, row.run_id),
                row.file_size,
            )
        )

    def _load(self, line: AuditLine) -> LoadFacts | None:
        number, object_id = line.number("load"), line.number("object")
        if number is None or object_id is None:
            return None
        load = next((one for one in loads_of_object(self.engine, object_id) if one.id == number), None)
        if load is None:
            return None
        silver, fields = self._place(load.subject.table, "silver")
        return LoadFacts(
            load.subject.table,
            silver,
            self._place(load.subject.table, "quarantine")[0],
            0 if load.counts is None else load.counts.rows_silver,
            0 if load.counts is None else load.counts.rows_quarantined,
            load.delta_version,
            load.quarantine_version,
            fields,
        )

    def _place(self, table: str, layer: str) -> tuple[Place, tuple[Field, ...] | None]:
        if (table, layer) not in self._lake:
            self._lake[table, layer] = self.lake(table, layer)
        return self._lake[table, layer]

    def _step(self, line: AuditLine, flow: str, day: str) -> StepFacts:
        if flow not in self._flows:
            self._flows[flow] = self.flows(flow)
        at = _STEPS.index(line.step)
        with self.engine.connect() as connection:
            own = {"flow": flow, "day": day, "step": line.step, "run": line.run_id}
            rejected = connection.execute(_STEP, own).first()
            before = None
            if at > 0:
                earlier = {"flow": flow, "day": day, "step": _STEPS[at - 1], "at": line.at}
                before = connection.execute(_BEFORE, earlier).first()
        return StepFacts(
            flow,
            self._flows[flow],
            None if before is None or before[0] is None else place_of(before[0]),
            None if rejected is None else rejected[0],
        )
