"""Files made to break a reader: each ends with the reason, the limit it met among it, and harms no neighbour."""

from __future__ import annotations

import gzip
import io
from itertools import cycle, islice
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from pyarrow import parquet

from dq.engine import small
from dq.engine.profile_files import profile_files
from dq.formats.limits import Limits
from dq.profiling.summary.summary import FileSummary
from etl_core.objects.store import PEEK_BYTES, ObjectStore
from tests.engine.batches import local_sources, readable, rows_of_text
from tests.unit.formats.excel.test_workbook_kinds import far_xlsx
from tests.unit.formats.excel.workbooks import Cell, Table, xls, xlsx
from tests.unit.formats.orc_files import with_footer, with_number, with_postscript, with_stripe, written

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import SparkSession

    from etl_core.errors import PipelineError

LIMITS = Limits(
    block=4096,
    split=20_000,
    line=30_000,
    header=3_000_000,
    columns=1000,
    expansion=10,
    free_expansion=100_000,
    memory=400 * 1024 * 1024,
)
HEADER = b"id,name,fare\n"
TEXT = rows_of_text(3000).encode()
MILLION_NAMES = b"c," * 999_999 + b"c"


def zstd(data: bytes) -> bytes:
    return bytes(pa.Codec("zstd").compress(data, asbytes=True))


