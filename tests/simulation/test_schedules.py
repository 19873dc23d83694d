"""Nothing is lost, nothing is scored under two truths: some hundred schedules of disorder, or as many as one likes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import hypothesis
import pytest
from hypothesis import HealthCheck
from hypothesis.stateful import run_state_machine_as_test

from tests.simulation.machine import Schedule

if TYPE_CHECKING:
    from tests.simulation.world.databases import Simulation

#: Schedules by Hypothesis' profile; `HYPOTHESIS_PROFILE=long` is for a night. CI has the same ones every time.
SCHEDULES = {"quick": 30, "ci": 40, "thorough": 2_000, "long": 10_000}
_USUALLY = 200
_STEPS = 30


@pytest.mark.timeout(0)  # a failure is made as short as it can be before it is told
def test_whatever_happens_every_announced_version_has_one_result_or_one_named_failure(
    simulation: Simulation,
) -> None:
    settings = hypothesis.settings(
        max_examples=SCHEDULES.get(hypothesis.settings.get_current_profile_name(), _USUALLY),
        stateful_step_count=_STEPS,
        deadline=None,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(lambda: Schedule(simulation), settings=settings)  # type: ignore[arg-type]  # calls it
    sys.stdout.write(f"{Schedule.schedules} schedules, {Schedule.steps} steps\n")
