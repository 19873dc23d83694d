"""Records of an application's API: landed and accounted for, against asking for them and parsing them in a loop."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tests.bench.report.figures import Figure
from tests.bench.rounds import measure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.bench import Bench


def api(bench: Bench) -> Iterator[Figure]:
    """All employees in pages of 1,000, one connection, from a server in a process of its own."""
    records = bench.sizes.api_records
    program = bench.program("api_program", "--records", str(records))
    found = measure(
        {"plain": partial(program.run, "plain"), "ingest": partial(program.run, "ingest")},
        bench.sizes.few_rounds,
        warm=bench.sizes.warm,
    )
    ours, peer = found["ingest"], found["plain"]
    yield Figure(
        "api/ingest",
        f"{records:,} records of an API in pages of 1,000, landed",
        ours.seconds,
        peer_name="requests in a loop, parsed and thrown away",
        peer=peer.seconds,
        ratio=ours.ratio(peer),
        must=1 / 0.7,
    )
    yield Figure("api/memory", "peak memory of the process", ours.peak("driver"), "MiB", must=200)
