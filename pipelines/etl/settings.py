"""What the environment says of the batch ETL."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from etl_core.settings import RoomSettings, setting


def _source_url(value: SecretStr) -> SecretStr:
    """An address of Postgres, kept secret; no message repeats any part of it."""
    if value.get_secret_value().partition("://")[0] not in {"postgresql", "postgres"}:
        raise ValueError("it does not begin with postgresql://")
    return value


class EtlSettings(RoomSettings):
    """Where flows read, what lies between their steps, and how long they wait."""

    source_database_url: Annotated[SecretStr, AfterValidator(_source_url)] | None = setting(
        "The database that `run_etl` reads, and `get_s3_files` unless its tables are in DATABASE_URL",
        "postgresql://user:password@host:5432/database",
    )
    etl_root: str = setting(
        "Where the rows between the steps of `run_etl` lie: a folder, or s3://bucket/prefix, which it has to be where"
        " steps run on different machines",
        "a path or s3://bucket/prefix",
        default="./.data/etl",
    )
    etl_flows: str | None = setting("Folder of the flows' files. Unset: the shipped ones, `conf/etl`", "a folder")
    etl_lock_seconds: Annotated[int, Field(ge=1, le=3600)] = setting(
        "How long `run_etl` waits for another run of its flow, and for a locked table of the warehouse, in seconds",
        "a whole number from 1 to 3600",
        default=60,
    )
