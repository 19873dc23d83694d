"""Records through Kafka, against Spark's own way from topic to topic."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tests.bench.report.figures import Figure
from tests.bench.rounds import measure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.bench import Bench

_RATE = 1_000


def records(bench: Bench) -> Iterator[Figure]:
    """Events of 300 bytes from topic to topic, with a broker on the same machine; then how late single ones are."""
    program = bench.program("records_program")
    program.run("fill", rows=bench.sizes.records)
    found = measure(
        {
            "Spark": partial(program.run, "spark"),
            "flow": partial(program.run, "flow", table=True),
            "without a table": partial(program.run, "flow", table=False),
        },
        bench.sizes.few_rounds,
        warm=bench.sizes.warm,
    )
    peer, peer_name = found["Spark"], "readStream.kafka, from_json, write.kafka"
    what = f"{bench.sizes.records:,} records of 300 bytes checked, enriched, sent on"
    for name, work, title, must in (
        ("records", "flow", f"{what}, to a table, hours judged", 1 / 0.7),
        ("records/topics", "without a table", "the same without a table", None),
    ):
        ours = found[work]
        yield Figure(
            name,
            title,
            ours.seconds,
            peer_name=peer_name,
            peer=peer.seconds,
            ratio=ours.ratio(peer),
            cpu_ratio=ours.cpu_ratio(peer),
            must=must,
        )
    seconds = bench.sizes.record_seconds
    told = program.run("latency", rate=_RATE, seconds=seconds).told
    what = f"from produce to processed, {_RATE:,} records a second for {seconds} s, half of them within"
    yield Figure("records/p50", what, told["p50"])
    yield Figure("records/p95", "95 % of them within", told["p95"], must=1.5)
