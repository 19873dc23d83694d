"""One reading of an endpoint: its pages, which of their records are new, and how far the source was read by it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from itertools import compress
from typing import TYPE_CHECKING, Any, Final

from pipelines.api_ingestion.cursor.digests import DigestSet, digests_of
from pipelines.api_ingestion.cursor.edge import Edge
from pipelines.api_ingestion.cursor.position import (
    Position,
    at_moment,
    lookback_of,
    orders_of,
    read_position,
    written_like,
)
from pipelines.api_ingestion.doors import Cursor
from pipelines.api_ingestion.errors import ApiUnavailableError, PageError, UnsettledError
from pipelines.api_ingestion.http.answer import Request, with_params
from pipelines.api_ingestion.http.retry_after import date_of
from pipelines.api_ingestion.pages.json_page import read_page
from pipelines.api_ingestion.pages.paging import PagesSeen, paging_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from pipelines.api_ingestion.doors import ApiDoors
    from pipelines.api_ingestion.http.answer import Answer
    from pipelines.api_ingestion.pages.json_page import Page
    from pipelines.api_ingestion.source.api_source import Endpoint, Incremental

_MOST_SWEEPS: Final = 6
_MODULUS: Final = 1 << 128
#: Bytes of an answer that dead letters keep.
_MOST_KEPT: Final = 1024 * 1024


@dataclass
class Counted:
    """Records of a reading: received = landed + known + before."""

    pages: int = 0
    received: int = 0
    landed: int = 0
    known: int = 0
    before: int = 0


@dataclass
class Reading:
    """The state of one reading.

    Attributes:
        doors: the outside world.
        endpoint: what is read.
        cursor: how far it was read before.
        begins: from which position on records are asked for; None: all.
        take: told lines and digests of records that are new.
    """

    doors: ApiDoors
    endpoint: Endpoint
    cursor: Cursor | None
    begins: Position | None
    take: Callable[[Sequence[bytes], Sequence[bytes]], object]
    counted: Counted = field(default_factory=Counted)

    def __post_init__(self) -> None:
        self._seen = DigestSet()
        self._edge = Edge(self.cursor.edge if self.cursor else b"")
        self._newest: Position | None = None
        self._started: datetime | None = None
        incremental, key = self.endpoint.incremental, self.endpoint.primary_key
        self._looked = tuple(dict.fromkeys((*key, incremental.field) if incremental else key))

    def leave_out(self, packed: bytes | bytearray) -> None:
        """Leave out records of these digests, which landed before."""
        self._seen.add_packed(packed)

    def leave_out_edge(self) -> None:
        """Leave out what landed of the last stretch of the reading before."""
        self._seen.add_packed(b"".join(self._edge))

    def sweep_until_settled(self) -> None:
        """Read all pages; where records may move between them, again until two readings in a row have the same.

        A record that moves to an earlier page, or goes, lets others slip past whoever counts pages. In a reading
        that has what the one before had none of them changed, so that none slipped.

        Raises:
            PipelineError: not to its end.
        """
        before = self._sweep()
        if not self.endpoint.moves:
            return
        for _ in range(_MOST_SWEEPS - 1):
            now = self._sweep()
            if now == before:
                return
            before = now
        path = self.endpoint.path
        raise UnsettledError(
            f"{path}: records changed in each of {_MOST_SWEEPS} readings of its pages; try at a quieter time, or have"
            " the application page by a cursor"
        )

    def result(self) -> Cursor | None:
        """The cursor from now on; None where there is nothing to move.

        It never passes the beginning of the reading: what changed later may stand on pages that were read before.
        """
        incremental, newest = self.endpoint.incremental, self._newest
        if incremental is None or newest is None:
            return None
        order = self._reached(incremental, newest)
        if self.cursor is not None:
            order = max(order, read_position(self.cursor.position).order)
        position = written_like(newest, order)
        self._edge.forget(position.order - lookback_of(incremental, newest))
        return Cursor(position.text, self._edge.packed())

    def _sweep(self) -> tuple[int, int]:
        """Read the pages once; the number of their records, and a sum that tells them from others."""
        endpoint, doors = self.endpoint, self.doors
        paging, seen = paging_of(endpoint.pagination), PagesSeen(doors.source.limits.pages)
        first = paging.first(first_url(doors, endpoint, self.begins))
        coming: Callable[[], Answer] = partial(self._ask, first)
        url: str | None = first
        count = total = 0
        while url is not None:
            if doors.stopped():
                raise ApiUnavailableError(f"{endpoint.path}: somebody asked to stop")
            asked, answer = url, coming()
            try:
                page = read_page(answer.body, endpoint.records, paging.marks, self._looked)
                seen.note(asked, answer.body, page)
                url = paging.next(answer, page)
                if url is not None:
                    coming = doors.ahead(partial(self._ask, url))
                digests = self._page(page)
            except PageError as error:
                raise error.of(Request(asked).shown, self._kept(answer.body)) from error
            self.counted.pages += 1
            count += len(digests)
            if endpoint.moves:
                total = (total + sum(int.from_bytes(one, "big") for one in digests)) % _MODULUS
        return count, total

    def _kept(self, body: bytes) -> str:
        """The text of an answer as it may be kept: its beginning, without secrets."""
        text = self.doors.client.masked(body[:_MOST_KEPT].decode("utf-8", "replace"))
        return text if len(body) <= _MOST_KEPT else f"{text}… ({len(body)} bytes)"

    def _ask(self, url: str) -> Answer:
        asked_at = self.doors.time.clock()
        try:
            answer = self.doors.client.get(url)
        except PageError as error:
            raise error.of(Request(url).shown, "") from error
        if self._started is None:
            told = date_of(answer.headers)
            theirs = asked_at if told is None else told - timedelta(seconds=answer.seconds)
            self._started = min(asked_at, theirs)
        return answer

    def _page(self, page: Page) -> list[bytes]:
        """Sort the records of a page; the digests of those that were asked for.

        Raises:
            PageError: one has no key, or does not say when it changed. None of the page has landed then.
        """
        self._require_keys(page)
        orders = self._orders(page)
        lines = page.lines
        digests = digests_of(lines)
        if orders is not None and self.begins is not None:
            is_asked = orders >= self.begins.order
            if not is_asked.all():
                lines, digests = list(compress(lines, is_asked)), list(compress(digests, is_asked))
                orders = orders[is_asked]
        is_new = self._seen.add_new(digests)
        if orders is not None:
            self._note_edge(orders, digests)
        counted, new = self.counted, sum(is_new)
        counted.received += len(page.lines)
        counted.landed += new
        counted.known += len(digests) - new
        counted.before += len(page.lines) - len(digests)
        if new == len(digests):
            self.take(lines, digests)
        else:
            self.take(list(compress(lines, is_new)), list(compress(digests, is_new)))
        return digests

    def _require_keys(self, page: Page) -> None:
        for key in self.endpoint.primary_key:
            values = page.columns[key]
            if None in values:
                raise PageError(f"record {values.index(None) + 1} has no {key}, by which records are told apart")

    def _orders(self, page: Page) -> Any:  # noqa: ANN401 - an array
        """When each record changed; None where nobody asks."""
        incremental = self.endpoint.incremental
        if incremental is None:
            return None
        values = page.columns[incremental.field]
        try:
            orders = orders_of(values)
        except ValueError:
            raise PageError(_undated(values, incremental.field)) from None
        if len(orders) and (self._newest is None or orders.max() > self._newest.order):
            self._newest = read_position(values[int(orders.argmax())])
        return orders

    def _note_edge(self, orders: Any, digests: Sequence[bytes]) -> None:  # noqa: ANN401 - an array
        incremental, newest = self.endpoint.incremental, self._newest
        if incremental is None or newest is None:
            return
        begins = self._reached(incremental, newest) - lookback_of(incremental, newest)
        for at in (orders >= begins).nonzero()[0].tolist():
            self._edge.add(digests[at], int(orders[at]), begins)

    def _reached(self, incremental: Incremental, newest: Position) -> int:
        """How far the source is read by what came until now."""
        started = None if self._started is None else at_moment(incremental, newest, self._started)
        return newest.order if started is None else min(newest.order, started)


def first_url(doors: ApiDoors, endpoint: Endpoint, begins: Position | None) -> str:
    """The address of an endpoint, with what is asked of it."""
    params = {name: _written(value) for name, value in endpoint.params.items()}
    if begins is not None and endpoint.incremental is not None:
        params[endpoint.incremental.param] = begins.text
    return with_params(f"{doors.source.base_url}{endpoint.path}", params)


def _undated(values: Sequence[object], field: str) -> str:
    """What is wrong with the first of these values that does not say when its record changed."""
    for number, value in enumerate(values, 1):
        try:
            read_position(value)
        except ValueError as error:  # noqa: PERF203 - of a page that ends the reading
            said = "is missing, by which the next reading begins" if value is None else error
            return f"record {number}: {field} {said}"
    return f"{field} says of each record when it changed"


def _written(value: str | int | bool) -> str:  # noqa: FBT001 - a value of a file
    return str(value).lower() if isinstance(value, bool) else str(value)
