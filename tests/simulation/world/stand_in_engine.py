"""A stand-in for the engine: it reads objects as the engine does, and its verdict says which bytes they held.

It gives some thousand verdicts a second. What it shares with the real one are the reads, pinned to the version that the
first of them saw, and how errors come back; what is counted in a file matters to no schedule.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dq.engine.file_results import FileVerdict
from dq.engine.source_file import Source, UnseenObject
from dq.verdict.verdict import Verdict
from etl_core.errors import PipelineError
from etl_core.objects.store import Peek
from tests.simulation.world.faults import Faults
from tests.simulation.world.object_store import Buckets, SimulatedStore

#: In the bytes of an object: its judging raises, or kills the process; it takes a second read.
RAISES, KILLS, LONG = b"raises", b"kills", b"long"


class EngineBrokeError(Exception):
    """What nobody foresaw."""


class StandInEngine:
    """Judges the files of a batch.

    Args:
        store: where they are.
        buckets: told which object is to blame.
        faults: what befalls the process.
    """

    def __init__(self, store: SimulatedStore, buckets: Buckets, faults: Faults) -> None:
        self._store, self._buckets, self._faults = store, buckets, faults
        self._has_worked = False

    def begin_batch(self) -> None:
        """The calls that follow are about another batch."""
        self._has_worked = False

    def __call__(self, sources: Sequence[Source]) -> Mapping[int, FileVerdict | PipelineError]:
        def broken() -> EngineBrokeError:
            self._blame(sources)
            return EngineBrokeError()

        found = self._faults.effect(lambda: self._judge(sources), broken)
        self._has_worked = True
        return found

    def _judge(self, sources: Sequence[Source]) -> Mapping[int, FileVerdict | PipelineError]:
        try:
            return {source.id: self._of(source) for source in sources}
        except EngineBrokeError:
            self._blame(sources)
            raise

    def _blame(self, sources: Sequence[Source]) -> None:
        """Note who is to blame; where no call of a batch has worked nobody knows who is, and all of them are."""
        for source in sources:
            place = source if isinstance(source, UnseenObject) else source.peek.head
            bucket, key = str(place.bucket), place.key
            found = self._buckets.named(bucket, key, place.version_id)
            if not self._has_worked or (found is not None and RAISES in found.body):
                self._buckets.blame(bucket, key)

    def _of(self, source: Source) -> FileVerdict | PipelineError:
        try:
            peek = self._peek(source)
            head, data = peek.head, peek.data
            if LONG in data:
                data = self._store.read(head, 0, head.size)
        except PipelineError as error:
            return error
        self._break_down(data)
        return FileVerdict(head, source.window.window(head.last_modified), verdict_on(data), 1, data)

    def _peek(self, source: Source) -> Peek:
        if isinstance(source, UnseenObject):
            return self._store.peek(source.bucket, source.key, source.version_id)
        return source.peek

    def _break_down(self, data: bytes) -> None:
        if KILLS in data:
            raise self._faults.killed()
        if RAISES in data:
            raise EngineBrokeError


def verdict_on(data: bytes) -> Verdict:
    """The verdict on these bytes: `message` says what they were, and the score follows from them."""
    score = sum(data) % 101
    return Verdict(
        score=score,
        passed=score >= 80,
        metrics={"read": {"passed": True, "details": data.decode(), "status": "passed"}},
        deductions=dict.fromkeys(("schema", "format"), 0.0),
        failed_validation_message=data.decode(),
        failed_validation_rules=(),
        profile_payload={"read": data.decode()},
    )
