"""The demo of records shows every kind of bad record with its reason, and heals one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import SecretStr
from rich.console import Console

from etl_core.settings import declared_fields
from jobs.playground.records_demo import play
from jobs.playground.sample_records import BAD_RECORDS
from jobs.running.settings import ROOMS, read_settings
from jobs.running.wiring import Program

if TYPE_CHECKING:
    import pytest

    from tests.pipelines.records.rig import Rig


def test_what_became_of_every_record_is_printed_and_one_is_healed(rig: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    """Reads the topic twice by Spark."""
    chosen = {name: one.default for name, one in declared_fields(ROOMS).items()}
    chosen |= {
        "database_url": SecretStr(rig.database_url),
        "kafka_bootstrap_servers": rig.broker.address,
        "lake_root": str(rig.folder / "lake"),
        "auto_create_files": True,
    }
    assert play(Program(read_settings(**chosen), Console()), rig.database) == 0
    printed = capsys.readouterr().out
    assert len(BAD_RECORDS) == 10
    assert [kind for kind in BAD_RECORDS if kind not in printed] == []
    (account,) = rig.ask("SELECT sum(processed), sum(dead), sum(tombstones) FROM pipeline.stream_partition")
    assert tuple(account) == (2001, 10, 1)
    assert '"id": "u' in printed
