"""A run that is killed between any two effects leaves nothing half; the next one brings the same documents and ledger."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pipelines.agencies.ledger.copies import CopyLedger
from tests.end_to_end.command_line import environment
from tests.end_to_end.processes import inherited, wait_for
from tests.pipelines.agencies.documents_world import DocumentsWorld

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.local_s3 import S3Server

_ROOT = Path(__file__).parents[3]
#: How often a process is killed, and among how many files; a long evening takes more of both.
_KILLS = int(os.environ.get("DOCUMENT_KILLS", "2"))
_FILES = int(os.environ.get("DOCUMENT_FILES", "60"))
_START_SECONDS = 180
_EFFECTS = ("CopyObject", "PutObject")


class KilledError(BaseException):
    """What no code of ours handles: the process is gone."""


class _Death:
    """Comes with one effect, before or after it; nothing else has an effect from then on."""

    def __init__(self, at: int, *, after: bool) -> None:
        self._left, self._after, self.is_dead = at, after, False

    def before(self, **_: object) -> None:
        if not self._after:
            self._next()
        if self.is_dead:
            raise KilledError

    def after(self, **_: object) -> None:
        if self._after:
            self._next()
        if self.is_dead:
            raise KilledError

    def _next(self) -> None:
        self._left -= 1
        self.is_dead = self.is_dead or self._left < 0


def _filled(world: DocumentsWorld, files: int) -> None:
    world.attach_many(files)
    world.attach("gone.pdf")
    world.employ(*({"employee_id": number, "first_name": "Ada"} for number in range(5)))


def _undisturbed(world: DocumentsWorld) -> tuple[dict[str, bytes], list[Any]]:
    """What there is without any death, and nothing is left of it."""
    world.run()
    left = world.there(), world.noted()
    _forget(world)
    return left


def _forget(world: DocumentsWorld) -> None:
    for key in world.there():
        world.s3.delete_object(Bucket=world.destination, Key=key)
    with world.database.begin() as connection:
        connection.exec_driver_sql(f"DELETE FROM pipeline.document_copy WHERE agency_id = '{world.agency.id}'")


@pytest.fixture
def dying(world: DocumentsWorld, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[_Death], None]]:
    """Have a death come with requests that write and with notes in the ledger."""
    hooks: Any = world.store.s3.meta.events
    kept: list[tuple[str, Any]] = []
    note = CopyLedger.note

    def let(death: _Death) -> None:
        for name in _EFFECTS:
            for event, handler in ((f"before-call.s3.{name}", death.before), (f"after-call.s3.{name}", death.after)):
                hooks.register(event, handler)
                kept.append((event, handler))

        def noted(*arguments: Any) -> None:  # noqa: ANN401 - as there
            death.before()
            note(*arguments)
            death.after()

        monkeypatch.setattr(CopyLedger, "note", noted)

    yield let
    for event, handler in kept:
        hooks.unregister(event, handler)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_death_at_any_effect_is_healed_by_the_next_run(
    world: DocumentsWorld, dying: Callable[[_Death], None], monkeypatch: pytest.MonkeyPatch, *, after: bool
) -> None:
    """Of four files: their copies, the note of them, the manifest and the CSV, seven effects."""
    _filled(world, 4)
    expected = _undisturbed(world)
    for moment in range(7):
        death = _Death(moment, after=after)
        with monkeypatch.context():
            dying(death)
            with pytest.raises(KilledError):
                world.run()
        assert death.is_dead
        death.is_dead, death._left = False, 1000
        world.run()
        assert (world.there(), world.noted()) == expected, f"killed {'after' if after else 'before'} effect {moment}"
        _forget(world)


def test_a_process_killed_with_9_at_random_moments_and_then_finished_leaves_what_an_undisturbed_one_does(
    world: DocumentsWorld, s3_server: S3Server
) -> None:
    """Processes of their own take seconds to start, so a few moments here; DOCUMENT_KILLS=10 takes more."""
    _filled(world, _FILES)
    expected = _undisturbed(world)
    chance = random.Random(18)
    moments = sorted(chance.sample(range(1, _FILES), _KILLS))
    command = [
        *(sys.executable, "-m", "jobs.cli", "--agency-id", str(world.agency.id), "--source-bucket", world.source),
        *("--destination-bucket", world.destination, "--run-at", "2026-01-04T12:30:00Z", "--workers", "2"),
    ]
    surroundings = {**inherited(), **environment(world.database, s3_server), "PYTHONPATH": os.pathsep.join(sys.path)}
    for moment in moments:
        with subprocess.Popen(
            command, cwd=_ROOT, env=surroundings, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            wait_for(
                lambda moment=moment, process=process: process.poll() is not None or len(_keys(world)) >= moment,  # type: ignore[misc]
                _START_SECONDS,
                "the copies",
            )
            process.send_signal(signal.SIGKILL)
    assert len(_keys(world)) >= moments[-1]
    world.run()
    assert (world.there(), world.noted()) == expected


def _keys(world: DocumentsWorld) -> list[str]:
    return [one["Key"] for one in world.s3.list_objects_v2(Bucket=world.destination).get("Contents", [])]
