"""What becomes of the objects of one batch: verdicts, named reasons, and never anything lost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

import pytest
from sqlalchemy import event
from structlog.testing import capture_logs

from dq.batch.batch_counts import BatchCounts
from dq.batch.coming_due import make_due
from dq.batch.process_batch import process_batch
from dq.batch.settings import agencies_of_buckets
from dq.engine.profile_files import judge_sources
from dq.engine.source_file import UnseenObject
from dq.events.key_layout import KeyLayouts
from dq.events.object_event import ObjectEvent
from dq.ledger.inspection import balance, list_rows
from dq.schema.definition import ScoringMode
from etl_core.errors import (
    CatalogueError,
    DatabaseUnavailableError,
    PipelineError,
    StorageUnavailableError,
)
from etl_core.objects.store import ObjectStore, S3Access
from etl_core.shipped_files import shipped_file
from tests.databases import VARIANTS, apply
from tests.end_to_end.landing import GOOD, TRIPS, Landing, key_of, make_landing
from tests.reporting.samples import everything

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from mypy_boto3_s3 import S3Client

    from dq.engine.file_results import FileVerdict
    from dq.engine.source_file import Source
    from tests.local_s3 import S3Server


def test_an_announced_object_gets_its_verdict_and_the_ledger_says_done(any_landing: Landing) -> None:
    any_landing.configure()
    any_landing.announce(any_landing.put(key_of()))
    outcome = any_landing.process()
    assert outcome == BatchCounts(1, {"done": 1}, rows=2, bytes=len(GOOD))
    (verdict,) = any_landing.verdicts()
    assert (verdict.score, verdict.passed, verdict.run_hour) == (100, True, 12)
    row = any_landing.rows()[key_of()]
    assert row.state == "done"
    assert row.monitoring_file_run_id == str(verdict.run_id)
    assert row.definition_fingerprint


def test_both_variants_of_the_tables_get_the_same_verdicts(
    new_database: Callable[..., str], s3_server: S3Server, s3: S3Client, bucket: str
) -> None:
    def verdicts(script: Path) -> list[tuple[str, int, int, dict[str, Any], dict[str, float]]]:
        landing = make_landing(apply(new_database(), script), s3_server, s3, bucket)
        landing.configure()
        landing.configure("notes", {"fields": [{"name": "author"}, {"name": "missing"}]})
        landing.announce(
            landing.put(key_of(), b"id,driver\n1,ada\n1,\nx,ben\n"),
            landing.put(key_of("notes"), b"author\nada\n"),
            landing.put(key_of("trips", 13), b""),
        )
        landing.process()
        found = [(one.file_name, one.run_hour, one.score, one.metrics, one.deductions) for one in landing.verdicts()]
        landing.database.dispose()
        return found

    full = verdicts(shipped_file("sql/reporting.sql"))
    assert [score for _, _, score, _, _ in full] != [100] * len(full)
    assert len(full) == 3
    assert verdicts(VARIANTS / "web_application.sql") == full


def test_processing_twice_changes_nothing_but_the_time_of_the_update(any_landing: Landing) -> None:
    any_landing.configure()
    event = any_landing.put(key_of())
    any_landing.announce(event)
    any_landing.process()
    before = everything(any_landing.database, without=frozenset({"updated_at"}))
    any_landing.clock.forward(minutes=5)
    any_landing.announce(event)
    assert any_landing.process() == BatchCounts()
    any_landing.announce(event, force=True)
    assert any_landing.process().states == {"done": 1}
    assert everything(any_landing.database, without=frozenset({"updated_at"})) == before


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("somewhere/else.csv", "does not have the form"),
        (key_of() + "/deeper.csv", "does not have the form"),
        ("agency/tenant-a/files/trips/2026-13-04/12/data.csv", "not a real date"),
        ("agency/../files/{a,b}*?/x", "does not have the form"),
    ],
)
def test_a_key_outside_the_layouts_is_ignored_with_that_reason(landing: Landing, key: str, reason: str) -> None:
    landing.announce(ObjectEvent(landing.bucket, key))
    assert landing.process().states == {"ignored": 1}
    assert reason in str(landing.rows()[key].reason)


def test_an_object_of_a_foreign_bucket_is_never_fetched(landing: Landing) -> None:
    landing.configure()
    landing.announce(landing.put(key_of()))
    assert landing.process(allowed_buckets=frozenset({"another"})).states == {"ignored": 1}
    assert "ALLOWED_BUCKETS" in str(landing.rows()[key_of()].reason)


@pytest.mark.parametrize(
    ("rules", "state"),
    [
        (["tenant-b tenant-a"], "done"),
        (["*"], "done"),
        (["tenant-*"], "done"),
        (["tenant-b"], "ignored"),
        (["tenant-?"], "ignored"),
    ],
)
def test_a_bucket_may_be_that_of_some_agencies_only(landing: Landing, rules: list[str], state: str) -> None:
    """Whoever may write to it chooses the key, and with it the agency."""
    landing.configure()
    landing.announce(landing.put(key_of()))
    allowed = agencies_of_buckets(tuple(f"{landing.bucket} = {one}" for one in rules))
    landing.process(bucket_agencies=allowed)
    row = landing.rows()[key_of()]
    assert row.state == state
    assert state == "done" or "may not have files of agency 'tenant-a' (BUCKET_AGENCIES)" in str(row.reason)


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ("landing-a", "no rule"),
        ("landing-a=", "no rule"),
        ("=x", "no rule"),
        ("landing=y", "two"),
        ("s3://landing=y", "no bucket can be called"),
        ("arn:aws:s3:::landing=y", "no bucket can be called"),
    ],
)
def test_a_rule_that_is_none_is_named(rule: str, problem: str) -> None:
    """One for a name that no bucket has would leave the one that was meant open to all."""
    with pytest.raises(ValueError, match=problem):
        agencies_of_buckets(("landing=x", rule))


def test_a_file_nobody_configured_is_a_warning_a_ledger_row_and_no_run(landing: Landing) -> None:
    landing.announce(landing.put(key_of("surprise")))
    with capture_logs() as lines:
        assert landing.process().states == {"unconfigured": 1}
    (line,) = [line for line in lines if line["event"] == "unconfigured"]
    assert line["log_level"] == "warning"
    assert "'surprise'" in line["reason"]
    assert landing.verdicts() == ()


def test_with_auto_create_the_file_gets_a_placeholder_and_a_verdict_of_its_format(any_landing: Landing) -> None:
    any_landing.announce(any_landing.put(key_of("surprise")), any_landing.put(key_of("surprise", 13)))
    assert any_landing.process(auto_create_files=True).states == {"done": 2}
    verdicts = any_landing.verdicts()
    assert {one.score for one in verdicts} == {100}
    statuses = [metric["status"] for metric in verdicts[0].metrics.values()]
    assert sorted(statuses) == ["not_run"] * 4 + ["passed"]


def test_a_file_is_processed_whatever_is_active_says_unless_inactive_ones_are_to_be_ignored(landing: Landing) -> None:
    """The flag is the web application's, which creates rows with false."""
    landing.configure(is_active=False)
    landing.announce(landing.put(key_of()))
    assert landing.process().states == {"done": 1}
    landing.announce(landing.put(key_of(hour=13)))
    assert landing.process(process_inactive_files=False).states == {"ignored": 1}
    assert "INACTIVE_FILES" in str(landing.rows()[key_of(hour=13)].reason)


