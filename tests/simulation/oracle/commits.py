"""What has to be true of the ledger and the results, whatever happened, worked out in plain Python.

After every commit:

- announced = ended + open, every failure has its reason, and the counts that the ledger keeps are those of its rows;
- a run's result never goes back to an older version, and is that of bytes which existed as the version that the row
  names; one row at most is `done` with it;
- nobody takes rows of a lease that lives and whose holder does;
- an attempt is spent only where the object failed by itself.

Before a message is deleted its rows are committed. What holds at the end, when everything calmed down, stands in
`rest.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tests.simulation.oracle.history import Change, Standing, Witness
from tests.simulation.world.object_store import StoredVersion

if TYPE_CHECKING:
    from tests.simulation.world.world import World

#: After so long without a sign of life the rows of a process are anybody's.
SILENT = timedelta(seconds=60)


class Oracle:
    """Watches a world; `broken` collects what was found wrong, for it is asked in the middle of the product's calls."""

    def __init__(self, world: World, witness: Witness) -> None:
        self._world, self._witness = world, witness
        self.broken: list[str] = []
        self.dead_owners: set[str] = set()
        #: When each process gave its last sign of life.
        self.signs: dict[str, datetime] = {}
        #: Rows that a person had tried anew although they had their verdict.
        self.opened_again: set[int] = set()
        self._announced = 0
        self._spent: Counter[int] = Counter()
        #: The message of each run's result, and whether the ledger knows the sequencer of what it is of.
        self._results: dict[str, tuple[str, bool]] = {}

    def died(self, owner: str) -> None:
        """Note that a process is gone."""
        self.dead_owners.add(owner)

    def committed(self) -> None:
        """Look at what a commit brought."""
        look = self._witness.look()
        if look is None:
            return
        announced, finished, still_open, failed = look.balance
        self._expect(announced == finished + still_open + failed, "the account does not balance")
        self._expect(announced >= self._announced, f"rows were lost: {self._announced} before, {announced} now")
        self._announced = announced
        self._expect(look.kept == look.counted, f"the counts that are kept are {look.kept}, there are {look.counted}")
        for change in look.changes:
            self._see_change(change)
        in_order = {one.run_id: bool(one.is_in_order) for one in look.standing}
        for run_id, message in look.results:
            self._see_result(run_id, message, in_order=in_order[run_id])
        self._see_standing(look.standing)

    def deleting(self, bodies: Sequence[str]) -> None:
        """Look whether what messages announce is committed, before they are deleted."""
        known = {
            (row["bucket"], row["key"], row["version_id"], row["etag"], row["sequencer"])
            for row in self._witness.ledger()
        }
        letters = {row[0] for row in self._witness.rows("SELECT body FROM pipeline.announcement_dead_letter")}
        for body in bodies:
            for one in self._world.announced_by(body):
                identity = (one.bucket, one.key, one.version_id, one.etag, one.sequencer)
                self._expect(identity in known, f"a message is deleted before its row is there: {one}")
            if body in self._world.garbage:
                self._expect(body in letters, "a message nobody understood is deleted before it is kept")

    def _see_change(self, change: Change) -> None:
        actor = self._world.running[-1].owner if self._world.running else "a person"
        if change.was == "claimed" and actor != change.owner and not self._world.clocks_differ:
            gone = change.owner in self.dead_owners or self._is_silent(change.owner)
            assert change.lease_until is not None
            over = change.lease_until < self._world.clock.now
            self._expect(gone or over, f"{actor} took row {change.row_id} out of a lease that lives: {change}")
        if change.was == "claimed" and change.is_now in {"pending", "dead"}:
            self._see_attempt(change, actor)
        if change.was == "done":
            person = change.row_id in self.opened_again
            self._expect(person or change.is_now == "superseded", f"a row lost its verdict: {change}")

    def _is_silent(self, owner: str | None) -> bool:
        last = self.signs.get(owner or "")
        return last is not None and last < self._world.clock.now - SILENT

    def _see_attempt(self, change: Change, actor: str) -> None:
        """Whether an attempt that was spent is the object's own fault; a row that was alone answers for its process."""
        if change.attempts < change.attempts_before:
            return
        self._spent[change.row_id] += 1
        if change.batch_size == 1 and (actor != change.owner or change.owner in self.dead_owners):
            self._world.buckets.blame(change.bucket, change.key)
        if change.batch_size == 1 and "vanished" in str(change.reason):
            self._world.buckets.blame(change.bucket, change.key)
        blamed = self._world.buckets.blamed.get((change.bucket, change.key), 0)
        self._expect(self._spent[change.row_id] <= blamed, f"an attempt was spent for no fault of its own: {change}")

    def _see_result(self, run_id: str, message: str, *, in_order: bool) -> None:
        before, was_in_order = self._results.get(run_id, (message, True))
        self._results[run_id] = (message, in_order)
        old, new = self._world.versions_of(before), self._world.versions_of(message)
        known = in_order and was_in_order
        back = all(is_older(mine, theirs, by_turn=known) for mine in new for theirs in old)
        self._expect(not back, f"the result of run {run_id} went back from {before!r} to {message!r}")

    def _see_standing(self, standing: Sequence[Standing]) -> None:
        for one in standing:
            self._expect(one.score == sum(one.message.encode()) % 101, f"half of a result: {one}")
            self._expect(one.state == one.message.encode(), f"the kept profile is of another version: {one}")
            if one.row_id is not None:
                names = any(
                    (one.bucket, one.key, one.read_version_id, one.read_etag, one.last_modified)
                    == (version.bucket, version.key, version.version_id, version.etag, version.last_modified)
                    for version in self._world.versions_of(one.message)
                )
                self._expect(names, f"a row names another version than the one its result is from: {one}")
        several = [run for run, rows in Counter(one.run_id for one in standing).items() if rows > 1]
        self._expect(not several, f"several rows are done with one result: runs {several}")

    def _expect(self, holds: bool, otherwise: str) -> None:  # noqa: FBT001  as assert has it
        if not holds and otherwise not in self.broken:
            self.broken.append(otherwise)


def is_older(one: StoredVersion, other: StoredVersion, *, by_turn: bool) -> bool:
    """Whether `one` is known to be the older: by the second of its last modification, then, of one key, by its turn.

    Args:
        one: a version.
        other: another one.
        by_turn: whether the turn of both is known. It is not of a version that was read for an announcement without a
            sequencer, or for that of a version which it had replaced by then.
    """
    if one.last_modified != other.last_modified:
        return one.last_modified < other.last_modified
    return by_turn and (one.bucket, one.key) == (other.bucket, other.key) and one.number < other.number
