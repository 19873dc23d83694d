"""What the stream's own process has to know, handed over in a private file that dies with this one.

Spark plans, event logs and checkpoints hold the options of a source, so those carry only the path of the file.
A variable of the environment would not do: under spark-submit Spark's JVM, whose children the stream's process
is, was there before this one read its settings.
"""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from etl_core.queue.sqs import QueueAccess

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class FeedSettings:
    """Where announcements come from and how rows are claimed.

    `owner` names this deployment among others on the same ledger: a feed that starts frees what an earlier one
    of the same name left behind. `lease_seconds` is how long a batch may go without being renewed,
    `wait_seconds` how long one receive waits for messages, `idle_seconds` how long to rest when nothing came
    and there is no queue to wait at. `log_level` and `on_terminal` say how the program's log lines look.
    """

    database_url: str = field(repr=False)
    owner: str
    queue: QueueAccess | None = None
    max_files: int = 1000
    max_attempts: int = 5
    lease_seconds: float = 600.0
    wait_seconds: int = 1
    idle_seconds: float = 0.2
    log_level: str = "INFO"
    on_terminal: bool = False

    def secrets(self) -> tuple[str, ...]:
        """The texts that may stand in no line of the log."""
        queue = self.queue
        keys = () if queue is None else (queue.access_key, queue.secret_key)
        return tuple(secret for secret in (self.database_url, urlsplit(self.database_url).password, *keys) if secret)


@contextmanager
def handed_over(settings: FeedSettings) -> Iterator[str]:
    """Write the settings to a file that only this user can read; its path. The file is gone afterwards.

    Where the system can, it is in memory and belongs to this process: after a SIGKILL nothing of it is left, either.
    """
    if hasattr(os, "memfd_create") and Path("/proc/self/fd").is_dir():
        with os.fdopen(os.memfd_create("pipeline-feed"), "w", encoding="utf-8") as memory:
            os.fchmod(memory.fileno(), 0o600)
            json.dump(asdict(settings), memory)
            memory.flush()
            yield f"/proc/{os.getpid()}/fd/{memory.fileno()}"
        return
    with tempfile.TemporaryDirectory(prefix="pipeline-feed-") as folder:
        path = Path(folder) / "feed.json"
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(asdict(settings), file)
        yield str(path)


def read_feed_settings(path: str) -> FeedSettings:
    """The settings that `handed_over` wrote."""
    found = json.loads(Path(path).read_text(encoding="utf-8"))
    queue = found.pop("queue")
    return FeedSettings(**found, queue=None if queue is None else QueueAccess(**queue))