def test_a_definition_that_names_no_mode_is_scored_by_the_default_one(landing: Landing) -> None:
    """One that names its own keeps it."""
    landing.configure()
    landing.configure("by-share", {**TRIPS, "scoring": {"mode": "proportional"}})
    body = b"id,driver\n1,\n2,ben\n3,cid\n4,dan\n"
    landing.announce(landing.put(key_of(), body), landing.put(key_of("by-share"), body))
    landing.process(scoring_mode=ScoringMode.ALL_OR_NOTHING)
    assert landing.scores() == {("trips", 12): 80, ("by-share", 12): 98}


def test_a_broken_definition_ends_with_all_its_problems_and_is_scored_once_mended(landing: Landing) -> None:
    broken = {"fields": [{"name": "id", "type": "integr"}, {"name": "driver", "min": 5, "max": "x", "type": "integer"}]}
    landing.configure(definition=broken)
    landing.announce(landing.put(key_of()))
    assert landing.process().states == {"bad_definition": 1}
    reason = str(landing.rows()[key_of()].reason)
    assert "integr" in reason
    assert "max" in reason
    landing.sql(
        "UPDATE reporting.monitoring_file_schema_definition SET definition = CAST(:good AS jsonb)",
        good='{"fields": [{"name": "id", "type": "integer"}, {"name": "driver"}]}',
    )
    assert make_due(landing.doors) == 1
    assert make_due(landing.doors) == 0
    assert landing.process().states == {"done": 1}
    assert landing.scores() == {("trips", 12): 100}


