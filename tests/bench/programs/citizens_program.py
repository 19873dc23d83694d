"""Citizens' workbooks from land to mart, in a warehouse of an embedded Postgres."""

from __future__ import annotations

import resource
import shutil
import tempfile
import time
import uuid
from contextlib import ExitStack
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import make_url, text

from dq import ObjectStore
from pipelines.citizens.doors import CitizensDoors
from pipelines.citizens.ingest import ingest
from pipelines.citizens.publish import publish
from pipelines.citizens.run_pipeline import run
from pipelines.citizens.transform import roll_back, roll_forward
from pipelines.citizens.warehouse.audit_trail import AuditTrail
from pipelines.citizens.warehouse.connecting import connect_warehouse, make_warehouse
from tests.bench.contestant import Work, serve
from tests.bench.tuned_postgres import tuned_postgres

if TYPE_CHECKING:
    from collections.abc import Mapping

_STEPS = "SELECT step, sum(duration_ms) / 1000.0 FROM meta.etl_audit WHERE run_id = :run GROUP BY step"
_DEAD = "SELECT version_id FROM meta.dataset_version WHERE NOT is_live"
_VERSION = "SELECT version_id FROM meta.dataset_version WHERE is_live ORDER BY version_id OFFSET :at LIMIT 1"


def main() -> None:
    """Start the server and answer."""
    with ExitStack() as stack:
        serve(lambda: _prepare(stack))


def _prepare(stack: ExitStack) -> Mapping[str, Work]:
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="dq-"))
    Path(folder).chmod(0o755)  # the server's own user has to enter it
    server = stack.enter_context(tuned_postgres(Path(folder) / "postgres"))
    work = CitizensWork(server.dsn, Path(folder) / "citizens")
    return {one.__name__: one for one in (work.fresh, work.month, work.rollback, work.reload)}


class CitizensWork:
    """What is measured, on one warehouse after the other."""

    def __init__(self, server: str, root: Path) -> None:
        self._server, self._root = server, root
        self._engine = connect_warehouse(server)

    def fresh(self) -> None:
        """Begin with an empty warehouse and nothing landed."""
        self._engine.dispose()
        admin = connect_warehouse(self._server).execution_options(isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(text("DROP DATABASE IF EXISTS warehouse WITH (FORCE)"))
            connection.execute(text("CREATE DATABASE warehouse"))
        admin.dispose()
        address = make_url(self._server).set(database="warehouse").render_as_string(hide_password=False)
        self._engine = connect_warehouse(address)
        make_warehouse(self._engine)
        shutil.rmtree(self._root, ignore_errors=True)

    def month(self, path: str) -> Mapping[str, Any]:
        """A workbook from land to mart; tells the seconds of each step, and the peak of the process that reads it."""
        doors = self._doors()
        ingest(Path(path), doors)
        if run(doors) != 0:
            raise AssertionError(f"{path} was stopped")
        with self._engine.connect() as connection:
            steps = connection.execute(text(_STEPS), {"run": doors.trail.run_id})
            told = {step: float(seconds) for step, seconds in steps}
        # it ends with a large workbook, so that nobody else can ask it
        return {**told, "reader": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024}

    def rollback(self, which: int) -> Mapping[str, Any]:
        """Take one of the live loads back, counted from 0, and publish; tells the seconds of both."""
        doors = self._doors()
        with self._engine.connect() as connection:
            version: int = connection.execute(text(_VERSION), {"at": which}).scalar_one()
        began = time.perf_counter()
        roll_back(version, doors)
        taken = time.perf_counter()
        publish(doors)
        return {"seconds": taken - began, "publish": time.perf_counter() - taken}

    def reload(self) -> None:
        """Bring back the load that is not live, and publish."""
        doors = self._doors()
        with self._engine.connect() as connection:
            version: int = connection.execute(text(_DEAD)).scalar_one()
        roll_forward(version, doors)
        publish(doors)

    def _doors(self) -> CitizensDoors:
        trail = AuditTrail(self._engine, uuid.uuid4().hex, _present)
        return CitizensDoors(self._engine, self._root, "US", ObjectStore(), trail, _present)


def _present() -> datetime:
    return datetime.now(timezone.utc)


if __name__ == "__main__":
    main()
