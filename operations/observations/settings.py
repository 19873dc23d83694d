"""What the environment says of observations."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from etl_core.settings import RoomSettings, setting


class ObservationSettings(RoomSettings):
    """How often the unusual may be told by chance, and when it is the rule."""

    observe_false_alarms_per_year: Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False)] = setting(
        "How often a year a file may be called unusual by chance, over all figures that `observe` looks at",
        "a number from above 0 to 1000",
        default=1.0,
    )
    observe_level_shift_runs: Annotated[int, Field(ge=3, le=28)] = setting(
        "After how many unusual runs in a row, all too low or all too high, that is the new level (of files that come"
        " several times a day: a day's runs at least)",
        "a whole number from 3 to 28",
        default=7,
    )
    observe_processes: Annotated[int, Field(ge=1, le=64)] = setting(
        "How many processes `observe` has where thousands of files have new runs, each with 200 MB of memory",
        "a whole number from 1 to 64",
        default=2,
    )
