"""A few files of nobody's through Spark, before the first real one comes."""

from __future__ import annotations

import logging
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dq.batch.process_batch import Doors

#: More than the engine does on its own threads.
_WARM_UP_FILES = 12


def warm_up(doors: Doors) -> None:
    """Profile a few small files on Spark, so that the first real one does not wait for its workers to get going."""
    from dq.definitions import load_definition
    from dq.engine.source_file import SourceObject

    definition = load_definition({"fields": [{"name": "id", "type": "integer", "required": True, "unique": True}]})
    with tempfile.TemporaryDirectory(prefix="pipeline-warm-up-") as folder:
        path = Path(folder) / "warm-up.csv"
        path.write_text("id\n1\n2\n")
        peek = doors.objects.peek(None, str(path))
        with _only_warnings_of("dq.engine"):
            doors.judge([SourceObject(number, peek, definition) for number in range(_WARM_UP_FILES)])


@contextmanager
def _only_warnings_of(room: str) -> Iterator[None]:
    """Keep lines about files that are none of the user's out of the log."""
    logger = logging.getLogger(room)
    level = logger.level
    logger.setLevel(max(logger.getEffectiveLevel(), logging.WARNING))
    try:
        yield
    finally:
        logger.setLevel(level)
