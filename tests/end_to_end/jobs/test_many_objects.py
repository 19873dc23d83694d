"""However many objects a job is about, it holds a few at a time; and each is announced once, also after a kill."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tracemalloc
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest

from dq.intake.event_spool import EventSpool
from dq.intake.manifest import read_manifest
from dq.ledger.inspection import list_rows
from etl_core.errors import UsageError
from etl_core.objects.store import ObjectStore
from jobs.announcing.announcing import announce_spooled
from jobs.announcing.choosing import Choice
from jobs.backfill import spool_chosen
from tests.end_to_end.processes import inherited, wait_for
from tests.paging_store import PagingStore, entry_of, key_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Engine

    from tests.end_to_end.command_line import CommandLine
    from tests.end_to_end.landing import Landing

_ROOT = Path(__file__).parents[3]
_ANNOUNCING = [sys.executable, "-m", "tests.end_to_end.jobs.announcing_program"]


def address_of(database: Engine) -> str:
    return database.url.set(drivername="postgresql").render_as_string(hide_password=False)


@pytest.mark.night
def test_four_times_the_objects_under_a_prefix_take_no_more_memory(landing: Landing) -> None:
    """Listed, looked at, checked for windows that would collapse, and announced; held as a whole they take 26 MiB."""
    command = [*_ANNOUNCING, address_of(landing.database), "20000", "80000"]
    done = subprocess.run(command, cwd=_ROOT, env=inherited(), capture_output=True, text=True, check=True)
    (few, peak_of_few), (many, peak_of_many) = [map(int, line.split()[:2]) for line in done.stdout.splitlines()]
    assert (few, many) == (20_000, 80_000)
    assert peak_of_many - peak_of_few <= 12, done.stdout


@pytest.mark.parametrize(
    "form", ["lines.jsonl", *(pytest.param(form, marks=pytest.mark.night) for form in ("array.json", "list.csv"))]
)
def test_three_times_the_entries_of_a_manifest_take_no_more_memory(form: str, tmp_path: Path) -> None:
    """By what is allocated: a process has more than that from its imports on."""
    peaks = []
    for count in (12_000, 36_000):
        place = tmp_path / f"{count}-{form}"
        with place.open("w") as file:
            rows = ({"bucket": "landing", "key": key_of(number), "size": number} for number in range(count))
            match form:
                case "lines.jsonl":
                    file.writelines(f"{json.dumps(row)}\n" for row in rows)
                case "array.json":
                    file.write("[")
                    file.writelines(f"{',' * (row['size'] != 0)}{json.dumps(row)}" for row in rows)
                    file.write("]")
                case _:
                    file.writelines(f"landing,{row['key']}\n" for row in rows)
        tracemalloc.start()
        try:
            assert sum(1 for _ in read_manifest(ObjectStore(), str(place))) == count
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
    assert max(peaks) < 10 * 2**20
    assert peaks[1] - peaks[0] < 2**20


def test_what_was_announced_when_a_job_was_killed_is_announced_once_and_the_rest_by_the_next(landing: Landing) -> None:
    command = [*_ANNOUNCING, address_of(landing.database), "30000"]
    process = subprocess.Popen(command, cwd=_ROOT, env=inherited(), stdout=subprocess.DEVNULL)
    wait_for(lambda: bool(list_rows(landing.database, after_id=3000, limit=1)), 60, "some thousand rows")
    process.send_signal(signal.SIGKILL)
    process.wait()
    before = list_rows(landing.database, limit=40_000)
    assert 3000 < len(before) < 30_000
    done = subprocess.run(command, cwd=_ROOT, env=inherited(), capture_output=True, text=True, check=True)
    assert done.stdout.split()[0] == "30000"
    rows = list_rows(landing.database, limit=40_000)
    assert [row.id for row in rows[: len(before)]] == [row.id for row in before]
    assert sorted(row.event.key for row in rows) == sorted(map(key_of, range(30_000)))


def test_whoever_asks_it_to_stop_while_it_announces_waits_for_a_piece_and_not_for_all(landing: Landing) -> None:
    stop: Any = Event()
    with closing(EventSpool()) as spool:
        stop.is_set = iter([False] * 5 + [True] * 9).__next__
        doors = replace(landing.doors, objects=PagingStore(5000))
        never: Any = Event()
        spool_chosen(Choice("s3://landing/"), spool, doors, never, force=False, run_window="key")
        assert spool.events == 5000
        assert announce_spooled(spool, doors, stop, source="backfill").due == 5000
        stop.is_set = iter([False, True]).__next__
        assert announce_spooled(spool, doors, stop, source="backfill").due == 1000


def test_windows_that_would_collapse_are_found_among_all_objects_before_one_is_announced(landing: Landing) -> None:
    """The two that would are the first and the last of thousands that would not."""

    class Copied(PagingStore):
        def paginate(self, **given: object) -> Iterator[dict[str, Any]]:
            for page in super().paginate(**given):
                if page["Contents"][-1]["Key"] == key_of(4999):
                    page["Contents"][-1]["LastModified"] = entry_of(0)["LastModified"]
                yield page

    doors = replace(landing.doors, objects=Copied(5000), run_window="last_modified")
    never: Any = Event()
    with (
        closing(EventSpool()) as spool,
        pytest.raises(UsageError, match=r"tenant-a/trips: keys of 2 windows") as caught,
    ):
        spool_chosen(Choice("s3://landing/"), spool, doors, never, force=False, run_window=None)
    assert "2020-01-01 00h to 2020-02-22 01h, would become the one run 2020-01-01 00h" in str(caught.value)


@pytest.mark.night
def test_thousands_of_real_objects_are_listed_once_each(command_line: CommandLine, landing: Landing) -> None:
    """More than a page, some of them with a verdict that is left out."""
    keys = sorted(key_of(number) for number in range(1150))
    events = [landing.put(key) for key in keys]
    landing.doors.inbox.announce(events[:210], now=landing.clock(), source="test", run_window="key")
    landing.sql("UPDATE pipeline.object_inbox SET state = 'done', read_etag = etag")
    ran = command_line.run("backfill", "--prefix", f"s3://{landing.bucket}/agency/", "--dry-run")
    assert ran.code == 0
    assert ran.out.splitlines() == [f"s3://{landing.bucket}/{key}" for key in keys[210:]]
    assert len(list_rows(landing.database, limit=5000)) == 210
