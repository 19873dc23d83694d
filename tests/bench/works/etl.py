"""Rows from a database to another: a flow with its checks, against reading and copying them without any."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tests.bench.report.figures import Figure
from tests.bench.rounds import measure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.bench import Bench


def etl(bench: Bench) -> Iterator[Figure]:
    """All users and the totals of their orders: extracted, checked, shaped, and loaded into an empty table."""
    users = bench.sizes.etl_users
    program = bench.program("etl_program", "--users", str(users), "--folder", str(bench.folder / "etl"))
    found = measure(
        {"plain": partial(program.run, "plain"), "flow": partial(program.run, "flow")},
        bench.sizes.few_rounds,
        warm=bench.sizes.warm,
    )
    ours, peer = found["flow"], found["plain"]
    title = f"{users:,} users with {5 * users:,} orders, read, checked, shaped and loaded"
    yield Figure(
        "etl/flow",
        title,
        ours.seconds,
        peer_name="Spark's JDBC read and COPY without checks",
        peer=peer.seconds,
        ratio=ours.ratio(peer),
        must=1 / 0.7,
        aim=1.2,
    )
    yield Figure("etl/flow-memory", "peak memory of the driver's process", ours.peak("driver"), "MiB", must=1024)
