"""What a page asks the database: numbers, which are the same on every machine."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg2.extensions
import pytest
from sqlalchemy import event, text

from tests.end_to_end.landing import GOOD, key_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.service.site import Site


class _Asked:
    """How often the readers' connections were taken, and what was asked over them."""

    def __init__(self) -> None:
        self.connections = 0
        self.statements: list[str] = []


@contextmanager
def _counting(site: Site) -> Iterator[_Asked]:
    asked = _Asked()

    class Counting(psycopg2.extensions.cursor):
        def execute(self, query: str | bytes, vars: object = None) -> None:  # type: ignore[override]  # noqa: A002 - the driver's name
            asked.statements.append(str(query))
            super().execute(query, vars)  # type: ignore[arg-type]

    def taken(connection: psycopg2.extensions.connection, _record: object, _proxy: object) -> None:
        asked.connections += 1
        connection.cursor_factory = Counting

    def given_back(connection: psycopg2.extensions.connection | None, _record: object) -> None:
        if connection is not None:
            connection.cursor_factory = psycopg2.extensions.cursor

    event.listen(site.doors.reader, "checkout", taken)
    event.listen(site.doors.reader, "checkin", given_back)
    try:
        yield asked
    finally:
        event.remove(site.doors.reader, "checkout", taken)
        event.remove(site.doors.reader, "checkin", given_back)


@pytest.fixture(scope="module")
def ids(site: Site) -> dict[str, str]:
    """A file with two runs, and an object."""
    landing = site.landing
    landing.configure()
    for hour in (1, 2):
        landing.announce(landing.put(key_of(hour=hour), GOOD))
    landing.process()
    with landing.database.connect() as connection:
        run, file, row = connection.execute(
            text("""
            SELECT r.id, r.monitoring_file_id, (SELECT max(id) FROM pipeline.object_inbox)
            FROM reporting.monitoring_file_run r ORDER BY r.run_date DESC, r.run_hour DESC LIMIT 1
            """)
        ).one()
    return {"run": str(run), "file": str(file), "object": str(row)}


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/runs/{run}", 10),
        ("/files/{file}", 12),
        ("/files/{file}/unusual", 4),
        ("/objects", 6),
        ("/objects/{object}", 6),
        ("/alerts", 9),
        ("/", 2),
        ("/api/runs/{run}", 3),
        ("/api/runs/{run}/profile", 3),
        ("/api/files/{file}/runs", 3),
        ("/api/objects/{object}", 8),
    ],
)
def test_a_page_asks_little_over_one_connection(site: Site, ids: dict[str, str], path: str, most: int) -> None:
    with _counting(site) as asked:
        assert site.ask(path.format(**ids)).status == 200
    assert asked.connections == 1
    assert len(asked.statements) <= most, asked.statements


def test_a_run_is_compared_with_the_one_before_it(site: Site, ids: dict[str, str]) -> None:
    page = site.ask(f"/runs/{ids['run']}").text
    assert "Since the run before" in page
    assert f'href="/files/{ids["file"]}"' in page
