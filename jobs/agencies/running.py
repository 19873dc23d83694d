"""The documents of several agencies, some of them at once; what goes wrong with one stops no other."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING

import structlog

from etl_core.errors import PipelineError, RetryableError
from jobs.running.exit_codes import ExitCode
from pipelines.agencies.run_agency import run_agency

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipelines.agencies.copying.copy_result import CopyResult
    from pipelines.agencies.metrics import DocumentMetrics
    from pipelines.agencies.run_agency import AgencyOutcome, DocumentDoors, Wanted
    from pipelines.agencies.source.documents import Agency

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Ran:
    """What became of all agencies: outcomes of those that came to their end, the errors of the others."""

    outcomes: tuple[AgencyOutcome, ...]
    errors: tuple[tuple[Agency, PipelineError], ...] = ()

    @property
    def statuses(self) -> dict[str, int]:
        """Attachments by what became of them."""
        return dict(sum((Counter(one.statuses) for one in self.outcomes), Counter()))

    @property
    def sentence(self) -> str:
        """What came of it, in words."""
        counts = ", ".join(f"{count} {status}" for status, count in sorted(self.statuses.items())) or "no attachments"
        exports = Counter(one.export.status for one in self.outcomes if one.export is not None)
        told = "".join(f"; employment history {status}: {count}" for status, count in sorted(exports.items()))
        return counts + told + "".join(f"; agency {agency.id}: {error}" for agency, error in self.errors)

    def exit_code(self) -> int:
        """75 where trying again may help, 1 where a file is not at its destination."""
        if any(isinstance(error, RetryableError) for _, error in self.errors):
            return ExitCode.TRY_AGAIN
        failed = self.errors or any(one.failed for one in self.outcomes)
        return ExitCode.FAILED if failed else ExitCode.OK


def run_agencies(
    agencies: Sequence[Agency],
    wanted: Wanted,
    doors: DocumentDoors,
    told: tuple[Callable[[str, CopyResult], None], DocumentMetrics, Callable[[float], None]],
    parallel: int,
) -> Ran:
    """Run agencies, `parallel` at once; `told` are the report, the figures and the progress.

    Raises:
        PipelineError: what ended the run of the only agency there is.
    """
    listener = _Listener(len(agencies), *told)
    own = replace(doors, told=listener.result)
    if len(agencies) == 1:
        outcome = run_agency(agencies[0], wanted, own)
        listener.ended(outcome)
        return Ran((outcome,))
    with ThreadPoolExecutor(parallel) as pool:
        done = list(pool.map(partial(_one, wanted=wanted, doors=own, listener=listener), agencies))
    outcomes = tuple(one for one in done if not isinstance(one, tuple))
    return Ran(outcomes, tuple(one for one in done if isinstance(one, tuple)))


def _one(
    agency: Agency, wanted: Wanted, doors: DocumentDoors, listener: _Listener
) -> AgencyOutcome | tuple[Agency, PipelineError]:
    try:
        outcome = run_agency(agency, wanted, doors)
    except PipelineError as error:
        log.error("the documents of an agency were not brought to their end", agency=str(agency.id), error=error)  # noqa: TRY400 - the trace says nothing more
        return agency, error
    listener.ended(outcome)
    return outcome


class _Listener:
    """Hears of every result, whichever thread tells it."""

    def __init__(
        self,
        agencies: int,
        report: Callable[[str, CopyResult], None],
        metrics: DocumentMetrics,
        progress: Callable[[float], None],
    ) -> None:
        self._agencies, self._report, self._metrics, self._progress = agencies, report, metrics, progress
        self._shares: dict[str, float] = {}
        self._lock = Lock()

    def result(self, agency: Agency, result: CopyResult, total: int) -> None:
        """Hear of an attachment, one of `total`."""
        with self._lock:
            self._report(str(agency.id), result)
            self._metrics.attachment(result)
            self._shares[str(agency.id)] = self._shares.get(str(agency.id), 0.0) + 1 / total
            self._progress(sum(self._shares.values()) / self._agencies)

    def ended(self, outcome: AgencyOutcome) -> None:
        """Hear of an agency that is done."""
        with self._lock:
            if outcome.export is not None:
                self._metrics.employment(outcome.agency.slug, outcome.export.rows)
            self._shares[str(outcome.agency.id)] = 1.0
            self._progress(sum(self._shares.values()) / self._agencies)
