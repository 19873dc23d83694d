"""Behind a pooler each transaction may have another session: ours have what they depend on, those of others do not.

PgBouncer as Debian has it; without it these tests are skipped.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg2
import pytest
import sqlalchemy
from sqlalchemy import text

from etl_core.postgres.database import connect
from tests.ledger.consumer import NOW, events, finish, take

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dq.ledger.inbox import Inbox

PGBOUNCER = shutil.which("pgbouncer") or "/usr/sbin/pgbouncer"
pytestmark = pytest.mark.skipif(not Path(PGBOUNCER).exists(), reason="needs Debian's package pgbouncer")

#: In a session that nobody prepared.
FOREIGN = "SELECT current_setting('lock_timeout'), current_setting('search_path'), current_setting('timezone')"


@contextmanager
def pooled(url: str) -> Iterator[str]:
    """The same database through a pooler with three sessions."""
    address = sqlalchemy.make_url(url)
    host = str(address.query.get("host") or address.host or "127.0.0.1")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = Path(tempfile.mkdtemp(prefix="pooler-"))
    given = {"port": address.port, "password": address.password}
    to = f"host={host} user={address.username} dbname={address.database}"
    to += "".join(f" {name}={value}" for name, value in given.items() if value)
    (folder / "pgbouncer.ini").write_text(
        f"[databases]\n* = {to}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
        "auth_type = any\npool_mode = transaction\ndefault_pool_size = 3\nserver_reset_query =\n"
        "ignore_startup_parameters = extra_float_digits\n"
    )
    command = [PGBOUNCER, str(folder / "pgbouncer.ini")]
    if os.getuid() == 0:  # it refuses to be root
        # The embedded server's folder is open to its own user only.
        user = pwd.getpwuid(Path(host).stat().st_uid) if host.startswith("/") else pwd.getpwnam("nobody")
        for path in (folder, *folder.iterdir()):
            os.chown(path, user.pw_uid, user.pw_gid)
        command += ["-u", user.pw_name]
    process = subprocess.Popen(command, stderr=subprocess.PIPE)
    try:
        through = address.set(host="127.0.0.1", port=port, query={}, password=None)
        _wait_for(port, process)
        yield through.render_as_string(hide_password=False)
    finally:
        process.terminate()
        process.communicate()
        shutil.rmtree(folder)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(100):
        assert process.poll() is None, process.communicate()
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError("the pooler does not listen")


def test_every_transaction_has_our_settings_and_no_other_client_does(inbox: Inbox) -> None:
    """Also where several go on at once, and the sessions change hands."""
    with pooled(inbox.engine.url.render_as_string(hide_password=False)) as through:
        engine = connect(through)

        def seen(_: int) -> tuple[object, ...]:
            with engine.connect() as connection:
                row = connection.execute(text("SELECT pg_backend_pid(), pg_sleep(0.01), " + FOREIGN[7:])).one()
                return (row[0], *row[2:])

        with ThreadPoolExecutor(6) as pool:
            found = list(pool.map(seen, range(60)))
        assert {row[1:] for row in found} == {("30s", "reporting, public", "UTC")}
        assert len({row[0] for row in found}) > 1
        foreign = []
        for _ in range(6):
            other = psycopg2.connect(through.replace("+psycopg2", ""))
            with other.cursor() as cursor:
                cursor.execute(FOREIGN)
                foreign += cursor.fetchall()
            other.close()
        assert {row[0] for row in foreign} == {"0"}
        assert not any("reporting" in row[1] for row in foreign)
        engine.dispose()


def test_the_ledger_is_worked_off_through_it(inbox: Inbox) -> None:
    with pooled(inbox.engine.url.render_as_string(hide_password=False)) as through:
        engine = connect(through)
        ledger = type(inbox)(engine, max_attempts=3)
        assert ledger.add(events(40), now=NOW).new == 40
        items = take(ledger)
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(lambda item: finish(ledger, item), items))
        with engine.connect() as connection:
            query = text("SELECT count(*) FROM pipeline.object_inbox WHERE state = 'done'")
            assert connection.scalar(query) == 40
        engine.dispose()
