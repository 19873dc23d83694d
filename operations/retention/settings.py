"""What the environment says about what is kept, and for how long."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from etl_core.settings import RoomSettings, setting


class RetentionSettings(RoomSettings):
    """For how many days what is kept."""

    retain_history_days: Annotated[int, Field(ge=30, le=36_500)] = setting(
        "For how many days `retain` keeps the history: ended objects of the ledger, the audit, profiles of days,"
        " arrivals, observations, alerts",
        "a whole number from 30 to 36500",
        default=400,
    )
    retain_states_days: Annotated[int, Field(ge=1, le=36_500)] = setting(
        "For how many days `retain` keeps a profile of every run; older ones become one for each file and day",
        "a whole number from 1 to 36500",
        default=90,
    )

    @model_validator(mode="after")
    def _states_are_history(self) -> RetentionSettings:
        if self.retain_states_days > self.retain_history_days:
            raise ValueError(
                f"RETAIN_STATES_DAYS: {self.retain_states_days} is more than RETAIN_HISTORY_DAYS,"
                f" {self.retain_history_days}; profiles of days would go before those of runs"
            )
        return self
