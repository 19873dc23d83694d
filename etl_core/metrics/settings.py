"""What the environment says about figures for Prometheus."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from etl_core.settings import RoomSettings, setting

#: What the text collector of Prometheus' node exporter reads.
_SUFFIX = ".prom"


def _text_file(value: str) -> str:
    if not value.endswith(_SUFFIX):
        raise ValueError(f"its name does not end in {_SUFFIX}, and nothing would read it")
    return value


class MetricsSettings(RoomSettings):
    """Where figures go; nowhere, unless somebody says."""

    metrics_port: Annotated[int, Field(ge=1, le=65535)] | None = setting(
        "Port on which a job that watches serves figures for Prometheus, at /metrics. Unset: none",
        "a whole number from 1 to 65535",
    )
    metrics_file: Annotated[str, AfterValidator(_text_file)] | None = setting(
        "File that a job leaves its figures in at its end, for the text collector of Prometheus' node exporter. "
        "Unset: none",
        "a path that ends in .prom",
    )
