"""What the environment says about the stream that takes announcements in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator

from etl_core.settings import RoomSettings, setting


def _folder(value: str) -> str:
    path = Path(value.removeprefix("file://"))
    if "://" in str(path) or not path.is_absolute():
        raise ValueError("it is no absolute path of this machine")
    return str(path)


class IntakeSettings(RoomSettings):
    """Where the stream notes how far it has come."""

    checkpoint_root: Annotated[str, AfterValidator(_folder)] | None = setting(
        "Folder of the stream's checkpoints, one for each start and removed at its end (after a kill -9 it "
        "stays, may be deleted, and holds nothing that counts). "
        "Unset: the folder for temporary files",
        "an absolute path of this machine, such as /var/lib/pipeline, or file:///var/lib/pipeline",
    )
