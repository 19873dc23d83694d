"""The demo's sample files: a handful of formats and faults, made from a fixed seed.

Every maker returns the bytes of one file; `SAMPLES` says where each goes and which definition it
is held against.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator, Mapping

AGENCY = "demo-city"
_START = datetime(2026, 1, 4, 12, tzinfo=timezone.utc)
_PAYMENTS = ("card", "cash", "dispute", "none")
_TRIP_FAULTS = {
    "no driver": 0.03,
    "negative fare": 0.02,
    "odd payment": 0.01,
    "odd date": 0.005,
    "repeated id": 0.005,
    "cut short": 0.002,
}
_DISTRICTS = ("harbour", "old town", "north", "mills", "university")

#: Schema definitions by the file they belong to; a file without one is only parsed.
DEFINITIONS: Mapping[str, Mapping[str, Any]] = {
    "trips": {
        "format": "csv",
        "strict": True,
        "fields": [
            {"name": "id", "type": "integer", "required": True},
            {"name": "pickup_ts", "type": "datetime", "required": True},
            {"name": "service_date", "type": "date", "required": True, "min": "2020-01-01"},
            {"name": "distance", "type": "number", "min": 0, "max": 90},
            {"name": "fare", "type": "number", "required": True, "min": 0, "max": 190},
            {"name": "payment", "type": "string", "enum": list(_PAYMENTS)},
            {"name": "trip_uuid", "type": "string", "required": True, "pattern": "[0-9a-f]{32}"},
            {"name": "driver", "type": "string", "required": True, "sensitive": True},
        ],
        "primaryKey": ["id"],
        "silver": {"normalize": {"service_date": [{"date": "%d.%m.%Y"}]}},
    },
    "sensors": {
        "fields": [
            {"name": "sensor", "type": "string", "required": True},
            {"name": "at", "type": "datetime", "required": True},
            {"name": "celsius", "type": "number", "min": -40, "max": 60},
            {"name": "online", "type": "boolean"},
        ],
        "uniqueKeys": [["sensor", "at"]],
    },
    "permits": {
        "columns": {
            "permit_no": {"type": "varchar", "nullable": False, "unique": True},
            "issued_on": {"type": "date"},
            "fee": {"type": "decimal", "min": 0},
            "inspector": {"type": "varchar"},
            "district": {"type": "varchar"},
        }
    },
    "inspections": {
        "fields": [
            {"name": "inspection", "type": "integer", "required": True, "unique": True},
            {"name": "on", "type": "date", "required": True},
            {"name": "grade", "type": "string", "enum": ["A", "B", "C"]},
            {"name": "points", "type": "integer", "min": 0, "max": 100},
        ]
    },
    "calls": {
        "format": "csv",
        "csv": {"delimiter": ";"},
        "fields": [
            {"name": "call_id", "type": "integer", "required": True, "unique": True},
            {"name": "district", "type": "string", "required": True},
            {"name": "seconds", "type": "integer", "min": 0},
        ],
    },
}


@dataclass(frozen=True, slots=True)
class Sample:
    """One file of the demo. `file` is its configured name, `hour` its run window on 2026-01-04."""

    file: str
    object: str
    make: Callable[[random.Random], bytes]
    hour: int = 12
    configured: bool = True

    @property
    def key(self) -> str:
        """Where the object goes, in the default key layout."""
        return f"agency/{AGENCY}/files/{self.file}/2026-01-04/{self.hour:02}/{self.object}"


def _csv(rows: Iterator[list[object]], delimiter: str = ",") -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()


def _trips(rows: int, faults: Mapping[str, float]) -> Callable[[random.Random], bytes]:
    """Taxi trips, in CSV. `faults` says which share of the rows has which fault."""

    def lines(chance: random.Random) -> Iterator[list[object]]:
        yield [field["name"] for field in DEFINITIONS["trips"]["fields"]]
        names, shares = [*faults, ""], [*faults.values(), 1 - sum(faults.values())]
        for number, fault in enumerate(chance.choices(names, shares, k=rows)):
            moment = _START + timedelta(seconds=3 * number)
            row: list[object] = [
                number - 1 if fault == "repeated id" else number,
                f"{moment:%Y-%m-%d %H:%M:%S}",
                f"{moment:%d.%m.%Y}" if fault == "odd date" else f"{moment:%Y-%m-%d}",
                round(chance.expovariate(0.2) % 90, 2),
                -5 if fault == "negative fare" else round(3 + chance.expovariate(0.08) % 180, 2),
                "bitcoin" if fault == "odd payment" else chance.choice(_PAYMENTS),
                f"{chance.getrandbits(128):032x}",
                "" if fault == "no driver" else f"driver {chance.randrange(400)}",
            ]
            yield row[:4] if fault == "cut short" else row

    return lambda chance: _csv(lines(chance))


def _sensors(chance: random.Random) -> bytes:
    """JSON Lines without a fault."""
    return b"".join(
        json.dumps(
            {
                "sensor": f"s-{number % 200:03}",
                "at": f"{_START + timedelta(minutes=number // 200):%Y-%m-%dT%H:%M:%SZ}",
                "celsius": round(chance.gauss(4, 6), 1),
                "online": chance.randrange(30) > 0,
            }
        ).encode()
        + b"\n"
        for number in range(12_000)
    )


def _permits(chance: random.Random) -> bytes:
    """A JSON array whose column `inspector` is missing."""
    return json.dumps(
        [
            {
                "permit_no": f"P-{number:05}",
                "issued_on": f"{_START - timedelta(days=chance.randrange(900)):%Y-%m-%d}",
                "fee": chance.randrange(2_000, 90_000) / 100,
                "district": chance.choice(_DISTRICTS),
            }
            for number in range(3_000)
        ],
        indent=1,
    ).encode()


def _inspections(chance: random.Random) -> bytes:
    """Parquet; `points` was written as text."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = range(15_000)
    table = pa.table(
        {
            "inspection": pa.array(rows, pa.int64()),
            "on": pa.array([(_START - timedelta(days=row % 365)).date() for row in rows], pa.date32()),
            "grade": pa.array([chance.choice("AABBC") for _ in rows]),
            "points": pa.array([str(chance.randrange(101)) for _ in rows]),
        }
    )
    out = io.BytesIO()
    pq.write_table(table, out, row_group_size=5_000)
    return out.getvalue()