def test_what_waits_for_a_file_is_due_when_the_file_appears_and_not_before(any_landing: Landing) -> None:
    """Also where its definition is broken at first, or another pair of the same name gets a file."""
    keys = [key_of(hour=hour) for hour in (1, 2)] + [key_of("other"), key_of(agency="tenant-b")]
    any_landing.announce(*(any_landing.put(key) for key in keys))
    assert any_landing.process().states == {"unconfigured": 4}
    assert make_due(any_landing.doors) == 0
    any_landing.configure(definition={"fields": [{"name": "id", "type": "integr"}]})
    with capture_logs() as lines:
        assert make_due(any_landing.doors) == 2
    assert [line["objects"] for line in lines if "due again" in line["event"]] == [2]
    assert any_landing.process().states == {"bad_definition": 2}
    assert make_due(any_landing.doors) == 0
    any_landing.sql(
        "UPDATE reporting.monitoring_file_schema_definition SET definition = CAST(:good AS jsonb)",
        good='{"fields": [{"name": "id", "type": "integer"}]}',
    )
    assert make_due(any_landing.doors) == 2
    assert any_landing.process().states == {"done": 2}
    assert sorted(any_landing.states().values()) == ["done", "done", "unconfigured", "unconfigured"]


def test_a_file_that_gets_another_definition_or_none_makes_due_what_waited_for_a_better_one(landing: Landing) -> None:
    landing.configure(definition={"fields": [{"name": "id", "type": "integr"}]})
    landing.announce(landing.put(key_of()))
    landing.process()
    landing.sql("UPDATE reporting.monitoring_file SET schema_definition_id = NULL")
    assert make_due(landing.doors) == 1
    assert landing.process().states == {"done": 1}


def test_of_two_files_of_one_name_the_one_that_counts_decides_what_is_due(landing: Landing) -> None:
    """Else its objects would be due again at every look."""
    landing.sql("ALTER TABLE reporting.monitoring_file DROP CONSTRAINT monitoring_file_agency_slug_file_name_key")
    landing.configure(definition={"fields": [{"name": "id", "type": "integr"}]}, is_active=True)
    landing.configure(definition=TRIPS, is_active=False)
    landing.announce(landing.put(key_of()))
    assert landing.process().states == {"bad_definition": 1}
    assert make_due(landing.doors) == 0


def test_looking_for_what_is_due_reads_an_index_of_what_waits(landing: Landing) -> None:
    landing.sql(
        "INSERT INTO pipeline.object_inbox (bucket, key, source, received_at, due_at, updated_at, state, reason,"
        " agency_slug, file_name) SELECT 'b', n::text, 's3', now(), now(), now(),"
        " CASE n % 2 WHEN 0 THEN 'done' ELSE 'dead' END, 'odd', null, null FROM generate_series(1, 20000) n"
    )
    landing.sql("ANALYZE pipeline.object_inbox")
    statements: list[tuple[str, Any]] = []
    event.listen(
        landing.database,
        "before_cursor_execute",
        lambda _c, _cursor, statement, values, *_: statements.append((statement, values)),
    )
    assert make_due(landing.doors) == 0
    (look,) = statements
    with landing.database.connect() as connection:
        plan = "\n".join(connection.exec_driver_sql(f"EXPLAIN {look[0]}", look[1]).scalars())
    assert "object_inbox_waiting" in plan
    assert "Seq Scan on object_inbox" not in plan


@pytest.mark.parametrize("named", ["2026-01-04/24", "2026-13-04/12", "yesterday/noon"])
def test_a_date_and_hour_in_the_key_that_are_none_matter_only_where_the_window_is_taken_from_the_key(
    landing: Landing, named: str
) -> None:
    """And they are told all the same."""
    landing.configure()
    key = f"agency/tenant-a/files/trips/{named}/data.csv"
    landing.announce(landing.put(key))
    assert landing.process(run_window="last_modified").states == {"done": 1}
    assert "not a real date" in str(landing.rows()[key].reason)
    landing.announce(landing.put(key))
    assert landing.process(run_window="key").states == {"ignored": 1}


