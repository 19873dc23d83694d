"""`ingest_api` as people call it: a server that answers, a database, a bucket; what landed, and what is kept."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import structlog
import yaml
from pydantic import SecretStr
from rich.console import Console
from sqlalchemy import text

from etl_core.errors import DatabaseUnavailableError
from etl_core.postgres.database import connect
from jobs.api_ingestion.ingest_api import main
from jobs.running.exit_codes import run_entrypoint
from jobs.running.settings import read_settings
from jobs.running.wiring import Program
from pipelines.api_ingestion.account import database_account
from pipelines.api_ingestion.account.database_account import DatabaseAccount
from pipelines.api_ingestion.cursor.digests import digest_of
from pipelines.api_ingestion.landing import land
from tests.databases import with_all_tables
from tests.pipelines.api_ingestion.served_api import Reply, pages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mypy_boto3_s3 import S3Client
    from sqlalchemy.engine import Engine

    from tests.local_s3 import S3Server
    from tests.pipelines.api_ingestion.served_api import ServedApi


@dataclass
class Rig:
    """What a run of the job has around it."""

    api: ServedApi
    database: Engine
    s3: S3Client
    bucket: str
    folder: Path
    settings: dict[str, Any]
    items: list[dict[str, Any]] = field(default_factory=list)

    def source(self, **changes: object) -> None:
        """Write the source's file."""
        endpoint: dict[str, object] = {
            "path": "/employees",
            "records": "data.items",
            "pagination": {"cursor": "meta.next", "param": "cursor"},
            "incremental": {"field": "updated_at", "param": "since", "lookback": "2m"},
            "primary_key": ["id"],
            "land": {"agency": "tenant-a", "file": "employees"},
        } | changes
        whole = {
            "source": "hr",
            "base_url": self.api.url,
            "allow_private": True,
            "limits": {"deadline": "1s"},
            "rate_limit": {"requests": 1000, "per": "1s", "concurrent": 2},
            "endpoints": {"employees": endpoint},
        }
        (self.folder / "hr.yaml").write_text(yaml.safe_dump(whole))

    def run(self, *arguments: str, **settings: object) -> int:
        program = Program(read_settings(None, **{**self.settings, **settings}), Console())
        return run_entrypoint(lambda argv: main(argv, program), list(arguments) or ["hr"])

    def landed(self) -> list[dict[str, Any]]:
        """The records in the object of each window that was announced last."""
        return [json.loads(line) for line in self.lines()]

    def lines(self) -> list[str]:
        keys = {
            row.hour: row.key
            for row in self.ask("SELECT window_start AS hour, key FROM pipeline.api_object ORDER BY id")
        }
        bodies = [self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read() for key in keys.values()]
        return [line for body in bodies for line in gzip.decompress(body).decode().splitlines()]

    def ask(self, query: str) -> list[Any]:
        with self.database.connect() as connection:
            return list(connection.execute(text(query)))


@pytest.fixture
def rig(
    api: ServedApi,
    new_database: Callable[..., str],
    s3: S3Client,
    s3_server: S3Server,
    bucket: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Rig]:
    monkeypatch.setattr(land, "_APART", timedelta(0))  # nobody reads what landed
    database_url = new_database(with_all_tables)
    database = connect(database_url)
    settings = {
        "database_url": SecretStr(database_url),
        "s3_endpoint": s3_server.endpoint,
        "s3_region": s3_server.region,
        "s3_access_key": SecretStr(s3_server.access_key),
        "s3_secret_key": SecretStr(s3_server.secret_key),
        "landing_bucket": bucket,
        "api_sources": str(tmp_path),
    }
    made = Rig(api, database, s3, bucket, tmp_path, settings)
    made.items = [{"id": n, "updated_at": f"2026-03-01T10:00:{n:02}Z"} for n in range(7)]
    api.paths["/employees"] = pages(made.items, 3)
    made.source()
    yield made
    database.dispose()


