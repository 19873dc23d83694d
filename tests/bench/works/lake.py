"""Rows to Delta tables, against Spark's own writer."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tests.bench.inputs import TRIP_DEFINITION
from tests.bench.report.figures import Figure
from tests.bench.rounds import measure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.bench import Bench

#: Runs that the table has to which one more is committed.
_RUNS = 1_000


def lake(bench: Bench) -> Iterator[Figure]:
    """The CSV of 16 columns, about 3 % of whose rows break a rule, to silver and quarantine; in processor seconds."""
    lift = {"path": str(bench.inputs.trips_csv(bench.sizes.trips)), "definition": TRIP_DEFINITION}
    program = bench.program("lake_program")
    found = measure(
        {
            "Spark's Delta writer": partial(program.run, "delta", **lift),
            "lifted": partial(program.run, "lift", **lift, unique=True),
            "keys counted": partial(program.run, "lift", **lift, unique=False),
        },
        bench.sizes.few_rounds,
        warm=bench.sizes.warm,
    )
    peer, peer_name = found["Spark's Delta writer"], "CSV to Delta by Spark"
    what = f"CSV, {bench.sizes.trips:,} x 16, to silver and quarantine, processor seconds"
    for name, work, title, aim in (
        ("lake/csv", "lifted", f"{what}; no key repeats by the verdict", 0.5),
        ("lake/csv-keys", "keys counted", "the same, keys counted anew", None),
    ):
        ours = found[work]
        must = aim and 0.8
        yield Figure(
            name, title, ours.cpu, peer_name=peer_name, peer=peer.cpu, ratio=ours.cpu_ratio(peer), must=must, aim=aim
        )
        yield Figure(f"{name}-memory", "peak memory of a task's process", ours.peak("task"), "MiB", must=600)
    commit = measure({"commit": partial(program.run, "commit", runs=_RUNS)}, bench.sizes.few_rounds, warm=1)["commit"]
    yield Figure(
        "lake/commit", f"a commit of one run, of {_RUNS:,} in its table, processor seconds", commit.seconds, must=1
    )
