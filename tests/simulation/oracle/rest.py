"""What has to be true when all faults are over, everything was delivered, and the consumers went on for a while.

- every announced version has its row, and every row has ended: with its verdict, superseded by a version that is not
  older, or with a failure that has a cause in what happened;
- what was never announced but is there has been found by reconciling;
- it took a bounded number of rounds;
- delivering and listing everything once more changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tests.simulation.oracle.commits import is_older
from tests.simulation.oracle.history import Standing

if TYPE_CHECKING:
    from tests.simulation.world.world import World

#: Rounds after which everything has ended: an object is tried three times, and what came with one that kills its
#: process comes back in batches of an eighth.
MOST_ROUNDS = 40
#: Batches of one consumer in a round.
_MOST_OF_A_ROUND = 5
#: Batches of each consumer that are processed once more at the end; others are at any moment of a schedule.
_PROCESSED_AGAIN = 3
#: Longer than any lease, any rest between attempts and any invisibility of a message.
_ROUND_SECONDS = 1000


def come_to_rest(world: World) -> None:
    """Let all faults end and the consumers go on until nothing is left to do."""
    world.recover()
    for _ in range(MOST_ROUNDS):
        world.pass_time(_ROUND_SECONDS)
        _round(world)
        if _is_all_done(world):
            world.reconcile()
            if _is_all_done(world):
                return
    open_rows = [row for row in world.witness.ledger() if row["state"] in {"pending", "claimed"}]
    raise AssertionError(f"not at rest after {MOST_ROUNDS} rounds: {world.queue.messages}, {open_rows}")


def _round(world: World) -> None:
    for one in world.consumers:
        one.run(one.look_for_due)
        for _ in range(_MOST_OF_A_ROUND):
            one.run(one.receive)
            if not one.planned:
                break
            one.run(one.work)


def _is_all_done(world: World) -> bool:
    is_open = any(row["state"] in {"pending", "claimed"} for row in world.witness.ledger())
    return not is_open and not world.queue.messages


def check_rest(world: World) -> None:
    """Check everything that has to be true of a world at rest."""
    ledger = world.witness.ledger()
    rows = {(row["bucket"], row["key"], row["version_id"], row["etag"], row["sequencer"]): row for row in ledger}
    for version in world.all_announced():
        identity = (version.bucket, version.key, version.version_id, version.etag, version.sequencer)
        assert identity in rows, f"an announced version has no row: {version}"
    for version in world.buckets.listed():
        if version.key.startswith("agency/"):
            known = [row for row in ledger if (row["bucket"], row["key"]) == (version.bucket, version.key)]
            assert any(version.etag in (row["etag"], row["read_etag"]) for row in known), f"never found: {version}"
    standing = {one.run_id: one for one in world.witness.standing()}
    for row in ledger:
        _check_ending(world, row, standing.get(row["monitoring_file_run_id"]))
    _check_scores(world)


def check_replay(world: World) -> None:
    """Deliver, list and process everything once more: nothing changes."""
    before = world.witness.everything()
    for body in list(world.queue.log):
        world.queue.send(body)
    come_to_rest(world)
    for one in world.consumers:
        last = range(max(1, one.offset - _PROCESSED_AGAIN + 1), one.offset + 1)
        one.run(lambda one=one, last=last: [one.process(batch) for batch in last])  # type: ignore[misc]
    after = world.witness.everything()
    for table, rows in before.items():
        assert after[table] == rows, f"replaying changed {table}: {_difference(rows, after[table])}"


def _check_ending(world: World, row: Mapping[str, Any], result: Standing | None) -> None:
    bucket, key, state = row["bucket"], row["key"], row["state"]
    told = f"{state} is no end for {dict(row)}"
    match state:
        case "done":
            assert result is not None, told
        case "superseded":
            assert result is not None, f"nothing supersedes {dict(row)}"
            _check_superseded(world, row, result)
        case "gone":
            assert (bucket, key) in world.buckets.deleted or (bucket, key) in world.buckets.blamed, told
        case "dead":
            assert (bucket, key) in world.buckets.blamed, told
        case "ignored":
            assert str(row["reason"]).startswith("discarded") or not key.startswith("agency/"), told
        case "unconfigured" | "bad_definition":
            assert world.state_of_file(key) == state, told
        case _:
            raise AssertionError(told)


def _check_superseded(world: World, row: Mapping[str, Any], result: Standing) -> None:
    """The version that a row read is not newer than that of the result of its run."""
    read = [
        one
        for one in world.buckets.named_ever(row["bucket"], row["key"])
        if (one.etag, one.version_id) == (row["read_etag"], row["read_version_id"])
    ]
    assert read, f"it was superseded unread: {dict(row)}"
    is_in_order = row["sequencer"] is not None and row["etag"] in {None, row["read_etag"]}
    by_turn = is_in_order and bool(result.is_in_order)
    standing = world.versions_of(result.message)
    newer = all(is_older(theirs, mine, by_turn=by_turn) for theirs in standing for mine in read)
    assert not newer, f"it was superseded by an older one: {dict(row)}, {result}"


def _check_scores(world: World) -> None:
    """The score that a file shows is that of its newest window."""
    query = """
    SELECT file.latest_data_quality_score, newest.score FROM reporting.monitoring_file file
    CROSS JOIN LATERAL (
        SELECT quality.score FROM reporting.monitoring_file_run run
        JOIN reporting.monitoring_file_data_quality quality ON quality.monitoring_file_run_id = run.id
        WHERE run.monitoring_file_id = file.id ORDER BY run.run_date DESC, run.run_hour DESC LIMIT 1) newest
    """
    for shown, newest in world.witness.rows(query):
        assert shown == newest, f"a file shows the score {shown}, its newest window has {newest}"


def _difference(before: list[Mapping[str, Any]], after: list[Mapping[str, Any]]) -> str:
    return f"{[row for row in before if row not in after]} became {[row for row in after if row not in before]}"