def test_the_window_an_announcement_asks_for_wins_over_the_setting_whoever_processes_it(landing: Landing) -> None:
    landing.configure()
    landing.configure("others")
    for hour, window in ((1, "key"), (2, "last_modified")):
        event = landing.put(key_of(hour=hour))
        landing.doors.inbox.announce([event], now=landing.clock(), source="backfill", run_window=window)  # type: ignore[arg-type]  # of a tuple
    landing.announce(landing.put(key_of("others", 3)))
    assert landing.process(run_window="last_modified").states == {"done": 3}
    windows = {row.event.key: str(row.reason) for row in landing.rows().values()}
    assert "is from the key" in windows[key_of(hour=1)]
    assert "is from the object's last-modified" in windows[key_of(hour=2)]
    assert "is from the object's last-modified" in windows[key_of("others", 3)]


@pytest.mark.parametrize("newer_first", [True, False])
def test_of_two_objects_in_one_run_the_newer_wins_and_the_older_ends_as_superseded(
    any_landing: Landing, *, newer_first: bool
) -> None:
    """Also where the older one had the verdict of the run until then."""
    any_landing.configure()
    old = replace(any_landing.put(key_of(), b"id,driver\n1,\n"), sequencer="0A")
    new = replace(any_landing.put(key_of(), GOOD), sequencer="0B")
    for one in (new, old) if newer_first else (old, new):
        any_landing.announce(one)
        any_landing.process()
    states = {row.event.sequencer: (row.state, row.reason) for row in list_rows(any_landing.database)}
    assert states["0B"][0] == "done"
    assert states["0A"] == ("superseded", "a newer object of the same run has its verdict")
    assert any_landing.scores() == {("trips", 12): 100}
    assert balance(any_landing.database).holds


class Engine:
    """The real engine, which breaks on files that hold a certain text."""

    def __init__(self, landing: Landing, poison: bytes, error: Exception) -> None:
        self._landing, self._poison, self._error = landing, poison, error
        self.calls = 0

    def __call__(self, sources: Sequence[Source]) -> Mapping[int, FileVerdict | PipelineError]:
        self.calls += 1
        if any(self._poison in self._first_bytes(source) for source in sources):
            raise self._error
        return judge_sources(sources, store=self._landing.doors.objects)

    def _first_bytes(self, source: Source) -> bytes:
        if isinstance(source, UnseenObject):
            return self._landing.doors.objects.peek(source.bucket, source.key, source.version_id).data
        return source.peek.data


def test_an_object_that_brings_the_engine_down_is_set_apart_and_its_neighbours_finish(landing: Landing) -> None:
    for hour in range(8):
        landing.configure() if hour == 0 else None
        landing.announce(landing.put(key_of(hour=hour), b"id,driver\n1,poison\n" if hour == 5 else GOOD))
    engine = Engine(landing, b"poison", ZeroDivisionError("the value 'poison' was divided"))
    assert landing.process(judge=engine).states == {"done": 7, "pending": 1}
    assert engine.calls == 7  # 8, 4+4, 2+2, 1+1
    row = landing.rows()[key_of(hour=5)]
    assert "ZeroDivisionError" in str(row.reason)
    assert "poison" not in str(row.reason)


def test_a_fault_that_every_object_has_is_not_hunted_down_one_by_one(landing: Landing) -> None:
    landing.configure()
    landing.announce(*(landing.put(key_of(hour=hour, name=name)) for hour in range(24) for name in ("a", "b")))
    engine = Engine(landing, b"ada", ZeroDivisionError("odd"))
    counts = landing.process(judge=engine)
    assert (counts.states, "nothing of its batch could be read" in str(counts.outage)) == ({"pending": 48}, True)
    assert engine.calls < 48
    assert sum(row.attempts for row in landing.rows().values()) == 1, "only the one that failed alone is charged"


def test_a_failure_is_tried_again_later_and_ends_dead_with_its_reason(landing: Landing) -> None:
    landing.configure()
    landing.announce(landing.put(key_of()))
    engine = Engine(landing, b"ada", ZeroDivisionError("odd"))
    for state in ("pending", "pending", "dead"):
        assert landing.process(judge=engine).states == {state: 1}
        assert landing.process(judge=engine) == BatchCounts()
        landing.clock.forward(hours=1)
    assert landing.rows()[key_of()].state == "dead"
    assert balance(landing.database).holds


