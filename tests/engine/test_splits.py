"""However a file is cut, it is counted as if read from its beginning to its end; twice the same, byte for byte."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import pytest

from dq.engine import planning
from dq.engine.byte_ranges import lane as byte_ranges
from dq.engine.file_results import Profiled
from dq.engine.profile_files import profile_files, profile_sources
from dq.formats.limits import Limits
from etl_core.objects.store import ObjectStore
from tests.engine.batches import counted_jobs, local_sources, payload, readable, rows_of_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pyspark.sql import SparkSession

    from dq.engine.parts import FileTask

#: Cells that look like rows of the file, so that a split that begins inside one begins wrongly.
TRAP = '"1,a,2.5\\n2,b,3.5\\n3,c,4.5\\n4,a,5.5\\n"'.replace("\\n", "\n")


@pytest.fixture
def misleading(tmp_path: Path) -> list[Path]:
    """Files with quoted line breaks whose cells look like rows."""
    paths = []
    for number in range(12):
        path = tmp_path / f"trap{number}.csv"
        rows = "".join(f"{at},{TRAP if at % 3 else 'x'},{at}.5\n" for at in range(200 + number))
        path.write_text("id,name,fare\n" + rows)
        paths.append(path)
    return paths


def test_wrong_guesses_are_repaired(misleading: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    some = misleading[:2]
    whole = profile_files(local_sources(some), store=ObjectStore())
    rounds: list[int] = []
    run = byte_ranges._run

    def counted(tasks: Sequence[FileTask], *others: Any) -> Mapping[int, Any]:  # noqa: ANN401
        rounds.append(len(tasks))
        return run(tasks, *others)

    monkeypatch.setattr(byte_ranges, "_run", counted)
    for split in (100, 333, 5000):
        rounds.clear()
        found = profile_files(local_sources(some), store=ObjectStore(), limits=Limits(split=split, block=500))
        assert len(rounds) > 1, "no guess was wrong: the trap is none"
        for number, summary in whole.items():
            figures, others = readable(summary), readable(found[number])
            assert others.rows_read == figures.rows_read == 200 + number
            assert others.malformed_examples == figures.malformed_examples
            assert [column.violation_examples for column in others.columns] == [
                column.violation_examples for column in figures.columns
            ]
            assert others.keys[0].repeated == 0


def test_wrong_guesses_are_repaired_on_spark(spark: SparkSession, misleading: list[Path]) -> None:
    sources = local_sources(misleading)
    limits = Limits(split=600, block=500)
    with counted_jobs(spark, "repaired") as started:
        found = profile_files(sources, store=ObjectStore(), spark=spark, limits=limits)
    assert found == profile_files(sources, store=ObjectStore(), limits=limits)
    assert 1 < len(started) <= 1 + byte_ranges.REALIGNMENTS


@pytest.mark.parametrize("reader", ["direct", "spark"])
def test_keys_are_counted_exactly_in_several_ranges(
    spark: SparkSession, tmp_path: Path, reader: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "BYTES_PER_RANGE", 5000)
    paths = [tmp_path / f"{number}.csv" for number in range(9)]
    for number, path in enumerate(paths):
        path.write_text(rows_of_text(8000) + rows_of_text(number * 10, start=40).partition("\n")[2])
    found = profile_files(
        local_sources(paths), store=ObjectStore(), spark=spark, reader=reader, limits=Limits(split=20_000)
    )
    assert [readable(one).keys[0].repeated for one in found.values()] == [number * 10 for number in range(9)]
    assert [readable(one).keys[0].full for one in found.values()] == [8000 + number * 10 for number in range(9)]


@pytest.mark.parametrize("reader", ["direct", "spark"])
def test_two_runs_give_the_same_bytes_whatever_the_neighbours(spark: SparkSession, tmp_path: Path, reader: str) -> None:
    before = spark.conf.get("spark.sql.files.maxPartitionBytes") or ""
    paths = [tmp_path / f"{number}.csv" for number in range(24)]
    for number, path in enumerate(paths):
        path.write_text(rows_of_text(15_000 if number % 6 == 0 else 100 + number))
    spark.conf.set("spark.sql.files.maxPartitionBytes", "60000")
    try:
        alone, together, again = (
            profile_files(local_sources(some), store=ObjectStore(), spark=spark, reader=reader, limits=Limits(60_000))
            for some in (paths[:12], paths, paths[::-1])
        )
    finally:
        spark.conf.set("spark.sql.files.maxPartitionBytes", before)
    assert {readable(one).reader for one in together.values()} == {reader}
    for number in range(24):
        assert payload(together[number]) == payload(again[23 - number])
        if number < 12:
            assert payload(together[number]) == payload(alone[number])


def test_what_comes_to_the_driver_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    sizes = []
    for rows in (30_000, 120_000):
        path = tmp_path / f"{rows}.csv"
        path.write_text(rows_of_text(rows))
        sources = local_sources([path])
        limits = Limits(split=200_000)
        with_state = profile_sources(sources, store=ObjectStore(), limits=limits, keep_states=True)[0]
        assert isinstance(with_state, Profiled)
        summary = profile_files(sources, store=ObjectStore(), limits=limits)[0]
        assert with_state.summary == readable(summary)
        sizes.append((len(pickle.dumps(summary)), len(with_state.state)))
    assert sizes[1][0] < sizes[0][0] * 1.05 < 64 * 1024
    # Four times the rows; what is drawn for the sample, and how well it packs, differs by some per cent.
    assert sizes[1][1] < sizes[0][1] * 1.2 < 2 * 1024 * 1024
