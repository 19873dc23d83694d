"""check_file: one file, no database, a readable verdict and the whole of it as JSON."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from jobs.check_file import JOB
from tests.end_to_end.processes import inherited

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from tests.end_to_end.command_line import CommandLine, Ran
    from tests.local_s3 import S3Server

_ROOT = Path(__file__).parents[3]
_PROGRAM = [sys.executable, "-m", "jobs.cli", "check_file"]
KEYED = {
    "fields": [{"name": "a", "type": "integer", "required": True}, {"name": "b", "type": "string"}],
    "primaryKey": ["a"],
}
RESULT_KEYS = {
    "score",
    "passed",
    "metrics",
    "deductions",
    "failed_validation_message",
    "failed_validation_rules",
    "profile_payload",
    "definition_warnings",
}


def check(command_line: CommandLine, name: str, body: bytes, definition: object = KEYED) -> tuple[Ran, dict[str, Any]]:
    """Check a file with these bytes; what was printed, and the JSON."""
    (command_line.folder / name).write_bytes(body)
    arguments = [name, "--json", "out.json"]
    if definition is not None:
        (command_line.folder / "definition.json").write_text(json.dumps(definition))
        arguments += ["--schema", "definition.json"]
    ran = command_line.run("check_file", *arguments)
    return ran, json.loads((command_line.folder / "out.json").read_text())


def test_the_json_lines_of_the_specification_score_92(bare_command_line: CommandLine) -> None:
    body = b'{"a":1,"b":"x"}\n{"a":1,"b":null}\n{"a":3}\n{"a":null,"b":"y"}\n'
    ran, result = check(bare_command_line, "rows.jsonl", body)
    assert ran.code == 0
    assert set(result) == RESULT_KEYS
    assert result["score"] == 92
    assert result["deductions"]["completeness"] == 5
    assert result["deductions"]["uniqueness"] == pytest.approx(10 / 3, abs=1e-9)
    assert "92 passed" in ran.out
    assert "uniqueness" in ran.out


@pytest.mark.parametrize(
    ("name", "body", "score"),
    [
        ("empty.csv", b"", 65),
        ("broken.parquet", b"PAR1\x00\x01 and then nothing", 65),
        ("header.csv", b"a,b\n", 100),
        ("rows.csv.gz", gzip.compress(b"a,b\n1,x\n2,y\n", mtime=0), 100),
    ],
)
def test_what_a_file_without_rows_or_without_sense_scores(
    bare_command_line: CommandLine, name: str, body: bytes, score: int
) -> None:
    ran, result = check(bare_command_line, name, body)
    assert result["score"] == score
    assert ran.code == (0 if result["passed"] else 1)
    assert result["deductions"]["format"] == 100 - score
    assert (result["failed_validation_message"] is None) == (score == 100)


def test_without_a_definition_only_the_format_is_checked(bare_command_line: CommandLine) -> None:
    ran, result = check(bare_command_line, "rows.csv", b"a,b\n1,x\n", definition=None)
    assert (ran.code, result["score"]) == (0, 100)
    statuses = {name: metric["status"] for name, metric in result["metrics"].items()}
    assert statuses.pop("formatParsing") == "passed"
    assert set(statuses.values()) == {"not_run"}


def test_one_missing_field_of_five_scores_92(bare_command_line: CommandLine) -> None:
    definition = {"fields": [{"name": name} for name in "abcde"]}
    _, result = check(bare_command_line, "rows.csv", b"a,b,c,d\n1,2,3,4\n", definition)
    assert (result["score"], result["deductions"]["schema"]) == (92, 8)


def test_a_file_in_a_bucket_is_checked_by_its_address(
    bare_command_line: CommandLine, s3_server: S3Server, s3: S3Client, bucket: str
) -> None:
    s3.put_object(Bucket=bucket, Key="a b/ü+1.csv", Body=b"a,b\n1,x\n")
    bare_command_line.set(
        S3_ENDPOINT=s3_server.endpoint,
        S3_REGION=s3_server.region,
        S3_ACCESS_KEY=s3_server.access_key,
        S3_SECRET_KEY=s3_server.secret_key,
    )
    ran = bare_command_line.run("check_file", f"s3://{bucket}/a b/ü+1.csv", "--json", "-")
    assert ran.code == 0
    assert json.loads(ran.out)["score"] == 100


def test_values_of_sensitive_fields_appear_nowhere(bare_command_line: CommandLine) -> None:
    definition = {
        "fields": [{"name": "badge", "sensitive": True, "pattern": "[0-9]+"}, {"name": "n", "type": "integer"}]
    }
    ran, result = check(bare_command_line, "rows.csv", b"badge,n\ncanary-one,1\ncanary-two,2\n", definition)
    assert "canary" not in ran.out + ran.err + json.dumps(result)


def test_a_file_cannot_write_on_the_terminal(bare_command_line: CommandLine) -> None:
    definition = {"fields": [{"name": "a", "type": "integer"}]}
    ran, _ = check(bare_command_line, "rows.csv", b"a\n\x1b]0;owned\x07[red]\n", definition)
    assert "\x1b" not in ran.out
    assert "\x07" not in ran.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nowhere.csv",), "nowhere.csv"),
        ((".",), "directory"),
        (("rows.csv", "--schema", "nowhere.json"), "nowhere.json"),
        (("rows.csv", "--schema", "rows.csv"), "rows.csv"),
        (("rows.csv", "--json", "no/such/folder/out.json"), "no/such/folder"),
        (("ftp://host/x.csv",), "ftp://"),
        ((), "PATH_OR_URI"),
    ],
)
def test_wrong_arguments_end_with_2_and_say_what_is_wrong(
    bare_command_line: CommandLine, arguments: tuple[str, ...], said: str
) -> None:
    (bare_command_line.folder / "rows.csv").write_text("a\n1\n")
    ran = bare_command_line.run("check_file", *arguments)
    assert ran.code == 2
    assert said in ran.err
    assert "Traceback" not in ran.err


def test_a_broken_definition_lists_all_its_problems(bare_command_line: CommandLine) -> None:
    (bare_command_line.folder / "rows.csv").write_text("a\n1\n")
    (bare_command_line.folder / "bad.json").write_text('{"fields": [{"name": "a", "type": "integr"}, {"name": "a"}]}')
    ran = bare_command_line.run("check_file", "rows.csv", "--schema", "bad.json")
    assert ran.code == 2
    assert len(ran.log[-1]["problems"]) == 2


def test_a_definition_warning_is_logged(bare_command_line: CommandLine) -> None:
    ran, _ = check(bare_command_line, "rows.csv", b"a\n1\n", {"fields": [{"name": "a"}], "surplus": 1})
    assert any("surplus" in json.dumps(line) for line in ran.log)


def test_no_database_is_touched(bare_command_line: CommandLine, tmp_path: Path) -> None:
    assert callable(JOB[0])
    bare_command_line.set(DATABASE_URL="postgresql://app@127.0.0.1:1/nowhere")
    ran, _ = check(bare_command_line, "rows.csv", b"a,b\n1,x\n")
    assert ran.code == 0
    assert not (tmp_path / ".data").exists()


def rows_of_text(size: int) -> bytes:
    """A file of about so many bytes."""
    row = b"1234567,some text of a row that is neither long nor short\n"
    return b"a,b\n" + row * (size // len(row))


def without_java(**variables: str) -> dict[str, str]:
    """An environment in which Spark cannot start."""
    return {**inherited(), "JAVA_HOME": "/nowhere", **variables}


@pytest.mark.parametrize(
    ("variables", "starts_spark"),
    [({}, False), ({"READER": "direct"}, False), ({"READER": "spark"}, True), ({"SPARK_MASTER": "local[1]"}, True)],
)
def test_a_local_file_is_checked_without_spark_unless_somebody_asks_for_it(
    tmp_path: Path,
    variables: dict[str, str],
    starts_spark: bool,  # noqa: FBT001 - parametrized
) -> None:
    """A file that a batch would give to Spark."""
    (tmp_path / "rows.csv").write_bytes(rows_of_text(20_000_000))
    command = [*_PROGRAM, str(tmp_path / "rows.csv"), "--json", "-"]
    ran = subprocess.run(command, cwd=_ROOT, env=without_java(**variables), capture_output=True, text=True, check=False)
    assert (ran.returncode != 0) == starts_spark, ran.stderr
    assert ("Java" in ran.stderr or "/nowhere" in ran.stderr) == starts_spark
    if not starts_spark:
        assert json.loads(ran.stdout)["profile_payload"]["statisticalSummary"]["rows"] == 344_827


def test_an_object_that_this_machine_counts_in_good_time_is_checked_without_spark(
    tmp_path: Path, s3_server: S3Server, s3: S3Client, bucket: str
) -> None:
    s3.put_object(Bucket=bucket, Key="rows.csv", Body=rows_of_text(20_000_000))
    variables = without_java(
        S3_ENDPOINT=s3_server.endpoint,
        S3_REGION=s3_server.region,
        S3_ACCESS_KEY=s3_server.access_key,
        S3_SECRET_KEY=s3_server.secret_key,
    )
    command = [*_PROGRAM, f"s3://{bucket}/rows.csv", "--json", str(tmp_path / "out.json")]
    ran = subprocess.run(command, cwd=_ROOT, env=variables, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert json.loads((tmp_path / "out.json").read_text())["score"] == 100


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Python 3.10 cannot be told to leave the working directory out")
@pytest.mark.night
def test_spark_s_workers_import_nothing_from_the_working_directory(tmp_path: Path) -> None:
    (tmp_path / "orjson.py").write_text("raise SystemExit('taken from the working directory')\n")
    (tmp_path / "rows.csv").write_bytes(b"a,b\n1,2\n")
    program = Path(sys.executable).with_name("pipeline-processing")
    command = [str(program), "check_file", "rows.csv", "--json", "out.json"]
    variables = {**inherited(), "READER": "spark", "PYTHONPATH": str(_ROOT)}
    ran = subprocess.run(command, cwd=tmp_path, env=variables, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert "taken from" not in ran.stderr
    assert json.loads((tmp_path / "out.json").read_text())["score"] == 100


def test_a_pipe_is_refused_at_once(bare_command_line: CommandLine, tmp_path: Path) -> None:
    """To open one would wait for who writes to it."""
    os.mkfifo(tmp_path / "rows.csv")
    ran = bare_command_line.run("check_file", str(tmp_path / "rows.csv"))
    assert ran.code == 2
    assert "not a regular file" in ran.err


@pytest.mark.parametrize("out", [".", "no such folder/out.json"])
def test_a_result_that_cannot_be_written_is_told_before_the_file_is_read(
    bare_command_line: CommandLine, out: str
) -> None:
    ran = bare_command_line.run("check_file", "nowhere.csv", "--json", out)
    assert ran.code == 2
    assert f"the result cannot be written to {out!r}" in ran.log[-1]["message"]


def test_ctrl_c_ends_a_check_with_one_line(tmp_path: Path) -> None:
    """The parts that were not begun are not read any more."""
    with (tmp_path / "rows.csv").open("wb") as file:
        file.write(b"a,b\n")
        for _ in range(8):
            file.write(rows_of_text(20_000_000)[4:])
    command = [*_PROGRAM, str(tmp_path / "rows.csv")]
    with subprocess.Popen(
        command, cwd=_ROOT, env=without_java(), stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        assert "reader chosen" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        said = process.stderr.read().splitlines()
        out = process.stdout.read() if process.stdout else ""
    assert process.returncode == 75
    assert [json.loads(line)["message"] for line in said] == ["stopped before it was done; what was finished is kept"]
    assert out == ""


def test_what_cannot_be_had_ends_with_2_and_says_why(
    bare_command_line: CommandLine, s3_server: S3Server, bucket: str
) -> None:
    """An object that is not there, a bucket that cannot be, nobody signed in."""
    nobody = {"AWS_EC2_METADATA_DISABLED": "true", "AWS_SHARED_CREDENTIALS_FILE": "none", "AWS_CONFIG_FILE": "none"}
    bare_command_line.set(S3_ENDPOINT=s3_server.endpoint, S3_REGION=s3_server.region, **nobody)
    ran = bare_command_line.run("check_file", f"s3://{bucket}/none.csv")
    assert (ran.code, "Unable to locate credentials; set S3_ACCESS_KEY" in ran.err) == (2, True)
    bare_command_line.set(S3_ACCESS_KEY=s3_server.access_key, S3_SECRET_KEY=s3_server.secret_key)
    for place, said in (
        (f"s3://{bucket}/none.csv", "there is no such object"),
        ("s3://Not A Bucket!/none.csv", "cannot be one"),
        ("s3://no-such-bucket-here/none.csv", "check the bucket's name"),
    ):
        ran = bare_command_line.run("check_file", place)
        assert (ran.code, said in ran.err) == (2, True), ran.err


def test_a_definition_that_names_no_mode_is_scored_by_the_default_one(bare_command_line: CommandLine) -> None:
    body = b"a,b\n" + b"1,x\n" * 9 + b",y\n"
    definition = {"fields": [{"name": "a", "required": True}, {"name": "b"}]}
    _, result = check(bare_command_line, "rows.csv", body, definition)
    assert result["score"] == 98
    bare_command_line.set(SCORING_MODE="all_or_nothing")
    _, result = check(bare_command_line, "rows.csv", body, definition)
    assert result["score"] == 80
    _, result = check(bare_command_line, "rows.csv", body, {**definition, "scoring": {"mode": "proportional"}})
    assert result["score"] == 98


def test_a_misspelt_rule_stands_in_the_verdict_and_on_the_terminal(bare_command_line: CommandLine) -> None:
    definition = {"fields": [{"name": "a", "requierd": True}], "primryKey": ["a"]}
    ran, result = check(bare_command_line, "rows.csv", b"a\n1\n", definition)
    assert ran.code == 0
    assert [warning.rpartition("(")[2] for warning in result["definition_warnings"]] == [
        "did you mean primaryKey?)", "did you mean required?)",
    ]  # fmt: skip
    printed = " ".join(ran.out.split())
    assert "did you mean required?" in printed
    assert "did you mean primaryKey?" in printed


def test_a_definition_without_a_fault_has_no_warnings(bare_command_line: CommandLine) -> None:
    _, result = check(bare_command_line, "rows.csv", b"a,b\n1,x\n")
    assert result["definition_warnings"] == []


def test_a_misspelt_rule_is_told_beside_problems(bare_command_line: CommandLine) -> None:
    definition = {"fields": [{"name": "a", "requierd": True, "type": "integr"}]}
    (bare_command_line.folder / "rows.csv").write_bytes(b"a\n1\n")
    (bare_command_line.folder / "definition.json").write_text(json.dumps(definition))
    ran = bare_command_line.run("check_file", "rows.csv", "--schema", "definition.json")
    assert ran.code == 2
    assert "did you mean integer?" in ran.err
    assert "did you mean required?" in ran.err


def test_two_results_do_not_share_stdout(bare_command_line: CommandLine) -> None:
    (bare_command_line.folder / "a.csv").write_text("a\n1\n")
    for arguments in (
        ("check_file", "a.csv", "--json", "-", "--html", "-"),
        ("suggest_definition", "a.csv", "--json", "-", "--out", "-"),
    ):
        ran = bare_command_line.run(*arguments)
        assert (ran.code, ran.out) == (2, "")
        assert "both write to stdout" in ran.err


def test_a_page_on_stdout_is_all_that_is_there(bare_command_line: CommandLine) -> None:
    (bare_command_line.folder / "a.csv").write_text("a\n1\n")
    ran = bare_command_line.run("check_file", "a.csv", "--html", "-")
    assert ran.code == 0
    assert ran.out.startswith("<!doctype html>")
    assert ran.out.rstrip().endswith("</html>")
