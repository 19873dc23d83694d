"""What the environment says of the lake."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from etl_core.errors import UsageError
from etl_core.settings import Lower, RoomSettings, setting
from pipelines.lake.files.folders import place_of_lake


def _root(value: str) -> str:
    """Refuse at the start what would fail every object later, one after the other."""
    try:
        place_of_lake(value)
    except UsageError as error:
        raise ValueError(str(error)) from None
    return value


class LakeSettings(RoomSettings):
    """Where the tables lie, and which objects go there."""

    lake_root: Annotated[str, AfterValidator(_root)] = setting(
        "Where the lake's tables lie: a folder, or s3://bucket/prefix",
        "a path or s3://bucket/prefix",
        default="./.data/lake",
    )
    silver_gate: Annotated[Literal["passed", "any", "off"], Lower] = setting(
        "Which objects are lifted to silver: those whose verdict passed, any that has a verdict, or none",
        "passed, any or off",
        default="passed",
    )
    silver_poll_seconds: Annotated[float, Field(ge=0.1, le=3600)] = setting(
        "How often `to_silver --watch` looks for objects with a verdict, in seconds",
        "a number from 0.1 to 3600",
        default=5.0,
    )
