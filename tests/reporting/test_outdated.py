"""An older version of a run never replaces a newer one."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from dq.reporting.catalogue.catalogue import read_catalogue
from dq.reporting.reporting import ReportingStore, Saved
from etl_core.postgres.transaction import begin
from tests.reporting.samples import NOON, everything, result, verdict, version
from tests.reporting.saving import configured, save

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine


def test_an_older_version_writes_nothing(engine: Engine) -> None:
    file = configured(engine)
    done = version(NOON + timedelta(minutes=10))
    saved = save(engine, result(file, version=done))
    before = everything(engine)
    store = ReportingStore(read_catalogue(engine))
    with begin(engine) as transaction:
        late = store.save(transaction, result(file, verdict=verdict(1)), read_before=lambda _: [done])
    assert late == Saved(run_id=saved.run_id, state="superseded")
    assert everything(engine) == before


def test_an_older_version_of_a_run_that_was_deleted_makes_no_run(engine: Engine) -> None:
    store = ReportingStore(read_catalogue(engine))
    file = configured(engine)
    before = everything(engine)
    with begin(engine) as transaction:
        late = store.save(transaction, result(file), read_before=lambda _: [version(NOON + timedelta(minutes=10))])
    assert late == Saved(run_id=None, state="superseded")
    assert everything(engine) == before


@pytest.mark.parametrize(
    ("mine", "done", "state"), [("0A", "0B", "superseded"), ("0B", "0A", "done"), ("0A", "0A", "done")]
)
def test_within_a_second_the_sequencer_decides(engine: Engine, mine: str, done: str, state: str) -> None:
    store = ReportingStore(read_catalogue(engine))
    wanted = result(configured(engine), version=version(sequencer=mine))
    with begin(engine) as transaction:
        assert store.save(transaction, wanted, lambda _: [version(sequencer=done)]).state == state


def test_a_run_made_from_a_newer_object_is_left_alone_without_a_ledger(engine_a: Engine) -> None:
    file = configured(engine_a)
    save(engine_a, result(file, version=version(NOON + timedelta(seconds=30))))
    assert save(engine_a, result(file, verdict=verdict(1))).state == "superseded"
    assert save(engine_a, result(file, version=version(None))).state == "done"