def test_when_storage_is_out_everything_waits_and_nothing_is_bisected(landing: Landing) -> None:
    landing.configure()
    landing.announce(landing.put(key_of(hour=1)), landing.put(key_of(hour=2)))
    engine = Engine(landing, b"ada", StorageUnavailableError("no answer"))
    assert landing.process(judge=engine).states == {"pending": 2}
    assert engine.calls == 1
    landing.clock.forward(hours=1)
    assert landing.process().states == {"done": 2}


def test_an_outage_of_storage_uses_up_no_attempt_and_the_batch_says_what_is_out(landing: Landing) -> None:
    """However often it is tried; what was read before the outage keeps its verdict."""
    landing.configure()
    landing.announce(landing.put(key_of(hour=1)), landing.put(key_of(hour=2), b"id,driver\n1,late\n"))
    engine = Engine(landing, b"late", StorageUnavailableError("s3://b/k: no answer"))
    nowhere = ObjectStore(S3Access("http://127.0.0.1:9", "us-east-1", "a", "b"))

    def judge(sources: Sequence[Source]) -> Mapping[int, FileVerdict | PipelineError]:
        return {source.id: _found(engine, source) for source in sources}

    assert landing.process(judge=judge).outage is None
    assert landing.rows()[key_of(hour=2)].attempts == 1  # S3 answers: it is this object
    for _ in range(5):
        landing.clock.forward(hours=1)
        away = landing.process(judge=judge, objects=Unreachable(landing.doors.objects, nowhere))
        assert (away.states, away.outage) == ({"pending": 1}, "s3://b/k: no answer")
    (done, waiting) = landing.rows().values()
    assert (done.state, waiting.state, waiting.attempts) == ("done", "pending", 1)
    assert waiting.reason == "s3://b/k: no answer"
    assert landing.process().states == {"done": 1}


def _found(engine: Engine, source: Source) -> FileVerdict | PipelineError:
    try:
        return engine([source])[source.id]
    except PipelineError as error:
        return error


class Unreachable:
    """A store that answers what it is asked about objects, and whose service is gone when somebody asks for that."""

    def __init__(self, there: ObjectStore, gone: ObjectStore) -> None:
        self._there, self.s3 = there, gone.s3

    def __getattr__(self, name: str) -> object:
        return getattr(self._there, name)


def test_an_engine_that_forgets_an_object_loses_nothing(landing: Landing) -> None:
    landing.configure()
    landing.announce(landing.put(key_of()))
    assert landing.process(judge=lambda _sources: {}).states == {"pending": 1}


def test_a_row_the_owners_constraint_refuses_is_dead_and_leaves_nothing_behind(landing: Landing) -> None:
    landing.configure()
    landing.sql("ALTER TABLE reporting.monitoring_file_data_profile ADD CHECK (profile_payload = '{}')")
    landing.announce(landing.put(key_of()))
    assert landing.process().states == {"dead": 1}
    assert landing.verdicts() == ()
    assert everything(landing.database)["monitoring_file_run"] == []


def test_a_table_that_disappears_ends_the_batch_and_blames_no_object(landing: Landing) -> None:
    landing.configure()
    landing.announce(landing.put(key_of()))
    landing.sql("DROP TABLE reporting.monitoring_file_data_quality CASCADE")
    with pytest.raises(CatalogueError):
        landing.process()
    assert landing.states() == {key_of(): "claimed"}