def test_what_is_new_lands_is_announced_and_comes_once(rig: Rig) -> None:
    assert rig.run() == 0
    assert [one["id"] for one in rig.landed()] == list(range(7))
    assert [(row.state, row.run_window, row.source) for row in rig.ask("SELECT * FROM pipeline.object_inbox")] == [
        ("pending", "key", "api")
    ]
    (row,) = rig.ask("SELECT * FROM pipeline.api_object")
    assert row.key.startswith(f"agency/tenant-a/files/employees/{row.window_start:%Y-%m-%d/%H}/employees-")
    assert row.key.endswith("-0001.jsonl.gz")
    assert rig.run() == 0
    assert len(rig.ask("SELECT FROM pipeline.object_inbox")) == 1
    assert rig.api.asked[-1].query["since"] == "2026-03-01T09:58:06Z"
    # One of the second that was read last came late, one changed, and one is new.
    rig.items += [{"id": 7, "updated_at": "2026-03-01T10:00:06Z"}, {"id": 8, "updated_at": "2026-03-01T10:00:09Z"}]
    rig.items[2] = {"id": 2, "updated_at": "2026-03-01T10:00:08Z"}
    assert rig.run() == 0
    assert [one["id"] for one in rig.landed()] == [0, 1, 2, 3, 4, 5, 6, 2, 7, 8]
    assert [row.position for row in rig.ask("SELECT position FROM pipeline.api_cursor")] == ["2026-03-01T10:00:09Z"]
    assert [row.digests for row in rig.ask("SELECT digests FROM pipeline.api_object")] == [None, None]


def test_records_stay_as_they_were_received(rig: Rig) -> None:
    record = '{"z":1.10, "id" : 12345678901234567890123, "updated_at":"2026-03-01","a":"\\u00e9 \\n\\ud83d","e":1E400}'
    rig.api.paths["/employees"] = lambda _query, _count: Reply(
        f'{{"meta": {{"next": null}}, "data": {{"items": [{record.replace(", ", ",  ")},\n {record}]}}}}'.encode()
    )
    rig.source(incremental=None)
    assert rig.run() == 0
    assert rig.lines() == [record.replace(", ", ",  "), record]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"data": {"rows": []}}, "there is no list at data.items"),
        (b'{"data": {"items": [{"id": 9, "upd', "not JSON"),
        ({"data": {"items": [{"ident": 9}]}, "meta": {}}, "record 1 has no id"),
        ({"data": {"items": [{"id": 9, "updated_at": "soon"}]}, "meta": {}}, "neither a moment"),
        ({"data": {"items": [{"id": 9, "updated_at": "2026-03-01T11:00:00Z"}]}, "meta": {"next": "3"}}, "repeats"),
        ({"data": {"items": [{"id": 9, "updated_at": "2026-03-01T11:00:00Z"}]}, "meta": {"next": []}}, "is no text"),
    ],
)
def test_a_page_that_is_not_what_was_declared_is_kept_and_so_is_what_came_before_it(
    rig: Rig, answer: object, said: str
) -> None:
    """The schema changes in the middle of a reading, the text is cut, or the cursor leads back."""
    rig.api.paths["/employees"] = lambda query, count: (
        Reply(answer) if "cursor" in query else pages(rig.items, 3)(query, count)
    )
    assert rig.run() == 1
    assert [one["id"] for one in rig.landed()][:3] == [0, 1, 2]
    (letter,) = rig.ask("SELECT * FROM pipeline.announcement_dead_letter")
    assert said in letter.reason
    assert letter.source == "api hr employees"
    assert letter.body.startswith(f"GET {rig.api.url}/employees?cursor=…")
    assert (answer.decode() if isinstance(answer, bytes) else json.dumps(answer)) in letter.body
    assert rig.ask("SELECT FROM pipeline.api_cursor") == []
    # It is mended, and what landed before does not land again.
    rig.api.paths["/employees"] = pages(rig.items, 3)
    assert rig.run() == 0
    assert sorted(one["id"] for one in rig.landed() if one["id"] != 9) == list(range(7))


