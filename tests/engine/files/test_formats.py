"""Formats from the registry to a verdict: ORC through S3 in every lane, and one that another package brings along."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from pyarrow import orc

from dq.definitions import load_definition
from dq.engine import small
from dq.engine.file_results import FileVerdict
from dq.engine.profile_files import judge_sources, profile_files
from dq.errors import DefinitionError
from dq.formats.orc.protobuf import encoded
from dq.formats.registry import GROUP, OURS, Formats, known_formats
from etl_core.errors import SettingsError
from etl_core.objects.store import ObjectStore
from tests.engine.batches import (
    counted_jobs,
    local_sources,
    payload,
    readable,
    s3_sources,
    s3_store,
    unseen_sources,
)
from tests.peak_memory import rows_and_peak
from tests.unit.formats.orc_files import in_stripes, with_footer, with_type, written

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mypy_boto3_s3 import S3Client
    from pyspark.sql import SparkSession

    from dq.schema.definition import SchemaDefinition
    from etl_core.errors import PipelineError
    from tests.local_s3 import S3Server

TYPED = load_definition(
    {
        "fields": [
            {"name": "id", "type": "integer", "required": True, "unique": True},
            {"name": "name", "type": "string", "maxLength": 3},
            {"name": "fare", "type": "number", "min": 0},
        ]
    }
)


def orc_file(rows: int) -> bytes:
    """Rows of which every tenth has a fare below the minimum, in several stripes where there are many."""
    names = [f"{number * 7919 % 1000:03}" for number in range(rows)]
    table = pa.table({"id": range(rows), "name": names, "fare": [number % 10 - 0.5 for number in range(rows)]})
    file = io.BytesIO()
    with orc.ORCWriter(file, stripe_size=1, batch_size=5000, compression="zstd") as writer:
        for start in range(0, rows, 5000):
            writer.write(table.slice(start, 5000))
    return file.getvalue()


@pytest.mark.parametrize("lane", ["threads", "direct", "spark"])
def test_orc_comes_from_s3_to_a_verdict(
    spark: SparkSession, s3: S3Client, s3_server: S3Server, bucket: str, lane: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(small, "SMALL_BYTES", 0)
    bodies = {"large.orc": orc_file(20_000), "small.orc": orc_file(50), "cut off.orc": orc_file(50)[:-9]}
    assert orc.ORCFile(io.BytesIO(bodies["large.orc"])).nstripes > 1
    for key, body in bodies.items():
        s3.put_object(Bucket=bucket, Key=key, Body=body)
    store = s3_store(s3_server)
    sources = s3_sources(store, bucket, list(bodies), TYPED)
    session = None if lane == "threads" else spark
    reader = "spark" if lane == "spark" else "direct"
    found = judge_sources(sources, store=store, spark=session, reader=reader)
    verdicts = [one for at in range(3) if isinstance(one := found[at], FileVerdict)]
    assert [one.verdict.score for one in verdicts] == [99, 99, 65]  # a twentieth of 15 points, and 35 for the format
    assert verdicts[0].verdict.metrics["boundsRange"]["failed"] == 2000
    assert "no complete ORC file" in (verdicts[2].verdict.failed_validation_message or "")
    summaries = profile_files(sources, store=store, spark=session, reader=reader)
    assert [readable(summaries[at]).reader for at in (0, 1)] == [reader, reader]


def test_types_that_spark_reads_otherwise_are_left_to_byte_ranges(spark: SparkSession, tmp_path: Path) -> None:
    """Spark cuts texts of bounded types off, and has no nanoseconds; moments it wrote itself it reads."""
    texts = written({"id": [1, 2], "text": ["ab", "abcde"]})
    numbers = written({"id": [1, 2], "moment": [1_700_000_000_123_456, -62_135_596_800_000_000]})
    attribute = encoded(1, b"spark.sql.catalyst.type") + encoded(2, b"timestamp_ntz")
    bodies = {
        "string": texts,
        "varchar": with_footer(texts, with_type(1, 16)),
        "char": with_footer(texts, with_type(1, 17)),
        "nanoseconds": written({"moment": pa.array([1], pa.timestamp("ns"))}),
        "moment": with_footer(numbers, with_type(7, attribute)),
    }
    for name, body in bodies.items():
        (tmp_path / f"{name}.orc").write_bytes(body)
    sources = local_sources([tmp_path / f"{name}.orc" for name in bodies], None)
    found = profile_files(sources, store=ObjectStore(), spark=spark, reader="spark")
    readers = {name: readable(found[at]).reader for at, name in enumerate(bodies)}
    assert [name for name, reader in readers.items() if reader == "spark"] == ["string", "moment"]
    here = profile_files(sources, store=ObjectStore())
    assert [readable(found[at]).sample_rows for at in range(5)] == [readable(here[at]).sample_rows for at in range(5)]


@pytest.mark.night
def test_the_peak_of_a_process_that_profiles_a_file_of_repeated_texts(tmp_path: Path) -> None:
    """Some kilobytes that are 240 MB of text take little more memory, in MiB, than harmless ones of as many rows."""
    texts = [letter * 4000 for letter in "abcd"]
    for name, column in (("harmless", ["abcd"] * 60_000), ("long", texts * 15_000)):
        data = written({"text": column}, compression="zstd", dictionary_key_size_threshold=1)
        (tmp_path / f"{name}.orc").write_bytes(data)
    assert (tmp_path / "long.orc").stat().st_size < 100_000
    *rows, more = rows_and_peak(tmp_path / "harmless.orc", tmp_path / "long.orc")
    assert rows == [60_000, 60_000]
    assert more < 300


EXITS = """
import sys
from itertools import islice
from dq.formats.byte_source import BytesSource
from dq.formats.limits import Limits
from dq.formats.reading import find_layout, plan_parts, read_part
source = BytesSource(open(sys.argv[1], "rb").read())
layout = find_layout(source, "x.orc", None, Limits())
for split in plan_parts(layout, source.size, Limits()):
    list(islice(read_part(source, layout, split, Limits()).batches(), 1))
