"""What the environment says of application APIs."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from etl_core.settings import RoomSettings, setting


class ApiSettings(RoomSettings):
    """Where sources are described, and where their records land."""

    api_sources: str | None = setting(
        "Folder of the files that describe application APIs. Unset: the shipped ones, `conf/api_sources`", "a folder"
    )
    landing_bucket: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]$")] | None = setting(
        "Bucket in which `ingest_api` lands what it read", "a bucket's name"
    )
