"""Reports of runs out of the reporting tables: one run with those before it, or all files of an agency."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dq.around_run import around_run
from dq.report.reported import FileLine, HistoryPoint, KeptVerdict, Reported
from dq.reporting.browsing import find_file_named
from dq.reporting.readback import read_failed_rules, read_profile, read_scores, read_verdict

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from sqlalchemy.engine import Engine

    from dq.reporting.catalogue.catalogue import Catalogue
    from dq.reporting.readback import ScoreRow, VerdictRow
    from dq.reporting.result import RowId

    #: The address of a run's page, from the file's name and the run's id; None where there is no page of it.
    Links = Callable[[ScoreRow], str | None]
    Up = Callable[[VerdictRow, RowId | None], tuple[str, str] | None]


def report_of_run(
    engine: Engine,
    catalogue: Catalogue,
    run_id: str,
    *,
    links: Links = lambda _row: None,
    up: Up = lambda _row, _file_id: None,
) -> Reported | None:
    """Everything the page of one run shows; None when there is no such run, or it has no verdict.

    Args:
        engine: from `etl_core.postgres.database.connect`.
        catalogue: from `read_catalogue`.
        run_id: as the database writes it.
        links: where pages of other runs are.
        up: address and text of the page above, if there is one, from the verdict and the id of its file.
    """
    row = read_verdict(engine, catalogue, run_id)
    if row is None:
        return None
    scores = read_scores(
        engine,
        catalogue,
        agency_slug=row.agency_slug,
        file_name=row.file_name,
        until=(row.run_date, row.run_hour),
    )
    earlier = [score for score in scores if str(score.run_id) != str(row.run_id)]
    before = read_verdict(engine, catalogue, str(earlier[-1].run_id)) if earlier else None
    file_id = find_file_named(engine, catalogue, row.agency_slug, row.file_name)
    return Reported(
        title=row.file_name,
        verdict=_kept(engine, catalogue, row),
        facts=(("agency", row.agency_slug), ("window", window(row)), ("run", str(row.run_id))),
        before=None if before is None else _kept(engine, catalogue, before),
        before_label="" if before is None else window(before),
        history=tuple(_point(score, links) for score in scores),
        up=up(row, file_id),
        around=around_run(engine, row, file_id),
    )


def lines_of_agency(
    engine: Engine, catalogue: Catalogue, agency_slug: str, *, since: date | None = None, links: Links
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


def window(row: ScoreRow | VerdictRow) -> str:
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
        history=tuple(_point(score, links) for score in scores),
        link=links(newest),
    )


def _point(score: ScoreRow, links: Links) -> HistoryPoint:
    return HistoryPoint(window(score), round(score.score), score.passed, links(score))


def _kept(engine: Engine, catalogue: Catalogue, row: VerdictRow) -> KeptVerdict:
    return KeptVerdict(
        score=round(row.score),
        passed=row.passed,
        metrics=row.metrics,
        deductions=row.deductions,
        message=row.message,
        rules=read_failed_rules(engine, catalogue, row.run_id),
        profile=read_profile(engine, catalogue, row.run_id),
    )
