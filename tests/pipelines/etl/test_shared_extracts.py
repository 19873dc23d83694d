"""An extract by two connections: each row comes once, all of one moment, or none is used."""

from __future__ import annotations

import os
import signal
import uuid
from pathlib import Path
from threading import Event, Timer
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import make_url

from etl_core.errors import PipelineError
from pipelines.etl.errors import SourceChangedError
from pipelines.etl.flow.window import Window
from pipelines.etl.source import sharing
from pipelines.etl.source.at_once import at_once
from pipelines.etl.source.snapshot import open_snapshot
from tests.pipelines.etl.etl_world import FIRST, EtlWorld

if TYPE_CHECKING:
    from collections.abc import Iterator

_TEXTS = "SELECT n AS id, CASE WHEN n % 5 > 0 THEN 'é' || n END AS email FROM generate_series(1, 3000) AS n"


@pytest.fixture(autouse=True)
def any_query_is_much_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "_WORTH_TWO", 0)


@pytest.fixture
def role_of_one_connection(world: EtlWorld) -> Iterator[str]:
    """Give the source's address for a role that may open one connection."""
    name = f"reader_{uuid.uuid4().hex}"
    world.change(world.source_url, f"CREATE ROLE {name} LOGIN CONNECTION LIMIT 1")
    world.change(world.source_url, f"GRANT SELECT ON users, orders TO {name}")
    yield make_url(world.source_url).set(username=name).render_as_string(hide_password=False)
    world.change(world.source_url, f"DROP OWNED BY {name}")
    world.change(world.source_url, f"DROP ROLE {name}")


def _parts(world: EtlWorld) -> list[Path]:
    return sorted(Path(world.root).glob("*/*/extract/*/*.parquet"))


def _rows(world: EtlWorld) -> pa.Table:
    return pa.concat_tables(map(pq.read_table, _parts(world))).sort_by("id")


@pytest.mark.parametrize("on", ["id", "email"])
def test_two_connections_read_what_one_reads_and_add_up_the_same_hashes(
    on: str, world: EtlWorld, tmp_path: Path
) -> None:
    one = world.with_flow(tmp_path / "one", query=_TEXTS, partitions="partition_on: id\n  partitions: 1")
    assert one.run(FIRST, ("extract",)).steps[0].state == "done"
    assert [path.name for path in _parts(world)] == ["part-00001.parquet"]
    expected = _rows(world)
    two = world.with_flow(tmp_path / "two", query=_TEXTS, partitions=f"partition_on: {on}")
    assert two.run(FIRST, ("extract",)).steps[0].message == "3,000 rows were read"
    assert [path.name for path in _parts(world)] == ["part-00001-1.parquet", "part-00001-2.parquet"]
    assert min(pq.read_metadata(path).num_rows for path in _parts(world)) > 500
    assert _rows(world) == expected
    assert two.run(FIRST, ("extract",)).steps[0].state == "skipped"


def test_both_see_the_moment_of_the_first(world: EtlWorld) -> None:
    flow = world.doors().flow
    with open_snapshot(world.source_url, "SOURCE_DATABASE_URL", Window(FIRST)) as seen:
        before = seen.hashes(flow)
        world.change(world.source_url, "INSERT INTO orders VALUES (99, 2, 7, '2026-01-01 10:00+00')")
        with seen.beside() as second:
            assert second is not None
            assert second.hashes(flow) == before
    with open_snapshot(world.source_url, "SOURCE_DATABASE_URL", Window(FIRST)) as later:
        assert later.hashes(flow) != before


def test_one_that_fails_ends_the_other_at_once_and_nothing_is_left(world: EtlWorld, tmp_path: Path) -> None:
    made = "CREATE OR REPLACE FUNCTION public.asleep() RETURNS text STABLE LANGUAGE plpgsql"
    world.change(world.source_url, f"{made} AS 'BEGIN PERFORM pg_sleep(60); RETURN 1; END'")
    query = """
        SELECT n AS id, CASE WHEN hashint8extended(n, 0) < 0 THEN public.asleep() ELSE (1 / (n - n))::text END AS x
        FROM generate_series(1, 50) AS n
    """
    with pytest.raises(SourceChangedError, match="division by zero"):
        world.with_flow(tmp_path / "flows", query=query).run(FIRST, ("extract",))
    asleep = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'COPY%asleep%'"
    assert world.rows(world.source_url, f"{asleep} AND state = 'active'") == [(0,)]
    assert _parts(world) == []