def test_when_the_database_is_out_the_rows_stay_claimed_and_come_back(
    landing: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    landing.configure()
    landing.announce(landing.put(key_of()))

    def out(*_: object, **__: object) -> None:
        raise DatabaseUnavailableError("Postgres: the connection is lost")

    with monkeypatch.context() as patch:
        patch.setattr(landing.doors.inbox, "finish", out)
        patch.setattr(landing.doors.inbox, "wait", out)
        with pytest.raises(DatabaseUnavailableError):
            landing.process()
    assert landing.states() == {key_of(): "claimed"}
    assert landing.verdicts() == ()
    landing.clock.forward(hours=1)
    assert landing.process().states == {"done": 1}


@pytest.mark.parametrize(("least", "shares"), [(24, [24, 23]), (25, [47])])
def test_a_large_batch_goes_through_the_engine_in_two_shares(
    landing: Landing, monkeypatch: pytest.MonkeyPatch, least: int, shares: list[int]
) -> None:
    """While the first one is scored the second one is looked at; every object has its verdict all the same."""
    monkeypatch.setattr("dq.batch.process_batch._LEAST_SHARE", least)
    names = [f"trips{number}" for number in range(2)]
    for name in names:
        landing.configure(name)
    keys = [key_of(name, hour) for name in names for hour in range(24)]
    landing.announce(*(landing.put(key) for key in keys[:-1]), ObjectEvent(landing.bucket, keys[-1]))
    engine = Engine(landing, b"poison", ZeroDivisionError())
    sizes: list[int] = []

    def counted(sources: Sequence[Source]) -> Mapping[int, FileVerdict | PipelineError]:
        sizes.append(len(sources))
        return engine(sources)

    assert landing.process(judge=counted).states == {"done": len(keys) - 1, "gone": 1}
    assert sizes == shares
    assert len(landing.verdicts()) == len(keys) - 1


def test_a_batch_whose_lease_ended_writes_nothing(landing: Landing) -> None:
    landing.configure()
    landing.announce(landing.put(key_of()))

    def slow(sources: Sequence[Source]) -> Mapping[int, FileVerdict | PipelineError]:
        landing.clock.forward(hours=1)
        assert landing.doors.inbox.claim(10, 60, "another", landing.clock()) is not None
        return judge_sources(sources, store=landing.doors.objects)

    assert landing.process(judge=slow).states == {"pending": 1}
    assert landing.verdicts() == ()
    assert landing.rows()[key_of()].lease_owner == "another"


def test_two_processes_at_once_give_each_object_one_run(any_landing: Landing) -> None:
    any_landing.configure()
    for hour in range(12):
        any_landing.announce(any_landing.put(key_of(hour=hour)))

    def work(owner: str) -> int:
        done = 0
        inbox = any_landing.doors.inbox
        while (batch := inbox.claim(3, 60, owner, any_landing.clock())) is not None:
            done += process_batch(inbox.items(batch - 1, batch, owner), any_landing.doors).states["done"]
        return done

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(work, ["one", "two"])) == 12
    assert len(any_landing.verdicts()) == 12
    assert balance(any_landing.database).finished == 12


def test_no_placeholder_is_made_for_the_wrong_reading_of_a_key(landing: Landing) -> None:
    """EventBridge does not say whether it encodes keys; the file's own name tells the two readings apart."""
    spaced = landing.put(key_of("bus trips"))
    landing.announce(replace(spaced, key=quote_plus(spaced.key, safe="/"), version_id=None, source="eventbridge"))
    assert landing.process(auto_create_files=True).states == {"done": 1}
    with landing.database.connect() as connection:
        names = connection.exec_driver_sql("SELECT file_name FROM reporting.monitoring_file").scalars().all()
    assert names == ["bus trips"]


def test_no_placeholder_is_made_while_nobody_can_say_how_a_key_is_meant_or_for_what_is_nowhere(
    landing: Landing, unused_port: int
) -> None:
    def names() -> Sequence[str]:
        with landing.database.connect() as connection:
            return connection.exec_driver_sql("SELECT file_name FROM reporting.monitoring_file").scalars().all()

    two, none = landing.put(key_of("two+one")), landing.put(key_of("nothing+there"))
    landing.s3.delete_object(Bucket=none.bucket, Key=none.key)
    for one in (two, none):
        key = quote_plus(one.key, safe="/")
        landing.announce(replace(one, key=key, version_id=None, source="eventbridge"))
    away = ObjectStore(S3Access(f"http://127.0.0.1:{unused_port}", "us-east-1", "a", "b"))
    assert landing.process(auto_create_files=True, objects=away).outage is not None
    assert names() == []
    landing.clock.forward(minutes=20)
    assert landing.process(auto_create_files=True).states == {"done": 1, "gone": 1}
    assert names() == ["two+one"]


