"""An application, a bucket and an account in memory, with a clock, in which anything goes wrong that a seed says."""

from __future__ import annotations

import gzip
import json
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from random import Random
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from etl_core.errors import ObjectGoneError, PipelineError
from etl_core.objects.store import ObjectHead
from pipelines.api_ingestion.doors import ApiDoors, Cursor
from pipelines.api_ingestion.http.answer import Answer, Request
from pipelines.api_ingestion.http.client import ApiClient, Passing
from pipelines.api_ingestion.source.api_source import ApiSource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pipelines.api_ingestion.errors import PageError
    from pipelines.api_ingestion.landing.landed import Landing

_BEGINNING = datetime(2026, 3, 1, 9, 58, tzinfo=timezone.utc)
_PAGINATIONS: dict[str, Any] = {
    "cursor": {"cursor": "next", "param": "cursor"},
    "page": {"page": "page"},
    "offset": {"offset": "offset"},
    "next_url": {"next_url": "next"},
    "link_header": "link_header",
}


class KilledError(BaseException):
    """The process is gone."""


@dataclass
class Row:
    """A record of the application: how it stands, and from when on others see it."""

    number: int
    version: int
    changed: float
    visible: float

    def values(self, written: Callable[[float], Any]) -> dict[str, Any]:
        return {"id": self.number, "v": self.version, "updated_at": written(self.changed), "rate": 1.10}


class Application:
    """Answers requests; between them its records change, as long as `is_busy`."""

    def __init__(self, chance: Random, now: Callable[[], float], lookback: float) -> None:
        self.chance, self._now = chance, now
        self.rows: dict[int, Row] = {}
        self.kind = chance.choice(list(_PAGINATIONS))
        self.order = chance.choice(["ascending", "descending", "by number"])
        self.since = chance.choice(["from", "from", "after", "ignored"])
        self.form = chance.choice(["seconds", "micros", "epoch", "zone"])
        self.size = chance.randint(1, 4)
        self.tells_date = chance.random() < 0.7
        # Without a date the application's clock is held for ours, and may differ by less than is read again.
        self.skew = chance.uniform(-3600, 3600) if self.tells_date else chance.uniform(-1, 1)
        self.latest = lookback - 4
        self.is_busy, self._numbers, self._left = True, 0, 60
        self.asked = 0

    def clock(self) -> float:
        return self._now() + self.skew

    def change(self) -> None:
        """Add, change or take away a record."""
        if self._left == 0:
            return
        self._left -= 1
        chance, now = self.chance, self.clock()
        late = chance.choice([0.0, 0.0, 0.0, chance.uniform(0, self.latest)])
        what = chance.choice(["add", "change", "change", "change", "delete"])
        if what == "add" or not self.rows:
            self.add(late)
        else:
            number = chance.choice(list(self.rows))
            if what == "delete":
                del self.rows[number]
            else:
                self.rows[number] = Row(number, self.rows[number].version + 1, now, now + late)

    def add(self, late: float = 0.0) -> None:
        """Add a record, which others see a while later."""
        self._numbers += 1
        now = self.clock()
        self.rows[self._numbers] = Row(self._numbers, 1, now, now + late)

    def written(self, moment: float) -> str | int:
        told = _BEGINNING + timedelta(seconds=moment)
        match self.form:
            case "seconds":
                return told.strftime("%Y-%m-%dT%H:%M:%SZ")
            case "micros":
                return told.strftime("%Y-%m-%d %H:%M:%S.%f")
            case "zone":
                return told.astimezone(timezone(timedelta(hours=2))).isoformat(timespec="milliseconds")
        return int(told.timestamp())

    def _read(self, text: str) -> float:
        if self.form == "epoch":
            return int(text) - _BEGINNING.timestamp()
        found = datetime.fromisoformat(text.replace("Z", "+00:00"))
        found = found if found.tzinfo else found.replace(tzinfo=timezone.utc)
        return (found - _BEGINNING).total_seconds()

    def _value(self, row: Row) -> float:
        return self._read(str(self.written(row.changed)))

    def _rows(self, since: str | None) -> list[Row]:
        now = self.clock()
        rows = [row for row in self.rows.values() if row.visible <= now]
        if since is not None and self.since != "ignored":
            begins = self._read(since)
            rows = [
                row
                for row in rows
                if (self._value(row) >= begins if self.since == "from" else self._value(row) > begins)
            ]
        if self.order == "by number":
            return sorted(rows, key=lambda row: row.number)
        rows.sort(key=lambda row: (self._value(row), row.number), reverse=self.order == "descending")
        return rows

    def __call__(self, request: Request) -> Answer:
        chance = self.chance
        self.asked += 1
        if self.is_busy:
            for _ in range(chance.choice([0, 0, 1, 1, 2])):
                self.change()
            if chance.random() < 0.05:
                return Answer(
                    chance.choice([429, 500, 503]), chance.choice([{}, {"retry-after": "3"}]), b"later", request.url
                )
            if chance.random() < 0.01:
                return Answer(200, {}, b'{"items": [{"id": 1', request.url)
        query = {name: values[-1] for name, values in parse_qs(urlsplit(request.url).query).items()}
        rows = self._rows(query.get("since"))
        start, lead = self._start(rows, query), ""
        page = rows[start : start + self.size]
        if page and (self.kind in ("page", "offset") or start + self.size < len(rows) or chance.random() < 0.2):
            lead = self._mark(page[-1])
        headers = (
            {"date": format_datetime(_BEGINNING + timedelta(seconds=int(self.clock())), usegmt=True)}
            if self.tells_date
            else {}
        )
        body: dict[str, Any] = {"items": [row.values(self.written) for row in page]}
        if self.kind == "cursor":
            body["next"] = lead or None
        elif self.kind in ("next_url", "link_header") and lead:
            url = f"/v1/things?cursor={lead}" + (
                f"&since={query['since'].replace('+', '%2B')}" if "since" in query else ""
            )
            if self.kind == "next_url":
                body["next"] = url
            else:
                headers["link"] = f'<{url}>; rel="next"'
        return Answer(200, headers, json.dumps(body).encode(), request.url, 0.0)

    def _start(self, rows: list[Row], query: dict[str, str]) -> int:
        if self.kind == "page":
            return (int(query["page"]) - 1) * self.size
        if self.kind == "offset":
            return int(query["offset"])
        if "cursor" not in query:
            return 0
        last = tuple(float(part) for part in query["cursor"].split("_"))
        return next((at for at, row in enumerate(rows) if self._key(row) > last), len(rows))

    def _key(self, row: Row) -> tuple[float, ...]:
        if self.order == "by number":
            return (row.number,)
        sign = -1 if self.order == "descending" else 1
        return (sign * self._value(row), sign * row.number)

    def _mark(self, row: Row) -> str:
        return "_".join(repr(part) for part in self._key(row))


