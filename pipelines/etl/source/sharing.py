"""The rows of a query by two connections at once: which of them reads what, and how one ends when the other fails."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

import pyarrow as pa

from pipelines.etl.errors import SourceChangedError

if TYPE_CHECKING:
    from pipelines.etl.flow.flow import Flow
    from pipelines.etl.source.columns import SourceColumn

#: Seconds until the source is told again to stop what may have begun since it was told.
_TOLD_AGAIN: Final = 1.0

_Done_co = TypeVar("_Done_co", covariant=True)


class CanBeCancelled(Protocol[_Done_co]):
    """Work that another thread can end early."""

    def __call__(self) -> _Done_co: ...  # noqa: D102 - the work
    def cancel(self) -> None: ...  # noqa: D102 - it raises, soon


def shares_of(flow: Flow, columns: Sequence[SourceColumn]) -> tuple[str, ...]:
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


def at_once(works: Sequence[CanBeCancelled[_Done_co]]) -> list[_Done_co]:
    """Do works at the same time, each in a thread; a single one in this. When one fails the others are cancelled.

    Raises: what the first one that fails does, when all have ended.
    """
    if len(works) == 1:
        return [works[0]()]
    with ThreadPoolExecutor(len(works)) as threads:
        begun = {threads.submit(work): work.cancel for work in works}
        try:
            done, pending = wait(begun, return_when=FIRST_EXCEPTION)
        except BaseException:
            _cancel(begun)
            raise
        _cancel({one: begun[one] for one in pending})
        for one in done:
            one.result()  # raises what is to be told; the others were cancelled for it
        return [one.result() for one in begun]


def _cancel(begun: dict[Future[_Done_co], Callable[[], None]]) -> None:
    pending = set(begun)
    while pending:
        for one in pending:
            begun[one]()
        _, pending = wait(pending, timeout=_TOLD_AGAIN)