"""


def test_a_process_may_end_while_a_file_is_read(tmp_path: Path) -> None:
    """Arrow's threads take down a process that ends while they wait for its interpreter."""
    path = tmp_path / "x.orc"
    path.write_bytes(in_stripes({"id": range(400_000), "text": ["x" * 20] * 400_000}, 100_000))
    for _ in range(8):
        done = subprocess.run([sys.executable, "-c", EXITS, str(path)], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")


DEFINITION: dict[str, Any] = {
    "format": "fixed-width",
    "fixedwidth": {"widths": [4, 5]},
    "fields": [{"name": "id", "type": "integer", "unique": True}, {"name": "name", "type": "string", "required": True}],
}


def fixed_width(rows: int) -> bytes:
    """Rows of which the last has no name, and one line that is no row."""
    lines = ["id  name ", *(f"{number:<4}{'abc':<5}" for number in range(rows)), "short", f"{rows:<9}"]
    return "\n".join(lines).encode() + b"\n"


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as pip fills one: a module, and the package's word that it brings a format along."""
    folder = tmp_path_factory.mktemp("site-packages")
    (folder / "fixed_width.py").write_bytes((Path(__file__).parent / "fixed_width.py").read_bytes())
    described = folder / "fixed_width-1.0.dist-info"
    described.mkdir()
    (described / "METADATA").write_text("Metadata-Version: 2.1\nName: fixed-width\nVersion: 1.0\n")
    (described / "entry_points.txt").write_text(f"[{GROUP}]\nfixedwidth = fixed_width:FIXED_WIDTH\n")
    return folder


@pytest.fixture
def _installed(package: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(str(package))
    known_formats.cache_clear()
    yield
    sys.modules.pop("fixed_width", None)
    known_formats.cache_clear()


def check_verdicts(found: Mapping[int, FileVerdict | PipelineError], rows: int) -> None:
    for one in found.values():
        assert isinstance(one, FileVerdict), one
        metrics = one.verdict.metrics
        assert (one.rows, one.verdict.passed) == (rows + 2, True)
        assert (metrics["formatParsing"]["failed"], metrics["completeness"]["failed"]) == (1, 1)
        assert metrics["uniqueness"]["status"] == "passed"


@pytest.fixture
def definition(_installed: None) -> SchemaDefinition:
    return load_definition(DEFINITION)


@pytest.mark.usefixtures("_installed")
def test_a_definition_may_name_a_format_from_outside_and_say_something_for_it_alone() -> None:
    loaded = load_definition(DEFINITION)
    assert (loaded.format, loaded.options) == ("fixedwidth", (("fixedwidth", (4, 5)),))
    assert loaded.warnings == ()
    other = load_definition({**DEFINITION, "fixedwidth": {"widths": [5, 4]}})
    assert other.fingerprint != loaded.fingerprint
    with pytest.raises(DefinitionError, match=r"fixedwidth: widths are \[0\]; expected a list of whole numbers"):
        load_definition({**DEFINITION, "fixedwidth": {"widths": [0]}})


def test_nobody_else_knows_the_format() -> None:
    assert [one.name for one in known_formats()] == [one.name for one in OURS]
    with pytest.raises(DefinitionError, match='format "fixed-width" is not known'):
        load_definition(DEFINITION)


def test_a_format_from_outside_gives_a_verdict_in_this_process(tmp_path: Path, definition: SchemaDefinition) -> None:
    path = tmp_path / "rows.fwf"
    path.write_bytes(fixed_width(300))
    found = judge_sources(local_sources([path], definition), store=ObjectStore())
    check_verdicts(found, 300)


def test_a_format_from_outside_gives_a_verdict_through_sparks_tasks(
    spark: SparkSession,
    s3: S3Client,
    s3_server: S3Server,
    bucket: str,
    package: Path,
    definition: SchemaDefinition,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Seen by the driver or by a task alone; `--py-files`, or the packed environment, brings the module there."""
    spark.sparkContext.addPyFile(str(package / "fixed_width.py"))
    monkeypatch.setattr(small, "SMALL_BYTES", 0)
    store = s3_store(s3_server)
    keys = [f"{number}.data" for number in range(12)]
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=fixed_width(300))
    with counted_jobs(spark, "seen") as started:
        seen = judge_sources(s3_sources(store, bucket, keys, definition), store=store, spark=spark)
    assert len(started) == 1
    check_verdicts(seen, 300)
    unseen = judge_sources(unseen_sources(bucket, keys, definition), store=store, spark=spark)
    check_verdicts(unseen, 300)
    spark_readers = profile_files(s3_sources(store, bucket, keys, definition), store=store, spark=spark, reader="spark")
    assert {readable(one).reader for one in spark_readers.values()} == {"direct"}
    assert len({payload(one, definition) for one in spark_readers.values()}) == 1


@pytest.mark.usefixtures("_installed")
def test_a_format_from_outside_is_known_by_its_suffix_and_its_first_bytes() -> None:
    formats = known_formats()
    assert formats.format_of(b"id  name \n", "x.fwf.gz", None).name == "fixedwidth"
    assert formats.format_of(b"#FWF 1", "x", None).name == "fixedwidth"
    assert formats.format_of(b"id  name \n", "x", None).name == "csv"


def test_the_command_line_knows_an_installed_format(package: Path, tmp_path: Path) -> None:
    (tmp_path / "rows.fwf").write_bytes(fixed_width(30))
    (tmp_path / "definition.json").write_text(json.dumps(DEFINITION))
    program = [sys.executable, "-m", "jobs.cli", "check_file", "rows.fwf", "--schema", "definition.json", "--json", "-"]
    environment = {**os.environ, "PYTHONPATH": f"{package}{os.pathsep}{Path(__file__).parents[3]}"}
    done = subprocess.run(program, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["profile_payload"]["statisticalSummary"]["rows"] == 32


def test_what_is_no_format_is_named_with_its_package(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    described = tmp_path / "other-1.0.dist-info"
    described.mkdir()
    (described / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1.0\n")
    monkeypatch.syspath_prepend(str(package))
    monkeypatch.syspath_prepend(str(tmp_path))
    for value, problem in (
        ("fixed_width:read_options", "expected a dq Format"),
        ("fixed_width:NOTHING", "cannot be loaded"),
        ("not_there:X", "No module named 'not_there'"),
    ):
        (described / "entry_points.txt").write_text(f"[{GROUP}]\nother = {value}\n")
        known_formats.cache_clear()
        with pytest.raises(SettingsError, match=problem):
            known_formats()
    known_formats.cache_clear()


def test_two_formats_of_one_name_are_refused() -> None:
    with pytest.raises(SettingsError, match="two formats are called 'csv': CSV and CSV"):
        Formats((*OURS, replace(OURS[0], suffixes=("x",))))
