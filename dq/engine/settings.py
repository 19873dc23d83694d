"""What the environment says about how files are read."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from etl_core.settings import Comma, Lower, RoomSettings, setting


class EngineSettings(RoomSettings):
    """Which lane."""

    reader: Annotated[Literal["auto", "spark", "direct"], Lower] = setting(
        "How files are read: Spark's readers, byte ranges, or what suits the file",
        "auto, spark or direct",
        default="auto",
    )
    object_memory_mib: Annotated[int, Field(ge=2048, le=1_048_576)] = setting(
        "Most memory, in MiB, that a worker of Spark may have while it reads an object or a part of one; what needs "
        "more ends `dead`, its neighbours have their verdicts",
        "a whole number from 2048 to 1048576",
        default=4096,
    )
    object_seconds: Annotated[int, Field(ge=1, le=86_400)] = setting(
        "For how long an object, or a part of one, may be read, in seconds",
        "a whole number from 1 to 86400",
        default=3600,
    )
    reference_schemas: Annotated[tuple[str, ...], Comma] = setting(
        "Schemas of the database whose tables definitions may refer to (`references`), for whoever may write a "
        "definition names tables; of others nothing is read",
        "names of schemas, comma-separated",
        default=(),
    )
    spark_master: Annotated[str, Field(pattern=r"^(local(\[.*\])?|spark://.+|yarn|k8s://.+)$")] | None = setting(
        "Where Spark runs, for `spark-submit.sh` and for jobs that start it themselves. Unset: on this machine, when "
        "files are worth it",
        "local[*], spark://host:7077, yarn or k8s://https://host:6443",
    )
