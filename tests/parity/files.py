"""Files of every format and compression, for comparing lanes: golden cases, the corpus, generated tables."""

from __future__ import annotations

import bz2
import gzip
import json
import random
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import xlsxwriter
from pyarrow import orc, parquet

from tests.golden_cases import golden_cases
from tests.parity.lanes import generated
from tests.reference.tables import csv_tables, json_lines_tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CORPUS = Path(__file__).parent.parent / "corpus"
TYPED_DEFINITION = {
    "fields": [
        {"name": "id", "type": "integer", "required": True, "unique": True, "min": 3},
        {"name": "fare", "type": "number", "min": -50, "max": 50},
        {"name": "name", "type": "string", "pattern": "[a-z]*", "maxLength": 3},
        {"name": "day", "type": "date", "max": "2024-01-20"},
        {"name": "moment", "type": "datetime"},
        {"name": "price", "type": "decimal", "min": "0.10"},
        {"name": "paid", "type": "boolean", "required": True},
        {"name": "flag", "type": "integer"},
        {"name": "gone", "type": "string"},
    ],
    "uniqueKeys": [["name", "day"]],
    "strict": True,
}


@dataclass(frozen=True)
class InputFile:
    """A file and the definition it is judged by."""

    path: Path
    definition: dict[str, Any] | None


def golden_files() -> Iterator[InputFile]:
    for case in golden_cases():
        yield InputFile(case.path, case.definition)


def corpus_files() -> Iterator[InputFile]:
    """Every file of the corpus, judged by the `definition.json` beside it, if there is one."""
    for path in sorted(CORPUS.rglob("*")):
        if (
            path.is_file()
            and path.name not in {"definition.json", "rows.json"}
            and path.suffix not in {".md", ".py", ".pyc"}
        ):
            beside = path.parent / "definition.json"
            yield InputFile(path, json.loads(beside.read_text("utf-8")) if beside.exists() else None)


def compressed_files(folder: Path) -> Iterator[InputFile]:
    """Generated CSV and JSON Lines files, compressed in each way."""
    compressions: list[tuple[str, Callable[[bytes], bytes]]] = [
        ("gz", gzip.compress),
        ("bz2", bz2.compress),
        ("zst", lambda data: bytes(pa.Codec("zstd").compress(data, asbytes=True))),
    ]
    cases = generated(csv_tables(), 18, 3) + generated(json_lines_tables(), 12, 4)
    for number, case in enumerate(cases):
        suffix, compress = compressions[number % len(compressions)]
        path = folder / f"packed{number:03}.{case.kind}.{suffix}"
        path.write_bytes(compress(case.data))
        yield InputFile(path, {**case.definition, "format": case.kind})


def json_arrays(folder: Path) -> Iterator[InputFile]:
    """Generated JSON Lines files as one array each, and one that is none."""
    for number, case in enumerate(generated(json_lines_tables(), 12, 5)):
        lines = [line for line in case.data.removeprefix(b"\xef\xbb\xbf").split(b"\n") if _is_json(line)]
        path = folder / f"array{number:03}.json"
        path.write_bytes(b"[" + b",\n ".join(lines) + (b"]" if number else b""))
        yield InputFile(path, {**case.definition, "format": "json"})


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line, parse_constant=float.fromhex)
    except ValueError:
        return False
    return True


def typed_columns(rows: int, number: int) -> dict[str, pa.Array]:
    """Columns of every physical type, with nulls, repeats and values beyond the bounds of `TYPED_DEFINITION`."""
    chance = random.Random(number)

    def some(make: Callable[[], Any]) -> list[Any]:
        return [None if chance.random() < 0.1 else make() for _ in range(rows)]

    start = datetime(2024, 1, 1, tzinfo=timezone.utc)
    return {
        "id": pa.array(some(lambda: chance.randrange(rows + 1)), pa.int64()),
        "fare": pa.array(some(lambda: chance.choice([1.5, -60.0, 0.0, -0.0, 1e300, 7.25])), pa.float64()),
        "name": pa.array(some(lambda: chance.choice(["a", "bc", "", "Ünï", "toolong"])), pa.string()),
        "day": pa.array(some(lambda: date(2024, 1, 1) + timedelta(days=chance.randrange(30))), pa.date32()),
        "moment": pa.array(some(lambda: start + timedelta(seconds=chance.randrange(9**6))), pa.timestamp("us", "UTC")),
        "price": pa.array(some(lambda: Decimal(chance.randrange(100)) / 100), pa.decimal128(9, 2)),
        "paid": pa.array(some(lambda: chance.random() < 0.5), pa.bool_()),
        "flag": pa.array(some(lambda: chance.choice(["1", "x"])), pa.string()),
    }


def parquet_files(folder: Path) -> Iterator[InputFile]:
    """Parquet files of several row groups and codecs, with types that Spark reads and types it does not."""
    for number, codec in enumerate(["snappy", "zstd", "gzip", "none", "snappy"]):
        columns = typed_columns([40, 1, 0, 300, 77][number], number)
        if number == 0:
            columns["small"] = pa.array(range(40), pa.int8())
            columns["naive"] = pa.array([datetime(2024, 1, 1)] * 40, pa.timestamp("us"))  # noqa: DTZ001
        if number == 4:
            columns["clock"] = pa.array([time(1, 2, 3)] * 77, pa.time64("us"))
            columns["nested"] = pa.array([{"a": [1, None]}] * 77)
            columns["fine"] = pa.array([*range(76), None], pa.timestamp("ns"))
            columns["stay"] = pa.array([*range(-1, 75), None], pa.duration("ns"))
            columns["times"] = pa.array([[at, 2**62] for at in range(77)], pa.list_(pa.timestamp("ns")))
            columns["category"] = pa.array(["x", "y", "x"] * 25 + ["y", None]).dictionary_encode()
        path = folder / f"typed{number}.parquet"
        parquet.write_table(pa.table(columns), path, compression=codec, row_group_size=13)
        yield InputFile(path, TYPED_DEFINITION)
    path = folder / "typed, no definition.parquet"
    parquet.write_table(pa.table(typed_columns(50, 9)), path)
    yield InputFile(path, None)


