"""The watch waits an outage of S3 out, longer each time, and says when it is over."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from structlog.testing import capture_logs

from dq.engine.profile_files import judge_sources
from etl_core.errors import StorageUnavailableError
from etl_core.objects.store import ObjectStore, S3Access
from jobs.running.stopping import StopRequest
from jobs.working_off.streaming import BatchWorker
from tests.end_to_end.landing import Landing, key_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pytest

    from dq.batch.batch_counts import BatchCounts
    from dq.engine.file_results import FileVerdict
    from dq.engine.source_file import Source
    from etl_core.errors import PipelineError


class Weather:
    """S3 as long as it is fair; the store and the engine as this test's doors have them."""

    def __init__(self, landing: Landing) -> None:
        self._there = landing.doors.objects
        self._gone = ObjectStore(S3Access("http://127.0.0.1:9", "us-east-1", "a", "b"))
        self.fair = False

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the store has
        return getattr(self._there if self.fair else self._gone, name)

    def judge(self, sources: Sequence[Source]) -> Mapping[int, FileVerdict | PipelineError]:
        if self.fair:
            return judge_sources(sources, store=self._there)
        return {source.id: StorageUnavailableError("S3 does not answer") for source in sources}


class Hurried(StopRequest):
    """Nobody asks to stop, and waiting takes no time."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []

    def wait(self, seconds: float) -> bool:
        self.waits.append(seconds)
        return False


def test_batches_wait_for_the_end_of_an_outage_and_their_objects_use_up_no_attempt(
    landing: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    landing.configure()
    landing.announce(landing.put(key_of()))
    weather, stop = Weather(landing), Hurried()
    told: list[BatchCounts] = []
    doors = replace(landing.doors, objects=weather, judge=weather.judge)  # type: ignore[arg-type]  # as a store
    monkeypatch.setattr("time.sleep", lambda _seconds: None)  # boto3 waits between its tries
    worker = BatchWorker(doors, "me", stop, told.append)

    def run() -> None:
        batch = doors.inbox.claim(10, 60, "me", doors.clock())
        worker(SimpleNamespace(collect=lambda: [SimpleNamespace(batch=batch)]), 0)  # type: ignore[arg-type]  # as a frame

    with capture_logs() as lines:
        for _ in range(4):
            run()
        weather.fair = True
        run()
    assert stop.waits == [2, 4, 8, 16]
    outage = [line for line in lines if line["event"] == "waiting for an outage to end"]
    assert [(line["in_a_row"], str(line["error"])) for line in outage] == [
        (number, "S3 does not answer") for number in (1, 2, 3, 4)
    ]
    assert [line["log_level"] for line in lines if line["event"] == "the outage is over"] == ["info"]
    assert landing.states() == {key_of(): "done"}
    assert landing.rows()[key_of()].attempts == 1
    assert worker.error is None
