"""The settings of all rooms that jobs reach. `python -m jobs.running.settings` prints the README's table of them."""

from __future__ import annotations

from pathlib import Path

from dq.settings import ROOMS as ROOMS_OF_VERDICTS
from etl_core.settings import RoomSettings, Settings, configuration_table, read_rooms
from operations.alerts.settings import AlertSettings
from operations.arrivals.settings import ArrivalSettings
from operations.lineage.settings import LineageSettings
from operations.observations.settings import ObservationSettings
from operations.retention.settings import RetentionSettings
from pipelines.agencies.settings import AgencySettings
from pipelines.api_ingestion.settings import ApiSettings
from pipelines.citizens.settings import CitizensSettings
from pipelines.etl.settings import EtlSettings
from pipelines.lake.settings import LakeSettings
from pipelines.records.settings import KafkaSettings
from service.settings import ServeSettings

ROOMS: tuple[type[RoomSettings], ...] = (
    *ROOMS_OF_VERDICTS,
    *(LakeSettings, CitizensSettings, KafkaSettings, EtlSettings, AgencySettings, ApiSettings, ServeSettings),
    *(ArrivalSettings, ObservationSettings, RetentionSettings, AlertSettings, LineageSettings),
)


def read_settings(env_file: Path | None = Path(".env"), **overrides: object) -> Settings:
    """The settings of all rooms, read and judged together; as `etl_core.settings.read_rooms`."""
    return read_rooms(ROOMS, env_file, **overrides)


if __name__ == "__main__":
    print("\n".join(configuration_table(ROOMS)))  # noqa: T201 - this is what the module is run for
