"""Blocks of files that are observed by several processes, each with a connection of its own.

A block is one transaction and depends on no other one, so it makes no difference who observes it, or whether it is done
twice. Where a process dies (a killed one, one without memory), this one observes what is left. Where this one dies, the
others end at once, for its lock is free then.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait
from typing import TYPE_CHECKING

import structlog

from etl_core.postgres.database import connect
from operations.observations.block import Account, observe_block

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy.engine import Engine

    from operations.observations.block import Changed, Watch

log = structlog.get_logger()

#: Fewer blocks for each process are done sooner than it has started.
_FEWEST_BLOCKS = 4


class StoppedError(Exception):
    """Somebody asked to stop."""


def observe_blocks(
    engine: Engine, watch: Watch, blocks: Sequence[Changed], stopped: Callable[[], bool], processes: int = 1
) -> Iterator[Account]:
    """Observe blocks of files, and give what came of each, in their order.

    Args:
        engine: of this process; others sign in as it does.
        watch: how files are observed.
        blocks: runs that changed, by file.
        stopped: asked between blocks.
        processes: so many at once; fewer where there is little to do.

    Raises:
        StoppedError: somebody asked to stop; what was not given yet may be done, or not.
        DatabaseUnavailableError: no answer.
    """
    done = 0
    if (many := min(processes, len(blocks) // _FEWEST_BLOCKS)) > 1:
        if stopped():
            raise StoppedError
        try:
            for one in _by_processes(engine, watch, blocks, stopped, many):
                yield one
                done += 1
        except BrokenProcessPool:
            log.warning("a process that observes files died; this one goes on alone", blocks=len(blocks) - done)
    for block in blocks[done:]:
        if stopped():
            raise StoppedError
        yield observe_block(engine, watch, block)


def _by_processes(
    engine: Engine, watch: Watch, blocks: Sequence[Changed], stopped: Callable[[], bool], many: int
) -> Iterator[Account]:
    address = engine.url.render_as_string(hide_password=False)
    fresh = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(many, fresh, _begin, (address, watch))
    try:
        for one in [pool.submit(_observe, block) for block in blocks]:
            if stopped():
                raise StoppedError
            yield one.result()
    finally:
        pool.shutdown(cancel_futures=True)


class _Here:
    """What a process of a pool has."""

    engine: Engine
    watch: Watch


def _begin(address: str, watch: Watch) -> None:
    # Ctrl-C reaches all processes of a terminal; the first one stops the others, when they are between blocks.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _Here.engine, _Here.watch = connect(address), watch


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _observe(block: Changed) -> Account:
    return observe_block(_Here.engine, _Here.watch, block)
