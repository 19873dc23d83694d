"""A run killed between any two effects leaves nothing half; the next one brings the same documents and ledger."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pipelines.agencies.ledger.copies import CopyLedger
from tests.end_to_end.command_line import environment
from tests.end_to_end.processes import inherited, wait_for
from tests.pipelines.agencies.documents_world import DocumentsWorld

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.local_s3 import S3Server

_ROOT = Path(__file__).parents[3]
#: How often a process is killed, and among how many files; a long evening takes more of both.
_KILLS = int(os.environ.get("DOCUMENT_KILLS", "2"))
_FILES = int(os.environ.get("DOCUMENT_FILES", "30"))
_START_SECONDS = 180


class KilledError(BaseException):
    """What no code of ours handles: the process is gone."""


@dataclass
class Death:
    """Comes before the effect of a number; nothing else has an effect from then on. None: it does not come."""

    at: int | None = None

    def before(self, **_: object) -> None:
        """Let an effect happen, or not."""
        if self.at is not None:
            self.at -= 1
            if self.at < 0:
                raise KilledError


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
    world.s3.delete_objects(
        Bucket=world.destination, Delete={"Objects": [{"Key": key} for key in _keys(world)], "Quiet": True}
    )
    with world.database.begin() as connection:
        connection.exec_driver_sql(f"DELETE FROM pipeline.document_copy WHERE agency_id = '{world.agency.id}'")


@pytest.fixture
def death(world: DocumentsWorld, monkeypatch: pytest.MonkeyPatch) -> Iterator[Death]:
    """What comes with requests that write and with notes in the ledger, when a test says so."""
    made, hooks, note = Death(), world.store.s3.meta.events, CopyLedger.note
    events: Any = hooks

    def noted(*arguments: Any) -> None:  # noqa: ANN401 - as there
        made.before()
        note(*arguments)

    monkeypatch.setattr(CopyLedger, "note", noted)
    for name in ("CopyObject", "PutObject"):
        events.register(f"before-call.s3.{name}", made.before)
    yield made
    for name in ("CopyObject", "PutObject"):
        events.unregister(f"before-call.s3.{name}", made.before)


def test_a_death_between_any_two_effects_is_healed_by_the_next_run(world: DocumentsWorld, death: Death) -> None:
    """Of three files: their copies, the note of them, the manifest and the CSV."""
    _filled(world, 3)
    expected = _undisturbed(world)
    for moment in range(6):
        death.at = moment
        with pytest.raises(KilledError):
            world.run()
        death.at = None
        world.run()
        assert (world.there(), world.noted()) == expected, f"killed before effect {moment}"
        _forget(world)
    death.at = 6
    world.run()
    assert (world.there(), world.noted()) == expected, "there are no other effects"


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
    pages = world.s3.get_paginator("list_objects_v2").paginate(Bucket=world.destination)
    return [one["Key"] for page in pages for one in page.get("Contents", ())]