@dataclass
class Bucket:
    """Objects in memory; `moment` is called before and after each effect, and may kill."""

    moment: Callable[[], None]
    objects: dict[str, bytes] = field(default_factory=dict)

    def write(self, key: str, data: bytes) -> ObjectHead:
        self.moment()
        assert key not in self.objects
        self.objects[key] = data
        self.moment()
        return ObjectHead("landing", key, len(data))

    def find(self, key: str) -> ObjectHead | None:
        return ObjectHead("landing", key, len(self.objects[key])) if key in self.objects else None

    def read(self, key: str) -> bytes:
        if key not in self.objects:
            raise ObjectGoneError(key)
        return self.objects[key]


@dataclass
class MemoryAccount:
    """What the tables keep, each call one transaction."""

    moment: Callable[[], None]
    cursors: dict[tuple[str, str], Cursor] = field(default_factory=dict)
    landings: dict[int, Landing] = field(default_factory=dict)
    announced: list[tuple[datetime, str]] = field(default_factory=list)
    letters: list[str] = field(default_factory=list)

    @contextmanager
    def turn(self, source: str, endpoint: str) -> Iterator[None]:
        del source, endpoint
        yield

    def cursor(self, source: str, endpoint: str) -> Cursor | None:
        return self.cursors.get((source, endpoint))

    def unfinished(self, source: str, endpoint: str) -> list[Landing]:
        del source, endpoint
        return [one for one in self.landings.values() if one.digests]

    def newest(self, agency: str, file: str) -> Landing | None:
        del agency, file
        landed = [one for one in self.landings.values() if one.state == "landed"]
        return max(landed, key=lambda one: (one.window, one.number), default=None)

    def begin(self, landing: Landing) -> int:
        self.moment()
        number = len(self.landings) + 1
        self.landings[number] = replace(landing, number=number)
        self.moment()
        return number

    def landed(self, number: int, head: ObjectHead, now: datetime) -> None:
        self.moment()
        assert self.landings[number].state == "writing"
        self.landings[number] = replace(self.landings[number], state="landed", at=now)
        self.announced.append((self.landings[number].window, head.key))
        self.moment()

    def drop(self, number: int) -> None:
        self.landings[number] = replace(self.landings[number], digests=b"")
        self.moment()

    def finish(self, source: str, endpoint: str, cursor: Cursor | None, run_id: str, now: datetime) -> None:
        del run_id, now
        self.moment()
        if cursor is not None:
            self.cursors[(source, endpoint)] = cursor
        self.landings = {number: replace(one, digests=b"") for number, one in self.landings.items()}
        self.moment()

    def dead_letter(self, source: str, endpoint: str, error: PageError, now: datetime) -> None:
        del source, endpoint, now
        self.letters.append(str(error))
        self.moment()


