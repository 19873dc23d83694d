"""What became of every row, as the database itself notes it: triggers that write in the transaction of the change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple

import psycopg2

_TRIGGERS = """
CREATE SCHEMA simulation;
CREATE TABLE simulation.change (
    id bigserial PRIMARY KEY, row_id bigint, bucket text, key text, was text, is_now text, owner text,
    lease_until timestamptz, batch_size integer, attempts_before integer, attempts integer, reason text);
CREATE TABLE simulation.result (id bigserial PRIMARY KEY, run_id text, message text);
CREATE FUNCTION simulation.note_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO simulation.change (row_id, bucket, key, was, is_now, owner, lease_until, batch_size, attempts_before,
        attempts, reason)
    VALUES (new.id, new.bucket, new.key, old.state, new.state, old.lease_owner, old.lease_until, old.batch_size,
        old.attempts, new.attempts, new.reason);
    RETURN NULL;
END $$;
CREATE TRIGGER note_change AFTER UPDATE ON pipeline.object_inbox
    FOR EACH ROW WHEN (old.state <> new.state) EXECUTE FUNCTION simulation.note_change();
CREATE FUNCTION simulation.note_result() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO simulation.result (run_id, message)
    VALUES (new.monitoring_file_run_id::text, new.metrics -> 'read' ->> 'details');
    RETURN NULL;
END $$;
CREATE TRIGGER note_result AFTER INSERT OR UPDATE ON reporting.monitoring_file_data_quality
    FOR EACH ROW EXECUTE FUNCTION simulation.note_result();
"""
#: What says how things go at present, not what became of anything.
_PASSING = ("pipeline.bucket_rest", "pipeline.consumer")
_TABLES = (
    "pipeline.object_inbox",
    "pipeline.announcement_dead_letter",
    "pipeline.profile_state",
    "reporting.monitoring_file_failed_validation",
    "reporting.monitoring_file_data_profile",
    "reporting.monitoring_file_data_quality",
    "reporting.monitoring_file_run",
    "reporting.monitoring_file",
    "reporting.monitoring_file_schema_definition",
    "simulation.change",
    "simulation.result",
    *_PASSING,
)
#: All that is looked at after a commit, in one call whose plans a session keeps; null where nothing was written since.
#: Moments are microseconds since 1970.
_LOOK = """
CREATE FUNCTION simulation.micros(moment timestamptz) RETURNS bigint LANGUAGE sql IMMUTABLE
    RETURN (extract(epoch FROM moment) * 1000000)::bigint;
CREATE VIEW simulation.standing AS
SELECT quality.monitoring_file_run_id::text AS run_id, quality.metrics -> 'read' ->> 'details' AS message,
    quality.score, encode(profile.state, 'hex') AS state, inbox.id AS row_id, inbox.bucket, inbox.key,
    inbox.read_version_id, inbox.read_etag, simulation.micros(inbox.last_modified) AS last_modified,
    inbox.sequencer IS NOT NULL AND (inbox.etag IS NULL OR inbox.etag = inbox.read_etag) AS is_in_order
FROM reporting.monitoring_file_data_quality quality
LEFT JOIN pipeline.profile_state profile ON profile.monitoring_file_run_id = quality.monitoring_file_run_id::text
LEFT JOIN pipeline.object_inbox inbox
    ON inbox.monitoring_file_run_id = quality.monitoring_file_run_id::text AND inbox.state = 'done'
ORDER BY quality.monitoring_file_run_id, inbox.id;
CREATE FUNCTION simulation.look(known text, last_change bigint, last_result bigint) RETURNS json LANGUAGE plpgsql AS $$
DECLARE newest text := pg_snapshot_xmax(pg_current_snapshot())::text;
BEGIN
    RETURN CASE WHEN newest <> known THEN json_build_object(
        'newest', newest,
        'balance', (
            SELECT json_build_array(count(*), count(*) FILTER (WHERE state IN ('done', 'superseded')),
                count(*) FILTER (WHERE state IN ('pending', 'claimed')),
                count(*) FILTER (WHERE state NOT IN ('done', 'superseded', 'pending', 'claimed')
                    AND length(trim(reason)) > 0))
            FROM pipeline.object_inbox),
        'counted', (
            SELECT json_object_agg(state, number) FROM (
                SELECT state, count(*) AS number FROM pipeline.object_inbox GROUP BY state) AS one),
        'kept', (
            SELECT json_object_agg(state, number) FROM (
                SELECT state, sum(change)::bigint AS number FROM pipeline.object_inbox_count
                GROUP BY state HAVING sum(change) <> 0) AS one),
        'changes', (
            SELECT json_agg(json_build_array(id, row_id, bucket, key, was, is_now, owner,
                simulation.micros(lease_until), batch_size, attempts_before, attempts, reason) ORDER BY id)
            FROM simulation.change WHERE id > last_change),
        'results', (
            SELECT json_agg(json_build_array(id, run_id, message) ORDER BY id)
            FROM simulation.result WHERE id > last_result),
        'standing', (
            SELECT json_agg(json_build_array(run_id, message, score, state, row_id, bucket, key, read_version_id,
                read_etag, last_modified, is_in_order)) FROM simulation.standing)
    ) END;
