"""What the environment says about the ledger."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from etl_core.settings import RoomSettings, setting


class LedgerSettings(RoomSettings):
    """How it is worked off, and what it keeps."""

    max_files_per_batch: Annotated[int, Field(ge=1, le=100_000)] = setting(
        "Most objects that one batch takes on", "a whole number from 1 to 100000", default=1000
    )
    max_attempts: Annotated[int, Field(ge=1, le=100)] = setting(
        "How often an object is tried before it ends as `dead`", "a whole number from 1 to 100", default=5
    )
    keep_profiles: bool = setting(
        "Whether the ledger keeps every run's profile in a form that merges, about 50 kB to some MB each, "
        "for `profile_of`",
        "true or false",
        default=True,
    )
