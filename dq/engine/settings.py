"""What the environment says about how files are read."""

from __future__ import annotations

from typing import Annotated, Literal

from etl_core.settings import Lower, RoomSettings, setting


class EngineSettings(RoomSettings):
    """Which lane."""

    reader: Annotated[Literal["auto", "spark", "direct"], Lower] = setting(
        "How files are read: Spark's readers, byte ranges, or what suits the file",
        "auto, spark or direct",
        default="auto",
    )
