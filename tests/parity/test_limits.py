"""Rows just below and just beyond the longest that is read: every lane says the same of them, in the same words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from dq.formats.limits import Limits
from tests.engine.batches import counted_jobs
from tests.parity.lanes import assert_same_verdict, check_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pyspark.sql import SparkSession

LINE = 5000
LIMITS = Limits(line=LINE, block=2000, split=20_000)
DEFINITION: dict[str, Any] = {"fields": [{"name": "id", "type": "string"}, {"name": "note", "type": "string"}]}


def json_line(length: int) -> bytes:
    return b'{"id": "1", "note": "%s"}' % (b"x" * (length - 23))


def csv_line(length: int) -> bytes:
    return b"1," + b"x" * (length - 2)


def quoted_row(length: int) -> bytes:
    return b'"1","' + b"a\n" * ((length - 6) // 2) + b"b" * (length % 2) + b'"'


#: A row of so many bytes without its line end, what stands before all rows, and how much of the limit a line end takes.
ROWS: dict[str, tuple[Callable[[int], bytes], bytes, int]] = {
    "jsonl": (json_line, b"", 0),
    "csv": (csv_line, b"id,note\n", 1),
    "quoted.csv": (quoted_row, b"id,note\n", 1),
}


def files(folder: Path) -> Iterator[tuple[Path, bool]]:
    """Files with one long row: first, last without a line end, or among others; and whether it is too long."""
    for kind, (row, header, end) in ROWS.items():
        short = (row(60) + b"\n") * 300
        for length in range(LINE - 2, LINE + 3):
            long = row(length)
            assert len(long) == length
            for place, body, ended in (
                ("first", long + b"\n" + short, True),
                ("last", short + long, False),
                ("alone", long, False),
                ("among", short + long + b"\n" + short, True),
            ):
                path = folder / f"{length} {place}.{kind}"
                path.write_bytes(header + body)
                yield path, length + (end if ended else 0) > LINE


def test_lanes_agree_on_the_longest_row(spark: SparkSession, tmp_path: Path) -> None:
    made = list(files(tmp_path))
    pairs = [(path, DEFINITION) for path, _ in made]
    whole = check_files(pairs, limits=Limits(line=LINE))
    for one, (path, too_long) in zip(whole, made, strict=True):
        reason = one.summary.unreadable or ""
        assert ("a line is longer than 5,000 bytes" in reason) == too_long, path
    for there in (
        check_files(pairs, limits=LIMITS),
        check_files(pairs, spark=spark, limits=LIMITS),
        check_files(pairs, spark=spark, reader="spark", limits=LIMITS),
    ):
        for one, other in zip(whole, there, strict=True):
            assert_same_verdict(one, other)
            assert one.summary.unreadable == other.summary.unreadable, one.path


@pytest.mark.parametrize("length", [LINE + 1, 10 * LINE])
@pytest.mark.parametrize("places", [[3], [0, 40], [10, 60, 99], [100]])
def test_long_json_lines_in_files_of_many_blocks(
    spark: SparkSession, tmp_path: Path, length: int, places: list[int]
) -> None:
    """Spark's reader skips a line that is much too long, wherever in its block it lies; its neighbours stay there."""
    short = (json_line(60) + b"\n") * 40
    bodies = {
        "long": b"".join((json_line(length) + b"\n" if at in places else b"") + short for at in range(101)),
        "sound": b"".join(json_line(LINE) + b"\n" + short for _ in range(20)),
        "marked": b"\xef\xbb\xbf" + short + json_line(LINE),
    }
    for name, body in bodies.items():
        (tmp_path / f"{name}.jsonl").write_bytes(body)
    before = spark.conf.get("spark.sql.files.maxPartitionBytes") or ""
    spark.conf.set("spark.sql.files.maxPartitionBytes", "20000")
    try:
        pairs = [(tmp_path / f"{name}.jsonl", DEFINITION) for name in bodies]
        there = check_files(pairs, spark=spark, reader="spark", limits=LIMITS)
    finally:
        spark.conf.set("spark.sql.files.maxPartitionBytes", before)
    whole = check_files(pairs, limits=LIMITS)
    for one, other in zip(whole, there, strict=True):
        assert_same_verdict(one, other)
        assert one.summary.unreadable == other.summary.unreadable, one.path
    assert "a line is longer than 5,000 bytes" in (there[0].summary.unreadable or "")
    assert [one.summary.reader for one in there[1:]] == ["spark", "spark"]


@pytest.mark.parametrize("long", [False, True])
def test_a_long_json_line_is_refused_in_the_job_that_reads_it(
    spark: SparkSession, tmp_path: Path, *, long: bool
) -> None:
    path = tmp_path / "lines.jsonl"
    path.write_bytes((json_line(60) + b"\n") * 5000 + json_line(LINE + long) + b"\n")
    with counted_jobs(spark, f"long line {long}") as started:
        found = check_files([(path, DEFINITION)], spark=spark, reader="spark", limits=LIMITS)[0].summary
    assert len(started) == 1
    assert found.reader == "spark"
    assert (found.unreadable is not None) == long
