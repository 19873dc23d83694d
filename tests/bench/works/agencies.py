"""Documents of an agency: attachments copied within an S3, again, and the employment history as CSV."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tests.bench.report.figures import Figure
from tests.bench.rounds import measure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.bench import Bench


def agencies(bench: Bench) -> Iterator[Figure]:
    """The processor with its ledger, against s3transfer with as many workers and no account of anything."""
    sizes = bench.sizes
    program = bench.program(
        "agencies_program",
        *("--attachments", str(sizes.attachments), "--rows", str(sizes.employment_rows)),
        *("--folder", str(bench.folder / "agencies")),
    )
    found = measure(
        {
            "plain": partial(program.run, "plain"),
            "copies": partial(program.run, "copies"),
            "again": partial(program.run, "again"),
        },
        sizes.few_rounds,
        warm=sizes.warm,
    )
    first, again, peer = found["copies"], found["again"], found["plain"]
    yield Figure(
        "agencies/copies",
        f"{sizes.attachments:,} attachments of 10 KB copied, listed and noted",
        first.seconds,
        peer_name="s3transfer with the same workers",
        peer=peer.seconds,
        ratio=first.ratio(peer),
        must=1 / 0.8,
        aim=1.0,
    )
    yield Figure(
        "agencies/again",
        "the same again, all unchanged",
        again.seconds,
        peer_name="the first run",
        peer=first.seconds,
        ratio=again.ratio(first),
        must=1 / 3,
        aim=0.1,
    )
    history = measure({"employment": partial(program.run, "employment")}, 1, warm=0)["employment"]
    yield Figure("agencies/employment", f"{sizes.employment_rows:,} rows of employment history as CSV", history.seconds)
    yield Figure("agencies/employment-memory", "peak memory of its process", history.peak("driver"), "MiB", must=200)
