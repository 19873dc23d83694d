"""Citizens' workbooks from land to mart, against what a notebook does with them; and what time does to a warehouse."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from statistics import mean
from typing import TYPE_CHECKING

from tests.bench.contestant import our_python, started
from tests.bench.programs.peer_packages import NoPeerError, peer_packages
from tests.bench.report.figures import Figure
from tests.bench.rounds import measure

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.bench.bench import Bench
    from tests.bench.contestant import Contestant, Sample

_MIB = 1024 * 1024
#: Months at the beginning and at the end of a long history that are compared.
_COMPARED = 3


def citizens(bench: Bench) -> Iterator[Figure]:
    """Two months of one town, loads taken back, memory; once, for a month takes a minute and the peer several."""
    first, second = bench.inputs.citizens_workbooks(bench.sizes.citizens, 2, wide=True)
    with ExitStack() as stack:
        program = bench.start(stack, "citizens_program")
        program.run("fresh")
        month = partial(program.run, "month")
        works = {"ours": partial(month, path=str(first))}
        peer = _peer(bench, stack)
        if peer is not None:
            works["peer"] = partial(peer.run, "to_sql", path=str(first))
        found = measure(works, 1, warm=0)
        ours, next_month = found["ours"], month(path=str(second))
        newer = program.run("rollback", which=1)
        program.run("reload")
        older = program.run("rollback", which=0)
    what = f"a workbook of citizens, {bench.sizes.citizens:,} x 14, {first.stat().st_size / _MIB:.0f} MiB, land to mart"
    against = {}
    if peer is not None:
        name = "pandas, openpyxl, to_sql: no checks, no history"
        against = {"peer_name": name, "peer": found["peer"].seconds, "ratio": ours.ratio(found["peer"])}
    yield Figure("citizens/first", what, ours.seconds, must=180, aim=60, bounds_ours=True, **against)  # type: ignore[arg-type]
    for step in ("validate", "transform", "publish"):
        yield Figure(f"citizens/first-{step}", f"of it {step}", ours.told(step))
    yield Figure(
        "citizens/second", "the next month, 2 % of it changed", next_month.seconds, peer_name="the first month",
        peer=ours.seconds, ratio=next_month.seconds / ours.seconds, must=0.67,
    )  # fmt: skip
    yield Figure("citizens/second-validate", "of it validate", next_month.told["validate"])
    early, late = _loading(ours.samples), _loading([next_month])
    yield Figure(
        "citizens/second-loading", "the same apart from validation", late, peer_name="the first month", peer=early,
        ratio=late / early, must=0.67,
    )  # fmt: skip
    for name, rollback, title in (
        ("citizens/rollback", newer, "the newer load is taken back"),
        ("citizens/rollback-older", older, "the older one is, so that every row begins a month later"),
    ):
        yield Figure(name, title, rollback.seconds, must=10)
        yield Figure(f"{name}-publish", "and the mart published", rollback.told["publish"])
    yield Figure("citizens/memory", "peak memory of the process", ours.peak("driver"), "MiB", must=2048)
    yield Figure(
        "citizens/memory-reader", "and of the one that reads the workbook", next_month.told["reader"], "MiB", must=2048
    )


def citizens_months(bench: Bench) -> Iterator[Figure]:
    """A month after many, against one after few."""
    count = bench.sizes.citizens_months
    paths = bench.inputs.citizens_workbooks(bench.sizes.citizens_each, count, wide=False)
    with ExitStack() as stack:
        program = bench.start(stack, "citizens_program")
        program.run("fresh")
        samples = [program.run("month", path=str(path)) for path in paths]
        middle = program.run("rollback", which=count // 2)
    early, late = (_loading(some) for some in (samples[1 : 1 + _COMPARED], samples[-_COMPARED:]))
    what = f"transform and publish of a month after {count} months of {bench.sizes.citizens_each:,} citizens"
    yield Figure(
        "citizens/late", what, late, peer_name="after one to three", peer=early, ratio=late / early, must=1.25, aim=1
    )
    yield Figure("citizens/late-rollback", "a load of the middle is taken back", middle.seconds, must=10)


def _loading(samples: Sequence[Sample]) -> float:
    """Seconds of a month apart from validation, which knows nothing of other months."""
    return mean(float(one.told["transform"]) + float(one.told["publish"]) for one in samples)


def _peer(bench: Bench, stack: ExitStack) -> Contestant | None:
    if not bench.sizes.citizens_peer:
        return None
    try:
        packages: Path = peer_packages(bench.folder / "openpyxl", "openpyxl==3.1.5")
    except NoPeerError as error:
        bench.notes.append(str(error))
        return None
    environment = {"PEER_PACKAGES": str(packages)}
    log = bench.folder / "workbook_peer_program.log"
    return stack.enter_context(started(our_python("workbook_peer_program"), log, environment))
