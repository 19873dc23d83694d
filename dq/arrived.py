"""Which files are watched, when versions of them came, and the flag that says that one is missing.

When something came is when the store has it from: `last_modified` once it was read, else the time of its
announcement, and never later than the announcement reached the ledger, whatever somebody's clock said. A version
counts once however often it was announced. Runs that no object of the ledger stands for (those of streams, and of
objects whose rows were aged out) came when the run says.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from dq.events.key_layout import FileIdentity
from dq.ledger.tables import SCHEMA
from dq.reporting.catalogue.expected import FILE, RUN

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from dq.events.key_layout import KeyLayouts
    from dq.reporting.catalogue.catalogue import Catalogue

_FETCHED = 500
#: Seconds that the arrivals of all files may take to be read.
_PATIENCE = 600

#: Of runs, each version once: the file, when it came in seconds, and the hour (since 1970) that the run was named for
#: where that is another than the one in which it came. `mark` tells versions of one second apart.
_CAME = """
SELECT CAST(file AS text),
    string_agg(CASE WHEN named = at / 3600 THEN at::text ELSE at::text || ':' || named::text END, ',' ORDER BY at)
FROM (
    SELECT DISTINCT r.monitoring_file_id AS file,
        floor(date_part('epoch', coalesce(
            least(coalesce(i.last_modified, i.event_time), i.received_at), {came}, r.created_at)))::bigint AS at,
        (r.run_date - DATE '1970-01-01') * 24 + r.run_hour AS named,
        hashtextextended(i.key, hashtext(i.bucket || ' ' || coalesce(i.read_etag, i.etag, ''))) AS mark
    FROM reporting.monitoring_file_run r
    LEFT JOIN {schema}.object_inbox i ON i.monitoring_file_run_id = CAST(r.id AS text)
    WHERE r.run_date >= :since{only}
) AS versions
GROUP BY file
"""
#: Objects that came and have no verdict yet, unless another row of the same version has one.
_WAITING = """
SELECT i.key, i.agency_slug, i.file_name,
    floor(date_part('epoch', least(coalesce(i.last_modified, i.event_time), i.received_at)))::bigint AS at
FROM {schema}.object_inbox i
WHERE i.state IN ('pending', 'claimed', 'dead', 'unconfigured', 'bad_definition')
    AND i.monitoring_file_run_id IS NULL AND i.received_at >= :since
    AND NOT EXISTS (
        SELECT FROM {schema}.object_inbox d
        WHERE d.bucket = i.bucket AND d.key COLLATE "C" = i.key COLLATE "C" AND d.monitoring_file_run_id IS NOT NULL
            AND (d.read_version_id = i.version_id OR (d.read_etag = i.etag AND (
                i.event_time IS NULL OR d.last_modified >= date_trunc('second', i.event_time) - interval '5 seconds'))))
"""


@dataclass(frozen=True, slots=True)
class WatchedFile:
    """A row of monitoring_file.

    `id` is as the database writes it; `is_missing` is None where the table has no such column.
    """

    id: str
    agency_slug: str
    file_name: str
    range: str | None
    is_active: bool
    is_missing: bool | None


def watched_files(connection: Connection, catalogue: Catalogue) -> tuple[WatchedFile, ...]:
    """All files that somebody configured, in the order of their agencies and names."""
    table = catalogue.table(FILE)
    columns = {
        "range": "CAST(range AS text)" if table.has("range") else "NULL",
        "is_active": "is_active IS NOT FALSE" if table.has("is_active") else "true",
        "is_missing": "is_missing IS TRUE" if table.has("is_missing") else "NULL",
    }
    optional = ", ".join(f"{source} AS {name}" for name, source in columns.items())
    query = f"SELECT CAST(id AS text), agency_slug, file_name, {optional} FROM reporting.{FILE}"  # noqa: S608 - ours
    rows = connection.execute(text(f"{query} ORDER BY agency_slug, file_name, 1"))
    return tuple(WatchedFile(*row) for row in rows)


def arrivals_by_file(
    connection: Connection, catalogue: Catalogue, since: datetime, only: Collection[str] | None = None
) -> dict[str, str]:
    """Of each file with a run, by its id, when its versions came: a text that `times_of` reads, about 1 kB for 90 days.

    Args:
        connection: in a transaction.
        catalogue: of `read_catalogue`.
        since: aware; runs of earlier days are left out.
        only: ids of files, where not all are asked for.
    """
    runs = catalogue.table(RUN)
    came = "r.file_last_modified" if runs.has("file_last_modified") else "NULL"
    kind = runs.columns["monitoring_file_id"].type
    wanted = "" if only is None else f" AND r.monitoring_file_id = ANY(CAST(:only AS {kind}[]))"
    given: dict[str, object] = {"since": since.date() - timedelta(days=1)}
    if only is not None:
        given["only"] = list(only)
    connection.execute(text(f"SET LOCAL statement_timeout = '{_PATIENCE}s'"))
    found = connection.execute(text(_CAME.format(came=came, schema=SCHEMA, only=wanted)), given)
    return {row[0]: row[1] for row in found}


def times_of(told: str) -> tuple[list[int], dict[int, int]]:
    """When versions of a file came, in seconds since 1970 and in order, as `arrivals_by_file` tells it.

    With these, by their places, the hours (since 1970) of runs that are of another hour than that: a key named it.
    """
    if ":" not in told:
        return list(map(int, told.split(","))), {}
    parts = [one.partition(":") for one in told.split(",")]
    named = {place: int(hour) for place, (_, is_named, hour) in enumerate(parts) if is_named}
    return [int(at) for at, _, _ in parts], named


def waiting_arrivals(connection: Connection, since: datetime, layouts: KeyLayouts) -> dict[tuple[str, str], list[int]]:
    """When objects came that have no verdict: seconds since 1970, in order, by agency and file.

    Args:
        connection: read from in pieces, to the end.
        since: aware; what reached the ledger before is left out.
        layouts: say which file a key is of.
    """
    found: dict[tuple[str, str], list[int]] = {}
    query = text(_WAITING.format(schema=SCHEMA))
    rows = connection.execute(query, {"since": since}, execution_options={"yield_per": _FETCHED})
    for key, agency, file, at in rows:
        pair = (agency, file)
        if agency is None or file is None:
            identity = layouts.identify(key)
            if not isinstance(identity, FileIdentity):
                continue
            pair = (identity.agency_slug, identity.file_name)
        found.setdefault(pair, []).append(at)
    return {pair: sorted(set(times)) for pair, times in found.items()}


def lock_files(connection: Connection, ids: Collection[str]) -> None:
    """Hold the rows of these files to the end of the transaction: verdicts on them wait so long."""
    query = f"SELECT FROM reporting.{FILE} WHERE CAST(id AS text) = ANY(:ids) ORDER BY id FOR NO KEY UPDATE"
    connection.execute(text(query), {"ids": list(ids)})


def flag_missing(connection: Connection, catalogue: Catalogue, flags: Mapping[str, bool]) -> int:
    """Set or clear `is_missing` of files, by their ids, where there is such a column; how many rows were changed."""
    if not catalogue.table(FILE).has("is_missing"):
        return 0
    changed = 0
    query = f"UPDATE reporting.{FILE} SET is_missing = :flag WHERE CAST(id AS text) = ANY(:ids)"  # noqa: S608 - ours
    for flag in (False, True):
        ids: list[Any] = [one for one, wanted in flags.items() if wanted is flag]
        if ids:
            statement = text(f"{query} AND is_missing IS DISTINCT FROM :flag")
            changed += connection.execute(statement, {"flag": flag, "ids": ids}).rowcount
    return changed