def test_an_outage_ends_with_75_keeps_what_came_and_the_same_command_goes_on(rig: Rig) -> None:
    rig.api.paths["/employees"] = lambda query, count: (
        Reply({}, 503) if query.get("cursor") == "6" else pages(rig.items, 3)(query, count)
    )
    assert rig.run() == 75
    assert [one["id"] for one in rig.landed()] == list(range(6))
    rig.api.paths["/employees"] = pages(rig.items, 3)
    assert rig.run() == 0
    assert [one["id"] for one in rig.landed()] == list(range(7))


def test_full_and_since_read_again_and_a_dry_run_keeps_nothing(rig: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    assert rig.run("hr", "--dry-run") == 0
    assert "hr employees: all; the first page has 3 records" in capsys.readouterr().out
    assert rig.ask("SELECT FROM pipeline.api_object") == []
    assert rig.run("--all") == 0
    assert rig.run("hr", "--full", "--endpoint", "employees") == 0
    assert len(rig.landed()) == 14
    assert rig.run("hr", "--since", "2026-03-01T10:00:05Z") == 0
    assert [one["id"] for one in rig.landed()][14:] == [5, 6]
    assert [row.position for row in rig.ask("SELECT position FROM pipeline.api_cursor")] == ["2026-03-01T10:00:06Z"]


@pytest.mark.parametrize(
    ("arguments", "settings", "said"),
    [
        (("hrr",), {}, "did you mean hr"),
        (("hr", "--all"), {}, "either the name of a source, or --all"),
        ((), {"landing_bucket": None}, "LANDING_BUCKET: is not set"),
        ((), {"allowed_buckets": ("other",)}, "not among ALLOWED_BUCKETS"),
        ((), {"key_layouts": ("{agency_slug}/{file_name}/{object}",)}, "KEY_LAYOUTS: has no template"),
        ((), {"api_sources": "/nowhere"}, "there is no folder /nowhere"),
        (("hr", "--endpoint", "units"), {}, "has no endpoint 'units'"),
        (("hr", "--full", "--since", "1"), {}, "expected one of them"),
    ],
)
def test_what_cannot_be_carried_out_is_said_and_nothing_is_asked(
    rig: Rig,
    arguments: tuple[str, ...],
    settings: dict[str, Any],
    said: str,
) -> None:
    with structlog.testing.capture_logs() as logs:
        assert rig.run(*arguments, **settings) == 2
    assert said in json.dumps(logs, default=str).replace("\\", "")
    assert rig.api.asked == []


def test_what_a_killed_process_wrote_is_announced_by_the_next_one(rig: Rig) -> None:
    assert rig.run() == 0
    with rig.database.begin() as connection:  # as if it had died between the object and its announcement
        connection.execute(text("TRUNCATE pipeline.object_inbox"))
        connection.execute(text("DELETE FROM pipeline.api_cursor"))
        digests = b"".join(_digests(rig.lines()))
        connection.execute(
            text("UPDATE pipeline.api_object SET state = 'writing', digests = :digests"), {"digests": digests}
        )
    assert rig.run() == 0
    assert len(rig.ask("SELECT FROM pipeline.object_inbox")) == 1
    assert [one["id"] for one in rig.landed()] == list(range(7))


def _digests(lines: list[str]) -> list[bytes]:
    return [digest_of(line.encode()) for line in lines]


def test_two_processes_do_not_read_an_endpoint_at_once(rig: Rig) -> None:
    mine, other = (DatabaseAccount(rig.database, rig.bucket, lambda *_: 0, lambda *_: None) for _ in range(2))
    with pytest.MonkeyPatch.context() as patch, mine.turn("hr", "employees"):
        patch.setattr(database_account, "_LOCK_SECONDS", 1)
        with pytest.raises(DatabaseUnavailableError, match="another process reads it"), other.turn("hr", "employees"):
            pass
        with other.turn("hr", "units"):
            pass
