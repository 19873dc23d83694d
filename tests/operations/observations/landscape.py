"""Files with runs, verdicts and kept profiles in a database, without any file having been read."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta, timezone
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import text

from dq.profiling.profile.profile_state import state_of
from dq.profiling.profile.state_codec import encode_state
from operations.observations.files.whole_files import Manner
from operations.observations.statistics.budget import Budget
from tests.unit.profiling.profiled import Table, profile

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.engine import Engine

#: A Monday.
FIRST_DAY = date(2026, 1, 5)
MANNER = Manner(Budget(), 7)

_FILE = text("INSERT INTO reporting.monitoring_file (agency_slug, file_name) VALUES ('harbour', :name) RETURNING id")
_RUN = text("""
    INSERT INTO reporting.monitoring_file_run
        (monitoring_file_id, run_date, run_hour, file_size, created_at, updated_at)
    VALUES (:file, :day, :hour, :size, :at, :at)
    ON CONFLICT (monitoring_file_id, run_date, run_hour) DO UPDATE SET file_size = :size, updated_at = :at RETURNING id
""")
_VERDICT = text("""
    INSERT INTO reporting.monitoring_file_data_quality
        (monitoring_file_run_id, score, passed, metrics, deductions, failed_validation_rules)
    VALUES (:run, :score, true, '{}', '{}', :rules)
    ON CONFLICT (monitoring_file_run_id) DO UPDATE SET score = :score, failed_validation_rules = :rules
""")
_STATE = text("""
    INSERT INTO pipeline.profile_state
        (monitoring_file_run_id, monitoring_file_id, agency_slug, file_name, run_date, run_hour, state, updated_at)
    SELECT :run, id, agency_slug, file_name, :day, :hour, :state, :at FROM reporting.monitoring_file WHERE id = :file
    ON CONFLICT (monitoring_file_run_id) DO UPDATE SET state = :state, updated_at = :at
""")


def at(day: int, hour: int = 9) -> datetime:
    """A time of day number `day`, from `FIRST_DAY` on."""
    return datetime.combine(FIRST_DAY, datetime.min.time(), timezone.utc) + timedelta(days=day, hours=hour)


def add_file(engine: Engine, name: str) -> int:
    """Configure a file; its id."""
    with engine.begin() as connection:
        return int(connection.scalars(_FILE, {"name": name}).one())


def add_run(
    engine: Engine,
    file: int,
    day: int,
    *,
    size: int | None = 1000,
    score: int = 100,
    state: bytes | None = None,
    rules: Sequence[Mapping[str, Any]] = (),
    changed: datetime | None = None,
    hour: int = 6,
    keeps_state: bool = True,
) -> str:
    """Add or restate a run with its verdict; its id. It changed at 7 o'clock of its day, or when `changed` says."""
    values: dict[str, Any] = {"file": file, "day": FIRST_DAY + timedelta(days=day), "hour": hour, "size": size}
    values["at"] = changed or at(day, 7)
    with engine.begin() as connection:
        run = connection.scalars(_RUN, values).one()
        connection.execute(_VERDICT, {"run": run, "score": score, "rules": json.dumps(list(rules))})
        if keeps_state:
            connection.execute(_STATE, {**values, "run": str(run), "state": state})
    return str(run)


@cache
def state(
    rows: int = 200,
    seed: int = 0,
    nulls: float = 0.1,
    mean: float = 50.0,
    kinds: str = "abc",
    *,
    secret: bool = False,
) -> bytes:
    """The kept profile of a file with the columns `amount` and `kind`."""
    random = np.random.default_rng([seed, rows])
    amounts = [f"{one:.1f}" for one in random.normal(mean, 5.0, rows)]
    kind = [kinds[at % len(kinds)] if share >= nulls else "" for at, share in enumerate(random.random(rows))]
    fields: list[dict[str, Any]] = [{"name": "amount", "type": "number"}, {"name": "kind", "sensitive": secret}]
    table = Table({"amount": amounts, "kind": kind}, fields)
    made = state_of(profile(table).settled(), table.recipe, table.definition, source=str(seed), size=rows * 9)
    return encode_state(made)