def test_an_eventbridge_key_is_looked_for_as_it_is_and_then_decoded(landing: Landing) -> None:
    landing.configure()
    plus = landing.put(key_of(name="a+b.csv"))
    spaced = landing.put(key_of(hour=13, name="ü 1.csv"))
    landing.announce(
        replace(plus, source="eventbridge"),
        replace(spaced, key=quote_plus(spaced.key, safe="/"), version_id=None, source="eventbridge"),
    )
    assert landing.process().states == {"done": 2}


def test_hostile_names_are_read_literally(landing: Landing) -> None:
    landing.configure()
    names = ["{a,b}*?[x].csv", "_hidden.csv", ".dot.csv", "100%.csv", "a%2Bb.csv", "ü 北京.csv", "'; DROP TABLE x;--"]
    for hour, name in enumerate(names):
        landing.announce(landing.put(key_of(hour=hour, name=name)))
    assert landing.process().states == {"done": len(names)}


def test_when_key_and_last_modified_differ_log_and_ledger_say_so(landing: Landing) -> None:
    landing.configure()
    landing.announce(landing.put(key_of()))
    with capture_logs() as lines:
        landing.process(run_window="last_modified")
    (scored,) = [line for line in lines if line["event"] == "scored"]
    assert "2026-01-04 12h" in scored["note"]
    assert landing.rows()[key_of()].reason == scored["note"]


def test_a_log_line_has_the_fields_operators_look_for(landing: Landing) -> None:
    landing.configure()
    landing.announce(landing.put(key_of()))
    with capture_logs() as lines:
        landing.process()
    (scored,) = [line for line in lines if line["event"] == "scored"]
    assert {"bucket", "key", "monitoring_file_id", "monitoring_file_run_id", "score", "passed"} <= set(scored)
    (finished,) = [line for line in lines if line["event"] == "batch finished"]
    assert finished["duration"] > 0


def test_each_object_says_how_long_it_took_and_since_when_it_was_announced(landing: Landing) -> None:
    """An announcement has its own time; of what was listed, the ledger's counts."""
    landing.configure()
    sent = replace(landing.put(key_of(hour=1)), event_time=landing.clock() - timedelta(seconds=90))
    listed = replace(sent, key=landing.put(key_of(hour=2)).key, version_id=None, source="listing")
    landing.announce(sent, listed, landing.put("elsewhere.csv"))
    landing.clock.forward(seconds=10)

    def slow(sources: Sequence[Source]) -> Mapping[int, FileVerdict | PipelineError]:
        landing.clock.forward(seconds=5)
        return judge_sources(sources, store=landing.doors.objects)

    with capture_logs() as lines:
        landing.process(judge=slow)
    times = {line["key"]: (line["duration"], line["latency"]) for line in lines if "key" in line and "latency" in line}
    assert times[key_of(hour=1)] == (5.0, 105.0)
    assert times[key_of(hour=2)] == (5.0, 15.0)
    assert "elsewhere.csv" in times


def test_a_file_that_cannot_be_parsed_is_a_warning_with_the_parsers_error(landing: Landing) -> None:
    """Its verdict is there all the same."""
    landing.configure()
    landing.announce(landing.put(key_of(hour=1), b""), landing.put(key_of(hour=2)))
    with capture_logs() as lines:
        assert landing.process().states == {"done": 2}
    bad, good = sorted((line for line in lines if line["event"] == "scored"), key=lambda line: str(line["key"]))
    assert (bad["log_level"], good["log_level"]) == ("warning", "info")
    assert (bad["error_type"], bad["score"]) == ("UnreadableFileError", 65)
    assert "0 bytes" in bad["error"]
    assert "error" not in good


def test_layouts_decide_which_file_a_key_is(landing: Landing) -> None:
    landing.configure("orders")
    landing.announce(landing.put("in/tenant-a/orders.csv"))
    layouts = KeyLayouts(["in/{agency_slug}/{file_name}.csv"])
    assert landing.process(layouts=layouts).states == {"done": 1}


def test_an_outcome_that_does_not_add_up_cannot_be_made() -> None:
    with pytest.raises(AssertionError, match="lost"):
        BatchCounts(3, {"done": 2})


def test_definitions_are_loaded_once_for_all_objects_of_a_batch(landing: Landing) -> None:
    landing.configure(definition={**TRIPS, "surplus": 1})
    landing.announce(landing.put(key_of(hour=1)), landing.put(key_of(hour=2)))
    with capture_logs() as lines:
        landing.process()
    assert len([line for line in lines if line["event"] == "schema definition"]) == 1
