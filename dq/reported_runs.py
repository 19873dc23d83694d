"""Reports of runs out of the reporting tables: one run with those before it, or all files of an agency."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dq.around_run import around_run
from dq.report.reported import FileLine, HistoryPoint, KeptVerdict, Reported
from dq.reporting.browsing import browse_runs
from dq.reporting.readback import read_kept_run, read_scores

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from dq.reporting.browsing import BrowsedRun
    from dq.reporting.catalogue.catalogue import Catalogue
    from dq.reporting.readback import KeptRun, ScoreRow, VerdictRow
    from dq.reporting.result import RowId
    from etl_core.postgres.database import Connects

    #: The address of a run's page, from the file's name and the run's id; None where there is no page of it.
    Links = Callable[[ScoreRow], str | None]
    #: The same from the run's id alone.
    RunLink = Callable[[RowId], str | None]
    Up = Callable[[VerdictRow], tuple[str, str] | None]

#: Runs whose scores a page shows, with its own.
_HISTORY: Final = 90


def report_of_run(
    engine: Connects,
    catalogue: Catalogue,
    run_id: str,
    *,
    link: RunLink = lambda _run_id: None,
    up: Up = lambda _row: None,
) -> Reported | None:
    """Everything the page of one run shows; None when there is no such run, or it has no verdict.

    Args:
        engine: from `etl_core.postgres.database.connect`.
        catalogue: from `read_catalogue`.
        run_id: as the database writes it.
        link: where pages of other runs are.
        up: address and text of the page above, if there is one.
    """
    found = read_kept_run(engine, catalogue, run_id)
    if found is None:
        return None
    row = found.verdict
    key = (row.run_date, row.run_hour, str(row.run_id))
    earlier = browse_runs(engine, catalogue, row.file_id, before=key, limit=_HISTORY - 1)
    before = read_kept_run(engine, catalogue, str(earlier[0].run_id), rows_only=True) if earlier else None
    return Reported(
        title=row.file_name,
        verdict=_kept(found),
        facts=(("agency", row.agency_slug), ("window", window(row)), ("run", str(row.run_id))),
        before=None if before is None else _kept(before),
        before_label="" if before is None else window(before.verdict),
        history=(*(_point(one, link(one.run_id)) for one in reversed(earlier)), _point(row, link(row.run_id))),
        up=up(row),
        around=around_run(engine, row),
    )


def lines_of_agency(
    engine: Connects, catalogue: Catalogue, agency_slug: str, *, since: date | None = None, links: Links
) -> tuple[tuple[FileLine, str], ...]:
    """Each file of an agency that has a verdict, by name, with the id of its newest run.

    Args:
        engine: from `etl_core.postgres.database.connect`.
        catalogue: from `read_catalogue`.
        agency_slug: whose files.
        since: only runs from this date on.
        links: where the page of a run is.
    """
    files: dict[str, list[ScoreRow]] = {}
    for score in read_scores(engine, catalogue, agency_slug=agency_slug, since=since):
        files.setdefault(score.file_name, []).append(score)
    return tuple((_line(scores, links), str(scores[-1].run_id)) for scores in files.values())


def window(row: ScoreRow | VerdictRow | BrowsedRun) -> str:
    """Write the window of a run: its date and hour, in UTC."""
    return f"{row.run_date.isoformat()} {row.run_hour:02d}h"


def _line(scores: list[ScoreRow], links: Links) -> FileLine:
    newest = scores[-1]
    return FileLine(
        agency=newest.agency_slug,
        file=newest.file_name,
        window=window(newest),
        score=newest.score,
        passed=newest.passed,
        reason=(newest.message or "").partition("\n")[0],
        history=tuple(_point(score, links(score)) for score in scores),
        link=links(newest),
    )


def _point(row: ScoreRow | VerdictRow | BrowsedRun, link: str | None) -> HistoryPoint:
    return HistoryPoint(window(row), round(row.score), row.passed, link)


def _kept(found: KeptRun) -> KeptVerdict:
    row = found.verdict
    return KeptVerdict(
        score=round(row.score),
        passed=row.passed,
        metrics=row.metrics,
        deductions=row.deductions,
        message=row.message,
        rules=found.rules,
        profile=found.profile,
    )
