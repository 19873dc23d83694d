"""Figures are served while a long job runs, or left in a file when a short one ends."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import structlog
from prometheus_client import start_http_server, write_to_textfile

from etl_core.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client import CollectorRegistry

log = structlog.get_logger()


@contextmanager
def served(registry: CollectorRegistry, port: int | None) -> Iterator[None]:
    """Serve figures at `/metrics` of a port while the block runs; of none where there is no port.

    Raises:
        SettingsError: the port cannot be had.
    """
    if port is None:
        yield
        return
    try:
        server, thread = start_http_server(port, registry=registry)
    except OSError as error:
        raise SettingsError("settings", [f"METRICS_PORT: {port} cannot be had: {error.strerror}"]) from error
    log.info("figures are served", port=port)
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def left_in_file(registry: CollectorRegistry, path: str | None) -> Iterator[None]:
    """Write the figures to a file when the block ends, however it does; whole or not at all, for others read it.

    A file that cannot be written is a warning: the job's own work is done.
    """
    try:
        yield
    finally:
        if path is not None:
            try:
                write_to_textfile(path, registry)
            except OSError as error:
                log.warning("the figures could not be left", path=path, error=error)
