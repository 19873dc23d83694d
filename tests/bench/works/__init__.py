"""What is measured; each function starts its programs, measures in rounds, and gives figures."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from tests.bench.works import files
from tests.bench.works.agencies import agencies
from tests.bench.works.api import api
from tests.bench.works.citizens import citizens, citizens_months
from tests.bench.works.etl import etl
from tests.bench.works.inbox import inbox
from tests.bench.works.lake import lake
from tests.bench.works.large_gzip import large_gzip
from tests.bench.works.latency import latency
from tests.bench.works.pages import pages
from tests.bench.works.records import records
from tests.bench.works.rows import findings, frames, rows_memory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.bench.bench import Bench
    from tests.bench.report.figures import Figure

#: Everything that can be asked for by name, in the order of the table.
WORKS: Mapping[str, Callable[[Bench], Iterator[Figure]]] = {
    "narrow_csv": files.narrow_csv,
    "cold_csv": files.cold_csv,
    "parquet": files.parquet,
    "wide_csv": files.wide_csv,
    "json_lines": files.json_lines,
    "small_objects": files.small_objects,
    "one_small_file": files.one_small_file,
    "memory": files.memory,
    "frames": frames,
    "findings": findings,
    "rows_memory": rows_memory,
    "large_gzip": large_gzip,
    "pages": pages,
    "lake": lake,
    "etl": etl,
    "agencies": agencies,
    "api": api,
    "inbox": inbox,
    "records": records,
    "latency": latency,
    "citizens": citizens,
    "citizens_months": citizens_months,
    "deequ": files.deequ,
}


def run_works(bench: Bench, names: list[str]) -> list[Figure]:
    """Run the named works one after the other."""
    bench.folder.mkdir(parents=True, exist_ok=True)
    figures: list[Figure] = []
    for name in names:
        sys.stderr.write(f"{name}\n")
        figures += WORKS[name](bench)
    return figures
