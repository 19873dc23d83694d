"""Who holds rows of the ledger: the names of processes, and whether one of this machine still runs."""

from __future__ import annotations

import hashlib
import os
import socket
import uuid
from contextlib import suppress
from functools import cache
from pathlib import Path

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_PROCESSES = Path("/proc/self/ns/pid")
_PARTS = 5
#: The clock from which the beginning of a process is reckoned may be set meanwhile.
_SAME_MILLISECONDS = 5000


def new_owner() -> str:
    """A name for this process's claims that no other process has or had.

    It says where the process runs, its number there and when it began, so that others of the same machine can
    tell whether it is still there.
    """
    began = _began(os.getpid()) or 0
    return f"{socket.gethostname()}:{os.getpid()}:{began}:{_machine()}:{uuid.uuid4().hex[:8]}"


def is_alive(owner: str) -> bool | None:
    """Whether the process of this name still runs; None where that cannot be told from here.

    It can be told of processes of the same machine, of the same start of it and of the same container. Another one
    that has taken the number since began at another time.
    """
    parts = owner.rsplit(":", _PARTS - 1)
    if len(parts) != _PARTS or parts[0] != socket.gethostname() or parts[3] != _machine():
        return None
    try:
        number, began = int(parts[1]), int(parts[2])
    except ValueError:
        return None
    found = _began(number)
    return found is not None and abs(found - began) <= _SAME_MILLISECONDS


def shown_owner(owner: str) -> str:
    """A name as people read it: `host, process 4711`."""
    parts = owner.rsplit(":", _PARTS - 1)
    return f"{parts[0]}, process {parts[1]}" if len(parts) == _PARTS else owner


def _began(number: int) -> int | None:
    """When a process began, in milliseconds since the epoch; None where there is none, or only its remains."""
    import psutil

    with suppress(psutil.Error, ValueError, OverflowError):
        process = psutil.Process(number)
        if process.status() != psutil.STATUS_ZOMBIE:
            return round(process.create_time() * 1000)
    return None


@cache
def _machine() -> str:
    """A mark of the machine since it started, and of the container: numbers of processes mean the same in it only."""
    marks = []
    with suppress(OSError):
        marks.append(_BOOT.read_text(encoding="ascii").strip())
    with suppress(OSError):
        marks.append(str(_PROCESSES.readlink()))
    return hashlib.blake2b("\n".join(marks).encode(), digest_size=4).hexdigest()
