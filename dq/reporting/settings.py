"""What the environment says about the reporting tables."""

from __future__ import annotations

from typing import Annotated, Literal

from etl_core.settings import Lower, RoomSettings, setting


class ReportingSettings(RoomSettings):
    """What is written there."""

    score_aggregate: Annotated[Literal["latest", "rolling"], Lower] = setting(
        "What `latest_data_quality_score` holds: the newest window's score or the mean of recent ones",
        "latest or rolling",
        default="latest",
    )
