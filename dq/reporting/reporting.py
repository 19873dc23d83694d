"""The verdicts' way into the reporting tables: all of a result or none of it.

The caller owns the transaction (`with begin(engine) as transaction`) and may write its own ledger in it. Locks are
taken in one order, so that transactions of one object each cannot deadlock: the run, its children, the file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dq.events.object_version import is_older
from dq.reporting.catalogue.expected import FAILED_VALIDATION, PROFILE, QUALITY
from dq.reporting.failed_validations import FailedValidations
from dq.reporting.latest_score import ROLLING_WINDOWS, LatestScore, ScoreAggregate
from dq.reporting.monitored_files import MonitoredFiles
from dq.reporting.result import MonitoredFile, RowId, RunResult, Saved
from dq.reporting.runs import Runs, is_outdated
from dq.reporting.table_writer import TableWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from sqlalchemy import Select
    from sqlalchemy.engine import Connection

    from dq.events.object_version import ObjectVersion
    from dq.reporting.catalogue.catalogue import Catalogue
    from etl_core.postgres.transaction import Transaction

__all__ = ["MonitoredFile", "ReportingStore", "RunResult", "Saved"]

_CHILD_KEY = ("monitoring_file_run_id",)


class ReportingStore:
    """Reads the monitoring configuration and saves results, in whichever variant of the tables there is."""

    def __init__(
        self,
        catalogue: Catalogue,
        *,
        score_aggregate: ScoreAggregate = "latest",
        rolling_windows: int = ROLLING_WINDOWS,
    ) -> None:
        """Use the tables of `catalogue`.

        Args:
            catalogue: from `read_catalogue`.
            score_aggregate: the setting SCORE_AGGREGATE.
            rolling_windows: how many windows a rolling score spans.
        """
        self._files = MonitoredFiles(catalogue)
        self._runs = Runs(catalogue)
        self._quality = TableWriter(catalogue.table(QUALITY), key=_CHILD_KEY)
        self._failed = FailedValidations(catalogue) if FAILED_VALIDATION in catalogue else None
        self._profile = TableWriter(catalogue.table(PROFILE), key=_CHILD_KEY) if PROFILE in catalogue else None
        self._latest = LatestScore(catalogue, score_aggregate, rolling_windows)

    def monitored_files(
        self, connection: Connection, pairs: Iterable[tuple[str, str]]
    ) -> dict[tuple[str, str], MonitoredFile]:
        """The configured files among these pairs (agency_slug, file_name), in one query."""
        return self._files.find(connection, pairs)

    def definition_of(self, connection: Connection, file_id: str) -> object:
        """The definition, as it is stored, of the file whose id is written so; None where there is none."""
        return self._files.definition_of(connection, file_id)

    def digests_of(self, pairs: Any) -> Select[Any]:  # noqa: ANN401  SQLAlchemy's type of a table has no columns
        """A query: which of `pairs` (columns agency_slug, file_name) have a file, and the digest of its definition."""
        return self._files.digests_of(pairs)

    def create_placeholder(
        self, connection: Connection, agency_slug: str, file_name: str, s3_url: str, now: datetime
    ) -> MonitoredFile:
        """The file of this pair, made without a definition when nobody configured it (AUTO_CREATE_FILES)."""
        return self._files.create_placeholder(connection, agency_slug, file_name, s3_url, now)

    def save(
        self,
        transaction: Transaction,
        result: RunResult,
        read_before: Callable[[RowId | None], Iterable[ObjectVersion]] = lambda _run_id: (),
    ) -> Saved:
        """Write everything there is to say about one object, unless a newer one of its run has been here.

        A second save of the same result changes `updated_at` and nothing else.

        Args:
            transaction: READ COMMITTED; the caller ends it, and with it goes what is still to be sent.
            result: what to write.
            read_before: asks the ledger, in the same transaction, for the object versions that were read for the run
                of this id (None: there is no run yet); called while the run is locked, so that nobody can add one
                meanwhile.

        Raises:
            RetryableError: locks, deadlocks, a lost connection; roll back and try again.
            TerminalError: a constraint of the owner's refuses the row.
        """
        standing = self._runs.lock(transaction, result)
        standing_id = standing.id if standing else None
        if is_outdated(result, standing) or any(is_older(result.version, one) for one in read_before(standing_id)):
            return Saved(run_id=standing_id, state="superseded")
        run_id = self._runs.write(transaction, result, standing)
        self._quality.put(transaction, _quality_values(run_id, result), result.now)
        if self._failed:
            self._failed.replace(transaction, run_id, result.verdict, result.now, is_new=standing is None)
        if self._profile:
            self._profile.put(transaction, _profile_values(run_id, result), result.now)
        self._latest.refresh(transaction, result)
        return Saved(run_id=run_id, state="done")


def _quality_values(run_id: RowId, result: RunResult) -> dict[str, Any]:
    verdict = result.verdict
    return {
        "monitoring_file_run_id": run_id,
        "score": verdict.score,
        "passed": verdict.passed,
        "metrics": verdict.metrics,
        "deductions": verdict.deductions,
        "failed_validation_message": verdict.failed_validation_message,
        "failed_validation_rules": verdict.failed_validation_rules,
        "created_at": result.now,
        "updated_at": result.now,
    }


def _profile_values(run_id: RowId, result: RunResult) -> dict[str, Any]:
    return {
        "monitoring_file_run_id": run_id,
        "profile_payload": result.verdict.profile_payload,
        "created_at": result.now,
        "updated_at": result.now,
    }
