"""Pages: the report of a verdict on a wide file, from what is kept of it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tests.bench.inputs import wide_definition
from tests.bench.report.figures import Figure
from tests.bench.rounds import measure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.bench import Bench

_ROWS = 3_000


def pages(bench: Bench) -> Iterator[Figure]:
    """A page of 50 columns and one of 200, in a process that is warm."""
    local = bench.program("local_program")
    for columns, must in ((50, 0.15), (200, 0.5)):
        path = str(bench.inputs.wide_csv(_ROWS, columns))
        run = partial(local.run, "page", path=path, definition=wide_definition(columns))
        found = measure({"page": run}, bench.sizes.rounds, warm=bench.sizes.warm)["page"]
        yield Figure(f"page/{columns}", f"page of a verdict on {columns} columns", found.seconds, must=must)
        size = found.told("bytes") / 1000
        yield Figure(f"page/{columns}/size", "its size", size, unit="KB", must=150 if columns == 50 else 600)
