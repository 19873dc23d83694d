"""What is around the workbooks goes wrong: a clear line, nothing half done, and a rerun heals."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr
from sqlalchemy import event, insert, text

from etl_core.errors import CatalogueError, DatabaseUnavailableError, SettingsError
from etl_core.postgres.database import connect
from pipelines.citizens.contracts import CITIZEN
from pipelines.citizens.errors import FolderRefusedError, NoSpaceError
from pipelines.citizens.files.part_file import part_file, sweep_parts
from pipelines.citizens.history.work import lock_dataset
from pipelines.citizens.ingest import ingest
from pipelines.citizens.run_pipeline import open_doors, run, validate_all
from pipelines.citizens.settings import CitizensSettings
from pipelines.citizens.transform import roll_back
from pipelines.citizens.warehouse.audit_trail import AuditTrail
from pipelines.citizens.warehouse.connecting import connect_warehouse, require_warehouse
from pipelines.citizens.warehouse.meta_tables import unpublished_month
from pipelines.citizens.warehouse.rights import RIGHTS
from tests.pipelines.citizens.town import CORE, FACTS, Workbooks, land, load, person, rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Engine

    from pipelines.citizens.doors import CitizensDoors

_ROOT = Path(__file__).parents[3]
_LAST = "SELECT step, level, status, message FROM meta.etl_audit ORDER BY audit_id DESC LIMIT 1"


@pytest.fixture
def two_months(workbooks: Workbooks) -> list[Path]:
    return [
        workbooks.citizens("2026-01", person(1), person(2)),
        workbooks.citizens("2026-02", person(1, city="Boston"), person(3)),
        workbooks.phones("2026-01", ["C1", "cell", "415-555-2671"]),
    ]


def test_each_right_that_the_service_lacks_is_named_with_its_grant_and_granting_it_heals(
    service: Engine, warehouse_owner: Engine
) -> None:
    require_warehouse(service)
    for table, rights in RIGHTS.items():
        for right in rights:
            with warehouse_owner.begin() as owner:
                owner.execute(text(f"REVOKE {right} ON {table} FROM warehouse_service"))
            with pytest.raises(CatalogueError) as raised:
                require_warehouse(service)
            (problem,) = raised.value.problems
            assert f"lacks the right {right} on {table};" in problem
            grant = re.search(r"GRANT .*", problem)
            assert grant
            with warehouse_owner.begin() as owner:
                owner.execute(text(grant.group()))
            require_warehouse(service)


@pytest.mark.parametrize("schema", ["meta", "core", "mart"])
def test_a_schema_that_the_service_may_not_enter_is_named_once(
    service: Engine, warehouse_owner: Engine, schema: str
) -> None:
    with warehouse_owner.begin() as owner:
        owner.execute(text(f"REVOKE USAGE ON SCHEMA {schema} FROM warehouse_service"))
    with pytest.raises(CatalogueError) as raised:
        require_warehouse(service)
    assert [f"the right USAGE on SCHEMA {schema};" in problem for problem in raised.value.problems] == [True]


def test_a_step_that_may_not_begin_is_told_in_the_account(doors: CitizensDoors, warehouse_owner: Engine) -> None:
    with warehouse_owner.begin() as owner:
        owner.execute(text("REVOKE DELETE ON mart.dim_citizen FROM warehouse_service"))
    address = doors.warehouse.url.render_as_string(hide_password=False)
    settings = CitizensSettings(warehouse_url=SecretStr(address), citizens_root=str(doors.root))
    with pytest.raises(CatalogueError), open_doors(settings, run_id="refused", clock=doors.clock):
        pass
    ((step, level, status, message),) = rows(doors.warehouse, _LAST)
    assert (step, level, status) == ("start", "ERROR", "FAIL")
    assert "lacks the right DELETE on mart.dim_citizen" in message


def test_without_temporary_tables_no_load_is_begun(service: Engine, warehouse_owner: Engine) -> None:
    with warehouse_owner.begin() as owner:
        (database,) = owner.execute(text("SELECT current_database()")).one()
        owner.execute(text(f"REVOKE TEMPORARY ON DATABASE {database} FROM warehouse_service, PUBLIC"))
    with pytest.raises(CatalogueError, match=f"GRANT TEMPORARY ON DATABASE {database} TO citizens_"):
        require_warehouse(service)


def test_a_right_that_goes_in_mid_run_stops_the_step_and_its_return_heals(
    doors: CitizensDoors, warehouse_owner: Engine, two_months: list[Path]
) -> None:
    with warehouse_owner.begin() as owner:
        owner.execute(text("REVOKE INSERT ON core.citizen FROM warehouse_service"))
    with pytest.raises(CatalogueError, match="permission denied for table citizen"):
        load(doors, *two_months)
    assert rows(doors.warehouse, _LAST)[0][:3] == ("transform", "ERROR", "FAIL")
    assert rows(doors.warehouse, "SELECT 1 FROM meta.dataset_version UNION ALL SELECT 1 FROM core.citizen_key") == []
    with warehouse_owner.begin() as owner:
        owner.execute(text("GRANT INSERT ON core.citizen TO warehouse_service"))
    assert run(doors) == 0
    assert len(rows(doors.warehouse, FACTS)) == 4


class Cable:
    """Carries bytes between a port of this machine and the server's socket until it is cut."""

    def __init__(self, server: Path) -> None:
        self._server, self._ends = server, list[socket.socket]()
        self._plug = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._plug.getsockname()[1]
        self.whole = True
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Break all connections, and let no new one be made."""
        self.whole = False
        for end in self._ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        self.whole = True

    def close(self) -> None:
        self.cut()
        self._plug.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._plug.accept()
                if not self.whole:
                    near.close()
                    continue
                far = socket.socket(socket.AF_UNIX)
                far.connect(str(self._server))
                self._ends += [near, far]
                for source, target in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=(source, target), daemon=True).start()

    @staticmethod
    def _carry(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@contextmanager
def over_a_cable(service: Engine) -> Iterator[tuple[Engine, Cable]]:
    """The same login, through a cable that can be cut."""
    folder = service.url.query.get("host")
    if not isinstance(folder, str):
        pytest.skip("the server is not the embedded one")
    cable = Cable(Path(folder) / ".s.PGSQL.5432")
    url = service.url.set(host="127.0.0.1", port=cable.port, query={})
    engine = connect(url.render_as_string(hide_password=False))
    try:
        yield engine, cable
    finally:
        engine.dispose()
        cable.close()


@pytest.mark.parametrize(
    "during", ["INSERT INTO of_load_differing", "INSERT INTO core.citizen ", "INSERT INTO mart.fact_citizen_snapshot"]
)
def test_the_database_goes_away_in_mid_load_and_the_next_run_does_it_all(
    doors: CitizensDoors, two_months: list[Path], during: str
) -> None:
    with over_a_cable(doors.warehouse) as (engine, cable):
        away = replace(doors, warehouse=engine, trail=AuditTrail(engine, "cut", doors.clock))
        land(away, *two_months)

        def cut(_connection: object, _cursor: object, statement: str, *_: object) -> None:
            if during in statement:
                cable.cut()

        event.listen(engine, "before_cursor_execute", cut)
        with pytest.raises(DatabaseUnavailableError):
            run(away)
        event.remove(engine, "before_cursor_execute", cut)
        half = "SELECT count(*) FROM core.citizen c LEFT JOIN meta.dataset_version v USING (version_id) WHERE v IS NULL"
        assert rows(doors.warehouse, half) == [(0,)]
        begun, ended = (
            rows(doors.warehouse, f"SELECT count(*) FROM meta.etl_audit WHERE run_id = 'cut' AND status {which}")
            for which in ("= 'START'", "<> 'START'")
        )
        assert begun[0][0] == ended[0][0] + 1, "the step that was cut began, and has no end"
        cable.mend()
        assert run(away) == 0
    assert [row[:4] for row in rows(doors.warehouse, FACTS)] == [
        (20260101, "C1", "Smith", "New York"),
        (20260101, "C2", "Smith", "New York"),
        (20260201, "C1", "Smith", "Boston"),
        (20260201, "C3", "Smith", "New York"),
    ]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of a megabyte."""
    folder = tmp_path / "small disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if subprocess.run(command, check=False, capture_output=True).returncode != 0:
        pytest.skip("this user may not mount a disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def fill(disk: Path) -> Path:
    """Fill a disk to the last byte; with which file."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(4096)):
            pass
    assert shutil.disk_usage(disk).free == 0
    return filler


def test_a_full_disk_stops_landing_and_staging_and_room_heals(
    doors: CitizensDoors, two_months: list[Path], small_disk: Path
) -> None:
    narrow = replace(doors, root=small_disk)
    filler = fill(small_disk)
    with pytest.raises(NoSpaceError, match="land could not be written: No space left on device; make room"):
        ingest(two_months[0], narrow)
    assert rows(doors.warehouse, "SELECT count(*) FROM meta.ingestion_log") == [(0,)]
    filler.unlink()
    land(narrow, *two_months)
    filler = fill(small_disk)
    with pytest.raises(NoSpaceError, match="could not be written: No space left on device; make room"):
        run(narrow)
    ((step, level, status, message),) = rows(doors.warehouse, _LAST)
    assert (step, level, status) == ("validate", "ERROR", "FAIL")
    assert "No space left on device" in message
    assert rows(doors.warehouse, "SELECT count(*) FROM meta.validation_log") == [(0,)]
    assert not [file for file in small_disk.rglob("*") if file.name.startswith(".part-") or file.suffix == ".parquet"]
    filler.unlink()
    assert run(narrow) == 0
    assert len(rows(doors.warehouse, FACTS)) == 4


def test_a_stage_that_may_not_be_written_is_named_with_what_to_do(doors: CitizensDoors, two_months: list[Path]) -> None:
    land(doors, *two_months)
    (doors.root / "stage").write_text("a file where a folder should be")
    assert validate_all(doors) == 1
    ((_, level, status, message),) = rows(doors.warehouse, _LAST)
    assert (level, status) == ("ERROR", "FAIL")
    assert message.endswith("let this user write there, or name another CITIZENS_ROOT")
    (doors.root / "stage").unlink()
    assert run(doors) == 0
    with pytest.raises(FolderRefusedError), part_file(Path("/proc/no/such")):
        pass


def test_halves_of_dead_processes_are_swept_and_those_in_work_are_not(tmp_path: Path) -> None:
    before = os.umask(0o027)
    with part_file(tmp_path) as part:
        assert part.stat().st_mode & 0o777 == 0o640, "as the umask says"
    os.umask(before)
    dead = tmp_path / ".part-dead"
    dead.write_bytes(b"half")
    with part_file(tmp_path) as part:
        sweep_parts(tmp_path)
        assert [*tmp_path.iterdir()] == [part]
        part.write_bytes(b"whole")
        part.replace(tmp_path / "whole")
    assert [*tmp_path.iterdir()] == [tmp_path / "whole"]


def programs(doors: CitizensDoors, *arguments: str) -> list[tuple[int, str]]:
    """The same program twice at once, each a process of its own; exit codes and what they said."""
    environment = {
        **os.environ,
        "WAREHOUSE_URL": doors.warehouse.url.render_as_string(hide_password=False),
        "CITIZENS_ROOT": str(doors.root),
        "PYTHONPATH": str(_ROOT),
    }
    command = [sys.executable, "-m", "pipelines.citizens.run_pipeline", *arguments]
    pipes: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    both = [subprocess.Popen(command, env=environment, **pipes) for _ in range(2)]
    said = [one.communicate(timeout=120)[1] for one in both]
    return [(one.returncode, text) for one, text in zip(both, said, strict=True)]


def test_settings_that_cannot_be_used_are_one_line_and_named_as_they_are_called(
    service: Engine, tmp_path: Path
) -> None:
    wrong = service.url.set(database="nowhere").render_as_string(hide_password=False)
    with pytest.raises(SettingsError, match="WAREHOUSE_URL"):
        connect_warehouse(wrong)
    done = subprocess.run(
        [sys.executable, "-m", "pipelines.citizens.publish"],
        env={**os.environ, "WAREHOUSE_URL": "nonsense", "PYTHONPATH": str(_ROOT)},
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "WAREHOUSE_URL: it begins neither with postgresql:// nor with mssql+pyodbc://" in done.stderr
    assert "Traceback" not in done.stderr


def test_two_processes_at_once_land_load_and_publish_everything_once(
    doors: CitizensDoors, workbooks: Workbooks
) -> None:
    paths = [workbooks.citizens(f"2026-{month:02}", *map(person, range(month, 200))) for month in (1, 2)]
    for arguments in (("ingest", *map(str, paths)), ("run",)):
        for code, said in programs(doors, *arguments):
            assert code == 0, said
            assert "Traceback" not in said
    assert rows(doors.warehouse, "SELECT count(*) FROM meta.ingestion_log") == [(2,)]
    assert rows(doors.warehouse, "SELECT count(*) FROM meta.dataset_version") == [(2,)]
    assert len(list(doors.land.iterdir())) == len(list(doors.clean.iterdir())) == 2
    assert len(rows(doors.warehouse, CORE)) == 199
    months = rows(doors.warehouse, "SELECT date_key, count(*) FROM mart.fact_citizen_snapshot GROUP BY 1 ORDER BY 1")
    assert months == [(20260001 + 100 * month, 200 - month) for month in (1, 2)]


def test_a_load_of_phones_waits_for_one_of_citizens_which_names_the_same_month(
    doors: CitizensDoors, two_months: list[Path]
) -> None:
    load(doors, *two_months)
    version = rows(doors.warehouse, "SELECT version_id FROM meta.dataset_version WHERE dataset = 'citizen_phone'")[0][0]
    waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    with ThreadPoolExecutor(1) as pool:
        with doors.warehouse.begin() as connection:
            lock_dataset(connection, CITIZEN)
            connection.execute(insert(unpublished_month).values(snapshot_month=date(2026, 1, 1)))
            turned = pool.submit(roll_back, version, doors)
            deadline = time.monotonic() + 60
            while not rows(doors.warehouse, waiting) and time.monotonic() < deadline:
                time.sleep(0.02)
        turned.result(timeout=60)
    assert rows(doors.warehouse, "SELECT count(*) FROM core.citizen_phone") == [(0,)]
