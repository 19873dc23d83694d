"""Who reads the rows of a flow's query: one connection, or two that have a share of them each, of the same moment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple

import pyarrow as pa

from pipelines.etl.errors import SourceChangedError
from pipelines.etl.source.snapshot import Snapshot

if TYPE_CHECKING:
    from pipelines.etl.flow.flow import Flow
    from pipelines.etl.source.columns import SourceColumn

#: What a query costs, in the unit of planners, that two connections are worth opening for: that of a hundred
#: thousand rows with what belongs to them. Fewer are there before a second task of the next step has begun.
_WORTH_TWO: Final = 20_000


class SharedBy(NamedTuple):
    """One that reads.

    Attributes:
        snapshot: by which.
        share: a condition on `q`, the query's rows; empty: all of them.
    """

    snapshot: Snapshot
    share: str


@contextmanager
def shared_by(snapshot: Snapshot, flow: Flow, columns: Sequence[SourceColumn]) -> Iterator[tuple[SharedBy, ...]]:
    """Say who reads: one, or two where that is possible and there is much work.

    The flow has to say what rows can be shared by, and the query to give the same ones whenever a moment is asked for.

    Args:
        snapshot: of the source.
        flow: whose query it is.
        columns: of its rows.

    Raises:
        SourceChangedError: the query has no such column, or the source does not take it.
        DatabaseUnavailableError: the source goes away.
    """
    shares = _shares(flow, columns)
    if not shares or not _is_worth_two(snapshot, flow):
        yield (SharedBy(snapshot, ""),)
        return
    with snapshot.beside() as second:
        if second is None:
            yield (SharedBy(snapshot, ""),)
            return
        snapshot.use_one_process()
        yield tuple(map(SharedBy, (snapshot, second), shares))


def _is_worth_two(snapshot: Snapshot, flow: Flow) -> bool:
    plan = snapshot.plan(flow)
    return plan.cost >= _WORTH_TWO and plan.same_twice and not snapshot.is_volatile(plan.calls)


def _shares(flow: Flow, columns: Sequence[SourceColumn]) -> tuple[str, ...]:
    """Give two conditions on `q`, the rows of a flow's query, of which each row meets one; none where it is not shared.

    They are about a hash, which needs no bounds and halves what is crowded also. Planners take a comparison for a third
    of all rows, and equality with a remainder for hardly any.

    Raises:
        SourceChangedError: the query has no such column.
    """
    source = flow.source
    if source.partition_on is None or source.partitions == 1:
        return ()
    named = [column for column in columns if column.name == source.partition_on]
    if not named:
        problem = f"the query has no column {source.partition_on}, which partition_on names"
        hint = f"expected one of {', '.join(column.name for column in columns)}"
        raise SourceChangedError(f"the source of the flow {flow.name}", [f"{problem}; {hint}"])
    (column,) = named
    whole = pa.types.is_integer(column.kind)
    hashed = (
        f"hashint8extended({column.expression}, 0)" if whole else f"hashtextextended(({column.expression})::text, 0)"
    )
    return f"{hashed} < 0", f"({hashed} < 0) IS NOT TRUE"