def table(rows: int) -> bytes:
    file = io.BytesIO()
    columns = {"id": range(rows), "name": ["a", "b"] * (rows // 2), "fare": [1.5] * rows}
    parquet.write_table(pa.table(columns), file, row_group_size=500)
    return file.getvalue()


def varint(number: int) -> bytes:
    """A number as Parquet's metadata has it: zigzag, seven bits a byte."""
    number, found = number << 1, bytearray()
    while number >= 1 << 7:
        found.append(number & 127 | 128)
        number >>= 7
    return bytes([*found, number])


def page_of_2_gib() -> bytes:
    """A file whose only page has some kilobytes, and a header that says 2 GiB."""
    file = io.BytesIO()
    columns = pa.table({"id": range(3000)})
    parquet.write_table(columns, file, use_dictionary=False, write_statistics=False, compression="snappy")
    data = file.getvalue()
    column = parquet.ParquetFile(file).metadata.row_group(0).column(0)
    page = next(
        size for size in range(column.total_uncompressed_size) if data.startswith(b"\x15\0\x15" + varint(size), 4)
    )
    told, lied = b"\x15\0\x15" + varint(page), b"\x15\0\x15" + varint(2**31 - 1)
    length, longer = varint(column.total_compressed_size), varint(column.total_compressed_size + len(lied) - len(told))
    assert len(longer) == len(length)
    return data.replace(told, lied, 1).replace(length, longer)


def orc_table(rows: int) -> bytes:
    return written({"id": range(rows), "name": ["a", "b"] * (rows // 2), "fare": [1.5] * rows})


SHEET: list[list[Cell]] = [["id", "name", "fare"]]
SHEET += [[number, "abc", 2.5] for number in range(2000)]
PARQUET = table(3000)
ORC = orc_table(3000)
FOOTER = int.from_bytes(PARQUET[-8:-4], "little")
#: Sound files of every kind.
SOUND = {
    "text.csv": TEXT,
    "lines.jsonl": b"".join(b'{"id": %d, "name": "abc", "fare": 2.5}\n' % number for number in range(2000)),
    "table.parquet": PARQUET,
    "table.orc": orc_table(3000),
    "sheet.xlsx": xlsx(Table(SHEET)),
    "quoted.csv": HEADER + b"".join(b'%d,"a\nb",2.5\n' % number for number in range(2000)),
    "packed.csv.gz": gzip.compress(b"".join(b"%d,abc,2.5\n" % number for number in range(3000)), mtime=0),
}
#: A file that cannot be read as a whole, and words of the reason.
UNREADABLE = {
    "giant line.csv": (TEXT + b"1," + b"x" * 200_000, "longer than 30,000 bytes"),
    "giant line among rows.csv": (TEXT + b"1," + b"x" * 90_000 + b",2\n" + TEXT, "longer than 30,000 bytes"),
    "giant row of short cells.csv": (
        TEXT + b'1,"' + b'","'.join([b"x"] * 10_000) + b'"\n' + TEXT,
        "longer than 30,000 bytes",
    ),
    "giant row of quoted lines.csv": (TEXT + b'1,"' + b"x\n" * 20_000 + b'",2\n' + TEXT, "longer than 30,000 bytes"),
    "giant line.jsonl": (SOUND["lines.jsonl"] + b'{"id": "' + b"x" * 200_000 + b'"}', "longer than 30,000 bytes"),
    "giant line among rows.jsonl": (
        SOUND["lines.jsonl"] * 3 + b'{"id": "' + b"x" * 30_000 + b'"}\n' + SOUND["lines.jsonl"] * 3,
        "longer than 30,000 bytes",
    ),
    "giant element.json": (b'[{"id": 1}, {"id": "' + b"x" * 200_000 + b'"}]', "longer than 30,000 bytes"),
    "open quote.csv": (TEXT + b'1,"' + b"x,y\n" * 50_000, "longer than 30,000 bytes"),
    "no line break.csv": (b"x" * 4_000_000, "header is longer than 3,000,000 bytes"),
    "million columns.csv": (MILLION_NAMES + b"\n" + b"," * 999_999 + b"\n", "1,000,000 columns, the most that is read"),
    "many columns.parquet": (b"", "1,001 columns, the most that is read is 1,000"),
    "bomb.csv.gz": (gzip.compress(HEADER + b"1,a,2\n" * 100_000, mtime=0), "more than 10 times its size"),
    "bomb.csv.zst": (zstd(HEADER + b"1,a,2\n" * 100_000), "more than 10 times its size"),
    "bomb.jsonl.gz": (gzip.compress(b'{"id": 1}\n' * 50_000, mtime=0), "more than 10 times its size"),
    "bomb.json.zst": (zstd(b"[" + b'{"id": 1},' * 50_000 + b"1]"), "more than 10 times its size"),
    "footer of 2 GiB.parquet": (PARQUET[:-8] + (2**31).to_bytes(4, "little") + b"PAR1", "longer than the file"),
    "short footer.parquet": (PARQUET[:-8] + (FOOTER - 9).to_bytes(4, "little") + b"PAR1", "footer cannot be read"),
    "histogram of another column.parquet": (
        PARQUET.replace(b"\x25\x02\x18\x02id", b"\x25\x00\x18\x02id"),
        "footer cannot be read (Definition level histogram size mismatch",
    ),
    "page of 2 GiB.parquet": (page_of_2_gib(), "expected: 2147483647"),
    "rubbish footer.parquet": (
        PARQUET[: -8 - FOOTER] + bytes(number * 37 % 256 for number in range(FOOTER)) + PARQUET[-8:],
        "footer cannot be read",
    ),
    "cut off.orc": (ORC[:-20], "no complete ORC file"),
    "footer of 2 GiB.orc": (with_postscript(ORC, 1, 2**31), "longer than the file"),
    "rows that are not there.orc": (
        with_footer(ORC, lambda footer: with_stripe(5, 9000)(with_number(6, 9000)(footer))),
        "ORC data cannot be read",
    ),
    "cells far apart.xlsx": (far_xlsx(), "more than 400 MiB of memory"),
    "cut off.xlsx": (xlsx(Table([["id"], [1]]))[:-30], "workbook cannot be read"),
    "protected.xls": (xls(Table([["id"], [1]]), encrypted=True), "protected by a password"),
    "header not UTF-8.csv": (b"id,na\xffme,fare\n" + TEXT, "header is not UTF-8"),
    "UTF-16.csv": (TEXT.decode().encode("utf-16"), "UTF-16"),
    "UTF-16 without mark.csv": (TEXT.decode().encode("utf-16-be"), "UTF-16"),
    "only NUL.csv": (bytes(50_000), "NUL"),
}
#: Rows that make a file larger than what the first look takes in.
MORE = b"4,a,2\n" * (PEEK_BYTES // 6)
#: A file with bad rows, and how many it has.
MALFORMED = {
    "not UTF-8.csv": (TEXT + b"1,a\xff,2\n2,\xc3,3\n3,\xed\xa0\x80,4\n" + MORE, 3),
    "not UTF-8 in quotes.csv": (TEXT + b'1,"a\n\xff\n",2\n' + MORE, 1),
    "not UTF-8.jsonl": (SOUND["lines.jsonl"] + b'{"id": "\xff"}\n\xff\xfe\n' + SOUND["lines.jsonl"], 2),
    "NUL.csv": (TEXT + b"1,a\0b,2\n\0\n" + MORE, 1),
    "NUL.jsonl": (SOUND["lines.jsonl"] + b'{"id": 1\0}\n\0\0\n' + SOUND["lines.jsonl"], 2),
}
#: Copies of the sound files in turn, one more than there are others: Spark's readers take a path once.
NEIGHBOURS = [
    f"{number} {name}" for number, name in enumerate(islice(cycle(SOUND), len(UNREADABLE) + len(MALFORMED) + 1))
]

#: Those of them that are put before Spark's readers too.
FOR_SPARK_READERS = [
    *(name for name in UNREADABLE if name.startswith(("giant", "open quote", "bomb"))),
    "million columns.csv",
    "short footer.parquet",
    "cut off.orc",
    "rows that are not there.orc",
    "cells far apart.xlsx",
    "histogram of another column.parquet",
    "UTF-16.csv",
]


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The files above, by name."""
    folder = tmp_path_factory.mktemp("bad input")
    bodies = SOUND | {name: body for name, (body, _) in [*UNREADABLE.items(), *MALFORMED.items()]}
    bodies |= {name: SOUND[name.partition(" ")[2]] for name in NEIGHBOURS}
    found = {name: folder / name for name in bodies}
    for name, path in found.items():
        path.write_bytes(bodies[name])
    parquet.write_table(pa.table({f"c{at}": [1] for at in range(1001)}), found["many columns.parquet"])
    return found


@pytest.mark.parametrize("lane", ["threads", "direct", pytest.param("spark", marks=pytest.mark.night)])
def test_every_bad_file_ends_apart(
    spark: SparkSession, paths: dict[str, Path], lane: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every bad file stands between two sound ones, whose summaries are those they have without it."""
    monkeypatch.setattr(small, "SMALL_BYTES", 0)
    session = None if lane == "threads" else spark
    reader = "spark" if lane == "spark" else "direct"

    def ends(names: list[str]) -> list[FileSummary]:
        sources = local_sources([paths[name] for name in names])
        found = profile_files(sources, store=ObjectStore(), spark=session, reader=reader, limits=LIMITS)
        return [summary_of(found[number], name) for number, name in enumerate(names)]

    alone = dict(zip(SOUND, ends(list(SOUND)), strict=True))
    assert min(readable(one).rows_read for one in alone.values()) >= 2000
    bad = [*(FOR_SPARK_READERS if lane == "spark" else UNREADABLE), *MALFORMED]
    sound = NEIGHBOURS[: len(bad) + 1]
    found = ends([*(name for pair in zip(sound, bad, strict=False) for name in pair), sound[-1]])
    for name, summary in zip(sound, found[0::2], strict=True):
        assert summary == alone[name.partition(" ")[2]], name
    for name, summary in zip(bad, found[1::2], strict=True):
        if name in MALFORMED:
            assert readable(summary).rows_malformed == MALFORMED[name][1], name
        else:
            assert UNREADABLE[name][1] in (summary.unreadable or ""), (name, summary.unreadable)
            assert summary.rows_read == 0


def summary_of(found: FileSummary | PipelineError, name: str) -> FileSummary:
    assert isinstance(found, FileSummary), (name, found)
    return found
