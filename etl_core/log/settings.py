"""What the environment says about log lines."""

from __future__ import annotations

from typing import Annotated, Literal

from etl_core.settings import RoomSettings, Upper, setting


class LogSettings(RoomSettings):
    """How much is said."""

    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], Upper] = setting(
        "Least important line that is logged", "DEBUG, INFO, WARNING or ERROR", default="INFO"
    )
