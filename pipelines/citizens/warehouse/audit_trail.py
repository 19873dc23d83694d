"""The account of steps, `meta.etl_audit`: short on the console, whole in the table."""

from __future__ import annotations

import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import insert

from etl_core.errors import PipelineError
from pipelines.citizens.warehouse.meta_tables import etl_audit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from sqlalchemy.engine import Engine

log = structlog.get_logger()
_LONGEST = 2000


@dataclass
class Step:
    """What a step tells of itself while it runs: a sentence for its end, and how many rows it was about.

    `warnings` are for somebody to look at; `refused` says that the step did its work, and its subject does not go on.
    """

    message: str = ""
    rows: int | None = None
    warnings: list[str] = field(default_factory=list)
    refused: bool = False

    def remark(self, sentence: str) -> None:
        """Have the step's line be a warning, with this among its details."""
        self.warnings.append(sentence)

    def refuse(self, sentence: str) -> None:
        """Say why the subject of the step goes no further."""
        self.refused = True
        self.remark(sentence)


@dataclass(frozen=True, slots=True)
class AuditTrail:
    """Lines of one run.

    Attributes:
        engine: of the warehouse.
        run_id: the same for all lines.
        clock: gives the aware present.
    """

    engine: Engine
    run_id: str
    clock: Callable[[], datetime]

    @contextmanager
    def step(self, name: str, subject: str) -> Iterator[Step]:
        """Write that a step began, and how it ended; what it raises goes on to whoever called."""
        began, step = time.monotonic(), Step()
        self._write(name, "INFO", "START", subject)
        log.info("step", step=name, subject=subject)
        try:
            yield step
        except PipelineError as error:
            self._failed(name, f"{subject}: {error}", step, began)
            raise
        except Exception as error:
            self._failed(name, f"{subject}: {type(error).__name__}", step, began)
            raise
        took = round((time.monotonic() - began) * 1000)
        message = f"{subject}: {step.message}" if step.message else subject
        level, status = "WARNING" if step.warnings else "INFO", "FAIL" if step.refused else "OK"
        self._write(name, level, status, message, step, took)
        log.info("step done", step=name, subject=subject, what=step.message, rows=step.rows, ms=took)
        for sentence in step.warnings:
            log.warning("a step found something to look at", step=name, subject=subject, what=sentence)

    def refuse_start(self, error: PipelineError) -> None:
        """Write that no step could begin, as far as the account itself is there and may be written."""
        with suppress(PipelineError):
            self._write("start", "ERROR", "FAIL", str(error))

    def _failed(self, name: str, message: str, step: Step, began: float) -> None:
        took = round((time.monotonic() - began) * 1000)
        try:
            self._write(name, "ERROR", "FAIL", message, step, took)
        except PipelineError as error:  # the warehouse may be what failed; the console has it all the same
            log.warning("the account of this step could not be written", step=name, error=error)

    def _write(
        self, name: str, level: str, status: str, message: str, step: Step | None = None, took: int | None = None
    ) -> None:
        line = insert(etl_audit).values(
            run_id=self.run_id,
            step=name,
            level=level,
            status=status,
            message=message[:_LONGEST],
            details="\n".join(step.warnings) if step and step.warnings else None,
            row_count=step.rows if step else None,
            duration_ms=took,
            at=self.clock(),
        )
        with self.engine.begin() as connection:
            connection.execute(line)
