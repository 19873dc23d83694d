"""The files that are measured: made from a seed, the same bytes on every machine, kept between runs.

A file's name carries its size, so asking for it again finds it on disk.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from datetime import date
from typing import IO, TYPE_CHECKING, Any, cast

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from dq.profiling.figures.mixing import mixed
from jobs.playground.sample_workbooks import CITIZENS, Town, write_workbook

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

_SEED = 7
_BATCH_ROWS = 250_000
_YEAR_SECONDS = 365 * 24 * 3600
_FIRST_DAY = np.datetime64("2025-01-01T00:00:00", "s")

#: Bounds as they are found in practice: some hold everywhere, `fare` and `distance` are broken by a few rows.
TRIP_FIELDS: tuple[Mapping[str, Any], ...] = (
    {"name": "id", "type": "integer", "required": True},
    {"name": "vendor_id", "type": "integer"},
    {"name": "pickup_ts", "type": "datetime", "required": True},
    {"name": "service_date", "type": "date", "required": True},
    {"name": "passengers", "type": "integer", "min": 1, "max": 6},
    {"name": "distance", "type": "number", "min": 0, "max": 20},
    {"name": "fare", "type": "number", "required": True, "min": 0, "max": 100},
    {"name": "tip", "type": "number", "min": 0},
    {"name": "payment", "type": "string", "enum": ["card", "cash", "dispute", "none"]},
    {"name": "pu_zone", "type": "string"},
    {"name": "do_zone", "type": "string"},
    {"name": "trip_uuid", "type": "string", "required": True, "pattern": "[0-9a-f]{32}"},
    {"name": "driver", "type": "string", "required": True, "minLength": 1},
    {"name": "flag", "type": "boolean"},
    {"name": "lat", "type": "number", "min": -90, "max": 90},
    {"name": "lon", "type": "number", "min": -180, "max": 180},
)
TRIP_DEFINITION: Mapping[str, Any] = {"fields": TRIP_FIELDS, "primaryKey": ["id"]}
#: The same trips, of which one in a hundred has a fare that is too high.
STRICT_TRIP_DEFINITION: Mapping[str, Any] = {
    "fields": [
        {**field, "max": 67} if field["name"] == "fare" else {**field, "required": field["name"] != "driver"}
        for field in TRIP_FIELDS
    ],
    "primaryKey": ["id"],
}
CODES_DEFINITION: Mapping[str, Any] = {
    "format": "csv",
    "fields": [{"name": "code", "type": "string", "unique": True}, {"name": "amount", "type": "integer"}],
}


@dataclass(frozen=True)
class Inputs:
    """Makes files in `folder`, or finds them there."""

    folder: Path

    def trips_csv(self, rows: int) -> Path:
        """A CSV of 16 columns, about 150 bytes a row; every batch of rows goes straight to disk."""
        return self._made(f"trips-{rows}.csv", lambda path: _write_csv(path, trips(rows)))

    def trips_parquet(self, rows: int) -> Path:
        """The same rows as Parquet, one row group for 250,000 of them."""
        return self._made(f"trips-{rows}.parquet", lambda path: _write_parquet(path, trips(rows)))

    def trips_json_lines(self, rows: int) -> Path:
        """The same rows as JSON Lines, dates and timestamps as text."""
        return self._made(f"trips-{rows}.jsonl", lambda path: _write_json_lines(path, trips(rows)))

    def wide_csv(self, rows: int, columns: int) -> Path:
        """A CSV of many columns: a key, then integers, numbers, names, dates in turn."""
        return self._made(f"wide-{rows}x{columns}.csv", lambda path: _write_csv(path, wide(rows, columns)))

    def codes_gzip(self, rows: int) -> Path:
        """A compressed CSV of `CODES_DEFINITION`, every code another one, in no order."""
        return self._made(f"codes-{rows}.csv.gz", lambda path: _write_gzip(path, codes(rows)))

    def small_csv(self, number: int, rows: int) -> bytes:
        """The bytes of one of many small objects, each with rows of its own."""
        sink = pa.BufferOutputStream()
        for batch in trips(rows, seed=1000 + number):
            pa.csv.write_csv(_text(batch), sink, pa.csv.WriteOptions(quoting_style="none"))
        return bytes(sink.getvalue().to_pybytes())

    def citizens_workbooks(self, people: int, months: int, *, wide: bool) -> list[Path]:
        """A workbook of citizens for each month from January 2020 on; `wide`: with two columns that nobody asks for."""
        days = [date(2020 + at // 12, at % 12 + 1, 1) for at in range(months)]
        town, header = Town(_SEED, people), (*CITIZENS, "note", "office") if wide else CITIZENS
        folder = self.folder / f"citizens-{people}-{months}"
        paths = [folder / f"citizens_{day:%Y-%m}.xlsx" for day in days]
        if paths[-1].exists():
            return paths
        folder.mkdir(parents=True, exist_ok=True)
        for day, path in zip(days, paths, strict=True):  # each month goes on from the one before
            rows, _ = town.month(day)
            noted = [[*row, f"note {at % 977} of the clerk {at}", at % 13] for at, row in enumerate(rows)]
            unfinished = path.with_suffix(".unfinished")
            write_workbook(unfinished, "citizens", header, noted if wide else rows)
            unfinished.rename(path)
        return paths

    def _made(self, name: str, write: Callable[[Path], None]) -> Path:
        path = self.folder / name
        if not path.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            unfinished = path.with_name(f"{name}.unfinished")
            write(unfinished)
            unfinished.rename(path)
        return path


def wide_definition(columns: int) -> dict[str, Any]:
    """What a wide file should be: all of it typed, one column in four with bounds, one exact key."""
    fields: list[dict[str, Any]] = [{"name": "id", "type": "integer"}]
    for number in range(1, columns):
        kind = _WIDE_TYPES[number % 4]
        bounds = {"min": 0, "max": 95} if kind == "integer" else {}
        fields.append({"name": f"c{number}", "type": kind, **bounds})
    return {"fields": fields, "primaryKey": ["id"]}


_WIDE_TYPES = ("date", "integer", "number", "string")


def trips(rows: int, seed: int = _SEED) -> Iterator[pa.Table]:
    """Taxi trips in batches: 16 typed columns, 3 % of the drivers missing."""
    random = np.random.default_rng(seed)
    zones = pa.array([f"zone {number}" for number in range(1, 266)])
    drivers = pa.array([f"driver-{number}" for number in range(20_000)])
    payments = pa.array(["card", "cash", "dispute", "none"])
    for start in range(0, rows, _BATCH_ROWS):
        count = min(_BATCH_ROWS, rows - start)
        pickup = _FIRST_DAY + random.integers(0, _YEAR_SECONDS, count).astype("timedelta64[s]")
        driver = pa.array(random.integers(0, len(drivers), count), mask=random.random(count) < 0.03)
        yield pa.table(
            {
                "id": np.arange(start, start + count),
                "vendor_id": random.integers(1, 7, count),
                "pickup_ts": pa.array(pickup),
                "service_date": pa.array(pickup.astype("datetime64[D]")),
                "passengers": random.integers(1, 7, count),
                "distance": random.gamma(2, 2, count).round(2),
                "fare": random.gamma(3, 8, count).round(2),
                "tip": random.gamma(1, 2, count).round(2),
                "payment": payments.take(pa.array(random.integers(0, 4, count))),
                "pu_zone": zones.take(pa.array(random.integers(0, 265, count))),
                "do_zone": zones.take(pa.array(random.integers(0, 265, count))),
                "trip_uuid": _hexadecimal(random, count),
                "driver": drivers.take(driver),
                "flag": random.integers(0, 2, count).astype(bool),
                "lat": random.uniform(40, 41, count).round(6),
                "lon": random.uniform(-74, -73, count).round(6),
            }
        )


def wide(rows: int, columns: int) -> Iterator[pa.Table]:
    """Rows of many columns, in batches of about as many cells as `trips`."""
    random = np.random.default_rng(_SEED)
    names = pa.array([f"name {number}" for number in range(500)])
    step = max(_BATCH_ROWS * 16 // columns, 1)
    for start in range(0, rows, step):
        count = min(step, rows - start)
        table: dict[str, Any] = {"id": np.arange(start, start + count)}
        for number in range(1, columns):
            whole = random.integers(0, 100, count)
            match _WIDE_TYPES[number % 4]:
                case "integer":
                    table[f"c{number}"] = whole
                case "number":
                    table[f"c{number}"] = random.gamma(3, 8, count).round(3)
                case "string":
                    table[f"c{number}"] = names.take(pa.array(whole * 5))
                case _:
                    table[f"c{number}"] = pa.array(_FIRST_DAY.astype("datetime64[D]") + whole)
        yield pa.table(table)


def codes(rows: int) -> Iterator[pa.Table]:
    """Codes of up to 20 digits with an amount, in batches."""
    for start in range(0, rows, _BATCH_ROWS):
        numbers = mixed(np.arange(start, min(start + _BATCH_ROWS, rows), dtype=np.uint64))
        yield pa.table({"code": numbers, "amount": numbers % np.uint64(1000)})


def _hexadecimal(random: np.random.Generator, count: int) -> pa.Array:
    """Texts of 32 hexadecimal digits, put together without a Python loop."""
    digits = pa.py_buffer(random.bytes(16 * count).hex().encode())
    offsets = pa.py_buffer(np.arange(0, 32 * count + 1, 32, dtype=np.int32))
    return pa.StringArray.from_buffers(count, offsets, digits)


def _text(table: pa.Table) -> pa.Table:
    """Timestamps as `YYYY-MM-DD HH:MM:SS`; the other columns as they are."""
    for place, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type):
            texts = pc.strftime(table.column(place).cast(pa.timestamp("s")), format="%Y-%m-%d %H:%M:%S")
            table = table.set_column(place, field.name, texts)
    return table


def _write_csv(path: Path, tables: Iterator[pa.Table]) -> None:
    with path.open("wb") as sink:
        _write_rows(sink, tables)


def _write_gzip(path: Path, tables: Iterator[pa.Table]) -> None:
    with gzip.open(path, "wb", compresslevel=1) as sink:
        _write_rows(cast("IO[bytes]", sink), tables)


def _write_rows(sink: IO[bytes], tables: Iterator[pa.Table]) -> None:
    for number, table in enumerate(tables):
        pa.csv.write_csv(_text(table), sink, pa.csv.WriteOptions(include_header=not number, quoting_style="none"))


def _write_parquet(path: Path, tables: Iterator[pa.Table]) -> None:
    first = next(tables)
    with pa.parquet.ParquetWriter(path, first.schema) as writer:
        writer.write_table(first)
        for table in tables:
            writer.write_table(table)


def _write_json_lines(path: Path, tables: Iterator[pa.Table]) -> None:
    with path.open("wb") as sink:
        for table in tables:
            frame = pl.from_arrow(_text(table).set_column(3, "service_date", table["service_date"].cast(pa.string())))
            assert isinstance(frame, pl.DataFrame)
            frame.write_ndjson(sink)
