"""The ledger: announcements in, batches out, and what people and metrics ask of it."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

from tests.bench.programs.inbox_program import BATCH
from tests.bench.report.figures import Figure
from tests.bench.rounds import measure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.bench import Bench

_ANNOUNCED = 10_000


def inbox(bench: Bench) -> Iterator[Figure]:
    """As many rows that wait as have ended; how many objects are in which state against counting them."""
    rows = bench.sizes.inbox
    with ExitStack() as stack:
        program = bench.start(stack, "inbox_program", "--rows", str(rows))
        works = {name: partial(program.run, name) for name in ("status", "count", "failures", "claim", "lost")}
        works["add"] = partial(program.run, "add", count=_ANNOUNCED)
        found = measure(works, bench.sizes.rounds, warm=bench.sizes.warm)
    ms = {name: one.seconds * 1000 for name, one in found.items()}
    yield Figure(
        "inbox/status", f"objects by state, depth and age: {rows:,} wait, {rows:,} ended", ms["status"], "ms",
        peer_name="counting them", peer=ms["count"], ratio=found["status"].ratio(found["count"]), must=100,
        bounds_ours=True,
    )  # fmt: skip
    yield Figure("inbox/list", "the first 100 that failed", ms["failures"], "ms")
    yield Figure("inbox/claim", f"a batch of {BATCH:,} of them", ms["claim"], "ms", must=50)
    add = found["add"].seconds
    what = f"{_ANNOUNCED:,} announcements, a transaction for ten ({_ANNOUNCED / add:,.0f} a second)"
    yield Figure("inbox/add", what, add, must=5.0)
    what = f"runs that {BATCH:,} objects take, one of which came back from a process that is gone"
    yield Figure("inbox/lost", what, found["lost"].told("batches"), "runs", must=1)