@pytest.mark.parametrize("count", [1, 2])
def test_a_signal_ends_whatever_is_waited_for(count: int) -> None:
    works = [_Asleep() for _ in range(count)]
    Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        at_once(works)
    assert all(one.woken.is_set() for one in works)


class _Asleep:
    def __init__(self) -> None:
        self.woken = Event()

    def __call__(self) -> bool:
        return self.woken.wait(60)

    def cancel(self) -> None:
        self.woken.set()


def test_a_source_that_gives_no_second_connection_is_read_by_one(world: EtlWorld, role_of_one_connection: str) -> None:
    world.source_url, own = role_of_one_connection, world.source_url
    assert world.run(FIRST, ("extract",)).steps[0].state == "done"
    assert [path.name for path in _parts(world)] == ["part-00001.parquet"]
    world.source_url = own


_NUMBERS = "SELECT n::bigint AS id, 'x' AS email FROM generate_series(1, 300) AS n"


@pytest.mark.parametrize(
    "query",
    {
        "no order, and a limit": f"{_NUMBERS} LIMIT 200",
        "one of those alike": "SELECT DISTINCT ON (n % 50) n AS id, 'x' AS email FROM generate_series(1, 300) AS n",
        "numbers of rows": "SELECT row_number() OVER () AS id, 'x' AS email FROM generate_series(1, 300)",
        "chance": f"{_NUMBERS} WHERE random() < 0.5",
        "chance in a key": "SELECT gen_random_uuid() AS id, 'x' AS email FROM generate_series(1, 300)",
        "a sample": "SELECT id, email FROM users TABLESAMPLE system (50)",
        "the moment": f"{_NUMBERS} WHERE timestamptz '2026-01-01 00:00+00' + n * interval '1 s' < now()",
        "the day": "SELECT n AS id, CURRENT_DATE::text AS email FROM generate_series(1, 300) AS n",
        "in a part of it": "SELECT u.id, l.x AS email FROM users u, LATERAL (SELECT total AS x FROM orders LIMIT 1) l",
    }.items(),
    ids=lambda pair: pair[0],
)
def test_a_query_that_may_give_other_rows_when_it_is_asked_again_is_asked_once(
    query: tuple[str, str], world: EtlWorld, tmp_path: Path
) -> None:
    flow = world.with_flow(tmp_path / "flows", query=query[1])
    assert flow.run(FIRST, ("extract",)).steps[0].state == "done"
    assert [path.name for path in _parts(world)] in (["part-00001.parquet"], [])


def test_a_function_of_the_sources_own_is_taken_at_its_word(world: EtlWorld, tmp_path: Path) -> None:
    for number, (word, parts) in enumerate((("VOLATILE", 1), ("STABLE", 2))):
        made = f"CREATE OR REPLACE FUNCTION public.doubled(n bigint) RETURNS bigint {word} LANGUAGE plpgsql"
        world.change(world.source_url, f"{made} AS 'BEGIN RETURN n * 2; END'")
        query = "SELECT public.doubled(n) AS id, 'x' AS email FROM generate_series(1::bigint, 300) AS n"
        flow = world.with_flow(tmp_path / str(number), query=query)
        assert flow.run(FIRST, ("extract",), full=True).steps[0].message == "300 rows were read"
        assert len(_parts(world)) == parts


def test_a_source_that_exports_no_snapshots_is_read_by_one(world: EtlWorld, role_of_one_connection: str) -> None:
    export = "EXECUTE ON FUNCTION pg_catalog.pg_export_snapshot()"
    name = make_url(role_of_one_connection).username
    world.change(world.source_url, f"ALTER ROLE {name} CONNECTION LIMIT 9")
    world.change(world.source_url, f"REVOKE {export} FROM PUBLIC")
    world.source_url, own = role_of_one_connection, world.source_url
    try:
        assert world.run(FIRST, ("extract",)).steps[0].state == "done"
    finally:
        world.source_url = own
        world.change(own, f"GRANT {export} TO PUBLIC")
    assert [path.name for path in _parts(world)] == ["part-00001.parquet"]


def test_a_column_that_the_query_does_not_have_is_named(world: EtlWorld, tmp_path: Path) -> None:
    flow = world.with_flow(tmp_path / "flows", query=_TEXTS, partitions="partition_on: ident")
    with pytest.raises(PipelineError, match="has no column ident, which partition_on names; expected one of id, email"):
        flow.run(FIRST, ("extract",))
