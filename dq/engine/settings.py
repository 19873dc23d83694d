"""What the environment says about how files are read."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from etl_core.settings import Lower, RoomSettings, setting


class EngineSettings(RoomSettings):
    """Which lane."""

    reader: Annotated[Literal["auto", "spark", "direct"], Lower] = setting(
        "How files are read: Spark's readers, byte ranges, or what suits the file",
        "auto, spark or direct",
        default="auto",
    )
    spark_master: Annotated[str, Field(pattern=r"^(local(\[.*\])?|spark://.+|yarn|k8s://.+)$")] | None = setting(
        "Where Spark runs, for `spark-submit.sh` and for jobs that start it themselves. Unset: on this machine, when "
        "files are worth it",
        "local[*], spark://host:7077, yarn or k8s://https://host:6443",
    )
