"""What the environment says about arrivals."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field

from etl_core.settings import RoomSettings, setting


def _zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("there is no such time zone")
    return name


class ArrivalSettings(RoomSettings):
    """When files are due that do not say so, and how far back it is looked."""

    arrival_days: Annotated[int, Field(ge=1, le=400)] = setting(
        "How many days back `check_arrivals` judges: windows due earlier stay as they are",
        "a whole number from 1 to 400",
        default=40,
    )
    arrival_zone: Annotated[str, AfterValidator(_zone)] = setting(
        "The time zone of files whose `range` names none, and of usual times that are learned",
        "a time zone's name such as Europe/Berlin",
        default="UTC",
    )