def _calls(chance: random.Random) -> bytes:
    """A gzip CSV with semicolons; some calls have no district."""

    def lines() -> Iterator[list[object]]:
        yield ["call_id", "district", "seconds"]
        for number in range(10_000):
            district = "" if chance.randrange(12) == 0 else chance.choice(_DISTRICTS)
            yield [number, district, int(chance.expovariate(1 / 300))]

    return gzip.compress(_csv(lines(), delimiter=";"), mtime=0)


def _broken_parquet(chance: random.Random) -> bytes:
    """Parquet that was cut off in the upload: the footer is gone."""
    return _inspections(chance)[:-200]


def _header_only(chance: random.Random) -> bytes:
    del chance
    return b"call_id;district;seconds\n"


def _empty(chance: random.Random) -> bytes:
    del chance
    return b""


SAMPLES: tuple[Sample, ...] = (
    Sample("trips", "trips.csv", _trips(20_000, {}), hour=11),
    Sample("trips", "trips.csv", _trips(20_000, _TRIP_FAULTS), hour=12),
    Sample("sensors", "readings.jsonl", _sensors),
    Sample("permits", "permits.json", _permits),
    Sample("inspections", "inspections.parquet", _inspections, hour=11),
    Sample("inspections", "inspections.parquet", _broken_parquet, hour=12),
    Sample("calls", "calls.csv.gz", _calls, hour=10),
    Sample("calls", "calls.csv", _header_only, hour=11),
    Sample("calls", "calls.csv", _empty, hour=12),
    Sample("notes", "notes.csv", lambda chance: _csv(iter([["author", "text"], ["ada", f"note {chance.random()}"]]))),
    Sample("unknown", "surprise.csv", _header_only, configured=False),
)
