"""What a run of a flow is put together from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from etl_core.errors import SettingsError
from pipelines.etl.step_folder import StepFolder, require_writable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date, datetime

    import pyarrow as pa
    from pyspark.sql import SparkSession

    from dq import SchemaDefinition
    from etl_core.objects.store import S3Access
    from pipelines.etl.flow.flow import Flow
    from pipelines.etl.ledger.steps import StepLedger


@dataclass(frozen=True, slots=True)
class EtlDoors:
    """The outside world of a flow.

    Attributes:
        flow: which.
        ledger: where steps are noted.
        root: ETL_ROOT.
        addresses: of databases, by the names of the settings that hold them.
        session: gives Spark's session, started when it is first asked for.
        clock: gives the aware present.
        access: how to sign in to S3.
        lock_seconds: how long to wait for another run, and for a locked table.
        references: gives the tables that a definition refers to, by what it calls them.
    """

    flow: Flow
    ledger: StepLedger
    root: str
    addresses: Mapping[str, str] = field(repr=False)
    session: Callable[[], SparkSession]
    clock: Callable[[], datetime]
    access: S3Access | None = None
    lock_seconds: int = 60
    references: Callable[[SchemaDefinition], Mapping[str, pa.Table]] = lambda _definition: {}

    def address(self, setting: str) -> str:
        """Give the address that a setting holds.

        Raises:
            SettingsError: it is not set.
        """
        if setting not in self.addresses:
            problem = (
                f"is not set, and the flow {self.flow.name} needs it: postgresql://user:password@host:5432/database"
            )
            raise SettingsError("settings", [f"{setting}: {problem}"])
        return self.addresses[setting]

    def folder(self, day: date) -> StepFolder:
        """Give the folders of a day."""
        return StepFolder(self.root, self.flow.name, day, self.access)

    def spark(self) -> SparkSession:
        """Give the session, whose tasks have to reach the folders.

        Raises:
            SettingsError: they run elsewhere, and the folders are on this machine; or cannot be made there.
        """
        self.require_folder()
        session = self.session()
        master = str(session.sparkContext.master)
        if self.folder_is_local and not master.startswith("local"):
            problem = f"ETL_ROOT is the folder {self.root} of this machine, and Spark's tasks run at {master}"
            raise SettingsError("settings", [f"{problem}; expected s3://bucket/prefix"])
        return session

    def require_folder(self) -> None:
        """Make sure that rows can lie where ETL_ROOT says, if that is on this machine.

        Raises:
            SettingsError: they cannot.
        """
        if self.folder_is_local:
            require_writable(self.root)

    @property
    def folder_is_local(self) -> bool:
        """Whether rows lie on this machine between steps."""
        return "://" not in self.root