END $$;
"""
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class Change(NamedTuple):
    """A row of the ledger went from one state to another; `owner` and `lease_until` are those before."""

    id: int
    row_id: int
    bucket: str
    key: str
    was: str
    is_now: str
    owner: str | None
    lease_until: datetime | None
    batch_size: int | None
    attempts_before: int
    attempts: int
    reason: str | None


class Standing(NamedTuple):
    """A result as it stands, with the row of the ledger that is `done` with it, where there is one.

    `is_in_order`: the row knows the sequencer of what was read, for that is what was announced.
    """

    run_id: str
    message: str
    score: int
    state: bytes
    row_id: int | None
    bucket: str | None
    key: str | None
    read_version_id: str | None
    read_etag: str | None
    last_modified: datetime | None
    is_in_order: bool | None


class Look(NamedTuple):
    """What the database is like after a commit, and what it noted since the last look.

    `balance`: how many rows were announced, have finished, are open, and failed with a reason. `counted` and `kept`:
    rows by state, as there are and as the ledger keeps the numbers. `results`: runs that got one, and its message.
    """

    balance: tuple[int, int, int, int]
    counted: Mapping[str, int]
    kept: Mapping[str, int]
    changes: Sequence[Change]
    results: Sequence[tuple[str, str]]
    standing: Sequence[Standing]


class Witness:
    """Looks at what is committed, over a connection of its own, on which nothing ever fails."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg2.connect(url.replace("+psycopg2", ""))
        self._connection.autocommit = True
        with self._connection.cursor() as cursor:
            cursor.execute("SET timezone = 'UTC'")
        self._newest, self._seen_changes, self._seen_results = "", 0, 0
        self._tables: Sequence[str] = ()

    def prepare(self) -> None:
        """Have the database note every change."""
        self._ask(_TRIGGERS + _LOOK)
        self._tables = [table for table in _TABLES if self.rows("SELECT to_regclass(%s)", table) != [(None,)]]

    def forget(self, *, thoroughly: bool = False) -> None:
        """Empty all tables."""
        if thoroughly:
            self._ask(f"TRUNCATE {', '.join(self._tables)} RESTART IDENTITY")
        else:
            self._ask("; ".join(f"DELETE FROM {table}" for table in self._tables))
        self._ask("UPDATE pipeline.batch_counter SET last_batch = 0")
        self._seen_changes = self.rows("SELECT coalesce(max(id), 0) FROM simulation.change")[0][0]
        self._seen_results = self.rows("SELECT coalesce(max(id), 0) FROM simulation.result")[0][0]
        if not thoroughly:  # the numbers of deleted rows are not given again
            last = self.rows("SELECT nextval('simulation.change_id_seq'), nextval('simulation.result_id_seq')")[0]
            self._seen_changes, self._seen_results = last

    def look(self) -> Look | None:
        """What a commit brought; None where it only read."""
        seen = self.rows("SELECT simulation.look(%s, %s, %s)", self._newest, self._seen_changes, self._seen_results)
        found = seen[0][0]
        if found is None:
            return None
        self._newest = found["newest"]
        changes = [Change._make([*row[:7], _moment(row[7]), *row[8:]]) for row in found["changes"] or ()]
        results = found["results"] or ()
        self._seen_changes = changes[-1].id if changes else self._seen_changes
        self._seen_results = results[-1][0] if results else self._seen_results
        return Look(
            found["balance"],
            found["counted"] or {},
            found["kept"] or {},
            changes,
            [(run_id, message) for _, run_id, message in results],
            [_standing(row) for row in found["standing"] or ()],
        )

    def standing(self) -> list[Standing]:
        """All results; one that several rows of the ledger are done with comes several times."""
        return [_standing(row) for row in self.rows("SELECT * FROM simulation.standing")]

    def ledger(self) -> list[Mapping[str, Any]]:
        """All rows of the ledger by their numbers."""
        return self._mappings("SELECT * FROM pipeline.object_inbox ORDER BY id")

    def everything(self) -> dict[str, list[Mapping[str, Any]]]:
        """All rows of all tables, for comparing."""
        lasting = [table for table in self._tables if table not in _PASSING]
        return {table: self._mappings(f"SELECT * FROM {table} ORDER BY 1") for table in lasting}

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """What a query gives."""
        with self._connection.cursor() as cursor:
            cursor.execute(query, values or None)
            return list(cursor.fetchall())

    def do(self, statement: str, *values: object) -> None:
        """Change something, as a person does."""
        self._ask(statement, *values)

    def close(self) -> None:
        """Let go of the database."""
        self._connection.close()

    def _ask(self, statement: str, *values: object) -> None:
        with self._connection.cursor() as cursor:
            cursor.execute(statement, values or None)

    def _mappings(self, query: str) -> list[Mapping[str, Any]]:
        with self._connection.cursor() as cursor:
            cursor.execute(query)
            names: Sequence[str] = [column.name for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _standing(row: Sequence[Any]) -> Standing:
    return Standing._make([*row[:3], bytes.fromhex(row[3] or ""), *row[4:9], _moment(row[9]), row[10]])


def _moment(micros: int | None) -> datetime | None:
    return None if micros is None else _EPOCH + timedelta(microseconds=micros)