def orc_files(folder: Path) -> Iterator[InputFile]:
    """ORC files of several stripes and codecs, with types that Spark reads and types it does not."""
    for number, codec in enumerate(["snappy", "zstd", "zlib", "uncompressed", "lz4"]):
        columns = typed_columns([4000, 1, 0, 300, 77][number], number)
        del columns["moment"]  # Spark has no nanoseconds
        if number == 0:
            columns["small"] = pa.array([at % 100 for at in range(4000)], pa.int8())
            columns["note"] = pa.array([f"note {at} {hash(at) % 977}" for at in range(4000)])
        if number == 4:
            columns["moment"] = pa.array([datetime(2024, 1, 1, tzinfo=timezone.utc)] * 77, pa.timestamp("us", "UTC"))
            columns["naive"] = pa.array([datetime(2024, 1, 1)] * 77, pa.timestamp("us"))  # noqa: DTZ001
            columns["nested"] = pa.array([{"a": [1, None]}] * 77)
        path = folder / f"typed{number}.orc"
        with orc.ORCWriter(str(path), compression=codec, stripe_size=1, batch_size=500) as writer:
            for start in range(0, max(len(columns["id"]), 1), 500):
                writer.write(pa.table(columns).slice(start, 500))
        yield InputFile(path, TYPED_DEFINITION)
    path = folder / "typed, no definition.orc"
    columns = typed_columns(50, 9)
    orc.write_table(pa.table({**columns, "moment": columns["fare"]}), path)
    yield InputFile(path, None)


def workbooks(folder: Path) -> Iterator[InputFile]:
    """Workbooks, which no Spark reader takes: all lanes read them by byte ranges."""
    for number in range(2):
        path = folder / f"sheet{number}.xlsx"
        columns = typed_columns(30, 20 + number)
        with xlsxwriter.Workbook(str(path), {"remove_timezone": True}) as book:
            sheet = book.add_worksheet()
            for at, (name, column) in enumerate(columns.items()):
                sheet.write_column(0, at, [name, *(str(cell or "") for cell in column.to_pylist())])
        yield InputFile(path, TYPED_DEFINITION)


def fine_files(folder: Path) -> Iterator[InputFile]:
    """Datetimes and durations to the nanosecond, with and without an offset, in files of many parts."""
    chance = random.Random(11)
    definition = {
        "fields": [
            {"name": "at", "type": "datetime", "unique": True, "max": "2024-01-01T00:00:03.000000900"},
            {"name": "stay", "type": "duration", "min": "PT0S", "enum": ["PT0.000000001S", "0:00:00", "1:00:00"]},
            {"name": "clock", "type": "time", "unique": True},
        ]
    }
    rows = []
    for _ in range(3000):
        second, rest = chance.randrange(4), chance.choice(["", ".5", f".{chance.randrange(2000):09}", ".1234567891"])
        stay = chance.choice(["0:00:00", "PT1H", "1:00:00", "-PT1H", "PT0.000000001S", "P1M"])
        rows.append((f"2024-01-01T00:00:0{second}{rest}{chance.choice(['', 'Z'])}", stay, f"00:00:0{second}{rest}"))
    (folder / "fine.csv").write_text("\n".join(map(",".join, [("at", "stay", "clock"), *rows])) + "\n", "utf-8")
    lines = [json.dumps(dict(zip(("at", "stay", "clock"), row, strict=True))) for row in rows]
    (folder / "fine.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    for name in ("fine.csv", "fine.jsonl"):
        yield InputFile(folder / name, definition)


def long_files(folder: Path) -> Iterator[InputFile]:
    """CSV and JSON Lines of some thousand rows, so that small blocks and splits give many parts of one file."""
    chance = random.Random(7)
    definition = {key: value for key, value in TYPED_DEFINITION.items() if key != "strict"}
    plain, quoted, lines = ["id,name,fare,day,note"], ["id,name,fare,day,note"], []
    for number in range(4000):
        row = {
            "id": number if chance.random() > 0.01 else chance.randrange(number + 1),
            "name": chance.choice(["a", "bc", "Ünï", "x,y", 'say "hi"']),
            "fare": round(chance.gauss(0, 30), 2),
            "day": f"2024-01-{1 + chance.randrange(32):02}",
            "note": chance.choice(["one", "two\nlines", "a\n\nb", "1,2,3\n4,5"]),
        }
        plain.append(f"{row['id']},{'abc'[number % 3]},{row['fare']},{row['day']},{'' if number % 7 else 'x,y'}")
        cells = ('"' + str(cell).replace('"', '""') + '"' for cell in row.values())
        quoted.append(",".join(cells))
        lines.append(json.dumps({**row, **({"late": number} if number > 3000 else {})}))
    for name, text in (("plain.csv", plain), ("quoted.csv", quoted), ("lines.jsonl", [*lines, "nope"])):
        path = folder / f"long {name}"
        path.write_text("\n".join(text) + "\n", "utf-8")
        yield InputFile(path, definition)
