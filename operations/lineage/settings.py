"""What the environment says of lineage."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr

from etl_core.settings import RoomSettings, setting


def _endpoint(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("it does not begin with http:// or https://")
    if parts.username is not None or parts.password is not None:
        raise ValueError("it holds a user name or password; give a key in OPENLINEAGE_API_KEY")
    return value if value.endswith("/") else f"{value}/"


def _name(value: str) -> str:
    if not value.strip():
        raise ValueError("it is blank")
    return value.strip()


class LineageSettings(RoomSettings):
    """Where lineage goes; where neither an address nor a file is set, none is told. With both the address gets it."""

    openlineage_url: Annotated[str, AfterValidator(_endpoint)] | None = setting(
        "Where OpenLineage events are sent (`api/v1/lineage` is added). Unset, and OPENLINEAGE_FILE too: no lineage",
        "http://host:port or https://host",
    )
    openlineage_api_key: SecretStr | None = setting("The key that goes with them, as a bearer token", "any")
    openlineage_file: str | None = setting(
        "The file OpenLineage events are appended to, one a line, where no OPENLINEAGE_URL is set", "a path"
    )
    openlineage_namespace: Annotated[str, AfterValidator(_name)] = setting(
        "The namespace of jobs in OpenLineage events", "any", default="pipeline-processing"
    )
    openlineage_keep: Annotated[int, Field(ge=1, le=90)] = setting(
        "How long lineage is kept for an endpoint that is away, in days; what is older is given up",
        "a whole number from 1 to 90",
        default=7,
    )
    openlineage_seconds: Annotated[float, Field(ge=0.1, le=60)] = setting(
        "How long a job that has ended goes on telling lineage, in seconds; the next one goes on from there",
        "a number from 0.1 to 60",
        default=5.0,
    )

    @property
    def is_told(self) -> bool:
        """Whether anybody wants it."""
        return self.openlineage_url is not None or self.openlineage_file is not None