def _at_once(ask: Callable[[], Answer]) -> Callable[[], Answer]:
    """Ask before the page before is worked on."""
    done = Future[Answer]()
    try:
        done.set_result(ask())
    except PipelineError as error:
        done.set_exception(error)
    return done.result


class World:
    """One history: an application that is read now and then, by processes that may be killed at any moment."""

    #: Seconds that are read again.
    LOOKBACKS: ClassVar = (6, 10, 30)

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)
        lookback = self.chance.choice(self.LOOKBACKS)
        self.now, self._kill_in, self.runs = 0.0, None, 0
        self.application = Application(self.chance, lambda: self.now, lookback)
        self.bucket, self.account = Bucket(self._moment), MemoryAccount(self._moment)
        unit = {"unit": "seconds"} if self.application.form == "epoch" else {}
        self.slowest = self.chance.choice([1.0, 4.0, 15.0])
        self.part_bytes = self.chance.choice([400, 4000, 1_000_000])
        self.source = ApiSource.model_validate(
            {
                "source": "app",
                "base_url": "https://app.test/v1",
                "endpoints": {
                    "things": {
                        "path": "/things",
                        "records": "items",
                        "pagination": _PAGINATIONS[self.application.kind],
                        "incremental": {"field": "updated_at", "param": "since", "lookback": f"{lookback}s", **unit},
                        "primary_key": ["id"],
                        "land": {"agency": "a", "file": "things"},
                    }
                },
            }
        )

    _kill_in: int | None

    def _moment(self) -> None:
        if self._kill_in is not None:
            self._kill_in -= 1
            if self._kill_in < 0:
                raise KilledError

    def doors(self) -> ApiDoors:
        """The doors of a new process."""

        def sleep(seconds: float) -> None:
            self.now += seconds

        def ask(request: Request) -> Answer:
            self.now += self.chance.uniform(0, self.slowest)
            return self.application(request)

        self.runs += 1
        time = Passing(lambda: _BEGINNING + timedelta(seconds=self.now), lambda: self.now, sleep, self.chance.random)
        client = ApiClient(self.source, ask, {}, time)
        return ApiDoors(
            self.source,
            client,
            self.account,
            self.bucket,
            time,
            f"r{self.runs}",
            part_bytes=self.part_bytes,
            ahead=self.chance.choice([_at_once, lambda ask: ask]),
        )

    def kill_in(self, moments: int | None) -> None:
        """Have the process killed after so many moments; None: never."""
        self._kill_in = moments

    def rows_of_runs(self) -> list[dict[str, Any]]:
        """What the lake has: of each window the rows of the object that was announced last."""
        latest = dict(self.account.announced)
        return [row for key in latest.values() for row in self.rows_of(key)]

    def rows_of(self, key: str) -> list[dict[str, Any]]:
        """The rows of an object."""
        lines = gzip.decompress(self.bucket.objects[key]).decode().splitlines()
        assert all('"rate": 1.1}' in line for line in lines)
        return [json.loads(line) for line in lines]
